/**
 * Opening a log. After a clean shutdown this is one listing of the directory: everything else waits for the first use.
 * Otherwise, or when files are missing, the log is recovered first.
 */
import { silentLogger } from '@braidlog/base'
import { batchMagic, batchLastOffset, batchSizeBytes, BATCH_HEADER_SIZE_BYTES, MAGIC } from '@braidlog/records'
import { decodePartitionMetadata, encodePartitionMetadata, readFileIfExists } from './checkpoint.ts'
import { LogError } from './errors.ts'
import { PARTITION_METADATA } from './file-names.ts'
import { readLogFiles, type LogFiles } from './log-files.ts'
import { Log, type LogOptions, type LogState } from './log.ts'
import { makeDirectoryDurably } from './make-directory.ts'
import { ProducerSnapshots } from './producer-snapshots.ts'
import { recoverLog, untouchedLog } from './recovery.ts'
import { replayProducers } from './replay.ts'
import { Segment, type SegmentContext } from './segment.ts'

/**
 * Opens or creates the log at `options.path`.
 * @throws LogError `TOPIC_ID_MISMATCH`, `LOG_CORRUPT`; StorageError
 */
export async function openLog(options: LogOptions): Promise<Log> {
  const { storage, path } = options
  await makeDirectoryDurably(storage, path)
  await checkTopicId(options)
  const context: SegmentContext = {
    storage,
    files: options.resources.files,
    buffers: options.resources.readBuffers,
    path,
  }
  const files = readLogFiles(storage, path, (file) => endOffsetOf(options, file))
  if (files.changed) await storage.syncDirectory(path)
  const snapshots = new ProducerSnapshots(storage, options.codecs, path, files.snapshots)
  return new Log(options, await loadState(options, context, files, snapshots), files.isIncomplete)
}

async function loadState(
  options: LogOptions,
  context: SegmentContext,
  files: LogFiles,
  snapshots: ProducerSnapshots,
): Promise<LogState> {
  if (files.segments.length === 0) return createState(options, context, snapshots)
  const indexed = files.segments.every((segment) => segment.hasIndex && segment.hasTimeIndex)
  if (!options.cleanShutdown || !indexed)
    return untouchedLog(options, context, files, snapshots) ?? recoverLog(options, context, files, snapshots)
  try {
    return await loadClean(options, context, files, snapshots)
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    const logger = options.logger ?? silentLogger
    logger.warn('log is not as a clean shutdown leaves it: recovering', { path: options.path, error })
    return recoverLog(options, context, files, snapshots, true)
  }
}

async function createState(
  options: LogOptions,
  context: SegmentContext,
  snapshots: ProducerSnapshots,
): Promise<LogState> {
  const offset = options.logStartOffset ?? 0
  const segments = [Segment.create(context, offset, options.clock.nowMs())]
  await context.storage.syncDirectory(context.path)
  return {
    segments,
    snapshots,
    logStartOffset: offset,
    logEndOffset: offset,
    durableOffset: offset,
    awake: true,
    producers: undefined,
    epochs: undefined,
  }
}

async function loadClean(
  options: LogOptions,
  context: SegmentContext,
  files: LogFiles,
  snapshots: ProducerSnapshots,
): Promise<LogState> {
  const nowMs = options.clock.nowMs()
  const segments = files.segments.map(
    (segment) => new Segment(context, segment.baseOffset, nowMs, segment.hasTransactionIndex),
  )
  const logStartOffset = Math.max(options.logStartOffset ?? 0, segments[0]!.baseOffset)
  const active = segments.at(-1)!
  const state = { segments, snapshots, logStartOffset, epochs: undefined }

  // A clean shutdown leaves a recovery point at the log end and a snapshot of the same offset: two witnesses.
  const { recoveryPoint } = options
  if (recoveryPoint !== undefined && recoveryPoint >= active.baseOffset && recoveryPoint >= logStartOffset)
    if (snapshots.newest === recoveryPoint || (recoveryPoint === 0 && snapshots.newest === undefined))
      return { ...state, logEndOffset: recoveryPoint, durableOffset: recoveryPoint, awake: false, producers: undefined }

  const endOffset = Math.max(active.activate(), active.baseOffset)
  if (logStartOffset > endOffset)
    throw new LogError('LOG_CORRUPT', `${options.path} starts at ${logStartOffset}, behind its end at ${endOffset}`)
  const { resources, codecs } = options
  const producers = await replayProducers({
    segments,
    snapshots,
    logStartOffset,
    endOffset,
    resources,
    codecs,
    nowMs,
  })
  return { ...state, logEndOffset: endOffset, durableOffset: endOffset, awake: true, producers }
}

/** The directory must be of the topic id asked for; a new one is told so. */
async function checkTopicId(options: LogOptions): Promise<void> {
  if (options.topicIdChecked === true) return
  const file = `${options.path}/${PARTITION_METADATA}`
  const bytes = readFileIfExists(options.storage, file)
  if (bytes === undefined) return options.storage.writeFileAtomic(file, encodePartitionMetadata(options.topicId))
  const topicId = decodePartitionMetadata(bytes, file)
  if (topicId === options.topicId) return
  throw new LogError('TOPIC_ID_MISMATCH', `${options.path} belongs to topic id ${topicId}, not ${options.topicId}`)
}

/** Offset after the last batch of a log file that is not a segment (yet). */
function endOffsetOf(options: LogOptions, path: string): number {
  const file = options.storage.open(path)
  try {
    const header = new Uint8Array(BATCH_HEADER_SIZE_BYTES)
    const view = new DataView(header.buffer)
    let endOffset = 0
    for (let position = 0; position + BATCH_HEADER_SIZE_BYTES <= file.sizeBytes();) {
      file.read(header, 0, BATCH_HEADER_SIZE_BYTES, position)
      if (batchMagic(view, 0) !== MAGIC || batchSizeBytes(view, 0) < BATCH_HEADER_SIZE_BYTES) break
      endOffset = batchLastOffset(view, 0) + 1
      position += batchSizeBytes(view, 0)
    }
    return endOffset
  } finally {
    file.close()
  }
}
