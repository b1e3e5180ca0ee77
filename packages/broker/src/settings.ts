/** What the request handlers need to know of the configuration: plain data, parsed once by `server`. */
import type { QuotaWindow } from './replication/replication-quota.ts'

export interface BrokerSettings {
  /** `auto.create.topics.enable` */
  readonly autoCreateTopics: boolean
  /** `delete.topic.enable` */
  readonly deleteTopics: boolean
  /** `num.partitions` */
  readonly defaultPartitionCount: number
  /** `default.replication.factor` */
  readonly defaultReplicationFactor: number
  /** `offsets.topic.num.partitions` */
  readonly offsetsTopicPartitionCount: number
  /** `offsets.topic.replication.factor`, clamped to the size of the cluster when the topic is created. */
  readonly offsetsTopicReplicationFactor: number
  /** `offsets.topic.segment.bytes` */
  readonly offsetsTopicSegmentBytes: number
  /** `fetch.max.bytes`: most bytes of one fetch response, unless its first batch alone is larger. */
  readonly fetchSizeMaxBytes: number
  /** `max.incremental.fetch.session.cache.slots` */
  readonly fetchSessionsMax: number
  /** `replica.selector.class`: consumers read from a replica in their rack (KIP-392), not always from the leader. */
  readonly readsFromOwnRack: boolean
  /** `replication.quota.window.…`: over which time the rate of throttled replication is measured. */
  readonly replicationQuotaWindow: QuotaWindow
  /** `max.request.partition.size.limit`: most partitions of one DescribeTopicPartitions response. */
  readonly describedPartitionsMax: number
}

export const defaultBrokerSettings: BrokerSettings = {
  autoCreateTopics: true,
  deleteTopics: true,
  defaultPartitionCount: 1,
  defaultReplicationFactor: 1,
  offsetsTopicPartitionCount: 50,
  offsetsTopicReplicationFactor: 3,
  offsetsTopicSegmentBytes: 100 << 20,
  fetchSizeMaxBytes: 55 << 20,
  fetchSessionsMax: 1000,
  readsFromOwnRack: false,
  replicationQuotaWindow: { sampleCount: 11, sampleMs: 1_000 },
  describedPartitionsMax: 2000,
}
