/**
 * What is read of a partition: fetches of consumers and followers, offsets by time, where epochs end.
 *
 * Invariant: consumers see what is committed and nothing else.
 */
import {
  LogError,
  type AbortedTransaction,
  type EpochEndOffset,
  type Log,
  type LogRead,
  type ReadOptions,
  type TimestampOffset,
} from '@braidlog/log'
import { ErrorCode } from '@braidlog/model'
import type { Leading } from './leading.ts'
import {
  EARLIEST_LOCAL_TIMESTAMP,
  EARLIEST_PENDING_UPLOAD_TIMESTAMP,
  EARLIEST_TIMESTAMP,
  LATEST_TIERED_TIMESTAMP,
  LATEST_TIMESTAMP,
  MAX_TIMESTAMP,
  type DeleteRecordsResult,
  type EpochEndResult,
  type FetchOptions,
  type FetchResult,
  type Isolation,
  type ListOffsetResult,
  type PartitionMetrics,
  type ReplicaFetchOptions,
} from './partition-api.ts'
import type { Progress } from './progress.ts'
import type { Role } from './role.ts'

const NO_ABORTED_TRANSACTIONS: readonly AbortedTransaction[] = []

export class Reading {
  readonly #role: Role
  readonly #progress: Progress
  readonly #leading: Leading
  readonly #log: Log
  readonly #metrics: PartitionMetrics

  constructor(role: Role, progress: Progress, leading: Leading, log: Log, metrics: PartitionMetrics) {
    this.#role = role
    this.#progress = progress
    this.#leading = leading
    this.#log = log
    this.#metrics = metrics
  }

  /** From the tail cache or the page cache; see {@link Partition.isCold}. Never waits for data. */
  fetch(options: FetchOptions): FetchResult {
    try {
      const refusal = this.#refuseFetch(options)
      if (refusal !== undefined) return refusal
      return this.#fetched(options, this.#log.read(this.#readOptions(options)))
    } catch (error) {
      return this.#failedFetch(error)
    }
  }

  /** Like `fetch`, reading off the event loop. */
  async fetchCold(options: FetchOptions): Promise<FetchResult> {
    try {
      const refusal = this.#refuseFetch(options)
      if (refusal !== undefined) return refusal
      return this.#fetched(options, await this.#log.readCold(this.#readOptions(options)))
    } catch (error) {
      return this.#failedFetch(error)
    }
  }

  /**
   * A follower fetches: what it asks for it has not got, what is below it has. It is given what is not committed yet, too.
   */
  fetchAsReplica(options: ReplicaFetchOptions): FetchResult {
    try {
      const refusal = this.#refuseReplica(options)
      if (refusal !== undefined) return refusal
      return this.#fetched(options, this.#log.read(this.#replicaReadOptions(options)))
    } catch (error) {
      return this.#failedFetch(error)
    }
  }

  /** Like `fetchAsReplica`, reading off the event loop. */
  async fetchColdAsReplica(options: ReplicaFetchOptions): Promise<FetchResult> {
    try {
      const refusal = this.#refuseReplica(options)
      if (refusal !== undefined) return refusal
      return this.#fetched(options, await this.#log.readCold(this.#replicaReadOptions(options)))
    } catch (error) {
      return this.#failedFetch(error)
    }
  }

  /** @param timestampMs a time, or one of the special values above */
  async listOffset(timestampMs: number, isolation: Isolation, currentLeaderEpoch: number): Promise<ListOffsetResult> {
    const errorCode = this.#role.availability(currentLeaderEpoch)
    if (errorCode !== ErrorCode.NONE) return offsetResult(errorCode, undefined)
    const log = this.#log
    const readableEnd = isolation === 'read-committed' ? this.#progress.lastStableOffset : this.#progress.highWatermark
    try {
      switch (timestampMs) {
        case LATEST_TIMESTAMP:
          if (this.#isCatchingUp(readableEnd)) return offsetResult(ErrorCode.OFFSET_NOT_AVAILABLE, undefined)
          // The leader's own epoch, also where it has appended nothing yet.
          return offsetResult(errorCode, { timestampMs: -1, offset: readableEnd, leaderEpoch: this.#role.leaderEpoch })
        case EARLIEST_TIMESTAMP:
        case EARLIEST_LOCAL_TIMESTAMP: {
          const offset = log.logStartOffset
          const leaderEpoch = offset < log.logEndOffset ? log.epochAt(offset) : this.#role.leaderEpoch
          return offsetResult(errorCode, { timestampMs: -1, offset, leaderEpoch })
        }
        // Nothing is tiered.
        case LATEST_TIERED_TIMESTAMP:
        case EARLIEST_PENDING_UPLOAD_TIMESTAMP:
          return offsetResult(errorCode, undefined)
        case MAX_TIMESTAMP:
          return offsetResult(errorCode, await log.offsetOfMaxTimestamp(readableEnd))
        default: {
          const found = await log.offsetForTimestamp(timestampMs, readableEnd)
          if (found === undefined && this.#isCatchingUp(readableEnd)) {
            return offsetResult(ErrorCode.OFFSET_NOT_AVAILABLE, undefined)
          }
          return offsetResult(errorCode, found)
        }
      }
    } catch (error) {
      return offsetResult(this.#progress.failed(error), undefined)
    }
  }

  /** @param offset records below it are deleted; -1: all below the high watermark */
  deleteRecords(offset: number): DeleteRecordsResult {
    const errorCode = this.#role.availability(-1)
    if (errorCode !== ErrorCode.NONE) return refusedDeletion(errorCode)
    if (!this.#log.config.cleanupDelete) return refusedDeletion(ErrorCode.POLICY_VIOLATION)
    const upTo = offset === -1 ? this.#progress.highWatermark : offset
    if (upTo < 0 || upTo > this.#progress.highWatermark) return refusedDeletion(ErrorCode.OFFSET_OUT_OF_RANGE)
    try {
      if (this.#log.raiseLogStartOffset(upTo)) this.#progress.trimmed()
      return { errorCode, lowWatermark: this.#progress.lowWatermark, requiredOffset: upTo }
    } catch (error) {
      return refusedDeletion(this.#progress.failed(error))
    }
  }

  offsetForLeaderEpoch(epoch: number, currentLeaderEpoch: number): EpochEndResult {
    const errorCode = this.#role.availability(currentLeaderEpoch)
    if (errorCode !== ErrorCode.NONE) return { errorCode, leaderEpoch: -1, endOffset: -1 }
    try {
      return { errorCode, ...this.#epochEnd(epoch) }
    } catch (error) {
      return { errorCode: this.#progress.failed(error), leaderEpoch: -1, endOffset: -1 }
    }
  }

  /** Where the leader's log begins or ends, committed or not, for a follower that cannot go on where it stands. */
  listOffsetForReplica(timestampMs: number, currentLeaderEpoch: number): ListOffsetResult {
    const errorCode = this.#role.availability(currentLeaderEpoch)
    if (errorCode !== ErrorCode.NONE) return offsetResult(errorCode, undefined)
    const log = this.#log
    const isEnd = timestampMs === LATEST_TIMESTAMP
    const isStart = timestampMs === EARLIEST_TIMESTAMP || timestampMs === EARLIEST_LOCAL_TIMESTAMP
    if (!isEnd && !isStart) return offsetResult(ErrorCode.INVALID_REQUEST, undefined)
    const offset = isEnd ? log.logEndOffset : log.logStartOffset
    const leaderEpoch = offset < log.logEndOffset ? log.epochAt(offset) : this.#role.leaderEpoch
    return offsetResult(errorCode, { timestampMs: -1, offset, leaderEpoch })
  }

  /** A new leader knows that more may have been committed than it can tell yet (KIP-207). */
  #isCatchingUp(readableEnd: number): boolean {
    const { replicas } = this.#progress
    return replicas !== undefined && readableEnd < replicas.epochStartOffset
  }

  /** Checks a follower's fetch, and takes note of how far it has come. */
  #refuseReplica(options: ReplicaFetchOptions): FetchResult | undefined {
    const errorCode = this.#role.availability(options.currentLeaderEpoch)
    if (errorCode !== ErrorCode.NONE) return this.#emptyFetch(errorCode)
    if (!this.#leading.isFollowedBy(options.replicaId)) {
      // The fetcher may know of a reassignment that this node is about to hear of.
      const isEarly = options.currentLeaderEpoch >= 0
      return this.#emptyFetch(isEarly ? ErrorCode.UNKNOWN_LEADER_EPOCH : ErrorCode.NOT_LEADER_OR_FOLLOWER)
    }
    const refusal = this.#refuseFetch({ ...options, isolation: 'read-uncommitted' })
    if (refusal !== undefined || options.isRepeated) return refusal
    this.#leading.followerFetched(options)
    return undefined
  }

  #replicaReadOptions({ fetchOffset, maxBytes, minOneBatch }: ReplicaFetchOptions): ReadOptions {
    return { offset: fetchOffset, maxBytes, upToOffset: this.#log.writtenOffset, minOneBatch }
  }

  #refuseFetch(options: FetchOptions): FetchResult | undefined {
    const errorCode = this.#role.availability(options.currentLeaderEpoch, false)
    if (errorCode !== ErrorCode.NONE) return this.#emptyFetch(errorCode)
    const { fetchOffset, lastFetchedEpoch } = options
    const log = this.#log
    // A follower's log may lag behind, or be about to be cut off: where logs part is for the leader to say.
    if (lastFetchedEpoch >= 0 && this.#role.leads) {
      const end = this.#epochEnd(lastFetchedEpoch)
      if (end.endOffset < 0) return this.#emptyFetch(ErrorCode.OFFSET_OUT_OF_RANGE)
      if (end.leaderEpoch < lastFetchedEpoch || end.endOffset < fetchOffset)
        return { ...this.#emptyFetch(ErrorCode.NONE), divergingEpoch: end }
    }
    if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset)
      return this.#emptyFetch(ErrorCode.OFFSET_OUT_OF_RANGE)
    return undefined
  }

  /** The epoch of a leader that has not appended yet begins where the log ends, and with it the one before has ended. */
  #epochEnd(epoch: number): EpochEndOffset {
    const { leaderEpoch } = this.#role
    const { latestEpoch, logEndOffset } = this.#log
    if (epoch === leaderEpoch) return { leaderEpoch: epoch, endOffset: logEndOffset }
    const isBetween = latestEpoch < epoch && epoch < leaderEpoch
    if (isBetween) return { leaderEpoch: latestEpoch < 0 ? epoch : latestEpoch, endOffset: logEndOffset }
    return this.#log.endOffsetForEpoch(epoch)
  }

  #readOptions(options: FetchOptions): ReadOptions {
    const { fetchOffset, maxBytes, minOneBatch, isolation } = options
    const upToOffset = isolation === 'read-committed' ? this.#progress.lastStableOffset : this.#progress.highWatermark
    return { offset: fetchOffset, maxBytes, upToOffset, minOneBatch }
  }

  #fetched(options: { readonly fetchOffset: number; readonly isolation?: Isolation }, read: LogRead): FetchResult {
    const log = this.#log
    this.#metrics.bytesOut += read.sizeBytes
    let abortedTransactions: readonly AbortedTransaction[] | null = null
    if (options.isolation === 'read-committed')
      abortedTransactions =
        read.sizeBytes === 0 ? NO_ABORTED_TRANSACTIONS : log.abortedTransactions(options.fetchOffset, read.nextOffset)
    return {
      errorCode: ErrorCode.NONE,
      highWatermark: this.#progress.highWatermark,
      lastStableOffset: this.#progress.lastStableOffset,
      logStartOffset: log.logStartOffset,
      records: read.sizeBytes === 0 ? undefined : read,
      abortedTransactions,
      divergingEpoch: undefined,
    }
  }

  #emptyFetch(errorCode: ErrorCode): FetchResult {
    // A fenced or lost fetcher learns nothing of where this log stands.
    const known = errorCode === ErrorCode.NONE || errorCode === ErrorCode.OFFSET_OUT_OF_RANGE
    return {
      errorCode,
      highWatermark: known ? this.#progress.highWatermark : -1,
      lastStableOffset: known ? this.#progress.lastStableOffset : -1,
      logStartOffset: known ? this.#log.logStartOffset : -1,
      records: undefined,
      abortedTransactions: null,
      divergingEpoch: undefined,
    }
  }

  #failedFetch(error: unknown): FetchResult {
    if (!(error instanceof LogError) || error.damage === undefined)
      return this.#emptyFetch(this.#progress.failed(error))
    // Where another replica can take over, it will: to be asked again. The last one has nothing else to give.
    const hasOthers = !this.#role.leads || (this.#progress.replicas?.isr.length ?? 1) > 1
    return this.#emptyFetch(hasOthers ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.CORRUPT_MESSAGE)
  }
}

function offsetResult(errorCode: ErrorCode, found: TimestampOffset | undefined): ListOffsetResult {
  if (found === undefined) return { errorCode, timestampMs: -1, offset: -1, leaderEpoch: -1 }
  return { errorCode, ...found }
}

function refusedDeletion(errorCode: ErrorCode): DeleteRecordsResult {
  return { errorCode, lowWatermark: -1, requiredOffset: -1 }
}
