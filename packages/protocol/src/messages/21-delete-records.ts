/** DeleteRecords (API key 21): deletes the records before an offset. */
import { int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Per partition the new log start offset; -1 stands for the high watermark. */
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

/** Per partition the log start offset that all replicas have reached. */
export const DeleteRecordsResponse = message({
  kind: 'response',
  name: 'DeleteRecordsResponse',
  key: 21,
  versions: '0-2',
  flexible: '2+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'OFFSET_OUT_OF_RANGE',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'NOT_LEADER_OR_FOLLOWER',
    'REQUEST_TIMED_OUT',
    'INVALID_TOPIC_EXCEPTION',
    'TOPIC_AUTHORIZATION_FAILED',
    'POLICY_VIOLATION',
    'KAFKA_STORAGE_ERROR',
  ],
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
