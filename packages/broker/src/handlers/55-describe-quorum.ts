/**
 * DescribeQuorum (API key 55): leader, voters and progress of the metadata quorum. A quorum of one has no observers, and
 * its leader is where it should be at any time.
 * Source: KIP-595, KIP-836 (timestamps), KIP-853 (directories, listeners).
 */
import { AclOperation, CLUSTER_METADATA_TOPIC, ErrorCode, type Uuid } from '@braidlog/model'
import { DescribeQuorumRequest, DescribeQuorumResponse } from '@braidlog/protocol'
import { clusterGuard } from '../access.ts'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

const TIME_OF_LEADER_SINCE_VERSION = 1

export function describeQuorumHandler(broker: BrokerContext): ApiHandler {
  return api(
    DescribeQuorumRequest,
    DescribeQuorumResponse,
    (request, { apiVersion }) => {
      const { raft } = broker.controller
      const [topic] = request.topics
      const isQuorum =
        request.topics.length === 1 &&
        topic!.topicName === CLUSTER_METADATA_TOPIC &&
        topic!.partitions.length === 1 &&
        topic!.partitions[0]!.partitionIndex === 0
      if (!isQuorum) {
        return {
          topics: request.topics.map(({ topicName, partitions }) => ({
            topicName,
            partitions: partitions.map(({ partitionIndex }) => ({
              partitionIndex,
              errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
            })),
          })),
        }
      }
      const nowMs = apiVersion >= TIME_OF_LEADER_SINCE_VERSION ? broker.clock.nowMs() : -1
      const currentVoters = raft.voters.map(({ id, directoryId }) => ({
        replicaId: id,
        replicaDirectoryId: directoryId satisfies Uuid,
        logEndOffset: raft.endOffset,
        lastFetchTimestamp: nowMs,
        lastCaughtUpTimestamp: nowMs,
      }))
      return {
        topics: [
          {
            topicName: CLUSTER_METADATA_TOPIC,
            partitions: [
              {
                partitionIndex: 0,
                leaderId: broker.nodeId,
                leaderEpoch: raft.epoch,
                highWatermark: raft.highWatermark,
                currentVoters,
                observers: [],
              },
            ],
          },
        ],
        nodes: raft.voters.map(({ id, endpoints }) => ({
          nodeId: id,
          listeners: endpoints.map(({ name, host, port }) => ({ name, host, port })),
        })),
      }
    },
    {
      guard: clusterGuard(AclOperation.DESCRIBE, () => ({ errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED })),
    },
  )
}
