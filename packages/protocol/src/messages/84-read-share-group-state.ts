/** ReadShareGroupState (API key 84): reads the stored state of share partitions. */
import { int16, int32, int64, int8, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** From a partition leader to the share coordinator, with its leader epoch (KIP-932). */
export const ReadShareGroupStateRequest = message({
  kind: 'request',
  name: 'ReadShareGroupStateRequest',
  key: 84,
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: structs({
      topicId: uuid(),
      partitions: structs({
        partition: int32(),
        leaderEpoch: int32(),
      }),
    }),
  },
})
export interface ReadShareGroupStateRequest extends Infer<typeof ReadShareGroupStateRequest> {}

/** Start offset and the states of the records beyond it. */
export const ReadShareGroupStateResponse = message({
  kind: 'response',
  name: 'ReadShareGroupStateResponse',
  key: 84,
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
    'FENCED_LEADER_EPOCH',
  ],
  fields: {
    results: structs({
      topicId: uuid(),
      partitions: structs({
        partition: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
        stateEpoch: int32(),
        startOffset: int64(),
        stateBatches: structs({
          firstOffset: int64(),
          lastOffset: int64(),
          deliveryState: int8(),
          deliveryCount: int16(),
        }),
      }),
    }),
  },
})
export interface ReadShareGroupStateResponse extends Infer<typeof ReadShareGroupStateResponse> {}
