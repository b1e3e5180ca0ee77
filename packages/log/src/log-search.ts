/**
 * Searches in a log by something else than an offset: timestamps and aborted transactions.
 *
 * The time index finds the segment and a position, the batches' headers find the batch, and only that batch is opened.
 */
import {
  batchLastOffset,
  batchBaseOffset,
  batchMaxTimestamp,
  openBatchAsync,
  RecordsError,
  type Codecs,
  type RecordBatch,
} from '@braidlog/records'
import { BatchScanner } from './batch-scanner.ts'
import { batchDamaged } from './errors.ts'
import type { LogResources } from './log-resources.ts'
import type { Segment } from './segment.ts'

/** Bytes read at once: a search by timestamp ends within an index interval, as a rule. */
const SEARCH_PIECE_SIZE_BYTES = 64 * 1024

export interface TimestampOffset {
  readonly timestampMs: number
  readonly offset: number
  /** -1: not known */
  readonly leaderEpoch: number
}

/** An aborted transaction as fetches report it. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface SearchContext {
  readonly segments: readonly Segment[]
  /** Only records in [logStartOffset, upToOffset) are found. */
  readonly logStartOffset: number
  readonly upToOffset: number
  readonly resources: LogResources
  readonly codecs: Codecs
  readonly epochAt: (offset: number) => number
}

/** The first record with a timestamp of at least `timestampMs`. */
export async function findTimestamp(context: SearchContext, timestampMs: number): Promise<TimestampOffset | undefined> {
  for (const segment of context.segments) {
    if (segment.baseOffset >= context.upToOffset) return undefined
    if (segment.maxTimestampMs < timestampMs) continue
    const found = await findInSegment(context, segment, timestampMs)
    if (found !== undefined) return found
  }
  return undefined
}

/** The first record that has the largest timestamp of all. */
export async function findMaxTimestamp(context: SearchContext): Promise<TimestampOffset | undefined> {
  let largest: Segment | undefined
  for (const segment of context.segments)
    if (segment.baseOffset < context.upToOffset && segment.maxTimestampMs > (largest?.maxTimestampMs ?? -1))
      largest = segment
  if (largest === undefined) return undefined
  const found = await findInSegment(context, largest, largest.maxTimestampMs)
  if (found !== undefined) return found
  // The largest one is not readable (yet): look at what is, batch by batch.
  return findLargestBelow(context)
}

async function findInSegment(
  context: SearchContext,
  segment: Segment,
  timestampMs: number,
): Promise<TimestampOffset | undefined> {
  const scanner = scannerOf(context, segment, segment.positionForTimestamp(timestampMs))
  try {
    while (await scanner.load())
      while (scanner.next()) {
        if (batchBaseOffset(scanner.view, scanner.at) >= context.upToOffset) return undefined
        if (batchMaxTimestamp(scanner.view, scanner.at) < timestampMs) continue
        if (batchLastOffset(scanner.view, scanner.at) < context.logStartOffset) continue
        const found = await findInBatch(context, scanner, timestampMs)
        if (found !== undefined) return found
      }
    return undefined
  } finally {
    scanner.close()
  }
}

async function findLargestBelow(context: SearchContext): Promise<TimestampOffset | undefined> {
  let largest: TimestampOffset | undefined
  for (const segment of context.segments) {
    if (segment.baseOffset >= context.upToOffset) break
    if (segment.maxTimestampMs <= (largest?.timestampMs ?? -1)) continue
    const scanner = scannerOf(context, segment, 0)
    try {
      while (await scanner.load())
        while (scanner.next()) {
          if (batchBaseOffset(scanner.view, scanner.at) >= context.upToOffset) break
          const maxTimestampMs = batchMaxTimestamp(scanner.view, scanner.at)
          if (maxTimestampMs <= (largest?.timestampMs ?? -1)) continue
          largest = await largestInBatch(context, scanner, largest)
        }
    } finally {
      scanner.close()
    }
  }
  return largest
}

function scannerOf(context: SearchContext, segment: Segment, from: number): BatchScanner {
  return new BatchScanner({
    files: context.resources.files,
    buffers: context.resources.readBuffers,
    slot: segment.log,
    from,
    to: segment.readableSizeBytes,
    pieceSizeBytes: SEARCH_PIECE_SIZE_BYTES,
  })
}

/**
 * The scanner's buffer stays as it is while the batch is decompressed: nobody calls `load` meanwhile.
 * @throws LogError `BATCH_DAMAGED`
 */
async function openScanned({ codecs }: SearchContext, scanner: BatchScanner): Promise<RecordBatch> {
  const { bytes, view, at, position, path } = scanner
  try {
    return await openBatchAsync(bytes, view, at, { codecs })
  } catch (error) {
    if (!(error instanceof RecordsError)) throw error
    throw batchDamaged({ path, position, offset: batchBaseOffset(view, at), problem: error.message })
  }
}

async function findInBatch(
  context: SearchContext,
  scanner: BatchScanner,
  timestampMs: number,
): Promise<TimestampOffset | undefined> {
  const batch = await openScanned(context, scanner)
  for (const record of batch) {
    if (record.offset < context.logStartOffset) continue
    if (record.offset >= context.upToOffset) return undefined
    if (record.timestampBigInt >= timestampMs)
      return { timestampMs: record.timestampMs, offset: record.offset, leaderEpoch: context.epochAt(record.offset) }
  }
  return undefined
}

/** The readable record of the batch with the largest timestamp, if that is above what was found before. */
async function largestInBatch(
  context: SearchContext,
  scanner: BatchScanner,
  before: TimestampOffset | undefined,
): Promise<TimestampOffset | undefined> {
  let largest = before
  const batch = await openScanned(context, scanner)
  for (const { offset, timestampMs } of batch)
    if (offset >= context.logStartOffset && offset < context.upToOffset && timestampMs > (largest?.timestampMs ?? -1))
      largest = { timestampMs, offset, leaderEpoch: context.epochAt(offset) }
  return largest
}

/**
 * Aborted transactions that overlap [fetchOffset, upToOffset), ordered by their first offset: readers skip records by
 * going along both lists, and would show aborted records if this one were not in order.
 */
export function findAbortedTransactions(
  segments: readonly Segment[],
  fetchOffset: number,
  upToOffset: number,
): AbortedTransaction[] {
  const found: AbortedTransaction[] = []
  for (let i = 0; i < segments.length; i++) {
    // Markers stand behind their records: segments that end at or before the fetch offset have none of interest.
    if ((segments[i + 1]?.baseOffset ?? Infinity) <= fetchOffset) continue
    for (const entry of segments[i]!.transactionIndex.entries()) {
      if (entry.lastOffset >= fetchOffset && entry.firstOffset < upToOffset)
        found.push({ producerId: entry.producerId, firstOffset: entry.firstOffset })
      // Every transaction that ends later began at or after this last stable offset.
      if (entry.lastStableOffset >= upToOffset) return found.sort((a, b) => a.firstOffset - b.firstOffset)
    }
  }
  return found.sort((a, b) => a.firstOffset - b.firstOffset)
}
