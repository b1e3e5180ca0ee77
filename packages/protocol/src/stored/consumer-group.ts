/**
 * Records of consumer groups in `__consumer_offsets` (KIP-848): a key with its type in front, a value with its version.
 */
import { arrayOf, bytes, int32, int64, int8, string, struct, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Key of a member's current assignment: group and member. */
export const ConsumerGroupCurrentMemberAssignmentKey = message({
  kind: 'key',
  name: 'ConsumerGroupCurrentMemberAssignmentKey',
  key: 8,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
})
export interface ConsumerGroupCurrentMemberAssignmentKey extends Infer<
  typeof ConsumerGroupCurrentMemberAssignmentKey
> {}

const TopicPartitionsFields = {
  topicId: uuid(),
  partitions: arrayOf(int32()),
  assignmentEpochs: arrayOf(int32(), { nullable: '0+', tag: 0, tagged: '0+' }),
}

/**
 * Where a member stands between its previous assignment and its target: epochs, state, the partitions it owns and those
 * it has to give up (KIP-848). `assignmentEpochs` runs parallel to `partitions`.
 */
export const ConsumerGroupCurrentMemberAssignmentValue = message({
  kind: 'value',
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  key: 8,
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: structs(TopicPartitionsFields),
    partitionsPendingRevocation: structs(TopicPartitionsFields),
  },
})
export interface ConsumerGroupCurrentMemberAssignmentValue extends Infer<
  typeof ConsumerGroupCurrentMemberAssignmentValue
> {}

/** Key of a member: group and member. */
export const ConsumerGroupMemberMetadataKey = message({
  kind: 'key',
  name: 'ConsumerGroupMemberMetadataKey',
  key: 5,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
})
export interface ConsumerGroupMemberMetadataKey extends Infer<typeof ConsumerGroupMemberMetadataKey> {}

/**
 * What a member said about itself: subscription, instance id, rack, client. `classicMemberMetadata` is set for a member
 * that still speaks the classic protocol.
 */
export const ConsumerGroupMemberMetadataValue = message({
  kind: 'value',
  name: 'ConsumerGroupMemberMetadataValue',
  key: 5,
  versions: '0',
  flexible: '0+',
  fields: {
    instanceId: string({ nullable: '0+' }),
    rackId: string({ nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: arrayOf(string()),
    subscribedTopicRegex: string({ nullable: '0+' }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    serverAssignor: string({ nullable: '0+' }),
    classicMemberMetadata: struct(
      {
        sessionTimeoutMs: int32(),
        supportedProtocols: structs({
          name: string(),
          metadata: bytes(),
        }),
      },
      { nullable: '0+', tag: 0, tagged: '0+' },
    ),
  },
})
export interface ConsumerGroupMemberMetadataValue extends Infer<typeof ConsumerGroupMemberMetadataValue> {}

/** Key of a consumer group. */
export const ConsumerGroupMetadataKey = message({
  kind: 'key',
  name: 'ConsumerGroupMetadataKey',
  key: 3,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
  },
})
export interface ConsumerGroupMetadataKey extends Infer<typeof ConsumerGroupMetadataKey> {}

/**
 * Epoch of a consumer group, and a hash of the topics it is subscribed to, by which a change of them is noticed
 * (KIP-1101).
 */
export const ConsumerGroupMetadataValue = message({
  kind: 'value',
  name: 'ConsumerGroupMetadataValue',
  key: 3,
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32(),
    metadataHash: int64({ tag: 0, tagged: '0+' }),
  },
})
export interface ConsumerGroupMetadataValue extends Infer<typeof ConsumerGroupMetadataValue> {}

/**
 * Key of the topics of a consumer group, up to Apache Kafka 4.0. Readers still meet it; nobody writes it but as a
 * tombstone.
 */
export const ConsumerGroupPartitionMetadataKey = message({
  kind: 'key',
  name: 'ConsumerGroupPartitionMetadataKey',
  key: 4,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
  },
})
export interface ConsumerGroupPartitionMetadataKey extends Infer<typeof ConsumerGroupPartitionMetadataKey> {}

/**
 * Partition counts of the subscribed topics; since 4.1 a hash in {@link ConsumerGroupMetadataValue} stands for them
 * (KIP-1101).
 */
export const ConsumerGroupPartitionMetadataValue = message({
  kind: 'value',
  name: 'ConsumerGroupPartitionMetadataValue',
  key: 4,
  versions: '0',
  flexible: '0+',
  fields: {
    topics: structs({
      topicId: uuid(),
      topicName: string(),
      numPartitions: int32(),
      partitionMetadata: structs({
        partition: int32(),
        racks: arrayOf(string()),
      }),
    }),
  },
})
export interface ConsumerGroupPartitionMetadataValue extends Infer<typeof ConsumerGroupPartitionMetadataValue> {}

/** Key of a regular expression that a group is subscribed to. */
export const ConsumerGroupRegularExpressionKey = message({
  kind: 'key',
  name: 'ConsumerGroupRegularExpressionKey',
  key: 16,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
    regularExpression: string({ versions: '0' }),
  },
})
export interface ConsumerGroupRegularExpressionKey extends Infer<typeof ConsumerGroupRegularExpressionKey> {}

/** The topics that matched, and as of which version of the metadata. */
export const ConsumerGroupRegularExpressionValue = message({
  kind: 'value',
  name: 'ConsumerGroupRegularExpressionValue',
  key: 16,
  versions: '0',
  flexible: '0+',
  fields: {
    topics: arrayOf(string()),
    version: int64(),
    timestamp: int64(),
  },
})
export interface ConsumerGroupRegularExpressionValue extends Infer<typeof ConsumerGroupRegularExpressionValue> {}

/** Key of a member's target assignment: group and member. */
export const ConsumerGroupTargetAssignmentMemberKey = message({
  kind: 'key',
  name: 'ConsumerGroupTargetAssignmentMemberKey',
  key: 7,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
})
export interface ConsumerGroupTargetAssignmentMemberKey extends Infer<typeof ConsumerGroupTargetAssignmentMemberKey> {}

/** The partitions that a member shall have in the end. */
export const ConsumerGroupTargetAssignmentMemberValue = message({
  kind: 'value',
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  key: 7,
  versions: '0',
  flexible: '0+',
  fields: {
    topicPartitions: structs({
      topicId: uuid(),
      partitions: arrayOf(int32()),
    }),
  },
})
export interface ConsumerGroupTargetAssignmentMemberValue extends Infer<
  typeof ConsumerGroupTargetAssignmentMemberValue
> {}

/** Key of the target assignment of a group as a whole. */
export const ConsumerGroupTargetAssignmentMetadataKey = message({
  kind: 'key',
  name: 'ConsumerGroupTargetAssignmentMetadataKey',
  key: 6,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
  },
})
export interface ConsumerGroupTargetAssignmentMetadataKey extends Infer<
  typeof ConsumerGroupTargetAssignmentMetadataKey
> {}

/** The group epoch that the target assignment was computed for, and when. */
export const ConsumerGroupTargetAssignmentMetadataValue = message({
  kind: 'value',
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  key: 6,
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ tag: 0, tagged: '0+', ignorable: true }),
  },
})
export interface ConsumerGroupTargetAssignmentMetadataValue extends Infer<
  typeof ConsumerGroupTargetAssignmentMetadataValue
> {}
