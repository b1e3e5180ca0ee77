/** DeleteRecords (API key 21): moves the beginning of a partition up to an offset. */
import { AclOperation, ErrorCode, isInternalTopic } from '@braidlog/model'
import { DeleteRecordsRequest, DeleteRecordsResponse, type Input } from '@braidlog/protocol'
import { servePartly, type Guard } from '../access.ts'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

const guard: Guard<DeleteRecordsRequest, Input<DeleteRecordsResponse>> = async (request, access, serve) => ({
  topics: await servePartly(
    request.topics,
    ({ name }) => access.mayOnTopic(AclOperation.DELETE, name),
    async (topics) => (await serve({ ...request, topics })).topics,
    ({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        lowWatermark: -1,
        errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
      })),
    }),
  ),
})

export function deleteRecordsHandler(broker: BrokerContext): ApiHandler {
  return api(
    DeleteRecordsRequest,
    DeleteRecordsResponse,
    (request) => ({
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
    }),
    { guard },
  )
}
