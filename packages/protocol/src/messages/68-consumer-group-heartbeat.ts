/** ConsumerGroupHeartbeat (API key 68): joins, keeps and leaves a consumer group. */
import { arrayOf, int16, int32, string, struct, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * All that a member of the new protocol says (KIP-848): what it subscribes to, which partitions it owns, and its epoch
 * (0 joins, -1 leaves, -2 leaves for a while). Null means unchanged since the last heartbeat. Version 1 adds regular
 * expressions, and member ids that the client chooses (KIP-1082).
 */
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

/** The member's epoch and, when it changes, its assignment. */
export const ConsumerGroupHeartbeatResponse = message({
  kind: 'response',
  name: 'ConsumerGroupHeartbeatResponse',
  key: 68,
  versions: '0-1',
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
    'UNRELEASED_INSTANCE_ID',
    'UNSUPPORTED_ASSIGNOR',
    'INVALID_REGULAR_EXPRESSION',
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
export interface ConsumerGroupHeartbeatResponse extends Infer<typeof ConsumerGroupHeartbeatResponse> {}
