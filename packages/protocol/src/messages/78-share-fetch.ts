/** ShareFetch (API key 78): acquires records for a member of a share group. */
import {
  arrayOf,
  bool,
  int16,
  int32,
  int64,
  int8,
  records,
  string,
  struct,
  structs,
  uuid,
  type Infer,
} from '../declare.ts'
import { message } from '../message.ts'

/**
 * How much to acquire from which partitions, and what became of records acquired before: 1 accepted, 2 released, 3
 * rejected, 0 a gap (KIP-932). Version 2 adds a stricter way to acquire (KIP-1206) and the renewal of locks, 4
 * (KIP-1222).
 */
export const ShareFetchRequest = message({
  kind: 'request',
  name: 'ShareFetchRequest',
  key: 78,
  versions: '1-2',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string({ nullable: '0+', default: null }),
    memberId: string({ nullable: '0+' }),
    shareSessionEpoch: int32(),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ default: 0x7fffffff }),
    maxRecords: int32({ versions: '1+' }),
    batchSize: int32({ versions: '1+' }),
    shareAcquireMode: int8({ versions: '2+', ignorable: true }),
    isRenewAck: bool({ versions: '2+' }),
    topics: structs({
      topicId: uuid(),
      partitions: structs({
        partitionIndex: int32(),
        partitionMaxBytes: int32({ versions: '0' }),
        acknowledgementBatches: structs({
          firstOffset: int64(),
          lastOffset: int64(),
          acknowledgeTypes: arrayOf(int8()),
        }),
      }),
    }),
    forgottenTopicsData: structs({
      topicId: uuid(),
      partitions: arrayOf(int32()),
    }),
  },
})
export interface ShareFetchRequest extends Infer<typeof ShareFetchRequest> {}

/** Batches, and which of their records the member holds and for the how-manieth time. */
export const ShareFetchResponse = message({
  kind: 'response',
  name: 'ShareFetchResponse',
  key: 78,
  versions: '1-2',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'CORRUPT_MESSAGE',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'NOT_LEADER_OR_FOLLOWER',
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'UNSUPPORTED_VERSION',
    'INVALID_REQUEST',
    'KAFKA_STORAGE_ERROR',
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_TOPIC_ID',
    'INVALID_RECORD_STATE',
    'SHARE_SESSION_NOT_FOUND',
    'INVALID_SHARE_SESSION_EPOCH',
    'SHARE_SESSION_LIMIT_REACHED',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    acquisitionLockTimeoutMs: int32({ versions: '1+' }),
    responses: structs({
      topicId: uuid(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
        acknowledgeErrorCode: int16(),
        acknowledgeErrorMessage: string({ nullable: '0+', default: null }),
        currentLeader: struct({
          leaderId: int32(),
          leaderEpoch: int32(),
        }),
        records: records({ nullable: '0' }),
        acquiredRecords: structs({
          firstOffset: int64(),
          lastOffset: int64(),
          deliveryCount: int16(),
        }),
      }),
    }),
    nodeEndpoints: structs({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ nullable: '0+', default: null }),
    }),
  },
})
export interface ShareFetchResponse extends Infer<typeof ShareFetchResponse> {}
