/**
 * The disk of one host. What is written is in the page cache until a sync has ended, and syncs take time; a power cut
 * forgets what was not synced, or some of it, as `MemoryStorage` has it. A dead process touches nothing any more. The disk
 * can be slow, full, or refuse a write or a sync.
 */
import { below, MemoryStorage, StorageError, type Random, type Storage, type StorageFile } from '@braidlog/base'
import type { SimulatedProcess, World } from './world.ts'

export interface DiskShape {
  readonly syncMsMin: number
  readonly syncMsMax: number
  /** Of 1,000 syncs, so many take `stallMs` longer. */
  readonly stallsPerThousand: number
  readonly stallMs: number
}

export class SimulatedDisk {
  readonly memory = new MemoryStorage()
  readonly #world: World
  readonly #random: Random
  shape: DiskShape
  syncCount = 0

  constructor(world: World, host: string, shape: DiskShape) {
    this.#world = world
    this.#random = world.randomFor(`disk ${host}`)
    this.shape = shape
  }

  /** Power cut, or a process that was killed when `keepsPageCache`. */
  crash(keepsPageCache: boolean): void {
    if (keepsPageCache) this.memory.abandonHandles()
    else this.memory.crash(this.#random)
  }

  /** So many bytes fit still. */
  fill(roomBytes: number): void {
    this.memory.setCapacityBytes(this.memory.usedBytes + roomBytes)
  }

  /** There is room again, and nothing fails that has not failed yet. */
  repair(): void {
    this.memory.setCapacityBytes(Infinity)
    this.memory.forgetFailures()
  }

  storageFor(process: SimulatedProcess): Storage {
    const { memory } = this
    const alive = (path: string): void => {
      if (process.isDead) throw new StorageError('EIO', path, `${path}: the process is gone`)
    }
    const later = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
      alive(path)
      await this.#takeTime(process)
      alive(path)
      return await work()
    }
    return {
      open: (path, options) => {
        alive(path)
        return fileOf(memory.open(path, options), alive, later)
      },
      exists: (path) => memory.exists(path),
      list: (path) => memory.list(path),
      makeDirectory: (path) => {
        alive(path)
        memory.makeDirectory(path)
      },
      readFile: (path) => memory.readFile(path),
      writeFileAtomic: (path, bytes) => {
        const copy = bytes.slice()
        return later(path, () => memory.writeFileAtomic(path, copy))
      },
      rename: (from, to) => {
        alive(from)
        memory.rename(from, to)
      },
      remove: (path) => {
        alive(path)
        memory.remove(path)
      },
      syncDirectory: (path) => later(path, () => memory.syncDirectory(path)),
      freeBytes: (path) => memory.freeBytes(path),
    }
  }

  #takeTime(process: SimulatedProcess): Promise<void> {
    const { syncMsMin, syncMsMax, stallsPerThousand, stallMs } = this.shape
    this.syncCount++
    let delayMs = syncMsMin + below(this.#random, Math.round((syncMsMax - syncMsMin) * 1000) + 1) / 1000
    if (below(this.#random, 1000) < stallsPerThousand) delayMs += below(this.#random, Math.ceil(stallMs) + 1)
    return new Promise((resolve) => this.#world.after(delayMs, resolve, process))
  }
}

function fileOf(
  file: StorageFile,
  alive: (path: string) => void,
  later: <T>(path: string, work: () => Promise<T>) => Promise<T>,
): StorageFile {
  const { path } = file
  return {
    path,
    sizeBytes: () => file.sizeBytes(),
    write: (source, start, end, position) => {
      alive(path)
      file.write(source, start, end, position)
    },
    writeAsync: (chunks, position) => later(path, () => file.writeAsync(chunks, position)),
    read: (target, start, end, position) => file.read(target, start, end, position),
    readCold: (target, start, end, position) => later(path, () => file.readCold(target, start, end, position)),
    sync: () => later(path, () => file.sync()),
    truncate: (sizeBytes) => {
      alive(path)
      file.truncate(sizeBytes)
    },
    close: () => file.close(),
  }
}
