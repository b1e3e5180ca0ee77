/**
 * A DeleteRecords request that waits until every live replica has deleted what its leader has.
 *
 * The leader alone cannot promise it: one that is cut off may have been succeeded by a replica that has all the records
 * still. So each partition waits until its low watermark, the lowest log start of the live replicas, has come to the offset
 * that was asked for; followers say theirs with every fetch.
 * Invariant: an outcome is settled once, and is then in no partition's list any more.
 * Source: KIP-107; `DelayedDeleteRecords` of Apache Kafka.
 */
import { assert, WheelTimer, type WheelTimerOwner } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import type { DeleteRecordsResult } from './partition-api.ts'
import type { Partition } from './partition.ts'
import type { OperationState, WaitingRooms } from './waiting-room.ts'

/** One partition of a request, and what came of it once the operation has completed. */
export class DeleteRecordsEntry implements DeleteRecordsResult {
  readonly operation: DelayedDeleteRecords<unknown>
  readonly partition: Partition
  readonly requiredOffset: number
  /** REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR, NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION. */
  errorCode: ErrorCode = ErrorCode.NONE
  lowWatermark = -1

  constructor(operation: DelayedDeleteRecords<unknown>, partition: Partition, requiredOffset: number) {
    this.operation = operation
    this.partition = partition
    this.requiredOffset = requiredOffset
  }
}

/** `C`: whatever the broker needs to answer it. */
export class DelayedDeleteRecords<out C> implements WheelTimerOwner {
  readonly context: C
  readonly #rooms: WaitingRooms
  readonly #onComplete: (operation: never) => void
  /** What is waited for still. */
  readonly #entries = new Set<DeleteRecordsEntry>()
  readonly timer: WheelTimer
  /** Of {@link WaitingRooms} only. */
  state: OperationState = 'new'

  /** Use {@link WaitingRooms.deleteRecords}. */
  constructor(rooms: WaitingRooms, context: C, onComplete: (operation: never) => void) {
    this.#rooms = rooms
    this.context = context
    this.#onComplete = onComplete
    this.timer = new WheelTimer(this)
  }

  /**
   * Adds a partition to wait for.
   * @param requiredOffset of {@link Partition.deleteRecords}
   * @returns its outcome, which counts once the operation has completed
   */
  watch(partition: Partition, requiredOffset: number): DeleteRecordsResult {
    assert(this.state === 'new', 'what is to be watched is said before parking')
    const entry = new DeleteRecordsEntry(this, partition, requiredOffset)
    const { lowWatermark } = partition
    if (lowWatermark >= requiredOffset) entry.lowWatermark = lowWatermark
    else {
      this.#entries.add(entry)
      const { waiters } = partition
      waiters.deletions ??= new Set()
      waiters.deletions.add(entry)
    }
    return entry
  }

  get waits(): boolean {
    return this.#entries.size > 0
  }

  onTimer(): void {
    this.#rooms.completeDeleteRecords(this, ErrorCode.REQUEST_TIMED_OUT)
  }

  /** Of {@link WaitingRooms} only. */
  settle(entry: DeleteRecordsEntry, errorCode: ErrorCode, lowWatermark: number): void {
    entry.errorCode = errorCode
    entry.lowWatermark = lowWatermark
    this.#entries.delete(entry)
    const { waiters } = entry.partition
    waiters.deletions?.delete(entry)
    if (waiters.deletions?.size === 0) waiters.deletions = undefined
  }

  /** Of {@link WaitingRooms} only: nothing is waited for any more; what still was gets `errorCode`. */
  settleAll(errorCode: ErrorCode): void {
    for (const entry of this.#entries) this.settle(entry, errorCode, -1)
  }

  /** Of {@link WaitingRooms} only: who is alive has changed. */
  lookAgain(): void {
    for (const { partition } of this.#entries) this.#rooms.trimmed(partition)
  }

  callBack(): void {
    this.#onComplete(this as never)
  }
}
