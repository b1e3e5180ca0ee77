/** InitializeShareGroupState (API key 83): starts the stored state of share partitions. */
import { int16, int32, int64, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** From the group coordinator to the share coordinator: partitions with state epoch and start offset (KIP-932). */
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

/** A result for each partition. */
export const InitializeShareGroupStateResponse = message({
  kind: 'response',
  name: 'InitializeShareGroupStateResponse',
  key: 83,
  versions: '0',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'CLUSTER_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
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
export interface InitializeShareGroupStateResponse extends Infer<typeof InitializeShareGroupStateResponse> {}
