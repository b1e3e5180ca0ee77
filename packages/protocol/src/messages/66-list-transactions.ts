/** ListTransactions (API key 66): lists the transactions of a coordinator. */
import { arrayOf, int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Filters on state and producer id (KIP-664); version 1 adds a minimum age (KIP-994), version 2 a pattern for
 * transactional ids (KIP-1152).
 */
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

/** The matching transactions, and which of the state filters the broker did not know. */
export const ListTransactionsResponse = message({
  kind: 'response',
  name: 'ListTransactionsResponse',
  key: 66,
  versions: '0-2',
  flexible: '0+',
  errors: ['COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'INVALID_REGULAR_EXPRESSION'],
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
