/**
 * Batches one after another in one array: a fetch response, a piece of a segment, a produce request.
 *
 * Brokers cut fetched data at a byte limit, so the last batch may be incomplete: it is left out, not an error.
 */
import { openBatch, type OpenOptions, type RecordBatch } from './batch.ts'
import { RecordsError } from './errors.ts'
import {
  batchMagic,
  batchSizeBytes,
  BATCH_HEADER_SIZE_BYTES,
  LENGTH_OVERHEAD_SIZE_BYTES,
  MAGIC,
  MAGIC_PREFIX_SIZE_BYTES,
} from './header.ts'

/** A view over the same memory and positions as `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

let lastBytes: Uint8Array | undefined
let lastView: DataView | undefined

/** Like `viewOf`; the view of the array asked for last is kept, since a connection's batches lie in one buffer. */
export function cachedViewOf(bytes: Uint8Array): DataView {
  if (bytes !== lastBytes || lastView === undefined) {
    lastBytes = bytes
    lastView = viewOf(bytes)
  }
  return lastView
}

/**
 * Where the batch at `at` ends, when all of it stands before `end`.
 * @returns -1 when it is incomplete, or announces a length smaller than its header
 */
export function wholeBatchEnd(view: DataView, at: number, end: number): number {
  if (end - at < BATCH_HEADER_SIZE_BYTES) return -1
  const sizeBytes = batchSizeBytes(view, at)
  if (sizeBytes < BATCH_HEADER_SIZE_BYTES || sizeBytes > end - at) return -1
  return at + sizeBytes
}

/** Positions of the whole batches in [at, end). */
export function* batchPositions(view: DataView, at = 0, end = view.byteLength): Generator<number, void, void> {
  for (let next = wholeBatchEnd(view, at, end); next !== -1; next = wholeBatchEnd(view, at, end)) {
    yield at
    at = next
  }
}

/**
 * Opens the whole batches of `bytes`, one at a time, as the caller asks for them.
 * @throws RecordsError at a batch that is damaged or of an old format; what came before has been yielded
 */
export function* batches(bytes: Uint8Array, options: OpenOptions): Generator<RecordBatch, void, void> {
  const view = viewOf(bytes)
  let at = 0
  for (;;) {
    const left = bytes.length - at
    if (left < LENGTH_OVERHEAD_SIZE_BYTES) return
    if (left >= MAGIC_PREFIX_SIZE_BYTES && batchMagic(view, at) !== MAGIC) {
      throw new RecordsError('UNSUPPORTED_MAGIC', `message format ${batchMagic(view, at)} at byte ${at}`)
    }
    const sizeBytes = batchSizeBytes(view, at)
    if (sizeBytes < BATCH_HEADER_SIZE_BYTES) {
      throw new RecordsError('CORRUPT_BATCH', `a batch of ${sizeBytes} bytes at byte ${at}`)
    }
    if (sizeBytes > left) return
    yield openBatch(bytes, view, at, options)
    at += sizeBytes
  }
}
