/** ListOffsets (API key 2): finds offsets by time, and the ends of logs. */
import { int16, int32, int64, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Which offset of each partition: the first at or after a timestamp, or one of the special times -1 latest, -2
 * earliest, -3 of the largest timestamp (version 7, KIP-734), -4 earliest local (8, KIP-405), -5 latest in remote
 * storage (9, KIP-1005), -6 earliest that waits for upload (11, KIP-1023). Version 2 adds the isolation level, version
 * 4 the leader epoch for fencing, version 10 a time limit for remote look-ups (KIP-1075).
 */
export const ListOffsetsRequest = message({
  kind: 'request',
  name: 'ListOffsetsRequest',
  key: 2,
  versions: '1-11',
  flexible: '6+',
  listeners: ['broker'],
  fields: {
    replicaId: int32(),
    isolationLevel: int8({ versions: '2+' }),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        currentLeaderEpoch: int32({ versions: '4+', default: -1, ignorable: true }),
        timestamp: int64(),
      }),
    }),
    timeoutMs: int32({ versions: '10+', ignorable: true }),
  },
})
export interface ListOffsetsRequest extends Infer<typeof ListOffsetsRequest> {}

/** Per partition the offset, its timestamp and, from version 4, its leader epoch; offset -1 when nothing matches. */
export const ListOffsetsResponse = message({
  kind: 'response',
  name: 'ListOffsetsResponse',
  key: 2,
  versions: '1-11',
  flexible: '6+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'LEADER_NOT_AVAILABLE',
    'NOT_LEADER_OR_FOLLOWER',
    'REQUEST_TIMED_OUT',
    'REPLICA_NOT_AVAILABLE',
    'TOPIC_AUTHORIZATION_FAILED',
    'UNSUPPORTED_VERSION',
    'INVALID_REQUEST',
    'UNSUPPORTED_FOR_MESSAGE_FORMAT',
    'KAFKA_STORAGE_ERROR',
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_LEADER_EPOCH',
    'OFFSET_NOT_AVAILABLE',
  ],
  fields: {
    throttleTimeMs: int32({ versions: '2+', ignorable: true }),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
        timestamp: int64({ versions: '1+', default: -1 }),
        offset: int64({ versions: '1+', default: -1 }),
        leaderEpoch: int32({ versions: '4+', default: -1 }),
      }),
    }),
  },
})
export interface ListOffsetsResponse extends Infer<typeof ListOffsetsResponse> {}
