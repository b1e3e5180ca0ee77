/**
 * The APIs that change topics: CreateTopics (19), DeleteTopics (20) and CreatePartitions (37).
 *
 * The controller decides; what is added here waits until this node has brought its partitions in line, so that a client
 * that was told of a topic can use it, and leaves out what a node refuses to do.
 */
import { ErrorCode, ZERO_UUID } from '@braidlog/model'
import {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
  CreateTopicsRequest,
  CreateTopicsResponse,
  DeleteTopicsRequest,
  DeleteTopicsResponse,
} from '@braidlog/protocol'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

/** Since then topics may be deleted by id. */
const DELETE_BY_ID_MIN_VERSION = 6
/** Since then a client knows the error of a cluster that does not delete topics. */
const DELETION_DISABLED_MIN_VERSION = 3

export function topicHandlers(broker: BrokerContext): ApiHandler[] {
  const { controller, replicas } = broker
  return [
    api(CreateTopicsRequest, CreateTopicsResponse, async (request) => {
      const response = await controller.submit('createTopics', request)
      if (!request.validateOnly) await replicas.settled()
      return response
    }),
    api(DeleteTopicsRequest, DeleteTopicsResponse, async (request, { apiVersion }) => {
      if (!broker.settings.deleteTopics) return refuseDeletion(request, apiVersion)
      const response = await controller.submit('deleteTopics', request)
      await replicas.settled()
      return response
    }),
    api(CreatePartitionsRequest, CreatePartitionsResponse, async (request) => {
      const response = await controller.submit('createPartitions', request)
      if (!request.validateOnly) await replicas.settled()
      return response
    }),
  ]
}

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
