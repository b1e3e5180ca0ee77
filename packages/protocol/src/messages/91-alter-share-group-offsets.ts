/** AlterShareGroupOffsets (API key 91): sets the start offsets of an empty share group. */
import { int16, int32, int64, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Per partition the new start offset (KIP-932). */
export const AlterShareGroupOffsetsRequest = message({
  kind: 'request',
  name: 'AlterShareGroupOffsetsRequest',
  key: 91,
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: structs({
      topicName: string(),
      partitions: structs({
        partitionIndex: int32(),
        startOffset: int64(),
      }),
    }),
  },
})
export interface AlterShareGroupOffsetsRequest extends Infer<typeof AlterShareGroupOffsetsRequest> {}

/** A result for each partition. */
export const AlterShareGroupOffsetsResponse = message({
  kind: 'response',
  name: 'AlterShareGroupOffsetsResponse',
  key: 91,
  versions: '0',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'KAFKA_STORAGE_ERROR',
    'NON_EMPTY_GROUP',
    'GROUP_ID_NOT_FOUND',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    responses: structs({
      topicName: string(),
      topicId: uuid(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
      }),
    }),
  },
})
export interface AlterShareGroupOffsetsResponse extends Infer<typeof AlterShareGroupOffsetsResponse> {}
