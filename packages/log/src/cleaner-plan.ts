/**
 * What of a compacted log is worth cleaning now: pure arithmetic.
 *
 * ```
 * log start      first dirty offset       first uncleanable offset      log end
 *   | clean: one record per key |   dirty: to be cleaned   |  not yet          |
 * ```
 *
 * Not yet cleaned is what may still change its meaning (undecided transactions, what is not committed or not durable),
 * what is younger than `min.compaction.lag.ms`, and the active segment.
 */
import type { LogConfig } from './log-config.ts'
import { OFFSET_INDEX_ENTRY_SIZE_BYTES } from './offset-index.ts'
import { RELATIVE_OFFSET_MAX, type Segment } from './segment.ts'

export interface CleanableLog {
  readonly segments: readonly Segment[]
  readonly config: LogConfig
  readonly logStartOffset: number
  /** Below it everything is committed, durable and decided. */
  readonly stableOffset: number
  /** Up to where it has been cleaned; `undefined`: never. */
  readonly cleanedUpTo: number | undefined
  readonly nowMs: number
}

export interface CleaningPlan {
  readonly firstDirtyOffset: number
  /** A segment's base offset: segments are cleaned whole. */
  readonly firstUncleanableOffset: number
  readonly dirtyRatio: number
}

/** @returns `undefined` when there is nothing to do, or not yet */
export function planCleaning(log: CleanableLog): CleaningPlan | undefined {
  const { segments, config, nowMs } = log
  const firstOffset = segments[0]!.baseOffset
  const cleanedUpTo = log.cleanedUpTo ?? firstOffset
  // A checkpoint beyond the log is of a log that was here before.
  const valid = cleanedUpTo >= firstOffset && cleanedUpTo <= segments.at(-1)!.baseOffset
  const firstDirtyOffset = Math.max(valid ? cleanedUpTo : firstOffset, log.logStartOffset)

  let firstUncleanableOffset = firstDirtyOffset
  let cleanBytes = 0
  let dirtyBytes = 0
  let oldestDirtyMs = Infinity
  for (let i = 0; i + 1 < segments.length; i++) {
    const segment = segments[i]!
    const endOffset = segments[i + 1]!.baseOffset
    if (endOffset <= firstDirtyOffset) {
      cleanBytes += segment.sizeBytes
      continue
    }
    if (endOffset > log.stableOffset) break
    const newestMs = segment.maxTimestampMs >= 0 ? segment.maxTimestampMs : segment.createdMs
    if (config.minCompactionLagMs > 0 && newestMs > nowMs - config.minCompactionLagMs) break
    dirtyBytes += segment.sizeBytes
    firstUncleanableOffset = endOffset
    oldestDirtyMs = Math.min(oldestDirtyMs, newestMs)
  }
  if (dirtyBytes === 0) return undefined
  const dirtyRatio = dirtyBytes / (cleanBytes + dirtyBytes)
  const overdue = nowMs - oldestDirtyMs > config.maxCompactionLagMs
  if (dirtyRatio < config.minCleanableDirtyRatio && !overdue) return undefined
  return { firstDirtyOffset, firstUncleanableOffset, dirtyRatio }
}

/** Consecutive segments below `endOffset` that fit into one when cleaned, judged by their present sizes. */
export function groupSegments(segments: readonly Segment[], endOffset: number, config: LogConfig): Segment[][] {
  const indexEntriesMax = Math.floor(config.segmentIndexBytes / OFFSET_INDEX_ENTRY_SIZE_BYTES)
  const groups: Segment[][] = []
  let sizeBytes = 0
  let indexEntries = 0
  for (let i = 0; i + 1 < segments.length && segments[i]!.baseOffset < endOffset; i++) {
    const segment = segments[i]!
    const group = groups.at(-1)
    sizeBytes += segment.sizeBytes
    indexEntries += segment.offsetIndex.count
    const fits =
      group !== undefined &&
      sizeBytes <= config.segmentBytes &&
      indexEntries <= indexEntriesMax &&
      segments[i + 1]!.baseOffset - 1 - group[0]!.baseOffset <= RELATIVE_OFFSET_MAX
    if (fits) {
      group.push(segment)
      continue
    }
    groups.push([segment])
    sizeBytes = segment.sizeBytes
    indexEntries = segment.offsetIndex.count
  }
  return groups
}
