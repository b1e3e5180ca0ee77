/** DescribeTransactions (API key 65): describes transactions. */
import { arrayOf, int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Transactional ids (KIP-664). */
export const DescribeTransactionsRequest = message({
  kind: 'request',
  name: 'DescribeTransactionsRequest',
  key: 65,
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    transactionalIds: arrayOf(string()),
  },
})
export interface DescribeTransactionsRequest extends Infer<typeof DescribeTransactionsRequest> {}

/** State, producer and partitions of each transaction. */
export const DescribeTransactionsResponse = message({
  kind: 'response',
  name: 'DescribeTransactionsResponse',
  key: 65,
  versions: '0',
  flexible: '0+',
  errors: [
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'INVALID_REQUEST',
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    'TRANSACTIONAL_ID_NOT_FOUND',
  ],
  fields: {
    throttleTimeMs: int32(),
    transactionStates: structs({
      errorCode: int16(),
      transactionalId: string(),
      transactionState: string(),
      transactionTimeoutMs: int32(),
      transactionStartTimeMs: int64(),
      producerId: int64(),
      producerEpoch: int16(),
      topics: structs({
        topic: string(),
        partitions: arrayOf(int32()),
      }),
    }),
  },
})
export interface DescribeTransactionsResponse extends Infer<typeof DescribeTransactionsResponse> {}
