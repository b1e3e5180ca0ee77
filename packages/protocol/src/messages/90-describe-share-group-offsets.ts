/** DescribeShareGroupOffsets (API key 90): tells how far share groups have come. */
import { arrayOf, int16, int32, int64, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Per group the partitions, or null for all (KIP-932). */
export const DescribeShareGroupOffsetsRequest = message({
  kind: 'request',
  name: 'DescribeShareGroupOffsetsRequest',
  key: 90,
  versions: '0-1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groups: structs({
      groupId: string(),
      topics: structs(
        {
          topicName: string(),
          partitions: arrayOf(int32()),
        },
        { nullable: '0+' },
      ),
    }),
  },
})
export interface DescribeShareGroupOffsetsRequest extends Infer<typeof DescribeShareGroupOffsetsRequest> {}

/** Per partition the start offset; version 1 adds the lag (KIP-1226). */
export const DescribeShareGroupOffsetsResponse = message({
  kind: 'response',
  name: 'DescribeShareGroupOffsetsResponse',
  key: 90,
  versions: '0-1',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'GROUP_ID_NOT_FOUND',
  ],
  fields: {
    throttleTimeMs: int32(),
    groups: structs({
      groupId: string(),
      topics: structs({
        topicName: string(),
        topicId: uuid(),
        partitions: structs({
          partitionIndex: int32(),
          startOffset: int64(),
          leaderEpoch: int32(),
          lag: int64({ versions: '1+', default: -1, ignorable: true }),
          errorCode: int16(),
          errorMessage: string({ nullable: '0+', default: null }),
        }),
      }),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
    }),
  },
})
export interface DescribeShareGroupOffsetsResponse extends Infer<typeof DescribeShareGroupOffsetsResponse> {}
