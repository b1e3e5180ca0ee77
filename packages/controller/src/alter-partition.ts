/**
 * AlterPartition: the leader of a partition proposes new in-sync replicas. Compare-and-set on the partition epoch: a
 * proposal that was made from an older picture changes nothing.
 *
 * Source: KIP-497, KIP-704 (recovery), KIP-841 (who may not be in sync), KIP-903 (broker epochs).
 */
import {
  LeaderRecoveryState,
  NO_LEADER_CHANGE,
  type MetadataRecord,
  type PartitionRegistration,
} from '@braidlog/metadata'
import { ErrorCode } from '@braidlog/model'
import type { AlterPartitionRequest, AlterPartitionResponse } from '@braidlog/protocol'
import { changePartition, mergedPartition } from './partition-change.ts'
import type { ControllerState, Decision } from './state.ts'

type Proposal = AlterPartitionRequest['topics'][number]['partitions'][number]
type Outcome = AlterPartitionResponse['topics'][number]['partitions'][number]

/** A version of the request that has no epochs says nothing about them. */
const NO_BROKER_EPOCH = -1

export function decideAlterPartition(
  state: ControllerState,
  request: AlterPartitionRequest,
): Decision<AlterPartitionResponse> {
  const { brokerId, brokerEpoch } = request
  if (state.image.broker(brokerId)?.epoch !== brokerEpoch) {
    const response = { throttleTimeMs: 0, errorCode: ErrorCode.STALE_BROKER_EPOCH, topics: [] }
    return { records: [], response }
  }
  const records: MetadataRecord[] = []
  const topics = request.topics.map(({ topicId, partitions }) => {
    const topic = state.image.topicById(topicId)
    return {
      topicId,
      partitions: partitions.map((proposal): Outcome => {
        if (topic === undefined) return refused(proposal, ErrorCode.UNKNOWN_TOPIC_ID)
        const partition = topic.partitions.get(proposal.partitionIndex)
        if (partition === undefined) return refused(proposal, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        const problem = problemOf(state, brokerId, partition, proposal)
        if (problem !== ErrorCode.NONE) return refused(proposal, problem)
        const record = changePartition(state, topic, proposal.partitionIndex, {
          isr: proposal.newIsrWithEpochs.map((each) => each.brokerId),
          leaderRecoveryState: proposal.leaderRecoveryState as LeaderRecoveryState,
          election: state.mayElectUncleanly(topic.name) ? 'unclean' : 'online',
        })
        if (record === undefined) return accepted(proposal, partition)
        records.push(record)
        const after = mergedPartition(partition, record)
        // It can complete a reassignment that takes the leader away: recorded, and an error nevertheless.
        return after.leader !== brokerId && after.leader !== NO_LEADER_CHANGE
          ? refused(proposal, ErrorCode.NEW_LEADER_ELECTED)
          : accepted(proposal, after)
      }),
    }
  })
  return { records, response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, topics } }
}

/** In the order in which they tell a leader most: who is behind, who is ahead, what is wrong. */
function problemOf(
  state: ControllerState,
  brokerId: number,
  partition: PartitionRegistration,
  proposal: Proposal,
): ErrorCode {
  // A leader that knows more than we do has heard it from another controller.
  if (proposal.leaderEpoch > partition.leaderEpoch) return ErrorCode.NOT_CONTROLLER
  if (proposal.partitionEpoch > partition.partitionEpoch) return ErrorCode.NOT_CONTROLLER
  if (proposal.leaderEpoch < partition.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH
  if (brokerId !== partition.leader) return ErrorCode.INVALID_REQUEST
  if (proposal.partitionEpoch < partition.partitionEpoch) return ErrorCode.INVALID_UPDATE_VERSION
  const isr = proposal.newIsrWithEpochs.map((each) => each.brokerId)
  const isValid = new Set(isr).size === isr.length && isr.every((id) => partition.replicas.includes(id))
  if (!isValid || !isr.includes(brokerId)) return ErrorCode.INVALID_REQUEST
  if (proposal.leaderRecoveryState === LeaderRecoveryState.RECOVERING) {
    // What is recovering has nobody in sync with it, and what has recovered does not begin again by itself.
    if (isr.length > 1 || partition.leaderRecoveryState === LeaderRecoveryState.RECOVERED) {
      return ErrorCode.INVALID_REQUEST
    }
  } else if (proposal.leaderRecoveryState !== LeaderRecoveryState.RECOVERED) return ErrorCode.INVALID_REQUEST
  const isEligible = proposal.newIsrWithEpochs.every(({ brokerId: id, brokerEpoch }) => {
    const epoch = state.image.broker(id)?.epoch
    return state.isActive(id) && (brokerEpoch === NO_BROKER_EPOCH || brokerEpoch === epoch)
  })
  return isEligible ? ErrorCode.NONE : ErrorCode.INELIGIBLE_REPLICA
}

function refused({ partitionIndex }: Proposal, errorCode: ErrorCode): Outcome {
  return {
    partitionIndex,
    errorCode,
    leaderId: 0,
    leaderEpoch: 0,
    isr: [],
    leaderRecoveryState: LeaderRecoveryState.RECOVERED,
    partitionEpoch: 0,
  }
}

function accepted({ partitionIndex }: Proposal, partition: PartitionRegistration): Outcome {
  return {
    partitionIndex,
    errorCode: ErrorCode.NONE,
    leaderId: partition.leader,
    leaderEpoch: partition.leaderEpoch,
    isr: [...partition.isr],
    leaderRecoveryState: partition.leaderRecoveryState,
    partitionEpoch: partition.partitionEpoch,
  }
}
