/**
 * A batch opened for reading: checksum verified, records decompressed, records themselves decoded only when asked for.
 *
 * ```ts
 * for (const batch of batches(bytes, { codecs })) for (const record of batch) use(record.key, record.value)
 * ```
 */
import {
  compressionOf,
  hasDeleteHorizon,
  isControl,
  isTransactional,
  timestampTypeOf,
  type CompressionType,
  type TimestampType,
} from './attributes.ts'
import type { Codecs } from './codecs.ts'
import { RecordsError } from './errors.ts'
import {
  BASE_TIMESTAMP_AT,
  batchAttributes,
  BATCH_HEADER_SIZE_BYTES,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchLastOffset,
  batchLeaderEpoch,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeBytes,
  MAX_TIMESTAMP_AT,
} from './header.ts'
import { RecordView } from './record.ts'
import { RecordScanner } from './scan.ts'
import { BatchFault, faultMessage, validateBatch } from './validate.ts'
import { VarintReader } from './varint.ts'

/** Most bytes that one batch may decompress to unless the caller says otherwise. */
export const DECOMPRESSED_SIZE_BYTES_MAX = 128 * 1024 * 1024

export interface OpenOptions {
  readonly codecs: Codecs
  /** Default true. */
  readonly verifyCrc?: boolean
  readonly decompressedSizeBytesMax?: number
}

/**
 * Opens the batch at `at`, which must be whole (`wholeBatchEnd`). The batch is a view: valid as long as `bytes` is
 * unchanged.
 * @throws RecordsError
 */
export function openBatch(bytes: Uint8Array, view: DataView, at: number, options: OpenOptions): RecordBatch {
  const compression = checkBatch(bytes, view, at, options)
  if (compression === 'none') return new RecordBatch(bytes, view, at)
  return new RecordBatch(
    bytes,
    view,
    at,
    options.codecs.decompress(compression, compressedRecords(bytes, view, at), sizeBytesMax(options)),
  )
}

/** Like `openBatch`; decompresses off the event loop where that pays. `bytes` must stay unchanged meanwhile. */
export async function openBatchAsync(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  options: OpenOptions,
): Promise<RecordBatch> {
  const compression = checkBatch(bytes, view, at, options)
  if (compression === 'none') return new RecordBatch(bytes, view, at)
  return new RecordBatch(
    bytes,
    view,
    at,
    await options.codecs.decompressAsync(compression, compressedRecords(bytes, view, at), sizeBytesMax(options)),
  )
}

function sizeBytesMax(options: OpenOptions): number {
  return options.decompressedSizeBytesMax ?? DECOMPRESSED_SIZE_BYTES_MAX
}

function compressedRecords(bytes: Uint8Array, view: DataView, at: number): Uint8Array {
  return bytes.subarray(at + BATCH_HEADER_SIZE_BYTES, at + batchSizeBytes(view, at))
}

function checkBatch(bytes: Uint8Array, view: DataView, at: number, options: OpenOptions): CompressionType {
  const fault = validateBatch(bytes, view, at, bytes.length, {
    crc32c: options.codecs.crc32c,
    origin: 'leader',
    verifyCrc: options.verifyCrc !== false,
  })
  if (fault === BatchFault.UnsupportedMagic) throw new RecordsError('UNSUPPORTED_MAGIC', faultMessage(fault))
  if (fault === BatchFault.InvalidCompression) throw new RecordsError('UNSUPPORTED_COMPRESSION', faultMessage(fault))
  if (fault !== BatchFault.None) throw new RecordsError('CORRUPT_BATCH', faultMessage(fault))
  // A batch that compaction emptied may keep a codec in its attributes and has nothing to decompress.
  if (batchRecordCount(view, at) === 0) return 'none'
  return compressionOf(batchAttributes(view, at))!
}

export class RecordBatch implements Iterable<RecordView> {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #at: number
  /** The uncompressed records: a piece of the batch, or what came out of it. */
  readonly #records: Uint8Array
  readonly #recordsStart: number
  readonly #recordsEnd: number
  readonly #isLogAppendTime: boolean
  /** What the records' timestamps are told from; NaN when it is no safe integer, and then so is every sum with it. */
  readonly #timestamp: number
  /** Start of each record, found on first random access. */
  #positions: Int32Array | undefined

  readonly baseOffset: number
  readonly recordCount: number
  readonly attributes: number

  /** Use `openBatch`. @param decompressed the records, when they were compressed */
  constructor(bytes: Uint8Array, view: DataView, at: number, decompressed?: Uint8Array) {
    this.#bytes = bytes
    this.#view = view
    this.#at = at
    this.#records = decompressed ?? bytes
    this.#recordsStart = decompressed === undefined ? at + BATCH_HEADER_SIZE_BYTES : 0
    this.#recordsEnd = decompressed === undefined ? at + batchSizeBytes(view, at) : decompressed.length
    this.baseOffset = batchBaseOffset(view, at)
    this.recordCount = batchRecordCount(view, at)
    this.attributes = batchAttributes(view, at)
    this.#isLogAppendTime = this.timestampType === 'LogAppendTime'
    const timestamp = this.#isLogAppendTime ? batchMaxTimestamp(view, at) : batchBaseTimestamp(view, at)
    this.#timestamp = Number.isSafeInteger(timestamp) ? timestamp : Number.NaN
  }

  get lastOffset(): number {
    return batchLastOffset(this.#view, this.#at)
  }

  /** Where the next batch begins at the earliest, also after compaction. */
  get nextOffset(): number {
    return this.lastOffset + 1
  }

  get leaderEpoch(): number {
    return batchLeaderEpoch(this.#view, this.#at)
  }

  get producerId(): number {
    return batchProducerId(this.#view, this.#at)
  }

  get producerEpoch(): number {
    return batchProducerEpoch(this.#view, this.#at)
  }

  get baseSequence(): number {
    return batchBaseSequence(this.#view, this.#at)
  }

  /** Not a safe integer when a producer sent nanoseconds. */
  get maxTimestampMs(): number {
    return batchMaxTimestamp(this.#view, this.#at)
  }

  /** From when on tombstones and markers in the batch may be removed; `undefined` when compaction has not set it. */
  get deleteHorizonMs(): number | undefined {
    return hasDeleteHorizon(this.attributes) ? batchBaseTimestamp(this.#view, this.#at) : undefined
  }

  get isControl(): boolean {
    return isControl(this.attributes)
  }

  get isTransactional(): boolean {
    return isTransactional(this.attributes)
  }

  get compression(): CompressionType {
    return compressionOf(this.attributes)!
  }

  get timestampType(): TimestampType {
    return timestampTypeOf(this.attributes)
  }

  /** Size as stored, header included. */
  get sizeBytes(): number {
    return batchSizeBytes(this.#view, this.#at)
  }

  /** Size of the records when decompressed. */
  get recordsSizeBytes(): number {
    return this.#recordsEnd - this.#recordsStart
  }

  /** The batch as stored, header included. @returns a view */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(this.#at, this.#at + this.sizeBytes)
  }

  /** @returns a scanner before the first record; pass one to reuse it */
  scan(scanner: RecordScanner = new RecordScanner()): RecordScanner {
    return scanner.reset(this.#records, this.#recordsStart, this.#recordsEnd, this.recordCount)
  }

  /** @throws RecordsError `CORRUPT_BATCH` when the iteration reaches records that are not well-formed */
  *[Symbol.iterator](): Generator<RecordView, void, void> {
    const scanner = this.scan()
    while (scanner.next()) yield this.#recordView(scanner)
    if (scanner.malformed) throw this.malformedError()
  }

  /** The timestamp of a record by its distance from the batch's; NaN when it is no safe integer. */
  timestampOf(timestampDelta: number): number {
    const timestamp = this.#timestamp + (this.#isLogAppendTime ? 0 : timestampDelta)
    return Number.isSafeInteger(timestamp) ? timestamp : Number.NaN
  }

  /** The record that a scanner of this batch found at [start, end). */
  recordBetween(start: number, end: number): RecordView {
    const scanner = new RecordScanner().reset(this.#records, start, end, 1)
    scanner.next()
    return this.#recordView(scanner)
  }

  /** What a scan of this batch's records says when it ends as malformed. */
  malformedError(): RecordsError {
    return new RecordsError('CORRUPT_BATCH', `offset ${this.baseOffset}: ${faultMessage(BatchFault.MalformedRecords)}`)
  }

  /** @param index in [0, recordCount) @throws RecordsError `CORRUPT_BATCH`, RangeError */
  record(index: number): RecordView {
    this.#positions ??= this.#findPositions()
    const start = this.#positions[index]
    if (start === undefined) throw new RangeError(`record ${index} of ${this.recordCount}`)
    return this.recordBetween(start, this.#positions[index + 1] ?? this.#recordsEnd)
  }

  #findPositions(): Int32Array {
    const scanner = this.scan()
    // The count is the sender's word; a record takes seven bytes at least.
    const positions = new Int32Array(Math.min(this.recordCount, Math.ceil(this.recordsSizeBytes / 7)))
    let found = 0
    while (scanner.next()) positions[found++] = scanner.recordStart
    if (scanner.malformed) throw this.malformedError()
    return positions
  }

  #recordView(scanner: RecordScanner): RecordView {
    const timestamp = this.#timestamp + (this.#isLogAppendTime ? 0 : scanner.timestampDelta)
    const offset = this.baseOffset + scanner.offsetDelta
    if (Number.isSafeInteger(timestamp)) {
      return new RecordView(scanner, this.#records, offset, timestamp, this.timestampType, undefined)
    }
    const exact = this.#exactTimestamp(scanner)
    const number = Number(exact)
    return new RecordView(
      scanner,
      this.#records,
      offset,
      Number.isSafeInteger(number) ? number : Number.NaN,
      this.timestampType,
      exact,
    )
  }

  /** The rare timestamp that takes more than 53 bits, or is the sum of one that does. */
  #exactTimestamp(scanner: RecordScanner): bigint {
    if (this.#isLogAppendTime) return this.#view.getBigInt64(this.#at + MAX_TIMESTAMP_AT)
    const delta = new VarintReader(scanner.bytes, scanner.timestampDeltaAt).varlongBigInt()
    return BigInt.asIntN(64, this.#view.getBigInt64(this.#at + BASE_TIMESTAMP_AT) + delta)
  }
}
