/** DeleteShareGroupOffsets (API key 92): makes an empty share group forget topics. */
import { int16, int32, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The topics (KIP-932). */
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

/** A result for each topic. */
export const DeleteShareGroupOffsetsResponse = message({
  kind: 'response',
  name: 'DeleteShareGroupOffsetsResponse',
  key: 92,
  versions: '0',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'KAFKA_STORAGE_ERROR',
    'NON_EMPTY_GROUP',
    'GROUP_ID_NOT_FOUND',
  ],
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
