/**
 * One batch of a compacted log, after cleaning: as it was, rewritten with the records that stay, emptied, or gone.
 *
 * A record stays when it is the last of its key, as far as is known. A tombstone stays until `delete.retention.ms` after
 * the first cleaning that met it, so that every reader has had the time to see it; that time, the delete horizon, is
 * written into the batch (KIP-534). Offsets, producer and sequences of a batch do not change. The caller has verified its
 * checksum.
 */
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeBytes,
  BatchBuilder,
  compressionOf,
  emptyBatch,
  isControl,
  isTransactional,
  openBatch,
  RecordsError,
  timestampTypeOf,
  type Codecs,
  type RecordBatch,
  type RecordView,
} from '@braidlog/records'
import type { KeyOffsets } from './key-offsets.ts'

export interface CleaningRules {
  readonly codecs: Codecs
  readonly keys: KeyOffsets
  /** Records at or above it are not in `keys` and stay. */
  readonly keysEndOffset: number
  readonly nowMs: number
  readonly deleteRetentionMs: number
  /** Last offsets of producers' last batches, which must not vanish. */
  readonly producerLastOffsets: ReadonlySet<number>
}

export type CleanedBatch =
  | { readonly kind: 'kept' }
  | { readonly kind: 'dropped' }
  /** The caller owns the bytes. */
  | { readonly kind: 'rewritten'; readonly bytes: Uint8Array }

const KEPT: CleanedBatch = { kind: 'kept' }
const DROPPED: CleanedBatch = { kind: 'dropped' }

/** @param discardable of a data batch: it was aborted; of a marker: its transaction has no batch left */
export function cleanBatch(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  discardable: boolean,
  rules: CleaningRules,
): CleanedBatch {
  if (isControl(batchAttributes(view, at))) return cleanMarker(bytes, view, at, discardable, rules)
  if (batchRecordCount(view, at) === 0 || discardable) return withoutRecords(bytes, view, at, rules)
  const batch = openBatch(bytes, view, at, { codecs: rules.codecs, verifyCrc: false })
  const kept: RecordView[] = []
  let hasTombstones = false
  for (const record of batch) {
    if (!staysInLog(record, batch, rules)) continue
    kept.push(record)
    if (record.value === null) hasTombstones = true
  }
  if (kept.length === 0) return withoutRecords(bytes, view, at, rules)
  const needsHorizon = hasTombstones && batch.deleteHorizonMs === undefined
  if (kept.length === batch.recordCount && !needsHorizon) return KEPT
  const horizonMs = needsHorizon ? rules.nowMs + rules.deleteRetentionMs : batch.deleteHorizonMs
  return rewrite(view, at, kept, horizonMs, rules)
}

function staysInLog(record: RecordView, batch: RecordBatch, rules: CleaningRules): boolean {
  if (record.offset >= rules.keysEndOffset) return true
  const { key } = record
  // Nobody could replace it; it comes from a time when the topic was not compacted.
  if (key === null) return false
  if (record.offset < rules.keys.get(key)) return false
  if (record.value !== null) return true
  return batch.deleteHorizonMs === undefined || rules.nowMs < batch.deleteHorizonMs
}

/** A marker whose transaction is gone gets a horizon first, and goes when that has passed. */
function cleanMarker(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  discardable: boolean,
  rules: CleaningRules,
): CleanedBatch {
  if (!discardable) return KEPT
  if (batchRecordCount(view, at) === 0) return withoutRecords(bytes, view, at, rules)
  const batch = openBatch(bytes, view, at, { codecs: rules.codecs, verifyCrc: false })
  const { deleteHorizonMs } = batch
  if (deleteHorizonMs === undefined) return rewrite(view, at, [...batch], rules.nowMs + rules.deleteRetentionMs, rules)
  return rules.nowMs < deleteHorizonMs ? KEPT : withoutRecords(bytes, view, at, rules)
}

function withoutRecords(bytes: Uint8Array, view: DataView, at: number, rules: CleaningRules): CleanedBatch {
  const isLastOfProducer = batchProducerId(view, at) >= 0 && rules.producerLastOffsets.has(batchLastOffset(view, at))
  if (!isLastOfProducer) return DROPPED
  if (batchRecordCount(view, at) === 0) return KEPT
  return { kind: 'rewritten', bytes: emptyBatch(bytes, at, rules.codecs.crc32c) }
}

function rewrite(
  view: DataView,
  at: number,
  records: readonly RecordView[],
  horizonMs: number | undefined,
  rules: CleaningRules,
): CleanedBatch {
  const attributes = batchAttributes(view, at)
  const baseOffset = batchBaseOffset(view, at)
  const builder = new BatchBuilder({
    codecs: rules.codecs,
    sizeBytesMax: 2 ** 31 - 1,
    recordSizeBytesMax: 2 ** 31 - 1,
    compression: compressionOf(attributes)!,
    // Decompressed it can be much larger than stored; the builder's buffer grows as needed.
    buffer: new Uint8Array(Math.max(batchSizeBytes(view, at), 1024)),
    ...(horizonMs === undefined ? {} : { deleteHorizonMs: horizonMs }),
  })
  try {
    for (const record of records)
      builder.appendAt(record.offset - baseOffset, record.key, record.value, record.timestampMs, record.headers)
  } catch (error) {
    // Timestamps beyond ±(2^53-1), as nanoseconds are, cannot be written anew exactly: the batch stays as it is.
    if (error instanceof RecordsError && error.code === 'NUMBER_OUT_OF_RANGE') return KEPT
    throw error
  }
  const bytes = builder.build({
    baseOffset,
    leaderEpoch: batchLeaderEpoch(view, at),
    producerId: batchProducerId(view, at),
    producerEpoch: batchProducerEpoch(view, at),
    baseSequence: batchBaseSequence(view, at),
    transactional: isTransactional(attributes),
    control: isControl(attributes),
    timestampType: timestampTypeOf(attributes),
    lastOffsetDelta: batchLastOffsetDelta(view, at),
  })
  return { kind: 'rewritten', bytes }
}
