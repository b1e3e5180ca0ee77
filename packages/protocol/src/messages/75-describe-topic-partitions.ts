/** DescribeTopicPartitions (API key 75): describes topics page by page. */
import { arrayOf, bool, int16, int32, string, struct, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Topics by name, none for all, a limit of partitions, and a cursor where the last page ended (KIP-966). */
export const DescribeTopicPartitionsRequest = message({
  kind: 'request',
  name: 'DescribeTopicPartitionsRequest',
  key: 75,
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    topics: structs({
      name: string(),
    }),
    responsePartitionLimit: int32({ default: 2000 }),
    cursor: struct(
      {
        topicName: string(),
        partitionIndex: int32(),
      },
      { nullable: '0+', default: null },
    ),
  },
})
export interface DescribeTopicPartitionsRequest extends Infer<typeof DescribeTopicPartitionsRequest> {}

/** Like Metadata, with eligible leader replicas; a cursor when there is more. */
export const DescribeTopicPartitionsResponse = message({
  kind: 'response',
  name: 'DescribeTopicPartitionsResponse',
  key: 75,
  versions: '0',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'LEADER_NOT_AVAILABLE',
    'REPLICA_NOT_AVAILABLE',
    'INVALID_TOPIC_EXCEPTION',
    'TOPIC_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'LISTENER_NOT_FOUND',
  ],
  fields: {
    throttleTimeMs: int32({ ignorable: true }),
    topics: structs({
      errorCode: int16(),
      name: string({ nullable: '0+' }),
      topicId: uuid({ ignorable: true }),
      isInternal: bool({ ignorable: true }),
      partitions: structs({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ default: -1, ignorable: true }),
        replicaNodes: arrayOf(int32()),
        isrNodes: arrayOf(int32()),
        eligibleLeaderReplicas: arrayOf(int32(), { nullable: '0+', default: null }),
        lastKnownElr: arrayOf(int32(), { nullable: '0+', default: null }),
        offlineReplicas: arrayOf(int32(), { ignorable: true }),
      }),
      topicAuthorizedOperations: int32({ default: -2_147_483_648 }),
    }),
    nextCursor: struct(
      {
        topicName: string(),
        partitionIndex: int32(),
      },
      { nullable: '0+', default: null },
    ),
  },
})
export interface DescribeTopicPartitionsResponse extends Infer<typeof DescribeTopicPartitionsResponse> {}
