/**
 * The directory `__cluster_metadata-0`: the quorum's log, its snapshots and the stored vote.
 *
 * Invariant: the log begins at or below the end of the newest snapshot, so that snapshot and log together are the whole
 * history.
 */
import { assert, type Clock, type Logger, type Random, type Storage } from '@braidlog/base'
import { defaultLogConfig, LogResources, makeDirectoryDurably, openLog, type Log, type LogConfig } from '@braidlog/log'
import {
  deleteSnapshot,
  listSnapshots,
  METADATA_LOG_DIRECTORY,
  MetadataError,
  readMetadataBatches,
  readSnapshot,
  removeUnfinishedSnapshots,
  writeSnapshot,
  type LoadedSnapshot,
  type MetadataBatch,
  type SnapshotContents,
  type SnapshotId,
} from '@braidlog/metadata'
import { CLUSTER_METADATA_TOPIC, METADATA_TOPIC_ID } from '@braidlog/model'
import type { Codecs, ControlRecord } from '@braidlog/records'
import { formatElectionState, parseElectionState, UNATTACHED, type ElectionState } from './election-state.ts'
import { snapshotsToDelete, type RetentionLimits, type StoredSnapshot } from './retention.ts'

const QUORUM_STATE_FILE = 'quorum-state'
/** So much of the log is decoded at a time while loading. */
const READ_SIZE_BYTES = 1024 * 1024

export interface MetadataLogOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  readonly codecs: Codecs
  readonly logger: Logger
  /** The log directory that `storage format` made. */
  readonly directory: string
  readonly resources?: LogResources | undefined
  /** `metadata.log.segment.bytes` */
  readonly segmentBytes: number
  /** `metadata.log.segment.ms` */
  readonly segmentMs: number
}

export class MetadataLog {
  readonly #options: MetadataLogOptions
  readonly #path: string
  readonly #log: Log
  #snapshots: StoredSnapshot[]
  #newest: LoadedSnapshot | undefined

  private constructor(options: MetadataLogOptions, log: Log, snapshots: StoredSnapshot[], newest?: LoadedSnapshot) {
    this.#options = options
    this.#path = log.path
    this.#log = log
    this.#snapshots = snapshots
    this.#newest = newest
  }

  /**
   * Recovers the log: a torn tail goes, a log that ends before the newest snapshot is emptied and starts again there.
   * @throws MetadataError `CORRUPT`, LogError, RecordsError
   */
  static async open(options: MetadataLogOptions): Promise<MetadataLog> {
    const { storage, codecs } = options
    const path = `${options.directory}/${METADATA_LOG_DIRECTORY}`
    await makeDirectoryDurably(storage, path)
    removeUnfinishedSnapshots(storage, path)
    const ids = listSnapshots(storage, path)
    const newestId = ids.at(-1)
    const newest = newestId && readSnapshot(storage, path, newestId, codecs)
    const older = ids.slice(0, -1).map((id) => storedSnapshot(readSnapshot(storage, path, id, codecs)))
    const stored = newest === undefined ? older : [...older, storedSnapshot(newest)]
    const log = await openLog({
      storage,
      clock: options.clock,
      random: options.random,
      codecs,
      logger: options.logger,
      resources: options.resources ?? new LogResources(),
      path,
      topic: CLUSTER_METADATA_TOPIC,
      partition: 0,
      topicId: METADATA_TOPIC_ID,
      config: metadataLogConfig(options),
      // Every batch is verified: a node restarts rarely, and this log is all that the cluster knows of itself.
      cleanShutdown: false,
      recoveryPoint: 0,
    })
    const snapshotEnd = newestId?.endOffset ?? 0
    if (log.logEndOffset < snapshotEnd) await log.truncateFullyAndStartAt(snapshotEnd)
    if (log.logStartOffset > snapshotEnd) {
      throw new MetadataError(
        'CORRUPT',
        `${path} begins at offset ${log.logStartOffset}, but no snapshot covers what was before; restore the missing .checkpoint file`,
      )
    }
    return new MetadataLog(options, log, stored, newest)
  }

  get endOffset(): number {
    return this.#log.logEndOffset
  }

  get startOffset(): number {
    return this.#log.logStartOffset
  }

  /** Everything below it is on disk. */
  get durableOffset(): number {
    return this.#log.durableOffset
  }

  get sizeBytes(): number {
    return this.#log.sizeBytes
  }

  /** The newest snapshot as of opening, decoded. */
  get loadedSnapshot(): LoadedSnapshot | undefined {
    return this.#newest
  }

  /** Hands the snapshot over: its records are not kept here any longer. */
  takeLoadedSnapshot(): LoadedSnapshot | undefined {
    const newest = this.#newest
    this.#newest = undefined
    return newest
  }

  get latestSnapshotId(): SnapshotId | undefined {
    return this.#snapshots.at(-1)?.id
  }

  /** Epoch of the last batch, or of the newest snapshot when the log is empty behind it. */
  get lastEpoch(): number {
    return Math.max(this.#log.latestEpoch, this.latestSnapshotId?.epoch ?? 0)
  }

  /** The batches from `offset` to the end, decoded, in order. */
  read(offset: number): Generator<MetadataBatch, void, void> {
    return this.#read(offset, false)
  }

  *#read(offset: number, controlsOnly: boolean): Generator<MetadataBatch, void, void> {
    const { codecs } = this.#options
    const end = this.#log.logEndOffset
    while (offset < end) {
      const read = this.#log.read({ offset, maxBytes: READ_SIZE_BYTES, minOneBatch: true })
      assert(read.sizeBytes > 0, 'a log has batches up to its end')
      const bytes = concatenate(read.chunks, read.sizeBytes)
      const { nextOffset } = read
      read.release()
      for (const batch of readMetadataBatches(bytes, { codecs, origin: this.#path, controlsOnly })) {
        // The first batch may begin before the offset asked for when a snapshot ends inside it.
        if (batch.lastOffset >= offset) yield batch
      }
      offset = nextOffset
    }
  }

  /** The control records from `offset` to the end, batch by batch; records are not decoded. */
  *readControls(offset: number): Generator<readonly [offset: number, controls: readonly ControlRecord[]], void, void> {
    for (const batch of this.#read(offset, true)) {
      if (batch.controls.length > 0) yield [batch.baseOffset, batch.controls]
    }
  }

  /** Into the page cache. The bytes are only read during the call. */
  append(batch: Uint8Array): void {
    this.#log.append(batch, 0, batch.length)
  }

  flush(): Promise<void> {
    return this.#log.flush()
  }

  readElectionState(): ElectionState {
    const path = `${this.#path}/${QUORUM_STATE_FILE}`
    if (!this.#options.storage.exists(path)) return UNATTACHED
    return parseElectionState(new TextDecoder().decode(this.#options.storage.readFile(path)), path)
  }

  /** Durable on return. */
  writeElectionState(state: ElectionState, kraftVersion: number, voters: readonly number[]): Promise<void> {
    const bytes = new TextEncoder().encode(formatElectionState(state, kraftVersion, voters))
    return this.#options.storage.writeFileAtomic(`${this.#path}/${QUORUM_STATE_FILE}`, bytes)
  }

  async writeSnapshot(id: SnapshotId, contents: SnapshotContents): Promise<void> {
    const { storage, codecs, clock } = this.#options
    const sizeBytes = await writeSnapshot(storage, this.#path, id, contents, { codecs, nowMs: clock.nowMs() })
    this.#snapshots.push({ id, sizeBytes, timestampMs: contents.lastContainedLogTimestampMs })
  }

  /** Deletes old snapshots, and the segments that only they needed. */
  async clean(limits: RetentionLimits): Promise<void> {
    const doomed = snapshotsToDelete(this.#snapshots, this.#log.sizeBytes, this.#options.clock.nowMs(), limits)
    if (doomed.length === 0) return
    this.#snapshots = this.#snapshots.slice(doomed.length)
    const newStart = this.#snapshots[0]!.id.endOffset
    // The log first: a crash in between leaves a snapshot too many, never a gap.
    if (newStart > this.#log.logStartOffset) this.#log.raiseLogStartOffset(newStart)
    this.#log.deleteOldSegments(newStart)
    for (const snapshot of doomed) deleteSnapshot(this.#options.storage, this.#path, snapshot.id)
    await this.#options.storage.syncDirectory(this.#path)
  }

  close(): Promise<void> {
    return this.#log.close()
  }
}

function metadataLogConfig(options: MetadataLogOptions): LogConfig {
  return {
    ...defaultLogConfig,
    segmentBytes: options.segmentBytes,
    segmentMs: options.segmentMs,
    // Only snapshots decide what may go.
    retentionMs: -1,
    retentionBytes: -1,
    cleanupDelete: false,
    maxMessageBytes: 2 ** 31 - 1,
  }
}

function storedSnapshot(snapshot: LoadedSnapshot): StoredSnapshot {
  return { id: snapshot.id, sizeBytes: snapshot.sizeBytes, timestampMs: snapshot.lastContainedLogTimestampMs }
}

function concatenate(chunks: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
