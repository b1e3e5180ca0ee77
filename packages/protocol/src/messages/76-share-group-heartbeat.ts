/** ShareGroupHeartbeat (API key 76): joins, keeps and leaves a share group. */
import { arrayOf, int16, int32, string, struct, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Like ConsumerGroupHeartbeat, without owned partitions: members of a share group share them (KIP-932). Version 0 was
 * an early access format.
 */
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

/** The member's epoch and, when it changes, its assignment. */
export const ShareGroupHeartbeatResponse = message({
  kind: 'response',
  name: 'ShareGroupHeartbeatResponse',
  key: 76,
  versions: '1',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'UNKNOWN_MEMBER_ID',
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'UNSUPPORTED_VERSION',
    'INVALID_REQUEST',
    'GROUP_ID_NOT_FOUND',
    'GROUP_MAX_SIZE_REACHED',
    'FENCED_MEMBER_EPOCH',
  ],
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
