/**
 * Builds one batch: each record is encoded once, straight into the open buffer behind 61 reserved bytes; the header is
 * written when the batch is closed.
 *
 * A builder is reused: `reset()` keeps its buffer, `reset(buffer)` takes another from a pool. Nothing is allocated per
 * record.
 */
import { assert, writeInt64 } from '@braidlog/base'
import { attributesOf, type CompressionType, type TimestampType } from './attributes.ts'
import type { Codecs } from './codecs.ts'
import { RecordsError } from './errors.ts'
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_HEADER_SIZE_BYTES,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  LENGTH_AT,
  LENGTH_OVERHEAD_SIZE_BYTES,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  NO_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORD_COUNT_AT,
  sealBatch,
} from './header.ts'
import { encodeUtf8, utf8SizeBytes, writeText, type WriteUtf8 } from './utf8.ts'
import { varintSizeBytes, varlongSizeBytes, writeVarint, writeVarlong } from './varint.ts'

/** What a key, a value or a header value may be; strings are written as UTF-8. */
export type Payload = Uint8Array | string | null

export interface HeaderInput {
  readonly key: string
  readonly value: Payload
}

export interface BatchBuilderOptions {
  readonly codecs: Codecs
  /**
   * Size at which the batch counts as full, header included and before compression. The first record always fits, up to
   * `recordSizeBytesMax`.
   */
  readonly sizeBytesMax: number
  /** Largest record accepted at all. Default: 100 MiB, what a request may hold. */
  readonly recordSizeBytesMax?: number
  readonly compression?: CompressionType
  /** Of the codec; its own default when left out. */
  readonly level?: number
  /**
   * Time from which tombstones and markers in the batch may be removed; takes the place of the base timestamp, to which
   * the records' timestamps are relative (KIP-534).
   */
  readonly deleteHorizonMs?: number
  /** Buffer to begin with; default: one that grows as needed. */
  readonly buffer?: Uint8Array
}

/** What the header says besides what the records do. */
export interface BatchFields {
  readonly baseOffset?: number
  readonly leaderEpoch?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly transactional?: boolean
  readonly control?: boolean
  readonly timestampType?: TimestampType
  /** Larger than the last record's, when compaction has removed records behind it. */
  readonly lastOffsetDelta?: number
}

const BUFFER_SIZE_BYTES_MIN = 1024
const RECORD_SIZE_BYTES_MAX = 100 * 1024 * 1024
/**
 * Room kept behind every record. A text is written presuming one byte a character; with at least 4 bytes more than that,
 * one that is longer always shows by the number of bytes written, even where it was cut off.
 */
const TEXT_SLACK_SIZE_BYTES = 4

const noHeaders: readonly HeaderInput[] = []

export class BatchBuilder {
  readonly #codecs: Codecs
  readonly #write: WriteUtf8
  readonly #compression: CompressionType
  readonly #level: number | undefined
  readonly #recordSizeBytesMax: number
  readonly #deleteHorizonMs: number | undefined
  readonly sizeBytesMax: number
  #buffer: Uint8Array
  #view: DataView
  #at = BATCH_HEADER_SIZE_BYTES
  #count = 0
  #lastOffsetDelta = -1
  #baseTimestamp = NO_TIMESTAMP
  #maxTimestamp = NO_TIMESTAMP

  constructor(options: BatchBuilderOptions) {
    assert(options.sizeBytesMax > BATCH_HEADER_SIZE_BYTES, 'a batch holds at least its header')
    this.#codecs = options.codecs
    this.#write = options.codecs.writeUtf8 ?? encodeUtf8
    this.#compression = options.compression ?? 'none'
    this.#level = options.level
    this.#recordSizeBytesMax = options.recordSizeBytesMax ?? RECORD_SIZE_BYTES_MAX
    this.#deleteHorizonMs = options.deleteHorizonMs
    this.sizeBytesMax = options.sizeBytesMax
    this.#buffer = options.buffer ?? new Uint8Array(Math.min(options.sizeBytesMax, BUFFER_SIZE_BYTES_MIN))
    this.#view = viewOver(this.#buffer)
  }

  get recordCount(): number {
    return this.#count
  }

  /** Size so far, header included, before compression. */
  get sizeBytes(): number {
    return this.#at
  }

  /** Timestamp of the first record, or the delete horizon. */
  get baseTimestampMs(): number {
    return this.#baseTimestamp
  }

  get maxTimestampMs(): number {
    return this.#maxTimestamp
  }

  /** The buffer that a build without compression returns a view of; for pools. */
  get buffer(): Uint8Array {
    return this.#buffer
  }

  /** Empties the builder, on its own buffer or a new one. Views that `build` returned are void from here on. */
  reset(buffer?: Uint8Array): void {
    if (buffer !== undefined) {
      this.#buffer = buffer
      this.#view = viewOver(buffer)
    }
    this.#at = BATCH_HEADER_SIZE_BYTES
    this.#count = 0
    this.#lastOffsetDelta = -1
    this.#baseTimestamp = NO_TIMESTAMP
    this.#maxTimestamp = NO_TIMESTAMP
  }

  /**
   * Encodes a record at the next offset.
   * @returns false when the batch is full: build it and begin another. Never false for the first record.
   * @throws RecordsError `RECORD_TOO_LARGE`, `NUMBER_OUT_OF_RANGE`; the batch is as it was before
   */
  append(key: Payload, value: Payload, timestampMs: number, headers: readonly HeaderInput[] = noHeaders): boolean {
    return this.appendAt(this.#lastOffsetDelta + 1, key, value, timestampMs, headers)
  }

  /** Like `append`, at a given distance from the base offset, which must be beyond the last one's: for compaction. */
  appendAt(
    offsetDelta: number,
    key: Payload,
    value: Payload,
    timestampMs: number,
    headers: readonly HeaderInput[] = noHeaders,
  ): boolean {
    assert(offsetDelta > this.#lastOffsetDelta, 'offsets of a batch go up')
    const base = this.#count === 0 ? (this.#deleteHorizonMs ?? timestampMs) : this.#baseTimestamp
    const timestampDelta = timestampMs - base
    if (!Number.isSafeInteger(timestampMs) || !Number.isSafeInteger(timestampDelta)) {
      throw new RecordsError('NUMBER_OUT_OF_RANGE', `timestamp ${timestampMs} is no integer within ±(2^53-1)`)
    }
    let end = this.#encode(timestampDelta, offsetDelta, key, value, headers, false)
    if (end === TEXT_IS_NOT_ASCII) end = this.#encode(timestampDelta, offsetDelta, key, value, headers, true)
    if (end === BATCH_IS_FULL) return false

    this.#at = end
    this.#count++
    this.#lastOffsetDelta = offsetDelta
    this.#baseTimestamp = base
    this.#maxTimestamp = this.#count === 1 ? timestampMs : Math.max(this.#maxTimestamp, timestampMs)
    return true
  }

  /** @param exact sizes of texts are counted; otherwise one byte a character is presumed and checked */
  #encode(
    timestampDelta: number,
    offsetDelta: number,
    key: Payload,
    value: Payload,
    headers: readonly HeaderInput[],
    exact: boolean,
  ): number {
    const keySizeBytes = payloadSizeBytes(key, exact)
    const valueSizeBytes = payloadSizeBytes(value, exact)
    let bodySizeBytes =
      1 + // attributes
      varlongSizeBytes(timestampDelta) +
      varintSizeBytes(offsetDelta) +
      framedSizeBytes(keySizeBytes) +
      framedSizeBytes(valueSizeBytes) +
      varintSizeBytes(headers.length)
    for (let i = 0; i < headers.length; i++) {
      const header = headers[i]!
      bodySizeBytes +=
        framedSizeBytes(payloadSizeBytes(header.key, exact)) + framedSizeBytes(payloadSizeBytes(header.value, exact))
    }
    const sizeBytes = varintSizeBytes(bodySizeBytes) + bodySizeBytes
    if (sizeBytes > this.#recordSizeBytesMax) {
      throw new RecordsError(
        'RECORD_TOO_LARGE',
        `a record of ${sizeBytes} bytes; at most ${this.#recordSizeBytesMax} are accepted`,
      )
    }
    if (this.#count > 0 && this.#at + sizeBytes > this.sizeBytesMax) return BATCH_IS_FULL
    this.#reserve(this.#at + sizeBytes + TEXT_SLACK_SIZE_BYTES)

    const buffer = this.#buffer
    let at = writeVarint(buffer, this.#at, bodySizeBytes)
    buffer[at++] = 0
    at = writeVarlong(buffer, at, timestampDelta)
    at = writeVarint(buffer, at, offsetDelta)
    at = this.#writePayload(at, key, keySizeBytes)
    if (at < 0) return at
    at = this.#writePayload(at, value, valueSizeBytes)
    if (at < 0) return at
    at = writeVarint(buffer, at, headers.length)
    for (let i = 0; i < headers.length; i++) {
      const header = headers[i]!
      at = this.#writePayload(at, header.key, payloadSizeBytes(header.key, exact))
      if (at < 0) return at
      at = this.#writePayload(at, header.value, payloadSizeBytes(header.value, exact))
      if (at < 0) return at
    }
    assert(at === this.#at + sizeBytes, 'a record takes the bytes counted for it')
    return at
  }

  #writePayload(at: number, payload: Payload, sizeBytes: number): number {
    at = writeVarint(this.#buffer, at, sizeBytes)
    if (sizeBytes <= 0) return at
    if (typeof payload === 'string') {
      return writeText(this.#buffer, payload, at, this.#write) === sizeBytes ? at + sizeBytes : TEXT_IS_NOT_ASCII
    }
    this.#buffer.set(payload!, at)
    return at + sizeBytes
  }

  #reserve(sizeBytes: number): void {
    if (sizeBytes <= this.#buffer.length) return
    const grown = new Uint8Array(Math.max(sizeBytes, Math.min(this.#buffer.length * 2, this.sizeBytesMax)))
    grown.set(this.#buffer.subarray(0, this.#at))
    this.#buffer = grown
    this.#view = viewOver(grown)
  }

  /**
   * Closes the batch.
   * @param compressed what `compressRecords` returned, if that was called
   * @returns without compression a view of the builder's buffer, valid until the next `append` or `reset`; with
   * compression fresh bytes
   */
  build(fields: BatchFields = {}, compressed?: Uint8Array): Uint8Array {
    if (this.#compression === 'none' || this.#count === 0) return this.#seal(this.#buffer, this.#view, this.#at, fields)
    const records = compressed ?? this.#codecs.compress(this.#compression, this.#records(), this.#level)
    const batch = new Uint8Array(BATCH_HEADER_SIZE_BYTES + records.length)
    batch.set(records, BATCH_HEADER_SIZE_BYTES)
    return this.#seal(batch, viewOver(batch), batch.length, fields)
  }

  /** The records compressed, off the event loop where that pays. The builder must be left alone meanwhile. */
  async compressRecords(): Promise<Uint8Array> {
    assert(this.#count > 0, 'there is something to compress')
    return await this.#codecs.compressAsync(this.#compression, this.#records(), this.#level)
  }

  #records(): Uint8Array {
    return this.#buffer.subarray(BATCH_HEADER_SIZE_BYTES, this.#at)
  }

  #seal(bytes: Uint8Array, view: DataView, sizeBytes: number, fields: BatchFields): Uint8Array {
    writeInt64(view, BASE_OFFSET_AT, fields.baseOffset ?? 0)
    view.setInt32(LENGTH_AT, sizeBytes - LENGTH_OVERHEAD_SIZE_BYTES)
    view.setInt32(LEADER_EPOCH_AT, fields.leaderEpoch ?? NO_LEADER_EPOCH)
    view.setInt8(MAGIC_AT, MAGIC)
    view.setInt16(ATTRIBUTES_AT, this.#attributes(fields))
    view.setInt32(LAST_OFFSET_DELTA_AT, fields.lastOffsetDelta ?? Math.max(this.#lastOffsetDelta, 0))
    writeInt64(view, BASE_TIMESTAMP_AT, this.#baseTimestamp)
    writeInt64(view, MAX_TIMESTAMP_AT, this.#maxTimestamp)
    writeInt64(view, PRODUCER_ID_AT, fields.producerId ?? NO_PRODUCER_ID)
    view.setInt16(PRODUCER_EPOCH_AT, fields.producerEpoch ?? NO_PRODUCER_EPOCH)
    view.setInt32(BASE_SEQUENCE_AT, fields.baseSequence ?? NO_SEQUENCE)
    view.setInt32(RECORD_COUNT_AT, this.#count)
    sealBatch(bytes, view, 0, this.#codecs.crc32c)
    return bytes.subarray(0, sizeBytes)
  }

  #attributes(fields: BatchFields): number {
    return attributesOf({
      compression: this.#count === 0 ? 'none' : this.#compression,
      timestampType: fields.timestampType ?? 'CreateTime',
      transactional: fields.transactional ?? false,
      control: fields.control ?? false,
      deleteHorizon: this.#deleteHorizonMs !== undefined,
    })
  }
}

/** Outcomes of `#encode` that are no position. */
const BATCH_IS_FULL = -1
const TEXT_IS_NOT_ASCII = -2

function payloadSizeBytes(payload: Payload, exact: boolean): number {
  if (payload === null) return -1
  if (typeof payload !== 'string') return payload.length
  return exact ? utf8SizeBytes(payload) : payload.length
}

/** A length and what it announces; -1 stands for null. */
function framedSizeBytes(sizeBytes: number): number {
  return varintSizeBytes(sizeBytes) + (sizeBytes > 0 ? sizeBytes : 0)
}

function viewOver(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Largest possible offset delta and timestamp delta, length, attributes and header count of a record. */
const RECORD_OVERHEAD_SIZE_BYTES_MAX = 5 + 1 + 10 + 5 + 5 + 5 + 5

/** Size that a record will take at most, for accounting before it is encoded; texts count three bytes a character. */
export function estimateRecordSizeBytes(
  key: Payload,
  value: Payload,
  headers: readonly HeaderInput[] = noHeaders,
): number {
  let sizeBytes = RECORD_OVERHEAD_SIZE_BYTES_MAX + boundSizeBytes(key) + boundSizeBytes(value)
  for (const header of headers) sizeBytes += 10 + boundSizeBytes(header.key) + boundSizeBytes(header.value)
  return sizeBytes
}

function boundSizeBytes(payload: Payload): number {
  if (payload === null) return 0
  return typeof payload === 'string' ? payload.length * 3 : payload.length
}
