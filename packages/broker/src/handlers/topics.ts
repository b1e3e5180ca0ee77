/**
 * The APIs that change topics: CreateTopics (19), DeleteTopics (20) and CreatePartitions (37).
 *
 * The controller decides; what is added here waits until this node has brought its partitions in line, so that a client
 * that was told of a topic can use it, and leaves out what a node refuses to do.
 */
import { AclOperation, ErrorCode, ZERO_UUID } from '@braidlog/model'
import {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
  CreateTopicsRequest,
  CreateTopicsResponse,
  DeleteTopicsRequest,
  DeleteTopicsResponse,
  type Input,
} from '@braidlog/protocol'
import { servePartly, type Guard } from '../access.ts'
import type { ClusterContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

/** Since then topics may be deleted by id. */
const DELETE_BY_ID_MIN_VERSION = 6
/** Since then a client knows the error of a cluster that does not delete topics. */
const DELETION_DISABLED_MIN_VERSION = 3

export function topicHandlers(broker: ClusterContext): ApiHandler[] {
  const { cluster, replicas } = broker
  return [
    api(
      CreateTopicsRequest,
      CreateTopicsResponse,
      async (request, from) => {
        const response = await cluster.submit('createTopics', request, { from })
        if (request.validateOnly) return response
        const created = response.topics.filter((topic) => topic.errorCode === ErrorCode.NONE)
        await cluster.untilSeen(() => created.every(({ name }) => cluster.image.topic(name) !== undefined))
        await replicas.settled()
        return response
      },
      { guard: guardCreation },
    ),
    api(
      DeleteTopicsRequest,
      DeleteTopicsResponse,
      async (request, from) => {
        if (!broker.settings.deleteTopics) return refuseDeletion(request, from.apiVersion)
        const response = await cluster.submit('deleteTopics', request, { from })
        await replicas.settled()
        return response
      },
      { guard: guardDeletion(broker) },
    ),
    api(
      CreatePartitionsRequest,
      CreatePartitionsResponse,
      async (request, from) => {
        const response = await cluster.submit('createPartitions', request, { from })
        if (!request.validateOnly) await replicas.settled()
        return response
      },
      { guard: guardGrowth },
    ),
  ]
}

const FORBIDDEN = { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, errorMessage: 'not authorized' }

/** Who may create any topic needs no right for this one. The configuration is shown to those who may see it. */
const guardCreation: Guard<CreateTopicsRequest, Input<CreateTopicsResponse>> = async (request, access, serve) => {
  const mayCreateAny = access.mayOnCluster(AclOperation.CREATE)
  const topics = await servePartly(
    request.topics,
    ({ name }) => mayCreateAny || access.mayOnTopic(AclOperation.CREATE, name),
    async (allowed) => (await serve({ ...request, topics: allowed })).topics,
    ({ name }) => ({ name, ...FORBIDDEN }),
  )
  return {
    topics: topics.map((topic) => {
      if (topic.errorCode !== ErrorCode.NONE || access.mayOnTopic(AclOperation.DESCRIBE_CONFIGS, topic.name!)) {
        return topic
      }
      const hidden = { numPartitions: -1, replicationFactor: -1, configs: [] }
      return { ...topic, ...hidden, topicConfigErrorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED }
    }),
  }
}

/** The name of a topic that was given by its id is told only to those who may describe it. */
function guardDeletion(broker: ClusterContext): Guard<DeleteTopicsRequest, Input<DeleteTopicsResponse>> {
  return async (request, access, serve, apiVersion) => {
    const mayDelete = (name: string | undefined): boolean =>
      name === undefined || access.mayOnTopic(AclOperation.DELETE, name)
    if (apiVersion < DELETE_BY_ID_MIN_VERSION) {
      const responses = await servePartly(
        request.topicNames,
        mayDelete,
        async (topicNames) => (await serve({ ...request, topicNames })).responses,
        (name) => ({ name, ...FORBIDDEN }),
      )
      return { responses }
    }
    const nameOf = ({ name, topicId }: DeleteTopicsRequest['topics'][number]): string | undefined =>
      name ?? broker.image.topicById(topicId)?.name
    const responses = await servePartly(
      request.topics,
      (topic) => mayDelete(nameOf(topic)),
      async (topics) => (await serve({ ...request, topics })).responses,
      (topic) => {
        const name = nameOf(topic)!
        const isHidden = topic.name === null && !access.mayOnTopic(AclOperation.DESCRIBE, name)
        return { name: isHidden ? null : name, topicId: topic.topicId, ...FORBIDDEN }
      },
    )
    return { responses }
  }
}

const guardGrowth: Guard<CreatePartitionsRequest, Input<CreatePartitionsResponse>> = async (
  request,
  access,
  serve,
) => ({
  results: await servePartly(
    request.topics,
    ({ name }) => access.mayOnTopic(AclOperation.ALTER, name),
    async (topics) => (await serve({ ...request, topics })).results,
    ({ name }) => ({ name, ...FORBIDDEN }),
  ),
})

function refuseDeletion(request: DeleteTopicsRequest, apiVersion: number) {
  const errorCode =
    apiVersion >= DELETION_DISABLED_MIN_VERSION ? ErrorCode.TOPIC_DELETION_DISABLED : ErrorCode.INVALID_REQUEST
  const errorMessage = 'topics cannot be deleted here (delete.topic.enable is false)'
  const topics =
    apiVersion >= DELETE_BY_ID_MIN_VERSION
      ? request.topics
      : request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }))
  return { responses: topics.map(({ name, topicId }) => ({ name, topicId, errorCode, errorMessage })) }
}
