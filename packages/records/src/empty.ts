/** The header that stays of a batch whose records compaction has all removed. */
import { assert, writeInt64 } from '@braidlog/base'
import { COMPRESSION_MASK } from './attributes.ts'
import {
  ATTRIBUTES_AT,
  BASE_TIMESTAMP_AT,
  batchAttributes,
  BATCH_HEADER_SIZE_BYTES,
  batchMaxTimestamp,
  LENGTH_AT,
  LENGTH_OVERHEAD_SIZE_BYTES,
  RECORD_COUNT_AT,
  sealBatch,
  type Crc32c,
} from './header.ts'

/**
 * Offsets, producer and sequence stay: they are what a producer's state and the epochs are rebuilt from.
 * @returns a batch without records that takes the place of the one at `at`; the caller owns it
 */
export function emptyBatch(bytes: Uint8Array, at: number, crc32c: Crc32c): Uint8Array {
  assert(at + BATCH_HEADER_SIZE_BYTES <= bytes.length, 'a whole header')
  const header = bytes.slice(at, at + BATCH_HEADER_SIZE_BYTES)
  const view = new DataView(header.buffer)
  view.setInt32(LENGTH_AT, BATCH_HEADER_SIZE_BYTES - LENGTH_OVERHEAD_SIZE_BYTES)
  view.setInt16(ATTRIBUTES_AT, batchAttributes(view, 0) & ~COMPRESSION_MASK)
  writeInt64(view, BASE_TIMESTAMP_AT, batchMaxTimestamp(view, 0))
  view.setInt32(RECORD_COUNT_AT, 0)
  sealBatch(header, view, 0, crc32c)
  return header
}
