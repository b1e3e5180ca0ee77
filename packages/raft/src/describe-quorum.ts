/** DescribeQuorum: the leader's view of who has what. Source: KIP-595, KIP-836, KIP-853. */
import type { Clock } from '@braidlog/base'
import { CLUSTER_METADATA_TOPIC, ErrorCode } from '@braidlog/model'
import type { LocalReplica } from './machine/state.ts'
import type { RaftMachine } from './machine/machine.ts'
import type { ReplicaKey } from './machine/messages.ts'
import { matches } from './machine/voter-history.ts'
import type { QuorumRequest } from './wire-requests.ts'
import type { QuorumResponse } from './wire-answers.ts'

/** The first version with directory ids and the nodes' listeners. */
const DIRECTORIES_SINCE = 2

export function describeQuorum(
  machine: RaftMachine,
  local: LocalReplica,
  clock: Clock,
  request: QuorumRequest<'DescribeQuorum'>,
  version: number,
): QuorumResponse<'DescribeQuorum'> {
  const topic = request.topics[0]
  const isOurs =
    request.topics.length === 1 &&
    topic!.topicName === CLUSTER_METADATA_TOPIC &&
    topic!.partitions.length === 1 &&
    topic!.partitions[0]!.partitionIndex === 0
  if (!isOurs) return problem(request, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  if (machine.role !== 'leader') return problem(request, ErrorCode.NOT_LEADER_OR_FOLLOWER)
  const { voters } = machine.quorum
  const observers = machine.replicas.filter((each) => !voters.some((voter) => matches(voter, each.key)))
  const describe = (key: ReplicaKey) => {
    const { replicaDirectoryId, ...replica } = describeReplica(machine, local, clock, key)
    return version < DIRECTORIES_SINCE ? replica : { ...replica, replicaDirectoryId }
  }
  return {
    topics: [
      {
        topicName: CLUSTER_METADATA_TOPIC,
        partitions: [
          {
            partitionIndex: 0,
            leaderId: local.id,
            leaderEpoch: machine.epoch,
            highWatermark: machine.highWatermark,
            currentVoters: voters.map(describe),
            observers: observers.map((each) => describe(each.key)),
          },
        ],
      },
    ],
    ...(version >= DIRECTORIES_SINCE && {
      nodes: voters.map((voter) => ({
        nodeId: voter.id,
        listeners: voter.id === local.id && local.endpoints.length > 0 ? local.endpoints : voter.endpoints,
      })),
    }),
  }
}

function describeReplica(machine: RaftMachine, local: LocalReplica, clock: Clock, key: ReplicaKey) {
  const nowMs = clock.nowMs()
  const { id: replicaId, directoryId: replicaDirectoryId } = key
  if (replicaId === local.id) {
    const logEndOffset = machine.durableOffset
    return { replicaId, replicaDirectoryId, logEndOffset, lastFetchTimestamp: nowMs, lastCaughtUpTimestamp: nowMs }
  }
  const progress = machine.replicas.findLast((each) => matches(key, each.key))
  // The machine knows monotonic time only.
  const wallMs = (atMs: number | undefined) =>
    atMs === undefined || atMs < 0 ? -1 : Math.round(nowMs - (clock.monotonicMs() - atMs))
  return {
    replicaId,
    replicaDirectoryId,
    logEndOffset: progress?.endOffset ?? -1,
    lastFetchTimestamp: wallMs(progress?.lastFetchMs),
    lastCaughtUpTimestamp: wallMs(progress?.lastCaughtUpMs),
  }
}

function problem(request: QuorumRequest<'DescribeQuorum'>, errorCode: ErrorCode): QuorumResponse<'DescribeQuorum'> {
  return {
    topics: request.topics.map(({ partitions, topicName }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode,
        leaderId: -1,
        leaderEpoch: -1,
      })),
    })),
  }
}
