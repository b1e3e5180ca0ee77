/** ListTransactions (API key 66). */
import { arrayOf, int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const ListTransactionsRequest = message({
  kind: 'request',
  name: 'ListTransactionsRequest',
  key: 66,
  versions: '0-2',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    stateFilters: arrayOf(string()),
    producerIdFilters: arrayOf(int64()),
    durationFilter: int64({ versions: '1+', default: -1 }),
    transactionalIdPattern: string({ versions: '2+', nullable: '2+', default: null }),
  },
})
export interface ListTransactionsRequest extends Infer<typeof ListTransactionsRequest> {}

export const ListTransactionsResponse = message({
  kind: 'response',
  name: 'ListTransactionsResponse',
  key: 66,
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    unknownStateFilters: arrayOf(string()),
    transactionStates: structs({
      transactionalId: string(),
      producerId: int64(),
      transactionState: string(),
    }),
  },
})
export interface ListTransactionsResponse extends Infer<typeof ListTransactionsResponse> {}
