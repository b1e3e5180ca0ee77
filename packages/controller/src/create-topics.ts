/**
 * CreateTopics: names, partition counts, replica placement and configurations are checked per topic; a topic is created
 * whole or not at all.
 *
 * Records per topic: Topic, its Configs, its Partitions.
 * Source: KIP-4, KIP-464 (-1 for defaults), KIP-525 (configurations in the response), KIP-516 (topic ids).
 */
import { metadataRecord, partitionRecord, type MetadataRecord, type PartitionRegistration } from '@braidlog/metadata'
import {
  checkTopicConfigs,
  CLUSTER_METADATA_TOPIC,
  ConfigResourceType,
  describeTopicConfigs,
  randomUuid,
  topicNameProblem,
  ZERO_UUID,
} from '@braidlog/model'
import type { CreateTopicsRequest, CreateTopicsResponse } from '@braidlog/protocol'
import { checkAssignment } from './assignment.ts'
import { duplicatesOf, fault, NO_FAULT, type Fault } from './fault.ts'
import { placeReplicas } from './placement.ts'
import { PARTITIONS_A_REQUEST_MAX, type ControllerState, type Decision, type DecisionContext } from './state.ts'

type CreatableTopic = CreateTopicsRequest['topics'][number]
type TopicResult = CreateTopicsResponse['topics'][number]

export function decideCreateTopics(
  state: ControllerState,
  request: CreateTopicsRequest,
  context: DecisionContext,
): Decision<CreateTopicsResponse> {
  const records: MetadataRecord[] = []
  const duplicates = duplicatesOf(request.topics.map((topic) => topic.name))
  const tooMany = checkTotal(state, request)
  const created = new Set<string>()
  const topics: TopicResult[] = []
  for (const topic of request.topics) {
    if (topics.some((each) => each.name === topic.name)) continue
    const problem = duplicates.has(topic.name)
      ? fault('INVALID_REQUEST', `the request names topic ${topic.name} more than once`)
      : (checkName(state, topic.name, created) ?? tooMany)
    topics.push(problem === undefined ? createTopic(state, topic, context, records) : failed(topic.name, problem))
    if (problem === undefined) created.add(topic.name)
  }
  return { records: request.validateOnly ? [] : records, response: { throttleTimeMs: 0, topics } }
}

function createTopic(
  state: ControllerState,
  topic: CreatableTopic,
  context: DecisionContext,
  records: MetadataRecord[],
): TopicResult {
  const configs = readConfigs(topic)
  if (!(configs instanceof Map)) return failed(topic.name, configs)
  const partitions = placePartitions(state, topic, context)
  if (!Array.isArray(partitions)) return failed(topic.name, partitions)

  const topicId = randomUuid(context.random)
  records.push(metadataRecord('Topic', { name: topic.name, topicId }))
  for (const [name, value] of configs) {
    records.push(
      metadataRecord('Config', { resourceType: ConfigResourceType.TOPIC, resourceName: topic.name, name, value }),
    )
  }
  for (const [partition, registration] of partitions.entries()) {
    records.push(partitionRecord(topicId, partition, registration, state.metadataVersion))
  }
  const described = describeTopicConfigs(configs, state.configLayers()).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return {
    ...failed(topic.name, NO_FAULT),
    topicId,
    numPartitions: partitions.length,
    replicationFactor: partitions[0]!.replicas.length,
    configs: described.map((config) => ({
      name: config.name,
      value: config.value,
      readOnly: config.readOnly,
      configSource: config.source,
      isSensitive: config.isSensitive,
    })),
  }
}

function checkName(state: ControllerState, name: string, created: ReadonlySet<string>): Fault | undefined {
  if (name === CLUSTER_METADATA_TOPIC) return fault('INVALID_REQUEST', `${name} belongs to the cluster itself`)
  const problem = topicNameProblem(name)
  if (problem !== undefined) return fault('INVALID_TOPIC_EXCEPTION', problem)
  if (state.image.topic(name) !== undefined) return fault('TOPIC_ALREADY_EXISTS', `topic ${name} exists already`)
  const other = state.collidingTopic(name) ?? collidingAmong(created, name)
  if (other === undefined) return undefined
  return fault(
    'INVALID_TOPIC_EXCEPTION',
    `topic ${name} would collide with topic ${other}: names must differ in more than "." and "_"`,
  )
}

function collidingAmong(names: ReadonlySet<string>, name: string): string | undefined {
  const key = name.replaceAll('.', '_')
  for (const each of names) if (each.replaceAll('.', '_') === key) return each
  return undefined
}

/** The bound holds for the whole request: refused topics count, so that a request costs what it says. */
function checkTotal(state: ControllerState, request: CreateTopicsRequest): Fault | undefined {
  let total = 0
  for (const { numPartitions, assignments } of request.topics) {
    if (assignments.length > 0) total += assignments.length
    else total += numPartitions === -1 ? state.settings.configs['num.partitions'] : Math.max(numPartitions, 0)
  }
  if (total <= PARTITIONS_A_REQUEST_MAX) return undefined
  return fault(
    'POLICY_VIOLATION',
    `the request asks for ${total} partitions; one request may create at most ${PARTITIONS_A_REQUEST_MAX}`,
  )
}

function readConfigs(topic: CreatableTopic): Map<string, string> | Fault {
  const configs = new Map<string, string>()
  for (const { name, value } of topic.configs) {
    if (value === null) return fault('INVALID_CONFIG', `${name} of topic ${topic.name} has no value`)
    configs.set(name, value)
  }
  const wrong = checkTopicConfigs(configs)
  return wrong === undefined ? configs : { errorCode: wrong.errorCode, errorMessage: wrong.message }
}

/** @returns the registrations of the new partitions in order, or what is wrong */
function placePartitions(
  state: ControllerState,
  topic: CreatableTopic,
  context: DecisionContext,
): PartitionRegistration[] | Fault {
  if (topic.assignments.length > 0) return assignedPartitions(state, topic)
  const { configs } = state.settings
  const partitionCount = topic.numPartitions === -1 ? configs['num.partitions'] : topic.numPartitions
  const replicationFactor =
    topic.replicationFactor === -1 ? configs['default.replication.factor'] : topic.replicationFactor
  if (replicationFactor < 1) {
    return fault(
      'INVALID_REPLICATION_FACTOR',
      `the replication factor must be at least 1, or -1 for the default, not ${replicationFactor}`,
    )
  }
  if (partitionCount < 1) {
    return fault(
      'INVALID_PARTITIONS',
      `the number of partitions must be at least 1, or -1 for the default, not ${partitionCount}`,
    )
  }
  const placed = placeReplicas(state, partitionCount, replicationFactor, context.random)
  if (typeof placed === 'string') return fault('INVALID_REPLICATION_FACTOR', placed)
  return placed.map((replicas) => newPartition(state, replicas))
}

function assignedPartitions(state: ControllerState, topic: CreatableTopic): PartitionRegistration[] | Fault {
  if (topic.numPartitions !== -1 || topic.replicationFactor !== -1) {
    return fault('INVALID_REQUEST', 'with assigned replicas, partitions and replication factor must both be -1')
  }
  const partitions: PartitionRegistration[] = []
  const indexes = topic.assignments.map((each) => each.partitionIndex)
  const twice = duplicatesOf(indexes)
  if (twice.size > 0) {
    return fault('INVALID_REPLICA_ASSIGNMENT', `partition ${[...twice].join(', ')} is assigned more than once`)
  }
  const replicationFactor = topic.assignments[0]!.brokerIds.length
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    const problem = checkAssignment(state, brokerIds, replicationFactor)
    if (problem !== undefined) return problem
    partitions[partitionIndex] = newPartition(state, brokerIds)
  }
  if (indexes.some((index) => index < 0 || index >= indexes.length)) {
    return fault('INVALID_REPLICA_ASSIGNMENT', 'assigned partitions must be numbered from 0 without a gap')
  }
  return partitions
}

/** A partition that has never been written: every active replica is in sync, the first of them leads. */
export function newPartition(state: ControllerState, replicas: readonly number[]): PartitionRegistration {
  const isr = replicas.filter((id) => state.isActive(id))
  return {
    replicas,
    directories: replicas.map((id) => state.defaultDirectory(state.image.broker(id))),
    isr,
    removingReplicas: [],
    addingReplicas: [],
    eligibleLeaderReplicas: [],
    lastKnownElr: [],
    leader: isr[0]!,
    leaderRecoveryState: 0,
    leaderEpoch: 0,
    partitionEpoch: 0,
  }
}

function failed(name: string, { errorCode, errorMessage }: Fault): TopicResult {
  return {
    name,
    topicId: ZERO_UUID,
    errorCode,
    errorMessage,
    topicConfigErrorCode: 0,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  }
}
