/** AddPartitionsToTxn (API key 24): adds partitions to a transaction, or checks that they are in it. */
import { arrayOf, bool, int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

const AddPartitionsToTxnTopicFields = {
  name: string(),
  partitions: arrayOf(int32()),
}

/**
 * Up to version 3 from a producer, for its transaction. From version 4 from a partition leader to the coordinator, for
 * several transactions, often only to verify (KIP-890).
 */
export const AddPartitionsToTxnRequest = message({
  kind: 'request',
  name: 'AddPartitionsToTxnRequest',
  key: 24,
  versions: '0-5',
  flexible: '3+',
  listeners: ['broker'],
  fields: {
    transactions: structs(
      {
        transactionalId: string({ versions: '4+' }),
        producerId: int64({ versions: '4+' }),
        producerEpoch: int16({ versions: '4+' }),
        verifyOnly: bool({ versions: '4+' }),
        topics: structs(AddPartitionsToTxnTopicFields, { versions: '4+' }),
      },
      { versions: '4+' },
    ),
    v3AndBelowTransactionalId: string({ versions: '0-3' }),
    v3AndBelowProducerId: int64({ versions: '0-3' }),
    v3AndBelowProducerEpoch: int16({ versions: '0-3' }),
    v3AndBelowTopics: structs(AddPartitionsToTxnTopicFields, { versions: '0-3' }),
  },
})
export interface AddPartitionsToTxnRequest extends Infer<typeof AddPartitionsToTxnRequest> {}

const AddPartitionsToTxnPartitionResultFields = {
  partitionIndex: int32(),
  partitionErrorCode: int16(),
}

const AddPartitionsToTxnTopicResultFields = {
  name: string(),
  resultsByPartition: structs(AddPartitionsToTxnPartitionResultFields),
}

/** An error per partition; from version 4 grouped by transaction. */
export const AddPartitionsToTxnResponse = message({
  kind: 'response',
  name: 'AddPartitionsToTxnResponse',
  key: 24,
  versions: '0-5',
  flexible: '3+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'TOPIC_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'INVALID_PRODUCER_EPOCH',
    'INVALID_TXN_STATE',
    'INVALID_PRODUCER_ID_MAPPING',
    'CONCURRENT_TRANSACTIONS',
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    'OPERATION_NOT_ATTEMPTED',
    'PRODUCER_FENCED',
    'TRANSACTION_ABORTABLE',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16({ versions: '4+', ignorable: true }),
    resultsByTransaction: structs(
      {
        transactionalId: string({ versions: '4+' }),
        topicResults: structs(AddPartitionsToTxnTopicResultFields, { versions: '4+' }),
      },
      { versions: '4+' },
    ),
    resultsByTopicV3AndBelow: structs(AddPartitionsToTxnTopicResultFields, { versions: '0-3' }),
  },
})
export interface AddPartitionsToTxnResponse extends Infer<typeof AddPartitionsToTxnResponse> {}
