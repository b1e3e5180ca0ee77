/** StreamsGroupHeartbeat (API key 88): joins, keeps and leaves a streams group. */
import { arrayOf, bool, int16, int32, int64, int8, string, struct, structs, uint16, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

/**
 * Like ConsumerGroupHeartbeat, for tasks instead of partitions (KIP-1071): the topology when joining, then the tasks
 * that the member runs. Null means unchanged since the last heartbeat.
 */
export const StreamsGroupHeartbeatRequest = message({
  kind: 'request',
  name: 'StreamsGroupHeartbeatRequest',
  key: 88,
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    endpointInformationEpoch: int32(),
    instanceId: string({ nullable: '0+', default: null }),
    rackId: string({ nullable: '0+', default: null }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topology: struct(
      {
        epoch: int32(),
        subtopologies: structs({
          subtopologyId: string(),
          sourceTopics: arrayOf(string()),
          sourceTopicRegex: arrayOf(string()),
          stateChangelogTopics: structs(TopicInfoFields),
          repartitionSinkTopics: arrayOf(string()),
          repartitionSourceTopics: structs(TopicInfoFields),
          copartitionGroups: structs({
            sourceTopics: arrayOf(int16()),
            sourceTopicRegex: arrayOf(int16()),
            repartitionSourceTopics: arrayOf(int16()),
          }),
        }),
      },
      { nullable: '0+', default: null },
    ),
    activeTasks: structs(TaskIdsFields, { nullable: '0+', default: null }),
    standbyTasks: structs(TaskIdsFields, { nullable: '0+', default: null }),
    warmupTasks: structs(TaskIdsFields, { nullable: '0+', default: null }),
    processId: string({ nullable: '0+', default: null }),
    userEndpoint: struct(EndpointFields, { nullable: '0+', default: null }),
    clientTags: structs(KeyValueFields, { nullable: '0+', default: null }),
    taskOffsets: structs(TaskOffsetFields, { nullable: '0+', default: null }),
    taskEndOffsets: structs(TaskOffsetFields, { nullable: '0+', default: null }),
    shutdownApplication: bool(),
  },
})
export interface StreamsGroupHeartbeatRequest extends Infer<typeof StreamsGroupHeartbeatRequest> {}

const StatusFields = {
  statusCode: int8(),
  statusDetail: string(),
}

const TopicPartitionFields = {
  topic: string(),
  partitions: arrayOf(int32()),
}

/**
 * Epoch and tasks of the member, what is wrong with the topology in the `status` list (0 stale topology, 1 missing
 * source topics, 2 wrong partition counts, 3 missing internal topics, 4 shutdown asked for, 5 assignment delayed), and
 * where the tasks of others can be queried.
 */
export const StreamsGroupHeartbeatResponse = message({
  kind: 'response',
  name: 'StreamsGroupHeartbeatResponse',
  key: 88,
  versions: '0',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'UNKNOWN_MEMBER_ID',
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
    'UNSUPPORTED_VERSION',
    'INVALID_REQUEST',
    'GROUP_ID_NOT_FOUND',
    'GROUP_MAX_SIZE_REACHED',
    'FENCED_MEMBER_EPOCH',
    'UNRELEASED_INSTANCE_ID',
    'STREAMS_INVALID_TOPOLOGY',
    'STREAMS_INVALID_TOPOLOGY_EPOCH',
    'STREAMS_TOPOLOGY_FENCED',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    memberId: string(),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    acceptableRecoveryLag: int32(),
    taskOffsetIntervalMs: int32(),
    status: structs(StatusFields, { nullable: '0+' }),
    activeTasks: structs(TaskIdsFields, { nullable: '0+', default: null }),
    standbyTasks: structs(TaskIdsFields, { nullable: '0+', default: null }),
    warmupTasks: structs(TaskIdsFields, { nullable: '0+', default: null }),
    endpointInformationEpoch: int32(),
    partitionsByUserEndpoint: structs(
      {
        userEndpoint: struct(EndpointFields),
        activePartitions: structs(TopicPartitionFields),
        standbyPartitions: structs(TopicPartitionFields),
      },
      { nullable: '0+', default: null },
    ),
  },
})
export interface StreamsGroupHeartbeatResponse extends Infer<typeof StreamsGroupHeartbeatResponse> {}
