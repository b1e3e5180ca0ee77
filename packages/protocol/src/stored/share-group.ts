/** Share groups. */
import { arrayOf, int32, int64, int8, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const ShareGroupCurrentMemberAssignmentKey = message({
  kind: 'key',
  name: 'ShareGroupCurrentMemberAssignmentKey',
  key: 14,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
})
export interface ShareGroupCurrentMemberAssignmentKey extends Infer<typeof ShareGroupCurrentMemberAssignmentKey> {}

const TopicPartitionsFields = {
  topicId: uuid(),
  partitions: arrayOf(int32()),
}

export const ShareGroupCurrentMemberAssignmentValue = message({
  kind: 'value',
  name: 'ShareGroupCurrentMemberAssignmentValue',
  key: 14,
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: structs(TopicPartitionsFields),
  },
})
export interface ShareGroupCurrentMemberAssignmentValue extends Infer<typeof ShareGroupCurrentMemberAssignmentValue> {}

export const ShareGroupMemberMetadataKey = message({
  kind: 'key',
  name: 'ShareGroupMemberMetadataKey',
  key: 10,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
})
export interface ShareGroupMemberMetadataKey extends Infer<typeof ShareGroupMemberMetadataKey> {}

export const ShareGroupMemberMetadataValue = message({
  kind: 'value',
  name: 'ShareGroupMemberMetadataValue',
  key: 10,
  versions: '0',
  flexible: '0+',
  fields: {
    rackId: string({ nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: arrayOf(string()),
  },
})
export interface ShareGroupMemberMetadataValue extends Infer<typeof ShareGroupMemberMetadataValue> {}

export const ShareGroupMetadataKey = message({
  kind: 'key',
  name: 'ShareGroupMetadataKey',
  key: 11,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
  },
})
export interface ShareGroupMetadataKey extends Infer<typeof ShareGroupMetadataKey> {}

export const ShareGroupMetadataValue = message({
  kind: 'value',
  name: 'ShareGroupMetadataValue',
  key: 11,
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32(),
    metadataHash: int64(),
  },
})
export interface ShareGroupMetadataValue extends Infer<typeof ShareGroupMetadataValue> {}

export const ShareGroupStatePartitionMetadataKey = message({
  kind: 'key',
  name: 'ShareGroupStatePartitionMetadataKey',
  key: 15,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
  },
})
export interface ShareGroupStatePartitionMetadataKey extends Infer<typeof ShareGroupStatePartitionMetadataKey> {}

const TopicPartitionsInfoFields = {
  topicId: uuid(),
  topicName: string(),
  partitions: arrayOf(int32()),
}

const TopicInfoFields = {
  topicId: uuid(),
  topicName: string(),
}

export const ShareGroupStatePartitionMetadataValue = message({
  kind: 'value',
  name: 'ShareGroupStatePartitionMetadataValue',
  key: 15,
  versions: '0',
  flexible: '0+',
  fields: {
    initializingTopics: structs(TopicPartitionsInfoFields),
    initializedTopics: structs(TopicPartitionsInfoFields),
    deletingTopics: structs(TopicInfoFields),
  },
})
export interface ShareGroupStatePartitionMetadataValue extends Infer<typeof ShareGroupStatePartitionMetadataValue> {}

export const ShareGroupTargetAssignmentMemberKey = message({
  kind: 'key',
  name: 'ShareGroupTargetAssignmentMemberKey',
  key: 13,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
})
export interface ShareGroupTargetAssignmentMemberKey extends Infer<typeof ShareGroupTargetAssignmentMemberKey> {}

export const ShareGroupTargetAssignmentMemberValue = message({
  kind: 'value',
  name: 'ShareGroupTargetAssignmentMemberValue',
  key: 13,
  versions: '0',
  flexible: '0+',
  fields: {
    topicPartitions: structs({
      topicId: uuid(),
      partitions: arrayOf(int32()),
    }),
  },
})
export interface ShareGroupTargetAssignmentMemberValue extends Infer<typeof ShareGroupTargetAssignmentMemberValue> {}

export const ShareGroupTargetAssignmentMetadataKey = message({
  kind: 'key',
  name: 'ShareGroupTargetAssignmentMetadataKey',
  key: 12,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
  },
})
export interface ShareGroupTargetAssignmentMetadataKey extends Infer<typeof ShareGroupTargetAssignmentMetadataKey> {}

export const ShareGroupTargetAssignmentMetadataValue = message({
  kind: 'value',
  name: 'ShareGroupTargetAssignmentMetadataValue',
  key: 12,
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ tag: 0, tagged: '0+', ignorable: true }),
  },
})
export interface ShareGroupTargetAssignmentMetadataValue extends Infer<
  typeof ShareGroupTargetAssignmentMetadataValue
> {}
