/** OffsetForLeaderEpoch (API key 23): finds where a leader epoch ends in the log. */
import { int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Per partition an epoch, and from version 2 the leader epoch that the asker knows (KIP-320). Version 3 adds the
 * replica id; -2 may see beyond the high watermark.
 */
export const OffsetForLeaderEpochRequest = message({
  kind: 'request',
  name: 'OffsetForLeaderEpochRequest',
  key: 23,
  versions: '2-4',
  flexible: '4+',
  listeners: ['broker'],
  fields: {
    replicaId: int32({ versions: '3+', default: -2, ignorable: true }),
    topics: structs({
      topic: string(),
      partitions: structs({
        partition: int32(),
        currentLeaderEpoch: int32({ versions: '2+', default: -1, ignorable: true }),
        leaderEpoch: int32(),
      }),
    }),
  },
})
export interface OffsetForLeaderEpochRequest extends Infer<typeof OffsetForLeaderEpochRequest> {}

/** Per partition the largest epoch not above the asked one, and its end offset: there the asker cuts its log. */
export const OffsetForLeaderEpochResponse = message({
  kind: 'response',
  name: 'OffsetForLeaderEpochResponse',
  key: 23,
  versions: '2-4',
  flexible: '4+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'NOT_LEADER_OR_FOLLOWER',
    'TOPIC_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
    'KAFKA_STORAGE_ERROR',
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_LEADER_EPOCH',
  ],
  fields: {
    throttleTimeMs: int32({ versions: '2+', ignorable: true }),
    topics: structs({
      topic: string(),
      partitions: structs({
        errorCode: int16(),
        partition: int32(),
        leaderEpoch: int32({ versions: '1+', default: -1, ignorable: true }),
        endOffset: int64({ default: -1 }),
      }),
    }),
  },
})
export interface OffsetForLeaderEpochResponse extends Infer<typeof OffsetForLeaderEpochResponse> {}
