/** OffsetDelete (API key 47). */
import { int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const OffsetDeleteRequest = message({
  kind: 'request',
  name: 'OffsetDeleteRequest',
  key: 47,
  versions: '0',
  flexible: 'none',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
      }),
    }),
  },
})
export interface OffsetDeleteRequest extends Infer<typeof OffsetDeleteRequest> {}

export const OffsetDeleteResponse = message({
  kind: 'response',
  name: 'OffsetDeleteResponse',
  key: 47,
  versions: '0',
  flexible: 'none',
  fields: {
    errorCode: int16(),
    throttleTimeMs: int32({ ignorable: true }),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
})
export interface OffsetDeleteResponse extends Infer<typeof OffsetDeleteResponse> {}
