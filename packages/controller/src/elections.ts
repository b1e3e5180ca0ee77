/**
 * ElectLeaders: gives leadership back to the preferred replica, or, where a partition has no leader, to any live replica
 * at the price of records.
 * Source: KIP-183, KIP-460.
 */
import { NO_LEADER, type MetadataRecord, type PartitionRegistration, type TopicImage } from '@braidlog/metadata'
import { ErrorCode } from '@braidlog/model'
import type { ElectLeadersRequest, ElectLeadersResponse } from '@braidlog/protocol'
import { fault, NO_FAULT, type Fault } from './fault.ts'
import { changePartition, mergedPartition } from './partition-change.ts'
import type { ControllerState, Decision, DecisionContext } from './state.ts'

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
  const record = changePartition(state, topic, partitionId, { election: 'preferred' })
  if (record !== undefined) records.push(record)
  return NO_FAULT
}

function electUnclean(
  state: ControllerState,
  topic: TopicImage,
  partitionId: number,
  partition: PartitionRegistration,
  records: MetadataRecord[],
): Fault {
  const { leader } = partition
  if (leader !== NO_LEADER) return fault('ELECTION_NOT_NEEDED', `the partition has broker ${leader} as its leader`)
  const record = changePartition(state, topic, partitionId, { election: 'unclean' })
  if (record === undefined || mergedPartition(partition, record).leader === NO_LEADER) {
    return fault('ELIGIBLE_LEADERS_NOT_AVAILABLE', 'no replica of the partition is active')
  }
  records.push(record)
  return NO_FAULT
}

/** Changes of one round at most: what is left is for the next. */
const ELECTIONS_A_ROUND_MAX = 1000

/** Gives partitions back to their preferred leaders, wherever those are in sync. */
export function balanceLeaders(state: ControllerState): MetadataRecord[] {
  const records: MetadataRecord[] = []
  for (const topic of state.image.topics()) {
    for (const [partitionId, partition] of topic.partitions) {
      if (records.length >= ELECTIONS_A_ROUND_MAX) return records
      if (partition.leader === NO_LEADER || partition.leader === partition.replicas[0]) continue
      electPreferred(state, topic, partitionId, partition, records)
    }
  }
  return records
}

/** Finds leaders for partitions without one, whose topics allow it at the price of records. */
export function electLeaderless(state: ControllerState): MetadataRecord[] {
  const records: MetadataRecord[] = []
  for (const topic of state.image.topics()) {
    if (!state.mayElectUncleanly(topic.name)) continue
    for (const [partitionId, partition] of topic.partitions) {
      if (records.length >= ELECTIONS_A_ROUND_MAX) return records
      if (partition.leader === NO_LEADER) electUnclean(state, topic, partitionId, partition, records)
    }
  }
  return records
}

const SECOND_MS = 1_000

/** When these two are next due. */
export class ElectionSchedule {
  readonly #balanceIntervalMs: number
  readonly #uncleanIntervalMs: number
  #balanceMs = Infinity
  #uncleanMs = Infinity

  constructor({ settings: { configs } }: ControllerState) {
    const balances = configs['auto.leader.rebalance.enable']
    this.#balanceIntervalMs = balances ? configs['leader.imbalance.check.interval.seconds'] * SECOND_MS : Infinity
    this.#uncleanIntervalMs = configs['unclean.leader.election.interval.ms']
  }

  start(nowMs: number): void {
    this.#balanceMs = nowMs + this.#balanceIntervalMs
    this.#uncleanMs = nowMs + this.#uncleanIntervalMs
  }

  nextDeadlineMs(): number {
    return Math.min(this.#balanceMs, this.#uncleanMs)
  }

  /** @returns records of one kind of election: the next is decided on what this one leaves */
  expire(state: ControllerState, { nowMs }: DecisionContext): MetadataRecord[] {
    if (nowMs >= this.#uncleanMs) {
      this.#uncleanMs = nowMs + this.#uncleanIntervalMs
      return electLeaderless(state)
    }
    if (nowMs < this.#balanceMs) return []
    this.#balanceMs = nowMs + this.#balanceIntervalMs
    return balanceLeaders(state)
  }
}
