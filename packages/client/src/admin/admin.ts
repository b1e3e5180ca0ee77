/** The admin client: one method per call, plain objects, the outcome of every item kept. */
import type { CallOptions, TopicPartition } from '../record.ts'
import type { OffsetToCommit } from '../consumer.ts'
import type * as T from './types.ts'

/**
 * A call whose items all succeed returns one result per item, in order. When any fails it throws a `KafkaError` whose
 * `details` has one entry per item; the items that succeeded stay done.
 */
export interface Admin extends AsyncDisposable {
  createTopics(topics: readonly T.NewTopic[], options?: T.ValidateOptions): Promise<T.CreatedTopic[]>
  deleteTopics(topics: readonly (string | { readonly topicId: string })[], options?: CallOptions): Promise<void>
  createPartitions(
    topics: readonly {
      readonly topic: string
      readonly count: number
      readonly assignments?: readonly (readonly number[])[]
    }[],
    options?: T.ValidateOptions,
  ): Promise<void>
  listTopics(options?: CallOptions & { readonly includeInternal?: boolean }): Promise<T.TopicListing[]>
  /** All topics unless given. */
  describeTopics(
    topics?: readonly string[],
    options?: CallOptions & { readonly includeAuthorizedOperations?: boolean },
  ): Promise<T.TopicDescription[]>
  /** Page by page, with the eligible leader replicas (KIP-966); falls back to Metadata on brokers without the API. */
  describeTopicPartitions(
    topics?: readonly string[],
    options?: CallOptions & { readonly pageSize?: number },
  ): Promise<T.TopicDescription[]>
  describeCluster(
    options?: CallOptions & { readonly includeAuthorizedOperations?: boolean; readonly includeFenced?: boolean },
  ): Promise<T.ClusterDescription>
  describeFeatures(options?: CallOptions): Promise<T.FeaturesDescription>
  describeQuorum(options?: CallOptions): Promise<T.QuorumDescription>
  describeConfigs(
    resources: readonly (T.ConfigResource & { readonly names?: readonly string[] })[],
    options?: CallOptions & { readonly includeSynonyms?: boolean; readonly includeDocumentation?: boolean },
  ): Promise<T.DescribedConfigs[]>
  incrementalAlterConfigs(
    changes: readonly (T.ConfigResource & { readonly changes: readonly T.ConfigChange[] })[],
    options?: T.ValidateOptions,
  ): Promise<void>
  /** Replaces the whole configuration of each resource; prefer `incrementalAlterConfigs`. */
  alterConfigs(
    resources: readonly (T.ConfigResource & { readonly configs: Readonly<Record<string, string | null>> })[],
    options?: T.ValidateOptions,
  ): Promise<void>
  listConfigResources(types?: readonly T.ConfigResourceType[], options?: CallOptions): Promise<T.ConfigResource[]>
  listOffsets(
    specs: readonly (TopicPartition & { readonly at: T.OffsetSpec })[],
    options?: CallOptions & { readonly isolationLevel?: 'read_committed' | 'read_uncommitted' },
  ): Promise<T.ListedOffset[]>
  /** @returns the first offset that is left in each partition. */
  deleteRecords(
    partitions: readonly T.DeleteRecordsInput[],
    options?: CallOptions,
  ): Promise<(TopicPartition & { readonly lowWatermark: bigint })[]>
  listGroups(
    options?: CallOptions & { readonly states?: readonly string[]; readonly types?: readonly string[] },
  ): Promise<T.GroupListing[]>
  describeGroups(
    groupIds: readonly string[],
    options?: CallOptions & { readonly includeAuthorizedOperations?: boolean },
  ): Promise<T.GroupDescription[]>
  deleteGroups(groupIds: readonly string[], options?: CallOptions): Promise<void>
  /** Offsets that the group has committed: of all its partitions unless given. */
  listGroupOffsets(
    groupId: string,
    partitions?: readonly TopicPartition[],
    options?: CallOptions & { readonly requireStable?: boolean },
  ): Promise<T.GroupOffset[]>
  /** The group must be empty. */
  alterGroupOffsets(groupId: string, offsets: readonly OffsetToCommit[], options?: CallOptions): Promise<void>
  deleteGroupOffsets(groupId: string, partitions: readonly TopicPartition[], options?: CallOptions): Promise<void>
  removeGroupMembers(
    groupId: string,
    members: readonly ({ readonly memberId: string } | { readonly groupInstanceId: string })[],
    options?: CallOptions & { readonly reason?: string },
  ): Promise<void>
  describeLogDirs(brokers?: readonly number[], options?: CallOptions): Promise<T.LogDirDescription[]>
  describeProducers(
    partitions: readonly TopicPartition[],
    options?: CallOptions,
  ): Promise<(TopicPartition & { readonly producers: readonly T.ProducerState[] })[]>
  electLeaders(
    kind: 'preferred' | 'unclean',
    partitions?: readonly TopicPartition[],
    options?: CallOptions,
  ): Promise<void>
  alterPartitionReassignments(
    changes: readonly (TopicPartition & { readonly replicas: readonly number[] | null })[],
    options?: CallOptions,
  ): Promise<void>
  listPartitionReassignments(
    partitions?: readonly TopicPartition[],
    options?: CallOptions,
  ): Promise<T.ReassignmentDescription[]>
  unregisterBroker(nodeId: number, options?: CallOptions): Promise<void>
  close(options?: CallOptions): Promise<void>
}
