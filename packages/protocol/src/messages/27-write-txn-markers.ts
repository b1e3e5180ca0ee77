/** WriteTxnMarkers (API key 27): writes the end of a transaction into its partitions. */
import { arrayOf, bool, int16, int32, int64, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * From the transaction coordinator to the partition leaders: the outcome per producer. Version 2 adds the transaction
 * version, which decides how the epoch of a marker is checked (KIP-1228).
 */
export const WriteTxnMarkersRequest = message({
  kind: 'request',
  name: 'WriteTxnMarkersRequest',
  key: 27,
  versions: '1-2',
  flexible: '1+',
  listeners: ['broker'],
  fields: {
    markers: structs({
      producerId: int64(),
      producerEpoch: int16(),
      transactionResult: bool(),
      topics: structs({
        name: string(),
        partitionIndexes: arrayOf(int32()),
      }),
      coordinatorEpoch: int32(),
      transactionVersion: int8({ versions: '2+', ignorable: true }),
    }),
  },
})
export interface WriteTxnMarkersRequest extends Infer<typeof WriteTxnMarkersRequest> {}

/** An error per partition of each marker. */
export const WriteTxnMarkersResponse = message({
  kind: 'response',
  name: 'WriteTxnMarkersResponse',
  key: 27,
  versions: '1-2',
  flexible: '1+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'CORRUPT_MESSAGE',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'NOT_LEADER_OR_FOLLOWER',
    'REQUEST_TIMED_OUT',
    'MESSAGE_TOO_LARGE',
    'RECORD_LIST_TOO_LARGE',
    'NOT_ENOUGH_REPLICAS',
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    'CLUSTER_AUTHORIZATION_FAILED',
    'UNSUPPORTED_VERSION',
    'UNSUPPORTED_FOR_MESSAGE_FORMAT',
    'INVALID_PRODUCER_EPOCH',
    'TRANSACTION_COORDINATOR_FENCED',
    'KAFKA_STORAGE_ERROR',
  ],
  fields: {
    markers: structs({
      producerId: int64(),
      topics: structs({
        name: string(),
        partitions: structs({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    }),
  },
})
export interface WriteTxnMarkersResponse extends Infer<typeof WriteTxnMarkersResponse> {}
