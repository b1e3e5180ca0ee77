/**
 * Reassignments: listing those that a directory brought along, and the changes that need no second broker. Moving replicas
 * between brokers comes with replication.
 * Source: KIP-455.
 */
import { ErrorCode } from '@braidlog/model'
import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '@braidlog/protocol'
import { fault, NO_FAULT, type Fault } from './fault.ts'
import type { ControllerState, Decision } from './state.ts'

export function decideAlterPartitionReassignments(
  state: ControllerState,
  request: AlterPartitionReassignmentsRequest,
): Decision<AlterPartitionReassignmentsResponse> {
  const responses = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, replicas }) => ({
      partitionIndex,
      ...reassign(state, name, partitionIndex, replicas),
    })),
  }))
  const { allowReplicationFactorChange } = request
  const response = { throttleTimeMs: 0, allowReplicationFactorChange, ...NO_FAULT, responses }
  return { records: [], response }
}

function reassign(state: ControllerState, topic: string, partition: number, replicas: readonly number[] | null): Fault {
  const registration = state.image.partition(topic, partition)
  if (registration === undefined) {
    return fault('UNKNOWN_TOPIC_OR_PARTITION', `there is no partition ${topic}-${partition}`)
  }
  if (replicas === null) {
    return fault('NO_REASSIGNMENT_IN_PROGRESS', `no reassignment of ${topic}-${partition} can be cancelled`)
  }
  const stranger = replicas.find((id) => state.image.broker(id) === undefined)
  if (stranger !== undefined) {
    return fault('INVALID_REPLICA_ASSIGNMENT', `the assignment names broker ${stranger}, which is not registered`)
  }
  if (JSON.stringify(replicas) === JSON.stringify(registration.replicas)) return NO_FAULT
  return fault('INVALID_REPLICA_ASSIGNMENT', 'a cluster of one node has nowhere to move a replica to')
}

export function decideListPartitionReassignments(
  state: ControllerState,
  request: ListPartitionReassignmentsRequest,
): Decision<ListPartitionReassignmentsResponse> {
  const wanted = request.topics && new Map(request.topics.map((topic) => [topic.name, topic.partitionIndexes]))
  const topics: ListPartitionReassignmentsResponse['topics'] = []
  for (const topic of state.image.topics()) {
    const indexes = wanted?.get(topic.name)
    if (wanted !== null && indexes === undefined) continue
    const partitions = []
    for (const [partitionIndex, { replicas, addingReplicas, removingReplicas }] of topic.partitions) {
      if (addingReplicas.length + removingReplicas.length === 0) continue
      if (indexes !== undefined && !indexes.includes(partitionIndex)) continue
      partitions.push({
        partitionIndex,
        replicas: [...replicas],
        addingReplicas: [...addingReplicas],
        removingReplicas: [...removingReplicas],
      })
    }
    if (partitions.length > 0) topics.push({ name: topic.name, partitions })
  }
  return {
    records: [],
    response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: null, topics },
  }
}
