/**
 * Requests of other nodes as the machine wants them: one topic, one partition, the cluster's id checked.
 *
 * Source: KIP-595, KIP-853; `KafkaRaftClient` of Apache Kafka for what is refused with which error.
 */
import { CLUSTER_METADATA_TOPIC, ErrorCode, METADATA_TOPIC_ID, ZERO_UUID } from '@braidlog/model'
import type { DecodedOf } from './peers.ts'
import type { QuorumApi } from './raft-node-options.ts'
import type { InboundRequest, ReplicaKey } from './machine/messages.ts'

/** A request as decoded. */
export type QuorumRequest<N extends QuorumApi> = DecodedOf<`${N}Request`>

/** The requests that reach the machine; DescribeQuorum only looks at it. */
export type MachineApi = Exclude<QuorumApi, 'DescribeQuorum'>

/** A request, or why it is none; the error stands at the top of the response. */
export type Parsed = { readonly request: InboundRequest } | { readonly error: ErrorCode }

type Parsers = { readonly [N in MachineApi]: (body: QuorumRequest<N>) => InboundRequest | undefined }

/** @param clusterId of this node; `undefined`: not checked */
export function parseRequest<N extends MachineApi>(
  api: N,
  body: QuorumRequest<N>,
  clusterId: string | undefined,
): Parsed {
  const named = (body as { readonly clusterId?: string | null }).clusterId
  if (clusterId !== undefined && typeof named === 'string' && named !== clusterId)
    return { error: ErrorCode.INCONSISTENT_CLUSTER_ID }
  const request = (parsers[api] as (body: QuorumRequest<N>) => InboundRequest | undefined)(body)
  return request === undefined ? { error: ErrorCode.INVALID_REQUEST } : { request }
}

const parsers: Parsers = {
  Vote(body) {
    const partition = onlyPartition(body.topics)
    if (partition === undefined) return undefined
    return {
      type: 'vote',
      candidate: { id: partition.replicaId, directoryId: partition.replicaDirectoryId },
      voter: voterOf(body.voterId, partition.voterDirectoryId),
      epoch: partition.replicaEpoch,
      lastEpoch: partition.lastOffsetEpoch,
      lastOffset: partition.lastOffset,
      preVote: partition.preVote,
    }
  },
  BeginQuorumEpoch(body) {
    const partition = onlyPartition(body.topics)
    if (partition === undefined) return undefined
    return {
      type: 'beginEpoch',
      leaderId: partition.leaderId,
      epoch: partition.leaderEpoch,
      voter: voterOf(body.voterId, partition.voterDirectoryId),
      endpoints: body.leaderEndpoints,
    }
  },
  EndQuorumEpoch(body) {
    const partition = onlyPartition(body.topics)
    if (partition === undefined) return undefined
    const named = partition.preferredCandidates.map((each): ReplicaKey => ({
      id: each.candidateId,
      directoryId: each.candidateDirectoryId,
    }))
    const old = partition.preferredSuccessors.map((id): ReplicaKey => ({ id, directoryId: ZERO_UUID }))
    return {
      type: 'endEpoch',
      leaderId: partition.leaderId,
      epoch: partition.leaderEpoch,
      candidates: named.length > 0 ? named : old,
      endpoints: body.leaderEndpoints,
    }
  },
  Fetch(body) {
    const [topic, ...others] = body.topics
    if (topic === undefined || others.length > 0) return undefined
    const isOurs = topic.topicId === METADATA_TOPIC_ID || topic.topic === CLUSTER_METADATA_TOPIC
    const [partition, ...more] = topic.partitions
    if (!isOurs || partition === undefined || more.length > 0 || partition.partition !== 0) return undefined
    const id = body.replicaState.replicaId >= 0 ? body.replicaState.replicaId : body.replicaId
    return {
      type: 'fetch',
      replica: { id, directoryId: partition.replicaDirectoryId },
      epoch: partition.currentLeaderEpoch,
      offset: partition.fetchOffset,
      lastEpoch: partition.lastFetchedEpoch,
      highWatermark: partition.highWatermark,
      maxWaitMs: body.maxWaitMs,
      maxBytes: Math.min(body.maxBytes, partition.partitionMaxBytes > 0 ? partition.partitionMaxBytes : Infinity),
    }
  },
  FetchSnapshot(body) {
    const [topic, ...others] = body.topics
    const [partition, ...more] = topic?.partitions ?? []
    if (partition === undefined || others.length + more.length > 0) return undefined
    if (topic!.name !== CLUSTER_METADATA_TOPIC || partition.partition !== 0) return undefined
    return {
      type: 'fetchSnapshot',
      replica: { id: body.replicaId, directoryId: partition.replicaDirectoryId },
      epoch: partition.currentLeaderEpoch,
      snapshotId: partition.snapshotId,
      position: partition.position,
      maxBytes: body.maxBytes,
    }
  },
  AddRaftVoter: (body) => ({
    type: 'addVoter',
    voter: { id: body.voterId, directoryId: body.voterDirectoryId },
    endpoints: body.listeners,
    timeoutMs: body.timeoutMs,
    ackWhenCommitted: body.ackWhenCommitted,
  }),
  RemoveRaftVoter: (body) => ({
    type: 'removeVoter',
    voter: { id: body.voterId, directoryId: body.voterDirectoryId },
  }),
  UpdateRaftVoter: (body) => ({
    type: 'updateVoter',
    epoch: body.currentLeaderEpoch,
    voter: { id: body.voterId, directoryId: body.voterDirectoryId },
    endpoints: body.listeners,
    kraftVersions: {
      min: body.kRaftVersionFeature.minSupportedVersion,
      max: body.kRaftVersionFeature.maxSupportedVersion,
    },
  }),
}

function voterOf(id: number, directoryId: ReplicaKey['directoryId']): ReplicaKey | undefined {
  return id < 0 ? undefined : { id, directoryId }
}

function onlyPartition<P extends { readonly partitionIndex: number }>(
  topics: readonly { readonly topicName: string; readonly partitions: readonly P[] }[],
): P | undefined {
  const [topic, ...others] = topics
  if (topic === undefined || others.length > 0 || topic.topicName !== CLUSTER_METADATA_TOPIC) return undefined
  const [partition, ...more] = topic.partitions
  return more.length > 0 || partition?.partitionIndex !== 0 ? undefined : partition
}
