/** ConsumerGroupDescribe (API key 69): describes consumer groups. */
import { arrayOf, bool, int16, int32, int8, string, struct, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The groups (KIP-848). */
export const ConsumerGroupDescribeRequest = message({
  kind: 'request',
  name: 'ConsumerGroupDescribeRequest',
  key: 69,
  versions: '0-1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupIds: arrayOf(string()),
    includeAuthorizedOperations: bool(),
  },
})
export interface ConsumerGroupDescribeRequest extends Infer<typeof ConsumerGroupDescribeRequest> {}

const TopicPartitionsFields = {
  topicId: uuid(),
  topicName: string(),
  partitions: arrayOf(int32()),
}

const AssignmentFields = {
  topicPartitions: structs(TopicPartitionsFields),
}

/**
 * Per group its epochs and assignor, per member current and target assignment. Version 1 tells members of the classic
 * protocol apart (KIP-1099).
 */
export const ConsumerGroupDescribeResponse = message({
  kind: 'response',
  name: 'ConsumerGroupDescribeResponse',
  key: 69,
  versions: '0-1',
  flexible: '0+',
  errors: [
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'INVALID_GROUP_ID',
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'GROUP_ID_NOT_FOUND',
  ],
  fields: {
    throttleTimeMs: int32(),
    groups: structs({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
      groupId: string(),
      groupState: string(),
      groupEpoch: int32(),
      assignmentEpoch: int32(),
      assignorName: string(),
      members: structs({
        memberId: string(),
        instanceId: string({ nullable: '0+', default: null }),
        rackId: string({ nullable: '0+', default: null }),
        memberEpoch: int32(),
        clientId: string(),
        clientHost: string(),
        subscribedTopicNames: arrayOf(string()),
        subscribedTopicRegex: string({ nullable: '0+', default: null }),
        assignment: struct(AssignmentFields),
        targetAssignment: struct(AssignmentFields),
        memberType: int8({ versions: '1+', default: -1, ignorable: true }),
      }),
      authorizedOperations: int32({ default: -2_147_483_648 }),
    }),
  },
})
export interface ConsumerGroupDescribeResponse extends Infer<typeof ConsumerGroupDescribeResponse> {}
