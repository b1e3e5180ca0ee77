/** DeleteRecords (API key 21): moves the beginning of a partition up to an offset. */
import { ErrorCode, isInternalTopic } from '@braidlog/model'
import { DeleteRecordsRequest, DeleteRecordsResponse } from '@braidlog/protocol'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

export function deleteRecordsHandler(broker: BrokerContext): ApiHandler {
  return api(DeleteRecordsRequest, DeleteRecordsResponse, (request) => ({
    topics: request.topics.map(({ name, partitions }) => {
      const topic = broker.image.topic(name)
      return {
        name,
        partitions: partitions.map(({ partitionIndex, offset }) => {
          if (isInternalTopic(name)) {
            return { partitionIndex, lowWatermark: -1, errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION }
          }
          const replica = topic && broker.replicas.get(topic.id, partitionIndex)
          if (replica === undefined) {
            const errorCode = broker.replicas.errorByName(topic, partitionIndex)
            return { partitionIndex, lowWatermark: -1, errorCode }
          }
          if (!replica.log.config.cleanupDelete) {
            return { partitionIndex, lowWatermark: -1, errorCode: ErrorCode.POLICY_VIOLATION }
          }
          return { partitionIndex, ...replica.deleteRecords(offset) }
        }),
      }
    }),
  }))
}
