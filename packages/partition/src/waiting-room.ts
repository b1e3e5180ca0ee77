/**
 * Waiting rooms (Apache Kafka's purgatory): requests that wait for a partition to move on.
 *
 * A produce waits until its appends are committed, a fetch until enough bytes are, a DeleteRecords until every live replica
 * has deleted. One object per request and one per partition it waits for; no promise, no closure and no timer of its own.
 * What completes in a turn is called back at the end of it, all at once, so that a fetch that waits for many partitions
 * sees all they got.
 * Invariant: every parked operation is called back exactly once, or never after `cancel`; none is found in a list after.
 * Bound: one operation per request, and the broker bounds those.
 */
import { assert, WheelTimer, type TimerWheel, type WheelTimerOwner } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import { DelayedDeleteRecords, type DeleteRecordsEntry } from './delayed-delete-records.ts'
import type { Partition } from './partition.ts'

export type OperationState = 'new' | 'parked' | 'completed' | 'cancelled'

/** An append that has to be committed before its request is answered. */
class ProduceEntry {
  readonly operation: DelayedProduce<unknown>
  readonly requiredOffset: number
  readonly index: number
  errorCode: ErrorCode = ErrorCode.NONE
  waits = true
  next: ProduceEntry | undefined = undefined

  constructor(operation: DelayedProduce<unknown>, requiredOffset: number, index: number) {
    this.operation = operation
    this.requiredOffset = requiredOffset
    this.index = index
  }
}

/** Appends that wait for the same thing, in the order of their offsets, which is that of the appends. */
class ProduceQueue {
  first: ProduceEntry | undefined = undefined
  #last: ProduceEntry | undefined = undefined

  push(entry: ProduceEntry): void {
    const last = this.#last
    assert(last === undefined || last.requiredOffset <= entry.requiredOffset, 'appends are watched in their order')
    if (last === undefined) this.first = entry
    else last.next = entry
    this.#last = entry
  }

  shift(): void {
    const entry = this.first!
    this.first = entry.next
    if (entry.next === undefined) this.#last = undefined
    entry.next = undefined
  }
}

/** A partition that a fetch has found too little in. */
class FetchEntry {
  readonly operation: DelayedFetch<unknown>
  readonly partition: Partition
  readonly fetchOffset: number
  /** A replica waits for whatever is appended, a consumer for what is committed. */
  readonly byReplica: boolean
  previous: FetchEntry | undefined = undefined
  next: FetchEntry | undefined = undefined

  constructor(operation: DelayedFetch<unknown>, partition: Partition, fetchOffset: number, byReplica: boolean) {
    this.operation = operation
    this.partition = partition
    this.fetchOffset = fetchOffset
    this.byReplica = byReplica
  }
}

/** Who waits for one partition. */
export class PartitionWaiters {
  /** Appends that wait until they are committed. */
  readonly commits = new ProduceQueue()
  /** Appends to a replicated partition that wait until this node has stored them (acks=1). */
  readonly stores = new ProduceQueue()
  fetchFirst: FetchEntry | undefined = undefined
  replicaFetchFirst: FetchEntry | undefined = undefined
  /** Deletions that wait for other replicas; `undefined`: none does. */
  deletions: Set<DeleteRecordsEntry> | undefined = undefined
}

type Operation = DelayedProduce<unknown> | DelayedFetch<unknown> | DelayedDeleteRecords<unknown>

/** A produce request some of whose appends are not committed yet. `C`: whatever the broker needs to answer it. */
export class DelayedProduce<out C> implements WheelTimerOwner {
  readonly context: C
  readonly #rooms: WaitingRooms
  readonly #onComplete: (operation: never) => void
  readonly #entries: ProduceEntry[] = []
  readonly timer: WheelTimer
  /** Of {@link WaitingRooms} only. */
  state: OperationState = 'new'
  pending = 0

  /** Use {@link WaitingRooms.produce}. */
  constructor(rooms: WaitingRooms, context: C, onComplete: (operation: never) => void) {
    this.#rooms = rooms
    this.context = context
    this.#onComplete = onComplete
    this.timer = new WheelTimer(this)
  }

  /**
   * Adds an append to wait for, until it is committed or, with `acks` 1, until this node has stored it.
   * @param index the caller's own number of the partition in the request
   */
  watch(partition: Partition, requiredOffset: number, index: number, acks = -1): void {
    assert(this.state === 'new', 'what is to be watched is said before parking')
    const entry = new ProduceEntry(this, requiredOffset, index)
    this.#entries.push(entry)
    if (partition.isAcknowledged(requiredOffset, acks)) {
      entry.waits = false
      return
    }
    this.pending++
    const { commits, stores } = partition.waiters
    if (acks === 1 && partition.isReplicated) stores.push(entry)
    else commits.push(entry)
  }

  /** After completion: NONE, REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR, NOT_LEADER_OR_FOLLOWER. */
  errorCodeOf(index: number): ErrorCode {
    for (const entry of this.#entries) if (entry.index === index) return entry.errorCode
    return ErrorCode.NONE
  }

  onTimer(): void {
    this.#rooms.completeProduce(this, ErrorCode.REQUEST_TIMED_OUT)
  }

  /** Of {@link WaitingRooms} only: nothing is waited for any more; what still was gets `errorCode`. */
  settle(errorCode: ErrorCode): void {
    this.pending = 0
    for (const entry of this.#entries) {
      if (!entry.waits) continue
      entry.waits = false
      entry.errorCode = errorCode
    }
  }

  callBack(): void {
    this.#onComplete(this as never)
  }
}

/** A fetch request that has not found enough bytes yet. The broker reads anew when it is called back. */
export class DelayedFetch<out C> implements WheelTimerOwner {
  readonly context: C
  readonly #rooms: WaitingRooms
  readonly #onComplete: (operation: never) => void
  readonly #entries: FetchEntry[] = []
  readonly timer: WheelTimer
  /** Of {@link WaitingRooms} only. */
  state: OperationState = 'new'
  missingBytes = 0

  /** Use {@link WaitingRooms.fetch}. */
  constructor(rooms: WaitingRooms, context: C, onComplete: (operation: never) => void) {
    this.#rooms = rooms
    this.context = context
    this.#onComplete = onComplete
    this.timer = new WheelTimer(this)
  }

  /** @param byReplica a follower asks, which is given what is not committed yet, too */
  watch(partition: Partition, fetchOffset: number, byReplica = false): void {
    assert(this.state === 'new', 'what is to be watched is said before parking')
    const entry = new FetchEntry(this, partition, fetchOffset, byReplica)
    this.#entries.push(entry)
    const { waiters } = partition
    entry.next = byReplica ? waiters.replicaFetchFirst : waiters.fetchFirst
    if (entry.next !== undefined) entry.next.previous = entry
    if (byReplica) waiters.replicaFetchFirst = entry
    else waiters.fetchFirst = entry
  }

  onTimer(): void {
    this.#rooms.completeFetch(this)
  }

  /** Of {@link WaitingRooms} only. */
  unlink(): void {
    for (const entry of this.#entries) {
      if (entry.previous !== undefined) entry.previous.next = entry.next
      else if (entry.byReplica) entry.partition.waiters.replicaFetchFirst = entry.next
      else entry.partition.waiters.fetchFirst = entry.next
      if (entry.next !== undefined) entry.next.previous = entry.previous
      entry.previous = entry.next = undefined
    }
    this.#entries.length = 0
  }

  /** Something may have come between the read and the parking: then there is no reason to wait. */
  get hasReadable(): boolean {
    return this.#entries.some((entry) => {
      const { partition, fetchOffset, byReplica } = entry
      if (partition.offline) return true
      return (byReplica ? partition.log.writtenOffset : partition.lastStableOffset) > fetchOffset
    })
  }

  callBack(): void {
    this.#onComplete(this as never)
  }
}

export interface WaitingRoomsOptions {
  readonly wheel: TimerWheel
  /** Calls back at the end of the turn. */
  readonly defer: (callback: () => void) => void
  /** Followers hear of commits at once, not only with what is appended next: consumers read from them (KIP-392). */
  readonly tellFollowers?: boolean
}

export class WaitingRooms {
  readonly #wheel: TimerWheel
  readonly #defer: (callback: () => void) => void
  readonly #tellFollowers: boolean
  readonly #deletions = new Set<DelayedDeleteRecords<unknown>>()
  #completed: Operation[] = []
  #draining = false
  #deferred = false
  /** Operations parked now. */
  produceCount = 0
  fetchCount = 0

  constructor(options: WaitingRoomsOptions) {
    this.#wheel = options.wheel
    this.#defer = options.defer
    this.#tellFollowers = options.tellFollowers ?? false
  }

  /** @param onComplete called exactly once for every operation that was parked, never inside `parkProduce` */
  produce<C>(context: C, onComplete: (operation: DelayedProduce<C>) => void): DelayedProduce<C> {
    return new DelayedProduce(this, context, onComplete)
  }

  /** @param onComplete called exactly once for every operation that was parked, never inside `parkFetch` */
  fetch<C>(context: C, onComplete: (operation: DelayedFetch<C>) => void): DelayedFetch<C> {
    return new DelayedFetch(this, context, onComplete)
  }

  /** @param onComplete called exactly once for every operation that was parked, never inside `parkDeleteRecords` */
  deleteRecords<C>(context: C, onComplete: (operation: DelayedDeleteRecords<C>) => void): DelayedDeleteRecords<C> {
    return new DelayedDeleteRecords(this, context, onComplete)
  }

  get deleteRecordsCount(): number {
    return this.#deletions.size
  }

  /** @returns false when there is nothing to wait for: answer at once, there will be no callback. */
  parkProduce(operation: DelayedProduce<unknown>, timeoutMs: number): boolean {
    assert(operation.state === 'new', 'an operation is parked once')
    if (operation.pending === 0) {
      operation.state = 'completed'
      return false
    }
    operation.state = 'parked'
    this.produceCount++
    this.#wheel.schedule(operation.timer, timeoutMs)
    return true
  }

  /** Waits for `missingBytes` more bytes or `maxWaitMs`. @returns false: answer at once, there will be no callback. */
  parkFetch(operation: DelayedFetch<unknown>, missingBytes: number, maxWaitMs: number): boolean {
    assert(operation.state === 'new', 'an operation is parked once')
    if (maxWaitMs <= 0 || missingBytes <= 0 || (missingBytes === 1 && operation.hasReadable)) {
      operation.state = 'completed'
      operation.unlink()
      return false
    }
    operation.state = 'parked'
    operation.missingBytes = missingBytes
    this.fetchCount++
    this.#wheel.schedule(operation.timer, maxWaitMs)
    return true
  }

  /** @returns false when there is nothing to wait for: answer at once, there will be no callback. */
  parkDeleteRecords(operation: DelayedDeleteRecords<unknown>, timeoutMs: number): boolean {
    assert(operation.state === 'new', 'an operation is parked once')
    if (!operation.waits) {
      operation.state = 'completed'
      return false
    }
    operation.state = 'parked'
    this.#deletions.add(operation)
    this.#wheel.schedule(operation.timer, timeoutMs)
    return true
  }

  /** Forgets an operation, whose connection has gone: no callback follows. */
  cancel(operation: DelayedProduce<unknown> | DelayedFetch<unknown>): void {
    if (operation.state === 'cancelled') return
    if (operation.state === 'parked') this.#leave(operation)
    operation.state = 'cancelled'
    if (operation instanceof DelayedFetch) operation.unlink()
  }

  /** The partition has committed `sizeBytes` more: up to its new high watermark. */
  advanced(partition: Partition, sizeBytes: number): void {
    const { waiters } = partition
    this.#acknowledge(waiters.commits, partition.highWatermark)
    this.#arrived(waiters.fetchFirst, sizeBytes)
    if (this.#tellFollowers) this.#arrived(waiters.replicaFetchFirst, Infinity)
  }

  /** This node has stored what is below `offset`. */
  stored(partition: Partition, offset: number): void {
    this.#acknowledge(partition.waiters.stores, offset)
  }

  /** `sizeBytes` have been appended, which followers may have at once. */
  appended(partition: Partition, sizeBytes: number): void {
    this.#arrived(partition.waiters.replicaFetchFirst, sizeBytes)
  }

  /** The low watermark of the partition may have moved. */
  trimmed(partition: Partition): void {
    const { deletions } = partition.waiters
    if (deletions === undefined) return
    const { lowWatermark } = partition
    for (const entry of deletions) {
      if (entry.requiredOffset <= lowWatermark) this.#deleted(entry, ErrorCode.NONE, lowWatermark)
    }
  }

  /** Other brokers are alive than before: who is not is not waited for. */
  livenessChanged(): void {
    for (const operation of this.#deletions) operation.lookAgain()
  }

  /** Nobody will get what they wait for here: the partition is offline, deleted or led by another. */
  failed(partition: Partition, errorCode: ErrorCode): void {
    const { waiters } = partition
    for (const queue of [waiters.commits, waiters.stores]) {
      for (let entry = queue.first; entry !== undefined; entry = queue.first) {
        queue.shift()
        if (!entry.waits) continue
        entry.waits = false
        entry.errorCode = errorCode
        if (--entry.operation.pending === 0) this.completeProduce(entry.operation, ErrorCode.NONE)
      }
    }
    for (const entry of waiters.deletions ?? []) this.#deleted(entry, errorCode, -1)
    while (waiters.fetchFirst !== undefined) this.completeFetch(waiters.fetchFirst.operation)
    while (waiters.replicaFetchFirst !== undefined) this.completeFetch(waiters.replicaFetchFirst.operation)
  }

  /** For operations and partitions. @param errorCode of the appends that are still waited for */
  completeProduce(operation: DelayedProduce<unknown>, errorCode: ErrorCode): void {
    if (operation.state !== 'parked') return
    operation.settle(errorCode)
    this.#complete(operation)
  }

  /** For operations and partitions. */
  completeFetch(operation: DelayedFetch<unknown>): void {
    operation.unlink()
    if (operation.state === 'parked') this.#complete(operation)
  }

  /** For operations and brokers. @param errorCode of the partitions that are still waited for */
  completeDeleteRecords(operation: DelayedDeleteRecords<unknown>, errorCode: ErrorCode): void {
    if (operation.state !== 'parked') return
    operation.settleAll(errorCode)
    this.#complete(operation)
  }

  /** Calls back what has completed. The end of a group commit does so, and else the end of the turn. */
  drain(): void {
    if (this.#draining) return
    this.#draining = true
    let done = 0
    try {
      while (done < this.#completed.length) {
        const operation = this.#completed[done++]!
        if (operation.state === 'completed') operation.callBack()
      }
    } finally {
      this.#draining = false
      // A callback that threw must not take those of others with it.
      this.#completed.splice(0, done)
      if (this.#completed.length > 0) this.#deferDrain()
    }
  }

  #deleted(entry: DeleteRecordsEntry, errorCode: ErrorCode, lowWatermark: number): void {
    const { operation } = entry
    operation.settle(entry, errorCode, lowWatermark)
    if (!operation.waits) this.completeDeleteRecords(operation, ErrorCode.NONE)
  }

  #complete(operation: Operation): void {
    this.#leave(operation)
    operation.state = 'completed'
    this.#completed.push(operation)
    if (!this.#draining) this.#deferDrain()
  }

  #deferDrain(): void {
    if (this.#deferred) return
    this.#deferred = true
    this.#defer(this.#drainDeferred)
  }

  readonly #drainDeferred = (): void => {
    this.#deferred = false
    this.drain()
  }

  #leave(operation: Operation): void {
    this.#wheel.cancel(operation.timer)
    if (operation instanceof DelayedFetch) this.fetchCount--
    else if (operation instanceof DelayedProduce) this.produceCount--
    else this.#deletions.delete(operation)
  }

  /** Whose offset has been reached is served; the others wait on. */
  #acknowledge(queue: ProduceQueue, offset: number): void {
    for (let entry = queue.first; entry !== undefined; entry = queue.first) {
      if (entry.requiredOffset > offset) break
      queue.shift()
      if (!entry.waits) continue // timed out or cancelled meanwhile
      entry.waits = false
      if (--entry.operation.pending === 0) this.completeProduce(entry.operation, ErrorCode.NONE)
    }
  }

  #arrived(first: FetchEntry | undefined, sizeBytes: number): void {
    for (let entry = first; entry !== undefined;) {
      const { next, operation } = entry
      operation.missingBytes -= sizeBytes
      if (operation.missingBytes <= 0) this.completeFetch(operation)
      entry = next
    }
  }
}
