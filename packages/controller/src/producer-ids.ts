/**
 * AllocateProducerIds: hands a broker the next block of producer ids. Ids are never handed out twice, since the block is
 * in the log before the answer leaves.
 * Source: KIP-730.
 */
import { metadataRecord } from '@braidlog/metadata'
import { ErrorCode } from '@braidlog/model'
import type { AllocateProducerIdsRequest, AllocateProducerIdsResponse } from '@braidlog/protocol'
import type { ControllerState, Decision } from './state.ts'

export const PRODUCER_ID_BLOCK_SIZE = 1000

export function decideAllocateProducerIds(
  state: ControllerState,
  { brokerId, brokerEpoch }: AllocateProducerIdsRequest,
): Decision<AllocateProducerIdsResponse> {
  const refused = (errorCode: number) => ({
    records: [],
    response: { throttleTimeMs: 0, errorCode, producerIdStart: 0, producerIdLen: 0 },
  })
  const broker = state.image.broker(brokerId)
  if (broker === undefined) return refused(ErrorCode.BROKER_ID_NOT_REGISTERED)
  if (broker.epoch !== brokerEpoch) return refused(ErrorCode.STALE_BROKER_EPOCH)
  const producerIdStart = Math.max(state.image.nextProducerId, 0)
  const nextProducerId = producerIdStart + PRODUCER_ID_BLOCK_SIZE
  if (!Number.isSafeInteger(nextProducerId)) return refused(ErrorCode.UNKNOWN_SERVER_ERROR)
  return {
    records: [metadataRecord('ProducerIds', { brokerId, brokerEpoch, nextProducerId })],
    response: {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      producerIdStart,
      producerIdLen: PRODUCER_ID_BLOCK_SIZE,
    },
  }
}
