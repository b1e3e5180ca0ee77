/** OffsetCommit (API key 8). */
import { int16, int32, int64, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const OffsetCommitResponse = message({
  kind: 'response',
  name: 'OffsetCommitResponse',
  key: 8,
  versions: '2-10',
  flexible: '8+',
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
