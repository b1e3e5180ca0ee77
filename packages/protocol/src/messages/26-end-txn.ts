/** EndTxn (API key 26). */
import { bool, int16, int32, int64, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const EndTxnRequest = message({
  kind: 'request',
  name: 'EndTxnRequest',
  key: 26,
  versions: '0-5',
  flexible: '3+',
  listeners: ['broker'],
  fields: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    committed: bool(),
  },
})
export interface EndTxnRequest extends Infer<typeof EndTxnRequest> {}

export const EndTxnResponse = message({
  kind: 'response',
  name: 'EndTxnResponse',
  key: 26,
  versions: '0-5',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerId: int64({ versions: '5+', default: -1, ignorable: true }),
    producerEpoch: int16({ versions: '5+', default: -1, ignorable: true }),
  },
})
export interface EndTxnResponse extends Infer<typeof EndTxnResponse> {}
