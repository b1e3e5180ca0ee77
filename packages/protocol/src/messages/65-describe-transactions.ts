/** DescribeTransactions (API key 65). */
import { arrayOf, int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const DescribeTransactionsResponse = message({
  kind: 'response',
  name: 'DescribeTransactionsResponse',
  key: 65,
  versions: '0',
  flexible: '0+',
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
