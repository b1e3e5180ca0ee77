/**
 * CreatePartitions: adds partitions to a topic. Their replication factor is that of the partitions there are.
 * Source: KIP-195.
 */
import { partitionRecord, type MetadataRecord, type TopicImage } from '@braidlog/metadata'
import type { CreatePartitionsRequest, CreatePartitionsResponse } from '@braidlog/protocol'
import { checkAssignment } from './assignment.ts'
import { newPartition } from './create-topics.ts'
import { duplicatesOf, fault, NO_FAULT, type Fault } from './fault.ts'
import { placeReplicas } from './placement.ts'
import { PARTITIONS_A_REQUEST_MAX, type ControllerState, type Decision, type DecisionContext } from './state.ts'

type TopicRequest = CreatePartitionsRequest['topics'][number]

export function decideCreatePartitions(
  state: ControllerState,
  request: CreatePartitionsRequest,
  context: DecisionContext,
): Decision<CreatePartitionsResponse> {
  const records: MetadataRecord[] = []
  const duplicates = duplicatesOf(request.topics.map((topic) => topic.name))
  const names = new Set<string>()
  const results: CreatePartitionsResponse['results'] = []
  for (const topic of request.topics) {
    if (names.has(topic.name)) continue
    names.add(topic.name)
    const result = duplicates.has(topic.name)
      ? fault('INVALID_REQUEST', `the request names topic ${topic.name} more than once`)
      : addPartitions(state, topic, context, records)
    results.push({ name: topic.name, ...result })
  }
  return { records: request.validateOnly ? [] : records, response: { throttleTimeMs: 0, results } }
}

function addPartitions(
  state: ControllerState,
  request: TopicRequest,
  context: DecisionContext,
  records: MetadataRecord[],
): Fault {
  const topic = state.image.topic(request.name)
  if (topic === undefined) return fault('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${request.name}`)
  const before = topic.partitions.size
  const additional = request.count - before
  if (additional <= 0) {
    return fault(
      'INVALID_PARTITIONS',
      `topic ${topic.name} has ${before} partitions; the new number must be larger, not ${request.count}`,
    )
  }
  if (additional + records.length > PARTITIONS_A_REQUEST_MAX) {
    return fault(
      'POLICY_VIOLATION',
      `${additional} partitions are asked for; one request may create at most ${PARTITIONS_A_REQUEST_MAX}`,
    )
  }
  const replicas = replicasFor(state, topic, request, additional, context)
  if (!Array.isArray(replicas)) return replicas
  for (const [index, each] of replicas.entries()) {
    records.push(partitionRecord(topic.id, before + index, newPartition(state, each), state.metadataVersion))
  }
  return NO_FAULT
}

function replicasFor(
  state: ControllerState,
  topic: TopicImage,
  request: TopicRequest,
  additional: number,
  context: DecisionContext,
): (readonly number[])[] | Fault {
  const replicationFactor = topic.partitions.get(0)?.replicas.length ?? 1
  if (request.assignments === null) {
    const placed = placeReplicas(state, additional, replicationFactor, context.random)
    return typeof placed === 'string' ? fault('INVALID_REPLICATION_FACTOR', placed) : placed
  }
  if (request.assignments.length !== additional) {
    return fault(
      'INVALID_REPLICA_ASSIGNMENT',
      `${additional} partitions are added, but ${request.assignments.length} are assigned`,
    )
  }
  for (const { brokerIds } of request.assignments) {
    const problem = checkAssignment(state, brokerIds, replicationFactor)
    if (problem !== undefined) return problem
  }
  return request.assignments.map((each) => each.brokerIds)
}
