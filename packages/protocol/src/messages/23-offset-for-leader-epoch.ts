/** OffsetForLeaderEpoch (API key 23). */
import { int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const OffsetForLeaderEpochResponse = message({
  kind: 'response',
  name: 'OffsetForLeaderEpochResponse',
  key: 23,
  versions: '2-4',
  flexible: '4+',
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
