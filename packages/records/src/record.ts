/**
 * One record of a batch, as a light view: numbers only, bytes sliced when asked for.
 *
 * A view keeps the whole (decompressed) batch alive. Keep `detach()` of a record that outlives its batch.
 */
import { RecordsError } from './errors.ts'
import type { TimestampType } from './attributes.ts'
import type { RecordLayout } from './scan.ts'
import { VarintReader } from './varint.ts'

export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const noHeaders: readonly RecordHeader[] = []
const headerReader = new VarintReader(new Uint8Array(0))

export class RecordView {
  readonly offset: number
  readonly timestampType: TimestampType
  /**
   * Where key and value stand in `bytes`, for decoders that read in place: [keyStart, keyEnd), [valueStart, valueEnd).
   * A start of -1 means null.
   */
  readonly bytes: Uint8Array
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
  readonly #start: number
  readonly #end: number
  readonly #headerCount: number
  readonly #headersAt: number
  readonly #timestamp: number
  readonly #timestampExact: bigint | undefined

  /** @param exact the timestamp, when `timestamp` cannot hold it and is NaN @param shift added to every position */
  constructor(
    layout: RecordLayout,
    bytes: Uint8Array,
    offset: number,
    timestamp: number,
    timestampType: TimestampType,
    exact: bigint | undefined,
    shift = 0,
  ) {
    this.bytes = bytes
    this.offset = offset
    this.timestampType = timestampType
    this.keyStart = layout.keyStart < 0 ? -1 : layout.keyStart + shift
    this.keyEnd = layout.keyEnd + shift
    this.valueStart = layout.valueStart < 0 ? -1 : layout.valueStart + shift
    this.valueEnd = layout.valueEnd + shift
    this.#start = layout.recordStart + shift
    this.#end = layout.recordEnd + shift
    this.#headerCount = layout.headerCount
    this.#headersAt = layout.headersAt + shift
    this.#timestamp = timestamp
    this.#timestampExact = exact
  }

  /** @returns a view of the batch; a new one each time */
  get key(): Uint8Array | null {
    return this.keyStart < 0 ? null : this.bytes.subarray(this.keyStart, this.keyEnd)
  }

  /** @returns a view of the batch; a new one each time */
  get value(): Uint8Array | null {
    return this.valueStart < 0 ? null : this.bytes.subarray(this.valueStart, this.valueEnd)
  }

  /** Decoded anew each time; the values are views of the batch. */
  get headers(): readonly RecordHeader[] {
    if (this.#headerCount === 0) return noHeaders
    const reader = headerReader
    reader.reset(this.bytes, this.#headersAt)
    const headers: RecordHeader[] = []
    for (let i = 0; i < this.#headerCount; i++) {
      const keySizeBytes = reader.varint()
      const key = utf8.decode(this.bytes.subarray(reader.at, reader.at + keySizeBytes))
      reader.at += keySizeBytes
      const valueSizeBytes = reader.varint()
      const value = valueSizeBytes < 0 ? null : this.bytes.subarray(reader.at, reader.at + valueSizeBytes)
      if (valueSizeBytes > 0) reader.at += valueSizeBytes
      headers.push({ key, value })
    }
    return headers
  }

  get headerCount(): number {
    return this.#headerCount
  }

  /**
   * Milliseconds since the Unix epoch; -1 when the producer set none.
   * @throws RecordsError `NUMBER_OUT_OF_RANGE` when it is beyond ±(2^53-1), as nanoseconds are: use `timestampBigInt`
   */
  get timestampMs(): number {
    if (Number.isNaN(this.#timestamp)) {
      throw new RecordsError(
        'NUMBER_OUT_OF_RANGE',
        `the timestamp ${this.timestampBigInt} of offset ${this.offset} is no safe integer; read timestampBigInt`,
      )
    }
    return this.#timestamp
  }

  /** The timestamp over the whole int64. */
  get timestampBigInt(): bigint {
    return this.#timestampExact ?? BigInt(this.#timestamp)
  }

  /** Bytes that the record takes in its uncompressed batch. */
  get sizeBytes(): number {
    return this.#end - this.#start
  }

  /** @returns the same record over a copy of its own bytes, independent of the batch */
  detach(): RecordView {
    const shift = -this.#start
    return new RecordView(
      {
        keyStart: this.keyStart,
        keyEnd: this.keyEnd,
        valueStart: this.valueStart,
        valueEnd: this.valueEnd,
        recordStart: this.#start,
        recordEnd: this.#end,
        headerCount: this.#headerCount,
        headersAt: this.#headersAt,
      },
      this.bytes.slice(this.#start, this.#end),
      this.offset,
      this.#timestamp,
      this.timestampType,
      this.#timestampExact,
      shift,
    )
  }
}
