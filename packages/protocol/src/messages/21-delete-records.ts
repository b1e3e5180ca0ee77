/** DeleteRecords (API key 21). */
import { int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const DeleteRecordsRequest = message({
  kind: 'request',
  name: 'DeleteRecordsRequest',
  key: 21,
  versions: '0-2',
  flexible: '2+',
  listeners: ['broker'],
  fields: {
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        offset: int64(),
      }),
    }),
    timeoutMs: int32(),
  },
})
export interface DeleteRecordsRequest extends Infer<typeof DeleteRecordsRequest> {}

export const DeleteRecordsResponse = message({
  kind: 'response',
  name: 'DeleteRecordsResponse',
  key: 21,
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        lowWatermark: int64(),
        errorCode: int16(),
      }),
    }),
  },
})
export interface DeleteRecordsResponse extends Infer<typeof DeleteRecordsResponse> {}
