/** DeleteTopics (API key 20): deletes topics. */
import { arrayOf, int16, int32, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Topics by name, or from version 6 by name or id. Forwarded to the controller. */
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

/** An error per topic, with words from version 5. */
export const DeleteTopicsResponse = message({
  kind: 'response',
  name: 'DeleteTopicsResponse',
  key: 20,
  versions: '1-6',
  flexible: '4+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'REQUEST_TIMED_OUT',
    'INVALID_TOPIC_EXCEPTION',
    'TOPIC_AUTHORIZATION_FAILED',
    'NOT_CONTROLLER',
    'INVALID_REQUEST',
    'TOPIC_DELETION_DISABLED',
    'THROTTLING_QUOTA_EXCEEDED',
    'UNKNOWN_TOPIC_ID',
  ],
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
