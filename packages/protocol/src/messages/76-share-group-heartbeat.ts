/** ShareGroupHeartbeat (API key 76). */
import { arrayOf, int16, int32, string, struct, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const ShareGroupHeartbeatRequest = message({
  kind: 'request',
  name: 'ShareGroupHeartbeatRequest',
  key: 76,
  versions: '1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    rackId: string({ nullable: '0+', default: null }),
    subscribedTopicNames: arrayOf(string(), { nullable: '0+', default: null }),
  },
})
export interface ShareGroupHeartbeatRequest extends Infer<typeof ShareGroupHeartbeatRequest> {}

const TopicPartitionsFields = {
  topicId: uuid(),
  partitions: arrayOf(int32()),
}

export const ShareGroupHeartbeatResponse = message({
  kind: 'response',
  name: 'ShareGroupHeartbeatResponse',
  key: 76,
  versions: '1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    memberId: string({ nullable: '0+', default: null }),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    assignment: struct(
      {
        topicPartitions: structs(TopicPartitionsFields),
      },
      { nullable: '0+', default: null },
    ),
  },
})
export interface ShareGroupHeartbeatResponse extends Infer<typeof ShareGroupHeartbeatResponse> {}
