/**
 * The 61-byte header of a record batch (magic 2), read and patched in place.
 *
 * ```
 *  at  size  field                  covered by crc
 *   0    8   baseOffset             no    the leader assigns it
 *   8    4   batchLength            no    bytes after this field: batch size - 12
 *  12    4   partitionLeaderEpoch   no    the leader assigns it
 *  16    1   magic                  no    2; 0 and 1 are message sets from before 2017
 *  17    4   crc                    -     CRC-32C over [21, end of batch)
 *  21    2   attributes             yes   see attributes.ts
 *  23    4   lastOffsetDelta        yes   kept by compaction even when the last record went
 *  27    8   baseTimestamp          yes   of the first record; with a delete horizon: the horizon
 *  35    8   maxTimestamp           yes
 *  43    8   producerId             yes   -1: not idempotent
 *  51    2   producerEpoch          yes
 *  53    4   baseSequence           yes
 *  57    4   recordCount            yes   0 in a batch that compaction emptied
 *  61    …   records                yes   compressed as one block when attributes say so
 * ```
 *
 * The fields before the crc are not covered by it, so a leader patches base offset and epoch without reading the batch.
 * Every function takes the position of the batch in the view; none checks bounds beyond DataView's own: call
 * `validateBatch` first on bytes that came from outside. 64-bit fields come back as numbers that a caller who needs them
 * exact must test with `Number.isSafeInteger` (clients do put nanoseconds into timestamps).
 *
 * Source: KIP-98; Apache Kafka's message format document.
 */
import { assert, readInt64, writeInt64 } from '@braidlog/base'

export const BASE_OFFSET_AT = 0
export const LENGTH_AT = 8
export const LEADER_EPOCH_AT = 12
export const MAGIC_AT = 16
export const CRC_AT = 17
export const ATTRIBUTES_AT = 21
export const LAST_OFFSET_DELTA_AT = 23
export const BASE_TIMESTAMP_AT = 27
export const MAX_TIMESTAMP_AT = 35
export const PRODUCER_ID_AT = 43
export const PRODUCER_EPOCH_AT = 51
export const BASE_SEQUENCE_AT = 53
export const RECORD_COUNT_AT = 57
export const BATCH_HEADER_SIZE_BYTES = 61

/** Bytes of `baseOffset` and `batchLength`, which the length does not count. */
export const LENGTH_OVERHEAD_SIZE_BYTES = 12
/** Bytes that must be there before the magic can be read. */
export const MAGIC_PREFIX_SIZE_BYTES = MAGIC_AT + 1
export const MAGIC = 2

assert(LENGTH_OVERHEAD_SIZE_BYTES === LENGTH_AT + 4, 'the length counts what follows it')
assert(ATTRIBUTES_AT === CRC_AT + 4, 'the crc covers what follows it')
assert(BATCH_HEADER_SIZE_BYTES === RECORD_COUNT_AT + 4, 'records follow their count')

export const NO_PRODUCER_ID = -1
export const NO_PRODUCER_EPOCH = -1
export const NO_SEQUENCE = -1
export const NO_LEADER_EPOCH = -1
export const NO_TIMESTAMP = -1

export function batchBaseOffset(view: DataView, at: number): number {
  return readInt64(view, at + BASE_OFFSET_AT)
}

/** Bytes after the length field. */
export function batchLength(view: DataView, at: number): number {
  return view.getInt32(at + LENGTH_AT)
}

/** Bytes of the whole batch: where the next one begins, relative to `at`. */
export function batchSizeBytes(view: DataView, at: number): number {
  return view.getInt32(at + LENGTH_AT) + LENGTH_OVERHEAD_SIZE_BYTES
}

export function batchLeaderEpoch(view: DataView, at: number): number {
  return view.getInt32(at + LEADER_EPOCH_AT)
}

export function batchMagic(view: DataView, at: number): number {
  return view.getInt8(at + MAGIC_AT)
}

/** The stored checksum, unsigned. */
export function batchCrc(view: DataView, at: number): number {
  return view.getUint32(at + CRC_AT)
}

export function batchAttributes(view: DataView, at: number): number {
  return view.getInt16(at + ATTRIBUTES_AT)
}

export function batchLastOffsetDelta(view: DataView, at: number): number {
  return view.getInt32(at + LAST_OFFSET_DELTA_AT)
}

/** Offset of the last record, or what it was before compaction removed it. */
export function batchLastOffset(view: DataView, at: number): number {
  return readInt64(view, at + BASE_OFFSET_AT) + view.getInt32(at + LAST_OFFSET_DELTA_AT)
}

/** Offset after the batch: where the next one starts at the earliest. */
export function batchNextOffset(view: DataView, at: number): number {
  return batchLastOffset(view, at) + 1
}

export function batchBaseTimestamp(view: DataView, at: number): number {
  return readInt64(view, at + BASE_TIMESTAMP_AT)
}

export function batchMaxTimestamp(view: DataView, at: number): number {
  return readInt64(view, at + MAX_TIMESTAMP_AT)
}

export function batchProducerId(view: DataView, at: number): number {
  return readInt64(view, at + PRODUCER_ID_AT)
}

export function batchProducerEpoch(view: DataView, at: number): number {
  return view.getInt16(at + PRODUCER_EPOCH_AT)
}

export function batchBaseSequence(view: DataView, at: number): number {
  return view.getInt32(at + BASE_SEQUENCE_AT)
}

/** Sequence of the last record; sequences run from 0 to 2^31-1 and wrap to 0. `NO_SEQUENCE` when there is none. */
export function batchLastSequence(view: DataView, at: number): number {
  const base = view.getInt32(at + BASE_SEQUENCE_AT)
  if (base === NO_SEQUENCE) return NO_SEQUENCE
  return addToSequence(base, view.getInt32(at + LAST_OFFSET_DELTA_AT))
}

/** @returns `sequence + increment`, wrapped into [0, 2^31). */
export function addToSequence(sequence: number, increment: number): number {
  return (sequence + increment) % 2 ** 31
}

export function batchRecordCount(view: DataView, at: number): number {
  return view.getInt32(at + RECORD_COUNT_AT)
}

export function setBatchBaseOffset(view: DataView, at: number, offset: number): void {
  writeInt64(view, at + BASE_OFFSET_AT, offset)
}

export function setBatchLeaderEpoch(view: DataView, at: number, epoch: number): void {
  view.setInt32(at + LEADER_EPOCH_AT, epoch)
}

/** Counterpart of `crc32c` in `Codecs`, which every function that changes covered bytes takes. */
export type Crc32c = (bytes: Uint8Array, start: number, end: number) => number

/** Recomputes the checksum over what it covers and stores it. `bytes` and `view` share memory and positions. */
export function sealBatch(bytes: Uint8Array, view: DataView, at: number, crc32c: Crc32c): void {
  view.setUint32(at + CRC_AT, crc32c(bytes, at + ATTRIBUTES_AT, at + batchSizeBytes(view, at)))
}

/**
 * Sets the maximum timestamp and its type (`message.timestamp.type` = LogAppendTime sets both), and re-seals. With
 * LogAppendTime every record has this timestamp, whatever its delta says.
 */
export function setBatchMaxTimestamp(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  timestampMs: number,
  type: 'CreateTime' | 'LogAppendTime',
  crc32c: Crc32c,
): void {
  const attributes = view.getInt16(at + ATTRIBUTES_AT)
  const typed = type === 'LogAppendTime' ? attributes | LOG_APPEND_TIME_BIT : attributes & ~LOG_APPEND_TIME_BIT
  writeInt64(view, at + MAX_TIMESTAMP_AT, timestampMs)
  view.setInt16(at + ATTRIBUTES_AT, typed)
  sealBatch(bytes, view, at, crc32c)
}

/** Bit of the attributes that says timestamps are the broker's; declared here for {@link setBatchMaxTimestamp}. */
export const LOG_APPEND_TIME_BIT = 0x08

/** Sets producer id, epoch and first sequence (a client does so when it sends, not when it fills) and re-seals. */
export function setBatchProducer(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  producer: { readonly id: number; readonly epoch: number; readonly baseSequence: number },
  crc32c: Crc32c,
): void {
  writeInt64(view, at + PRODUCER_ID_AT, producer.id)
  view.setInt16(at + PRODUCER_EPOCH_AT, producer.epoch)
  view.setInt32(at + BASE_SEQUENCE_AT, producer.baseSequence)
  sealBatch(bytes, view, at, crc32c)
}
