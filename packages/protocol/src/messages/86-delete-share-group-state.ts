/** DeleteShareGroupState (API key 86): deletes the stored state of share partitions. */
import { int16, int32, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** From the group coordinator to the share coordinator (KIP-932). */
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

/** A result for each partition. */
export const DeleteShareGroupStateResponse = message({
  kind: 'response',
  name: 'DeleteShareGroupStateResponse',
  key: 86,
  versions: '0',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'CLUSTER_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'GROUP_ID_NOT_FOUND',
    'FENCED_STATE_EPOCH',
  ],
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
