/** ShareGroupDescribe (API key 77). */
import { arrayOf, bool, int16, int32, string, struct, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const ShareGroupDescribeResponse = message({
  kind: 'response',
  name: 'ShareGroupDescribeResponse',
  key: 77,
  versions: '1',
  flexible: '0+',
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
