/**
 * One replica of a partition as its leader.
 */
import type { ErrorCode } from '@braidlog/model'
import type { AbortedTransaction, EpochEndOffset, Log, LogRead, ProducerDescription } from '@braidlog/log'
import type { AppendOptions, AppendResult } from './append.ts'

export type Isolation = 'read-uncommitted' | 'read-committed'

export interface FetchOptions {
  readonly fetchOffset: number
  readonly maxBytes: number
  /** Return the first batch whole even above `maxBytes`: for the first partition of a response that has data. */
  readonly minOneBatch: boolean
  readonly isolation: Isolation
  /** The leader epoch the fetcher knows; -1: does not say. */
  readonly currentLeaderEpoch: number
  /** Epoch of the last record the fetcher has; -1: does not say (no check for divergence). */
  readonly lastFetchedEpoch: number
}

export interface FetchResult {
  readonly errorCode: ErrorCode
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** Release it when the response has been written. `undefined`: nothing to send. */
  readonly records: LogRead | undefined
  /** Ordered by offset; `null` for read-uncommitted. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null
  /** Where the fetcher's log and this one part; `undefined`: they do not. */
  readonly divergingEpoch: EpochEndOffset | undefined
}

/** Special timestamps of ListOffsets. */
export const LATEST_TIMESTAMP = -1
export const EARLIEST_TIMESTAMP = -2
export const MAX_TIMESTAMP = -3
export const EARLIEST_LOCAL_TIMESTAMP = -4
export const LATEST_TIERED_TIMESTAMP = -5
export const EARLIEST_PENDING_UPLOAD_TIMESTAMP = -6

export interface ListOffsetResult {
  readonly errorCode: ErrorCode
  /** -1: none */
  readonly timestampMs: number
  /** -1: none */
  readonly offset: number
  /** -1: not known */
  readonly leaderEpoch: number
}

export interface DeleteRecordsResult {
  readonly errorCode: ErrorCode
  /** The log start offset afterwards; -1 on error. */
  readonly lowWatermark: number
}

export interface EpochEndResult extends EpochEndOffset {
  readonly errorCode: ErrorCode
}

/** Plain counters since the start; sum or export as needed. */
export interface PartitionMetrics {
  messagesIn: number
  bytesIn: number
  bytesOut: number
  appendsFailed: number
  duplicates: number
}

export interface Partition {
  readonly log: Log
  readonly leaderEpoch: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly metrics: PartitionMetrics
  /**
   * Checks the batch in `bytes[start, end)`, gives it offsets and leader epoch **in place**, and appends it. Synchronous.
   * Committed later: see {@link AppendResult.requiredOffset}.
   */
  append(bytes: Uint8Array, start: number, end: number, options: AppendOptions): AppendResult
  /** Whether an append with this required offset may be answered with success. */
  isAcknowledged(requiredOffset: number): boolean
  /** From the tail cache or the page cache; see {@link Partition.isCold}. Never waits for data. */
  fetch(options: FetchOptions): FetchResult
  fetchCold(options: FetchOptions): Promise<FetchResult>
  isCold(fetchOffset: number): boolean
  listOffset(timestampMs: number, isolation: Isolation, currentLeaderEpoch: number): Promise<ListOffsetResult>
  /** @param offset -1: the high watermark */
  deleteRecords(offset: number): DeleteRecordsResult
  offsetForLeaderEpoch(epoch: number, currentLeaderEpoch: number): EpochEndResult
  describeProducers(): readonly ProducerDescription[]
}
