/** DescribeProducers (API key 61): who has written to a partition lately. Source: KIP-664. */
import { AclOperation, topicNameProblem, ErrorCode } from '@braidlog/model'
import { DescribeProducersRequest, DescribeProducersResponse, type Input } from '@braidlog/protocol'
import { servePartly, type Guard } from '../access.ts'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

const guard: Guard<DescribeProducersRequest, Input<DescribeProducersResponse>> = async (request, access, serve) => ({
  topics: await servePartly(
    request.topics,
    ({ name }) => access.mayOnTopic(AclOperation.READ, name),
    async (topics) => (await serve({ ...request, topics })).topics,
    ({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({
        partitionIndex,
        errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
      })),
    }),
  ),
})

export function describeProducersHandler(broker: BrokerContext): ApiHandler {
  return api(
    DescribeProducersRequest,
    DescribeProducersResponse,
    (request) => ({
      topics: request.topics.map(({ name, partitionIndexes }) => {
        const topic = broker.image.topic(name)
        return {
          name,
          partitions: partitionIndexes.map((partitionIndex) => {
            const replica = topic && broker.replicas.get(topic.id, partitionIndex)
            if (replica === undefined) {
              const errorCode =
                topicNameProblem(name) === undefined
                  ? broker.replicas.errorByName(topic, partitionIndex)
                  : ErrorCode.INVALID_TOPIC_EXCEPTION
              return { partitionIndex, errorCode }
            }
            const activeProducers = replica.describeProducers().map((producer) => ({
              producerId: producer.producerId,
              producerEpoch: producer.producerEpoch,
              lastSequence: producer.lastSequence,
              lastTimestamp: producer.lastTimestampMs,
              coordinatorEpoch: producer.coordinatorEpoch,
              currentTxnStartOffset: producer.currentTransactionStartOffset,
            }))
            return { partitionIndex, activeProducers }
          }),
        }
      }),
    }),
    { guard },
  )
}
