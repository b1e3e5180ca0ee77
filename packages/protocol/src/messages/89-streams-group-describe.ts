/** StreamsGroupDescribe (API key 89): describes streams groups. */
import { arrayOf, bool, int16, int32, int64, string, struct, structs, uint16, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The groups (KIP-1071). */
export const StreamsGroupDescribeRequest = message({
  kind: 'request',
  name: 'StreamsGroupDescribeRequest',
  key: 89,
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupIds: arrayOf(string()),
    includeAuthorizedOperations: bool(),
  },
})
export interface StreamsGroupDescribeRequest extends Infer<typeof StreamsGroupDescribeRequest> {}

const EndpointFields = {
  host: string(),
  port: uint16(),
}

const TaskOffsetFields = {
  subtopologyId: string(),
  partition: int32(),
  offset: int64(),
}

const TaskIdsFields = {
  subtopologyId: string(),
  partitions: arrayOf(int32()),
}

const AssignmentFields = {
  activeTasks: structs(TaskIdsFields),
  standbyTasks: structs(TaskIdsFields),
  warmupTasks: structs(TaskIdsFields),
}

const KeyValueFields = {
  key: string(),
  value: string(),
}

const TopicInfoFields = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: structs(KeyValueFields),
}

/** Topology, epochs and members with their current and target tasks. */
export const StreamsGroupDescribeResponse = message({
  kind: 'response',
  name: 'StreamsGroupDescribeResponse',
  key: 89,
  versions: '0',
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
      topology: struct(
        {
          epoch: int32(),
          subtopologies: structs(
            {
              subtopologyId: string(),
              sourceTopics: arrayOf(string()),
              repartitionSinkTopics: arrayOf(string()),
              stateChangelogTopics: structs(TopicInfoFields),
              repartitionSourceTopics: structs(TopicInfoFields),
            },
            { nullable: '0+', default: null },
          ),
        },
        { nullable: '0+', default: null },
      ),
      members: structs({
        memberId: string(),
        memberEpoch: int32(),
        instanceId: string({ nullable: '0+', default: null }),
        rackId: string({ nullable: '0+', default: null }),
        clientId: string(),
        clientHost: string(),
        topologyEpoch: int32(),
        processId: string(),
        userEndpoint: struct(EndpointFields, { nullable: '0+', default: null }),
        clientTags: structs(KeyValueFields),
        taskOffsets: structs(TaskOffsetFields),
        taskEndOffsets: structs(TaskOffsetFields),
        assignment: struct(AssignmentFields),
        targetAssignment: struct(AssignmentFields),
        isClassic: bool(),
      }),
      authorizedOperations: int32({ default: -2_147_483_648 }),
    }),
  },
})
export interface StreamsGroupDescribeResponse extends Infer<typeof StreamsGroupDescribeResponse> {}
