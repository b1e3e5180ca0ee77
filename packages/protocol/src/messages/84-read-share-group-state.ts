/** ReadShareGroupState (API key 84). */
import { int16, int32, int64, int8, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const ReadShareGroupStateResponse = message({
  kind: 'response',
  name: 'ReadShareGroupStateResponse',
  key: 84,
  versions: '0',
  flexible: '0+',
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
