/** AddOffsetsToTxn (API key 25). */
import { int16, int32, int64, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const AddOffsetsToTxnRequest = message({
  kind: 'request',
  name: 'AddOffsetsToTxnRequest',
  key: 25,
  versions: '0-4',
  flexible: '3+',
  listeners: ['broker'],
  fields: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    groupId: string(),
  },
})
export interface AddOffsetsToTxnRequest extends Infer<typeof AddOffsetsToTxnRequest> {}

export const AddOffsetsToTxnResponse = message({
  kind: 'response',
  name: 'AddOffsetsToTxnResponse',
  key: 25,
  versions: '0-4',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
  },
})
export interface AddOffsetsToTxnResponse extends Infer<typeof AddOffsetsToTxnResponse> {}
