/**
 * Recovery after a crash: what the files hold above the recovery point is believed only batch by batch.
 *
 * From the segment that holds the recovery point on, every batch is read and its checksum verified; at the first that
 * does not fit, the file is cut and all later segments go. Indexes, producer state, epochs and transaction indexes of
 * these segments are made anew from the batches, and everything is synced, so that what consumers are shown afterwards
 * is on disk. Preallocated zeros are no batch and are cut like any other tail.
 *
 * A batch below the known end that does not fit its checksum, with more of the log behind it, is no torn tail: the disk has
 * damaged it since. It stays where it is, so that what is behind it can still be read, and is told ({@link LogState.damages}).
 * Invariant: what was below the recovery point, or acknowledged after a sync, is still there.
 */
import { silentLogger, type Logger, type Storage } from '@braidlog/base'
import {
  batchBaseOffset,
  batchLastOffset,
  batchLeaderEpoch,
  BatchFault,
  faultMessage,
  validateBatch,
} from '@braidlog/records'
import { BatchScanner } from './batch-scanner.ts'
import { decodeEpochCheckpoint, encodeEpochCheckpoint, readFileIfExists } from './checkpoint.ts'
import type { LogDamage } from './errors.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import { LEADER_EPOCH_CHECKPOINT } from './file-names.ts'
import type { LogOptions, LogState } from './log.ts'
import type { LogFiles, SegmentFiles } from './log-files.ts'
import type { ProducerSnapshots } from './producer-snapshots.ts'
import type { ProducerState } from './producer-state.ts'
import { noteProducer, replayProducers } from './replay.ts'
import { RELATIVE_OFFSET_MAX, Segment, type SegmentContext } from './segment.ts'

interface Recovery {
  readonly options: LogOptions
  readonly context: SegmentContext
  readonly logger: Logger
  readonly epochs: LeaderEpochs
  readonly nowMs: number
  readonly damages: LogDamage[]
  producers: ProducerState
}

/**
 * Repairs the log whose files are `files`.
 * @param all look at every segment, as something is wrong that a crash does not explain
 * @returns a state to make a `Log` of, all of it on disk
 */
export async function recoverLog(
  options: LogOptions,
  context: SegmentContext,
  files: LogFiles,
  snapshots: ProducerSnapshots,
  all = false,
): Promise<LogState> {
  const { storage, resources, codecs } = options
  const logger = options.logger ?? silentLogger
  const nowMs = options.clock.nowMs()
  const known = readEpochs(options, logger)
  // Epochs are nowhere else but in the batches.
  const first = all || known === undefined ? 0 : firstToRecover(files.segments, options.recoveryPoint ?? 0)
  const from = files.segments[first]!.baseOffset
  const logStartOffset = Math.max(options.logStartOffset ?? 0, files.segments[0]!.baseOffset)
  const segments = files.segments
    .slice(0, first)
    .map((segment) => new Segment(context, segment.baseOffset, nowMs, segment.hasTransactionIndex))

  const epochs = known ?? new LeaderEpochs()
  epochs.truncateFromEnd(from)
  const producers = await replayProducers({
    segments,
    snapshots,
    logStartOffset,
    endOffset: from,
    resources,
    codecs,
    nowMs,
  })
  const damages: LogDamage[] = []
  const recovery: Recovery = { options, context, logger, epochs, nowMs, damages, producers }

  let endOffset = from
  for (let i = first; i < files.segments.length; i++) {
    const segment = recreateSegment(context, files.segments[i]!, nowMs)
    segments.push(segment)
    const next = files.segments[i + 1]
    const { nextOffset, whole } = await recoverSegment(recovery, segment, endOffset, next?.baseOffset)
    endOffset = nextOffset
    if (next === undefined) break
    if (!whole || !follows(options, next.baseOffset, endOffset)) {
      removeSegments(context, files.segments.slice(i + 1), nowMs)
      logger.warn('segments behind a damaged one removed', { path: context.path, endOffset })
      break
    }
    segment.deactivate()
    if (!snapshots.has(next.baseOffset)) await snapshots.write(next.baseOffset, recovery.producers)
    endOffset = next.baseOffset
  }
  endOffset = Math.max(endOffset, segments.at(-1)!.baseOffset)

  if (logStartOffset > endOffset) {
    // DeleteRecords had gone beyond what survived: nothing of this log may be shown any more.
    for (const segment of segments.splice(0)) removeFiles(context, segment)
    segments.push(Segment.create(context, logStartOffset, nowMs))
    epochs.clear()
    endOffset = logStartOffset
  }
  epochs.truncateFromEnd(endOffset)
  snapshots.removeIf((offset) => offset > endOffset)
  for (const segment of segments.slice(first)) segment.flushIndexes()
  await Promise.all([
    ...segments.slice(first).flatMap((segment) => [segment.sync(), segment.syncIndexes()]),
    persistEpochs(storage, `${context.path}/${LEADER_EPOCH_CHECKPOINT}`, epochs),
  ])
  await storage.syncDirectory(context.path)
  return {
    segments,
    snapshots,
    logStartOffset,
    logEndOffset: endOffset,
    durableOffset: endOffset,
    awake: true,
    producers: recovery.producers,
    epochs,
    ...(damages.length > 0 && { damages }),
  }
}

/**
 * Most logs of a node that crashed with thousands of them may never have been written to. In such a log there is nothing
 * to repair, so nothing is written or synced, and it sleeps on until its first use.
 * @returns `undefined`: the log has, or had, something in it
 */
export function untouchedLog(
  options: LogOptions,
  context: SegmentContext,
  files: LogFiles,
  snapshots: ProducerSnapshots,
): LogState | undefined {
  const [only, second] = files.segments
  if (only === undefined || second !== undefined) return undefined
  if (only.hasTransactionIndex || files.hasEpochs || files.snapshots.length > 0) return undefined
  const { baseOffset } = only
  // Above its base, the recovery point speaks of batches that are lost: recovery says so.
  if (Math.max(options.recoveryPoint ?? 0, options.logStartOffset ?? 0) > baseOffset) return undefined
  const segment = new Segment(context, baseOffset, options.clock.nowMs(), false)
  if (segment.sizeBytes > 0) {
    segment.close()
    return undefined
  }
  return {
    segments: [segment],
    snapshots,
    logStartOffset: baseOffset,
    logEndOffset: baseOffset,
    durableOffset: baseOffset,
    awake: false,
    producers: undefined,
    epochs: undefined,
    // The crash may have come between the creation of the files and its sync.
    directoryChanged: true,
  }
}

/**
 * May a segment with this base offset come after one that ends at `endOffset`? A segment begins where the one before
 * ended, so a gap means that unsynced batches were lost in between, and what comes after them must go, too. Compaction
 * makes gaps of its own: there, what is left is kept.
 */
function follows(options: LogOptions, baseOffset: number, endOffset: number): boolean {
  if (baseOffset === endOffset) return true
  return baseOffset > endOffset && (options.config.cleanupCompact || baseOffset <= knownEndOf(options))
}

/** Everything below it was on disk once. */
function knownEndOf({ recoveryPoint = 0, knownEndOffset = 0 }: LogOptions): number {
  return Math.max(recoveryPoint, knownEndOffset)
}

/** The segment that holds the recovery point, or an earlier one whose indexes are missing. */
function firstToRecover(segments: readonly SegmentFiles[], recoveryPoint: number): number {
  let first = 0
  while (first + 1 < segments.length && segments[first + 1]!.baseOffset <= recoveryPoint) first++
  const unindexed = segments.findIndex((segment) => !segment.hasIndex || !segment.hasTimeIndex)
  return unindexed >= 0 ? Math.min(first, unindexed) : first
}

/** @returns `undefined`: the file is damaged */
function readEpochs(options: LogOptions, logger: Logger): LeaderEpochs | undefined {
  const path = `${options.path}/${LEADER_EPOCH_CHECKPOINT}`
  const bytes = readFileIfExists(options.storage, path)
  if (bytes === undefined) return new LeaderEpochs()
  try {
    return new LeaderEpochs(decodeEpochCheckpoint(bytes, path))
  } catch (error) {
    logger.warn('leader epochs are unreadable; they are made anew from the batches', { path, error })
    return undefined
  }
}

/** Most recoveries find the file as it should be: with thousands of partitions, two syncs less for each of them count. */
async function persistEpochs(storage: Storage, path: string, epochs: LeaderEpochs): Promise<void> {
  const stored = readFileIfExists(storage, path)
  const entries = epochs.entries()
  if (stored === undefined && entries.length === 0) return
  const bytes = encodeEpochCheckpoint(entries)
  const same = stored?.length === bytes.length && bytes.every((byte, i) => byte === stored[i])
  if (!same) await storage.writeFileAtomic(path, bytes)
}

/** The segment with its log file as it is and all indexes empty. */
function recreateSegment(context: SegmentContext, files: SegmentFiles, nowMs: number): Segment {
  const segment = new Segment(context, files.baseOffset, nowMs, false)
  if (files.hasTransactionIndex) context.storage.remove(segment.transactionIndex.slot.path)
  segment.begin()
  return segment
}

/** @param followedBy base offset of the next segment, if there is one */
async function recoverSegment(
  recovery: Recovery,
  segment: Segment,
  expectedOffset: number,
  followedBy: number | undefined,
): Promise<{ readonly nextOffset: number; readonly whole: boolean }> {
  const { options, logger, context } = recovery
  const { config, codecs, resources } = options
  const file = context.files.use(segment.log)
  const sizeBytes = file.sizeBytes()
  const scanner = new BatchScanner({
    files: context.files,
    buffers: resources.readBuffers,
    slot: segment.log,
    from: 0,
    to: sizeBytes,
  })
  let nextOffset = Math.max(expectedOffset, segment.baseOffset)
  let validBytes = 0
  let problem = ''
  /** Damaged batches that nothing sound has followed yet. */
  let suspects: { readonly sizeBytes: number; readonly damage: LogDamage }[] = []
  const knownEnd = knownEndOf(options)
  const keepSuspects = (): void => {
    for (const { sizeBytes, damage } of suspects) {
      segment.noteDamaged(sizeBytes)
      recovery.damages.push(damage)
      logger.error('a batch is damaged', { ...damage })
    }
    suspects = []
  }
  scan: while (await scanner.load())
    while (scanner.next()) {
      const { bytes, view, at } = scanner
      const fault = validateBatch(bytes, view, at, at + scanner.sizeBytes, { crc32c: codecs.crc32c, origin: 'leader' })
      if (fault !== BatchFault.None) {
        problem = faultMessage(fault)
        if (nextOffset >= knownEnd) break scan
        const { path } = segment.log
        const damage = { path, position: scanner.position, offset: nextOffset, problem }
        suspects.push({ sizeBytes: scanner.sizeBytes, damage })
        continue
      }
      const lastOffset = batchLastOffset(view, at)
      if (batchBaseOffset(view, at) < nextOffset || lastOffset - segment.baseOffset > RELATIVE_OFFSET_MAX) {
        problem = 'offsets do not ascend'
        break scan
      }
      keepSuspects()
      segment.noteBatch(view, at, config.indexIntervalBytes)
      const epoch = batchLeaderEpoch(view, at)
      if (epoch > recovery.epochs.latestEpoch) recovery.epochs.assign(epoch, batchBaseOffset(view, at))
      const aborted = noteProducer(recovery.producers, bytes, view, at, codecs, recovery.nowMs)
      if (aborted !== undefined) segment.transactionIndex.append(aborted)
      nextOffset = lastOffset + 1
      validBytes = scanner.endPosition
    }
  const isWhole = scanner.endPosition === sizeBytes
  scanner.close()
  if (suspects.length > 0 && isWhole && followedBy !== undefined && followedBy <= knownEnd) {
    keepSuspects()
    return { nextOffset: followedBy, whole: true }
  }
  if (validBytes === sizeBytes) return { nextOffset, whole: true }

  if (problem === '') problem = 'the file does not end with a whole batch'
  logger.warn('log cut during recovery', { path: segment.log.path, validBytes, sizeBytes, nextOffset, problem })
  context.files.use(segment.log).truncate(validBytes)
  return { nextOffset, whole: false }
}

function removeSegments(context: SegmentContext, segments: readonly SegmentFiles[], nowMs: number): void {
  for (const files of segments)
    removeFiles(context, new Segment(context, files.baseOffset, nowMs, files.hasTransactionIndex))
}

function removeFiles(context: SegmentContext, segment: Segment): void {
  segment.close()
  for (const slot of segment.slots()) context.storage.remove(slot.path)
}
