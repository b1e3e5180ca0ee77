/**
 * Is this a batch that may be stored? Answered from the header and the checksum, without decoding records, without
 * throwing and without allocating: the answer is a number.
 *
 * Order matters: nothing is read before it is known to be there, and cheap checks come before the checksum.
 * Source: KIP-98; what brokers have checked since Produce v3.
 */
import { ErrorCode } from '@braidlog/model/nouns'
import { compressionOf, hasDeleteHorizon, isControl, isTransactional } from './attributes.ts'
import {
  ATTRIBUTES_AT,
  batchAttributes,
  BATCH_HEADER_SIZE_BYTES,
  batchBaseOffset,
  batchBaseSequence,
  batchCrc,
  batchLastOffsetDelta,
  batchMagic,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeBytes,
  LENGTH_OVERHEAD_SIZE_BYTES,
  MAGIC,
  MAGIC_PREFIX_SIZE_BYTES,
  type Crc32c,
} from './header.ts'

export const BatchFault = {
  None: 0,
  /** The batch goes on beyond `end`: wait for more, or drop it at the end of a fetch or a file. */
  Truncated: 1,
  /** A length smaller than a header. */
  InvalidLength: 2,
  /** Larger than `sizeBytesMax`. */
  TooLarge: 3,
  /** Message format 0 or 1, or one not invented yet. */
  UnsupportedMagic: 4,
  ChecksumMismatch: 5,
  /** A compression code nobody has defined. */
  InvalidCompression: 6,
  /** A count below 0; from a client, below 1. */
  InvalidCount: 7,
  /** lastOffsetDelta negative, below count - 1, or (from a client) not exactly count - 1. */
  OffsetDeltaMismatch: 8,
  /** A base offset below 0 or beyond ±(2^53-1), in a batch that comes with its final offsets. */
  InvalidOffset: 9,
  /** A control batch or delete horizon from a client. */
  ReservedAttributes: 10,
  /** A producer id without epoch or sequence, or transactional without a producer id. */
  InvalidProducer: 11,
  /** Records do not fill the batch as their lengths say. */
  MalformedRecords: 12,
  /** Offset deltas of a client's records are not 0, 1, 2, … */
  RecordOffsetMismatch: 13,
  /** A record without key where the topic is compacted. */
  MissingKey: 14,
  /** A timestamp outside the range that the topic accepts. */
  TimestampOutOfRange: 15,
} as const
export type BatchFault = (typeof BatchFault)[keyof typeof BatchFault]

export interface ValidateOptions {
  readonly crc32c: Crc32c
  /**
   * Who made the batch. From a client: offsets are ours to assign, counts must match exactly, control batches are
   * forbidden. From a leader or a file: offsets are final, compaction may have left gaps or nothing.
   */
  readonly origin: 'client' | 'leader'
  readonly sizeBytesMax?: number
  /** `false` skips the checksum, for bytes whose checksum this process has verified before. */
  readonly verifyCrc?: boolean
}

/**
 * @param bytes and `view` share memory and positions
 * @param at where the batch begins @param end where the readable bytes end
 */
export function validateBatch(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  options: ValidateOptions,
): BatchFault {
  const available = end - at
  if (available < LENGTH_OVERHEAD_SIZE_BYTES) return BatchFault.Truncated
  // Formats 0 and 1 have shorter headers: look at the magic before judging the length.
  if (available >= MAGIC_PREFIX_SIZE_BYTES && batchMagic(view, at) !== MAGIC) return BatchFault.UnsupportedMagic
  const sizeBytes = batchSizeBytes(view, at)
  if (sizeBytes < BATCH_HEADER_SIZE_BYTES) return BatchFault.InvalidLength
  if (options.sizeBytesMax !== undefined && sizeBytes > options.sizeBytesMax) return BatchFault.TooLarge
  if (sizeBytes > available) return BatchFault.Truncated

  const fault = validateHeader(view, at, options.origin)
  if (fault !== BatchFault.None) return fault
  if (options.verifyCrc === false) return BatchFault.None
  const crc = options.crc32c(bytes, at + ATTRIBUTES_AT, at + sizeBytes)
  return crc === batchCrc(view, at) ? BatchFault.None : BatchFault.ChecksumMismatch
}

function validateHeader(view: DataView, at: number, origin: 'client' | 'leader'): BatchFault {
  const attributes = batchAttributes(view, at)
  if (compressionOf(attributes) === undefined) return BatchFault.InvalidCompression
  const count = batchRecordCount(view, at)
  const lastOffsetDelta = batchLastOffsetDelta(view, at)
  if (origin === 'client') {
    if (count < 1) return BatchFault.InvalidCount
    if (lastOffsetDelta !== count - 1) return BatchFault.OffsetDeltaMismatch
    if (isControl(attributes) || hasDeleteHorizon(attributes)) return BatchFault.ReservedAttributes
  } else {
    if (count < 0) return BatchFault.InvalidCount
    if (lastOffsetDelta < 0 || lastOffsetDelta < count - 1) return BatchFault.OffsetDeltaMismatch
    const baseOffset = batchBaseOffset(view, at)
    if (baseOffset < 0 || !Number.isSafeInteger(baseOffset + lastOffsetDelta)) return BatchFault.InvalidOffset
  }
  return validateProducer(view, at, attributes)
}

function validateProducer(view: DataView, at: number, attributes: number): BatchFault {
  const producerId = batchProducerId(view, at)
  if (producerId < 0) return isTransactional(attributes) ? BatchFault.InvalidProducer : BatchFault.None
  if (!Number.isSafeInteger(producerId) || batchProducerEpoch(view, at) < 0) return BatchFault.InvalidProducer
  // Markers carry a producer but no sequence.
  if (batchBaseSequence(view, at) < 0 && !isControl(attributes)) return BatchFault.InvalidProducer
  return BatchFault.None
}

/** What a produce or fetch response says about a fault. */
export function faultErrorCode(fault: BatchFault): ErrorCode {
  switch (fault) {
    case BatchFault.None:
      return ErrorCode.NONE
    case BatchFault.Truncated:
    case BatchFault.InvalidLength:
    case BatchFault.ChecksumMismatch:
      return ErrorCode.CORRUPT_MESSAGE
    case BatchFault.TooLarge:
      return ErrorCode.MESSAGE_TOO_LARGE
    case BatchFault.InvalidCompression:
      return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
    case BatchFault.TimestampOutOfRange:
      return ErrorCode.INVALID_TIMESTAMP
    case BatchFault.UnsupportedMagic:
    case BatchFault.InvalidCount:
    case BatchFault.OffsetDeltaMismatch:
    case BatchFault.InvalidOffset:
    case BatchFault.ReservedAttributes:
    case BatchFault.InvalidProducer:
    case BatchFault.MalformedRecords:
    case BatchFault.RecordOffsetMismatch:
    case BatchFault.MissingKey:
      return ErrorCode.INVALID_RECORD
    default:
      return fault satisfies never
  }
}

/** One sentence per fault, for error messages and logs. */
export function faultMessage(fault: BatchFault): string {
  switch (fault) {
    case BatchFault.None:
      return 'The batch is valid.'
    case BatchFault.Truncated:
      return 'The batch ends before the length it announces.'
    case BatchFault.InvalidLength:
      return 'The batch announces a length shorter than its own header.'
    case BatchFault.TooLarge:
      return 'The batch is larger than allowed (max.message.bytes).'
    case BatchFault.UnsupportedMagic:
      return 'Only message format 2 is spoken; formats 0 and 1 must be converted by an older client or broker.'
    case BatchFault.ChecksumMismatch:
      return 'The checksum does not match: the batch was damaged on its way or on disk.'
    case BatchFault.InvalidCompression:
      return 'The batch is compressed with a codec that does not exist.'
    case BatchFault.InvalidCount:
      return 'The batch announces an impossible number of records.'
    case BatchFault.OffsetDeltaMismatch:
      return 'The last offset of the batch does not fit its number of records.'
    case BatchFault.InvalidOffset:
      return 'The base offset of the batch is negative or beyond 2^53.'
    case BatchFault.ReservedAttributes:
      return 'Clients may not write control batches or set a delete horizon.'
    case BatchFault.InvalidProducer:
      return 'The batch has a producer id without epoch or sequence, or is transactional without a producer id.'
    case BatchFault.MalformedRecords:
      return 'The records do not fill the batch as their lengths say.'
    case BatchFault.RecordOffsetMismatch:
      return 'The records of the batch are not numbered 0, 1, 2 and so on.'
    case BatchFault.MissingKey:
      return 'The topic is compacted: every record needs a key.'
    case BatchFault.TimestampOutOfRange:
      return 'A record has a timestamp outside the range that the topic accepts.'
    default:
      return fault satisfies never
  }
}
