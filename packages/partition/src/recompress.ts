/**
 * Brings a batch into the codec that `compression.type` asks for. Only the block of records is decompressed and compressed
 * anew; the records' own bytes, relative to the same base timestamp and offset, stay as they are.
 */
import {
  batchAttributes,
  BATCH_HEADER_SIZE_BYTES,
  batchSizeBytes,
  COMPRESSION_TYPES,
  compressionOf,
  DECOMPRESSED_SIZE_BYTES_MAX,
  LENGTH_OVERHEAD_SIZE_BYTES,
  sealBatch,
  type Codecs,
  type CompressionType,
} from '@braidlog/records'

/** Positions in the header: see `header.ts` of `records`. */
const LENGTH_AT = 8
const ATTRIBUTES_AT = 21
const COMPRESSION_MASK = 0x07

/**
 * @returns the same batch with the given codec; the caller owns it
 * @throws RecordsError when the batch cannot be decompressed
 */
export function recompressBatch(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  target: { readonly type: CompressionType; readonly level: number | undefined },
  codecs: Codecs,
): Uint8Array {
  const attributes = batchAttributes(view, at)
  const block = bytes.subarray(at + BATCH_HEADER_SIZE_BYTES, at + batchSizeBytes(view, at))
  const records = codecs.decompress(compressionOf(attributes)!, block, DECOMPRESSED_SIZE_BYTES_MAX)
  const compressed = codecs.compress(target.type, records, target.level)
  const batch = new Uint8Array(BATCH_HEADER_SIZE_BYTES + compressed.length)
  batch.set(bytes.subarray(at, at + BATCH_HEADER_SIZE_BYTES))
  batch.set(compressed, BATCH_HEADER_SIZE_BYTES)
  const batchView = new DataView(batch.buffer)
  batchView.setInt32(LENGTH_AT, batch.length - LENGTH_OVERHEAD_SIZE_BYTES)
  batchView.setInt16(ATTRIBUTES_AT, (attributes & ~COMPRESSION_MASK) | COMPRESSION_TYPES.indexOf(target.type))
  sealBatch(batch, batchView, 0, codecs.crc32c)
  return batch
}
