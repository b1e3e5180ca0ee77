/** ListOffsets (API key 2). */
import { int16, int32, int64, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const ListOffsetsResponse = message({
  kind: 'response',
  name: 'ListOffsetsResponse',
  key: 2,
  versions: '1-11',
  flexible: '6+',
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
