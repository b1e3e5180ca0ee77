/** DeleteShareGroupOffsets (API key 92). */
import { int16, int32, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const DeleteShareGroupOffsetsRequest = message({
  kind: 'request',
  name: 'DeleteShareGroupOffsetsRequest',
  key: 92,
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: structs({
      topicName: string(),
    }),
  },
})
export interface DeleteShareGroupOffsetsRequest extends Infer<typeof DeleteShareGroupOffsetsRequest> {}

export const DeleteShareGroupOffsetsResponse = message({
  kind: 'response',
  name: 'DeleteShareGroupOffsetsResponse',
  key: 92,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    responses: structs({
      topicName: string(),
      topicId: uuid(),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
    }),
  },
})
export interface DeleteShareGroupOffsetsResponse extends Infer<typeof DeleteShareGroupOffsetsResponse> {}
