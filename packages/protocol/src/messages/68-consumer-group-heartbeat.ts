/** ConsumerGroupHeartbeat (API key 68). */
import { arrayOf, int16, int32, string, struct, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const ConsumerGroupHeartbeatRequest = message({
  kind: 'request',
  name: 'ConsumerGroupHeartbeatRequest',
  key: 68,
  versions: '0-1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    instanceId: string({ nullable: '0+', default: null }),
    rackId: string({ nullable: '0+', default: null }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    subscribedTopicNames: arrayOf(string(), { nullable: '0+', default: null }),
    subscribedTopicRegex: string({ versions: '1+', nullable: '1+', default: null }),
    serverAssignor: string({ nullable: '0+', default: null }),
    topicPartitions: structs(
      {
        topicId: uuid(),
        partitions: arrayOf(int32()),
      },
      { nullable: '0+', default: null },
    ),
  },
})
export interface ConsumerGroupHeartbeatRequest extends Infer<typeof ConsumerGroupHeartbeatRequest> {}

const TopicPartitionsFields = {
  topicId: uuid(),
  partitions: arrayOf(int32()),
}

export const ConsumerGroupHeartbeatResponse = message({
  kind: 'response',
  name: 'ConsumerGroupHeartbeatResponse',
  key: 68,
  versions: '0-1',
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
export interface ConsumerGroupHeartbeatResponse extends Infer<typeof ConsumerGroupHeartbeatResponse> {}
