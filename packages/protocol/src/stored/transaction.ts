/** Records of the transaction coordinator in `__transaction_state` (KIP-98). */
import { arrayOf, int16, int32, int64, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Key of a transaction in `__transaction_state`: the transactional id. */
export const TransactionLogKey = message({
  kind: 'key',
  name: 'TransactionLogKey',
  key: 0,
  versions: '0',
  flexible: 'none',
  fields: {
    transactionalId: string({ versions: '0' }),
  },
})
export interface TransactionLogKey extends Infer<typeof TransactionLogKey> {}

/**
 * State, producer and partitions of a transaction. Version 1 is flexible and written from transaction.version 1 on; its
 * tagged fields hold the producer ids and epochs before and after the current one (KIP-890).
 */
export const TransactionLogValue = message({
  kind: 'value',
  name: 'TransactionLogValue',
  key: 0,
  versions: '0-1',
  flexible: '1+',
  fields: {
    producerId: int64(),
    previousProducerId: int64({ default: -1, tag: 0, tagged: '1+', versions: '1+' }),
    nextProducerId: int64({ default: -1, tag: 1, tagged: '1+', versions: '1+' }),
    producerEpoch: int16(),
    nextProducerEpoch: int16({ default: -1, tag: 3, tagged: '1+', versions: '1+' }),
    transactionTimeoutMs: int32(),
    transactionStatus: int8(),
    transactionPartitions: structs(
      {
        topic: string(),
        partitionIds: arrayOf(int32()),
      },
      { nullable: '0+' },
    ),
    transactionLastUpdateTimestampMs: int64(),
    transactionStartTimestampMs: int64(),
    clientTransactionVersion: int16({ tag: 2, tagged: '1+', versions: '1+' }),
  },
})
export interface TransactionLogValue extends Infer<typeof TransactionLogValue> {}
