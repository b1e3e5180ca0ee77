/**
 * ElectLeaders: gives leadership back to the preferred replica, or, where a partition has no leader, to any live replica
 * at the price of records.
 * Source: KIP-183, KIP-460.
 */
import {
  LeaderRecoveryState,
  NO_LEADER,
  type MetadataRecord,
  type PartitionRegistration,
  type TopicImage,
} from '@braidlog/metadata'
import { ErrorCode } from '@braidlog/model'
import type { ElectLeadersRequest, ElectLeadersResponse } from '@braidlog/protocol'
import { partitionChange } from './brokers.ts'
import { fault, NO_FAULT, type Fault } from './fault.ts'
import type { ControllerState, Decision } from './state.ts'

const PREFERRED = 0
const UNCLEAN = 1

type TopicResult = ElectLeadersResponse['replicaElectionResults'][number]

export function decideElectLeaders(
  state: ControllerState,
  request: ElectLeadersRequest,
): Decision<ElectLeadersResponse> {
  if (request.electionType !== PREFERRED && request.electionType !== UNCLEAN) {
    const refused = fault('INVALID_REQUEST', `there is no election of type ${request.electionType}`)
    const replicaElectionResults = (request.topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({ partitionId, ...refused })),
    }))
    const errorCode = request.topicPartitions?.length === 0 ? ErrorCode.NONE : ErrorCode.INVALID_REQUEST
    return { records: [], response: { throttleTimeMs: 0, errorCode, replicaElectionResults } }
  }
  const records: MetadataRecord[] = []
  const replicaElectionResults: TopicResult[] = []
  for (const { topic, partitions } of request.topicPartitions ?? everyPartition(state)) {
    const results = partitions
      .map((partitionId) => ({ partitionId, ...elect(state, request.electionType, topic, partitionId, records) }))
      // Asked for everything, the answer is about what happened, not about what did not need to.
      .filter((each) => request.topicPartitions !== null || each.errorCode !== ErrorCode.ELECTION_NOT_NEEDED)
    if (results.length > 0) replicaElectionResults.push({ topic, partitionResult: results })
  }
  return { records, response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, replicaElectionResults } }
}

function everyPartition(state: ControllerState): { topic: string; partitions: number[] }[] {
  return [...state.image.topics()].map((topic) => ({ topic: topic.name, partitions: [...topic.partitions.keys()] }))
}

function elect(
  state: ControllerState,
  electionType: number,
  topicName: string,
  partitionId: number,
  records: MetadataRecord[],
): Fault {
  const topic = state.image.topic(topicName)
  const registration = topic?.partitions.get(partitionId)
  if (topic === undefined || registration === undefined) {
    return fault('UNKNOWN_TOPIC_OR_PARTITION', `there is no partition ${topicName}-${partitionId}`)
  }
  return electionType === PREFERRED
    ? electPreferred(state, topic, partitionId, registration, records)
    : electUnclean(state, topic, partitionId, registration, records)
}

function electPreferred(
  state: ControllerState,
  topic: TopicImage,
  partitionId: number,
  { replicas, isr, leader }: PartitionRegistration,
  records: MetadataRecord[],
): Fault {
  const preferred = replicas[0]!
  if (leader === preferred) return fault('ELECTION_NOT_NEEDED', `broker ${preferred}, the preferred one, leads already`)
  if (!isr.includes(preferred) || !state.isActive(preferred)) {
    return fault(
      'PREFERRED_LEADER_NOT_AVAILABLE',
      `broker ${preferred}, the preferred one, is not in sync or not active`,
    )
  }
  records.push(partitionChange(state, topic, partitionId, { leader: preferred }))
  return NO_FAULT
}

function electUnclean(
  state: ControllerState,
  topic: TopicImage,
  partitionId: number,
  { replicas, isr, leader }: PartitionRegistration,
  records: MetadataRecord[],
): Fault {
  if (leader !== NO_LEADER) return fault('ELECTION_NOT_NEEDED', `the partition has broker ${leader} as its leader`)
  const inSync = isr.find((id) => state.isActive(id))
  if (inSync !== undefined) {
    records.push(partitionChange(state, topic, partitionId, { leader: inSync }))
    return NO_FAULT
  }
  const next = replicas.find((id) => state.isActive(id))
  if (next === undefined) return fault('ELIGIBLE_LEADERS_NOT_AVAILABLE', 'no replica of the partition is active')
  const leaderRecoveryState = LeaderRecoveryState.RECOVERING
  records.push(partitionChange(state, topic, partitionId, { leader: next, isr: [next], leaderRecoveryState }))
  return NO_FAULT
}
