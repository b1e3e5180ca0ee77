/**
 * The producer's memory: records are encoded into the open batch of their partition when they are sent, batches leave
 * when they are full, have waited `lingerMs`, or when there is room in flight.
 *
 * A machine: time comes in as `nowMs`, what to send comes out of `drain`, what the broker answered goes in by
 * `acknowledged` and `rejected`; what to compress comes out of `takeUncompressed`, and goes in by `compressed`. Order and
 * numbering within a partition are {@link PartitionQueue}'s.
 *
 * Bounds: `bufferMemoryBytes` over all batches that are not settled (`append` says 'full'), `maxInFlight` requests per
 * broker (the caller's `slots`), `deliveryTimeoutMs` per batch.
 */
import { ErrorCode } from '@braidlog/model/nouns'
import {
  BATCH_HEADER_SIZE_BYTES,
  estimateRecordSizeBytes,
  type Codecs,
  type CompressionType,
  type HeaderInput,
  type Payload,
} from '@braidlog/records'
import { brokerError, isRetriable, errorNameOf, KafkaError } from '../errors.ts'
import { BuilderPool } from './builder-pool.ts'
import { CompressionQueue } from './compression-queue.ts'
import { PartitionQueue, type ProducerIdentity } from './partition-queue.ts'
import { ProducerBatch, type Completion } from './producer-batch.ts'

export interface AccumulatorOptions {
  readonly codecs: Codecs
  readonly lingerMs: number
  readonly batchSizeBytes: number
  readonly bufferMemoryBytes: number
  /** What the client's memory budget allows, at most. */
  readonly shareBytes: () => number
  readonly maxRequestSizeBytes: number
  readonly deliveryTimeoutMs: number
  readonly idempotence: boolean
  readonly compression: CompressionType
  readonly compressionLevel: number | undefined
  /** Batches with so many bytes are given away to be compressed. */
  readonly offloadSizeBytes: number
  /** Pause before a batch is sent again after so many attempts. */
  readonly backoffMs: (attempts: number) => number
  /** Node id of a partition's leader; -1 when unknown. */
  readonly leaderOf: (topic: string, partition: number) => number
}

/** Room for requests to a broker. */
export interface Slots {
  isFree(node: number): boolean
  /** One more request will be sent. */
  take(node: number): void
}

export interface Drained {
  /** What to send: at most one batch per partition and request. */
  readonly requests: { readonly node: number; readonly batches: ProducerBatch[] }[]
  /** Topics with batches that have nowhere to go. */
  readonly leaderless: ReadonlySet<string>
}

/** What a Produce answer says about one partition, besides its code. */
export interface Rejection {
  readonly code: number
  readonly message?: string | null
  /** The answer named a leader that was not known yet: no reason to pause (KIP-951). */
  readonly hasNewLeader?: boolean
  readonly recordErrors?: readonly { readonly batchIndex: number; readonly batchIndexErrorMessage: string | null }[]
}

const EPOCH_MAX = 0x7fff
/** How long a partition's batches keep to a size learned from a refusal. */
const SIZE_LIMIT_MS = 300_000
/** What a batch begins with, when nothing says that it will be large. */
const INITIAL_BUFFER_SIZE_BYTES = 16 << 10

export class Accumulator {
  readonly #options: AccumulatorOptions
  readonly #queues = new Map<string, PartitionQueue[]>()
  /** What was looked up last: most often the next record goes to the same topic. */
  #lastTopic: string | undefined
  #lastQueues: PartitionQueue[] = []
  /** Queues with something to send or in flight. */
  readonly #active = new Set<PartitionQueue>()
  #usedBytes = 0
  #identity: ProducerIdentity | undefined
  readonly #builders: BuilderPool
  readonly #compressions = new CompressionQueue()
  #flushers = 0

  constructor(options: AccumulatorOptions) {
    this.#options = options
    this.#builders = new BuilderPool({
      codecs: options.codecs,
      sizeBytesMax: options.batchSizeBytes,
      recordSizeBytesMax: options.maxRequestSizeBytes,
      compression: options.compression,
      ...(options.compressionLevel === undefined ? {} : { level: options.compressionLevel }),
    })
  }

  /** Most bytes that batches may have which are not settled. */
  get memoryBytes(): number {
    return Math.min(this.#options.bufferMemoryBytes, this.#options.shareBytes())
  }

  /** Bytes of batches that are not settled. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  /** No record is open, waiting or in flight. */
  get isEmpty(): boolean {
    return this.#active.size === 0
  }

  /** With idempotence nothing leaves before the producer has an id. */
  get needsIdentity(): boolean {
    return this.#options.idempotence && this.#identity === undefined && this.#active.size > 0
  }

  get identity(): ProducerIdentity | undefined {
    return this.#identity
  }

  /** An id that the cluster has handed out. Batches that are numbered under an older one finish under it. */
  setIdentity(identity: ProducerIdentity): void {
    this.#identity = identity
  }

  /**
   * Encodes a record into the open batch of its partition: the way of almost every record, for which nobody needs to
   * look at a clock.
   * @returns false when there is no open batch with room: `append` it then
   * @throws as `append`
   */
  appendOpen(
    topic: string,
    partition: number,
    key: Payload,
    value: Payload,
    headers: readonly HeaderInput[] | undefined,
    timestampMs: number,
    completion: Completion | undefined,
    tag: number,
  ): boolean {
    const queue = this.#queueOf(topic, partition)
    const batch = queue.open
    if (batch === undefined || !this.#hasRoom(batch, key, value, headers)) return false
    if (queue.sizeBytesLimit !== Infinity && exceeds(queue, batch, key, value, headers)) return false
    if (!batch.append(key, value, timestampMs, headers, completion, tag)) return false
    this.#reserve(batch)
    return true
  }

  /**
   * Encodes a record into the open batch of its partition, or into a new one.
   * @returns `full` when the memory is used up: try again after something settled
   * @throws RecordsError `RECORD_TOO_LARGE`, `NUMBER_OUT_OF_RANGE`
   */
  append(
    topic: string,
    partition: number,
    key: Payload,
    value: Payload,
    headers: readonly HeaderInput[] | undefined,
    timestampMs: number,
    completion: Completion | undefined,
    tag: number,
    nowMs: number,
  ): 'appended' | 'full' {
    const queue = this.#queueOf(topic, partition)
    let batch = queue.open
    if (batch !== undefined) {
      if (this.#hasRoom(batch, key, value, headers)) {
        const isWithin = queue.sizeBytesLimit === Infinity || !exceeds(queue, batch, key, value, headers)
        if (isWithin && batch.append(key, value, timestampMs, headers, completion, tag)) {
          this.#reserve(batch)
          return 'appended'
        }
        this.#close(queue)
      } else return 'full'
    }
    queue.forgetSize(nowMs)
    batch = this.#newBatch(queue, estimateRecordSizeBytes(key, value, headers), nowMs)
    if (batch === undefined) return 'full'
    try {
      batch.append(key, value, timestampMs, headers, completion, tag)
    } catch (error) {
      this.#recycle(batch)
      throw error
    }
    queue.open = batch
    this.#active.add(queue)
    this.#reserve(batch)
    return 'appended'
  }

  /** Whether a batch of that partition is full: sending can begin without waiting for company. */
  hasFull(topic: string, partition: number): boolean {
    return (this.#queues.get(topic)?.[partition]?.waiting.length ?? 0) > 0
  }

  /** While somebody flushes, batches do not linger. @returns the batches that were not settled then */
  startFlush(): ProducerBatch[] {
    this.#flushers++
    return this.#unsettled()
  }

  endFlush(): void {
    this.#flushers--
  }

  /**
   * What can be sent now.
   * @param hurry nothing lingers: somebody waits for memory, or the producer is closing
   */
  drain(nowMs: number, slots: Slots, hurry = false): Drained {
    const requests: { node: number; batches: ProducerBatch[] }[] = []
    const leaderless = new Set<string>()
    const open = new Map<number, { node: number; batches: ProducerBatch[]; sizeBytes: number } | undefined>()
    const identity = this.#options.idempotence ? this.#identity : undefined
    if (this.#options.idempotence && identity === undefined) return { requests, leaderless }
    for (const queue of this.#active) {
      if (queue.canReset) this.#resetQueue(queue)
      const batch = queue.next(this.#options.idempotence ? this.#identity : undefined, nowMs)
      if (batch === undefined || !this.#isReady(queue, batch, nowMs, hurry)) continue
      const node = this.#options.leaderOf(queue.topic, queue.partition)
      if (node < 0) {
        leaderless.add(queue.topic)
        continue
      }
      let request = open.get(node)
      if (request === undefined && open.has(node)) continue
      if (batch === queue.open && this.#isOffloaded(batch)) {
        // Behind requests that are under way it can go on gathering.
        if (slots.isFree(node)) this.#close(queue)
        continue
      }
      if (request === undefined || request.sizeBytes + batch.sizeBytes > this.#options.maxRequestSizeBytes) {
        if (!slots.isFree(node)) {
          open.set(node, undefined)
          continue
        }
        slots.take(node)
        request = { node, batches: [], sizeBytes: 0 }
        open.set(node, request)
        requests.push(request)
      }
      queue.take(batch, this.#options.idempotence ? this.#identity : undefined)
      request.batches.push(batch)
      request.sizeBytes += batch.sizeBytes
    }
    // One after another through the partitions: the first ones now come last next time.
    this.#rotate()
    return { requests, leaderless }
  }

  /**
   * Batches that are to be compressed now, off the event loop; each of them is to be reported by `compressed`.
   */
  takeUncompressed(): ProducerBatch[] {
    return this.#compressions.take()
  }

  /** @param outcome the batch's records, compressed, or why they are not */
  compressed(batch: ProducerBatch, outcome: Uint8Array | KafkaError): void {
    this.#compressions.ended()
    if (batch.settled) return
    if (outcome instanceof Uint8Array) {
      batch.compressedAs(outcome)
      this.#recycle(batch)
      this.#reserve(batch)
    } else this.#fail(this.#queueOf(batch.topic, batch.partition), batch, outcome, true)
  }

  /** The broker has the batch. @param baseOffset -1 when it did not say */
  acknowledged(batch: ProducerBatch, baseOffset: number, logAppendTimeMs: number): void {
    const queue = this.#queueOf(batch.topic, batch.partition)
    queue.completed(batch)
    if (batch.origin?.hasHugeRecord === false)
      queue.learnSize(batch.builder?.sizeBytes ?? batch.sizeBytes, batch.createdMs + SIZE_LIMIT_MS)
    batch.acknowledge(baseOffset, logAppendTimeMs)
    this.#release(batch, true)
  }

  /** The broker refused the batch. @returns whether it will be sent again */
  rejected(batch: ProducerBatch, rejection: Rejection, nowMs: number): boolean {
    const queue = this.#queueOf(batch.topic, batch.partition)
    const { code } = rejection
    if (code === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
      this.acknowledged(batch, -1, -1)
      return false
    }
    const error = brokerError(code, `${batch.topic}-${batch.partition}`, rejection.message)
    if (PERHAPS_APPENDED.has(code)) batch.mayBeStored = true
    if (batch.settled) {
      this.#give(queue, batch, !batch.mayBeStored)
      return false
    }
    batch.lastError = error
    if (batch.hasSequence && isSequenceError(code)) {
      if (queue.hasEarlier(batch)) queue.retry(batch, -Infinity)
      else queue.retryWithNewEpoch(batch)
      return true
    }
    if (code === ErrorCode.MESSAGE_TOO_LARGE && batch.recordCount > 1) {
      this.#split(queue, batch)
      return true
    }
    if (code === ErrorCode.MESSAGE_TOO_LARGE && batch.origin !== undefined) {
      // Not the size of the batch was the reason: what its other parts taught is worth nothing.
      batch.origin.hasHugeRecord = true
      queue.forgetSize(Infinity)
    }
    if (isRetriable(errorNameOf(code)) && nowMs < batch.deadlineMs) {
      queue.retry(batch, rejection.hasNewLeader === true ? -Infinity : nowMs + this.#options.backoffMs(batch.attempts))
      return true
    }
    const named = new Map(rejection.recordErrors?.map((each) => [each.batchIndex, each.batchIndexErrorMessage]))
    this.#fail(queue, batch, error, !batch.mayBeStored, (index) =>
      named.has(index) ? brokerError(code, `${batch.topic}-${batch.partition}`, named.get(index)) : undefined,
    )
    return false
  }

  /** There was no answer: the broker may have the batch. @returns whether it will be sent again */
  unanswered(batch: ProducerBatch, error: KafkaError, nowMs: number): boolean {
    const queue = this.#queueOf(batch.topic, batch.partition)
    batch.mayBeStored = true
    if (batch.settled) {
      this.#give(queue, batch, false)
      return false
    }
    batch.lastError = error
    if (!error.retriable || nowMs >= batch.deadlineMs) {
      this.#fail(queue, batch, error, false)
      return false
    }
    queue.retry(batch, nowMs + this.#options.backoffMs(batch.attempts))
    return true
  }

  /** Leaders of partitions that have something to send. */
  nodes(): Set<number> {
    const nodes = new Set<number>()
    for (const queue of this.#active) {
      if (queue.hasUnsent) nodes.add(this.#options.leaderOf(queue.topic, queue.partition))
    }
    nodes.delete(-1)
    return nodes
  }

  /** That broker cannot be reached: what would go there knows why it waits, or fails when waiting is of no use. */
  unreachable(node: number, error: KafkaError): void {
    for (const queue of this.#active) {
      if (this.#options.leaderOf(queue.topic, queue.partition) !== node) continue
      for (const batch of queue.open === undefined ? [...queue.waiting] : [...queue.waiting, queue.open]) {
        batch.lastError = error
        if (!error.retriable) this.#fail(queue, batch, error, false)
      }
    }
  }

  /** Fails what has been under way for too long. A batch in flight keeps its place until its answer comes. */
  expire(nowMs: number): void {
    for (const queue of this.#active) {
      if (queue.deadlineMs > nowMs) continue
      for (const batch of unsettledOf(queue)) if (batch.deadlineMs <= nowMs) this.#expireBatch(queue, batch)
    }
  }

  /** When `drain` or `expire` will have something to do without anything else happening. */
  nextDeadlineMs(nowMs: number): number {
    let next = Infinity
    for (const queue of this.#active) {
      next = Math.min(next, queue.deadlineMs)
      if (!queue.hasUnsent || queue.needsReset) continue
      if (queue.blockedUntilMs > nowMs) next = Math.min(next, queue.blockedUntilMs)
      else if (queue.waiting.length === 0 && queue.open !== undefined && this.#flushers === 0) {
        const lingeredMs = queue.open.createdMs + this.#options.lingerMs
        if (lingeredMs > nowMs) next = Math.min(next, lingeredMs)
      }
    }
    return next
  }

  /** Fails everything, for a producer that cannot go on. */
  failAll(error: KafkaError): void {
    for (const queue of this.#active) {
      for (const batch of [...queue.inFlight, ...queue.waiting, ...(queue.open ? [queue.open] : [])]) {
        this.#fail(queue, batch, error, false)
      }
    }
  }

  invariants(): void {
    for (const queue of this.#active) queue.invariants()
  }

  #queueOf(topic: string, partition: number): PartitionQueue {
    if (topic === this.#lastTopic) return (this.#lastQueues[partition] ??= new PartitionQueue(topic, partition))
    let queues = this.#queues.get(topic)
    if (queues === undefined) this.#queues.set(topic, (queues = []))
    this.#lastTopic = topic
    this.#lastQueues = queues
    return (queues[partition] ??= new PartitionQueue(topic, partition))
  }

  /** Room for the record in the batch's own buffer, or in memory for the batch to grow. */
  #hasRoom(batch: ProducerBatch, key: Payload, value: Payload, headers: readonly HeaderInput[] | undefined): boolean {
    const builder = batch.builder!
    const grownBytes = builder.sizeBytes + estimateRecordSizeBytes(key, value, headers) - builder.buffer.length
    return grownBytes <= 0 || this.#usedBytes + grownBytes <= this.memoryBytes
  }

  #newBatch(queue: PartitionQueue, recordSizeBytes: number, nowMs: number): ProducerBatch | undefined {
    const neededBytes = Math.max(recordSizeBytes + BATCH_HEADER_SIZE_BYTES, this.#options.batchSizeBytes)
    // A record larger than all the memory passes alone, when the memory is free.
    if (this.#usedBytes > 0 && this.#usedBytes + neededBytes > this.memoryBytes) return undefined
    // Where batches fill up, the next one will: growing would copy it twice.
    const builder = this.#builders.take(
      queue.waiting.length > 0 ? this.#options.batchSizeBytes : INITIAL_BUFFER_SIZE_BYTES,
    )
    return new ProducerBatch(queue.topic, queue.partition, builder, nowMs, nowMs + this.#options.deliveryTimeoutMs)
  }

  /** The open batch takes no more. */
  #close(queue: PartitionQueue): void {
    if (queue.open !== undefined && this.#isOffloaded(queue.open)) this.#compressions.add(queue.open)
    queue.close()
  }

  #isOffloaded(batch: ProducerBatch): boolean {
    return this.#options.compression !== 'none' && batch.sizeBytes >= this.#options.offloadSizeBytes
  }

  /** Counts what the batch's buffer has grown to, or its bytes once it has no buffer. */
  #reserve(batch: ProducerBatch): void {
    const sizeBytes = batch.builder?.buffer.length ?? batch.sizeBytes
    if (sizeBytes === batch.reservedBytes) return
    this.#usedBytes += sizeBytes - batch.reservedBytes
    batch.reservedBytes = sizeBytes
  }

  /**
   * @param isAnswered nobody reads the batch's bytes any more, so its buffer can be used again; unless an earlier attempt was
   *   not answered: then they may still wait in a socket whose other end hangs
   */
  #release(batch: ProducerBatch, isAnswered: boolean): void {
    this.#usedBytes -= batch.reservedBytes
    batch.reservedBytes = 0
    if (isAnswered && !batch.mayBeStored) this.#recycle(batch)
    batch.builder = undefined
    const queue = this.#queueOf(batch.topic, batch.partition)
    if (queue.isEmpty) this.#active.delete(queue)
  }

  #recycle(batch: ProducerBatch): void {
    const builder = batch.builder
    batch.builder = undefined
    if (builder !== undefined) this.#builders.give(builder)
  }

  #isReady(queue: PartitionQueue, batch: ProducerBatch, nowMs: number, hurry: boolean): boolean {
    if (batch !== queue.open || hurry || this.#flushers > 0) return true
    return nowMs - batch.createdMs >= this.#options.lingerMs
  }

  /**
   * Too large for the topic as a whole, so perhaps not in halves (KIP-126). They take the batch's place and its sequence
   * numbers, which the broker has not used; a single record that is too large fails in the end. New batches of the
   * partition keep to the largest part that was taken, for a while.
   */
  #split(queue: PartitionQueue, batch: ProducerBatch): void {
    const parts = batch.split(this.#options.codecs, () => this.#builders.take(INITIAL_BUFFER_SIZE_BYTES))
    for (const part of parts) this.#reserve(part)
    queue.replace(batch, parts)
    this.#release(batch, true)
  }

  /** A new epoch for a partition whose numbering broke. An exhausted epoch needs a new id from the cluster. */
  #resetQueue(queue: PartitionQueue): void {
    const identity = this.#identity!
    if (identity.epoch >= EPOCH_MAX) {
      this.#identity = undefined
      return
    }
    this.#identity = { id: identity.id, epoch: identity.epoch + 1 }
    queue.reset(this.#identity)
  }

  #expireBatch(queue: PartitionQueue, batch: ProducerBatch): void {
    const cause = batch.lastError
    const error = new KafkaError(
      'TIMED_OUT',
      `${batch.topic}-${batch.partition}: not acknowledged within ${this.#options.deliveryTimeoutMs} ms` +
        (cause === undefined ? '' : `; last: ${cause.message}`),
      { cause },
    )
    // In flight: its answer is still to come and settles the order of what follows.
    if (queue.inFlight.includes(batch)) batch.fail(error)
    else this.#fail(queue, batch, error, false)
  }

  #fail(
    queue: PartitionQueue,
    batch: ProducerBatch,
    error: KafkaError,
    isAbsent: boolean,
    errorOf?: (index: number) => KafkaError | undefined,
  ): void {
    batch.fail(error, errorOf)
    this.#give(queue, batch, isAbsent)
  }

  #give(queue: PartitionQueue, batch: ProducerBatch, isAbsent: boolean): void {
    queue.failed(batch, isAbsent)
    this.#release(batch, isAbsent)
  }

  #unsettled(): ProducerBatch[] {
    const batches: ProducerBatch[] = []
    for (const queue of this.#active) for (const batch of unsettledOf(queue)) batches.push(batch)
    return batches
  }

  #rotate(): void {
    const first = this.#active.values().next().value
    if (first === undefined || this.#active.size < 2) return
    this.#active.delete(first)
    this.#active.add(first)
  }
}

/** The record would make the batch larger than the broker is known to take. */
function exceeds(
  queue: PartitionQueue,
  batch: ProducerBatch,
  key: Payload,
  value: Payload,
  headers: readonly HeaderInput[] | undefined,
): boolean {
  return batch.builder!.sizeBytes + estimateRecordSizeBytes(key, value, headers) > queue.sizeBytesLimit
}

function unsettledOf(queue: PartitionQueue): ProducerBatch[] {
  const batches = [...queue.inFlight, ...queue.waiting]
  if (queue.open !== undefined) batches.push(queue.open)
  return batches.filter((batch) => !batch.settled)
}

/** The broker's idea of our numbering differs from ours; it has not stored the batch. */
function isSequenceError(code: number): boolean {
  return (
    code === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER ||
    code === ErrorCode.UNKNOWN_PRODUCER_ID ||
    code === ErrorCode.INVALID_PRODUCER_EPOCH
  )
}

/**
 * After these the batch may be in the log all the same: a leader answers with them, too, what it has appended and cannot
 * commit any more, since it leads no longer, its disk has failed or the topic is being deleted.
 */
const PERHAPS_APPENDED: ReadonlySet<number> = new Set([
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.UNKNOWN_SERVER_ERROR,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
])
