/**
 * Metadata (API key 3): brokers, topics, partitions and their leaders, by name or by id; creates topics on demand.
 *
 * A topic that is created here is answered when its partitions are open, instead of sending the client away to ask again.
 */
import type { TopicImage } from '@braidlog/metadata'
import { AclOperation, ErrorCode, isInternalTopic, topicNameProblem, ZERO_UUID } from '@braidlog/model'
import { MetadataRequest, MetadataResponse } from '@braidlog/protocol'
import { clusterOperations, NOT_ASKED, topicOperations } from '../authorized-operations.ts'
import type { BrokerContext } from '../context.ts'
import { aliveEndpoints } from '../endpoints.ts'
import { api, type ApiHandler } from '../handler.ts'
import { describePartition } from '../partition-description.ts'

/** Before it, no topics means all topics. */
const NULL_TOPICS_MIN_VERSION = 1
/** Since then topics may be asked for by id. */
const TOPIC_IDS_MIN_VERSION = 12

export function metadataHandler(broker: BrokerContext): ApiHandler {
  return api(
    MetadataRequest,
    MetadataResponse,
    async (request, { apiVersion, listenerName, access }) => {
      const { image } = broker
      const alive = aliveEndpoints(image, listenerName)
      const aliveIds = new Set(alive.map((endpoint) => endpoint.nodeId))
      const mayDescribe = (name: string): boolean =>
        access === undefined || access.mayOnTopic(AclOperation.DESCRIBE, name)
      const mayCreate = (name: string): boolean =>
        access === undefined || access.mayOnCluster(AclOperation.CREATE) || access.mayOnTopic(AclOperation.CREATE, name)
      const forbidden = ErrorCode.TOPIC_AUTHORIZATION_FAILED
      const describe = (topic: TopicImage) => ({
        errorCode: ErrorCode.NONE,
        name: topic.name,
        topicId: topic.id,
        isInternal: isInternalTopic(topic.name),
        partitions: [...topic.partitions]
          .sort(([a], [b]) => a - b)
          .map(([index, partition]) => describePartition(index, partition, { aliveIds, image })),
        topicAuthorizedOperations: request.includeTopicAuthorizedOperations
          ? topicOperations(access, topic.name)
          : NOT_ASKED,
      })

      const describeOne = async (asked: { readonly name: string | null; readonly topicId: string }) => {
        const { name } = asked
        if (name === null || (name === '' && asked.topicId !== ZERO_UUID)) {
          const topic =
            apiVersion >= TOPIC_IDS_MIN_VERSION ? image.topicById(asked.topicId as typeof ZERO_UUID) : undefined
          if (topic !== undefined) {
            return mayDescribe(topic.name) ? describe(topic) : { errorCode: forbidden, name: null, topicId: topic.id }
          }
          const errorCode = apiVersion >= TOPIC_IDS_MIN_VERSION ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.INVALID_REQUEST
          const missingName = apiVersion >= TOPIC_IDS_MIN_VERSION ? null : ''
          return { errorCode, name: missingName, topicId: asked.topicId as typeof ZERO_UUID }
        }
        // Whether it exists is not said to those who may not describe it.
        if (!mayDescribe(name)) return { errorCode: forbidden, name }
        let topic = image.topic(name)
        if (topic !== undefined) return describe(topic)
        if (topicNameProblem(name) !== undefined) return { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, name }
        if (!request.allowAutoTopicCreation || !broker.settings.autoCreateTopics) {
          return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name }
        }
        if (!mayCreate(name)) return { errorCode: forbidden, name }
        const errorCode = await broker.topicCreation.create(name)
        topic = image.topic(name)
        if (topic !== undefined) return describe(topic)
        return { errorCode: errorCode === ErrorCode.NONE ? ErrorCode.LEADER_NOT_AVAILABLE : errorCode, name }
      }

      const wanted =
        request.topics === null || (request.topics.length === 0 && apiVersion < NULL_TOPICS_MIN_VERSION)
          ? undefined
          : distinct(request.topics)
      const topics =
        wanted === undefined
          ? [...image.topics()].filter(({ name }) => mayDescribe(name)).map(describe)
          : await Promise.all(wanted.map(describeOne))
      return {
        brokers: alive,
        clusterId: broker.clusterId,
        controllerId: alive[0]?.nodeId ?? -1,
        topics,
        clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations(access) : NOT_ASKED,
      }
    },
    { guard: 'in handler' },
  )
}

type AskedTopic = NonNullable<MetadataRequest['topics']>[number]

/** What is asked for twice is answered once. */
function distinct(asked: readonly AskedTopic[]): AskedTopic[] {
  return [...new Map(asked.map((each) => [each.name === null ? `id ${each.topicId}` : each.name, each])).values()]
}
