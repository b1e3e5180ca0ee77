/**
 * The directory `__cluster_metadata-0`: the quorum's log, its snapshots and the stored vote.
 *
 * Invariant: the log begins at or below the end of the newest snapshot, so that snapshot and log together are the whole
 * history.
 */
import { assert, type Clock, type Logger, type Random, type Storage } from '@braidlog/base'
import { defaultLogConfig, LogResources, makeDirectoryDurably, openLog, type Log, type LogConfig } from '@braidlog/log'
import {
  decodeSnapshot,
  deleteSnapshot,
  listSnapshots,
  METADATA_LOG_DIRECTORY,
  MetadataError,
  readMetadataBatches,
  readSnapshot,
  removeUnfinishedSnapshots,
  snapshotFileName,
  writeSnapshot,
  type LoadedSnapshot,
  type MetadataBatch,
  type SnapshotContents,
  type SnapshotId,
} from '@braidlog/metadata'
import { CLUSTER_METADATA_TOPIC, METADATA_TOPIC_ID } from '@braidlog/model'
import type { Codecs } from '@braidlog/records'
import { formatElectionState, parseElectionState, UNATTACHED, type ElectionState } from './election-state.ts'
import type { LogContents } from './machine/log-view.ts'
import { snapshotsToDelete, type RetentionLimits, type StoredSnapshot } from './retention.ts'

const QUORUM_STATE_FILE = 'quorum-state'
/** So much of the log is decoded at a time while loading. */
const READ_SIZE_BYTES = 1024 * 1024
/** At most so much of a snapshot goes into one answer, whatever was asked for. */
const PIECE_SIZE_BYTES_MAX = 1024 * 1024

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
    if (newestId !== undefined && isBehind(log, newestId)) await log.truncateFullyAndStartAt(snapshotEnd)
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

  /** What the machine must know of the log. */
  get contents(): LogContents {
    const { logEndOffset: endOffset, logStartOffset } = this.#log
    const epochs = this.#log.epochs.entries().filter((each) => each.startOffset < endOffset)
    return {
      start: this.#snapshots.find(({ id }) => id.endOffset === logStartOffset)?.id ?? { endOffset: 0, epoch: 0 },
      endOffset,
      durableOffset: this.#log.durableOffset,
      epochs,
      latestSnapshot: this.#replicatedSnapshots.at(-1)?.id,
    }
  }

  /** Not the one that formatting leaves: what is in it is in the log of the first leader. */
  get #replicatedSnapshots(): StoredSnapshot[] {
    return this.#snapshots.filter(({ id }) => id.endOffset > 0)
  }

  /** The batches of [offset, upToOffset), decoded, in order. */
  read(offset: number, upToOffset = Infinity): Generator<MetadataBatch, void, void> {
    return this.#read(offset, upToOffset, false)
  }

  /** @returns the bytes of whole batches from the one that holds `offset` on, at least one; the caller's */
  readBytes(offset: number, upToOffset: number, maxBytes: number): Uint8Array {
    const read = this.#log.read({ offset, upToOffset, maxBytes, minOneBatch: true })
    const bytes = concatenate(read.chunks, read.sizeBytes)
    read.release()
    return bytes
  }

  *#read(offset: number, upToOffset: number, controlsOnly: boolean): Generator<MetadataBatch, void, void> {
    const { codecs } = this.#options
    const end = Math.min(this.#log.logEndOffset, upToOffset)
    while (offset < end) {
      const read = this.#log.read({ offset, upToOffset: end, maxBytes: READ_SIZE_BYTES, minOneBatch: true })
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
  *readControls(offset: number): Generator<MetadataBatch, void, void> {
    for (const batch of this.#read(offset, Infinity, true)) if (batch.controls.length > 0) yield batch
  }

  /** Into the page cache. The bytes are only read during the call. */
  append(batch: Uint8Array): void {
    this.#log.append(batch, 0, batch.length)
  }

  flush(): Promise<void> {
    return this.#log.flush()
  }

  /** Durable on return. */
  truncateTo(offset: number): Promise<void> {
    return this.#log.truncateTo(offset)
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

  /** @returns false when a newer one has come from the leader meanwhile: this one is gone then */
  async writeSnapshot(id: SnapshotId, contents: SnapshotContents): Promise<boolean> {
    const { storage, codecs, clock } = this.#options
    const sizeBytes = await writeSnapshot(storage, this.#path, id, contents, { codecs, nowMs: clock.nowMs() })
    if (this.#log.logStartOffset > id.endOffset) {
      deleteSnapshot(storage, this.#path, id)
      return false
    }
    this.#snapshots.push({ id, sizeBytes, timestampMs: contents.lastContainedLogTimestampMs })
    return true
  }

  /**
   * A piece of a snapshot that is replicated.
   * @returns `undefined` when there is no such snapshot; no bytes when the position is outside
   */
  readSnapshotPiece(
    id: SnapshotId,
    position: number,
    maxBytes: number,
  ): { readonly bytes: Uint8Array; readonly sizeBytes: number } | undefined {
    if (!this.#replicatedSnapshots.some((each) => sameSnapshot(each.id, id))) return undefined
    const file = this.#options.storage.open(`${this.#path}/${snapshotFileName(id)}`)
    try {
      const sizeBytes = file.sizeBytes()
      const bytes = new Uint8Array(Math.max(0, Math.min(maxBytes, PIECE_SIZE_BYTES_MAX, sizeBytes - position)))
      if (position < 0 || bytes.length === 0) return { bytes: new Uint8Array(0), sizeBytes }
      file.read(bytes, 0, bytes.length, position)
      return { bytes, sizeBytes }
    } finally {
      file.close()
    }
  }

  /** Bytes of a snapshot that comes from the leader; position 0 begins it anew. */
  writeSnapshotPiece(id: SnapshotId, position: number, bytes: Uint8Array): void {
    const path = this.#partPath(id)
    if (position === 0) this.#options.storage.remove(path)
    const file = this.#options.storage.open(path, { create: position === 0 })
    try {
      file.write(bytes, 0, bytes.length, position)
    } finally {
      file.close()
    }
  }

  /**
   * Puts a snapshot that came from the leader in place: the log is emptied and begins at its end. A crash in between
   * leaves the snapshot beside a log that is behind it, which opening sets right.
   * @returns `undefined` when the bytes are no whole snapshot; they are gone then, and nothing has changed
   */
  async installSnapshot(id: SnapshotId): Promise<LoadedSnapshot | undefined> {
    const { codecs, storage } = this.#options
    const path = `${this.#path}/${snapshotFileName(id)}`
    const part = this.#partPath(id)
    let loaded: LoadedSnapshot
    try {
      loaded = decodeSnapshot(storage.readFile(part), { id, path, codecs })
    } catch (error) {
      this.#options.logger.warn('a fetched metadata snapshot is damaged', { id, error })
      storage.remove(part)
      return undefined
    }
    const file = storage.open(part)
    try {
      await file.sync()
    } finally {
      file.close()
    }
    storage.rename(part, path)
    await storage.syncDirectory(this.#path)
    await this.#log.truncateFullyAndStartAt(id.endOffset)
    const old = this.#snapshots
    this.#snapshots = [storedSnapshot(loaded)]
    for (const each of old) deleteSnapshot(storage, this.#path, each.id)
    await storage.syncDirectory(this.#path)
    return loaded
  }

  #partPath(id: SnapshotId): string {
    return `${this.#path}/${snapshotFileName(id)}.part`
  }

  /** Deletes old snapshots, and the segments that only they needed. @returns where the log begins now, if that changed */
  async clean(limits: RetentionLimits): Promise<SnapshotId | undefined> {
    const doomed = snapshotsToDelete(this.#snapshots, this.#log.sizeBytes, this.#options.clock.nowMs(), limits)
    if (doomed.length === 0) return undefined
    this.#snapshots = this.#snapshots.slice(doomed.length)
    const start = this.#snapshots[0]!.id
    const newStart = start.endOffset
    // The log first: a crash in between leaves a snapshot too many, never a gap.
    if (newStart > this.#log.logStartOffset) this.#log.raiseLogStartOffset(newStart)
    this.#log.deleteOldSegments(newStart)
    for (const snapshot of doomed) deleteSnapshot(this.#options.storage, this.#path, snapshot.id)
    await this.#options.storage.syncDirectory(this.#path)
    return start
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

/** What the snapshot covers is committed: a log that ends before it, or in an older epoch, has nothing to add. */
function isBehind(log: Log, snapshot: SnapshotId): boolean {
  if (log.logEndOffset < snapshot.endOffset) return true
  return log.logEndOffset > 0 && log.latestEpoch >= 0 && log.latestEpoch < snapshot.epoch
}

function sameSnapshot(a: SnapshotId, b: SnapshotId): boolean {
  return a.endOffset === b.endOffset && a.epoch === b.epoch
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
