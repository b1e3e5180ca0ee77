/**
 * What can be asked of a partition, and its answers: plain data that handlers, fetchers and tests share.
 */
import type { AbortedTransaction, EpochEndOffset, LogRead } from '@braidlog/log'
import type { ErrorCode } from '@braidlog/model'
import type { PartitionState } from './replica-set.ts'

export type Isolation = 'read-uncommitted' | 'read-committed'

/** A partition as the metadata have it. */
export interface PartitionAssignment extends PartitionState {
  /** -1: nobody leads. */
  readonly leader: number
}

/** A follower's fetch: how far it has come, and who it is. */
export interface ReplicaFetchOptions extends Omit<FetchOptions, 'isolation'> {
  readonly replicaId: number
  /** -1: a version that does not say. */
  readonly replicaEpoch: number
  readonly logStartOffset: number
  /** The request waited and is read for once more: that the follower has come so far is known already. */
  readonly isRepeated: boolean
}

/** The answer of the controller to a proposal: the partition as it is now, or that nothing has changed. */
export interface IsrAnswer {
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly isr: readonly number[]
}

/** Where a follower goes on. */
export interface FollowerPosition {
  readonly leaderEpoch: number
  readonly fetchOffset: number
  /** -1: the log is empty. */
  readonly lastFetchedEpoch: number
  readonly logStartOffset: number
}

/** When an append counts as done: after an fdatasync, or once it is in the page cache. */
export type Durability = 'durable' | 'page-cache'

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
  /** The lowest log start offset of the live replicas; -1 on error. */
  readonly lowWatermark: number
  /** The deletion counts once the low watermark has come here; -1 on error. */
  readonly requiredOffset: number
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
