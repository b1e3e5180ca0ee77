/** Records of streams groups in `__consumer_offsets` (KIP-1071). */
import { arrayOf, int16, int32, int64, int8, string, struct, structs, uint16, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Key of a member's current tasks: group and member. */
export const StreamsGroupCurrentMemberAssignmentKey = message({
  kind: 'key',
  name: 'StreamsGroupCurrentMemberAssignmentKey',
  key: 22,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
})
export interface StreamsGroupCurrentMemberAssignmentKey extends Infer<typeof StreamsGroupCurrentMemberAssignmentKey> {}

const OwnedTaskIdsFields = {
  subtopologyId: string(),
  partitions: arrayOf(int32()),
  assignmentEpochs: arrayOf(int32(), { nullable: '0+', tag: 0, tagged: '0+' }),
}

/**
 * Where a member stands between its previous tasks and its target: epochs, state, tasks and those it has to give up
 * (KIP-1071).
 */
export const StreamsGroupCurrentMemberAssignmentValue = message({
  kind: 'value',
  name: 'StreamsGroupCurrentMemberAssignmentValue',
  key: 22,
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    activeTasks: structs(OwnedTaskIdsFields),
    standbyTasks: structs(OwnedTaskIdsFields),
    warmupTasks: structs(OwnedTaskIdsFields),
    activeTasksPendingRevocation: structs(OwnedTaskIdsFields),
    standbyTasksPendingRevocation: structs(OwnedTaskIdsFields),
    warmupTasksPendingRevocation: structs(OwnedTaskIdsFields),
  },
})
export interface StreamsGroupCurrentMemberAssignmentValue extends Infer<
  typeof StreamsGroupCurrentMemberAssignmentValue
> {}

/** Key of a member: group and member. */
export const StreamsGroupMemberMetadataKey = message({
  kind: 'key',
  name: 'StreamsGroupMemberMetadataKey',
  key: 19,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
})
export interface StreamsGroupMemberMetadataKey extends Infer<typeof StreamsGroupMemberMetadataKey> {}

const EndpointFields = {
  host: string(),
  port: uint16(),
}

const KeyValueFields = {
  key: string(),
  value: string(),
}

/** What a member said about itself: process, endpoint for queries, client tags, rack. */
export const StreamsGroupMemberMetadataValue = message({
  kind: 'value',
  name: 'StreamsGroupMemberMetadataValue',
  key: 19,
  versions: '0',
  flexible: '0+',
  fields: {
    instanceId: string({ nullable: '0+' }),
    rackId: string({ nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topologyEpoch: int32(),
    processId: string(),
    userEndpoint: struct(EndpointFields, { nullable: '0+', default: null }),
    clientTags: structs(KeyValueFields),
  },
})
export interface StreamsGroupMemberMetadataValue extends Infer<typeof StreamsGroupMemberMetadataValue> {}

/** Key of a streams group (KIP-1071). */
export const StreamsGroupMetadataKey = message({
  kind: 'key',
  name: 'StreamsGroupMetadataKey',
  key: 17,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
  },
})
export interface StreamsGroupMetadataKey extends Infer<typeof StreamsGroupMetadataKey> {}

const LastAssignmentConfigFields = {
  key: string(),
  value: string(),
}

/**
 * Epoch of a streams group, a hash of its topics, the topology epoch that was validated last, and the assignment
 * settings in force.
 */
export const StreamsGroupMetadataValue = message({
  kind: 'value',
  name: 'StreamsGroupMetadataValue',
  key: 17,
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32(),
    metadataHash: int64(),
    validatedTopologyEpoch: int32({ default: -1, tag: 0, tagged: '0+' }),
    lastAssignmentConfigs: structs(LastAssignmentConfigFields, { nullable: '0+', tag: 1, tagged: '0+' }),
  },
})
export interface StreamsGroupMetadataValue extends Infer<typeof StreamsGroupMetadataValue> {}

/** Key of a member's target tasks: group and member. */
export const StreamsGroupTargetAssignmentMemberKey = message({
  kind: 'key',
  name: 'StreamsGroupTargetAssignmentMemberKey',
  key: 21,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
})
export interface StreamsGroupTargetAssignmentMemberKey extends Infer<typeof StreamsGroupTargetAssignmentMemberKey> {}

const TaskIdsFields = {
  subtopologyId: string(),
  partitions: arrayOf(int32()),
}

/** The active, standby and warm-up tasks that a member shall have. */
export const StreamsGroupTargetAssignmentMemberValue = message({
  kind: 'value',
  name: 'StreamsGroupTargetAssignmentMemberValue',
  key: 21,
  versions: '0',
  flexible: '0+',
  fields: {
    activeTasks: structs(TaskIdsFields),
    standbyTasks: structs(TaskIdsFields),
    warmupTasks: structs(TaskIdsFields),
  },
})
export interface StreamsGroupTargetAssignmentMemberValue extends Infer<
  typeof StreamsGroupTargetAssignmentMemberValue
> {}

/** Key of the target assignment of a streams group as a whole. */
export const StreamsGroupTargetAssignmentMetadataKey = message({
  kind: 'key',
  name: 'StreamsGroupTargetAssignmentMetadataKey',
  key: 20,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
  },
})
export interface StreamsGroupTargetAssignmentMetadataKey extends Infer<
  typeof StreamsGroupTargetAssignmentMetadataKey
> {}

/** The group epoch that the target assignment was computed for, and when. */
export const StreamsGroupTargetAssignmentMetadataValue = message({
  kind: 'value',
  name: 'StreamsGroupTargetAssignmentMetadataValue',
  key: 20,
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ tag: 0, tagged: '0+', ignorable: true }),
  },
})
export interface StreamsGroupTargetAssignmentMetadataValue extends Infer<
  typeof StreamsGroupTargetAssignmentMetadataValue
> {}

/** Key of the topology of a streams group. */
export const StreamsGroupTopologyKey = message({
  kind: 'key',
  name: 'StreamsGroupTopologyKey',
  key: 23,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
  },
})
export interface StreamsGroupTopologyKey extends Infer<typeof StreamsGroupTopologyKey> {}

const TopicConfigFields = {
  key: string(),
  value: string(),
}

const TopicInfoFields = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: structs(TopicConfigFields),
}

/**
 * The topology as a member described it: subtopologies with their source, repartition and changelog
 * topics.
 */
export const StreamsGroupTopologyValue = message({
  kind: 'value',
  name: 'StreamsGroupTopologyValue',
  key: 23,
  versions: '0',
  flexible: '0+',
  fields: {
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
})
export interface StreamsGroupTopologyValue extends Infer<typeof StreamsGroupTopologyValue> {}
