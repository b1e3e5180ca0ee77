/** Records of share groups in `__consumer_offsets` (KIP-932). */
import { arrayOf, int32, int64, int8, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Key of a member's current assignment: group and member. */
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

/** A member's epochs, state and partitions. */
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

/** Key of a member: group and member. */
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

/** What a member said about itself: rack, client, topics. */
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

/** Key of a share group (KIP-932). */
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

/** Epoch of a share group, and a hash of its topics. */
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

/** Key of the share partitions of a group. */
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

/** Which partitions have, get or lose their state at the share coordinator. */
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

/** Key of a member's target assignment: group and member. */
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

/** The partitions that a member shall have. */
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

/** Key of the target assignment of a share group as a whole. */
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

/** The group epoch that the target assignment was computed for, and when. */
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
