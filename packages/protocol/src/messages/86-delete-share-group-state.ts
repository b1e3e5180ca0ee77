/** DeleteShareGroupState (API key 86). */
import { int16, int32, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const DeleteShareGroupStateRequest = message({
  kind: 'request',
  name: 'DeleteShareGroupStateRequest',
  key: 86,
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: structs({
      topicId: uuid(),
      partitions: structs({
        partition: int32(),
      }),
    }),
  },
})
export interface DeleteShareGroupStateRequest extends Infer<typeof DeleteShareGroupStateRequest> {}

export const DeleteShareGroupStateResponse = message({
  kind: 'response',
  name: 'DeleteShareGroupStateResponse',
  key: 86,
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
export interface DeleteShareGroupStateResponse extends Infer<typeof DeleteShareGroupStateResponse> {}
