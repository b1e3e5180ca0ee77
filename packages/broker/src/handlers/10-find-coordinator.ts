/**
 * FindCoordinator (API key 10): which node coordinates a group. The first question creates `__consumer_offsets`.
 *
 * Transactions and share groups are refused in a way that clients do not retry: this release has no coordinator for
 * them.
 */
import { CoordinatorType, findCoordinator, type CoordinatorLocation } from '@braidlog/coordinator'
import { AclOperation, AclResourceType, CONSUMER_OFFSETS_TOPIC, ErrorCode } from '@braidlog/model'
import { FindCoordinatorRequest, FindCoordinatorResponse } from '@braidlog/protocol'
import type { Access } from '../access.ts'
import type { BrokerContext } from '../context.ts'
import { endpointOf } from '../endpoints.ts'
import { api, type ApiHandler } from '../handler.ts'

export function findCoordinatorHandler(broker: BrokerContext): ApiHandler {
  const { image } = broker
  return api(
    FindCoordinatorRequest,
    FindCoordinatorResponse,
    async (request, { apiVersion, listenerName, access }) => {
      if (request.keyType === CoordinatorType.GROUP && image.topic(CONSUMER_OFFSETS_TOPIC) === undefined) {
        await broker.topicCreation.create(CONSUMER_OFFSETS_TOPIC)
      }
      // Another client may have caused the creation: the topic is known then, but nobody coordinates yet, and a client
      // that is sent here too early is told NOT_COORDINATOR.
      await broker.replicas.settled()
      const locate = (type: CoordinatorType, key: string): CoordinatorLocation => {
        const refusal = access === undefined ? ErrorCode.NONE : refusalOf(access, type, key)
        if (refusal !== ErrorCode.NONE) return { ok: false, error: refusal }
        if (type !== CoordinatorType.GROUP) {
          const what = type === CoordinatorType.TRANSACTION ? 'transactions' : 'share groups'
          return { ok: false, error: ErrorCode.UNSUPPORTED_VERSION, message: `this broker does not serve ${what}` }
        }
        const leader = image.partition(CONSUMER_OFFSETS_TOPIC, broker.groups.partitionFor(key))?.leader ?? -1
        const node = image.broker(leader)
        const endpoint = node && !node.fenced ? endpointOf(node, listenerName) : undefined
        if (endpoint === undefined) return { ok: false, error: ErrorCode.COORDINATOR_NOT_AVAILABLE }
        return { ok: true, nodeId: endpoint.nodeId, host: endpoint.host, port: endpoint.port }
      }
      return findCoordinator(request, apiVersion, locate)
    },
    { guard: 'in handler' },
  )
}

/** @returns NONE when the client may ask who coordinates it */
function refusalOf(access: Access, type: CoordinatorType, key: string): ErrorCode {
  switch (type) {
    case CoordinatorType.GROUP:
      return access.mayOnGroup(AclOperation.DESCRIBE, key) ? ErrorCode.NONE : ErrorCode.GROUP_AUTHORIZATION_FAILED
    case CoordinatorType.TRANSACTION:
      return access.may(AclOperation.DESCRIBE, AclResourceType.TRANSACTIONAL_ID, key)
        ? ErrorCode.NONE
        : ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    case CoordinatorType.SHARE:
      return access.mayOnCluster(AclOperation.CLUSTER_ACTION) ? ErrorCode.NONE : ErrorCode.CLUSTER_AUTHORIZATION_FAILED
    default:
      return type satisfies never
  }
}
