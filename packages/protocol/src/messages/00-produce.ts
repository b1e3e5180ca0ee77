/** Produce (API key 0): appends record batches to partitions. */
import { int16, int32, int64, records, string, struct, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Record batches for the partitions that this broker leads; `acks` says how many replicas must have them before the
 * answer (0: there is no answer at all). `transactionalId` is there for authorization, and is null outside
 * transactions. Batches pass through undecoded, as `records`. Version 7 may carry zstd batches (KIP-110). From version
 * 12 a transactional batch also adds its partition to the transaction (KIP-890). Version 13 names topics by id
 * (KIP-516).
 */
export const ProduceRequest = message({
  kind: 'request',
  name: 'ProduceRequest',
  key: 0,
  versions: '3-13',
  flexible: '9+',
  listeners: ['broker'],
  fields: {
    transactionalId: string({ versions: '3+', nullable: '3+', default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: structs({
      name: string({ versions: '0-12', ignorable: true }),
      topicId: uuid({ versions: '13+', ignorable: true }),
      partitionData: structs({
        index: int32(),
        records: records({ nullable: '0+' }),
      }),
    }),
  },
})
export interface ProduceRequest extends Infer<typeof ProduceRequest> {}

/**
 * Per partition the offset of the first record, or what went wrong. Version 5 adds the log start offset, version 8 the
 * faulty records of a refused batch (KIP-467), version 10 the current leader and its endpoint with a leadership error
 * (KIP-951), version 13 topic ids.
 */
export const ProduceResponse = message({
  kind: 'response',
  name: 'ProduceResponse',
  key: 0,
  versions: '3-13',
  flexible: '9+',
  errors: [
    'CORRUPT_MESSAGE',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'NOT_LEADER_OR_FOLLOWER',
    'REQUEST_TIMED_OUT',
    'MESSAGE_TOO_LARGE',
    'INVALID_TOPIC_EXCEPTION',
    'RECORD_LIST_TOO_LARGE',
    'NOT_ENOUGH_REPLICAS',
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    'INVALID_REQUIRED_ACKS',
    'TOPIC_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
    'INVALID_TIMESTAMP',
    'UNSUPPORTED_FOR_MESSAGE_FORMAT',
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    'DUPLICATE_SEQUENCE_NUMBER',
    'INVALID_PRODUCER_EPOCH',
    'INVALID_TXN_STATE',
    'INVALID_PRODUCER_ID_MAPPING',
    'CONCURRENT_TRANSACTIONS',
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    'KAFKA_STORAGE_ERROR',
    'UNKNOWN_PRODUCER_ID',
    'UNSUPPORTED_COMPRESSION_TYPE',
    'INVALID_RECORD',
    'UNKNOWN_TOPIC_ID',
    'TRANSACTION_ABORTABLE',
  ],
  fields: {
    responses: structs({
      name: string({ versions: '0-12', ignorable: true }),
      topicId: uuid({ versions: '13+', ignorable: true }),
      partitionResponses: structs({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64({ versions: '2+', default: -1, ignorable: true }),
        logStartOffset: int64({ versions: '5+', default: -1, ignorable: true }),
        recordErrors: structs(
          {
            batchIndex: int32({ versions: '8+' }),
            batchIndexErrorMessage: string({ versions: '8+', nullable: '8+', default: null }),
          },
          { versions: '8+', ignorable: true },
        ),
        errorMessage: string({ versions: '8+', nullable: '8+', default: null, ignorable: true }),
        currentLeader: struct(
          {
            leaderId: int32({ versions: '10+', default: -1 }),
            leaderEpoch: int32({ versions: '10+', default: -1 }),
          },
          { versions: '10+', tag: 0, tagged: '10+' },
        ),
      }),
    }),
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    nodeEndpoints: structs(
      {
        nodeId: int32({ versions: '10+' }),
        host: string({ versions: '10+' }),
        port: int32({ versions: '10+' }),
        rack: string({ versions: '10+', nullable: '10+', default: null }),
      },
      { versions: '10+', tag: 0, tagged: '10+' },
    ),
  },
})
export interface ProduceResponse extends Infer<typeof ProduceResponse> {}
