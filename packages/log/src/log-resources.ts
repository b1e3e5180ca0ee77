/** What all logs of a process share, each with a bound: open files, the tail cache, read buffers. */
import { BufferPool } from './buffers.ts'

export interface LogResourceLimits {
  /** Open file descriptors kept by logs; the least recently used one is closed first. */
  readonly openFilesMax: number
  /** Bytes of recently appended batches kept in memory, over all logs. */
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
  readonly readBuffers: BufferPool

  constructor(limits: Partial<LogResourceLimits> = {}) {
    this.limits = { ...defaultLogResourceLimits, ...limits }
    this.readBuffers = new BufferPool(this.limits.readBuffersSizeBytesMax)
  }
}
