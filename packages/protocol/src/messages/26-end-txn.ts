/** EndTxn (API key 26): commits or aborts a transaction. */
import { bool, int16, int32, int64, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Commit or abort. Version 5 belongs to transactions of version 2, which raise the producer epoch with each one
 * (KIP-890).
 */
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

/**
 * Answered once the decision is durable, before the markers are written. Version 5 returns the producer id and epoch of
 * the next transaction.
 */
export const EndTxnResponse = message({
  kind: 'response',
  name: 'EndTxnResponse',
  key: 26,
  versions: '0-5',
  flexible: '3+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
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
    producerId: int64({ versions: '5+', default: -1, ignorable: true }),
    producerEpoch: int16({ versions: '5+', default: -1, ignorable: true }),
  },
})
export interface EndTxnResponse extends Infer<typeof EndTxnResponse> {}
