/**
 * The batches of one partition, in order: those in flight, those that wait to be sent again, those that are full, and the
 * one that is open. With idempotence it also numbers them.
 *
 * Sequence numbers are assigned when a batch is first drained (KIP-98) and kept over its retries. What can happen then:
 *
 * | answer                                       | what it means                     | what we do                         |
 * |----------------------------------------------|-----------------------------------|------------------------------------|
 * | success, DUPLICATE_SEQUENCE_NUMBER           | it is in the log, once            | acknowledge                        |
 * | MESSAGE_TOO_LARGE, several records           | it is not in the log              | two halves in its place, which     |
 * |                                              |                                   | share its numbers                  |
 * | retriable, or no answer                      | perhaps in the log                | again, same sequence, before others|
 * | OUT_OF_ORDER, an earlier batch outstanding   | the broker waits for the earlier  | again, after the earlier one       |
 * | OUT_OF_ORDER or UNKNOWN_PRODUCER_ID, oldest  | the broker misses what we think   | new epoch, numbers from 0          |
 * |                                              | it has, and has not got this one  | (KIP-360), once nothing is in      |
 * |                                              |                                   | flight                             |
 * | anything else                                | it is not in the log, unless an   | fail it; reuse its number if it is |
 * |                                              | earlier attempt was not answered  | not there and was the last         |
 *
 * Invariant: a batch gets a new number only when the broker has told that it does not have it, and when nothing of the
 * partition is in flight; so no record is stored twice and none overtakes another.
 */
import { assert } from '@braidlog/base'
import { addToSequence, NO_SEQUENCE } from '@braidlog/records'
import type { ProducerBatch } from './producer-batch.ts'

export interface ProducerIdentity {
  readonly id: number
  readonly epoch: number
}

export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** Takes records. */
  open: ProducerBatch | undefined
  /** Closed and not in flight, in the order in which they must be sent, which is that of their deadlines. */
  readonly waiting: ProducerBatch[] = []
  /** In the order of sending. */
  readonly inFlight: ProducerBatch[] = []
  /** Nothing is sent before. */
  blockedUntilMs = -Infinity
  /** The numbering must start again under a new epoch. */
  needsReset = false
  #sizeBytesLimit = Infinity
  #sizeLimitUntilMs = -Infinity
  #identity: ProducerIdentity | undefined
  #nextSequence = 0
  /** The broker has a batch of this numbering, so that it notices when one is missing. */
  #isEstablished = false

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get isEmpty(): boolean {
    return this.open === undefined && this.waiting.length === 0 && this.inFlight.length === 0
  }

  get hasUnsent(): boolean {
    return this.open !== undefined || this.waiting.length > 0
  }

  /** Of the batch that fails first; Infinity when there is none. Looked at in every turn: allocates nothing. */
  get deadlineMs(): number {
    let deadlineMs = this.open === undefined || this.open.settled ? Infinity : this.open.deadlineMs
    for (let i = 0; i < this.inFlight.length; i++) {
      const batch = this.inFlight[i]!
      if (!batch.settled && batch.deadlineMs < deadlineMs) deadlineMs = batch.deadlineMs
    }
    const first = this.waiting[0]
    return first !== undefined && first.deadlineMs < deadlineMs ? first.deadlineMs : deadlineMs
  }

  /** What a batch may have before compression, once the broker has refused a larger one. */
  get sizeBytesLimit(): number {
    return this.#sizeBytesLimit
  }

  /** A part of a refused batch was taken: parts of that size will be. The topic may be configured anew, hence the end. */
  learnSize(sizeBytes: number, untilMs: number): void {
    this.#sizeBytesLimit = this.#sizeBytesLimit === Infinity ? sizeBytes : Math.max(this.#sizeBytesLimit, sizeBytes)
    this.#sizeLimitUntilMs = untilMs
  }

  forgetSize(nowMs: number): void {
    if (nowMs >= this.#sizeLimitUntilMs) this.#sizeBytesLimit = Infinity
  }

  /** Moves the open batch to those that wait. */
  close(): void {
    if (this.open === undefined) return
    this.waiting.push(this.open)
    this.open = undefined
  }

  /** The batch to send next, or undefined while order forbids it. Does not look at linger or leaders. */
  next(identity: ProducerIdentity | undefined, nowMs: number): ProducerBatch | undefined {
    if (this.blockedUntilMs > nowMs || this.needsReset) return undefined
    const batch = this.waiting[0] ?? this.open
    if (batch?.awaitsCompression === true) return undefined
    if (batch === undefined || identity === undefined) return batch
    // A broker lets a producer that it does not know begin with any number: until it has the first batch, a second one
    // could overtake it.
    if (!this.#isEstablished && this.inFlight.length > 0) return undefined
    if (batch.hasSequence) {
      // A retry goes alone: only the oldest outstanding batch is of use to the broker.
      return this.#isOldest(batch) ? batch : undefined
    }
    const renumbered = this.#identity !== undefined && !sameIdentity(this.#identity, identity)
    return renumbered && this.inFlight.length > 0 ? undefined : batch
  }

  /** Takes the batch that `next` returned, numbers it and counts it as in flight. */
  take(batch: ProducerBatch, identity: ProducerIdentity | undefined): void {
    if (batch === this.open) this.open = undefined
    else {
      assert(batch === this.waiting[0], 'batches leave in order')
      this.waiting.shift()
    }
    if (identity !== undefined && !batch.hasSequence) {
      if (this.#identity === undefined || !sameIdentity(this.#identity, identity)) {
        assert(this.inFlight.length === 0, 'a new epoch starts with nothing in flight')
        this.#identity = identity
        this.#nextSequence = 0
        this.#isEstablished = false
      }
      batch.producerId = identity.id
      batch.producerEpoch = identity.epoch
      batch.baseSequence = this.#nextSequence
      this.#nextSequence = addToSequence(this.#nextSequence, batch.recordCount)
    }
    batch.attempts++
    this.inFlight.push(batch)
  }

  /** The broker has the batch. */
  completed(batch: ProducerBatch): void {
    this.#landed(batch)
    if (batch.producerEpoch === this.#identity?.epoch) this.#isEstablished = true
  }

  /** The batch goes back to be sent again, before everything that comes after it. */
  retry(batch: ProducerBatch, notBeforeMs: number): void {
    this.#landed(batch)
    this.blockedUntilMs = Math.max(this.blockedUntilMs, notBeforeMs)
    let at = 0
    if (batch.hasSequence) {
      while (at < this.waiting.length && this.waiting[at]!.hasSequence && isBefore(this.waiting[at]!, batch)) at++
    }
    this.waiting.splice(at, 0, batch)
  }

  /** The broker does not take the batch: its parts, in order, go in its place and keep its numbers. */
  replace(batch: ProducerBatch, parts: readonly ProducerBatch[]): void {
    this.#landed(batch)
    // Each is put before what is unnumbered, so the last one first.
    for (const part of parts.toReversed()) this.retry(part, -Infinity)
  }

  /** The broker does not know what comes before the batch: number everything anew, when that is safe. */
  retryWithNewEpoch(batch: ProducerBatch): void {
    this.retry(batch, -Infinity)
    this.needsReset = true
  }

  /** The broker waits for an earlier batch of ours. */
  hasEarlier(batch: ProducerBatch): boolean {
    return !this.#isOldest(batch)
  }

  /** The batch is given up. @param isAbsent the broker is known not to have it */
  failed(batch: ProducerBatch, isAbsent: boolean): void {
    this.#landed(batch)
    const at = this.waiting.indexOf(batch)
    if (at >= 0) this.waiting.splice(at, 1)
    if (batch === this.open) this.open = undefined
    if (!batch.hasSequence || !isAbsent || this.needsReset) return
    const isCurrent = this.#identity !== undefined && batch.producerEpoch === this.#identity.epoch
    const isLast = addToSequence(batch.baseSequence, batch.recordCount) === this.#nextSequence
    if (isCurrent && isLast) this.#nextSequence = batch.baseSequence
    else if (isCurrent) this.needsReset = true
  }

  /** True when the numbering can start again. */
  get canReset(): boolean {
    return this.needsReset && this.inFlight.length === 0
  }

  /** Starts the numbering again under `identity`. */
  reset(identity: ProducerIdentity): void {
    assert(this.canReset, 'nothing is in flight')
    for (const batch of this.waiting) batch.baseSequence = NO_SEQUENCE
    this.#identity = identity
    this.#nextSequence = 0
    this.#isEstablished = false
    this.needsReset = false
  }

  invariants(): void {
    let previous: ProducerBatch | undefined
    let sawUnnumbered = false
    let deadlineMs = -Infinity
    for (const batch of this.waiting) {
      assert(!batch.settled, 'what is settled does not wait')
      assert(batch.deadlineMs >= deadlineMs, 'what came first fails first')
      deadlineMs = batch.deadlineMs
      if (batch.hasSequence) {
        assert(!sawUnnumbered, 'retries come before new batches')
        if (previous !== undefined) assert(isBefore(previous, batch), 'retries are in order of sequence')
        previous = batch
      } else sawUnnumbered = true
    }
  }

  #landed(batch: ProducerBatch): void {
    const at = this.inFlight.indexOf(batch)
    if (at >= 0) this.inFlight.splice(at, 1)
  }

  #isOldest(batch: ProducerBatch): boolean {
    for (const other of this.inFlight) if (other !== batch && isBefore(other, batch)) return false
    for (const other of this.waiting) if (other !== batch && other.hasSequence && isBefore(other, batch)) return false
    return true
  }
}

function sameIdentity(a: ProducerIdentity, b: ProducerIdentity): boolean {
  return a.id === b.id && a.epoch === b.epoch
}

/** Order of sequences, which wrap at 2^31. */
function isBefore(a: ProducerBatch, b: ProducerBatch): boolean {
  return ((b.baseSequence - a.baseSequence + 2 ** 31) % 2 ** 31) - 2 ** 30 < 0 && a.baseSequence !== b.baseSequence
}
