/** The admin client: one method per call, plain objects, the outcome of every item kept. */
import type { Cluster } from '../cluster.ts'
import type { OffsetToCommit } from '../consumer.ts'
import type { CallOptions, TopicPartition } from '../record.ts'
import * as acls from './acls.ts'
import * as clusters from './clusters.ts'
import * as configs from './configs.ts'
import * as features from './features.ts'
import * as groups from './groups.ts'
import * as logs from './logs.ts'
import * as topics from './topics.ts'
import type * as T from './types.ts'

/**
 * A call whose items all succeed returns one result per item. When any fails it throws a `KafkaError` whose `details`
 * has one entry per item; the items that succeeded stay done.
 */
export class Admin implements AsyncDisposable {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  async createTopics(list: readonly T.NewTopic[], options?: T.ValidateOptions): Promise<T.CreatedTopic[]> {
    return await topics.createTopics(this.#cluster, list, options)
  }

  async deleteTopics(list: readonly (string | { readonly topicId: string })[], options?: CallOptions): Promise<void> {
    await topics.deleteTopics(this.#cluster, list, options)
  }

  async createPartitions(list: readonly T.NewPartitions[], options?: T.ValidateOptions): Promise<void> {
    await topics.createPartitions(this.#cluster, list, options)
  }

  async listTopics(options?: CallOptions & { readonly includeInternal?: boolean }): Promise<T.TopicListing[]> {
    return await topics.listTopics(this.#cluster, options)
  }

  /** All topics unless given. */
  async describeTopics(
    names?: readonly string[],
    options?: CallOptions & { readonly includeAuthorizedOperations?: boolean },
  ): Promise<T.TopicDescription[]> {
    return await topics.describeTopics(this.#cluster, names, options)
  }

  /** Page by page, with the eligible leader replicas (KIP-966); falls back to Metadata on brokers without the API. */
  async describeTopicPartitions(
    names?: readonly string[],
    options?: CallOptions & { readonly pageSize?: number },
  ): Promise<T.TopicDescription[]> {
    return await topics.describeTopicPartitions(this.#cluster, names, options)
  }

  async describeCluster(
    options?: CallOptions & { readonly includeAuthorizedOperations?: boolean; readonly includeFenced?: boolean },
  ): Promise<T.ClusterDescription> {
    return await clusters.describeCluster(this.#cluster, options)
  }

  async describeFeatures(options?: CallOptions): Promise<T.FeaturesDescription> {
    return await clusters.describeFeatures(this.#cluster, options)
  }

  /** All of them or none; with `validateOnly`, only whether they could be. */
  async updateFeatures(updates: readonly T.FeatureUpdate[], options?: T.ValidateOptions): Promise<void> {
    await features.updateFeatures(this.#cluster, updates, options)
  }

  async describeQuorum(options?: CallOptions): Promise<T.QuorumDescription> {
    return await clusters.describeQuorum(this.#cluster, options)
  }

  async describeConfigs(
    resources: readonly (T.ConfigResource & { readonly names?: readonly string[] })[],
    options?: CallOptions & { readonly includeSynonyms?: boolean; readonly includeDocumentation?: boolean },
  ): Promise<T.DescribedConfigs[]> {
    return await configs.describeConfigs(this.#cluster, resources, options)
  }

  async incrementalAlterConfigs(
    changes: readonly (T.ConfigResource & { readonly changes: readonly T.ConfigChange[] })[],
    options?: T.ValidateOptions,
  ): Promise<void> {
    await configs.incrementalAlterConfigs(this.#cluster, changes, options)
  }

  /** Replaces the whole configuration of each resource; prefer `incrementalAlterConfigs`. */
  async alterConfigs(
    resources: readonly (T.ConfigResource & { readonly configs: Readonly<Record<string, string | null>> })[],
    options?: T.ValidateOptions,
  ): Promise<void> {
    await configs.alterConfigs(this.#cluster, resources, options)
  }

  /** Resources that have a configuration of their own; every type unless given. */
  async listConfigResources(
    types?: readonly T.ConfigResourceType[],
    options?: CallOptions,
  ): Promise<T.ConfigResource[]> {
    return await configs.listConfigResources(this.#cluster, types, options)
  }

  async listOffsets(
    specs: readonly (TopicPartition & { readonly at: T.OffsetSpec })[],
    options?: CallOptions & { readonly isolationLevel?: 'read_committed' | 'read_uncommitted' },
  ): Promise<T.ListedOffset[]> {
    return await logs.listOffsets(this.#cluster, specs, options)
  }

  /** @returns the first offset that is left in each partition. */
  async deleteRecords(
    partitions: readonly T.DeleteRecordsInput[],
    options?: CallOptions,
  ): Promise<(TopicPartition & { readonly lowWatermark: bigint })[]> {
    return await logs.deleteRecords(this.#cluster, partitions, options)
  }

  async describeProducers(
    partitions: readonly TopicPartition[],
    options?: CallOptions,
  ): Promise<(TopicPartition & { readonly producers: readonly T.ProducerState[] })[]> {
    return await logs.describeProducers(this.#cluster, partitions, options)
  }

  async describeLogDirs(brokers?: readonly number[], options?: CallOptions): Promise<T.LogDirDescription[]> {
    return await logs.describeLogDirs(this.#cluster, brokers, options)
  }

  async listGroups(
    options?: CallOptions & { readonly states?: readonly string[]; readonly types?: readonly string[] },
  ): Promise<T.GroupListing[]> {
    return await groups.listGroups(this.#cluster, options)
  }

  async describeGroups(
    groupIds: readonly string[],
    options?: CallOptions & { readonly includeAuthorizedOperations?: boolean },
  ): Promise<T.GroupDescription[]> {
    return await groups.describeGroups(this.#cluster, groupIds, options)
  }

  async deleteGroups(groupIds: readonly string[], options?: CallOptions): Promise<void> {
    await groups.deleteGroups(this.#cluster, groupIds, options)
  }

  /** Offsets that the group has committed: of all its partitions unless given. */
  async listGroupOffsets(
    groupId: string,
    partitions?: readonly TopicPartition[],
    options?: CallOptions & { readonly requireStable?: boolean },
  ): Promise<T.GroupOffset[]> {
    return await groups.listGroupOffsets(this.#cluster, groupId, partitions, options)
  }

  /** The group must be empty. */
  async alterGroupOffsets(groupId: string, offsets: readonly OffsetToCommit[], options?: CallOptions): Promise<void> {
    await groups.alterGroupOffsets(this.#cluster, groupId, offsets, options)
  }

  async deleteGroupOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options?: CallOptions,
  ): Promise<void> {
    await groups.deleteGroupOffsets(this.#cluster, groupId, partitions, options)
  }

  async removeGroupMembers(
    groupId: string,
    members: readonly ({ readonly memberId: string } | { readonly groupInstanceId: string })[],
    options?: CallOptions & { readonly reason?: string },
  ): Promise<void> {
    await groups.removeGroupMembers(this.#cluster, groupId, members, options)
  }

  /** All partitions unless given. */
  async electLeaders(
    kind: 'preferred' | 'unclean',
    partitions?: readonly TopicPartition[],
    options?: CallOptions,
  ): Promise<void> {
    await topics.electLeaders(this.#cluster, kind, partitions, options)
  }

  /** `replicas: null` cancels a reassignment. */
  async alterPartitionReassignments(
    changes: readonly (TopicPartition & { readonly replicas: readonly number[] | null })[],
    options?: CallOptions,
  ): Promise<void> {
    await topics.alterPartitionReassignments(this.#cluster, changes, options)
  }

  async listPartitionReassignments(
    partitions?: readonly TopicPartition[],
    options?: CallOptions,
  ): Promise<T.ReassignmentDescription[]> {
    return await topics.listPartitionReassignments(this.#cluster, partitions, options)
  }

  /** Access control entries that the filter matches; all unless given. */
  async describeAcls(filter?: T.AclFilter, options?: CallOptions): Promise<T.AclEntry[]> {
    return await acls.describeAcls(this.#cluster, filter, options)
  }

  async createAcls(entries: readonly T.AclEntry[], options?: CallOptions): Promise<void> {
    await acls.createAcls(this.#cluster, entries, options)
  }

  /** Deletes what any of the filters matches. @returns the entries that are gone */
  async deleteAcls(filters: readonly T.AclFilter[], options?: CallOptions): Promise<T.AclEntry[]> {
    return await acls.deleteAcls(this.#cluster, filters, options)
  }

  /** A controller that follows the metadata log becomes a voter (KIP-853). */
  async addRaftVoter(voter: T.NewVoter, options?: CallOptions): Promise<void> {
    await clusters.addRaftVoter(this.#cluster, voter, options)
  }

  async removeRaftVoter(voter: T.VoterKey, options?: CallOptions): Promise<void> {
    await clusters.removeRaftVoter(this.#cluster, voter, options)
  }

  async unregisterBroker(nodeId: number, options?: CallOptions): Promise<void> {
    await clusters.unregisterBroker(this.#cluster, nodeId, options)
  }

  /** The connections are the client's: nothing is left to close. */
  async close(_options?: CallOptions): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
