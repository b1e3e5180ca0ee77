/** ShareGroupDescribe (API key 77): describes share groups. */
import { arrayOf, bool, int16, int32, string, struct, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The groups (KIP-932). Version 0 was an early access format. */
export const ShareGroupDescribeRequest = message({
  kind: 'request',
  name: 'ShareGroupDescribeRequest',
  key: 77,
  versions: '1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupIds: arrayOf(string()),
    includeAuthorizedOperations: bool(),
  },
})
export interface ShareGroupDescribeRequest extends Infer<typeof ShareGroupDescribeRequest> {}

const TopicPartitionsFields = {
  topicId: uuid(),
  topicName: string(),
  partitions: arrayOf(int32()),
}

const AssignmentFields = {
  topicPartitions: structs(TopicPartitionsFields),
}

/** State, epochs, assignor and members of each group. */
export const ShareGroupDescribeResponse = message({
  kind: 'response',
  name: 'ShareGroupDescribeResponse',
  key: 77,
  versions: '1',
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
        rackId: string({ nullable: '0+', default: null }),
        memberEpoch: int32(),
        clientId: string(),
        clientHost: string(),
        subscribedTopicNames: arrayOf(string()),
        assignment: struct(AssignmentFields),
      }),
      authorizedOperations: int32({ default: -2_147_483_648 }),
    }),
  },
})
export interface ShareGroupDescribeResponse extends Infer<typeof ShareGroupDescribeResponse> {}
