/**
 * Batches as the application sees them: nothing is decoded that is not asked for. Serdes run on access; where the
 * application chose to skip what cannot be read, on iteration.
 */
import { RecordScanner, type RecordBatch } from '@braidlog/records'
import type { CommitWatermark, Span } from './core/commit-watermark.ts'
import { BatchSource, DeliveredRecord } from './delivered-record.ts'
import { KafkaError } from './errors.ts'
import type { OnDeserializationError } from './options.ts'
import type { CallOptions, ConsumerBatch } from './record.ts'
import type { Deserializer } from './serde.ts'

/** How the records of one consumer are read. */
export interface Decoding {
  readonly key: Deserializer<unknown>
  readonly value: Deserializer<unknown>
  readonly onDeserializationError: OnDeserializationError
}

/** What the consumer does about a batch that is handled. */
export interface BatchOwner {
  done(batch: DeliveredBatch): void
  commit(batch: DeliveredBatch, options: CallOptions | undefined): Promise<void>
}

export interface BatchOptions {
  readonly topic: string
  readonly partition: number
  readonly batches: readonly RecordBatch[]
  /** Records before it are not delivered. */
  readonly fromOffset: number
  /** Records from it on are not delivered; Infinity where there is no such end. */
  readonly toOffset: number
  /** Where reading goes on behind this batch. */
  readonly nextOffset: number
  readonly leaderEpoch: number
  readonly highWatermark: number
  readonly sizeBytes: number
  readonly signal: AbortSignal
  readonly decoding: Decoding
  readonly owner: BatchOwner
}

/** How a batch is accounted for by the consumer that handed it out. */
export interface Delivery {
  readonly watermark: CommitWatermark
  readonly span: Span
  readonly assigned: { readonly isAborted: boolean }
}

export class DeliveredBatch implements ConsumerBatch<unknown, unknown> {
  readonly topic: string
  readonly partition: number
  readonly sizeBytes: number
  readonly signal: AbortSignal
  readonly nextOffset: number
  readonly leaderEpoch: number
  readonly decoding: Decoding
  readonly #batches: readonly RecordBatch[]
  readonly #fromOffset: number
  readonly #toOffset: number
  readonly #highWatermark: number
  readonly #owner: BatchOwner
  #size: number | undefined
  /** What is told when the batch is done, or a record of it; `undefined` where nobody commits. */
  delivery: Delivery | undefined
  /** Offsets of records that went to a dead letter topic instead. */
  #buried: Set<number> | undefined

  constructor(options: BatchOptions) {
    this.topic = options.topic
    this.partition = options.partition
    this.sizeBytes = options.sizeBytes
    this.signal = options.signal
    this.nextOffset = options.nextOffset
    this.leaderEpoch = options.leaderEpoch
    this.decoding = options.decoding
    this.#batches = options.batches
    this.#fromOffset = options.fromOffset
    this.#toOffset = options.toOffset
    this.#highWatermark = options.highWatermark
    this.#owner = options.owner
  }

  get firstOffset(): bigint {
    return BigInt(Math.max(this.#fromOffset, this.#batches[0]!.baseOffset))
  }

  get lastOffset(): bigint {
    return BigInt(Math.min(this.#toOffset - 1, this.#batches.at(-1)!.lastOffset))
  }

  get highWatermark(): bigint {
    return BigInt(this.#highWatermark)
  }

  get size(): number {
    this.#size ??= this.#count()
    return this.#size
  }

  [Symbol.iterator](): IterableIterator<DeliveredRecord> {
    const policy = this.decoding.onDeserializationError
    if (policy === 'fail' && this.#buried === undefined) return this.all()
    return this.#readable(policy !== 'fail' && (typeof policy !== 'object' || this.#buried === undefined))
  }

  /** Every record there is, whether it can be read or not. */
  all(): IterableIterator<DeliveredRecord> {
    return new DeliveredRecords(this, this.#batches, this.#fromOffset, this.#toOffset)
  }

  *#readable(eager: boolean): Generator<DeliveredRecord, void, void> {
    for (const record of this.all()) {
      if (this.#buried?.has(record.offsetNumber) === true) continue
      if (eager && !this.#isReadable(record)) continue
      yield record
    }
  }

  /** What `signal` says, for those who ask before every record. */
  get isTakenAway(): boolean {
    return this.delivery === undefined ? this.signal.aborted : this.delivery.assigned.isAborted
  }

  /** Leaves records out of what is delivered; set once, before the batch is handed out. */
  withoutOffsets(offsets: Set<number>): void {
    this.#buried = offsets
    this.#size = this.#count() - offsets.size
  }

  done(): void {
    this.#owner.done(this)
  }

  async commit(options?: CallOptions): Promise<void> {
    await this.#owner.commit(this, options)
  }

  /** The same batch as the context of a record that was copied out of it: holds no fetched bytes. */
  withoutRecords(): DeliveredBatch {
    return new DeliveredBatch({
      topic: this.topic,
      partition: this.partition,
      batches: [],
      fromOffset: this.#fromOffset,
      toOffset: this.#toOffset,
      nextOffset: this.nextOffset,
      leaderEpoch: this.leaderEpoch,
      highWatermark: this.#highWatermark,
      sizeBytes: 0,
      signal: this.signal,
      decoding: this.decoding,
      owner: this.#owner,
    })
  }

  #count(): number {
    let count = 0
    for (const batch of this.#batches) {
      count += batch.recordCount
      if (isWithin(batch, this.#fromOffset, this.#toOffset)) continue
      for (const { offset } of batch) if (offset < this.#fromOffset || offset >= this.#toOffset) count--
    }
    return count
  }

  /** Reads the record once; asks the application about a failure. @returns false to leave it out @throws to stop */
  #isReadable(record: DeliveredRecord): boolean {
    try {
      void record.key
      void record.value
      return true
    } catch (error) {
      const policy = this.decoding.onDeserializationError
      if (!KafkaError.is(error)) throw error
      const { topic, partition, offset } = record
      // Dead letters are sent before the batch is handed out; what fails only now stops, so that it is not lost.
      const answer =
        typeof policy === 'function'
          ? policy(error, { topic, partition, offset })
          : typeof policy === 'object'
            ? 'fail'
            : policy
      if (answer === 'skip') return false
      if (answer !== 'raw') throw error
      record.error = error
      return true
    }
  }
}

/** All of the batch's records are in [from, to). */
function isWithin(batch: RecordBatch, fromOffset: number, toOffset: number): boolean {
  return batch.baseOffset >= fromOffset && batch.lastOffset < toOffset
}

/**
 * Walks the records of some batches. Written by hand: a generator costs more than the scan of a record, and this is the
 * way of every record that is consumed. Compared with the iteration of `RecordBatch` in the tests.
 */
class DeliveredRecords implements IterableIterator<DeliveredRecord> {
  readonly #delivered: DeliveredBatch
  readonly #batches: readonly RecordBatch[]
  readonly #fromOffset: number
  readonly #toOffset: number
  readonly #scanner = new RecordScanner()
  #next = 0
  #source: BatchSource | undefined
  /** Of the present batch not every record is delivered. */
  #isPartial = false

  constructor(delivered: DeliveredBatch, batches: readonly RecordBatch[], fromOffset: number, toOffset: number) {
    this.#delivered = delivered
    this.#batches = batches
    this.#fromOffset = fromOffset
    this.#toOffset = toOffset
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<DeliveredRecord, undefined> {
    for (;;) {
      const source = this.#source ?? this.#open()
      if (source === undefined) return { value: undefined, done: true }
      const scanner = this.#scanner
      while (scanner.next()) {
        const offset = source.baseOffset + scanner.offsetDelta
        if (this.#isPartial && (offset < this.#fromOffset || offset >= this.#toOffset)) continue
        return { value: new DeliveredRecord(this.#delivered, source, source.bytes, offset, scanner), done: false }
      }
      this.#source = undefined
      if (scanner.malformed) throw this.#batches[this.#next - 1]!.malformedError()
    }
  }

  return(): IteratorResult<DeliveredRecord, undefined> {
    this.#next = this.#batches.length
    this.#source = undefined
    return { value: undefined, done: true }
  }

  #open(): BatchSource | undefined {
    const batch = this.#batches[this.#next]
    if (batch === undefined) return undefined
    this.#next++
    batch.scan(this.#scanner)
    this.#isPartial = !isWithin(batch, this.#fromOffset, this.#toOffset)
    return (this.#source = new BatchSource(batch, this.#scanner.bytes))
  }
}
