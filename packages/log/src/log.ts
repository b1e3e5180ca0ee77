/**
 * One partition's log: segments, indexes, producer state and leader epochs in one directory.
 *
 * Appends and reads near the end are synchronous work on the page cache; what waits for the disk is asynchronous. A log
 * that was closed cleanly is opened without reading its files: it wakes up at the first use.
 * Invariants: segments are contiguous and ascend; log start ≤ durable ≤ log end; a log that failed once (write or
 * fdatasync) refuses everything until it is opened anew, since nobody knows what the disk holds; one whose files contradict
 * each other does so until it is recovered.
 *
 * Source: KIP-98 (producers), KIP-101 (epochs), KIP-107 (log start offset), KIP-33 (time index).
 */
import {
  assert,
  below,
  silentLogger,
  StorageError,
  type Clock,
  type Logger,
  type Random,
  type Storage,
} from '@braidlog/base'
import type { Uuid } from '@braidlog/model'
import {
  batchBaseOffset,
  batchLastOffset,
  batchLeaderEpoch,
  batchMagic,
  batchMaxTimestamp,
  batchProducerId,
  batchSizeBytes,
  BATCH_HEADER_SIZE_BYTES,
  BatchFault,
  faultMessage,
  MAGIC,
  cachedViewOf,
  validateBatch,
  type Codecs,
} from '@braidlog/records'
import { BatchScanner } from './batch-scanner.ts'
import type { BufferOwner } from './buffers.ts'
import { decodeEpochCheckpoint, encodeEpochCheckpoint, readFileIfExists } from './checkpoint.ts'
import { DeletedFiles } from './deleted-files.ts'
import { batchDamaged, LogError, type LogDamage } from './errors.ts'
import { INCOMPLETE, LEADER_EPOCH_CHECKPOINT, SWAP_SUFFIX } from './file-names.ts'
import { LeaderEpochs, type EpochEndOffset } from './leader-epochs.ts'
import type { LogConfig } from './log-config.ts'
import { readLogFiles } from './log-files.ts'
import type { LogRead, ReadOptions } from './log-read.ts'
import { LogReader, type ReadableRange } from './log-reader.ts'
import type { LogResources } from './log-resources.ts'
import { LogSync } from './log-sync.ts'
import {
  findAbortedTransactions,
  findMaxTimestamp,
  findTimestamp,
  type AbortedTransaction,
  type SearchContext,
  type TimestampOffset,
} from './log-search.ts'
import { ProducerSnapshots } from './producer-snapshots.ts'
import { ProducerState, type ProducerDescription } from './producer-state.ts'
import { recoverLog } from './recovery.ts'
import { noteProducer, replayProducers } from './replay.ts'
import { segmentsToDelete } from './retention.ts'
import { endOffsetWithout, RELATIVE_OFFSET_MAX, Segment, type SegmentContext } from './segment.ts'
import { WriteQueue } from './write-queue.ts'

export interface LogOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly codecs: Codecs
  /** Shared by all logs of a process: tail cache, open files, read buffers. */
  readonly resources: LogResources
  readonly logger?: Logger
  /** For the segment roll jitter; none when left out. */
  readonly random?: Random
  /** The directory `<topic>-<partition>`; made when there is none. */
  readonly path: string
  readonly topic: string
  readonly partition: number
  readonly topicId: Uuid
  readonly config: LogConfig
  /** The data directory was closed cleanly: what the checkpoints say is trusted and nothing is scanned. */
  readonly cleanShutdown: boolean
  /** The caller has compared `partition.metadata` with the topic id already. */
  readonly topicIdChecked?: boolean
  /** From `recovery-point-offset-checkpoint`; everything below it is known to be on disk. */
  readonly recoveryPoint?: number
  /** The log is known to have reached so far, on disk. Default: the recovery point. */
  readonly knownEndOffset?: number
  /** From `log-start-offset-checkpoint`. */
  readonly logStartOffset?: number
  /** The log is about to end at `offset`: checkpoints that speak of more must be lowered first. */
  readonly onTruncation?: (offset: number) => Promise<void>
  /** The log has failed and is offline from now on; called once, and once more after each recovery. */
  readonly onOffline?: (log: Log, error: Error) => void
  /** A batch is not what was written. Whoever wanted it got the same error; the log stays online. */
  readonly onDamage?: (log: Log, error: LogError) => void
}

/** How a truncation, which waits for syncs and writes under way first, fits what has happened meanwhile. */
export interface Truncation {
  /** Asked in the moment before: `false` leaves the log as it is. */
  readonly isWanted?: () => boolean
  /** The log is cut off: what is known of its end must change before anybody else looks. */
  readonly onCut?: () => void
}

/** Offsets of one append. */
export interface LogAppend {
  readonly baseOffset: number
  readonly lastOffset: number
}

/** What opening found on disk; see `openLog`. */
export interface LogState {
  readonly segments: Segment[]
  readonly snapshots: ProducerSnapshots
  readonly logStartOffset: number
  readonly logEndOffset: number
  /** Everything below it is on disk. */
  readonly durableOffset: number
  /** The active segment is in memory; otherwise it wakes up at the first use. */
  readonly awake: boolean
  /** `undefined`: the snapshot at the log end has it. */
  readonly producers: ProducerState | undefined
  /** `undefined`: the checkpoint file has them. */
  readonly epochs: LeaderEpochs | undefined
  /** Nobody knows whether the directory's entries are on disk: the first sync of the log syncs the directory, too. */
  readonly directoryChanged?: true
  /** What recovery has found damaged and left where it is. */
  readonly damages?: readonly LogDamage[]
}

export class Log {
  readonly topic: string
  readonly partition: number
  readonly topicId: Uuid
  readonly resources: LogResources
  readonly #options: LogOptions
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #context: SegmentContext
  #config: LogConfig
  readonly #segments: Segment[]
  #snapshots: ProducerSnapshots
  readonly #reader: LogReader
  readonly #syncs: LogSync
  readonly #writes: WriteQueue
  #onWritten: ((sizeBytes: number) => void) | undefined = undefined
  readonly #deleted: DeletedFiles
  #producers: ProducerState | undefined
  #epochs: LeaderEpochs | undefined
  #awake: boolean
  #logStartOffset: number
  #logEndOffset: number
  #openedEndOffset: number
  #highWatermark = 0
  #rollJitterMs = 0
  #offline: Error | undefined = undefined
  /** The lowest that is known. */
  #damage: LogDamage | undefined
  #isIncomplete: boolean
  /** A truncation is under way: to there. */
  #cuttingTo = Infinity
  #closed = false
  /** Writes of small files under way. */
  #background: Promise<void> = Promise.resolve()

  /** Use `openLog`. */
  constructor(options: LogOptions, state: LogState, isIncomplete: boolean) {
    this.topic = options.topic
    this.partition = options.partition
    this.topicId = options.topicId
    this.resources = options.resources
    this.#options = options
    this.#storage = options.storage
    this.#clock = options.clock
    this.#logger = options.logger ?? silentLogger
    this.#config = options.config
    const { files, readBuffers: buffers } = options.resources
    this.#context = { storage: options.storage, files, buffers, path: options.path }
    assert(state.segments.length > 0, 'a log has a segment')
    this.#segments = state.segments
    this.#snapshots = state.snapshots
    const { segments } = state
    const { crc32c } = options.codecs
    this.#reader = new LogReader({ segments, resources: options.resources, crc32c, wake: () => this.#wake() })
    this.#producers = state.producers
    this.#epochs = state.epochs
    this.#awake = state.awake
    this.#logStartOffset = state.logStartOffset
    this.#logEndOffset = state.logEndOffset
    this.#openedEndOffset = state.logEndOffset
    this.#damage = state.damages?.[0]
    this.#isIncomplete = isIncomplete
    this.#syncs = new LogSync({
      files,
      durableOffset: state.durableOffset,
      directoryChanged: state.directoryChanged === true,
      syncDirectory: () => this.#storage.syncDirectory(this.path),
      logEndOffset: () => this.#logEndOffset,
      writing: () => (this.#writes.isEmpty ? undefined : this.#writes.settled()),
      mustBeOnline: () => {
        if (this.#offline !== undefined) throw this.#offlineError()
      },
      onFailure: (error) => this.#fail(error),
    })
    this.#writes = new WriteQueue({
      files,
      buffers,
      slots: options.resources.writeSlots,
      onWritten: (sizeBytes) => this.#onWritten?.(sizeBytes),
      onFailure: (error) => {
        this.#fail(error)
        this.#onWritten?.(0)
      },
    })
    this.#deleted = new DeletedFiles(options.storage)
    this.#newJitter()
  }

  /**
   * From now on large appends are written off the event loop.
   * @param onWritten told, never inside an append, that {@link Log.writtenOffset} has moved by so many bytes, or that the
   *   log has gone offline
   */
  writeLargeLater(onWritten: (sizeBytes: number) => void): void {
    this.#onWritten = onWritten
  }

  /** Directory of the log. */
  get path(): string {
    return this.#context.path
  }

  get config(): LogConfig {
    return this.#config
  }

  get logStartOffset(): number {
    return this.#logStartOffset
  }

  get logEndOffset(): number {
    return this.#logEndOffset
  }

  /** Everything below it is in the page cache, or gathered to be written in this turn. */
  get writtenOffset(): number {
    return this.#writes.writtenOffset ?? this.#logEndOffset
  }

  /** Bytes of what lies between the written offset and the log end. */
  get unwrittenSizeBytes(): number {
    return this.#writes.sizeBytes
  }

  /** Everything below it has been fdatasynced: the recovery point. */
  get durableOffset(): number {
    return this.#syncs.durableOffset
  }

  /** No checkpoint may speak of more: a truncation is about to end the log there, if it is not infinite. */
  get checkpointMax(): number {
    return this.#cuttingTo
  }

  /** Why the log refuses everything, or `undefined`. */
  get offline(): Error | undefined {
    return this.#offline
  }

  /** A batch that is not what was written: the lowest that is known of. The rest of the log can be read. */
  get damage(): LogDamage | undefined {
    return this.#damage
  }

  /** It was cut off below what it had been in sync with, and has not been in sync since; known after a restart, too. */
  get isIncomplete(): boolean {
    return this.#isIncomplete
  }

  get closed(): boolean {
    return this.#closed
  }

  get segments(): readonly Segment[] {
    return this.#segments
  }

  /** Bytes of all segments' log files. */
  get sizeBytes(): number {
    let sizeBytes = 0
    for (const segment of this.#segments) sizeBytes += segment.sizeBytes
    return sizeBytes
  }

  /** Something was appended that no completed or running sync covers. */
  get dirty(): boolean {
    return this.#syncs.dirty
  }

  /**
   * With page-cache durability: a sync is due, because `flush.messages` is reached or a segment was rolled. Cleared by
   * the next flush.
   */
  get flushDue(): boolean {
    return this.#syncs.rolled || this.#logEndOffset - this.durableOffset >= this.#config.flushMessages
  }

  get latestEpoch(): number {
    return this.epochs.latestEpoch
  }

  get epochs(): LeaderEpochs {
    if (this.#epochs === undefined) {
      const path = `${this.path}/${LEADER_EPOCH_CHECKPOINT}`
      this.#epochs = this.#guard(() => {
        const bytes = readFileIfExists(this.#storage, path)
        return new LeaderEpochs(bytes === undefined ? [] : decodeEpochCheckpoint(bytes, path))
      })
    }
    return this.#epochs
  }

  get producers(): ProducerState {
    if (this.#producers === undefined) {
      // Every batch of a producer loads the state, so what was appended since the log was opened did not change it.
      const producers = this.#guard(() => this.#loadProducers())
      producers.highWatermarkMoved(this.#highWatermark)
      this.#producers = producers
    }
    return this.#producers
  }

  /** First offset of the first transaction that is not decided, or `undefined`. */
  get firstUnstableOffset(): number | undefined {
    return this.producers.firstUnstableOffset
  }

  reconfigure(config: LogConfig): void {
    this.#config = config
    this.#newJitter()
  }

  /**
   * Appends the batches in `bytes[start, end)`, which carry their final offsets and leader epochs: the first base offset
   * is at least the log end offset and all ascend. Synchronous: on return the bytes are in the page cache, unless they may
   * be gathered: then they are there after `writeGathered` or a flush; readers see them at once. After `writeLargeLater`
   * they may be on their way, too: `writtenOffset` tells, and files are read up to there.
   *
   * The bytes are only read during the call, unless `owner` is given: then the log may retain it for the tail cache, and
   * the caller must not change the bytes while the owner is held.
   * @throws LogError `LOG_OFFLINE`
   */
  append(bytes: Uint8Array, start: number, end: number, owner?: BufferOwner, gather = false): LogAppend {
    this.#mustBeOnline()
    this.#wake()
    const view = cachedViewOf(bytes)
    const baseOffset = batchBaseOffset(view, start)
    let nextOffset = this.#logEndOffset
    let maxTimestampMs = -1
    for (let at = start; at < end; at += batchSizeBytes(view, at)) {
      assert(end - at >= BATCH_HEADER_SIZE_BYTES && batchMagic(view, at) === MAGIC, 'whole batches are appended')
      assert(at + batchSizeBytes(view, at) <= end, 'whole batches are appended')
      assert(batchBaseOffset(view, at) >= nextOffset, 'offsets ascend')
      nextOffset = batchLastOffset(view, at) + 1
      maxTimestampMs = Math.max(maxTimestampMs, batchMaxTimestamp(view, at))
    }
    assert(nextOffset > this.#logEndOffset, 'an append has a batch')

    const nowMs = this.#clock.nowMs()
    const sizeBytes = end - start
    const active = this.#segmentFor({ sizeBytes, baseOffset, lastOffset: nextOffset - 1, maxTimestampMs }, nowMs)
    this.#syncs.markDirty(active)
    this.#guard(() => this.#write(active, bytes, start, end, owner, gather))
    for (let at = start; at < end; at += batchSizeBytes(view, at)) this.#noteBatch(active, bytes, view, at, nowMs)
    this.#reader.tail.append(bytes, start, end, baseOffset, nextOffset, owner)
    this.#logEndOffset = nextOffset
    return { baseOffset, lastOffset: nextOffset - 1 }
  }

  /** Appends are waiting for `writeGathered`. */
  get hasGathered(): boolean {
    return this.#awake && this.#active.hasGathered
  }

  /** Brings gathered appends into the page cache. @throws LogError `LOG_OFFLINE`: the log is offline then, for good */
  writeGathered(): void {
    this.#mustBeOnline()
    this.#guard(() => this.#active.writeGathered())
  }

  /**
   * Reads from the tail cache or the page cache, synchronously. May give less than asked, never a part of a batch; nothing
   * outside [log start, log end).
   * @throws LogError
   */
  read(options: ReadOptions): LogRead {
    this.#mustBeOnline()
    return this.#guard(() => this.#reader.read(options, this.#readableRange(options)))
  }

  /** Like `read`, off the event loop, for offsets far behind the end ({@link Log.isCold}). */
  async readCold(options: ReadOptions): Promise<LogRead> {
    this.#mustBeOnline()
    return this.#guardAsync(this.#reader.readCold(options, this.#readableRange(options)))
  }

  /** The bytes at `offset` are probably not in the page cache: use `readCold`. */
  isCold(offset: number): boolean {
    return offset < this.#logEndOffset && this.#reader.isCold(offset)
  }

  /**
   * fdatasyncs all that was appended before the call. One sync is in flight at a time; calls meanwhile share the next.
   * @throws LogError `LOG_OFFLINE`: the log is offline then, for good
   */
  flush(): Promise<void> {
    if (this.#offline !== undefined) return Promise.reject(this.#offlineError())
    return this.#syncs.flush()
  }

  /** Tells which records consumers may see: markers below it decide their transactions. */
  highWatermarkMoved(highWatermark: number): void {
    this.#highWatermark = highWatermark
    this.#producers?.highWatermarkMoved(highWatermark)
  }

  /**
   * Removes everything at and above `offset`, as followers and raft replicas do; resolves when that is durable. A batch that
   * holds `offset` goes whole, and a log that ends before its start then starts where it ends.
   */
  async truncateTo(offset: number, truncation: Truncation = {}): Promise<void> {
    this.#mustBeOnline()
    if (offset >= this.#logEndOffset) return
    if (offset <= this.#segments[0]!.baseOffset) return this.truncateFullyAndStartAt(offset, truncation)
    await this.#truncate(offset, this.#segments, truncation, () => {
      this.#wake()
      while (this.#segments.at(-1)!.baseOffset >= offset && this.#segments.length > 1)
        this.#removeNow(this.#segments.pop()!)
      const active = this.#segments.at(-1)!
      if (!active.active) active.activate()
      this.#logEndOffset = Math.max(active.truncateTo(offset), active.baseOffset)
      this.#logStartOffset = Math.min(this.#logStartOffset, this.#logEndOffset)
      this.#syncs.markDirty(active)
    })
  }

  /** Removes everything; the next append begins at `offset`. Resolves when that is durable. */
  async truncateFullyAndStartAt(offset: number, truncation: Truncation = {}): Promise<void> {
    this.#mustBeOnline()
    await this.#truncate(offset, [], truncation, () => {
      for (const segment of this.#segments.splice(0)) this.#removeNow(segment)
      this.#segments.push(Segment.create(this.#context, offset, this.#clock.nowMs()))
      this.#awake = true
      this.#syncs.markDirty(this.#segments[0]!)
      this.#logStartOffset = this.#logEndOffset = offset
      this.epochs.clear()
    })
  }

  /** Raises the log start offset (DeleteRecords, snapshots); at most to the log end. @returns whether it moved */
  raiseLogStartOffset(offset: number): boolean {
    assert(offset <= this.#logEndOffset, 'a log starts at or before its end')
    if (offset <= this.#logStartOffset) return false
    this.#logStartOffset = offset
    if (this.epochs.truncateFromStart(offset)) this.#persistEpochs()
    return true
  }

  /**
   * Deletes whole segments by time, size and log start offset, none that reaches `highWatermark`.
   * @returns segments deleted
   */
  deleteOldSegments(highWatermark: number): number {
    this.#mustBeOnline()
    return this.#guard(() => {
      this.#wake()
      const nowMs = this.#clock.nowMs()
      const count = segmentsToDelete(this.#segments, this.#config, {
        nowMs,
        logStartOffset: this.#logStartOffset,
        logEndOffset: this.#logEndOffset,
        highWatermark,
      })
      if (count === 0) return 0
      // The active segment may go, too; then an empty one takes its place.
      if (count === this.#segments.length) this.#roll(this.#logEndOffset, nowMs)
      for (const segment of this.#segments.splice(0, count)) this.#retire(segment, nowMs)
      this.#reader.forget()
      this.raiseLogStartOffset(Math.max(this.#logStartOffset, this.#segments[0]!.baseOffset))
      return count
    })
  }

  /** Removes files whose `file.delete.delay.ms` has passed. */
  removeDeletedFiles(): void {
    this.#deleted.remove(this.#clock.nowMs())
  }

  /** End offset of the largest epoch at or below `epoch` (KIP-279). */
  endOffsetForEpoch(epoch: number): EpochEndOffset {
    return this.epochs.endOffsetFor(epoch, this.#logEndOffset)
  }

  /** A leader's epoch begins at `startOffset`; appends say so by themselves. */
  assignEpoch(epoch: number, startOffset: number): void {
    if (this.epochs.assign(epoch, startOffset)) this.#persistEpochs()
  }

  /** Epoch of the record at `offset`; -1: not known. */
  epochAt(offset: number): number {
    return this.epochs.epochAt(offset)
  }

  /** First record in [log start, `upToOffset`) with a timestamp of at least `timestampMs`. */
  async offsetForTimestamp(timestampMs: number, upToOffset: number): Promise<TimestampOffset | undefined> {
    this.#mustBeOnline()
    this.#wake()
    return this.#guardAsync(findTimestamp(this.#searchContext(upToOffset), timestampMs))
  }

  /** The first record with the largest timestamp of all. */
  async offsetOfMaxTimestamp(upToOffset: number): Promise<TimestampOffset | undefined> {
    this.#mustBeOnline()
    this.#wake()
    return this.#guardAsync(findMaxTimestamp(this.#searchContext(upToOffset)))
  }

  /** Aborted transactions that overlap [fetchOffset, upToOffset), ordered by their first offset. */
  abortedTransactions(fetchOffset: number, upToOffset: number): AbortedTransaction[] {
    return this.#guard(() => findAbortedTransactions(this.#segments, fetchOffset, upToOffset))
  }

  describeProducers(): ProducerDescription[] {
    return this.producers.describe()
  }

  /** Forgets producers that have not written for `expirationMs`. A sleeping log has nothing to forget yet. */
  expireProducers(expirationMs: number): void {
    this.#producers?.expire(this.#clock.nowMs(), expirationMs)
  }

  /** Begins a new segment now, if the active one has records. The cleaner only works on closed ones. */
  roll(): void {
    this.#mustBeOnline()
    this.#wake()
    if (this.#active.sizeBytes > 0) this.#guard(() => this.#roll(this.#logEndOffset, this.#clock.nowMs()))
  }

  /**
   * For the cleaner: puts `replacement` in the place of `sources`, consecutive closed segments. Its files are complete,
   * durable and named `.swap`; a crash at any point in between finds either the sources or the replacement.
   */
  async replaceSegments(sources: readonly Segment[], replacement: Segment): Promise<void> {
    this.#mustBeOnline()
    const index = this.#segments.indexOf(sources[0]!)
    assert(index >= 0 && index + sources.length < this.#segments.length, 'only closed segments are replaced')
    this.#guard(() => {
      for (const source of sources) this.#retire(source, this.#clock.nowMs(), false)
      replacement.rename(this.#storage, SWAP_SUFFIX, '')
    })
    this.#segments.splice(index, sources.length, replacement)
    this.#reader.forget()
    await this.#guardAsync(this.#storage.syncDirectory(this.path))
  }

  /** Durable when the promise resolves. */
  async markIncomplete(isIncomplete: boolean): Promise<void> {
    if (this.#closed || isIncomplete === this.#isIncomplete) return
    const file = `${this.path}/${INCOMPLETE}`
    if (isIncomplete) await this.#storage.writeFileAtomic(file, new Uint8Array(0))
    else {
      this.#storage.remove(file)
      await this.#storage.syncDirectory(this.path)
    }
    this.#isIncomplete = isIncomplete
  }

  /** Where the segment begins that holds `offset`. */
  segmentStartOf(offset: number): number {
    return this.#segments.findLast(({ baseOffset }) => baseOffset <= offset)?.baseOffset ?? this.#logStartOffset
  }

  /**
   * Holds everything against its checksums, off the event loop; what does not fit is noted as damage.
   * @param pause between pieces of a mebibyte
   */
  async verify(pause: () => Promise<void>): Promise<void> {
    const { files, readBuffers: buffers } = this.resources
    const rules = { crc32c: this.#options.codecs.crc32c, origin: 'leader' } as const
    for (const segment of this.#segments.slice()) {
      const isHere = (): boolean => this.#offline === undefined && !this.#closed && this.#segments.includes(segment)
      if (!isHere()) continue
      const to = segment.readableSizeBytes
      const scanner = new BatchScanner({ files, buffers, slot: segment.log, from: 0, to })
      try {
        while (isHere() && (await scanner.load())) {
          while (scanner.next()) {
            const { bytes, view, at, sizeBytes, position } = scanner
            const fault = validateBatch(bytes, view, at, at + sizeBytes, rules)
            if (fault === BatchFault.None) continue
            const damage = {
              path: segment.log.path,
              position,
              offset: segment.baseOffset,
              problem: faultMessage(fault),
            }
            // A truncation meanwhile makes anything of what was read.
            if (isHere() && segment.sizeBytes >= to) this.noteDamage(batchDamaged(damage))
            return
          }
          await pause()
        }
      } finally {
        scanner.close()
      }
    }
  }

  /** A batch turned out to be damaged; readers of the log note that by themselves. */
  noteDamage(error: LogError): void {
    assert(error.damage !== undefined, 'it says which batch')
    const { offset } = error.damage
    if (this.#damage === undefined || offset < this.#damage.offset) this.#damage = error.damage
    this.#options.onDamage?.(this, error)
  }

  /**
   * Reads all of a log that went offline because its files contradict each other, makes anew what can be made from its
   * batches, and goes online again. It may end earlier than before: see {@link recoverLog}.
   * @throws LogError `LOG_OFFLINE`: a write or fdatasync had failed, and nothing helps but another start
   */
  async recover(): Promise<void> {
    const reason = this.#offline
    assert(reason !== undefined, 'only a log that is offline is recovered')
    if (this.#closed || !(reason instanceof LogError)) throw this.#offlineError()
    await this.#syncs.settled().catch(ignore)
    await this.#background
    for (const segment of this.#segments) this.#syncs.forget(segment)
    this.#closeFiles()
    this.#reader.truncated()
    const knownEndOffset = this.#logEndOffset
    const { snapshots, state } = await this.#recovered(knownEndOffset)
    if (this.#closed || this.#offline !== reason) throw this.#offlineError()
    if (state.logEndOffset < knownEndOffset) await this.#options.onTruncation?.(state.logEndOffset)
    this.#segments.splice(0, this.#segments.length, ...state.segments)
    this.#snapshots = snapshots
    this.#producers = state.producers
    this.#epochs = state.epochs
    this.#awake = state.awake
    this.#logStartOffset = state.logStartOffset
    this.#logEndOffset = this.#openedEndOffset = state.logEndOffset
    this.#damage = state.damages?.[0]
    this.#syncs.recovered(state.durableOffset)
    this.#offline = undefined
    this.highWatermarkMoved(Math.min(this.#highWatermark, state.logEndOffset))
    const { topic, partition } = this
    this.#logger.warn('log recovered', { topic, partition, knownEndOffset, logEndOffset: state.logEndOffset })
  }

  /** Waits for writes begun so far, of appends and of small files (epochs, snapshots). */
  async settle(): Promise<void> {
    await this.#writes.settled()
    await this.#background
    if (this.#offline !== undefined) throw this.#offlineError()
  }

  /** Takes the log offline: a neighbour in the same directory has failed. */
  takeOffline(error: Error): void {
    if (this.#offline !== undefined) return
    this.#offline = error
    this.#closeFiles()
  }

  /** Ends all work without writing anything, for a log that is deleted or offline. */
  abandon(): void {
    this.#closed = true
    this.#reader.forget()
    this.#closeFiles()
  }

  /** fdatasyncs, snapshots the producer state, completes the indexes and closes the files. */
  async close(): Promise<void> {
    if (this.#closed) return
    if (this.#offline !== undefined) return this.abandon()
    try {
      await this.flush()
      if (this.#awake) {
        this.#guard(() => this.#active.flushIndexes())
        if (this.#logEndOffset > 0 && !this.#snapshots.has(this.#logEndOffset))
          await this.#snapshots.write(this.#logEndOffset, this.producers)
        const bases = new Set(this.#segments.map((segment) => segment.baseOffset))
        this.#snapshots.removeIf((offset) => offset !== this.#logEndOffset && !bases.has(offset))
        await Promise.all(this.#segments.map((segment) => segment.syncIndexes()))
      }
      await this.settle()
    } catch (error) {
      throw this.#fail(error)
    } finally {
      this.abandon()
    }
  }

  #write(
    active: Segment,
    bytes: Uint8Array,
    start: number,
    end: number,
    owner: BufferOwner | undefined,
    gather: boolean,
  ): void {
    const writes = this.#writes
    const mayQueue = this.#onWritten !== undefined && writes.wants(end - start)
    if (writes.isEmpty && !mayQueue) {
      active.write(bytes, start, end, gather)
      return
    }
    const append = { segment: active, position: active.sizeBytes, offset: this.#logEndOffset }
    active.writeGathered()
    if (writes.add(append, bytes, start, end, owner)) return
    active.write(bytes, start, end)
    if (!writes.isEmpty) writes.addWritten(append, end - start)
  }

  async #recovered(knownEndOffset: number): Promise<{ snapshots: ProducerSnapshots; state: LogState }> {
    const { storage, codecs } = this.#options
    const files = readLogFiles(storage, this.path, () => 0)
    const snapshots = new ProducerSnapshots(storage, codecs, this.path, files.snapshots)
    const options = { ...this.#options, config: this.#config, logStartOffset: this.#logStartOffset, knownEndOffset }
    return { snapshots, state: await recoverLog(options, this.#context, files, snapshots, true) }
  }

  /** @throws LogError `LOG_CORRUPT` */
  #loadProducers(): ProducerState {
    const endOffset = this.#openedEndOffset
    const isExpected = this.#snapshots.newest !== undefined
    const loaded = this.#snapshots.load(endOffset, this.#clock.nowMs())
    if (loaded?.offset === endOffset) return loaded.state
    // After the log was opened without reading its files; otherwise there are producers already.
    if (isExpected) throw new LogError('LOG_CORRUPT', `${this.path} has no readable producer snapshot at its end`)
    return new ProducerState()
  }

  get #active(): Segment {
    return this.#segments.at(-1)!
  }

  /** A log that was closed cleanly is looked at when it is first used. */
  #wake(): void {
    if (this.#awake) return
    this.#guard(() => {
      const endOffset = Math.max(this.#active.activate(), this.#active.baseOffset)
      if (endOffset !== this.#logEndOffset)
        throw new LogError(
          'LOG_CORRUPT',
          `${this.path} ends at ${endOffset}, not at ${this.#logEndOffset} as when it was closed`,
        )
    })
    this.#awake = true
  }

  #noteBatch(active: Segment, bytes: Uint8Array, view: DataView, at: number, nowMs: number): void {
    active.noteBatch(view, at, this.#config.indexIntervalBytes)
    const epoch = batchLeaderEpoch(view, at)
    if (epoch > this.epochs.latestEpoch) this.assignEpoch(epoch, batchBaseOffset(view, at))
    if (batchProducerId(view, at) < 0) return
    const aborted = noteProducer(this.producers, bytes, view, at, this.#options.codecs, nowMs)
    if (aborted !== undefined) this.#guard(() => active.transactionIndex.append(aborted))
  }

  #segmentFor(
    append: {
      readonly sizeBytes: number
      readonly baseOffset: number
      readonly lastOffset: number
      readonly maxTimestampMs: number
    },
    nowMs: number,
  ): Segment {
    const limits = {
      segmentBytes: this.#config.segmentBytes,
      segmentIndexBytes: this.#config.segmentIndexBytes,
      rollAfterMs: this.#rollAfterMs(),
    }
    if (!this.#guard(() => this.#active.shouldRoll(append, nowMs, limits))) return this.#active
    // A replica of a compacted log can meet a gap that no index entry can span; only then a segment begins behind one.
    const spans = append.lastOffset - this.#logEndOffset <= RELATIVE_OFFSET_MAX
    this.#guard(() => this.#roll(spans ? this.#logEndOffset : append.baseOffset, nowMs))
    return this.#active
  }

  /** Compaction works on closed segments only, so `max.compaction.lag.ms` closes them in time. */
  #rollAfterMs(): number {
    const { cleanupCompact, maxCompactionLagMs, segmentMs } = this.#config
    return (cleanupCompact ? Math.min(segmentMs, maxCompactionLagMs) : segmentMs) - this.#rollJitterMs
  }

  /** The new segment begins where the old one ends, also when the next batch leaves a gap: see recovery. */
  #roll(baseOffset: number, nowMs: number): void {
    const old = this.#active
    old.deactivate()
    this.#syncs.markDirty(old)
    if (old.sizeBytes === 0 && old.baseOffset === baseOffset) {
      // Nothing was appended since the last roll: begin the same file anew.
      this.#syncs.forget(old)
      old.close()
      this.#segments.pop()
    }
    this.#segments.push(Segment.create(this.#context, baseOffset, nowMs))
    this.#syncs.markRoll()
    this.#newJitter()
    this.#inBackground(this.#snapshots.take(baseOffset, this.producers))
    this.#logger.debug('segment rolled', { topic: this.topic, partition: this.partition, baseOffset })
  }

  #newJitter(): void {
    const { segmentJitterMs, segmentMs } = this.#config
    const bound = Math.min(segmentJitterMs, segmentMs)
    this.#rollJitterMs = this.#options.random === undefined || bound <= 0 ? 0 : below(this.#options.random, bound)
  }

  /**
   * All that a truncation waits for comes before it, and then everything changes in one step: who appends meanwhile, since
   * this replica leads now, finds either the whole log with its producers or the shorter one with theirs.
   */
  async #truncate(
    offset: number,
    remaining: readonly Segment[],
    { isWanted, onCut }: Truncation,
    cut: () => void,
  ): Promise<void> {
    this.#syncs.lower(offset)
    this.#cuttingTo = offset
    try {
      // Only what is written can be looked at.
      await this.settle()
      if (remaining.length > 0) this.#wake()
      const newEndOffset = this.#guard(() => endOffsetWithout(offset, remaining))
      this.#syncs.lower(newEndOffset)
      // A sync that begins from here on may make all of it durable once more.
      this.#cuttingTo = newEndOffset
      await this.#options.onTruncation?.(newEndOffset)
      const producers = await this.#guardAsync(this.#producersBefore(newEndOffset, remaining))
      const mayCut = () => isWanted?.() !== false
      while (mayCut() && (this.#syncs.isRunning || !this.#writes.isEmpty)) {
        await this.#syncs.settled()
        await this.settle()
      }
      if (mayCut()) {
        this.#mustBeOnline()
        this.#guard(() => {
          this.#reader.truncated()
          cut()
          const endOffset = this.#logEndOffset
          this.#syncs.lower(endOffset)
          if (this.epochs.truncateFromEnd(endOffset)) this.#persistEpochs()
          this.#snapshots.removeIf((snapshotOffset) => snapshotOffset > endOffset)
          this.#producers = producers
          if (this.#damage !== undefined && this.#damage.offset >= endOffset) this.#damage = undefined
          this.highWatermarkMoved(Math.min(this.#highWatermark, endOffset))
          onCut?.()
        })
      }
    } finally {
      this.#cuttingTo = Infinity
    }
    await this.flush()
    await this.settle()
  }

  /** The producers of a log that ends at `endOffset`, between two batches. */
  #producersBefore(endOffset: number, segments: readonly Segment[]): Promise<ProducerState> {
    return replayProducers({
      segments,
      snapshots: this.#snapshots,
      logStartOffset: this.#logStartOffset,
      endOffset,
      resources: this.resources,
      codecs: this.#options.codecs,
      nowMs: this.#clock.nowMs(),
    })
  }

  #persistEpochs(): void {
    const bytes = encodeEpochCheckpoint(this.epochs.entries())
    this.#inBackground(() => this.#storage.writeFileAtomic(`${this.path}/${LEADER_EPOCH_CHECKPOINT}`, bytes))
  }

  /** Small files are written one after another, so that the last content wins. A failure takes the log offline. */
  #inBackground(write: () => Promise<void>): void {
    const before = this.#background
    this.#background = (async () => {
      await before
      try {
        if (this.#offline === undefined && !this.#closed) await write()
      } catch (error) {
        this.#fail(error)
      }
    })()
  }

  /** Renames the files of a segment to `.deleted`; they are removed after `file.delete.delay.ms`. */
  #retire(segment: Segment, nowMs: number, withSnapshot = true): void {
    this.#syncs.forget(segment)
    segment.close()
    const atMs = nowMs + this.#config.fileDeleteDelayMs
    for (const slot of segment.slots()) this.#deleted.add(slot, atMs)
    if (withSnapshot) this.#snapshots.remove(segment.baseOffset)
    this.#syncs.markDirectory()
  }

  #removeNow(segment: Segment): void {
    this.#syncs.forget(segment)
    segment.close()
    for (const slot of segment.slots()) this.#storage.remove(slot.path)
    this.#snapshots.remove(segment.baseOffset)
    this.#syncs.markDirectory()
  }

  #closeFiles(): void {
    this.#writes.drop()
    for (const segment of this.#segments) segment.close()
  }

  #readableRange(options: ReadOptions): ReadableRange {
    const upToOffset = Math.min(options.upToOffset ?? this.#logEndOffset, this.#logEndOffset)
    return { logStartOffset: this.#logStartOffset, upToOffset }
  }

  #searchContext(upToOffset: number): SearchContext {
    return {
      segments: [...this.#segments],
      logStartOffset: this.#logStartOffset,
      upToOffset: Math.min(upToOffset, this.writtenOffset),
      resources: this.resources,
      codecs: this.#options.codecs,
      epochAt: (offset) => this.epochAt(offset),
    }
  }

  #mustBeOnline(): void {
    if (this.#closed) throw new LogError('LOG_CLOSED', `${this.path} is closed`)
    if (this.#offline !== undefined) throw this.#offlineError()
  }

  #offlineError(): LogError {
    return new LogError('LOG_OFFLINE', `${this.path} is offline since: ${this.#offline!.message}`, {
      cause: this.#offline,
    })
  }

  /** Runs work on files; a failure of theirs takes the log offline. */
  #guard<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw this.#failedRead(error)
    }
  }

  async #guardAsync<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      throw this.#failedRead(error)
    }
  }

  #failedRead(error: unknown): unknown {
    // A file that a concurrent close or delete took away says nothing about the disk.
    if (this.#closed || this.#offline !== undefined) return error instanceof LogError ? error : this.#fail(error)
    if (error instanceof LogError && error.damage !== undefined) {
      this.noteDamage(error)
      return error
    }
    return error instanceof StorageError || error instanceof LogError ? this.#fail(error) : error
  }

  #fail(error: unknown): Error {
    if (this.#closed) return new LogError('LOG_CLOSED', `${this.path} is closed`, { cause: error })
    if (this.#offline === undefined) {
      this.#offline = error instanceof Error ? error : new Error(String(error))
      this.#writes.drop()
      this.#logger.error('log is offline', { topic: this.topic, partition: this.partition, error })
      this.#options.onOffline?.(this, this.#offline)
    }
    return this.#offlineError()
  }
}

const ignore = (): void => {}
