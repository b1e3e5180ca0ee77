/**
 * How far a replica has come: what of its log is stored here, and what is committed.
 *
 * Stored means: below the log end and, in the durable mode, covered by an fdatasync. In the page-cache mode what is written
 * counts at once, unless `flush.messages` or `flush.ms` asks for a sync. Committed means: stored here and by every other
 * replica in sync, of which there are at least `min.insync.replicas`, or all that the partition has. A follower learns from
 * its leader how much is committed. Large appends of a leader may be on their way to the page cache for a while.
 * Invariants: log start ≤ high watermark ≤ log end; the high watermark goes back only when a follower cuts off what an
 * unclean election has lost.
 */
import { WheelTimer, type Clock, type TimerWheel, type WheelTimerOwner } from '@braidlog/base'
import { LogError, type Flusher, type FlushTarget, type Log } from '@braidlog/log'
import { ErrorCode } from '@braidlog/model'
import { AppendSizes } from './append-sizes.ts'
import type { Durability } from './partition-api.ts'
import type { Partition } from './partition.ts'
import type { ReplicaSet } from './replica-set.ts'
import type { Role } from './role.ts'
import type { TurnWriter, TurnWrites } from './turn-writes.ts'
import type { WaitingRooms } from './waiting-room.ts'

export interface ProgressOptions {
  readonly log: Log
  /** From `replication-offset-checkpoint`: what was committed for certain. */
  readonly checkpointedHighWatermark: number
  readonly clock: Clock
  readonly flusher: Flusher
  readonly rooms: WaitingRooms
  readonly turnWrites: TurnWrites
  readonly wheel: TimerWheel
  readonly durability: Durability
}

export class Progress implements FlushTarget, TurnWriter, WheelTimerOwner {
  /** Whose waiting requests are told. */
  readonly #partition: Partition
  readonly #role: Role
  readonly #log: Log
  readonly #clock: Clock
  readonly #flusher: Flusher
  readonly #rooms: WaitingRooms
  readonly #turnWrites: TurnWrites
  readonly #wheel: TimerWheel
  readonly #durability: Durability
  readonly #flushTimer = new WheelTimer(this)
  /** Of a leader with other replicas. */
  #replicas: ReplicaSet | undefined = undefined
  #highWatermark: number
  /** What is stored here, as far as the last sync or write has told. */
  #storedOffset = 0
  /** Of a follower: how much its leader has called committed, which may not all have been written here yet. */
  #toldHighWatermark = -1
  /** Of a replicated partition: what lies between the commits. */
  readonly #appendSizes = new AppendSizes()
  /** It has been appended to in this turn. */
  #writing = false
  /** Appends of this turn were gathered: its end writes them, unless a read did so before, and lets them count. */
  #gathered = false
  /** Bytes appended since the start, those covered by the sync in flight, and those committed. */
  #appendedBytes = 0
  #syncingBytes = 0
  #committedBytes = 0

  constructor(partition: Partition, role: Role, options: ProgressOptions) {
    this.#partition = partition
    this.#role = role
    this.#log = options.log
    this.#clock = options.clock
    this.#flusher = options.flusher
    this.#rooms = options.rooms
    this.#turnWrites = options.turnWrites
    this.#wheel = options.wheel
    this.#durability = options.durability
    const { logStartOffset, logEndOffset } = options.log
    this.#highWatermark = Math.min(Math.max(options.checkpointedHighWatermark, logStartOffset), logEndOffset)
    this.#log.highWatermarkMoved(this.#highWatermark)
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  /** Up to here read-committed consumers read: the high watermark, or the first transaction that is not decided. */
  get lastStableOffset(): number {
    if (this.#role.offline) return this.#highWatermark
    return Math.min(this.#highWatermark, this.#log.firstUnstableOffset ?? Infinity)
  }

  /** What the leader knows of the other replicas; `undefined`: there are none, or this node follows. */
  get replicas(): ReplicaSet | undefined {
    return this.#replicas
  }

  /** The lowest log start of the live replicas. */
  get lowWatermark(): number {
    const { logStartOffset } = this.#log
    return this.#replicas === undefined ? logStartOffset : this.#replicas.lowWatermark(logStartOffset)
  }

  /** Whether an append with this required offset may be answered with success: it is committed, or with acks=1 stored. */
  isAcknowledged(requiredOffset: number, acks: number): boolean {
    return requiredOffset <= (acks === 1 && this.#replicas !== undefined ? this.#storedOffset : this.#highWatermark)
  }

  /**
   * Before an append of a leader: the first of a turn is written at once, further ones at the end of the turn.
   * @returns whether the log may gather it
   */
  mayGather(): boolean {
    if (this.#writing) return true
    this.#writing = true
    this.#turnWrites.add(this)
    return false
  }

  /** The leader has appended to the log. */
  appended(sizeBytes: number): void {
    const log = this.#log
    this.#appendedBytes += sizeBytes
    if (log.hasGathered) this.#gathered = true
    if (this.#replicas !== undefined) {
      this.#appendSizes.append(log.logEndOffset, this.#appendedBytes)
      if (log.writtenOffset === log.logEndOffset) this.#rooms.appended(this.#partition, sizeBytes)
    }
    if (this.#durability === 'durable') this.#flusher.request(this)
    else if (!log.hasGathered) this.#writtenToPageCache()
  }

  /** For the log: so many bytes more are in the page cache, or it has gone offline. */
  written(sizeBytes: number): void {
    if (this.#role.offline) return this.#rooms.failed(this.#partition, ErrorCode.KAFKA_STORAGE_ERROR)
    if (this.#replicas !== undefined) this.#rooms.appended(this.#partition, sizeBytes)
    if (this.#durability === 'page-cache') this.#storeWritten()
    if (!this.#role.leads) this.#takeOverHighWatermark(sizeBytes)
  }

  /** A follower has appended to the log (`sizeBytes`, maybe 0), and its leader says how much is committed. */
  followed(sizeBytes: number, leaderHighWatermark: number): void {
    if (sizeBytes > 0) {
      this.#appendedBytes += sizeBytes
      if (this.#durability === 'page-cache') this.#writtenToPageCache()
    }
    this.#toldHighWatermark = leaderHighWatermark
    this.#takeOverHighWatermark(sizeBytes)
  }

  /** All that is in the log is stored here: what is to be durable is. */
  get isStored(): boolean {
    const { durableOffset, writtenOffset, logEndOffset } = this.#log
    return (this.#durability === 'durable' ? durableOffset : writtenOffset) >= logEndOffset
  }

  /**
   * What a follower has appended is stored.
   * @throws LogError `LOG_OFFLINE`
   */
  async settleStored(): Promise<void> {
    const log = this.#log
    // A sync may be under way that covers part of it, so that the log is not dirty and yet not all of it is on disk.
    if (this.#durability === 'durable' && log.durableOffset < log.logEndOffset) await log.flush()
    else if (log.writtenOffset < log.logEndOffset) await log.settle()
    this.#storedOffset = Math.max(this.#storedOffset, Math.min(log.durableOffset, log.logEndOffset))
  }

  /** A follower's log has been cut off. */
  truncated(): void {
    const log = this.#log
    this.#toldHighWatermark = -1
    this.#storedOffset = Math.min(this.#storedOffset, log.logEndOffset)
    if (this.#highWatermark <= log.logEndOffset) return
    this.#highWatermark = log.logEndOffset
    log.highWatermarkMoved(this.#highWatermark)
  }

  /** A follower's log begins anew. */
  restarted(offset: number): void {
    this.#toldHighWatermark = -1
    this.#highWatermark = offset
    this.#log.highWatermarkMoved(offset)
  }

  /** The only replica: what is stored here is committed. */
  leadAlone(): void {
    this.#toldHighWatermark = -1
    this.#replicas = undefined
    this.#appendSizes.clear(this.#appendedBytes)
    if (this.#role.offline) return
    const log = this.#log
    if (this.#durability === 'durable') this.#stored(log.durableOffset, this.#appendedBytes)
    else this.#stored(log.writtenOffset, this.#appendedBytes - log.unwrittenSizeBytes)
  }

  /** Committing needs these replicas from now on. */
  leadWith(replicas: ReplicaSet): void {
    this.#toldHighWatermark = -1
    if (replicas !== this.#replicas) this.#appendSizes.clear(this.#appendedBytes)
    this.#replicas = replicas
    this.#storedOffset = Math.max(this.#storedOffset, this.#log.durableOffset)
    if (this.#durability === 'page-cache') this.#storeWritten()
    else if (this.#log.dirty) this.#flusher.request(this)
    this.maybeAdvance(replicas)
  }

  /** @param wasLeading those who wait for commits of this leader are told */
  follow(wasLeading: boolean): void {
    this.#replicas = undefined
    if (!wasLeading) return
    this.#wheel.cancel(this.#flushTimer)
    this.#rooms.failed(this.#partition, ErrorCode.NOT_LEADER_OR_FOLLOWER)
  }

  /** The partition is gone from here. */
  resign(errorCode: ErrorCode): void {
    this.#wheel.cancel(this.#flushTimer)
    this.#flusher.forget(this)
    this.#rooms.failed(this.#partition, errorCode)
  }

  /** Something that committing depends on has changed. */
  maybeAdvance(replicas: ReplicaSet): void {
    const log = this.#log
    if (this.#role.offline || replicas.isUnderMinIsr(log.config.minInsyncReplicas)) return
    const offset = replicas.highWatermark(this.#storedOffset, log.logEndOffset, this.#clock.monotonicMs())
    if (offset > this.#highWatermark) this.#advanceTo(offset, this.#appendSizes.totalBytesBelow(offset))
  }

  /** The leader's log begins later. Followers that wait for records hear of it at once, and delete, too. */
  trimmed(): void {
    if (this.#replicas !== undefined) this.#rooms.appended(this.#partition, Infinity)
  }

  /** Something that the low watermark depends on may have changed. */
  maybeTrimmed(): void {
    this.#rooms.trimmed(this.#partition)
  }

  /** The configuration has changed. */
  reconfigured(): void {
    if (this.#durability === 'page-cache') this.#storeWritten()
    else if (this.#replicas !== undefined) this.maybeAdvance(this.#replicas)
  }

  /** A failure of the log: all who wait are told. Anything else is a bug and goes on its way. */
  failed(error: unknown): ErrorCode {
    if (!(error instanceof LogError)) throw error
    // One batch is not the log.
    if (error.damage !== undefined) return ErrorCode.KAFKA_STORAGE_ERROR
    this.#rooms.failed(this.#partition, ErrorCode.KAFKA_STORAGE_ERROR)
    return ErrorCode.KAFKA_STORAGE_ERROR
  }

  /** For the flusher. */
  flush(): Promise<void> {
    this.#syncingBytes = this.#appendedBytes
    return this.#log.flush()
  }

  /** For the flusher: a sync has ended, well or badly. */
  onFlushed(): void {
    if (this.#role.offline) return this.#rooms.failed(this.#partition, ErrorCode.KAFKA_STORAGE_ERROR)
    if (this.#durability === 'durable') this.#stored(this.#log.durableOffset, this.#syncingBytes)
    else this.#storeWritten()
  }

  /** For the turn's writes: what was gathered is written; with page-cache durability it counts from now on. */
  onTurnEnd(): boolean {
    const gathered = this.#gathered
    this.#writing = this.#gathered = false
    if (!gathered) return false
    if (this.#role.offline) {
      this.#rooms.failed(this.#partition, ErrorCode.KAFKA_STORAGE_ERROR)
      return true
    }
    try {
      this.#log.writeGathered()
      if (this.#durability === 'page-cache') this.#writtenToPageCache()
    } catch (error) {
      this.failed(error)
    }
    return true
  }

  /** `flush.ms` has passed since the first append that is not synced. */
  onTimer(): void {
    if (!this.#role.offline && this.#log.dirty) this.#flusher.request(this)
  }

  #takeOverHighWatermark(sizeBytes: number): void {
    const highWatermark = Math.min(this.#toldHighWatermark, this.#log.writtenOffset)
    if (highWatermark > this.#highWatermark) this.#advanceTo(highWatermark, this.#committedBytes + sizeBytes)
  }

  #writtenToPageCache(): void {
    const log = this.#log
    if (log.flushDue) this.#flusher.request(this)
    else if (log.config.flushMs !== Infinity && !this.#flushTimer.scheduled)
      this.#wheel.schedule(this.#flushTimer, log.config.flushMs)
    this.#storeWritten()
  }

  /** Page cache: what is written is stored, unless `flush.messages` holds it back until a sync. */
  #storeWritten(): void {
    const log = this.#log
    if (log.hasGathered) return // The end of the turn writes and commits it.
    const held = log.logEndOffset - log.durableOffset >= log.config.flushMessages
    if (held) this.#stored(log.durableOffset, this.#syncingBytes)
    else this.#stored(log.writtenOffset, this.#appendedBytes - log.unwrittenSizeBytes)
  }

  /** Everything below `offset` is stored here. With other replicas, that is a part of what committing needs. */
  #stored(offset: number, totalBytes: number): void {
    this.#storedOffset = Math.max(this.#storedOffset, offset)
    if (!this.#role.leads) return
    if (this.#partition.waiters.stores.first !== undefined) this.#rooms.stored(this.#partition, offset)
    if (this.#replicas === undefined) this.#advanceTo(offset, totalBytes)
    else this.maybeAdvance(this.#replicas)
  }

  /** @param totalBytes bytes appended below `offset` since the start */
  #advanceTo(offset: number, totalBytes: number): void {
    if (offset <= this.#highWatermark) return
    const sizeBytes = totalBytes - this.#committedBytes
    this.#highWatermark = offset
    this.#committedBytes = totalBytes
    this.#log.highWatermarkMoved(offset)
    this.#rooms.advanced(this.#partition, sizeBytes)
  }
}
