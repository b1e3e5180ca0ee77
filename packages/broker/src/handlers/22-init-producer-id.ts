/**
 * InitProducerId (API key 22): an id for an idempotent producer, with epoch 0.
 *
 * Without a transactional id every request gets a fresh id, whatever id and epoch it names, as in Apache Kafka. With
 * one it is refused: this release has no transaction coordinator, and no client retries UNSUPPORTED_VERSION.
 */
import { ErrorCode } from '@braidlog/model'
import { InitProducerIdRequest, InitProducerIdResponse } from '@braidlog/protocol'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'
import { ProducerIds } from '../producer-ids.ts'

export function initProducerIdHandler(broker: BrokerContext): ApiHandler {
  const ids = new ProducerIds(broker.controller, broker.nodeId)
  return api(InitProducerIdRequest, InitProducerIdResponse, async ({ transactionalId, producerId, producerEpoch }) => {
    if (transactionalId === '') return failed(ErrorCode.INVALID_REQUEST)
    // An id without its epoch, or an epoch of no id.
    if ((producerId === -1) !== (producerEpoch === -1)) return failed(ErrorCode.INVALID_REQUEST)
    if (transactionalId !== null) return failed(ErrorCode.UNSUPPORTED_VERSION)
    const next = await ids.next()
    return next.ok ? { producerId: next.producerId, producerEpoch: 0 } : failed(next.error)
  })
}

function failed(errorCode: ErrorCode) {
  return { errorCode, producerId: -1, producerEpoch: -1 }
}
