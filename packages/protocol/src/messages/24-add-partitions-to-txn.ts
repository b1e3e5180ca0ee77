/** AddPartitionsToTxn (API key 24). */
import { arrayOf, bool, int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

const AddPartitionsToTxnTopicFields = {
  name: string(),
  partitions: arrayOf(int32()),
}

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

export const AddPartitionsToTxnResponse = message({
  kind: 'response',
  name: 'AddPartitionsToTxnResponse',
  key: 24,
  versions: '0-5',
  flexible: '3+',
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
