/**
 * One partition's log: segments, indexes, producer state and leader epochs in one directory.
 */
import type { Clock, Logger, Random, Storage } from '@braidlog/base'
import type { Uuid } from '@braidlog/model'
import type { Codecs } from '@braidlog/records'
import type { BufferOwner } from './buffers.ts'
import type { LogConfig } from './log-config.ts'
import type { LogResources } from './log-resources.ts'

export interface LogOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly codecs: Codecs
  /** Shared by all logs of a process: tail cache, open files, read buffers. */
  readonly resources: LogResources
  readonly logger?: Logger
  /** For the segment roll jitter; none when left out. */
  readonly random?: Random
  /** The directory `<topic>-<partition>`; made when there is none. */
  readonly path: string
  readonly topic: string
  readonly partition: number
  readonly topicId: Uuid
  readonly config: LogConfig
  /** The data directory was closed cleanly: what the checkpoints say is trusted and nothing is scanned. */
  readonly cleanShutdown: boolean
  /** From `recovery-point-offset-checkpoint`; everything below it is known to be on disk. */
  readonly recoveryPoint?: number
  /** From `log-start-offset-checkpoint`. */
  readonly logStartOffset?: number
}

/** Position and bytes of one append, as the log saw them. */
export interface LogAppend {
  readonly baseOffset: number
  readonly lastOffset: number
}

export interface ReadOptions {
  /** First offset wanted; the read starts at the batch that holds it, or the first after it. */
  readonly offset: number
  readonly maxBytes: number
  /** Only batches that begin below it; the log end when left out. */
  readonly upToOffset?: number
  /** Return the first batch whole even when it is larger than `maxBytes` (KIP-74). */
  readonly minOneBatch?: boolean
}

/**
 * Whole batches, in one or more pieces of memory that belong to the log: valid until `release`, which the reader calls
 * once when the bytes have left the process.
 */
export interface LogRead {
  readonly chunks: readonly Uint8Array[]
  readonly sizeBytes: number
  /** Base offset of the first batch, `undefined` when empty. */
  readonly baseOffset: number | undefined
  /** Offset after the last batch; the offset asked for when empty. */
  readonly nextOffset: number
  release(): void
}

export interface EpochEndOffset {
  /** -1: not known */
  readonly leaderEpoch: number
  /** -1: not known */
  readonly endOffset: number
}

export interface TimestampOffset {
  readonly timestampMs: number
  readonly offset: number
  /** -1: not known */
  readonly leaderEpoch: number
}

/** An aborted transaction as fetches report it. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/** What DescribeProducers shows of a producer. */
export interface ProducerDescription {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestampMs: number
  readonly coordinatorEpoch: number
  /** -1: no open transaction */
  readonly currentTransactionStartOffset: number
}

/** The surface of {@link openLog}'s result. */
export interface Log {
  readonly topic: string
  readonly partition: number
  readonly topicId: Uuid
  readonly path: string
  config: LogConfig
  readonly logStartOffset: number
  readonly logEndOffset: number
  /** Everything below it has been fdatasynced: the recovery point. */
  readonly durableOffset: number
  readonly sizeBytes: number
  /** Leader epoch of the last batch; -1 when there is none. */
  readonly latestEpoch: number
  /** First offset of the first transaction that is not decided, or `undefined`. */
  readonly firstUnstableOffset: number | undefined
  readonly offline: boolean
  /**
   * Appends the batches in `bytes[start, end)`, which carry their final offsets and leader epochs: the first base offset
   * is at least the log end offset and all ascend. Synchronous: on return the bytes are in the page cache.
   *
   * The bytes are only read during the call, unless `owner` is given: then the log may retain it for the tail cache, and
   * the caller must not change the bytes while the owner is held.
   * @throws LogError `LOG_OFFLINE`
   */
  append(bytes: Uint8Array, start: number, end: number, owner?: BufferOwner): LogAppend
  /** Reads from the tail cache or the page cache, synchronously. @throws LogError */
  read(options: ReadOptions): LogRead
  /** Like `read`, off the event loop, for offsets far behind the end ({@link Log.isCold}). */
  readCold(options: ReadOptions): Promise<LogRead>
  /** The bytes at `offset` are probably not in the page cache: use `readCold`. */
  isCold(offset: number): boolean
  /** fdatasyncs all that was appended before the call; concurrent calls share one sync. @throws LogError `LOG_OFFLINE` */
  flush(): Promise<void>
  /** Removes everything at and above `offset`. */
  truncateTo(offset: number): Promise<void>
  /** Removes everything; the next append begins at `offset`. */
  truncateFullyAndStartAt(offset: number): Promise<void>
  /** Raises the log start offset (DeleteRecords, snapshots). @returns whether it moved */
  raiseLogStartOffset(offset: number): boolean
  /** Deletes whole segments by time, size and log start offset, none that reaches `highWatermark`. @returns segments deleted */
  deleteOldSegments(highWatermark: number): number
  /** End offset of the largest epoch at or below `epoch` (KIP-279). */
  endOffsetForEpoch(epoch: number): EpochEndOffset
  /** Tells the epoch a leader begins with; appends do so by themselves. */
  assignEpoch(epoch: number, startOffset: number): void
  epochAt(offset: number): number
  /** First record at or after the log start with a timestamp of at least `timestampMs`. */
  offsetForTimestamp(timestampMs: number, upToOffset: number): Promise<TimestampOffset | undefined>
  /** The record with the largest timestamp. */
  offsetOfMaxTimestamp(upToOffset: number): Promise<TimestampOffset | undefined>
  abortedTransactions(fetchOffset: number, upperBoundOffset: number): AbortedTransaction[]
  producers(): ProducerDescription[]
  expireProducers(nowMs: number, expirationMs: number): void
  /** fdatasyncs, snapshots the producer state, trims indexes and closes the files. */
  close(): Promise<void>
}
