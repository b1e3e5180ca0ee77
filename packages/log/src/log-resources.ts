/** What all logs of a process share, each with a bound: open files, the tail cache, read buffers. */
import { BufferPool } from './buffers.ts'
import { OpenFiles } from './open-files.ts'
import { TailCache } from './tail-cache.ts'

export interface LogResourceLimits {
  /** Open file descriptors kept by logs; the least recently used one is closed first. */
  readonly openFilesMax: number
  /** Bytes of recently appended batches kept in memory, over all logs; 0: none. */
  readonly tailCacheSizeBytesMax: number
  /** Bytes of idle read buffers kept for reuse. */
  readonly readBuffersSizeBytesMax: number
}

export const defaultLogResourceLimits: LogResourceLimits = {
  openFilesMax: 2048,
  tailCacheSizeBytesMax: 32 * 1024 * 1024,
  readBuffersSizeBytesMax: 32 * 1024 * 1024,
}

export class LogResources {
  readonly limits: LogResourceLimits
  readonly files: OpenFiles
  readonly readBuffers: BufferPool
  readonly tailCache: TailCache

  constructor(limits: Partial<LogResourceLimits> = {}) {
    this.limits = { ...defaultLogResourceLimits, ...limits }
    this.files = new OpenFiles(this.limits.openFilesMax)
    this.readBuffers = new BufferPool(this.limits.readBuffersSizeBytesMax)
    this.tailCache = new TailCache(this.limits.tailCacheSizeBytesMax, this.readBuffers)
  }
}
