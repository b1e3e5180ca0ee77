/** OffsetForLeaderEpoch (API key 23): where a leader epoch ended, for clients and followers that look for divergence. */
import { OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse } from '@braidlog/protocol'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

export function offsetForLeaderEpochHandler(broker: BrokerContext): ApiHandler {
  return api(OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, (request) => ({
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
  }))
}
