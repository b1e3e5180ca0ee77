/**
 * What a group coordinator can be told, with Apache Kafka's defaults. Plain data: whoever parses `server.properties`
 * maps the names given beside each key.
 */

export interface GroupCoordinatorConfig {
  /** `group.min.session.timeout.ms` */
  readonly sessionTimeoutMinMs: number
  /** `group.max.session.timeout.ms` */
  readonly sessionTimeoutMaxMs: number
  /** `group.initial.rebalance.delay.ms`: how long the first rebalance of an empty group waits for more members. */
  readonly initialRebalanceDelayMs: number
  /** `group.max.size` */
  readonly groupSizeMax: number
  /** `offset.metadata.max.bytes`: UTF-8 bytes of metadata that may accompany one committed offset. */
  readonly offsetMetadataSizeMaxBytes: number
  /** `offsets.retention.minutes`, in milliseconds. */
  readonly offsetsRetentionMs: number
  /** `offsets.retention.check.interval.ms` */
  readonly offsetsRetentionCheckIntervalMs: number
  /** How long a member that has joined for the first time is kept while it waits for its first rebalance to end. */
  readonly newMemberJoinTimeoutMs: number
  /** Requests that may wait in one shard while it loads or while its appends are not yet committed. */
  readonly shardRequestsMax: number
  /** Records of one turn are split into batches of at most this size (`offsets.load.buffer.size` reads as much). */
  readonly appendBatchSizeMaxBytes: number
  /** How much of the log one step of a load reads and replays before other work of the process has its turn. */
  readonly loadChunkSizeBytes: number
}

const MINUTE_MS = 60_000

export const defaultGroupCoordinatorConfig: GroupCoordinatorConfig = {
  sessionTimeoutMinMs: 6_000,
  sessionTimeoutMaxMs: 30 * MINUTE_MS,
  initialRebalanceDelayMs: 3_000,
  groupSizeMax: 2 ** 31 - 1,
  offsetMetadataSizeMaxBytes: 4_096,
  offsetsRetentionMs: 7 * 24 * 60 * MINUTE_MS,
  offsetsRetentionCheckIntervalMs: 10 * MINUTE_MS,
  newMemberJoinTimeoutMs: 5 * MINUTE_MS,
  shardRequestsMax: 100_000,
  appendBatchSizeMaxBytes: 1_000_000,
  loadChunkSizeBytes: 1 << 20,
}
