/** OffsetCommit (API key 8): commits the offsets of a group. */
import { int16, int32, int64, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Offsets to store for a group, and who commits: a member with its generation (or its epoch, from version 9, KIP-848),
 * or nobody with -1. Versions 2 to 4 carry a retention time, version 6 adds leader epochs, version 7 static instance
 * ids (KIP-345), version 10 replaces topic names by ids.
 */
export const OffsetCommitRequest = message({
  kind: 'request',
  name: 'OffsetCommitRequest',
  key: 8,
  versions: '2-10',
  flexible: '8+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    generationIdOrMemberEpoch: int32({ versions: '1+', default: -1, ignorable: true }),
    memberId: string({ versions: '1+', ignorable: true }),
    groupInstanceId: string({ versions: '7+', nullable: '7+', default: null }),
    retentionTimeMs: int64({ versions: '2-4', default: -1, ignorable: true }),
    topics: structs({
      name: string({ versions: '0-9', ignorable: true }),
      topicId: uuid({ versions: '10+', ignorable: true }),
      partitions: structs({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32({ versions: '6+', default: -1, ignorable: true }),
        committedMetadata: string({ nullable: '0+' }),
      }),
    }),
  },
})
export interface OffsetCommitRequest extends Infer<typeof OffsetCommitRequest> {}

/** An error code for each partition. */
export const OffsetCommitResponse = message({
  kind: 'response',
  name: 'OffsetCommitResponse',
  key: 8,
  versions: '2-10',
  flexible: '8+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'OFFSET_METADATA_TOO_LARGE',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'ILLEGAL_GENERATION',
    'INVALID_GROUP_ID',
    'UNKNOWN_MEMBER_ID',
    'REBALANCE_IN_PROGRESS',
    'INVALID_COMMIT_OFFSET_SIZE',
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'GROUP_ID_NOT_FOUND',
    'FENCED_INSTANCE_ID',
    'UNKNOWN_TOPIC_ID',
    'FENCED_MEMBER_EPOCH',
    'STALE_MEMBER_EPOCH',
  ],
  fields: {
    throttleTimeMs: int32({ versions: '3+', ignorable: true }),
    topics: structs({
      name: string({ versions: '0-9', ignorable: true }),
      topicId: uuid({ versions: '10+', ignorable: true }),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
})
export interface OffsetCommitResponse extends Infer<typeof OffsetCommitResponse> {}
