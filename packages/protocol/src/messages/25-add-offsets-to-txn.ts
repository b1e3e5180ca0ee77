/** AddOffsetsToTxn (API key 25): adds the offsets of a group to a transaction. */
import { int16, int32, int64, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * The group whose offsets the transaction will commit: its partition of `__consumer_offsets` becomes part of it. Not
 * needed with transactions of version 2 (KIP-890).
 */
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

/** One error code. */
export const AddOffsetsToTxnResponse = message({
  kind: 'response',
  name: 'AddOffsetsToTxnResponse',
  key: 25,
  versions: '0-4',
  flexible: '3+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'INVALID_GROUP_ID',
    'GROUP_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'INVALID_PRODUCER_EPOCH',
    'INVALID_TXN_STATE',
    'INVALID_PRODUCER_ID_MAPPING',
    'CONCURRENT_TRANSACTIONS',
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    'PRODUCER_FENCED',
    'TRANSACTION_ABORTABLE',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
  },
})
export interface AddOffsetsToTxnResponse extends Infer<typeof AddOffsetsToTxnResponse> {}
