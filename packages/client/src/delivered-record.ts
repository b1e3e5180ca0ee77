/**
 * One record as the application sees it: positions in the batch's bytes, nothing decoded that is not asked for. One small
 * object per record; what is rarely looked at (headers, a copy) is found by scanning the record's own bytes again.
 */
import type { RecordBatch, RecordScanner, RecordView } from '@braidlog/records'
import type { DeliveredBatch } from './delivered-batch.ts'
import { KafkaError } from './errors.ts'
import type { ConsumerRecord, RecordHeaders } from './record.ts'
import type { Deserializer, SerdeContext } from './serde.ts'

/** What a record knows through its batch: a fetched batch, or the copy of one record. */
export interface RecordSource {
  readonly leaderEpoch: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  /** NaN when it is no safe integer. */
  timestampOf(timestampDelta: number): number
  viewOf(start: number, end: number): RecordView
}

/** A batch opened for delivery, with its records' bytes as the Buffer that views are cut from. */
export class BatchSource implements RecordSource {
  readonly bytes: Buffer
  readonly baseOffset: number
  readonly #batch: RecordBatch

  constructor(batch: RecordBatch, records: Uint8Array) {
    this.#batch = batch
    this.baseOffset = batch.baseOffset
    this.bytes = bufferOver(records)
  }

  get leaderEpoch(): number {
    return this.#batch.leaderEpoch
  }

  get timestampType(): 'CreateTime' | 'LogAppendTime' {
    return this.#batch.timestampType
  }

  timestampOf(timestampDelta: number): number {
    return this.#batch.timestampOf(timestampDelta)
  }

  viewOf(start: number, end: number): RecordView {
    return this.#batch.recordBetween(start, end)
  }
}

/** A record by itself, over a copy of its own bytes. */
class DetachedSource implements RecordSource {
  readonly leaderEpoch: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  readonly #view: RecordView

  constructor(view: RecordView, leaderEpoch: number) {
    this.#view = view
    this.leaderEpoch = leaderEpoch
    this.timestampType = view.timestampType
  }

  timestampOf(): number {
    return Number.NaN // the view knows
  }

  viewOf(): RecordView {
    return this.#view
  }
}

/** Where the parts of a record stand; a start of -1 means null. */
type Layout = Pick<
  RecordScanner,
  'recordStart' | 'recordEnd' | 'keyStart' | 'keyEnd' | 'valueStart' | 'valueEnd' | 'timestampDelta' | 'headerCount'
>

export class DeliveredRecord implements ConsumerRecord<unknown, unknown> {
  readonly #batch: DeliveredBatch
  readonly #source: RecordSource
  readonly #bytes: Buffer
  /** The offset as a number, for our own arithmetic. */
  readonly offsetNumber: number
  readonly #start: number
  readonly #end: number
  readonly #keyStart: number
  readonly #keyEnd: number
  readonly #valueStart: number
  readonly #valueEnd: number
  readonly #timestampDelta: number
  readonly #headerCount: number
  /** Set once, before the record is handed out. */
  error: KafkaError | null = null

  constructor(batch: DeliveredBatch, source: RecordSource, bytes: Buffer, offset: number, layout: Layout) {
    this.#batch = batch
    this.#source = source
    this.#bytes = bytes
    this.offsetNumber = offset
    this.#start = layout.recordStart
    this.#end = layout.recordEnd
    this.#keyStart = layout.keyStart
    this.#keyEnd = layout.keyEnd
    this.#valueStart = layout.valueStart
    this.#valueEnd = layout.valueEnd
    this.#timestampDelta = layout.timestampDelta
    this.#headerCount = layout.headerCount
  }

  get topic(): string {
    return this.#batch.topic
  }

  get partition(): number {
    return this.#batch.partition
  }

  get offset(): bigint {
    return BigInt(this.offsetNumber)
  }

  get batch(): DeliveredBatch {
    return this.#batch
  }

  get leaderEpoch(): number {
    return this.#source.leaderEpoch
  }

  get timestamp(): number {
    const timestamp = this.#source.timestampOf(this.#timestampDelta)
    return Number.isNaN(timestamp) ? this.#view.timestampMs : timestamp
  }

  get timestampType(): 'create' | 'append' {
    return this.#source.timestampType === 'LogAppendTime' ? 'append' : 'create'
  }

  get key(): unknown {
    return this.#keyStart < 0 ? null : this.#read(this.#batch.decoding.key, this.#keyStart, this.#keyEnd, true)
  }

  get value(): unknown {
    return this.#valueStart < 0 ? null : this.#read(this.#batch.decoding.value, this.#valueStart, this.#valueEnd, false)
  }

  get rawKey(): Buffer | null {
    return this.#keyStart < 0 ? null : slice(this.#bytes, this.#keyStart, this.#keyEnd)
  }

  get rawValue(): Buffer | null {
    return this.#valueStart < 0 ? null : slice(this.#bytes, this.#valueStart, this.#valueEnd)
  }

  get headers(): RecordHeaders {
    return this.#headerCount === 0 ? NO_HEADERS : new DeliveredHeaders(this.#view)
  }

  detach(): DeliveredRecord {
    const view = this.#view.detach()
    const layout: Layout = {
      recordStart: 0,
      recordEnd: view.bytes.length,
      keyStart: view.keyStart,
      keyEnd: view.keyEnd,
      valueStart: view.valueStart,
      valueEnd: view.valueEnd,
      timestampDelta: 0,
      headerCount: view.headerCount,
    }
    const source = new DetachedSource(view, this.leaderEpoch)
    const copy = new DeliveredRecord(
      this.#batch.withoutRecords(),
      source,
      bufferOver(view.bytes),
      this.offsetNumber,
      layout,
    )
    copy.error = this.error
    return copy
  }

  get #view(): RecordView {
    return this.#source.viewOf(this.#start, this.#end)
  }

  #read(serde: Deserializer<unknown>, start: number, end: number, isKey: boolean): unknown {
    try {
      const context = new DeliveredContext(this, isKey)
      if (serde.deserializeSlice !== undefined) return serde.deserializeSlice(this.#bytes, start, end, context)
      return serde.deserialize(slice(this.#bytes, start, end), context)
    } catch (cause) {
      return this.#unreadable(cause, isKey)
    }
  }

  #unreadable(cause: unknown, isKey: boolean): null {
    if (this.error !== null) return null
    const { topic, partition } = this.#batch
    const item = `${topic}-${partition}@${this.offsetNumber}`
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new KafkaError(
      'DESERIALIZATION_FAILED',
      `${item}: the ${isKey ? 'key' : 'value'} cannot be read: ${reason}`,
      { cause, details: [{ item, topic, partition, offset: this.offset, error: null }] },
    )
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
    this.#headers = view.headers.map(({ key, value }) => [key, value === null ? null : bufferOver(value)])
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

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function slice(bytes: Buffer, start: number, end: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
}
