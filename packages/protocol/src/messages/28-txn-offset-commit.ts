/** TxnOffsetCommit (API key 28). */
import { int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const TxnOffsetCommitRequest = message({
  kind: 'request',
  name: 'TxnOffsetCommitRequest',
  key: 28,
  versions: '0-5',
  flexible: '3+',
  listeners: ['broker'],
  fields: {
    transactionalId: string(),
    groupId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    generationId: int32({ versions: '3+', default: -1 }),
    memberId: string({ versions: '3+' }),
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32({ versions: '2+', default: -1, ignorable: true }),
        committedMetadata: string({ nullable: '0+' }),
      }),
    }),
  },
})
export interface TxnOffsetCommitRequest extends Infer<typeof TxnOffsetCommitRequest> {}

export const TxnOffsetCommitResponse = message({
  kind: 'response',
  name: 'TxnOffsetCommitResponse',
  key: 28,
  versions: '0-5',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32(),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
})
export interface TxnOffsetCommitResponse extends Infer<typeof TxnOffsetCommitResponse> {}
