/** InitializeShareGroupState (API key 83). */
import { int16, int32, int64, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const InitializeShareGroupStateRequest = message({
  kind: 'request',
  name: 'InitializeShareGroupStateRequest',
  key: 83,
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: structs({
      topicId: uuid(),
      partitions: structs({
        partition: int32(),
        stateEpoch: int32(),
        startOffset: int64(),
      }),
    }),
  },
})
export interface InitializeShareGroupStateRequest extends Infer<typeof InitializeShareGroupStateRequest> {}

export const InitializeShareGroupStateResponse = message({
  kind: 'response',
  name: 'InitializeShareGroupStateResponse',
  key: 83,
  versions: '0',
  flexible: '0+',
  fields: {
    results: structs({
      topicId: uuid(),
      partitions: structs({
        partition: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
      }),
    }),
  },
})
export interface InitializeShareGroupStateResponse extends Infer<typeof InitializeShareGroupStateResponse> {}
