/**
 * What lies in a log's directory, after the leftovers of interrupted work have been dealt with.
 *
 * The cleaner replaces segments in steps that each leave a trace: `.cleaned` (being written: worthless), then all files
 * `.swap` (complete), then the sources go, then the final names. So with a `.cleaned` of a segment left, its `.swap` files
 * are undone; with only `.swap` files, the replacement is completed.
 */
import type { Storage } from '@braidlog/base'
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  INCOMPLETE,
  INDEX_SUFFIX,
  LEADER_EPOCH_CHECKPOINT,
  LOG_SUFFIX,
  offsetName,
  parseSegmentFileName,
  SNAPSHOT_SUFFIX,
  SWAP_SUFFIX,
  TEMPORARY_SUFFIX,
  TIME_INDEX_SUFFIX,
  TXN_INDEX_SUFFIX,
} from './file-names.ts'

const INDEX_SUFFIXES: ReadonlySet<string> = new Set([INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX])

export interface SegmentFiles {
  readonly baseOffset: number
  readonly hasIndex: boolean
  readonly hasTimeIndex: boolean
  readonly hasTransactionIndex: boolean
}

export interface LogFiles {
  /** Ascending by base offset. */
  readonly segments: readonly SegmentFiles[]
  /** Offsets of producer snapshots, ascending. */
  readonly snapshots: readonly number[]
  /** There is a checkpoint of leader epochs. */
  readonly hasEpochs: boolean
  /** See {@link Log.isIncomplete}. */
  readonly isIncomplete: boolean
  /** Something was removed or renamed: sync the directory. */
  readonly changed: boolean
}

/** Reads the directory and removes or completes leftovers. Cheap when there are none: one listing. */
export function readLogFiles(
  storage: Storage,
  path: string,
  endOffsetOf: (path: string, baseOffset: number) => number,
): LogFiles {
  const list = (): string[] => storage.list(path).map((entry) => entry.name)
  let names = list()
  const removed = removeLeftovers(storage, path, names)
  if (removed) names = list()
  const completed = completeSwaps(storage, path, names, endOffsetOf)
  if (completed) names = list()
  const present = new Set(names)
  const segments: SegmentFiles[] = []
  const snapshots: number[] = []
  for (const name of names) {
    const file = parseSegmentFileName(name)
    if (file === undefined || file.state !== '') continue
    const has = (suffix: string): boolean => present.has(offsetName(file.offset) + suffix)
    if (file.suffix === SNAPSHOT_SUFFIX) snapshots.push(file.offset)
    if (file.suffix === LOG_SUFFIX)
      segments.push({
        baseOffset: file.offset,
        hasIndex: has(INDEX_SUFFIX),
        hasTimeIndex: has(TIME_INDEX_SUFFIX),
        hasTransactionIndex: has(TXN_INDEX_SUFFIX),
      })
  }
  segments.sort((a, b) => a.baseOffset - b.baseOffset)
  snapshots.sort((a, b) => a - b)
  return {
    segments,
    snapshots,
    hasEpochs: present.has(LEADER_EPOCH_CHECKPOINT),
    isIncomplete: present.has(INCOMPLETE),
    changed: removed || completed,
  }
}

function removeLeftovers(storage: Storage, path: string, names: readonly string[]): boolean {
  const cleaned = names
    .filter((name) => name.endsWith(CLEANED_SUFFIX))
    .map((name) => parseSegmentFileName(name)?.offset ?? Infinity)
  const undoFrom = Math.min(Infinity, ...cleaned)
  const present = new Set(names)
  let changed = false
  for (const name of names) {
    const file = parseSegmentFileName(name)
    const worthless =
      name.endsWith(DELETED_SUFFIX) ||
      name.endsWith(CLEANED_SUFFIX) ||
      name.endsWith(TEMPORARY_SUFFIX) ||
      (file?.state === SWAP_SUFFIX && file.offset >= undoFrom) ||
      (file?.state === '' && INDEX_SUFFIXES.has(file.suffix) && isOrphaned(file.offset, present))
    if (!worthless) continue
    storage.remove(`${path}/${name}`)
    changed = true
  }
  return changed
}

/** The log file of an index is gone: a crash came between removing the two. */
function isOrphaned(offset: number, present: ReadonlySet<string>): boolean {
  const log = offsetName(offset) + LOG_SUFFIX
  return !present.has(log) && !present.has(log + SWAP_SUFFIX)
}

/** Removes the sources of every complete `.swap` segment and gives it its final name. */
function completeSwaps(
  storage: Storage,
  path: string,
  names: readonly string[],
  endOffsetOf: (path: string, baseOffset: number) => number,
): boolean {
  const swapped = names.filter((name) => name.endsWith(SWAP_SUFFIX))
  if (swapped.length === 0) return false
  for (const name of swapped) {
    const file = parseSegmentFileName(name)
    if (file?.suffix !== LOG_SUFFIX) continue
    const endOffset = endOffsetOf(`${path}/${name}`, file.offset)
    for (const other of names) {
      const source = parseSegmentFileName(other)
      if (source === undefined || source.state !== '' || source.suffix === SNAPSHOT_SUFFIX) continue
      if (source.offset >= file.offset && source.offset < endOffset) storage.remove(`${path}/${other}`)
    }
  }
  for (const name of swapped) storage.rename(`${path}/${name}`, `${path}/${name.slice(0, -SWAP_SUFFIX.length)}`)
  return true
}
