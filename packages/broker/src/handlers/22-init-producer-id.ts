/**
 * InitProducerId (API key 22): an id for an idempotent producer, with epoch 0.
 *
 * Without a transactional id every request gets a fresh id, whatever id and epoch it names, as in Apache Kafka. With
 * one it is refused: this release has no transaction coordinator, and no client retries UNSUPPORTED_VERSION.
 */
import { AclOperation, AclResourceType, ErrorCode } from '@braidlog/model'
import { InitProducerIdRequest, InitProducerIdResponse, type Input } from '@braidlog/protocol'
import type { Guard } from '../access.ts'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'
import { ProducerIds } from '../producer-ids.ts'

/** Who may write to some topic may do so idempotently (KIP-679); IDEMPOTENT_WRITE is the older right. */
const guard: Guard<InitProducerIdRequest, Input<InitProducerIdResponse>> = (request, access, serve) => {
  const { transactionalId } = request
  if (transactionalId !== null) {
    return access.may(AclOperation.WRITE, AclResourceType.TRANSACTIONAL_ID, transactionalId)
      ? serve(request)
      : failed(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
  }
  return access.mayOnCluster(AclOperation.IDEMPOTENT_WRITE) ||
    access.mayOnAny(AclOperation.WRITE, AclResourceType.TOPIC)
    ? serve(request)
    : failed(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
}

export function initProducerIdHandler(broker: BrokerContext): ApiHandler {
  const ids = new ProducerIds(broker.cluster, broker.nodeId)
  return api(
    InitProducerIdRequest,
    InitProducerIdResponse,
    async ({ transactionalId, producerId, producerEpoch }) => {
      if (transactionalId === '') return failed(ErrorCode.INVALID_REQUEST)
      // An id without its epoch, or an epoch of no id.
      if ((producerId === -1) !== (producerEpoch === -1)) return failed(ErrorCode.INVALID_REQUEST)
      if (transactionalId !== null) return failed(ErrorCode.UNSUPPORTED_VERSION)
      const next = await ids.next()
      return next.ok ? { producerId: next.producerId, producerEpoch: 0 } : failed(next.error)
    },
    { guard },
  )
}

function failed(errorCode: ErrorCode) {
  return { errorCode, producerId: -1, producerEpoch: -1 }
}
