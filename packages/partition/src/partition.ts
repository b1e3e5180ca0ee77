/**
 * One replica of a partition, as its leader or as a follower.
 *
 * A produce is checked where it lies, gets its offsets and leader epoch in place, and is written to the page cache, all
 * in one turn; it is acknowledged once it is committed. Consumers see what is committed and nothing else.
 *
 * Stored means: below the log end and, in the durable mode, covered by an fdatasync. In the page-cache mode what is written
 * counts at once, unless `flush.messages` or `flush.ms` asks for a sync. Committed means: stored here and by every other
 * replica in sync, of which there are at least `min.insync.replicas`, or all that the partition has.
 * A follower takes batches as its leader has written them, and learns from it how much is committed.
 * Invariants: log start ≤ last stable ≤ high watermark ≤ log end; the high watermark goes back only when a follower cuts
 * off what an unclean election has lost; a partition that is offline answers KAFKA_STORAGE_ERROR to everything.
 */
import { WheelTimer, type Clock, type TimerWheel, type WheelTimerOwner } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import {
  LogError,
  ProducerCheck,
  type AbortedTransaction,
  type EpochEndOffset,
  type Flusher,
  type FlushTarget,
  type Log,
  type LogConfig,
  type LogRead,
  type ProducerDescription,
  type ReadOptions,
  type TimestampOffset,
} from '@braidlog/log'
import {
  batchAttributes,
  batchLastOffsetDelta,
  batchProducerId,
  batchRecordCount,
  compressionOf,
  RecordsError,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  setBatchMaxTimestamp,
  cachedViewOf,
  viewOf,
  type Codecs,
  type ValidateOptions,
} from '@braidlog/records'
import { checkHeader, checkRecords, type Refusal } from './append-checks.ts'
import { AppendSizes } from './append-sizes.ts'
import { NO_RECORD_ERRORS, refusedAppend, type AppendOptions, type AppendResult, type AppendWaiter } from './append.ts'
import {
  EARLIEST_LOCAL_TIMESTAMP,
  EARLIEST_PENDING_UPLOAD_TIMESTAMP,
  EARLIEST_TIMESTAMP,
  LATEST_TIERED_TIMESTAMP,
  LATEST_TIMESTAMP,
  MAX_TIMESTAMP,
  type DeleteRecordsResult,
  type Durability,
  type EpochEndResult,
  type FetchOptions,
  type FetchResult,
  type FollowerPosition,
  type Isolation,
  type IsrAnswer,
  type ListOffsetResult,
  type PartitionAssignment,
  type PartitionMetrics,
  type ReplicaFetchOptions,
} from './partition-api.ts'
import { followerDecision, wholeBatches, type FollowerDecision, type LeaderAnswer } from './follower.ts'
import { recompressBatch } from './recompress.ts'
import { ReplicaSet, type IsrProposal, type ReplicaSetOptions } from './replica-set.ts'
import type { TurnWriter, TurnWrites } from './turn-writes.ts'
import { PartitionWaiters, type WaitingRooms } from './waiting-room.ts'
import type { RecompressTarget } from './recompress.ts'
import type { Recompressor } from './recompressor.ts'

export interface PartitionOptions extends ReplicaSetOptions {
  readonly log: Log
  /** From `replication-offset-checkpoint`: what was committed for certain. */
  readonly checkpointedHighWatermark: number
  /** The leader wants other replicas in sync: to be asked of the controller, and answered by `isrAnswered`. */
  readonly onIsrProposal: (partition: Partition, proposal: IsrProposal) => void
  readonly clock: Clock
  readonly codecs: Codecs
  readonly flusher: Flusher
  readonly rooms: WaitingRooms
  readonly turnWrites: TurnWrites
  readonly recompressor: Recompressor
  readonly wheel: TimerWheel
  readonly durability: Durability
  /** Walk the records of every client batch, not only where a rule of the topic needs it. */
  readonly strictRecords: boolean
}

const NO_ABORTED_TRANSACTIONS: readonly AbortedTransaction[] = []

export class Partition implements FlushTarget, TurnWriter, WheelTimerOwner {
  readonly log: Log
  /** Of {@link WaitingRooms}: who waits for this partition. */
  readonly waiters = new PartitionWaiters()
  readonly metrics: PartitionMetrics = { messagesIn: 0, bytesIn: 0, bytesOut: 0, appendsFailed: 0, duplicates: 0 }
  readonly #clock: Clock
  readonly #codecs: Codecs
  readonly #flusher: Flusher
  readonly #rooms: WaitingRooms
  readonly #turnWrites: TurnWrites
  readonly #recompressor: Recompressor
  readonly #wheel: TimerWheel
  readonly #durability: Durability
  readonly #strictRecords: boolean
  readonly #fromClient: ValidateOptions
  readonly #fromCoordinator: ValidateOptions
  readonly #flushTimer = new WheelTimer(this)
  readonly #options: PartitionOptions
  #leads = false
  /** Of a leader with other replicas. */
  #replicas: ReplicaSet | undefined = undefined
  #announced: IsrProposal | undefined = undefined
  #leaderEpoch = -1
  #partitionEpoch = -1
  #highWatermark: number
  /** What is stored here, as far as the last sync or write has told. */
  #storedOffset = 0
  /** Of a replicated partition: what lies between the commits. */
  readonly #appendSizes = new AppendSizes()
  /** Why the partition refuses requests without being offline. */
  #resigned: ErrorCode = ErrorCode.NONE
  /** It has been appended to in this turn. */
  #writing = false
  /** Appends of this turn were gathered: its end writes them, unless a read did so before, and lets them count. */
  #gathered = false
  /** Bytes appended since the start, those covered by the sync in flight, and those committed. */
  #appendedBytes = 0
  #syncingBytes = 0
  #committedBytes = 0

  constructor(options: PartitionOptions) {
    this.log = options.log
    this.#options = options
    this.#clock = options.clock
    this.#codecs = options.codecs
    this.#flusher = options.flusher
    this.#rooms = options.rooms
    this.#turnWrites = options.turnWrites
    this.#recompressor = options.recompressor
    this.#wheel = options.wheel
    this.#durability = options.durability
    this.#strictRecords = options.strictRecords
    this.#fromClient = { crc32c: options.codecs.crc32c, origin: 'client' }
    this.#fromCoordinator = { crc32c: options.codecs.crc32c, origin: 'leader' }
    const { logStartOffset, logEndOffset } = options.log
    this.#highWatermark = Math.min(Math.max(options.checkpointedHighWatermark, logStartOffset), logEndOffset)
    this.log.highWatermarkMoved(this.#highWatermark)
  }

  get leads(): boolean {
    return this.#leads
  }

  /** It leads, and others hold copies. */
  get isReplicated(): boolean {
    return this.#replicas !== undefined
  }

  /** What the leader knows of the other replicas; `undefined`: there are none, or this node follows. */
  get replicas(): ReplicaSet | undefined {
    return this.#replicas
  }

  get partitionEpoch(): number {
    return this.#partitionEpoch
  }

  get leaderEpoch(): number {
    return this.#leaderEpoch
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  /** Up to here read-committed consumers read: the high watermark, or the first transaction that is not decided. */
  get lastStableOffset(): number {
    if (this.offline) return this.#highWatermark
    return Math.min(this.#highWatermark, this.log.firstUnstableOffset ?? Infinity)
  }

  get offline(): boolean {
    return this.log.offline !== undefined || this.log.closed
  }

  /** The metadata say who leads, and who holds copies. Older news changes nothing. */
  assign(assignment: PartitionAssignment): void {
    const { leader, leaderEpoch, partitionEpoch, replicas } = assignment
    if (leaderEpoch < this.#leaderEpoch || partitionEpoch < this.#partitionEpoch) return
    const wasLeading = this.#leads
    const isNewEpoch = leaderEpoch > this.#leaderEpoch
    this.#leaderEpoch = leaderEpoch
    this.#partitionEpoch = partitionEpoch
    this.#resigned = ErrorCode.NONE
    this.#leads = leader === this.#options.nodeId
    if (!this.#leads) this.#follow(wasLeading)
    else if (replicas.length === 1) this.#leadAlone()
    else this.#leadReplicas(assignment, isNewEpoch || !wasLeading)
  }

  /** The partition is gone from here (deleted, or led by another): all who wait are told, and later requests, too. */
  resign(errorCode: ErrorCode): void {
    this.#resigned = errorCode
    this.#wheel.cancel(this.#flushTimer)
    this.#flusher.forget(this)
    this.#rooms.failed(this, errorCode)
  }

  /**
   * Checks the batch in `bytes[start, end)`, gives it offsets and leader epoch **in place**, and appends it. Synchronous.
   * Committed later: see {@link AppendResult.requiredOffset}.
   */
  append(bytes: Uint8Array, start: number, end: number, options: AppendOptions): AppendResult {
    const result = this.#append(bytes, start, end, options)
    if (result.errorCode !== ErrorCode.NONE) this.metrics.appendsFailed++
    return result
  }

  /** Whether an append with this required offset may be answered with success: it is committed, or with acks=1 stored. */
  isAcknowledged(requiredOffset: number, acks = -1): boolean {
    return requiredOffset <= (acks === 1 && this.#replicas !== undefined ? this.#storedOffset : this.#highWatermark)
  }

  /**
   * The batch of a client has to be recompressed, or to wait behind one that is: `appendRecompressed` it. Only its header
   * is looked at.
   */
  mustRecompress(view: DataView, at: number): boolean {
    return this.#recompressor.hasLine(this) || this.#recompressionOf(view, at) !== undefined
  }

  /**
   * Like `append`, for a client's batch that must be recompressed first, off the event loop. Appends of this kind happen
   * in the order of the calls.
   * @param batch one whole batch, which must not change until then
   * @param waiter told once, in the turn of the append, maybe inside this call
   */
  appendRecompressed(batch: Uint8Array, options: AppendOptions, waiter: AppendWaiter): void {
    const view = viewOf(batch)
    const refuse = (result: AppendResult): void => {
      this.metrics.appendsFailed++
      waiter.onAppended(result)
    }
    const refusal = checkHeader(batch, view, 0, batch.length, this.log.config, this.#fromClient)
    if (refusal !== undefined) return refuse(this.#refuse(refusal))
    const taken = this.#recompressor.take(this, batch, this.#recompressionOf(view, 0), (outcome) => {
      try {
        if (outcome.ok) return waiter.onAppended(this.append(outcome.batch, 0, outcome.batch.length, options))
        if (!(outcome.error instanceof RecordsError)) throw outcome.error
        refuse(this.#refused(ErrorCode.CORRUPT_MESSAGE, outcome.error.message))
      } catch (error) {
        // What comes behind it goes on.
        waiter.onFailure(error)
      }
    })
    if (!taken) refuse(this.#refused(ErrorCode.REQUEST_TIMED_OUT, 'Too many batches wait for their recompression.'))
  }

  /** From the tail cache or the page cache; see {@link Partition.isCold}. Never waits for data. */
  fetch(options: FetchOptions): FetchResult {
    try {
      const refusal = this.#refuseFetch(options)
      if (refusal !== undefined) return refusal
      return this.#fetched(options, this.log.read(this.#readOptions(options)))
    } catch (error) {
      return this.#failedFetch(error)
    }
  }

  /** Like `fetch`, reading off the event loop. */
  async fetchCold(options: FetchOptions): Promise<FetchResult> {
    try {
      const refusal = this.#refuseFetch(options)
      if (refusal !== undefined) return refusal
      return this.#fetched(options, await this.log.readCold(this.#readOptions(options)))
    } catch (error) {
      return this.#failedFetch(error)
    }
  }

  /**
   * A follower fetches: what it asks for it has not got, what is below it has. It is given what is not committed yet, too.
   */
  fetchAsReplica(options: ReplicaFetchOptions): FetchResult {
    try {
      const refusal = this.#refuseReplica(options)
      if (refusal !== undefined) return refusal
      return this.#fetched(options, this.log.read(this.#replicaReadOptions(options)))
    } catch (error) {
      return this.#failedFetch(error)
    }
  }

  /** Like `fetchAsReplica`, reading off the event loop. */
  async fetchColdAsReplica(options: ReplicaFetchOptions): Promise<FetchResult> {
    try {
      const refusal = this.#refuseReplica(options)
      if (refusal !== undefined) return refusal
      return this.#fetched(options, await this.log.readCold(this.#replicaReadOptions(options)))
    } catch (error) {
      return this.#failedFetch(error)
    }
  }

  /** The bytes at this offset are probably on disk only: use `fetchCold`. */
  isCold(fetchOffset: number): boolean {
    return !this.offline && this.log.isCold(fetchOffset)
  }

  /** @param timestampMs a time, or one of the special values above */
  async listOffset(timestampMs: number, isolation: Isolation, currentLeaderEpoch: number): Promise<ListOffsetResult> {
    const errorCode = this.#availability(currentLeaderEpoch)
    if (errorCode !== ErrorCode.NONE) return offsetResult(errorCode, undefined)
    const { log } = this
    const readableEnd = isolation === 'read-committed' ? this.lastStableOffset : this.#highWatermark
    try {
      switch (timestampMs) {
        case LATEST_TIMESTAMP:
          if (this.#isCatchingUp(readableEnd)) return offsetResult(ErrorCode.OFFSET_NOT_AVAILABLE, undefined)
          // The leader's own epoch, also where it has appended nothing yet.
          return offsetResult(errorCode, { timestampMs: -1, offset: readableEnd, leaderEpoch: this.#leaderEpoch })
        case EARLIEST_TIMESTAMP:
        case EARLIEST_LOCAL_TIMESTAMP: {
          const offset = log.logStartOffset
          const leaderEpoch = offset < log.logEndOffset ? log.epochAt(offset) : this.#leaderEpoch
          return offsetResult(errorCode, { timestampMs: -1, offset, leaderEpoch })
        }
        // Nothing is tiered.
        case LATEST_TIERED_TIMESTAMP:
        case EARLIEST_PENDING_UPLOAD_TIMESTAMP:
          return offsetResult(errorCode, undefined)
        case MAX_TIMESTAMP:
          return offsetResult(errorCode, await log.offsetOfMaxTimestamp(readableEnd))
        default: {
          const found = await log.offsetForTimestamp(timestampMs, readableEnd)
          if (found === undefined && this.#isCatchingUp(readableEnd)) {
            return offsetResult(ErrorCode.OFFSET_NOT_AVAILABLE, undefined)
          }
          return offsetResult(errorCode, found)
        }
      }
    } catch (error) {
      return offsetResult(this.#storageError(error), undefined)
    }
  }

  /** @param offset records below it are deleted; -1: all below the high watermark */
  deleteRecords(offset: number): DeleteRecordsResult {
    const errorCode = this.#availability(-1)
    if (errorCode !== ErrorCode.NONE) return { errorCode, lowWatermark: -1 }
    if (!this.log.config.cleanupDelete) return { errorCode: ErrorCode.POLICY_VIOLATION, lowWatermark: -1 }
    const upTo = offset === -1 ? this.#highWatermark : offset
    if (upTo < 0 || upTo > this.#highWatermark) return { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE, lowWatermark: -1 }
    try {
      this.log.raiseLogStartOffset(upTo)
      return { errorCode, lowWatermark: this.log.logStartOffset }
    } catch (error) {
      return { errorCode: this.#storageError(error), lowWatermark: -1 }
    }
  }

  offsetForLeaderEpoch(epoch: number, currentLeaderEpoch: number): EpochEndResult {
    const errorCode = this.#availability(currentLeaderEpoch)
    if (errorCode !== ErrorCode.NONE) return { errorCode, leaderEpoch: -1, endOffset: -1 }
    try {
      return { errorCode, ...this.#epochEnd(epoch) }
    } catch (error) {
      return { errorCode: this.#storageError(error), leaderEpoch: -1, endOffset: -1 }
    }
  }

  describeProducers(): readonly ProducerDescription[] {
    return this.offline ? [] : this.log.describeProducers()
  }

  /** Where the leader's log begins or ends, committed or not, for a follower that cannot go on where it stands. */
  listOffsetForReplica(timestampMs: number, currentLeaderEpoch: number): ListOffsetResult {
    const errorCode = this.#availability(currentLeaderEpoch)
    if (errorCode !== ErrorCode.NONE) return offsetResult(errorCode, undefined)
    const { log } = this
    const isEnd = timestampMs === LATEST_TIMESTAMP
    const isStart = timestampMs === EARLIEST_TIMESTAMP || timestampMs === EARLIEST_LOCAL_TIMESTAMP
    if (!isEnd && !isStart) return offsetResult(ErrorCode.INVALID_REQUEST, undefined)
    const offset = isEnd ? log.logEndOffset : log.logStartOffset
    const leaderEpoch = offset < log.logEndOffset ? log.epochAt(offset) : this.#leaderEpoch
    return offsetResult(errorCode, { timestampMs: -1, offset, leaderEpoch })
  }

  /** Where this follower goes on; `undefined` when it does not follow. */
  followerPosition(): FollowerPosition | undefined {
    if (this.#leads || this.offline || this.#resigned !== ErrorCode.NONE) return undefined
    const { log } = this
    const lastFetchedEpoch = log.logEndOffset > log.logStartOffset ? log.latestEpoch : -1
    return {
      leaderEpoch: this.#leaderEpoch,
      fetchOffset: log.logEndOffset,
      lastFetchedEpoch,
      logStartOffset: log.logStartOffset,
    }
  }

  /**
   * The leader has answered a fetch from this position. Appends what it sent, and takes over its high watermark and log
   * start; anything else is for the caller to do. An answer to another position than the present one changes nothing.
   * @returns what to do before the next fetch
   */
  followed(position: FollowerPosition, answer: LeaderAnswer): FollowerDecision {
    const now = this.followerPosition()
    if (now === undefined || now.leaderEpoch !== position.leaderEpoch) return { action: 'await-metadata' }
    if (now.fetchOffset !== position.fetchOffset) return { action: 'retry' }
    const decision = followerDecision(answer, this.log, this.#highWatermark)
    if (decision.action !== 'append') return decision
    try {
      return this.#appendFollowed(answer) ? decision : { action: 'retry' }
    } catch (error) {
      this.#storageError(error)
      return { action: 'await-metadata' }
    }
  }

  /**
   * For the fetcher of a follower: what it has appended is stored, so that the next fetch may say so.
   * @throws LogError `LOG_OFFLINE`
   */
  async settleStored(): Promise<void> {
    // A sync may be under way that covers part of it, so that the log is not dirty and yet not all of it is on disk.
    if (this.#durability === 'durable' && this.log.durableOffset < this.log.logEndOffset) await this.log.flush()
    this.#storedOffset = Math.max(this.#storedOffset, Math.min(this.log.durableOffset, this.log.logEndOffset))
  }

  /** Cuts a follower's log off; see {@link followerDecision}. */
  async truncateFollower(leaderEpoch: number, offset: number): Promise<void> {
    if (this.#leads || leaderEpoch !== this.#leaderEpoch) return
    await this.log.truncateTo(offset)
    this.#lowerHighWatermark()
  }

  /** A follower's log begins again at `offset`, since its leader has nothing older. */
  async restartFollower(leaderEpoch: number, offset: number): Promise<void> {
    if (this.#leads || leaderEpoch !== this.#leaderEpoch) return
    await this.log.truncateFullyAndStartAt(offset)
    this.#highWatermark = offset
    this.log.highWatermarkMoved(offset)
  }

  /** The controller has answered: with the partition as it is now, or (`undefined`) that it did not change it. */
  isrAnswered(proposal: IsrProposal, answer: IsrAnswer | undefined): void {
    const replicas = this.#replicas
    if (replicas === undefined) return
    if (answer === undefined) replicas.refused(proposal)
    else if (replicas.committed(answer)) this.#partitionEpoch = Math.max(this.#partitionEpoch, answer.partitionEpoch)
    this.#maybeAdvance(replicas)
  }

  /** For the set, every half of `replica.lag.time.max.ms`: who has not kept up is to leave the replicas in sync. */
  maybeShrinkIsr(): void {
    const replicas = this.#replicas
    if (replicas === undefined || this.offline) return
    replicas.maybeShrink(this.log.logEndOffset, this.#clock.monotonicMs())
    this.#announce(replicas)
    // Who was waited for because it had nearly caught up may have fallen behind since.
    this.#maybeAdvance(replicas)
  }

  /** For the set: a new configuration, for later appends and the next retention check. */
  reconfigure(config: LogConfig): void {
    this.log.reconfigure(config)
    if (this.#durability === 'page-cache') this.#storeWritten()
    else if (this.#replicas !== undefined) this.#maybeAdvance(this.#replicas)
  }

  /** For the set: deletes old segments; waiting fetches find out by themselves. @returns segments deleted */
  deleteOldSegments(): number {
    if (this.offline) return 0
    try {
      return this.log.deleteOldSegments(this.#highWatermark)
    } catch (error) {
      this.#storageError(error)
      return 0
    }
  }

  /** For the flusher. */
  flush(): Promise<void> {
    this.#syncingBytes = this.#appendedBytes
    return this.log.flush()
  }

  /** For the flusher: a sync has ended, well or badly. */
  onFlushed(): void {
    if (this.offline) return this.#rooms.failed(this, ErrorCode.KAFKA_STORAGE_ERROR)
    if (this.#durability === 'durable') this.#stored(this.log.durableOffset, this.#syncingBytes)
    else this.#storeWritten()
  }

  /** For the turn's writes: what was gathered is written; with page-cache durability it counts from now on. */
  onTurnEnd(): boolean {
    const gathered = this.#gathered
    this.#writing = this.#gathered = false
    if (!gathered) return false
    if (this.offline) {
      this.#rooms.failed(this, ErrorCode.KAFKA_STORAGE_ERROR)
      return true
    }
    try {
      this.log.writeGathered()
      if (this.#durability === 'page-cache') this.#writtenToPageCache()
    } catch (error) {
      this.#storageError(error)
    }
    return true
  }

  /** `flush.ms` has passed since the first append that is not synced. */
  onTimer(): void {
    if (!this.offline && this.log.dirty) this.#flusher.request(this)
  }

  #append(bytes: Uint8Array, start: number, end: number, options: AppendOptions): AppendResult {
    const { log } = this
    const { config } = log
    const unavailable = this.#availability(-1)
    if (unavailable !== ErrorCode.NONE) return this.#refused(unavailable, 'The partition is not available here.')
    if (this.#replicas !== undefined && options.acks === -1 && this.#replicas.isUnderMinIsr(config.minInsyncReplicas)) {
      const { isr } = this.#replicas
      return this.#refused(
        ErrorCode.NOT_ENOUGH_REPLICAS,
        `In sync are the replicas ${isr.join(', ')}; min.insync.replicas is ${config.minInsyncReplicas}.`,
      )
    }
    const view = cachedViewOf(bytes)
    const fromClient = options.origin === 'client'
    const rules = fromClient ? this.#fromClient : this.#fromCoordinator
    const refusal = checkHeader(bytes, view, start, end, config, rules)
    if (refusal !== undefined) return this.#refuse(refusal)
    try {
      if (fromClient && batchProducerId(view, start) >= 0) {
        const known = this.#checkProducer(view, start, options)
        if (known !== undefined) return known
      }
      const nowMs = this.#clock.nowMs()
      if (fromClient) {
        const { codecs, strict } = { codecs: this.#codecs, strict: this.#strictRecords }
        const fault = checkRecords(bytes, view, start, { config, strict, nowMs, codecs })
        if (fault !== undefined) return this.#refuse(fault)
      }
      const target = this.#recompressionOf(view, start)
      if (target !== undefined) return this.#recompressAndWrite(bytes, view, start, target, options, nowMs)
      return this.#write(bytes, view, start, end, options, nowMs)
    } catch (error) {
      return this.#refused(this.#storageError(error), 'The log directory has failed.')
    }
  }

  /** @returns the answer to a batch that is not to be appended; `undefined`: append it */
  #checkProducer(view: DataView, at: number, options: AppendOptions): AppendResult | undefined {
    const { producers } = this.log
    const check = producers.check(view, at)
    switch (check) {
      case ProducerCheck.Accept:
        return undefined
      case ProducerCheck.Duplicate: {
        this.metrics.duplicates++
        return {
          errorCode: ErrorCode.NONE,
          errorMessage: null,
          recordErrors: NO_RECORD_ERRORS,
          baseOffset: producers.duplicateBaseOffset,
          lastOffset: producers.duplicateLastOffset,
          // As Apache Kafka: the first one's largest timestamp, whoever it was that stamped it.
          logAppendTimeMs: producers.duplicateTimestampMs,
          logStartOffset: this.log.logStartOffset,
          // The first one may not be committed yet, though its request has gone: wait for it as well. Watchers wait in the
          // order of their offsets, and others may be behind it already, so this one waits for all there is.
          requiredOffset: this.#requiredOffset(options),
        }
      }
      case ProducerCheck.OutOfOrderSequence:
        return this.#refused(
          ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
          `The batch of producer ${batchProducerId(view, at)} does not continue its sequence.`,
        )
      case ProducerCheck.InvalidEpoch:
        return this.#refused(
          ErrorCode.INVALID_PRODUCER_EPOCH,
          `Producer ${batchProducerId(view, at)} has been fenced by a newer epoch.`,
        )
      default:
        return check satisfies never
    }
  }

  /** @returns `undefined`: the batch is in the topic's codec */
  #recompressionOf(view: DataView, at: number): RecompressTarget | undefined {
    const { compressionType: type, compressionLevel: level } = this.log.config
    return type === 'producer' || type === compressionOf(batchAttributes(view, at)) ? undefined : { type, level }
  }

  /** On the event loop: for who cannot wait. */
  #recompressAndWrite(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    target: RecompressTarget,
    options: AppendOptions,
    nowMs: number,
  ): AppendResult {
    const { maxMessageBytes } = this.log.config
    let batch: Uint8Array
    try {
      batch = recompressBatch(bytes, view, at, target, this.#codecs)
    } catch (error) {
      if (!(error instanceof RecordsError)) throw error
      return this.#refused(ErrorCode.CORRUPT_MESSAGE, error.message)
    }
    if (batch.length > maxMessageBytes)
      return this.#refused(
        ErrorCode.MESSAGE_TOO_LARGE,
        `The batch has ${batch.length} bytes as ${target.type}; max.message.bytes is ${maxMessageBytes}.`,
      )
    const { acks, origin } = options
    return this.#write(batch, viewOf(batch), 0, batch.length, { acks, origin }, nowMs)
  }

  #write(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    options: AppendOptions,
    nowMs: number,
  ): AppendResult {
    const { log } = this
    const baseOffset = log.logEndOffset
    const lastOffset = baseOffset + batchLastOffsetDelta(view, start)
    setBatchBaseOffset(view, start, baseOffset)
    setBatchLeaderEpoch(view, start, this.#leaderEpoch)
    const stamped = log.config.messageTimestampType === 'LogAppendTime'
    if (stamped) setBatchMaxTimestamp(bytes, view, start, nowMs, 'LogAppendTime', this.#codecs.crc32c)
    const gather = this.#mayGather()
    log.append(bytes, start, end, options.owner, gather)
    this.#appendedBytes += end - start
    this.metrics.messagesIn += batchRecordCount(view, start)
    this.metrics.bytesIn += end - start
    if (log.hasGathered) this.#gathered = true
    if (this.#replicas !== undefined) {
      this.#appendSizes.append(log.logEndOffset, this.#appendedBytes)
      this.#rooms.appended(this, end - start)
    }
    if (this.#durability === 'durable') this.#flusher.request(this)
    else if (!log.hasGathered) this.#writtenToPageCache()
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      recordErrors: NO_RECORD_ERRORS,
      baseOffset,
      lastOffset,
      logAppendTimeMs: stamped ? nowMs : -1,
      logStartOffset: log.logStartOffset,
      requiredOffset: this.#requiredOffset(options),
    }
  }

  /** The first append of a turn is written at once, further ones at the end of the turn. */
  #mayGather(): boolean {
    if (this.#writing) return true
    this.#writing = true
    this.#turnWrites.add(this)
    return false
  }

  #requiredOffset(options: AppendOptions): number {
    return options.acks === 0 ? 0 : this.log.logEndOffset
  }

  #writtenToPageCache(): void {
    const { log } = this
    if (log.flushDue) this.#flusher.request(this)
    else if (log.config.flushMs !== Infinity && !this.#flushTimer.scheduled)
      this.#wheel.schedule(this.#flushTimer, log.config.flushMs)
    this.#storeWritten()
  }

  /** Page cache: what is written is stored, unless `flush.messages` holds it back until a sync. */
  #storeWritten(): void {
    const { log } = this
    if (log.hasGathered) return // The end of the turn writes and commits it.
    const held = log.logEndOffset - log.durableOffset >= log.config.flushMessages
    if (held) this.#stored(log.durableOffset, this.#syncingBytes)
    else this.#stored(log.logEndOffset, this.#appendedBytes)
  }

  /** Everything below `offset` is stored here. With other replicas, that is a part of what committing needs. */
  #stored(offset: number, totalBytes: number): void {
    this.#storedOffset = Math.max(this.#storedOffset, offset)
    if (!this.#leads) return
    if (this.waiters.stores.first !== undefined) this.#rooms.stored(this, offset)
    if (this.#replicas === undefined) this.#advanceTo(offset, totalBytes)
    else this.#maybeAdvance(this.#replicas)
  }

  #maybeAdvance(replicas: ReplicaSet): void {
    const { log } = this
    if (this.offline || replicas.isUnderMinIsr(log.config.minInsyncReplicas)) return
    const offset = replicas.highWatermark(this.#storedOffset, log.logEndOffset, this.#clock.monotonicMs())
    if (offset > this.#highWatermark) this.#advanceTo(offset, this.#appendSizes.totalBytesBelow(offset))
  }

  #follow(wasLeading: boolean): void {
    this.#replicas = undefined
    this.#announced = undefined
    if (!wasLeading) return
    this.#wheel.cancel(this.#flushTimer)
    this.#rooms.failed(this, ErrorCode.NOT_LEADER_OR_FOLLOWER)
  }

  /** The only replica: what is stored here is committed. */
  #leadAlone(): void {
    this.#replicas = undefined
    this.#announced = undefined
    this.#appendSizes.clear(this.#appendedBytes)
    if (this.offline) return
    const { log } = this
    this.#stored(this.#durability === 'durable' ? log.durableOffset : log.logEndOffset, this.#appendedBytes)
  }

  #leadReplicas(assignment: PartitionAssignment, isNewLeader: boolean): void {
    const { log } = this
    const nowMs = this.#clock.monotonicMs()
    if (this.#replicas === undefined || isNewLeader) {
      this.#replicas = new ReplicaSet(this.#options, assignment, log.logEndOffset, nowMs)
      this.#appendSizes.clear(this.#appendedBytes)
    } else this.#replicas.update(assignment, log.logEndOffset, nowMs)
    this.#announced = undefined
    this.#storedOffset = Math.max(this.#storedOffset, log.durableOffset)
    if (this.#durability === 'page-cache') this.#storeWritten()
    else if (log.dirty) this.#flusher.request(this)
    this.#maybeAdvance(this.#replicas)
  }

  #announce(replicas: ReplicaSet): void {
    const proposal = replicas.pendingProposal
    if (proposal === this.#announced) return
    this.#announced = proposal
    if (proposal !== undefined) this.#options.onIsrProposal(this, proposal)
  }

  /** @returns whether all that the leader sent could be appended */
  #appendFollowed(answer: LeaderAnswer): boolean {
    const { log } = this
    const { records } = answer
    const endBytes = wholeBatches(records, log.logEndOffset, this.#leaderEpoch, this.#fromCoordinator)
    if (endBytes > 0) {
      log.append(records, 0, endBytes)
      this.#appendedBytes += endBytes
      this.metrics.bytesIn += endBytes
      if (this.#durability === 'page-cache') this.#writtenToPageCache()
    }
    const highWatermark = Math.min(answer.highWatermark, log.logEndOffset)
    if (highWatermark > this.#highWatermark) this.#advanceTo(highWatermark, this.#committedBytes + endBytes)
    if (answer.logStartOffset > log.logStartOffset && answer.logStartOffset <= log.logEndOffset) {
      log.raiseLogStartOffset(answer.logStartOffset)
    }
    return endBytes > 0 || records.length === 0
  }

  #lowerHighWatermark(): void {
    const { log } = this
    this.#storedOffset = Math.min(this.#storedOffset, log.logEndOffset)
    if (this.#highWatermark <= log.logEndOffset) return
    this.#highWatermark = log.logEndOffset
    log.highWatermarkMoved(this.#highWatermark)
  }

  /** A new leader knows that more may have been committed than it can tell yet (KIP-207). */
  #isCatchingUp(readableEnd: number): boolean {
    return this.#replicas !== undefined && readableEnd < this.#replicas.epochStartOffset
  }

  /** @param totalBytes bytes appended below `offset` since the start */
  #advanceTo(offset: number, totalBytes: number): void {
    if (offset <= this.#highWatermark) return
    const sizeBytes = totalBytes - this.#committedBytes
    this.#highWatermark = offset
    this.#committedBytes = totalBytes
    this.log.highWatermarkMoved(offset)
    this.#rooms.advanced(this, sizeBytes)
  }

  /** Whether this node may answer; consumers may ask a follower, too. */
  #availability(currentLeaderEpoch: number, onlyLeader = true): ErrorCode {
    if (this.#resigned !== ErrorCode.NONE) return this.#resigned
    if (this.offline) return ErrorCode.KAFKA_STORAGE_ERROR
    if (onlyLeader && !this.#leads) return ErrorCode.NOT_LEADER_OR_FOLLOWER
    if (currentLeaderEpoch < 0 || currentLeaderEpoch === this.#leaderEpoch) return ErrorCode.NONE
    return currentLeaderEpoch < this.#leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH
  }

  /** Checks a follower's fetch, and takes note of how far it has come. */
  #refuseReplica(options: ReplicaFetchOptions): FetchResult | undefined {
    const errorCode = this.#availability(options.currentLeaderEpoch)
    if (errorCode !== ErrorCode.NONE) return this.#emptyFetch(errorCode)
    const replicas = this.#replicas
    if (replicas === undefined || replicas.caughtUpMsOf(options.replicaId) === undefined) {
      // The fetcher may know of a reassignment that this node is about to hear of.
      const isEarly = options.currentLeaderEpoch >= 0
      return this.#emptyFetch(isEarly ? ErrorCode.UNKNOWN_LEADER_EPOCH : ErrorCode.NOT_LEADER_OR_FOLLOWER)
    }
    const refusal = this.#refuseFetch({ ...options, isolation: 'read-uncommitted' })
    if (refusal !== undefined || options.isRepeated) return refusal
    const { replicaId, replicaEpoch, fetchOffset, logStartOffset } = options
    replicas.followerFetched(
      { replicaId, brokerEpoch: replicaEpoch, fetchOffset, logStartOffset },
      { endOffset: this.log.logEndOffset, highWatermark: this.#highWatermark },
      this.#clock.monotonicMs(),
    )
    this.#announce(replicas)
    this.#maybeAdvance(replicas)
    return undefined
  }

  #replicaReadOptions({ fetchOffset, maxBytes, minOneBatch }: ReplicaFetchOptions): ReadOptions {
    return { offset: fetchOffset, maxBytes, upToOffset: this.log.logEndOffset, minOneBatch }
  }

  #refuseFetch(options: FetchOptions): FetchResult | undefined {
    const errorCode = this.#availability(options.currentLeaderEpoch, false)
    if (errorCode !== ErrorCode.NONE) return this.#emptyFetch(errorCode)
    const { fetchOffset, lastFetchedEpoch } = options
    const { log } = this
    if (lastFetchedEpoch >= 0) {
      const end = this.#epochEnd(lastFetchedEpoch)
      if (end.endOffset < 0) return this.#emptyFetch(ErrorCode.OFFSET_OUT_OF_RANGE)
      if (end.leaderEpoch < lastFetchedEpoch || end.endOffset < fetchOffset)
        return { ...this.#emptyFetch(ErrorCode.NONE), divergingEpoch: end }
    }
    if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset)
      return this.#emptyFetch(ErrorCode.OFFSET_OUT_OF_RANGE)
    return undefined
  }

  /** The epoch of a leader that has not appended yet ends where the log does. */
  #epochEnd(epoch: number): EpochEndOffset {
    if (epoch === this.#leaderEpoch) return { leaderEpoch: epoch, endOffset: this.log.logEndOffset }
    return this.log.endOffsetForEpoch(epoch)
  }

  #readOptions(options: FetchOptions): ReadOptions {
    const { fetchOffset, maxBytes, minOneBatch, isolation } = options
    const upToOffset = isolation === 'read-committed' ? this.lastStableOffset : this.#highWatermark
    return { offset: fetchOffset, maxBytes, upToOffset, minOneBatch }
  }

  #fetched(options: { readonly fetchOffset: number; readonly isolation?: Isolation }, read: LogRead): FetchResult {
    const { log } = this
    this.metrics.bytesOut += read.sizeBytes
    let abortedTransactions: readonly AbortedTransaction[] | null = null
    if (options.isolation === 'read-committed')
      abortedTransactions =
        read.sizeBytes === 0 ? NO_ABORTED_TRANSACTIONS : log.abortedTransactions(options.fetchOffset, read.nextOffset)
    return {
      errorCode: ErrorCode.NONE,
      highWatermark: this.#highWatermark,
      lastStableOffset: this.lastStableOffset,
      logStartOffset: log.logStartOffset,
      records: read.sizeBytes === 0 ? undefined : read,
      abortedTransactions,
      divergingEpoch: undefined,
    }
  }

  #emptyFetch(errorCode: ErrorCode): FetchResult {
    // A fenced or lost fetcher learns nothing of where this log stands.
    const known = errorCode === ErrorCode.NONE || errorCode === ErrorCode.OFFSET_OUT_OF_RANGE
    return {
      errorCode,
      highWatermark: known ? this.#highWatermark : -1,
      lastStableOffset: known ? this.lastStableOffset : -1,
      logStartOffset: known ? this.log.logStartOffset : -1,
      records: undefined,
      abortedTransactions: null,
      divergingEpoch: undefined,
    }
  }

  #failedFetch(error: unknown): FetchResult {
    return this.#emptyFetch(this.#storageError(error))
  }

  #refuse({ errorCode, message, recordErrors }: Refusal): AppendResult {
    return refusedAppend(errorCode, message, this.log.logStartOffset, recordErrors)
  }

  #refused(errorCode: ErrorCode, message: string): AppendResult {
    return refusedAppend(errorCode, message, this.log.logStartOffset)
  }

  /** A failure of the log: all who wait are told. Anything else is a bug and goes on its way. */
  #storageError(error: unknown): ErrorCode {
    if (!(error instanceof LogError)) throw error
    this.#rooms.failed(this, ErrorCode.KAFKA_STORAGE_ERROR)
    return ErrorCode.KAFKA_STORAGE_ERROR
  }
}

function offsetResult(errorCode: ErrorCode, found: TimestampOffset | undefined): ListOffsetResult {
  if (found === undefined) return { errorCode, timestampMs: -1, offset: -1, leaderEpoch: -1 }
  return { errorCode, ...found }
}
