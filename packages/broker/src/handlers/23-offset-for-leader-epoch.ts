/** OffsetForLeaderEpoch (API key 23): where a leader epoch ended, for clients and followers that look for divergence. */
import { AclOperation, ErrorCode } from '@braidlog/model'
import { OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, type Input } from '@braidlog/protocol'
import { servePartly, type Guard } from '../access.ts'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

/** Followers ask by their right to act as a part of the cluster. */
const guard: Guard<OffsetForLeaderEpochRequest, Input<OffsetForLeaderEpochResponse>> = async (
  request,
  access,
  serve,
) => {
  if (access.mayOnCluster(AclOperation.CLUSTER_ACTION)) return await serve(request)
  const topics = await servePartly(
    request.topics,
    ({ topic }) => access.mayOnTopic(AclOperation.DESCRIBE, topic),
    async (allowed) => (await serve({ ...request, topics: allowed })).topics,
    ({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({
        partition,
        errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
      })),
    }),
  )
  return { topics }
}

export function offsetForLeaderEpochHandler(broker: BrokerContext): ApiHandler {
  return api(
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
    (request) => ({
      topics: request.topics.map(({ topic: name, partitions }) => {
        const topic = broker.image.topic(name)
        return {
          topic: name,
          partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
            const replica = topic && broker.replicas.get(topic.id, partition)
            if (replica === undefined) return { partition, errorCode: broker.replicas.errorByName(topic, partition) }
            return { partition, ...replica.offsetForLeaderEpoch(leaderEpoch, currentLeaderEpoch) }
          }),
        }
      }),
    }),
    { guard },
  )
}
