/** AllocateProducerIds (API key 67): allocates a block of producer ids. */
import { int16, int32, int64, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** From a broker to the controller (KIP-730). */
export const AllocateProducerIdsRequest = message({
  kind: 'request',
  name: 'AllocateProducerIdsRequest',
  key: 67,
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
  },
})
export interface AllocateProducerIdsRequest extends Infer<typeof AllocateProducerIdsRequest> {}

/** First id and length of a block that nobody else gets. */
export const AllocateProducerIdsResponse = message({
  kind: 'response',
  name: 'AllocateProducerIdsResponse',
  key: 67,
  versions: '0',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'REQUEST_TIMED_OUT',
    'CLUSTER_AUTHORIZATION_FAILED',
    'NOT_CONTROLLER',
    'STALE_BROKER_EPOCH',
    'BROKER_ID_NOT_REGISTERED',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerIdStart: int64(),
    producerIdLen: int32(),
  },
})
export interface AllocateProducerIdsResponse extends Infer<typeof AllocateProducerIdsResponse> {}
