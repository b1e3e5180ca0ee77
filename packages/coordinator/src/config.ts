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
  /** `offset.metadata.max.bytes`: metadata that may accompany one committed offset; as in Apache Kafka, UTF-16 units. */
  readonly offsetMetadataSizeMaxBytes: number
  /** `offsets.retention.minutes`, in milliseconds. */
  readonly offsetsRetentionMs: number
  /** `offsets.retention.check.interval.ms` */
  readonly offsetsRetentionCheckIntervalMs: number
  /** How long a member that has joined for the first time is kept while it waits for its first rebalance to end. */
  readonly newMemberJoinTimeoutMs: number
  /** Requests that may wait in one shard: for their turn, for a rebalance, for the high watermark. */
  readonly shardRequestsMax: number
  /**
   * Records of one turn are split into batches of at most this size: below `max.message.bytes` of the topic. A group whose
   * record would be larger cannot finish a rebalance.
   */
  readonly appendBatchSizeMaxBytes: number
  /** `offsets.load.buffer.size`: what one step of a load reads and replays before other work has its turn. */
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
  loadChunkSizeBytes: 5 << 20,
}
