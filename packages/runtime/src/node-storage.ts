/**
 * `Storage` on the real file system.
 *
 * Reads and writes are synchronous (page cache); `sync`, `readCold`, `writeAsync` and whole-file replacement go through
 * libuv's thread pool. Every failure surfaces as a `StorageError` with the operating system's code and a sentence that says what to do.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import type { Storage, StorageEntry, StorageFile } from '@braidlog/base'
import { osErrorCode, storageError } from './errors.ts'

/** Suffix of the file that `writeFileAtomic` fills before it takes the place of the old one. Kafka's suffix, too. */
const TEMPORARY_SUFFIX = '.tmp'

export class NodeStorage implements Storage {
  readonly rootPath: string
  /** Replacements of one path wait for each other: they share a temporary file. */
  readonly #replacing = new Map<string, Promise<void>>()

  /** @param rootPath directory against which relative paths are resolved; it need not exist yet. */
  constructor(rootPath: string) {
    this.rootPath = path.resolve(rootPath)
  }

  open(file: string, options?: { readonly create?: boolean }): StorageFile {
    const full = this.#full(file)
    try {
      const flags = fs.constants.O_RDWR | (options?.create ? fs.constants.O_CREAT : 0)
      const descriptor = fs.openSync(full, flags, 0o644)
      return new NodeFile(full, descriptor, fs.fstatSync(descriptor).size)
    } catch (error) {
      throw storageError('open', full, error)
    }
  }

  exists(file: string): boolean {
    return fs.existsSync(this.#full(file))
  }

  list(directory: string): readonly StorageEntry[] {
    const full = this.#full(directory)
    try {
      const entries = fs.readdirSync(full, { withFileTypes: true }).map((entry): StorageEntry => ({
        name: entry.name,
        kind: isDirectory(full, entry) ? 'directory' : 'file',
      }))
      return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    } catch (error) {
      throw storageError('list', full, error)
    }
  }

  makeDirectory(directory: string): void {
    const full = this.#full(directory)
    try {
      makeDirectories(full)
    } catch (error) {
      throw storageError('create the directory', full, error)
    }
  }

  readFile(file: string): Uint8Array {
    const full = this.#full(file)
    try {
      return fs.readFileSync(full)
    } catch (error) {
      throw storageError('read', full, error)
    }
  }

  async writeFileAtomic(file: string, bytes: Uint8Array): Promise<void> {
    const full = this.#full(file)
    const earlier = this.#replacing.get(full)
    const mine = (async () => {
      await earlier?.catch(() => {})
      await replaceFile(full, bytes)
    })()
    this.#replacing.set(full, mine)
    try {
      await mine
    } finally {
      if (this.#replacing.get(full) === mine) this.#replacing.delete(full)
    }
  }

  rename(from: string, to: string): void {
    const fromFull = this.#full(from)
    try {
      fs.renameSync(fromFull, this.#full(to))
    } catch (error) {
      throw storageError('rename', fromFull, error)
    }
  }

  remove(file: string): void {
    const full = this.#full(file)
    try {
      fs.rmSync(full, { recursive: true, force: true })
    } catch (error) {
      throw storageError('remove', full, error)
    }
  }

  async syncDirectory(directory: string): Promise<void> {
    const full = this.#full(directory)
    try {
      await syncDirectory(full)
    } catch (error) {
      throw storageError('sync the directory', full, error)
    }
  }

  freeBytes(file: string): number {
    try {
      const stats = fs.statfsSync(this.#full(file))
      return stats.bavail * stats.bsize
    } catch {
      return Infinity
    }
  }

  #full(file: string): string {
    return path.resolve(this.rootPath, file)
  }
}

class NodeFile implements StorageFile {
  readonly path: string
  readonly #descriptor: number
  #sizeBytes: number
  #closed = false
  /** Thread-pool work on the descriptor; it is closed only after the last one, or a reused number would be hit. */
  #pending = 0

  constructor(file: string, descriptor: number, sizeBytes: number) {
    this.path = file
    this.#descriptor = descriptor
    this.#sizeBytes = sizeBytes
  }

  sizeBytes(): number {
    return this.#sizeBytes
  }

  write(source: Uint8Array, start: number, end: number, position: number): void {
    this.#mustBeOpen('write')
    try {
      let at = start
      let to = position
      while (at < end) {
        const written = fs.writeSync(this.#descriptor, source, at, end - at, to)
        at += written
        to += written
      }
      if (to > this.#sizeBytes) this.#sizeBytes = to
    } catch (error) {
      throw storageError('write', this.path, error)
    }
  }

  async writeAsync(chunks: readonly Uint8Array[], position: number): Promise<void> {
    this.#mustBeOpen('write')
    this.#pending++
    try {
      let left = chunks
      let to = position
      while (left.length > 0) {
        const written = await writeOnce(this.#descriptor, left, to)
        left = chunksBehind(left, written)
        to += written
      }
      if (to > this.#sizeBytes) this.#sizeBytes = to
    } catch (error) {
      throw storageError('write', this.path, error)
    } finally {
      this.#released()
    }
  }

  read(target: Uint8Array, start: number, end: number, position: number): number {
    this.#mustBeOpen('read')
    try {
      let at = start
      while (at < end) {
        const count = fs.readSync(this.#descriptor, target, at, end - at, position + (at - start))
        if (count === 0) break
        at += count
      }
      return at - start
    } catch (error) {
      throw storageError('read', this.path, error)
    }
  }

  async readCold(target: Uint8Array, start: number, end: number, position: number): Promise<number> {
    this.#mustBeOpen('read')
    let at = start
    this.#pending++
    try {
      while (at < end) {
        const count = await readOnce(this.#descriptor, target, at, end - at, position + (at - start))
        if (count === 0) break
        at += count
      }
      return at - start
    } catch (error) {
      throw storageError('read', this.path, error)
    } finally {
      this.#released()
    }
  }

  async sync(): Promise<void> {
    this.#mustBeOpen('sync')
    this.#pending++
    try {
      await new Promise<void>((resolve, reject) => {
        fs.fdatasync(this.#descriptor, (error) => (error ? reject(error) : resolve()))
      })
    } catch (error) {
      throw storageError('sync', this.path, error)
    } finally {
      this.#released()
    }
  }

  truncate(sizeBytes: number): void {
    this.#mustBeOpen('truncate')
    try {
      fs.ftruncateSync(this.#descriptor, sizeBytes)
      this.#sizeBytes = sizeBytes
    } catch (error) {
      throw storageError('truncate', this.path, error)
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#pending === 0) this.#closeDescriptor()
  }

  #released(): void {
    this.#pending--
    if (this.#closed && this.#pending === 0) this.#closeDescriptor()
  }

  #closeDescriptor(): void {
    try {
      fs.closeSync(this.#descriptor)
    } catch (error) {
      throw storageError('close', this.path, error)
    }
  }

  #mustBeOpen(operation: string): void {
    if (this.#closed)
      throw storageError(operation, this.path, Object.assign(new Error('the file is closed'), { code: 'EBADF' }))
  }
}

function readOnce(
  descriptor: number,
  target: Uint8Array,
  at: number,
  count: number,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(descriptor, target, at, count, position, (error, read) => (error ? reject(error) : resolve(read)))
  })
}

function writeOnce(descriptor: number, chunks: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.writev(descriptor, chunks, position, (error, written) => (error ? reject(error) : resolve(written)))
  })
}

/** What is left of the chunks after the first `sizeBytes`: the system may write less than it is given. */
export function chunksBehind(chunks: readonly Uint8Array[], sizeBytes: number): readonly Uint8Array[] {
  let from = 0
  let left = sizeBytes
  while (from < chunks.length && left >= chunks[from]!.length) left -= chunks[from++]!.length
  return left === 0 ? chunks.slice(from) : [chunks[from]!.subarray(left), ...chunks.slice(from + 1)]
}

async function replaceFile(full: string, bytes: Uint8Array): Promise<void> {
  const temporary = full + TEMPORARY_SUFFIX
  try {
    const handle = await fs.promises.open(temporary, 'w', 0o644)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await fs.promises.rename(temporary, full)
    await syncDirectory(path.dirname(full))
  } catch (error) {
    const failure = storageError('replace', full, error)
    await fs.promises.unlink(temporary).catch(() => {})
    throw failure
  }
}

async function syncDirectory(full: string): Promise<void> {
  // Windows cannot open a directory for syncing; NTFS journals renames by itself.
  if (process.platform === 'win32') return
  const handle = await fs.promises.open(full, 'r')
  try {
    await handle.sync()
  } catch (error) {
    // Some network and overlay file systems refuse to sync a directory; there is nothing better to do there.
    if (osErrorCode(error) !== 'EINVAL') throw error
  } finally {
    await handle.close()
  }
}

function isDirectory(parent: string, entry: fs.Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  try {
    return fs.statSync(path.join(parent, entry.name)).isDirectory()
  } catch {
    return false
  }
}

/** Parents first, one by one: Node's `recursive` never returns where a file system answers ENOENT to a creation (/proc). */
export function makeDirectories(full: string): void {
  const parent = path.dirname(full)
  if (parent !== full && !fs.existsSync(parent)) makeDirectories(parent)
  try {
    fs.mkdirSync(full)
  } catch (error) {
    if (osErrorCode(error) !== 'EEXIST' || !fs.statSync(full).isDirectory()) throw error
  }
}
