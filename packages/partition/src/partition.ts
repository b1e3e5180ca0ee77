/**
 * One replica of a partition, as its leader or as a follower.
 *
 *     Role        leader or follower, in which epoch; whether it may answer
 *     Progress    what is stored here, what is committed
 *     Appending   a leader's appends          Leading     what it knows and wants of the other replicas
 *     Reading     fetches, offsets            Following   appends what the leader has
 *
 * Synchronous wherever the log is: a produce is checked, written and counted in one turn, and acknowledged once it is
 * committed.
 * Invariants: log start ≤ last stable ≤ high watermark ≤ log end; a partition that is offline answers KAFKA_STORAGE_ERROR to
 * everything.
 */
import type { Clock, TimerWheel } from '@braidlog/base'
import { LogError, type Flusher, type Log, type LogConfig, type ProducerDescription } from '@braidlog/log'
import type { ErrorCode } from '@braidlog/model'
import type { Codecs } from '@braidlog/records'
import type { AppendOptions, AppendResult, AppendWaiter } from './append.ts'
import { Appending } from './appending.ts'
import type { FollowerDecision, LeaderAnswer } from './follower.ts'
import { Following } from './following.ts'
import { Leading } from './leading.ts'
import type {
  DeleteRecordsResult,
  Durability,
  EpochEndResult,
  FetchOptions,
  FetchResult,
  FollowerPosition,
  Isolation,
  IsrAnswer,
  ListOffsetResult,
  PartitionAssignment,
  PartitionMetrics,
  ReplicaFetchOptions,
} from './partition-api.ts'
import { Progress } from './progress.ts'
import { Reading } from './reading.ts'
import type { Recompressor } from './recompressor.ts'
import type { IsrProposal, ReplicaSet, ReplicaSetOptions } from './replica-set.ts'
import { Role } from './role.ts'
import type { TurnWrites } from './turn-writes.ts'
import { PartitionWaiters, type WaitingRooms } from './waiting-room.ts'

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

export class Partition {
  readonly log: Log
  /** Of {@link WaitingRooms}: who waits for this partition. */
  readonly waiters = new PartitionWaiters()
  readonly metrics: PartitionMetrics = { messagesIn: 0, bytesIn: 0, bytesOut: 0, appendsFailed: 0, duplicates: 0 }
  readonly #role: Role
  readonly #progress: Progress
  readonly #appending: Appending
  readonly #leading: Leading
  readonly #following: Following
  readonly #reading: Reading

  constructor(options: PartitionOptions) {
    const { log, codecs } = options
    const { metrics } = this
    this.log = log
    const role = new Role(log, options.nodeId)
    const progress = new Progress(this, role, options)
    log.writeLargeLater((sizeBytes) => progress.written(sizeBytes))
    this.#role = role
    this.#progress = progress
    this.#appending = new Appending(role, progress, { ...options, metrics })
    this.#leading = new Leading(role, progress, {
      ...options,
      onIsrProposal: (proposal) => options.onIsrProposal(this, proposal),
    })
    this.#following = new Following(role, progress, {
      log,
      metrics,
      rules: { crc32c: codecs.crc32c, origin: 'leader' },
    })
    this.#reading = new Reading(role, progress, this.#leading, log, metrics)
  }

  get leads(): boolean {
    return this.#role.leads
  }

  /** It leads, and others hold copies. */
  get isReplicated(): boolean {
    return this.#progress.replicas !== undefined
  }

  /** What the leader knows of the other replicas; `undefined`: there are none, or this node follows. */
  get replicas(): ReplicaSet | undefined {
    return this.#progress.replicas
  }

  get partitionEpoch(): number {
    return this.#role.partitionEpoch
  }

  get leaderEpoch(): number {
    return this.#role.leaderEpoch
  }

  get highWatermark(): number {
    return this.#progress.highWatermark
  }

  /** Up to here read-committed consumers read: the high watermark, or the first transaction that is not decided. */
  get lastStableOffset(): number {
    return this.#progress.lastStableOffset
  }

  get offline(): boolean {
    return this.#role.offline
  }

  /** The metadata say who leads, and who holds copies. Older news changes nothing. */
  assign(assignment: PartitionAssignment): void {
    const role = this.#role
    const wasLeading = role.leads
    const isNewEpoch = assignment.leaderEpoch > role.leaderEpoch
    if (!role.assign(assignment)) return
    if (role.leads) this.#leading.lead(assignment, isNewEpoch || !wasLeading)
    else {
      this.#leading.end()
      this.#progress.follow(wasLeading)
    }
  }

  /** The partition is gone from here (deleted, or led by another): all who wait are told, and later requests, too. */
  resign(errorCode: ErrorCode): void {
    this.#role.resign(errorCode)
    this.#progress.resign(errorCode)
  }

  /**
   * Checks the batch in `bytes[start, end)`, gives it offsets and leader epoch **in place**, and appends it. Synchronous.
   * Committed later: see {@link AppendResult.requiredOffset}.
   */
  append(bytes: Uint8Array, start: number, end: number, options: AppendOptions): AppendResult {
    return this.#appending.append(bytes, start, end, options)
  }

  /** Whether an append with this required offset may be answered with success: it is committed, or with acks=1 stored. */
  isAcknowledged(requiredOffset: number, acks = -1): boolean {
    return this.#progress.isAcknowledged(requiredOffset, acks)
  }

  /**
   * The batch of a client has to be recompressed, or to wait behind one that is: `appendRecompressed` it. Only its header
   * is looked at.
   */
  mustRecompress(view: DataView, at: number): boolean {
    return this.#appending.mustRecompress(view, at)
  }

  /**
   * Like `append`, for a client's batch that must be recompressed first, off the event loop. Appends of this kind happen
   * in the order of the calls.
   * @param batch one whole batch, which must not change until then
   * @param waiter told once, in the turn of the append, maybe inside this call
   */
  appendRecompressed(batch: Uint8Array, options: AppendOptions, waiter: AppendWaiter): void {
    this.#appending.appendRecompressed(batch, options, waiter)
  }

  /** From the tail cache or the page cache; see {@link Partition.isCold}. Never waits for data. */
  fetch(options: FetchOptions): FetchResult {
    return this.#reading.fetch(options)
  }

  /** Like `fetch`, reading off the event loop. */
  fetchCold(options: FetchOptions): Promise<FetchResult> {
    return this.#reading.fetchCold(options)
  }

  /**
   * A follower fetches: what it asks for it has not got, what is below it has. It is given what is not committed yet, too.
   */
  fetchAsReplica(options: ReplicaFetchOptions): FetchResult {
    return this.#reading.fetchAsReplica(options)
  }

  /** Like `fetchAsReplica`, reading off the event loop. */
  fetchColdAsReplica(options: ReplicaFetchOptions): Promise<FetchResult> {
    return this.#reading.fetchColdAsReplica(options)
  }

  /** The bytes at this offset are probably on disk only: use `fetchCold`. */
  isCold(fetchOffset: number): boolean {
    return !this.offline && this.log.isCold(fetchOffset)
  }

  /** @param timestampMs a time, or one of the special values of ListOffsets */
  listOffset(timestampMs: number, isolation: Isolation, currentLeaderEpoch: number): Promise<ListOffsetResult> {
    return this.#reading.listOffset(timestampMs, isolation, currentLeaderEpoch)
  }

  /** Where the leader's log begins or ends, committed or not, for a follower that cannot go on where it stands. */
  listOffsetForReplica(timestampMs: number, currentLeaderEpoch: number): ListOffsetResult {
    return this.#reading.listOffsetForReplica(timestampMs, currentLeaderEpoch)
  }

  offsetForLeaderEpoch(epoch: number, currentLeaderEpoch: number): EpochEndResult {
    return this.#reading.offsetForLeaderEpoch(epoch, currentLeaderEpoch)
  }

  /** Of a leader: the lowest log start of the live replicas. */
  get lowWatermark(): number {
    return this.#progress.lowWatermark
  }

  /**
   * Deletes here; the other replicas follow. A deletion may be acknowledged once the low watermark has come to the
   * `requiredOffset`: see {@link WaitingRooms.deleteRecords}.
   * @param offset records below it are deleted; -1: all below the high watermark
   */
  deleteRecords(offset: number): DeleteRecordsResult {
    return this.#reading.deleteRecords(offset)
  }

  describeProducers(): readonly ProducerDescription[] {
    return this.offline ? [] : this.log.describeProducers()
  }

  /** Where this follower goes on; `undefined` when it does not follow. */
  followerPosition(): FollowerPosition | undefined {
    return this.#following.position()
  }

  /**
   * The leader has answered a fetch from this position. Appends what it sent, and takes over its high watermark and log
   * start; anything else is for the caller to do. An answer to another position than the present one changes nothing.
   * @returns what to do before the next fetch
   */
  followed(position: FollowerPosition, answer: LeaderAnswer): FollowerDecision {
    return this.#following.followed(position, answer)
  }

  /** For the fetcher of a follower: a fetch may say that this replica has all that is in its log. */
  get isStored(): boolean {
    return this.#progress.isStored
  }

  /**
   * For the fetcher of a follower: what it has appended is stored, so that the next fetch may say so.
   * @throws LogError `LOG_OFFLINE`
   */
  settleStored(): Promise<void> {
    return this.#progress.settleStored()
  }

  /** Cuts a follower's log off. */
  truncateFollower(leaderEpoch: number, offset: number): Promise<void> {
    return this.#following.truncate(leaderEpoch, offset)
  }

  /** A follower's log begins again at `offset`, since its leader has nothing older. */
  restartFollower(leaderEpoch: number, offset: number): Promise<void> {
    return this.#following.restart(leaderEpoch, offset)
  }

  /** What is on the disk is not what was written; see {@link Log.damage} and {@link Log.recover}. */
  get isDamaged(): boolean {
    const { offline, closed, damage } = this.log
    return !closed && (offline === undefined ? damage !== undefined : offline instanceof LogError)
  }

  /**
   * A follower gives up what is damaged, so that it can be fetched again. It must not be in sync, nor about to be.
   * @param everything give up the whole log
   * @throws LogError
   */
  repairFollower(leaderEpoch: number, everything: boolean): Promise<void> {
    return this.#following.repair(leaderEpoch, everything)
  }

  /**
   * Of a log that is offline as its files contradict each other: makes anew what can be made from the batches.
   * @throws LogError
   */
  recover(): Promise<void> {
    return this.#following.recover()
  }

  /** The controller has answered: with the partition as it is now, or (`undefined`) that it did not change it. */
  isrAnswered(proposal: IsrProposal, answer: IsrAnswer | undefined): void {
    this.#leading.isrAnswered(proposal, answer)
  }

  /** For the set, every half of `replica.lag.time.max.ms`: who has not kept up is to leave the replicas in sync. */
  maybeShrinkIsr(): void {
    this.#leading.maybeShrinkIsr()
  }

  /** For the set: a new configuration, for later appends and the next retention check. */
  reconfigure(config: LogConfig): void {
    this.log.reconfigure(config)
    this.#progress.reconfigured()
  }

  /** For the set: deletes old segments; waiting fetches find out by themselves. @returns segments deleted */
  deleteOldSegments(): number {
    if (this.offline) return 0
    try {
      return this.log.deleteOldSegments(this.highWatermark)
    } catch (error) {
      this.#progress.failed(error)
      return 0
    }
  }

  /** For the set, which closes: what has been appended is stored, as far as the disk can, and those who wait are told. */
  async settle(): Promise<void> {
    try {
      if (this.log.dirty) await this.#progress.flush()
    } finally {
      this.#progress.onFlushed()
    }
  }
}
