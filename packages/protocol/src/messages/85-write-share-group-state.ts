/** WriteShareGroupState (API key 85): stores changes of the state of share partitions. */
import { int16, int32, int64, int8, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * From a partition leader to the share coordinator (KIP-932). Version 1 adds how many records are done with beyond the
 * start offset (KIP-1226).
 */
export const WriteShareGroupStateRequest = message({
  kind: 'request',
  name: 'WriteShareGroupStateRequest',
  key: 85,
  versions: '0-1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: structs({
      topicId: uuid(),
      partitions: structs({
        partition: int32(),
        stateEpoch: int32(),
        leaderEpoch: int32(),
        startOffset: int64(),
        deliveryCompleteCount: int32({ versions: '1+', default: -1, ignorable: true }),
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
export interface WriteShareGroupStateRequest extends Infer<typeof WriteShareGroupStateRequest> {}

/** A result for each partition. */
export const WriteShareGroupStateResponse = message({
  kind: 'response',
  name: 'WriteShareGroupStateResponse',
  key: 85,
  versions: '0-1',
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
export interface WriteShareGroupStateResponse extends Infer<typeof WriteShareGroupStateResponse> {}
