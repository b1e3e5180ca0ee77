/**
 * Batches and records as the application sees them, over the lazy views of `records`: nothing is decoded that is not
 * asked for. Serdes run on access; where the application chose to skip what cannot be read, on iteration.
 */
import type { RecordBatch, RecordView } from '@braidlog/records'
import { KafkaError } from './errors.ts'
import type { OnDeserializationError } from './options.ts'
import type { CallOptions, ConsumerBatch, ConsumerRecord, RecordHeaders } from './record.ts'
import type { Deserializer, SerdeContext } from './serde.ts'

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

  *[Symbol.iterator](): Generator<DeliveredRecord, void, void> {
    const policy = this.decoding.onDeserializationError
    const eager = policy !== 'fail' && (typeof policy !== 'object' || this.#buried === undefined)
    for (const record of this.all()) {
      if (this.#buried?.has(record.offsetNumber) === true) continue
      if (eager && !this.#isReadable(record)) continue
      yield record
    }
  }

  /** Every record there is, whether it can be read or not. */
  *all(): Generator<DeliveredRecord, void, void> {
    for (const batch of this.#batches) {
      const isWhole = this.#isWhole(batch)
      for (const view of batch) {
        if (!isWhole && !this.#contains(view.offset)) continue
        yield new DeliveredRecord(view, this, batch.leaderEpoch)
      }
    }
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
      if (this.#isWhole(batch)) continue
      for (const view of batch) if (!this.#contains(view.offset)) count--
    }
    return count
  }

  /** All of the batch's records are delivered. */
  #isWhole(batch: RecordBatch): boolean {
    return batch.baseOffset >= this.#fromOffset && batch.lastOffset < this.#toOffset
  }

  #contains(offset: number): boolean {
    return offset >= this.#fromOffset && offset < this.#toOffset
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

export class DeliveredRecord implements ConsumerRecord<unknown, unknown> {
  readonly #view: RecordView
  readonly #batch: DeliveredBatch
  readonly leaderEpoch: number
  /** Set once, before the record is handed out. */
  error: KafkaError | null = null

  constructor(view: RecordView, batch: DeliveredBatch, leaderEpoch: number) {
    this.#view = view
    this.#batch = batch
    this.leaderEpoch = leaderEpoch
  }

  get topic(): string {
    return this.#batch.topic
  }

  get partition(): number {
    return this.#batch.partition
  }

  get offset(): bigint {
    return BigInt(this.#view.offset)
  }

  /** The offset as a number, for our own arithmetic. */
  get offsetNumber(): number {
    return this.#view.offset
  }

  get batch(): DeliveredBatch {
    return this.#batch
  }

  get timestamp(): number {
    return this.#view.timestampMs
  }

  get timestampType(): 'create' | 'append' {
    return this.#view.timestampType === 'LogAppendTime' ? 'append' : 'create'
  }

  get key(): unknown {
    const bytes = this.rawKey
    return bytes === null ? null : this.#read(bytes, this.#batch.decoding.key, true)
  }

  get value(): unknown {
    const bytes = this.rawValue
    return bytes === null ? null : this.#read(bytes, this.#batch.decoding.value, false)
  }

  get rawKey(): Buffer | null {
    const { bytes, keyStart, keyEnd } = this.#view
    return keyStart < 0 ? null : Buffer.from(bytes.buffer, bytes.byteOffset + keyStart, keyEnd - keyStart)
  }

  get rawValue(): Buffer | null {
    const { bytes, valueStart, valueEnd } = this.#view
    return valueStart < 0 ? null : Buffer.from(bytes.buffer, bytes.byteOffset + valueStart, valueEnd - valueStart)
  }

  get headers(): RecordHeaders {
    return this.#view.headerCount === 0 ? NO_HEADERS : new DeliveredHeaders(this.#view)
  }

  detach(): DeliveredRecord {
    const copy = new DeliveredRecord(this.#view.detach(), this.#batch.withoutRecords(), this.leaderEpoch)
    copy.error = this.error
    return copy
  }

  #read(bytes: Buffer, serde: Deserializer<unknown>, isKey: boolean): unknown {
    const { topic, partition } = this.#batch
    try {
      return serde.deserialize(bytes, new DeliveredContext(this, isKey))
    } catch (cause) {
      if (this.error !== null) return null
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new KafkaError(
        'DESERIALIZATION_FAILED',
        `${topic}-${partition}@${this.#view.offset}: the ${isKey ? 'key' : 'value'} cannot be read: ${reason}`,
        {
          cause,
          details: [
            { item: `${topic}-${partition}@${this.#view.offset}`, topic, partition, offset: this.offset, error: null },
          ],
        },
      )
    }
  }
}

/** What deserializers see of the record they read; headers are decoded for those that look. */
export class DeliveredContext implements SerdeContext {
  readonly #record: DeliveredRecord
  readonly isKey: boolean

  constructor(record: DeliveredRecord, isKey: boolean) {
    this.#record = record
    this.isKey = isKey
  }

  get topic(): string {
    return this.#record.topic
  }

  get headers(): RecordHeaders {
    return this.#record.headers
  }
}

class DeliveredHeaders implements RecordHeaders {
  readonly #headers: readonly (readonly [string, Buffer | null])[]

  constructor(view: Pick<RecordView, 'headers'>) {
    this.#headers = view.headers.map(({ key, value }) => [
      key,
      value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    ])
  }

  get size(): number {
    return this.#headers.length
  }

  [Symbol.iterator](): Iterator<readonly [string, Buffer | null]> {
    return this.#headers[Symbol.iterator]()
  }

  get(name: string): Buffer | null | undefined {
    return this.#headers.findLast((each) => each[0] === name)?.[1]
  }

  text(name: string): string | undefined {
    return this.get(name)?.toString('utf8')
  }

  getAll(name: string): (Buffer | null)[] {
    return this.#headers.filter((each) => each[0] === name).map((each) => each[1])
  }
}

const NO_HEADERS = new DeliveredHeaders({ headers: [] })
