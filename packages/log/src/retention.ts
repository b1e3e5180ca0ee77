/**
 * Which segments have had their time: pure arithmetic over what the segments say of themselves.
 *
 * Segments go oldest first and whole; none that reaches the high watermark, and never an empty active one. By time: the
 * largest timestamp in the segment counts (when the segment was opened, if no record has one). By size: as long as what
 * is left stays at or above `retention.bytes`. By log start offset: what lies wholly below it, whatever the policy.
 */
import type { LogConfig } from './log-config.ts'

export interface RetainedSegment {
  readonly baseOffset: number
  readonly sizeBytes: number
  /** -1: no record has a timestamp. */
  readonly maxTimestampMs: number
  readonly createdMs: number
}

export interface RetentionState {
  readonly nowMs: number
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly highWatermark: number
}

/** @returns how many segments, from the oldest on, are to be deleted; all of them when the active one goes, too */
export function segmentsToDelete(
  segments: readonly RetainedSegment[],
  config: Pick<LogConfig, 'cleanupDelete' | 'retentionMs' | 'retentionBytes'>,
  state: RetentionState,
): number {
  const deletable = countWhile(segments, (segment, i) => {
    const endOffset = segments[i + 1]?.baseOffset ?? state.logEndOffset
    return endOffset <= state.highWatermark && (i + 1 < segments.length || segment.sizeBytes > 0)
  })
  const candidates = segments.slice(0, deletable)
  const byLogStart = countWhile(candidates, (_, i) => {
    const next = segments[i + 1]
    return next !== undefined && next.baseOffset <= state.logStartOffset
  })
  if (!config.cleanupDelete) return byLogStart

  const byTime =
    config.retentionMs < 0
      ? 0
      : countWhile(candidates, (segment) => {
          const newestMs = segment.maxTimestampMs >= 0 ? segment.maxTimestampMs : segment.createdMs
          return state.nowMs - newestMs > config.retentionMs
        })
  return Math.max(byLogStart, byTime, bySize(segments, candidates, config.retentionBytes))
}

function bySize(
  segments: readonly RetainedSegment[],
  candidates: readonly RetainedSegment[],
  retentionBytes: number,
): number {
  if (retentionBytes < 0) return 0
  let excessBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0) - retentionBytes
  return countWhile(candidates, (segment) => {
    excessBytes -= segment.sizeBytes
    return excessBytes >= 0
  })
}

function countWhile<T>(items: readonly T[], holds: (item: T, index: number) => boolean): number {
  let count = 0
  while (count < items.length && holds(items[count]!, count)) count++
  return count
}
