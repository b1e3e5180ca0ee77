/** Admin calls about topics and their partitions. */
import { ErrorCode, ZERO_UUID, type Uuid } from '@braidlog/model/nouns'
import type { ResponseOf } from '../apis.ts'
import type { Call } from '../calls.ts'
import type { Cluster } from '../cluster.ts'
import { KafkaError } from '../errors.ts'
import type { CallOptions, TopicPartition } from '../record.ts'
import { addItem, adminCall, byTopic, checkCode, emptyOutcome, itemsCall, operationsOf, type Outcome } from './calls.ts'
import { entryOf } from './configs.ts'
import type {
  CreatedTopic,
  NewPartitions,
  NewTopic,
  PartitionDescription,
  ReassignmentDescription,
  TopicDescription,
  TopicListing,
  ValidateOptions,
} from './types.ts'

/** The broker's own default. */
const DEFAULT_COUNT = -1
const PAGE_SIZE = 2000

export async function createTopics(
  cluster: Cluster,
  topics: readonly NewTopic[],
  options: ValidateOptions = {},
): Promise<CreatedTopic[]> {
  return await itemsCall(cluster, 'createTopics', options, async (call) => {
    const body = {
      topics: topics.map((topic) => ({
        name: topic.name,
        numPartitions: topic.assignments === undefined ? (topic.partitions ?? DEFAULT_COUNT) : DEFAULT_COUNT,
        replicationFactor: topic.assignments === undefined ? (topic.replicationFactor ?? DEFAULT_COUNT) : DEFAULT_COUNT,
        assignments: (topic.assignments ?? []).map((brokerIds, partitionIndex) => ({
          partitionIndex,
          brokerIds: [...brokerIds],
        })),
        configs: Object.entries(topic.configs ?? {}).map(([name, value]) => ({ name, value: String(value) })),
      })),
      timeoutMs: boundOf(call),
      validateOnly: options.validateOnly === true,
    }
    const response = await cluster.request('controller', 'CreateTopics', body, call)
    const outcome = emptyOutcome<CreatedTopic>()
    for (const each of response.topics) {
      if (!addItem(outcome, each.name, each.errorCode, each.errorMessage, { topic: each.name, partition: -1 })) continue
      outcome.results.push({
        name: each.name,
        topicId: each.topicId,
        partitions: each.numPartitions,
        replicationFactor: each.replicationFactor,
        configs: (each.configs ?? []).map((config) => entryOf(config)),
      })
    }
    return outcome
  })
}

export async function deleteTopics(
  cluster: Cluster,
  topics: readonly (string | { readonly topicId: string })[],
  options?: CallOptions,
): Promise<void> {
  await itemsCall(cluster, 'deleteTopics', options, async (call) => {
    const connection = await cluster.connect('controller', 'main', call)
    const version = connection.versionFor('DeleteTopics')
    const timeoutMs = boundOf(call)
    const names = topics.map((each) => {
      if (typeof each === 'string') return each
      if (version >= 6) return ''
      throw new KafkaError('UNSUPPORTED_API', `${connection.broker} cannot delete topics by id`, { fatal: false })
    })
    const body =
      version >= 6
        ? {
            topics: topics.map((each) =>
              typeof each === 'string'
                ? { name: each, topicId: ZERO_UUID }
                : { name: null, topicId: each.topicId as Uuid },
            ),
            timeoutMs,
          }
        : { topicNames: names, timeoutMs }
    const response = await connection.request('DeleteTopics', body, { signal: call.signal, timeoutMs, version })
    const outcome = emptyOutcome<void>()
    for (const each of response.responses)
      addItem(outcome, each.name ?? each.topicId, each.errorCode, each.errorMessage)
    return outcome
  })
}

export async function createPartitions(
  cluster: Cluster,
  topics: readonly NewPartitions[],
  options: ValidateOptions = {},
): Promise<void> {
  await itemsCall(cluster, 'createPartitions', options, async (call) => {
    const body = {
      topics: topics.map(({ topic, count, assignments }) => ({
        name: topic,
        count,
        assignments: assignments?.map((brokerIds) => ({ brokerIds: [...brokerIds] })) ?? null,
      })),
      timeoutMs: boundOf(call),
      validateOnly: options.validateOnly === true,
    }
    const response = await cluster.request('controller', 'CreatePartitions', body, call)
    const outcome = emptyOutcome<void>()
    for (const each of response.results) addItem(outcome, each.name, each.errorCode, each.errorMessage)
    return outcome
  })
}

export async function listTopics(
  cluster: Cluster,
  options: CallOptions & { readonly includeInternal?: boolean } = {},
): Promise<TopicListing[]> {
  const topics = await readMetadata(cluster, 'listTopics', null, false, options)
  return topics
    .filter((topic) => options.includeInternal === true || !topic.internal)
    .map(({ name, topicId, internal, partitions }) => ({ name, topicId, internal, partitions: partitions.length }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

export async function describeTopics(
  cluster: Cluster,
  topics: readonly string[] | undefined,
  options: CallOptions & { readonly includeAuthorizedOperations?: boolean } = {},
): Promise<TopicDescription[]> {
  return await readMetadata(
    cluster,
    'describeTopics',
    topics ?? null,
    options.includeAuthorizedOperations === true,
    options,
  )
}

/** Topics by the Metadata request, in the order asked for. */
async function readMetadata(
  cluster: Cluster,
  name: string,
  topics: readonly string[] | null,
  includeOperations: boolean,
  options: CallOptions,
): Promise<TopicDescription[]> {
  return await itemsCall(cluster, name, options, async (call) => {
    const connection = await cluster.connect('any', 'main', call)
    const version = connection.versionFor('Metadata')
    const body = {
      topics: topics === null ? (version === 0 ? [] : null) : topics.map((each) => ({ name: each })),
      ...(version >= 4 ? { allowAutoTopicCreation: false } : {}),
      ...(version >= 8 ? { includeTopicAuthorizedOperations: includeOperations } : {}),
    }
    const response = await connection.request('Metadata', body, bounds(call))
    const outcome = emptyOutcome<TopicDescription>()
    for (const topic of response.topics) {
      // A topic with partitions that have no leader is described, not failed.
      const code = topic.partitions.length > 0 ? ErrorCode.NONE : topic.errorCode
      const message = code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ? 'there is no such topic' : null
      if (!addItem(outcome, topic.name ?? topic.topicId, code, message)) continue
      outcome.results.push({
        name: topic.name!,
        topicId: topic.topicId,
        internal: topic.isInternal,
        partitions: topic.partitions.map(partitionOf).sort((a, b) => a.partition - b.partition),
        authorizedOperations: operationsOf(topic.topicAuthorizedOperations),
      })
    }
    return inOrder(outcome, topics)
  })
}

export async function describeTopicPartitions(
  cluster: Cluster,
  topics: readonly string[] | undefined,
  options: CallOptions & { readonly pageSize?: number } = {},
): Promise<TopicDescription[]> {
  const isServed = await adminCall(cluster, 'describeTopicPartitions', options, async (call) => {
    return (await cluster.connect('any', 'main', call)).versionsOf(75) !== undefined
  })
  if (!isServed) return await describeTopics(cluster, topics, options)
  return await itemsCall(cluster, 'describeTopicPartitions', options, async (call) => {
    const outcome = emptyOutcome<TopicDescription>()
    const found = new Map<string, TopicDescription & { partitions: PartitionDescription[] }>()
    let cursor: { topicName: string; partitionIndex: number } | null = null
    do {
      const body = {
        topics: (topics ?? []).map((name) => ({ name })),
        responsePartitionLimit: options.pageSize ?? PAGE_SIZE,
        cursor,
      }
      const response: ResponseOf<'DescribeTopicPartitions'> = await cluster.request(
        'any',
        'DescribeTopicPartitions',
        body,
        call,
      )
      for (const topic of response.topics) {
        const name = topic.name ?? topic.topicId
        const partitions = topic.partitions.map(partitionOf)
        const known = found.get(name)
        // A topic larger than a page goes on in the next one.
        if (known !== undefined) known.partitions.push(...partitions)
        else if (addItem(outcome, name, partitions.length > 0 ? ErrorCode.NONE : topic.errorCode)) {
          const { topicId, isInternal: internal, topicAuthorizedOperations } = topic
          const authorizedOperations = operationsOf(topicAuthorizedOperations)
          found.set(name, { name, topicId, internal, partitions, authorizedOperations })
        }
      }
      cursor = response.nextCursor
    } while (cursor !== null)
    outcome.results.push(...found.values())
    return inOrder(outcome, topics ?? null)
  })
}

export async function electLeaders(
  cluster: Cluster,
  kind: 'preferred' | 'unclean',
  partitions: readonly TopicPartition[] | undefined,
  options?: CallOptions,
): Promise<void> {
  await itemsCall(cluster, 'electLeaders', options, async (call) => {
    const topicPartitions =
      partitions === undefined
        ? null
        : byTopic(partitions, (each) => each.partition).map(({ name, partitions: list }) => ({
            topic: name,
            partitions: list,
          }))
    const body = {
      ...(kind === 'unclean' ? { electionType: 1 } : {}),
      topicPartitions,
      timeoutMs: boundOf(call),
    }
    const response = await cluster.request('controller', 'ElectLeaders', body, call)
    checkCode(response.errorCode, 'electLeaders')
    const outcome = emptyOutcome<void>()
    for (const { topic, partitionResult } of response.replicaElectionResults) {
      for (const { partitionId: partition, errorCode, errorMessage } of partitionResult) {
        // The leader that was asked for leads already: what the caller wanted.
        const code = errorCode === ErrorCode.ELECTION_NOT_NEEDED ? ErrorCode.NONE : errorCode
        addItem(outcome, `${topic}-${partition}`, code, errorMessage, { topic, partition })
      }
    }
    return outcome
  })
}

export async function alterPartitionReassignments(
  cluster: Cluster,
  changes: readonly (TopicPartition & { readonly replicas: readonly number[] | null })[],
  options?: CallOptions,
): Promise<void> {
  await itemsCall(cluster, 'alterPartitionReassignments', options, async (call) => {
    const topics = byTopic(changes, ({ partition, replicas }) => ({
      partitionIndex: partition,
      replicas: replicas === null ? null : [...replicas],
    }))
    const response = await cluster.request(
      'controller',
      'AlterPartitionReassignments',
      { timeoutMs: boundOf(call), topics },
      call,
    )
    checkCode(response.errorCode, 'alterPartitionReassignments', response.errorMessage)
    const outcome = emptyOutcome<void>()
    for (const { name: topic, partitions } of response.responses) {
      for (const { partitionIndex: partition, errorCode, errorMessage } of partitions) {
        addItem(outcome, `${topic}-${partition}`, errorCode, errorMessage, { topic, partition })
      }
    }
    return outcome
  })
}

export async function listPartitionReassignments(
  cluster: Cluster,
  partitions: readonly TopicPartition[] | undefined,
  options?: CallOptions,
): Promise<ReassignmentDescription[]> {
  return await adminCall(cluster, 'listPartitionReassignments', options, async (call) => {
    const topics =
      partitions === undefined
        ? null
        : byTopic(partitions, (each) => each.partition).map(({ name, partitions: partitionIndexes }) => ({
            name,
            partitionIndexes,
          }))
    const response = await cluster.request(
      'controller',
      'ListPartitionReassignments',
      { timeoutMs: boundOf(call), topics },
      call,
    )
    checkCode(response.errorCode, 'listPartitionReassignments', response.errorMessage)
    return response.topics.flatMap(({ name: topic, partitions: list }) =>
      list.map(({ partitionIndex: partition, replicas, addingReplicas, removingReplicas }) => ({
        topic,
        partition,
        replicas,
        addingReplicas,
        removingReplicas,
      })),
    )
  })
}

/** What the broker should wait at most: what is left of the call. */
export function boundOf(call: Call): number {
  return Math.max(1, Math.min(0x7fffffff, Math.floor(call.remainingMs())))
}

function bounds(call: Call): { signal: AbortSignal; timeoutMs: number } {
  return { signal: call.signal, timeoutMs: boundOf(call) }
}

interface WirePartition {
  readonly partitionIndex: number
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly replicaNodes: number[]
  readonly isrNodes: number[]
  readonly offlineReplicas: number[]
  readonly eligibleLeaderReplicas?: number[] | null
  readonly lastKnownElr?: number[] | null
}

function partitionOf(wire: WirePartition): PartitionDescription {
  return {
    partition: wire.partitionIndex,
    leader: wire.leaderId < 0 ? null : wire.leaderId,
    leaderEpoch: wire.leaderEpoch,
    replicas: wire.replicaNodes,
    isr: wire.isrNodes,
    offlineReplicas: wire.offlineReplicas,
    eligibleLeaderReplicas: wire.eligibleLeaderReplicas ?? [],
    lastKnownElr: wire.lastKnownElr ?? [],
  }
}

/** In the order asked for, else by name. */
function inOrder(outcome: Outcome<TopicDescription>, names: readonly string[] | null): Outcome<TopicDescription> {
  const rank = new Map(names?.map((name, index) => [name, index]))
  outcome.results.sort((a, b) =>
    names === null ? (a.name < b.name ? -1 : 1) : (rank.get(a.name) ?? 0) - (rank.get(b.name) ?? 0),
  )
  return outcome
}
