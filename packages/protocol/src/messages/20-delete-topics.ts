/** DeleteTopics (API key 20). */
import { arrayOf, int16, int32, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const DeleteTopicsRequest = message({
  kind: 'request',
  name: 'DeleteTopicsRequest',
  key: 20,
  versions: '1-6',
  flexible: '4+',
  listeners: ['broker', 'controller'],
  fields: {
    topics: structs(
      {
        name: string({ versions: '6+', nullable: '6+', default: null }),
        topicId: uuid({ versions: '6+' }),
      },
      { versions: '6+' },
    ),
    topicNames: arrayOf(string(), { versions: '0-5', ignorable: true }),
    timeoutMs: int32(),
  },
})
export interface DeleteTopicsRequest extends Infer<typeof DeleteTopicsRequest> {}

export const DeleteTopicsResponse = message({
  kind: 'response',
  name: 'DeleteTopicsResponse',
  key: 20,
  versions: '1-6',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    responses: structs({
      name: string({ nullable: '6+' }),
      topicId: uuid({ versions: '6+', ignorable: true }),
      errorCode: int16(),
      errorMessage: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
    }),
  },
})
export interface DeleteTopicsResponse extends Infer<typeof DeleteTopicsResponse> {}
