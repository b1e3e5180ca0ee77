/**
 * All partitions of one data directory: created, opened after a restart, found by topic id, deleted, closed.
 */
import type { Clock, Logger, Random, Storage, Timers } from '@braidlog/base'
import type { Uuid } from '@braidlog/model'
import type { Codecs } from '@braidlog/records'
import type { LogConfig, LogResources } from '@braidlog/log'
import type { Partition } from './partition.ts'
import type { WaitingRooms } from './waiting-room.ts'

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
  readonly durability: 'durable' | 'page-cache'
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
  /** Written into the clean-shutdown file; -1 when not known. */
  readonly brokerEpoch: () => number
  /** The directory has failed (write or fdatasync): every partition in it answers KAFKA_STORAGE_ERROR from now on. */
  readonly onOffline: (error: Error) => void
}

export interface PartitionIdentity {
  readonly topic: string
  readonly topicId: Uuid
  readonly partition: number
}

/** What a partition's directory on disk says of itself. */
export interface StoredPartition extends PartitionIdentity {
  readonly path: string
}

export interface PartitionSet {
  readonly rooms: WaitingRooms
  /** The last shutdown was clean; otherwise every log is recovered when it is opened. */
  readonly wasCleanShutdown: boolean
  /** Broker epoch in the clean-shutdown file, -1 without one (`previousBrokerEpoch` of a registration). */
  readonly previousBrokerEpoch: number
  /** What lies in the directory and is not opened yet. */
  stored(): readonly StoredPartition[]
  /** Opens or creates the partition and leads it. A directory of another topic id is renamed to `-stray` first. */
  open(identity: PartitionIdentity, config: LogConfig, leaderEpoch: number): Promise<Partition>
  get(topicId: Uuid, partition: number): Partition | undefined
  all(): Iterable<Partition>
  /** Changes the configuration of an open partition, for later appends and the next retention check. */
  reconfigure(partition: Partition, config: LogConfig): void
  /** Renames the directory to `-delete` and removes it after `file.delete.delay.ms`. Waiting requests get an error. */
  delete(topicId: Uuid, partition: number): void
  /** Renames directories that no opened partition claims to `-stray`, after the metadata has been loaded. */
  markStrays(): readonly StoredPartition[]
  /** Starts the periodic work: retention, checkpoints, producer expiry, compaction. */
  start(): void
  /** Checkpoints, closes every log and writes the clean-shutdown file, unless the directory is offline. */
  close(): Promise<void>
}
