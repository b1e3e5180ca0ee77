/**
 * Files in memory, with the faults of a real disk on demand.
 *
 * What has been written is in the "page cache" until `sync`, what has been created, renamed or removed until
 * `syncDirectory`; `crash` forgets what was not made durable, and every open handle dies. Like a file system after a
 * power cut it may also keep some of it: given randomness, any prefix of the changes to each file and directory survives,
 * the last write perhaps torn or zeroed.
 *
 * Invariant: after `crash()`, a file that a synced directory names has exactly the bytes of its last completed sync,
 * plus, with randomness, a prefix of later writes.
 */
import { assert } from './assert.ts'
import { below, type Random } from './random.ts'
import { StorageError, type Storage, type StorageEntry, type StorageFile } from './storage.ts'

/** What a write or truncation replaced, so that a crash can take it back. */
interface FileChange {
  readonly sizeBytesBefore: number
  readonly position: number
  /** The bytes that stood at `position` before, as far as the file went. */
  readonly before: Uint8Array
}

interface FileNode {
  readonly kind: 'file'
  bytes: Uint8Array
  sizeBytes: number
  /** Changes since the last completed sync, oldest first. */
  changes: FileChange[]
}

interface DirectoryNode {
  readonly kind: 'directory'
  readonly entries: Map<string, Node>
  /** Changes of entries since the last `syncDirectory`, oldest first; one inner array per operation. */
  changes: { readonly name: string; readonly before: Node | undefined }[][]
}

type Node = FileNode | DirectoryNode

const directory = (): DirectoryNode => ({ kind: 'directory', entries: new Map(), changes: [] })

/** Growth of a file's memory: at least this, else double. */
const FILE_CAPACITY_MIN = 1024

export interface MemoryStorageOptions {
  /** Bytes that all files together may have; beyond it writes fail with ENOSPC. */
  readonly capacityBytes?: number
}

export class MemoryStorage implements Storage {
  readonly #root = directory()
  /** Counts crashes; handles of an earlier generation are dead. */
  #generation = 0
  #usedBytes = 0
  #capacityBytes: number
  #writeFailure: string | undefined = undefined
  #syncFailure: string | undefined = undefined
  #syncGate: Promise<void> | undefined = undefined
  #openGate: (() => void) | undefined = undefined
  #heldWrites: (() => void)[] | undefined = undefined
  #openFiles = 0
  #syncs = 0

  constructor(options: MemoryStorageOptions = {}) {
    this.#capacityBytes = options.capacityBytes ?? Infinity
  }

  /** Bytes that all files have together. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Handles that are open. */
  get openFiles(): number {
    return this.#openFiles
  }

  /** Syncs of files completed so far. */
  get syncs(): number {
    return this.#syncs
  }

  /** Lets the disk grow or shrink; below what is used, every growing write fails with ENOSPC. */
  setCapacityBytes(capacityBytes: number): void {
    this.#capacityBytes = capacityBytes
  }

  /** The next write fails with `code` and leaves half of its bytes behind. */
  failNextWrite(code = 'EIO'): void {
    this.#writeFailure = code
  }

  /** Turns bits of a byte over, on the disk and for whoever reads: nobody has written that. */
  damage(path: string, position: number, bits: number): void {
    const node = this.#find(path)
    assert(node?.kind === 'file' && position < node.sizeBytes, 'there is a byte to damage')
    node.bytes[position]! ^= bits
  }

  /** The next sync of a file fails with `code`; like a real kernel, nobody says again what was lost. */
  failNextSync(code = 'EIO'): void {
    this.#syncFailure = code
  }

  /** Failures that were asked for and have not been met are none. */
  forgetFailures(): void {
    this.#writeFailure = this.#syncFailure = undefined
  }

  /** Syncs do not complete until `releaseSyncs`. */
  holdSyncs(): void {
    if (this.#syncGate !== undefined) return
    this.#syncGate = new Promise((resolve) => {
      this.#openGate = resolve
    })
  }

  releaseSyncs(): void {
    this.#openGate?.()
    this.#syncGate = this.#openGate = undefined
  }

  /** Asynchronous writes do not begin until `releaseWrites`. */
  holdWrites(): void {
    this.#heldWrites ??= []
  }

  /** @param count how many that wait shall go on, the oldest first, while the others are held; default: all, from now on */
  releaseWrites(count = Infinity): void {
    const held = this.#heldWrites ?? []
    for (const release of held.splice(0, count)) release()
    if (count === Infinity) this.#heldWrites = undefined
  }

  /** Power cut: see the head of this file. The storage can be used again at once, with new handles. */
  crash(random?: Random): void {
    this.#generation++
    this.#openFiles = 0
    this.releaseSyncs()
    this.releaseWrites()
    const revert = (parent: DirectoryNode): void => {
      const kept = random === undefined ? 0 : below(random, parent.changes.length + 1)
      for (const change of parent.changes.slice(kept).reverse())
        for (const { name, before } of change.toReversed())
          if (before === undefined) parent.entries.delete(name)
          else parent.entries.set(name, before)
      parent.changes = []
      for (const node of parent.entries.values())
        if (node.kind === 'directory') revert(node)
        else revertFile(node, random)
    }
    revert(this.#root)
    this.#usedBytes = totalSizeBytes(this.#root)
  }

  /**
   * The files of a directory as they would be after a power cut now that keeps nothing but what is durable, by name.
   * @param suffix of the names to look at
   * @returns views, valid until the next write
   */
  durableFiles(path: string, suffix = ''): Map<string, Uint8Array> {
    let node: Node | undefined = this.#root
    for (const name of segments(path)) node = node?.kind === 'directory' ? durableEntries(node).get(name) : undefined
    const files = new Map<string, Uint8Array>()
    if (node?.kind !== 'directory') return files
    for (const [name, entry] of durableEntries(node))
      if (entry.kind === 'file' && name.endsWith(suffix)) files.set(name, durableBytes(entry))
    return files
  }

  /** The process was killed: handles die, and what is in the page cache stays. */
  abandonHandles(): void {
    this.#generation++
    this.#openFiles = 0
    this.releaseSyncs()
    this.releaseWrites()
  }

  open(path: string, options?: { readonly create?: boolean }): StorageFile {
    const { parent, name } = this.#parentOf(path)
    let node = parent.entries.get(name)
    if (node === undefined) {
      if (options?.create !== true) throw new StorageError('ENOENT', path, `${path}: no such file`)
      node = { kind: 'file', bytes: new Uint8Array(0), sizeBytes: 0, changes: [] }
      this.#change(parent, [[name, node]])
    }
    if (node.kind === 'directory') throw new StorageError('EISDIR', path, `${path}: is a directory`)
    this.#openFiles++
    return new MemoryFile(this, path, node, this.#generation)
  }

  exists(path: string): boolean {
    return this.#find(path) !== undefined
  }

  list(path: string): readonly StorageEntry[] {
    const node = this.#find(path)
    if (node?.kind !== 'directory') throw new StorageError('ENOENT', path, `${path}: no such directory`)
    return [...node.entries]
      .map(([name, entry]): StorageEntry => ({ name, kind: entry.kind }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  makeDirectory(path: string): void {
    let node: Node = this.#root
    for (const name of segments(path)) {
      if (node.kind !== 'directory') throw new StorageError('ENOTDIR', path, `${path}: not a directory`)
      let child: Node | undefined = node.entries.get(name)
      if (child === undefined) {
        child = directory()
        this.#change(node, [[name, child]])
      }
      node = child
    }
  }

  readFile(path: string): Uint8Array {
    const node = this.#find(path)
    if (node?.kind !== 'file') throw new StorageError('ENOENT', path, `${path}: no such file`)
    return node.bytes.slice(0, node.sizeBytes)
  }

  async writeFileAtomic(path: string, bytes: Uint8Array): Promise<void> {
    const copy = bytes.slice()
    if (this.#syncGate !== undefined) await this.#syncGate
    this.takeSyncFailure(path)
    const { parent, name } = this.#parentOf(path)
    const old = parent.entries.get(name)
    this.grow(path, copy.length - (old?.kind === 'file' ? old.sizeBytes : 0))
    parent.entries.set(name, { kind: 'file', bytes: copy, sizeBytes: copy.length, changes: [] })
    parent.changes = []
  }

  rename(from: string, to: string): void {
    const source = this.#parentOf(from)
    const target = this.#parentOf(to)
    const node = source.parent.entries.get(source.name)
    if (node === undefined) throw new StorageError('ENOENT', from, `${from}: no such file`)
    const replaced = target.parent.entries.get(target.name)
    if (replaced?.kind === 'file') this.#usedBytes -= replaced.sizeBytes
    if (source.parent === target.parent) {
      this.#change(source.parent, [
        [source.name, undefined],
        [target.name, node],
      ])
      return
    }
    this.#change(target.parent, [[target.name, node]])
    this.#change(source.parent, [[source.name, undefined]])
  }

  remove(path: string): void {
    if (!this.exists(path)) return
    const { parent, name } = this.#parentOf(path)
    const node = parent.entries.get(name)!
    this.#usedBytes -= node.kind === 'file' ? node.sizeBytes : totalSizeBytes(node)
    this.#change(parent, [[name, undefined]])
  }

  async syncDirectory(path: string): Promise<void> {
    const node = this.#find(path)
    if (node?.kind !== 'directory') throw new StorageError('ENOENT', path, `${path}: no such directory`)
    const generation = this.#generation
    const count = node.changes.length
    if (this.#syncGate !== undefined) await this.#syncGate
    if (generation === this.#generation) node.changes.splice(0, count)
  }

  freeBytes(_path: string): number {
    return Math.max(this.#capacityBytes - this.#usedBytes, 0)
  }

  /** For handles: whether one of `generation` still lives. */
  isAlive(generation: number): boolean {
    return generation === this.#generation
  }

  /** For handles: accounts for `sizeBytes` more. @throws StorageError ENOSPC */
  grow(path: string, sizeBytes: number): void {
    if (sizeBytes > 0 && this.#usedBytes + sizeBytes > this.#capacityBytes)
      throw new StorageError('ENOSPC', path, `${path}: no space left on device`)
    this.#usedBytes += sizeBytes
  }

  /** For handles. @returns the failure that the next write shall meet, once */
  takeWriteFailure(): string | undefined {
    const code = this.#writeFailure
    this.#writeFailure = undefined
    return code
  }

  /** For handles. @throws StorageError when the next sync shall fail, once */
  takeSyncFailure(path: string): void {
    const code = this.#syncFailure
    this.#syncFailure = undefined
    if (code !== undefined) throw new StorageError(code, path, `${path}: sync failed`)
  }

  /** For handles: completes when syncs are not held. */
  async syncTurn(): Promise<void> {
    if (this.#syncGate !== undefined) await this.#syncGate
    this.#syncs++
  }

  /** For handles: completes when writes are not held. */
  async writeTurn(): Promise<void> {
    const held = this.#heldWrites
    if (held !== undefined) await new Promise<void>((resolve) => held.push(resolve))
  }

  /** For handles. */
  closed(generation: number): void {
    if (generation === this.#generation) this.#openFiles--
  }

  #change(parent: DirectoryNode, changes: [name: string, node: Node | undefined][]): void {
    parent.changes.push(changes.map(([name]) => ({ name, before: parent.entries.get(name) })))
    for (const [name, node] of changes)
      if (node === undefined) parent.entries.delete(name)
      else parent.entries.set(name, node)
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root
    for (const name of segments(path)) {
      if (node?.kind !== 'directory') return undefined
      node = node.entries.get(name)
    }
    return node
  }

  #parentOf(path: string): { parent: DirectoryNode; name: string } {
    const names = segments(path)
    const name = names.pop()
    assert(name !== undefined, 'the root has no parent')
    const parent = this.#find(names.join('/'))
    if (parent?.kind !== 'directory') throw new StorageError('ENOENT', path, `${path}: no such directory`)
    return { parent, name }
  }
}

class MemoryFile implements StorageFile {
  readonly path: string
  readonly #storage: MemoryStorage
  readonly #node: FileNode
  readonly #generation: number
  #closed = false

  constructor(storage: MemoryStorage, path: string, node: FileNode, generation: number) {
    this.path = path
    this.#storage = storage
    this.#node = node
    this.#generation = generation
  }

  sizeBytes(): number {
    return this.#node.sizeBytes
  }

  write(source: Uint8Array, start: number, end: number, position: number): void {
    this.#mustBeAlive()
    const failure = this.#storage.takeWriteFailure()
    if (failure !== undefined) {
      this.#put(source, start, start + ((end - start) >> 1), position)
      throw new StorageError(failure, this.path, `${this.path}: write failed`)
    }
    this.#put(source, start, end, position)
  }

  async writeAsync(chunks: readonly Uint8Array[], position: number): Promise<void> {
    this.#mustBeAlive()
    await this.#storage.writeTurn()
    this.#mustBeAliveStorage()
    const failure = this.#storage.takeWriteFailure()
    let at = position
    for (const chunk of chunks) {
      if (failure !== undefined) {
        this.#put(chunk, 0, chunk.length >> 1, at)
        throw new StorageError(failure, this.path, `${this.path}: write failed`)
      }
      this.#put(chunk, 0, chunk.length, at)
      at += chunk.length
    }
  }

  #put(source: Uint8Array, start: number, end: number, position: number): void {
    const node = this.#node
    const sizeBytes = Math.max(node.sizeBytes, position + (end - start))
    this.#storage.grow(this.path, sizeBytes - node.sizeBytes)
    node.changes.push(changeAt(node, position, position + (end - start)))
    if (sizeBytes > node.bytes.length) {
      const larger = new Uint8Array(Math.max(sizeBytes, node.bytes.length * 2, FILE_CAPACITY_MIN))
      larger.set(node.bytes.subarray(0, node.sizeBytes))
      node.bytes = larger
    }
    node.bytes.set(source.subarray(start, end), position)
    node.sizeBytes = sizeBytes
  }

  read(target: Uint8Array, start: number, end: number, position: number): number {
    this.#mustBeAlive()
    const count = Math.max(Math.min(end - start, this.#node.sizeBytes - position), 0)
    if (count > 0) target.set(this.#node.bytes.subarray(position, position + count), start)
    return count
  }

  async readCold(target: Uint8Array, start: number, end: number, position: number): Promise<number> {
    return this.read(target, start, end, position)
  }

  async sync(): Promise<void> {
    this.#mustBeAlive()
    const node = this.#node
    const covered = node.changes.length
    const last = node.changes.at(-1)
    await this.#storage.syncTurn()
    this.#mustBeAliveStorage()
    this.#storage.takeSyncFailure(this.path)
    // Another sync may have completed meanwhile and dropped a part of what this one covers.
    const dropped = last === undefined ? 0 : node.changes.indexOf(last) + 1
    node.changes.splice(0, Math.min(dropped, covered))
  }

  truncate(sizeBytes: number): void {
    this.#mustBeAlive()
    const node = this.#node
    this.#storage.grow(this.path, sizeBytes - node.sizeBytes)
    node.changes.push(changeAt(node, sizeBytes, node.sizeBytes))
    if (sizeBytes > node.bytes.length) {
      const larger = new Uint8Array(sizeBytes)
      larger.set(node.bytes.subarray(0, node.sizeBytes))
      node.bytes = larger
    } else {
      node.bytes.fill(0, sizeBytes, Math.max(node.sizeBytes, sizeBytes))
    }
    node.sizeBytes = sizeBytes
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#storage.closed(this.#generation)
  }

  #mustBeAlive(): void {
    if (this.#closed) throw new StorageError('EBADF', this.path, `${this.path}: the file is closed`)
    this.#mustBeAliveStorage()
  }

  #mustBeAliveStorage(): void {
    if (!this.#storage.isAlive(this.#generation))
      throw new StorageError('EBADF', this.path, `${this.path}: the handle is from before a crash`)
  }
}

function segments(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

/** What a change of `[start, end)` will replace. */
function changeAt(node: FileNode, start: number, end: number): FileChange {
  const before = node.bytes.slice(Math.min(start, node.sizeBytes), Math.min(Math.max(end, start), node.sizeBytes))
  return { sizeBytesBefore: node.sizeBytes, position: start, before }
}

function durableEntries({ entries, changes }: DirectoryNode): ReadonlyMap<string, Node> {
  if (changes.length === 0) return entries
  const durable = new Map(entries)
  for (const change of changes.toReversed())
    for (const { name, before } of change.toReversed())
      if (before === undefined) durable.delete(name)
      else durable.set(name, before)
  return durable
}

function durableBytes(node: FileNode): Uint8Array {
  if (node.changes.length === 0) return node.bytes.subarray(0, node.sizeBytes)
  const copy: FileNode = { ...node, bytes: node.bytes.slice(), changes: [...node.changes] }
  revertFile(copy, undefined)
  return copy.bytes.subarray(0, copy.sizeBytes)
}

function revertFile(node: FileNode, random: Random | undefined): void {
  if (node.changes.length === 0) return
  const kept = random === undefined ? 0 : below(random, node.changes.length + 1)
  const torn = random !== undefined && kept < node.changes.length && below(random, 2) === 0
  const tornSizeBytes = torn ? sizeBytesAfter(node, kept) : 0
  for (let i = node.changes.length - 1; i >= kept; i--) {
    const change = node.changes[i]!
    // A torn write keeps the part of its bytes that the size after it covers; everything later is taken back.
    if (torn && i === kept && tornSizeBytes > change.sizeBytesBefore) {
      tear(node, change.sizeBytesBefore, tornSizeBytes, random)
      continue
    }
    node.bytes.set(change.before, change.position)
    if (node.sizeBytes > change.sizeBytesBefore) node.bytes.fill(0, change.sizeBytesBefore, node.sizeBytes)
    node.sizeBytes = change.sizeBytesBefore
  }
  node.changes = []
}

/** Size of the file right after change `index`. */
function sizeBytesAfter(node: FileNode, index: number): number {
  return index + 1 < node.changes.length ? node.changes[index + 1]!.sizeBytesBefore : node.sizeBytes
}

/** Leaves of the grown part `[from, to)` a prefix, or its full size with zeros after a prefix. */
function tear(node: FileNode, from: number, to: number, random: Random): void {
  const good = from + below(random, to - from + 1)
  node.bytes.fill(0, good, Math.max(node.sizeBytes, to))
  node.sizeBytes = below(random, 2) === 0 ? good : to
}

function totalSizeBytes(node: DirectoryNode): number {
  let sizeBytes = 0
  for (const entry of node.entries.values())
    sizeBytes += entry.kind === 'file' ? entry.sizeBytes : totalSizeBytes(entry)
  return sizeBytes
}
