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
  viewOf,
  type Codecs,
  type CompressionType,
} from '@braidlog/records'

/** Positions in the header: see `header.ts` of `records`. */
const LENGTH_AT = 8
const ATTRIBUTES_AT = 21
const COMPRESSION_MASK = 0x07

/** What `compression.type` and the level beside it ask for. */
export interface RecompressTarget {
  readonly type: CompressionType
  readonly level: number | undefined
}

/**
 * @returns the same batch with the given codec; the caller owns it
 * @throws RecordsError when the batch cannot be decompressed
 */
export function recompressBatch(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  target: RecompressTarget,
  codecs: Codecs,
): Uint8Array {
  const { type, block } = recordsOf(bytes, view, at)
  const records = codecs.decompress(type, block, DECOMPRESSED_SIZE_BYTES_MAX)
  return assemble(bytes, at, target.type, codecs.compress(target.type, records, target.level), codecs)
}

/** Like `recompressBatch`, for a batch of its own that must not change meanwhile, off the event loop where that pays. */
export async function recompressBatchAsync(
  batch: Uint8Array,
  target: RecompressTarget,
  codecs: Codecs,
): Promise<Uint8Array> {
  const { type, block } = recordsOf(batch, viewOf(batch), 0)
  const records = await codecs.decompressAsync(type, block, DECOMPRESSED_SIZE_BYTES_MAX)
  const compressed = await codecs.compressAsync(target.type, records, target.level)
  return assemble(batch, 0, target.type, compressed, codecs)
}

function recordsOf(bytes: Uint8Array, view: DataView, at: number): { type: CompressionType; block: Uint8Array } {
  const type = compressionOf(batchAttributes(view, at))!
  return { type, block: bytes.subarray(at + BATCH_HEADER_SIZE_BYTES, at + batchSizeBytes(view, at)) }
}

function assemble(
  source: Uint8Array,
  at: number,
  type: CompressionType,
  compressed: Uint8Array,
  codecs: Codecs,
): Uint8Array {
  const batch = new Uint8Array(BATCH_HEADER_SIZE_BYTES + compressed.length)
  batch.set(source.subarray(at, at + BATCH_HEADER_SIZE_BYTES))
  batch.set(compressed, BATCH_HEADER_SIZE_BYTES)
  const view = viewOf(batch)
  view.setInt32(LENGTH_AT, batch.length - LENGTH_OVERHEAD_SIZE_BYTES)
  view.setInt16(ATTRIBUTES_AT, (batchAttributes(view, 0) & ~COMPRESSION_MASK) | COMPRESSION_TYPES.indexOf(type))
  sealBatch(batch, view, 0, codecs.crc32c)
  return batch
}
