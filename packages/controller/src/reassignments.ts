/**
 * AlterPartitionReassignments and ListPartitionReassignments: moving replicas between brokers.
 *
 * While replicas move, a partition has all of the old and the new ones: the target first, then what is to go. It is done
 * when all that is added is in sync. Cancelling takes away what was being added.
 *
 * Source: KIP-455, KIP-860 (whether the replication factor may change).
 */
import type { MetadataRecord, PartitionRegistration, TopicImage } from '@braidlog/metadata'
import { ErrorCode } from '@braidlog/model'
import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '@braidlog/protocol'
import { fault, NO_FAULT, type Fault } from './fault.ts'
import { changePartition, type PartitionTarget } from './partition-change.ts'
import type { ControllerState, Decision } from './state.ts'

export function decideAlterPartitionReassignments(
  state: ControllerState,
  request: AlterPartitionReassignmentsRequest,
): Decision<AlterPartitionReassignmentsResponse> {
  const records: MetadataRecord[] = []
  const { allowReplicationFactorChange } = request
  const responses = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, replicas }) => ({
      partitionIndex,
      ...reassign(state, name, partitionIndex, { replicas, allowReplicationFactorChange }, records),
    })),
  }))
  const response = { throttleTimeMs: 0, allowReplicationFactorChange, ...NO_FAULT, responses }
  return { records, response }
}

interface Wanted {
  /** `null`: cancel what is under way. */
  readonly replicas: readonly number[] | null
  readonly allowReplicationFactorChange: boolean
}

function reassign(
  state: ControllerState,
  topicName: string,
  partitionId: number,
  { replicas, allowReplicationFactorChange }: Wanted,
  records: MetadataRecord[],
): Fault {
  const topic = state.image.topic(topicName)
  const partition = topic?.partitions.get(partitionId)
  if (topic === undefined || partition === undefined) {
    return fault('UNKNOWN_TOPIC_OR_PARTITION', `there is no partition ${topicName}-${partitionId}`)
  }
  const target = replicas === null ? cancelled(state, topic, partition) : moved(state, partition, replicas)
  if ('errorCode' in target) return target
  if (replicas !== null && !allowReplicationFactorChange) {
    const factor = partition.replicas.length - partition.addingReplicas.length
    if (replicas.length !== factor) {
      return fault(
        'INVALID_REPLICATION_FACTOR',
        `the replication factor of ${topicName}-${partitionId} is ${factor}, and may not become ${replicas.length}`,
      )
    }
  }
  const election = state.mayElectUncleanly(topicName) ? 'unclean' : 'online'
  const record = changePartition(state, topic, partitionId, { election, ...target })
  if (record !== undefined) records.push(record)
  return NO_FAULT
}

function cancelled(
  state: ControllerState,
  topic: TopicImage,
  partition: PartitionRegistration,
): PartitionTarget | Fault {
  const { replicas, isr, addingReplicas, removingReplicas } = partition
  if (addingReplicas.length + removingReplicas.length === 0) {
    return fault('NO_REASSIGNMENT_IN_PROGRESS', 'no replica of the partition is being moved')
  }
  const isrLeft = isr.filter((id) => !addingReplicas.includes(id))
  const left = replicas.filter((id) => !addingReplicas.includes(id))
  const mayLose = state.mayElectUncleanly(topic.name) && left.some((id) => state.isActive(id))
  if (isrLeft.length === 0 && isr.length > 0 && !mayLose) {
    return fault(
      'INVALID_REPLICA_ASSIGNMENT',
      'no replica that would be left is in sync: going back would lose records (unclean.leader.election.enable)',
    )
  }
  return { replicas: left, isr: isrLeft, addingReplicas: [], removingReplicas: [] }
}

function moved(
  state: ControllerState,
  partition: PartitionRegistration,
  wanted: readonly number[],
): PartitionTarget | Fault {
  const wrong = (message: string) => fault('INVALID_REPLICA_ASSIGNMENT', message)
  if (wanted.length === 0) return wrong('a partition is assigned to no broker')
  if (new Set(wanted).size < wanted.length) return wrong(`the assignment ${wanted.join(', ')} names a broker twice`)
  const stranger = wanted.find((id) => state.image.broker(id) === undefined)
  if (stranger !== undefined) return wrong(`the assignment names broker ${stranger}, which is not registered`)
  // What an earlier move was adding still has to prove that it is in sync, and is not waited for if it is not wanted any
  // more: else calling off this move would leave it behind. Unless it alone has everything.
  const { addingReplicas: earlier, eligibleLeaderReplicas, isr } = partition
  const isDropped = (id: number) => earlier.includes(id) && !wanted.includes(id)
  const mayDrop = (isr.length > 0 ? isr : eligibleLeaderReplicas).some((id) => !isDropped(id))
  const removingReplicas = partition.replicas.filter((id) => !wanted.includes(id) && !(mayDrop && isDropped(id)))
  const addingReplicas = wanted.filter((id) => earlier.includes(id) || !partition.replicas.includes(id))
  return {
    replicas: [...wanted, ...removingReplicas],
    ...(mayDrop ? { isr: isr.filter((id) => !isDropped(id)) } : {}),
    addingReplicas,
    removingReplicas,
  }
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
