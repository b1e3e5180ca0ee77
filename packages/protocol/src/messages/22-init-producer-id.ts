/** InitProducerId (API key 22). */
import { bool, int16, int32, int64, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const InitProducerIdRequest = message({
  kind: 'request',
  name: 'InitProducerIdRequest',
  key: 22,
  versions: '0-6',
  flexible: '2+',
  listeners: ['broker'],
  latestVersionUnstable: true,
  fields: {
    transactionalId: string({ nullable: '0+' }),
    transactionTimeoutMs: int32(),
    producerId: int64({ versions: '3+', default: -1 }),
    producerEpoch: int16({ versions: '3+', default: -1 }),
    enable2Pc: bool({ versions: '6+' }),
    keepPreparedTxn: bool({ versions: '6+' }),
  },
})
export interface InitProducerIdRequest extends Infer<typeof InitProducerIdRequest> {}

export const InitProducerIdResponse = message({
  kind: 'response',
  name: 'InitProducerIdResponse',
  key: 22,
  versions: '0-6',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32({ ignorable: true }),
    errorCode: int16(),
    producerId: int64({ default: -1 }),
    producerEpoch: int16(),
    ongoingTxnProducerId: int64({ versions: '6+', default: -1 }),
    ongoingTxnProducerEpoch: int16({ versions: '6+', default: -1 }),
  },
})
export interface InitProducerIdResponse extends Infer<typeof InitProducerIdResponse> {}
