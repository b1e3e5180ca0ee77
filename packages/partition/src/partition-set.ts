/**
 * All partitions of one data directory: created, opened after a restart, found by topic id, deleted, closed; and the
 * periodic work on them.
 *
 * A shell: it owns timers and order of work, and decides nothing itself.
 * Invariant: a topic id and partition number name at most one open partition; its log is in the directory of that name.
 */
import {
  silentLogger,
  TimerWheel,
  type DurationHistogram,
  type Clock,
  type Logger,
  type Random,
  type Storage,
  type Timer,
  type Timers,
} from '@braidlog/base'
import { ErrorCode, type Uuid } from '@braidlog/model'
import {
  Cleaner,
  Flusher,
  LogDirectory,
  LogError,
  type Log,
  type LogConfig,
  type LogIdentity,
  type LogResources,
  type StoredLog,
} from '@braidlog/log'
import type { Codecs } from '@braidlog/records'
import { type Durability, type PartitionAssignment } from './partition-api.ts'
import { Partition } from './partition.ts'
import type { IsrProposal } from './replica-set.ts'
import { TurnWrites } from './turn-writes.ts'
import { WaitingRooms } from './waiting-room.ts'
import { Recompressor } from './recompressor.ts'

/** Partitions looked at in one turn by periodic work, so that none of it delays requests for long. */
const PARTITIONS_PER_TURN = 64
/** How often deleted files whose delay has passed are looked for. */
const DELETED_FILES_INTERVAL_MS = 1_000
/** The cleaner pauses at least so long, whatever it is told. */
const CLEANER_BACKOFF_MIN_MS = 10
/** Between pieces of a mebibyte that are verified: a tenth of a gigabyte per second at most. */
const VERIFY_PAUSE_MS = 10
/** How often producers are looked for that have not written for long. */
const PRODUCER_EXPIRY_INTERVAL_MS = 600_000

export interface PartitionSetOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly codecs: Codecs
  readonly resources: LogResources
  readonly logger?: Logger
  /** The data directory (`log.dirs`). */
  readonly path: string
  /** `durable` (default): acknowledged after fdatasync. `page-cache`: as Apache Kafka, after the write. */
  readonly durability: Durability
  /** `braidlog.record.validation` is `strict`: walk the records of every client batch. Default: only where needed. */
  readonly strictRecords?: boolean
  /** See {@link WaitingRooms}: consumers read from followers. */
  readonly tellFollowers?: boolean
  /** Calls back at the end of the turn (setImmediate): group commits start and parked requests wake there. */
  readonly defer: (callback: () => void) => void
  /** `log.retention.check.interval.ms` */
  readonly retentionCheckIntervalMs: number
  /** `log.flush.offset.checkpoint.interval.ms`, also of the log start offsets */
  readonly checkpointIntervalMs: number
  /** `replica.high.watermark.checkpoint.interval.ms` */
  readonly highWatermarkCheckpointIntervalMs: number
  /** `producer.id.expiration.ms` */
  readonly producerIdExpirationMs: number
  /** `log.initial.task.delay.ms` */
  readonly initialTaskDelayMs: number
  /** `log.cleaner.enable` */
  readonly cleanerEnabled: boolean
  /** Asked for before each round of the cleaner. */
  readonly cleanerConfig: () => CleanerConfig
  /** Takes the durations of group commits' fdatasyncs. */
  readonly flushDurations?: DurationHistogram
  readonly nodeId: number
  /** Of the registration; also written into the clean-shutdown file. -1 when not known. */
  readonly brokerEpoch: () => number
  /** `replica.lag.time.max.ms` */
  readonly replicaLagTimeMaxMs: number
  /** The broker may be in sync: registered with this epoch (-1: not said), not fenced, not shutting down. */
  readonly isEligible: (brokerId: number, brokerEpoch: number) => boolean
  /** A leader wants other replicas in sync; answer by `Partition.isrAnswered`. */
  readonly onIsrProposal: (partition: Partition, proposal: IsrProposal) => void
  /** The directory has failed (write or fdatasync): every partition in it answers KAFKA_STORAGE_ERROR from now on. */
  readonly onOffline: (error: Error) => void
  /** A partition is damaged ({@link Partition.isDamaged}) or was found incomplete ({@link Log.isIncomplete}). */
  readonly onDamage?: (partition: Partition) => void
}

export interface CleanerConfig {
  /** Pause after a round in which there was nothing left to clean (`log.cleaner.backoff.ms`). */
  readonly backoffMs: number
  /** Memory for the keys of one log (`log.cleaner.dedupe.buffer.size`, which in Apache Kafka counts hashes). */
  readonly keysSizeBytesMax: number
}

export type PartitionIdentity = LogIdentity
export type StoredPartition = StoredLog

/** Looks at the directory, which is made if need be, and removes the clean-shutdown file. No partition is opened yet. */
export async function openPartitionSet(options: PartitionSetOptions): Promise<PartitionSet> {
  const { storage, clock, random, codecs, resources, logger, path } = options
  let failed: (error: Error) => void = () => {}
  let damaged: (log: Log) => void = () => {}
  const directory = await LogDirectory.open({
    storage,
    clock,
    random,
    codecs,
    resources,
    ...(logger === undefined ? {} : { logger }),
    path,
    onOffline: (error) => failed(error),
    onDamage: (log) => damaged(log),
  })
  const partitions = new PartitionSet(options, directory)
  failed = (error) => partitions.directoryFailed(error)
  damaged = (log) => partitions.logDamaged(log)
  return partitions
}

export class PartitionSet {
  readonly rooms: WaitingRooms
  readonly #options: PartitionSetOptions
  readonly #logger: Logger
  readonly #directory: LogDirectory
  readonly #cleaner: Cleaner
  readonly #wheel: TimerWheel
  readonly #flusher: Flusher
  readonly #turnWrites: TurnWrites
  readonly #recompressor: Recompressor
  /** By topic id, then partition number. */
  readonly #partitions = new Map<Uuid, Map<number, Partition>>()
  /** Openings under way, so that one partition is not opened twice. */
  readonly #opening = new Map<string, Promise<Partition>>()
  readonly #openingCount = new Map<string, number>()
  readonly #timers = new Set<Timer>()
  /** One registration after another. */
  #promised: Promise<void> = Promise.resolve()
  #verifying: Promise<void> | undefined = undefined
  /** Something was found to be damaged. */
  #isSuspicious = false
  #closing: Promise<void> | undefined = undefined
  #closed = false

  /** Use {@link openPartitionSet}. */
  constructor(options: PartitionSetOptions, directory: LogDirectory) {
    this.#options = options
    this.#logger = options.logger ?? silentLogger
    this.#directory = directory
    const { storage, clock, timers, codecs, logger, defer } = options
    this.#cleaner = new Cleaner({
      storage,
      clock,
      codecs,
      directory,
      ...(logger === undefined ? {} : { logger }),
      keysSizeBytesMax: () => options.cleanerConfig().keysSizeBytesMax,
    })
    this.#wheel = new TimerWheel({ clock, timers })
    const { tellFollowers = false } = options
    this.rooms = new WaitingRooms({ wheel: this.#wheel, defer, tellFollowers })
    const { flushDurations: histogram } = options
    this.#flusher = new Flusher({
      defer,
      onRoundEnd: () => this.rooms.drain(),
      ...(histogram === undefined ? {} : { durations: { histogram, clock } }),
    })
    this.#recompressor = new Recompressor(codecs)
    this.#turnWrites = new TurnWrites({ defer, onEnd: () => this.rooms.drain() })
  }

  /** The last shutdown was clean; otherwise every log is recovered when it is opened. */
  get wasCleanShutdown(): boolean {
    return this.#directory.wasCleanShutdown
  }

  /**
   * Epoch of the registration all of whose promises the disk has kept (`previousBrokerEpoch` of the next one): after a
   * clean shutdown, or a crash with durable replication. -1: not known.
   */
  get previousBrokerEpoch(): number {
    return this.#directory.previousBrokerEpoch
  }

  /** A partition whose log has lost what was on disk for certain, as recovery has found; `undefined`: none has. */
  get lost(): string | undefined {
    return this.#directory.lost
  }

  /**
   * The broker is registered with this epoch. In the durable mode whatever it says to have from now on it has on disk, and
   * may say so after a crash; otherwise only after a clean shutdown.
   */
  async registered(brokerEpoch: number): Promise<void> {
    const promise = this.#promised
      .catch(() => {})
      .then(() => this.#directory.promiseDurability(this.#options.durability === 'durable' ? brokerEpoch : -1))
    this.#promised = promise
    await promise
  }

  /** Why the directory is offline, or `undefined`. */
  get offline(): Error | undefined {
    return this.#directory.offline
  }

  /** fdatasyncs of group commits since the start. */
  get syncs(): number {
    return this.#flusher.syncs
  }

  /** What lies in the directory and is not opened yet. */
  stored(): readonly StoredPartition[] {
    return this.#directory.stored()
  }

  /**
   * Opens or creates the partition and leads or follows as `assignment` says; one that is open gets assignment and
   * configuration.
   * A directory of another topic id in its place is set aside as `-stray`.
   * @throws LogError, StorageError
   */
  open(identity: PartitionIdentity, config: LogConfig, assignment: PartitionAssignment): Promise<Partition> {
    const { topic, topicId, partition } = identity
    const open = this.get(topicId, partition)
    if (open !== undefined) {
      open.reconfigure(config)
      open.assign(assignment)
      return Promise.resolve(open)
    }
    const name = `${topic}-${partition}`
    const opening = this.#openAfter(this.#opening.get(name), name, identity, config, assignment)
    this.#opening.set(name, opening)
    this.#openingCount.set(name, (this.#openingCount.get(name) ?? 0) + 1)
    return opening
  }

  get(topicId: Uuid, partition: number): Partition | undefined {
    return this.#partitions.get(topicId)?.get(partition)
  }

  *all(): Generator<Partition, void, void> {
    for (const partitions of this.#partitions.values()) yield* partitions.values()
  }

  /** Changes the configuration of an open partition, for later appends and the next retention check. */
  reconfigure(partition: Partition, config: LogConfig): void {
    partition.reconfigure(config)
  }

  /** Renames the directory to `-delete` and removes it after `file.delete.delay.ms`. Waiting requests get an error. */
  delete(topicId: Uuid, partition: number): void {
    const partitions = this.#partitions.get(topicId)
    const deleted = partitions?.get(partition)
    if (partitions === undefined || deleted === undefined) return
    partitions.delete(partition)
    if (partitions.size === 0) this.#partitions.delete(topicId)
    deleted.resign(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    this.#directory.delete(deleted.log)
  }

  /** Renames directories that no opened partition claims to `-stray`, after the metadata has been loaded. */
  markStrays(): readonly StoredPartition[] {
    return this.#directory.markStrays()
  }

  /** Starts the periodic work: retention, checkpoints, producer expiry, removal of deleted files. */
  start(): void {
    const { initialTaskDelayMs } = this.#options
    const { retentionCheckIntervalMs, checkpointIntervalMs, highWatermarkCheckpointIntervalMs } = this.#options
    this.#every(initialTaskDelayMs, retentionCheckIntervalMs, () => this.deleteOldSegments())
    this.#every(initialTaskDelayMs, checkpointIntervalMs, () => this.#directory.checkpointOffsets())
    this.#every(initialTaskDelayMs, highWatermarkCheckpointIntervalMs, () => this.#checkpointHighWatermarks())
    this.#every(initialTaskDelayMs, PRODUCER_EXPIRY_INTERVAL_MS, () => this.#expireProducers())
    const cleanerBackoffMs = (): number => Math.max(CLEANER_BACKOFF_MIN_MS, this.#options.cleanerConfig().backoffMs)
    if (this.#options.cleanerEnabled)
      this.#every(Math.max(initialTaskDelayMs, cleanerBackoffMs()), cleanerBackoffMs, () => this.clean())
    const halfLagMs = this.#options.replicaLagTimeMaxMs / 2
    this.#every(halfLagMs, halfLagMs, () => this.#forEach((partition) => partition.maybeShrinkIsr()))
    this.#every(DELETED_FILES_INTERVAL_MS, DELETED_FILES_INTERVAL_MS, () => this.#directory.removeDeletedFiles())
  }

  /** One retention check over all partitions, a few of them a turn. @returns segments deleted */
  async deleteOldSegments(): Promise<number> {
    let deleted = 0
    await this.#forEach((partition) => {
      const count = partition.deleteOldSegments()
      if (count > 0) {
        const { topic, logStartOffset } = partition.log
        this.#logger.info('old segments deleted', { topic, partition: partition.log.partition, count, logStartOffset })
      }
      deleted += count
    })
    return deleted
  }

  /** Cleans compacted logs, one after another, until none is dirty enough. @returns how many */
  async clean(): Promise<number> {
    const stableOffsets = new Map([...this.all()].map((partition) => [partition.log, partition]))
    const cleaned = new Set<Log>()
    while (!this.#closed && this.offline === undefined) {
      const log = await this.#cleaner.cleanDirtiest((each) =>
        // Each is cleaned once a round, so that one which stays dirty does not keep the others waiting.
        cleaned.has(each) ? 0 : (stableOffsets.get(each)?.lastStableOffset ?? 0),
      )
      if (log === undefined) break
      cleaned.add(log)
    }
    return cleaned.size
  }

  /** Checkpoints, closes every log and writes the clean-shutdown file, unless the directory is offline. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  /** Drops everything as a crash would: files are closed as they are and nothing is written any more. For tests. */
  abandon(): void {
    this.#closed = true
    this.#closing ??= Promise.resolve()
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    for (const partition of this.all()) {
      partition.resign(ErrorCode.NOT_LEADER_OR_FOLLOWER)
      partition.log.abandon()
    }
    this.#wheel.close()
    this.#partitions.clear()
  }

  /** For the directory: it has failed. */
  directoryFailed(error: Error): void {
    for (const partition of this.all()) this.rooms.failed(partition, ErrorCode.KAFKA_STORAGE_ERROR)
    this.#options.onOffline(error)
  }

  /** For the directory: the log is not what was written. */
  logDamaged(log: Log): void {
    const partition = this.get(log.topicId, log.partition)
    // While it is being opened, `#open` looks at it in the end.
    if (partition?.log !== log) return
    if (partition.offline) this.rooms.failed(partition, ErrorCode.KAFKA_STORAGE_ERROR)
    this.#options.onDamage?.(partition)
    if (this.#isSuspicious) return
    this.#isSuspicious = true
    void this.verify()
  }

  /**
   * Holds everything in the directory against its checksums, slowly. Done once by itself when something was found to be
   * damaged: a disk that has lost one sector is not trusted with the others.
   */
  verify(): Promise<void> {
    return (this.#verifying ??= this.#verify())
  }

  async #verify(): Promise<void> {
    const pause = () => new Promise<void>((resolve) => this.#options.timers.after(VERIFY_PAUSE_MS, resolve))
    await pause()
    for (const { log } of Array.from(this.all())) {
      if (this.#closed || this.offline !== undefined) break
      try {
        if (log.offline === undefined && !log.closed) await log.verify(pause)
      } catch (error) {
        // It was deleted meanwhile, or whoever uses it hears of it.
        this.#logger.debug('a log could not be verified', { topic: log.topic, partition: log.partition, error })
      }
    }
    this.#verifying = undefined
  }

  /** Opens once an opening of the same name has ended; a topic may have been deleted and made anew meanwhile. */
  async #openAfter(
    before: Promise<Partition> | undefined,
    name: string,
    identity: PartitionIdentity,
    config: LogConfig,
    assignment: PartitionAssignment,
  ): Promise<Partition> {
    try {
      await before
    } catch {
      // Whoever asked for that one hears of it.
    }
    try {
      const open = this.get(identity.topicId, identity.partition)
      if (open === undefined) return await this.#open(identity, config, assignment)
      open.reconfigure(config)
      open.assign(assignment)
      return open
    } finally {
      this.#ended(name)
    }
  }

  /** The last opening of a name takes its entry with it. */
  #ended(name: string): void {
    const left = (this.#openingCount.get(name) ?? 1) - 1
    if (left > 0) {
      this.#openingCount.set(name, left)
      return
    }
    this.#openingCount.delete(name)
    this.#opening.delete(name)
  }

  async #open(identity: PartitionIdentity, config: LogConfig, assignment: PartitionAssignment): Promise<Partition> {
    const { topicId, partition } = identity
    const log = await this.#directory.open(identity, config)
    if (this.#closed) {
      await log.close()
      throw new LogError('LOG_CLOSED', `${log.path}: the server is closing`)
    }
    const { clock, codecs, durability, strictRecords = false } = this.#options
    const { nodeId, brokerEpoch, replicaLagTimeMaxMs, isEligible, onIsrProposal } = this.#options
    const opened = new Partition({
      log,
      // The only replica has all that is committed; what opening has found is on disk.
      checkpointedHighWatermark:
        assignment.replicas.length === 1 ? log.logEndOffset : this.#directory.checkpointedHighWatermark(log),
      nodeId,
      brokerEpoch,
      lagTimeMaxMs: replicaLagTimeMaxMs,
      isEligible,
      onIsrProposal,
      clock,
      codecs,
      flusher: this.#flusher,
      rooms: this.rooms,
      turnWrites: this.#turnWrites,
      recompressor: this.#recompressor,
      wheel: this.#wheel,
      durability,
      strictRecords,
    })
    let partitions = this.#partitions.get(topicId)
    if (partitions === undefined) this.#partitions.set(topicId, (partitions = new Map()))
    partitions.set(partition, opened)
    opened.assign(assignment)
    if (opened.isDamaged || log.isIncomplete) this.#options.onDamage?.(opened)
    return opened
  }

  async #close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    await Promise.allSettled(this.#opening.values())
    const partitions = [...this.all()]
    // Who waits for a commit gets it; who comes later is sent away, and may try another time.
    await Promise.allSettled(partitions.map((each) => each.settle()))
    for (const partition of partitions) partition.resign(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    this.rooms.drain()
    try {
      // Without other replicas, what is durable, which is everything once the log is closed, is committed.
      const replicated = new Map(
        partitions.filter((each) => each.isReplicated || !each.leads).map((each) => [each.log, each.highWatermark]),
      )
      await this.#directory.close(this.#options.brokerEpoch(), (log) => replicated.get(log) ?? log.logEndOffset)
    } finally {
      this.#wheel.close()
      this.#partitions.clear()
    }
  }

  async #checkpointHighWatermarks(): Promise<void> {
    const highWatermarks = new Map([...this.all()].map((partition) => [partition.log, partition.highWatermark]))
    await this.#directory.checkpointHighWatermarks((log) => highWatermarks.get(log) ?? 0)
  }

  #expireProducers(): Promise<void> {
    const { producerIdExpirationMs } = this.#options
    return this.#forEach((partition) => {
      if (!partition.offline) partition.log.expireProducers(producerIdExpirationMs)
    })
  }

  /** Does `work` for every partition, a few of them a turn. */
  async #forEach(work: (partition: Partition) => void): Promise<void> {
    const partitions = [...this.all()]
    for (let i = 0; i < partitions.length && !this.#closed; i++) {
      work(partitions[i]!)
      if ((i + 1) % PARTITIONS_PER_TURN === 0) await new Promise<void>((resolve) => this.#options.defer(resolve))
    }
  }

  /** Repeats `work`; the next time counts from the end of the last, so that slow work never piles up. */
  #every(delayMs: number, intervalMs: number | (() => number), work: () => unknown): void {
    if (this.#closed) return
    const timer = this.#options.timers.after(delayMs, () => {
      this.#timers.delete(timer)
      void this.#repeat(intervalMs, work)
    })
    this.#timers.add(timer)
  }

  async #repeat(intervalMs: number | (() => number), work: () => unknown): Promise<void> {
    try {
      await work()
    } catch (error) {
      // A failed disk has been reported where it failed; the work itself is tried again.
      if (!(error instanceof LogError)) this.#logger.error('periodic work on the logs failed', { error })
    }
    this.#every(typeof intervalMs === 'number' ? intervalMs : intervalMs(), intervalMs, work)
  }
}
