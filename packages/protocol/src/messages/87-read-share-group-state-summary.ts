/** ReadShareGroupStateSummary (API key 87). */
import { int16, int32, int64, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const ReadShareGroupStateSummaryResponse = message({
  kind: 'response',
  name: 'ReadShareGroupStateSummaryResponse',
  key: 87,
  versions: '0-1',
  flexible: '0+',
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
