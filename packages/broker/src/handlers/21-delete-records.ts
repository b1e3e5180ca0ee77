/**
 * DeleteRecords (API key 21): moves the beginning of a partition up to an offset, on every replica that is alive.
 *
 * The leader deletes at once and answers when the others have, too, or when the time of the request is up.
 */
import { AclOperation, ErrorCode, isInternalTopic } from '@braidlog/model'
import type { DelayedDeleteRecords, DeleteRecordsResult, Partition } from '@braidlog/partition'
import { DeleteRecordsRequest, DeleteRecordsResponse, type Input } from '@braidlog/protocol'
import { servePartly, type Guard } from '../access.ts'
import type { BrokerContext } from '../context.ts'
import type { Exchange } from '../exchange.ts'
import { api, type ApiHandler } from '../handler.ts'

/** No client waits longer. */
const TIMEOUT_MAX_MS = 10 * 60_000

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

/** One partition of a request. */
interface Trimmed {
  readonly partitionIndex: number
  readonly replica: Partition | undefined
  result: DeleteRecordsResult
}

interface TrimmedTopic {
  readonly name: string
  readonly partitions: readonly Trimmed[]
}

interface Waiting {
  readonly topics: readonly TrimmedTopic[]
  readonly resolve: (response: Input<DeleteRecordsResponse>) => void
}

export function deleteRecordsHandler(broker: BrokerContext): ApiHandler {
  return api(
    DeleteRecordsRequest,
    DeleteRecordsResponse,
    (request, { exchange }) => {
      const topics = request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, offset }) => trim(broker, name, partitionIndex, offset)),
      }))
      if (!topics.some(({ partitions }) => partitions.some(waits))) return responseOf(topics)
      return new Promise((resolve) => awaitReplicas(broker, exchange, { topics, resolve }, request.timeoutMs))
    },
    { guard },
  )
}

function trim(broker: BrokerContext, name: string, partitionIndex: number, offset: number): Trimmed {
  const refused = (errorCode: ErrorCode): Trimmed => ({
    partitionIndex,
    replica: undefined,
    result: { errorCode, lowWatermark: -1, requiredOffset: -1 },
  })
  if (isInternalTopic(name)) return refused(ErrorCode.INVALID_TOPIC_EXCEPTION)
  const topic = broker.image.topic(name)
  const replica = topic && broker.replicas.get(topic.id, partitionIndex)
  if (replica === undefined) return refused(broker.replicas.errorByName(topic, partitionIndex))
  if (!replica.log.config.cleanupDelete) return refused(ErrorCode.POLICY_VIOLATION)
  return { partitionIndex, replica, result: replica.deleteRecords(offset) }
}

function waits({ result }: Trimmed): boolean {
  return result.errorCode === ErrorCode.NONE && result.lowWatermark < result.requiredOffset
}

function awaitReplicas(broker: BrokerContext, exchange: Exchange, waiting: Waiting, timeoutMs: number): void {
  const { rooms } = broker.partitions
  const operation = rooms.deleteRecords(waiting, onComplete)
  for (const { partitions } of waiting.topics) {
    for (const one of partitions) {
      if (waits(one)) one.result = operation.watch(one.replica!, one.result.requiredOffset)
    }
  }
  exchange.onClosed = () => rooms.completeDeleteRecords(operation, ErrorCode.REQUEST_TIMED_OUT)
  if (!rooms.parkDeleteRecords(operation, Math.min(timeoutMs, TIMEOUT_MAX_MS))) onComplete(operation)
}

function onComplete({ context }: DelayedDeleteRecords<Waiting>): void {
  context.resolve(responseOf(context.topics))
}

function responseOf(topics: readonly TrimmedTopic[]): Input<DeleteRecordsResponse> {
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, result: { errorCode, lowWatermark } }) => ({
        partitionIndex,
        errorCode,
        lowWatermark,
      })),
    })),
  }
}
