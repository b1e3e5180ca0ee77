/** ReadShareGroupStateSummary (API key 87): reads a summary of the state of share partitions. */
import { int16, int32, int64, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** From the group coordinator to the share coordinator (KIP-932). */
export const ReadShareGroupStateSummaryRequest = message({
  kind: 'request',
  name: 'ReadShareGroupStateSummaryRequest',
  key: 87,
  versions: '0-1',
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
export interface ReadShareGroupStateSummaryRequest extends Infer<typeof ReadShareGroupStateSummaryRequest> {}

/** State epoch and start offset; version 1 adds how many records are done with beyond it (KIP-1226). */
export const ReadShareGroupStateSummaryResponse = message({
  kind: 'response',
  name: 'ReadShareGroupStateSummaryResponse',
  key: 87,
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
  ],
  fields: {
    results: structs({
      topicId: uuid(),
      partitions: structs({
        partition: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
        stateEpoch: int32(),
        leaderEpoch: int32(),
        startOffset: int64(),
        deliveryCompleteCount: int32({ versions: '1+', default: -1, ignorable: true }),
      }),
    }),
  },
})
export interface ReadShareGroupStateSummaryResponse extends Infer<typeof ReadShareGroupStateSummaryResponse> {}
