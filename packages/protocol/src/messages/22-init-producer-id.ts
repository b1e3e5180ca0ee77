/** InitProducerId (API key 22): gives a producer its id and epoch. */
import { bool, int16, int32, int64, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * A transactional id, or null for a producer that is only idempotent. Version 3 lets a producer resume with the id and
 * epoch it has (KIP-360), version 6 adds two-phase commit and is not stable yet (KIP-939).
 */
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

/**
 * Producer id and epoch; an open transaction of the same transactional id is aborted first. Version 4 tells
 * PRODUCER_FENCED apart, version 5 may answer TRANSACTION_ABORTABLE (KIP-890).
 */
export const InitProducerIdResponse = message({
  kind: 'response',
  name: 'InitProducerIdResponse',
  key: 22,
  versions: '0-6',
  flexible: '2+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'REQUEST_TIMED_OUT',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'CLUSTER_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'INVALID_PRODUCER_EPOCH',
    'INVALID_PRODUCER_ID_MAPPING',
    'INVALID_TRANSACTION_TIMEOUT',
    'CONCURRENT_TRANSACTIONS',
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    'PRODUCER_FENCED',
    'TRANSACTION_ABORTABLE',
  ],
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
