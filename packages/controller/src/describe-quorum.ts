/**
 * DescribeQuorum: leader, voters and progress of the metadata quorum, as its log knows them.
 * Source: KIP-595, KIP-836 (timestamps), KIP-853 (directories, listeners).
 */
import { CLUSTER_METADATA_TOPIC, ErrorCode, type Uuid } from '@braidlog/model'
import type { DescribeQuorumRequest, DescribeQuorumResponse } from '@braidlog/protocol'
import type { RaftNode } from '@braidlog/raft'

export interface QuorumView {
  readonly raft: RaftNode
  readonly nodeId: number
  readonly nowMs: number
}

export function describeQuorum(
  request: DescribeQuorumRequest,
  { raft, nodeId, nowMs }: QuorumView,
): DescribeQuorumResponse {
  const common = { errorCode: ErrorCode.NONE, errorMessage: null }
  if (!asksForQuorum(request)) {
    const topics = request.topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        errorMessage: null,
        leaderId: 0,
        leaderEpoch: 0,
        highWatermark: 0,
        currentVoters: [],
        observers: [],
      })),
    }))
    return { ...common, topics, nodes: [] }
  }
  const currentVoters = raft.voters.map(({ id, directoryId }) => ({
    replicaId: id,
    replicaDirectoryId: directoryId satisfies Uuid,
    logEndOffset: raft.endOffset,
    lastFetchTimestamp: nowMs,
    lastCaughtUpTimestamp: nowMs,
  }))
  const partition = {
    partitionIndex: 0,
    ...common,
    leaderId: nodeId,
    leaderEpoch: raft.epoch,
    highWatermark: raft.highWatermark,
    currentVoters,
    observers: [],
  }
  return {
    ...common,
    topics: [{ topicName: CLUSTER_METADATA_TOPIC, partitions: [partition] }],
    nodes: raft.voters.map(({ id, endpoints }) => ({
      nodeId: id,
      listeners: endpoints.map(({ name, host, port }) => ({ name, host, port })),
    })),
  }
}

function asksForQuorum({ topics }: DescribeQuorumRequest): boolean {
  const [topic] = topics
  return (
    topics.length === 1 &&
    topic!.topicName === CLUSTER_METADATA_TOPIC &&
    topic!.partitions.length === 1 &&
    topic!.partitions[0]!.partitionIndex === 0
  )
}
