/**
 * A data directory: the logs in it, the checkpoint files beside them, and whether the last shutdown was clean.
 *
 * The clean-shutdown file is removed, durably, before anything is written, and written again as the very last thing. So
 * whoever finds it may trust the checkpoints.
 * The durable-epoch file says that whatever the broker, registered with that epoch, has said to have, is on this disk. It is
 * there while the broker runs, and after a crash; logs must be recovered all the same.
 * Invariants: a checkpointed recovery point is never above what is durable, nor above the epochs that are; a directory
 * one of whose files failed is offline as a whole, as in Apache Kafka: it is one disk.
 */
import {
  assert,
  randomBytes,
  silentLogger,
  StorageError,
  type Clock,
  type Logger,
  type Random,
  type Storage,
} from '@braidlog/base'
import type { Uuid } from '@braidlog/model'
import type { Codecs } from '@braidlog/records'
import {
  decodeCleanShutdown,
  decodeOffsetCheckpoint,
  decodePartitionMetadata,
  encodeCleanShutdown,
  encodeOffsetCheckpoint,
  readFileIfExists,
  type CheckpointedOffset,
} from './checkpoint.ts'
import { LogError } from './errors.ts'
import {
  CLEAN_SHUTDOWN,
  CLEANER_OFFSET_CHECKPOINT,
  deletedDirectoryName,
  DURABLE_EPOCH,
  HIGH_WATERMARK_CHECKPOINT,
  LOG_START_OFFSET_CHECKPOINT,
  logDirectoryName,
  parseLogDirectoryName,
  PARTITION_METADATA,
  RECOVERY_POINT_CHECKPOINT,
  strayDirectoryName,
} from './file-names.ts'
import type { LogConfig } from './log-config.ts'
import type { LogResources } from './log-resources.ts'
import type { Log } from './log.ts'
import { makeDirectoryDurably } from './make-directory.ts'
import { openLog } from './open-log.ts'

/** The raft log has its own owner. */
const METADATA_DIRECTORY = '__cluster_metadata-0'
/** Logs closed at a time. */
const CLOSE_CONCURRENCY = 64

export interface LogDirectoryOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  readonly codecs: Codecs
  readonly resources: LogResources
  readonly logger?: Logger
  readonly path: string
  /** The directory has failed; called once. */
  readonly onOffline: (error: Error) => void
  /** A log has found that its files do not hold what was written: `Log.damage`, or, when it is offline, `Log.recover`. */
  readonly onDamage?: (log: Log, error: Error) => void
}

export interface LogIdentity {
  readonly topic: string
  readonly topicId: Uuid
  readonly partition: number
}

/** A log's directory as found on disk. */
export interface StoredLog {
  readonly topic: string
  readonly partition: number
  /** `undefined` when the directory does not say. */
  readonly topicId: Uuid | undefined
  readonly path: string
}

/** Offsets of one checkpoint file by the name of the log's directory. */
type Checkpoint = Map<string, CheckpointedOffset>

export class LogDirectory {
  readonly path: string
  readonly wasCleanShutdown: boolean
  /**
   * Broker epoch of the registration all of whose promises this disk keeps: that of a clean shutdown, else the durable one;
   * -1: not known.
   */
  readonly previousBrokerEpoch: number
  readonly #options: LogDirectoryOptions
  readonly #logger: Logger
  readonly #stored: Map<string, StoredLog>
  readonly #logs = new Map<string, Log>()
  /** As last written or read. */
  readonly #recoveryPoints: Checkpoint
  readonly #logStartOffsets: Checkpoint
  readonly #highWatermarks: Checkpoint
  readonly #cleanerOffsets: Checkpoint
  /** Content of each checkpoint file, so that an unchanged one is not written again. */
  readonly #written = new Map<string, string>()
  #checkpointing: Promise<void> = Promise.resolve()
  #lost: string | undefined = undefined
  #doomed: { readonly path: string; readonly atMs: number }[] = []
  #offline: Error | undefined = undefined

  private constructor(
    options: LogDirectoryOptions,
    found: {
      readonly stored: Map<string, StoredLog>
      readonly deleted: readonly string[]
      readonly cleanShutdown: Uint8Array | undefined
      readonly durableEpoch: Uint8Array | undefined
    },
  ) {
    this.#options = options
    this.#logger = options.logger ?? silentLogger
    this.path = options.path
    this.wasCleanShutdown = found.cleanShutdown !== undefined
    const witness = found.cleanShutdown ?? found.durableEpoch
    this.previousBrokerEpoch = witness === undefined ? -1 : decodeCleanShutdown(witness)
    this.#stored = found.stored
    this.#doomed = found.deleted.map((path) => ({ path, atMs: options.clock.nowMs() }))
    this.#recoveryPoints = this.#readCheckpoint(RECOVERY_POINT_CHECKPOINT)
    this.#logStartOffsets = this.#readCheckpoint(LOG_START_OFFSET_CHECKPOINT)
    this.#highWatermarks = this.#readCheckpoint(HIGH_WATERMARK_CHECKPOINT)
    this.#cleanerOffsets = this.#readCheckpoint(CLEANER_OFFSET_CHECKPOINT)
  }

  /** Looks at what lies in the directory, which is made if need be. No log is opened yet. */
  static async open(options: LogDirectoryOptions): Promise<LogDirectory> {
    const { storage, path } = options
    await makeDirectoryDurably(storage, path)
    const stored = new Map<string, StoredLog>()
    const deleted: string[] = []
    for (const entry of storage.list(path)) {
      if (entry.kind !== 'directory' || entry.name === METADATA_DIRECTORY) continue
      const name = parseLogDirectoryName(entry.name)
      const directory = `${path}/${entry.name}`
      if (name?.kind === 'deleted') deleted.push(directory)
      if (name?.kind !== 'log') continue
      const { topic, partition } = name
      stored.set(entry.name, { topic, partition, topicId: readTopicId(options, directory), path: directory })
    }
    const cleanShutdown = readFileIfExists(storage, `${path}/${CLEAN_SHUTDOWN}`)
    const durableEpoch = readFileIfExists(storage, `${path}/${DURABLE_EPOCH}`)
    const directory = new LogDirectory(options, { stored, deleted, cleanShutdown, durableEpoch })
    if (cleanShutdown !== undefined) {
      storage.remove(`${path}/${CLEAN_SHUTDOWN}`)
      await storage.syncDirectory(path)
    }
    return directory
  }

  get offline(): Error | undefined {
    return this.#offline
  }

  /** A log that ends, after its recovery, before what it had on disk for certain; `undefined`: none does. */
  get lost(): string | undefined {
    return this.#lost
  }

  /**
   * From now on the disk keeps what the broker promises under this epoch.
   * @param brokerEpoch -1: it does not
   */
  async promiseDurability(brokerEpoch: number): Promise<void> {
    if (this.#offline !== undefined) return
    const file = `${this.path}/${DURABLE_EPOCH}`
    if (brokerEpoch >= 0) {
      await this.#guardAsync(this.#options.storage.writeFileAtomic(file, encodeCleanShutdown(brokerEpoch)))
    } else if (readFileIfExists(this.#options.storage, file) !== undefined) {
      this.#guard(() => this.#options.storage.remove(file))
      await this.#guardAsync(this.#options.storage.syncDirectory(this.path))
    }
  }

  /** What lies in the directory and has not been opened. */
  stored(): StoredLog[] {
    return [...this.#stored.values()]
  }

  logs(): Iterable<Log> {
    return this.#logs.values()
  }

  /** Up to where a log has been cleaned, as last checkpointed. */
  cleanerOffsetOf(topic: string, partition: number): number | undefined {
    return this.#cleanerOffsets.get(logDirectoryName(topic, partition))?.offset
  }

  /** Opens or creates a log. One of another topic id that lies in its place is set aside as `-stray`. */
  async open(identity: LogIdentity, config: LogConfig): Promise<Log> {
    this.#mustBeOnline()
    const { topic, partition, topicId } = identity
    const name = logDirectoryName(topic, partition)
    assert(!this.#logs.has(name), 'a log is opened once')
    const stored = this.#stored.get(name)
    if (stored?.topicId !== undefined && stored.topicId !== topicId) this.#setAside(stored)
    const kept = this.#stored.get(name)
    const recoveryPoint = this.#recoveryPoints.get(name)?.offset
    const logStartOffset = this.#logStartOffsets.get(name)?.offset
    const knownEnd = Math.max(recoveryPoint ?? 0, this.#highWatermarks.get(name)?.offset ?? 0)
    const { storage, clock, random, codecs, resources, logger } = this.#options
    const log = await openLog({
      storage,
      clock,
      random,
      codecs,
      resources,
      ...(logger === undefined ? {} : { logger }),
      path: `${this.path}/${name}`,
      topic,
      partition,
      topicId,
      config,
      cleanShutdown: this.wasCleanShutdown,
      topicIdChecked: kept?.topicId === topicId,
      ...(recoveryPoint === undefined ? {} : { recoveryPoint }),
      ...(logStartOffset === undefined ? {} : { logStartOffset }),
      knownEndOffset: knownEnd,
      onTruncation: (offset) => this.#lowerCheckpoints(name, offset),
      // A damaged log says nothing about its neighbours; a failed disk does.
      onOffline: (failed, error) => {
        if (error instanceof StorageError) this.#fail(error)
        else this.#options.onDamage?.(failed, error)
      },
      onDamage: (damaged, error) => this.#options.onDamage?.(damaged, error),
    })
    this.#stored.delete(name)
    this.#logs.set(name, log)
    if (!this.wasCleanShutdown && log.logEndOffset < knownEnd) {
      this.#logger.warn('a log has lost records that were on disk', {
        topic,
        partition,
        end: log.logEndOffset,
        knownEnd,
      })
      this.#lost ??= name
    }
    return log
  }

  /** Takes the log out, and its files after `file.delete.delay.ms`. */
  delete(log: Log): void {
    const name = logDirectoryName(log.topic, log.partition)
    assert(this.#logs.get(name) === log, 'only an open log is deleted')
    log.abandon()
    this.#logs.delete(name)
    this.#forgetCheckpoints(name)
    if (this.#offline !== undefined) return
    const path = `${this.path}/${deletedDirectoryName(log.topic, log.partition, this.#uniqueId())}`
    this.#guard(() => this.#options.storage.rename(log.path, path))
    this.#doomed.push({ path, atMs: this.#options.clock.nowMs() + log.config.fileDeleteDelayMs })
  }

  /** Sets aside every log that has not been opened: the metadata knows of none of them. @returns those */
  markStrays(): StoredLog[] {
    const strays = this.stored()
    for (const stray of strays) this.#setAside(stray)
    return strays
  }

  /** Removes deleted logs and segments whose time has come. */
  removeDeletedFiles(): void {
    if (this.#offline !== undefined) return
    const nowMs = this.#options.clock.nowMs()
    const due = this.#doomed.filter((directory) => directory.atMs <= nowMs)
    this.#doomed = this.#doomed.filter((directory) => directory.atMs > nowMs)
    this.#guard(() => {
      for (const { path } of due) this.#options.storage.remove(path)
      for (const log of this.#logs.values()) log.removeDeletedFiles()
    })
  }

  /** Writes recovery points and log start offsets, if they have changed. */
  async checkpointOffsets(): Promise<void> {
    if (this.#offline !== undefined) return
    const synced = [...this.#logs].map(([name, log]) => ({ name, log, durableOffset: log.durableOffset }))
    // Epochs that belong below the recovery points must be on disk before them.
    await Promise.all(synced.map(({ log }) => log.settle().catch(ignore)))
    for (const { name, log, durableOffset } of synced) {
      if (this.#logs.get(name) !== log) continue
      const { topic, partition } = log
      const recoveryPoint = Math.min(durableOffset, log.durableOffset, log.checkpointMax)
      this.#recoveryPoints.set(name, { topic, partition, offset: recoveryPoint })
      // A start offset that is a segment's base needs no checkpoint, nor one that is not covered by a sync yet.
      const offset = Math.min(log.logStartOffset, recoveryPoint)
      if (offset > log.segments[0]!.baseOffset) this.#logStartOffsets.set(name, { topic, partition, offset })
      else this.#logStartOffsets.delete(name)
    }
    await Promise.all([
      this.#writeCheckpoint(RECOVERY_POINT_CHECKPOINT, this.#recoveryPoints),
      this.#writeCheckpoint(LOG_START_OFFSET_CHECKPOINT, this.#logStartOffsets),
    ])
  }

  /** What was committed for certain when it was last written down; 0 when that never happened. */
  checkpointedHighWatermark(log: Log): number {
    return this.#highWatermarks.get(logDirectoryName(log.topic, log.partition))?.offset ?? 0
  }

  /** Writes the high watermarks, if they have changed. */
  async checkpointHighWatermarks(highWatermarkOf: (log: Log) => number): Promise<void> {
    if (this.#offline !== undefined) return
    for (const [name, log] of this.#logs) {
      const offset = Math.min(highWatermarkOf(log), log.checkpointMax)
      this.#highWatermarks.set(name, { topic: log.topic, partition: log.partition, offset })
    }
    await this.#writeCheckpoint(HIGH_WATERMARK_CHECKPOINT, this.#highWatermarks)
  }

  /** Notes up to where a log has been cleaned; durable when the promise resolves. */
  async checkpointCleanerOffset(log: Log, offset: number): Promise<void> {
    const { topic, partition } = log
    this.#cleanerOffsets.set(logDirectoryName(topic, partition), { topic, partition, offset })
    await this.#writeCheckpoint(CLEANER_OFFSET_CHECKPOINT, this.#cleanerOffsets)
  }

  /** Closes every log, checkpoints, and says that it was clean; unless something failed. */
  async close(brokerEpoch: number, highWatermarkOf: (log: Log) => number): Promise<void> {
    const logs = [...this.#logs.values()]
    const highWatermarks = new Map(logs.map((log) => [log, highWatermarkOf(log)]))
    for (let at = 0; at < logs.length; at += CLOSE_CONCURRENCY)
      await Promise.all(logs.slice(at, at + CLOSE_CONCURRENCY).map((log) => log.close().catch(ignore)))
    if (this.#offline !== undefined) throw this.#offlineError()
    await this.checkpointOffsets()
    await this.checkpointHighWatermarks((log) => Math.max(highWatermarks.get(log) ?? 0, log.logStartOffset))
    await this.#guardAsync(
      this.#options.storage.writeFileAtomic(`${this.path}/${CLEAN_SHUTDOWN}`, encodeCleanShutdown(brokerEpoch)),
    )
    this.#logs.clear()
  }

  #setAside(stored: StoredLog): void {
    const { topic, partition, path } = stored
    const name = logDirectoryName(topic, partition)
    const stray = `${this.path}/${strayDirectoryName(topic, partition, this.#uniqueId())}`
    this.#guard(() => this.#options.storage.rename(path, stray))
    this.#stored.delete(name)
    this.#forgetCheckpoints(name)
    this.#logger.warn('log set aside: the metadata does not know its topic id', { ...stored, movedTo: stray })
  }

  #forgetCheckpoints(name: string): void {
    for (const checkpoint of [this.#recoveryPoints, this.#logStartOffsets, this.#highWatermarks, this.#cleanerOffsets])
      checkpoint.delete(name)
  }

  #readCheckpoint(file: string): Checkpoint {
    const path = `${this.path}/${file}`
    const bytes = readFileIfExists(this.#options.storage, path)
    const checkpoint: Checkpoint = new Map()
    if (bytes === undefined) return checkpoint
    try {
      for (const entry of decodeOffsetCheckpoint(bytes, path))
        checkpoint.set(logDirectoryName(entry.topic, entry.partition), entry)
    } catch (error) {
      // All of them only save work: without a recovery point the whole log is verified.
      this.#logger.warn('checkpoint is unreadable and ignored', { path, error })
    }
    return checkpoint
  }

  /**
   * Before a log is cut off. A recovery point above its end would say, after a crash, that something is missing, or that
   * a gap among what is appended next is meant; a start above its end would hide what is appended next.
   */
  async #lowerCheckpoints(name: string, offset: number): Promise<void> {
    const writes: Promise<void>[] = []
    for (const [file, checkpoint] of [
      [RECOVERY_POINT_CHECKPOINT, this.#recoveryPoints],
      [HIGH_WATERMARK_CHECKPOINT, this.#highWatermarks],
      [LOG_START_OFFSET_CHECKPOINT, this.#logStartOffsets],
    ] as const) {
      const entry = checkpoint.get(name)
      if (entry === undefined || entry.offset <= offset) continue
      checkpoint.set(name, { ...entry, offset })
      writes.push(this.#writeCheckpoint(file, checkpoint))
    }
    // Also what has been lowered by others, and is not in the files yet.
    await Promise.all([...writes, this.#checkpointing])
  }

  /** One after another, so that the last content wins. */
  #writeCheckpoint(file: string, checkpoint: Checkpoint): Promise<void> {
    const write = this.#checkpointing.catch(ignore).then(() => this.#writeCheckpointNow(file, checkpoint))
    this.#checkpointing = write
    return write
  }

  async #writeCheckpointNow(file: string, checkpoint: Checkpoint): Promise<void> {
    const bytes = encodeOffsetCheckpoint([...checkpoint.values()])
    const text = new TextDecoder().decode(bytes)
    if (this.#written.get(file) === text) return
    await this.#guardAsync(this.#options.storage.writeFileAtomic(`${this.path}/${file}`, bytes))
    this.#written.set(file, text)
  }

  /** 32 hexadecimal digits. */
  #uniqueId(): string {
    return Array.from(randomBytes(this.#options.random, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  }

  #mustBeOnline(): void {
    if (this.#offline !== undefined) throw this.#offlineError()
  }

  #offlineError(): LogError {
    const { message } = this.#offline!
    return new LogError('LOG_OFFLINE', `${this.path} is offline since: ${message}`, { cause: this.#offline })
  }

  #guard<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw this.#asFailure(error)
    }
  }

  async #guardAsync<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      throw this.#asFailure(error)
    }
  }

  #asFailure(error: unknown): unknown {
    if (!(error instanceof StorageError)) return error
    this.#fail(error)
    return this.#offlineError()
  }

  /** The disk has failed once: nothing on it is written any more. */
  #fail(error: Error): void {
    if (this.#offline !== undefined) return
    this.#offline = error
    this.#logger.error('data directory is offline', { path: this.path, error })
    try {
      // What the page cache shows after a failed sync may not be on the disk.
      this.#options.storage.remove(`${this.path}/${DURABLE_EPOCH}`)
    } catch {
      // It is not there, or the disk takes nothing any more: what was acknowledged is on it even so.
    }
    for (const log of this.#logs.values()) log.takeOffline(error)
    this.#options.onOffline(error)
  }
}

const ignore = (): void => {}

/** @returns `undefined` also for a damaged file: the directory's name says what it is of, as before there were topic ids */
function readTopicId({ storage, logger }: LogDirectoryOptions, directory: string): Uuid | undefined {
  const path = `${directory}/${PARTITION_METADATA}`
  const bytes = readFileIfExists(storage, path)
  try {
    return bytes === undefined ? undefined : decodePartitionMetadata(bytes, path)
  } catch (error) {
    logger?.warn('the topic id of a log is unreadable and written anew', { path, error })
    storage.remove(path)
    return undefined
  }
}
