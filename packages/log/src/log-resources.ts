/**
 * What all logs of a process share, each with a bound: open files, the tail cache, read buffers, bytes read
 * ahead, writes under way.
 */
import { BufferPool } from './buffers.ts'
import { OpenFiles } from './open-files.ts'
import { ReadAhead } from './read-ahead.ts'
import { TailCache } from './tail-cache.ts'
import { WriteSlots } from './write-slots.ts'

export interface LogResourceLimits {
  /** Open file descriptors kept by logs; the least recently used one is closed first. */
  readonly openFilesMax: number
  /** Bytes of recently appended batches kept in memory, over all logs; 0: none. */
  readonly tailCacheSizeBytesMax: number
  /** Bytes of idle read buffers kept for reuse. */
  readonly readBuffersSizeBytesMax: number
  /** Bytes read behind what was asked for, by cold reads that go on where one has ended; 0: none. */
  readonly readAheadSizeBytesMax: number
  /** Appends of at least this size are written off the event loop, where nobody needs them written at once. */
  readonly queuedWriteSizeBytesMin: number
  /** Bytes of memory kept for such writes; beyond it appends are written where they are. */
  readonly queuedWritesSizeBytesMax: number
  /** Such writes under way at a time. */
  readonly queuedWritesMax: number
  /** Bytes before a log's end that are taken to be in the page cache. */
  readonly warmSizeBytes: number
}

export const defaultLogResourceLimits: LogResourceLimits = {
  openFilesMax: 2048,
  tailCacheSizeBytesMax: 32 * 1024 * 1024,
  readBuffersSizeBytesMax: 32 * 1024 * 1024,
  readAheadSizeBytesMax: 32 * 1024 * 1024,
  queuedWriteSizeBytesMin: 256 * 1024,
  queuedWritesSizeBytesMax: 64 * 1024 * 1024,
  queuedWritesMax: 2,
  warmSizeBytes: 64 * 1024 * 1024,
}

export class LogResources {
  readonly limits: LogResourceLimits
  readonly files: OpenFiles
  readonly readBuffers: BufferPool
  readonly tailCache: TailCache
  readonly readAhead: ReadAhead
  readonly writeSlots: WriteSlots

  constructor(limits: Partial<LogResourceLimits> = {}) {
    this.limits = { ...defaultLogResourceLimits, ...limits }
    this.files = new OpenFiles(this.limits.openFilesMax)
    this.readBuffers = new BufferPool(this.limits.readBuffersSizeBytesMax)
    this.tailCache = new TailCache(this.limits.tailCacheSizeBytesMax, this.readBuffers)
    this.readAhead = new ReadAhead(this.limits.readAheadSizeBytesMax)
    this.writeSlots = new WriteSlots({
      writesMax: this.limits.queuedWritesMax,
      sizeBytesMax: this.limits.queuedWritesSizeBytesMax,
      queuedSizeBytesMin: this.limits.queuedWriteSizeBytesMin,
    })
  }
}
