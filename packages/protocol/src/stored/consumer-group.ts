/** Consumer groups. */
import { arrayOf, bytes, int32, int64, int8, string, struct, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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
