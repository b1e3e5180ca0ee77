/**
 * Waiting rooms (Apache Kafka's purgatory): requests that wait for a partition to move on. One object per request, no
 * promise, no closure and no timer of its own.
 */
import type { ErrorCode } from '@braidlog/model'
import type { Partition } from './partition.ts'

/** A produce request some of whose appends are not committed yet. `C`: whatever the broker needs to answer it. */
export interface DelayedProduce<C> {
  readonly context: C
  /** Adds an append to wait for. @param index the caller's own number of the partition in the request */
  watch(partition: Partition, requiredOffset: number, index: number): void
  /** After completion: NONE, REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR, NOT_LEADER_OR_FOLLOWER. */
  errorCodeOf(index: number): ErrorCode
}

/** A fetch request that has not found enough bytes yet. The broker reads anew when it is called back. */
export interface DelayedFetch<C> {
  readonly context: C
  watch(partition: Partition, fetchOffset: number): void
}

export interface WaitingRooms {
  /** @param onComplete called exactly once for every operation that was parked, never inside `parkProduce` */
  produce<C>(context: C, onComplete: (operation: DelayedProduce<C>) => void): DelayedProduce<C>
  fetch<C>(context: C, onComplete: (operation: DelayedFetch<C>) => void): DelayedFetch<C>
  /** @returns false when there is nothing to wait for: answer at once, there will be no callback. */
  parkProduce(operation: DelayedProduce<never>, timeoutMs: number): boolean
  /** Waits for `missingBytes` more bytes or `maxWaitMs`. @returns false: answer at once. */
  parkFetch(operation: DelayedFetch<never>, missingBytes: number, maxWaitMs: number): boolean
  /** Forgets a parked operation, whose connection has gone: no callback follows. */
  cancel(operation: DelayedProduce<never> | DelayedFetch<never>): void
}
