/** AllocateProducerIds (API key 67). */
import { int16, int32, int64, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const AllocateProducerIdsResponse = message({
  kind: 'response',
  name: 'AllocateProducerIdsResponse',
  key: 67,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerIdStart: int64(),
    producerIdLen: int32(),
  },
})
export interface AllocateProducerIdsResponse extends Infer<typeof AllocateProducerIdsResponse> {}
