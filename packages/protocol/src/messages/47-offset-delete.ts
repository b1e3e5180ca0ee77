/** OffsetDelete (API key 47): deletes committed offsets. */
import { int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Partitions of topics that the group is not subscribed to (KIP-496). */
export const OffsetDeleteRequest = message({
  kind: 'request',
  name: 'OffsetDeleteRequest',
  key: 47,
  versions: '0',
  flexible: 'none',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
      }),
    }),
  },
})
export interface OffsetDeleteRequest extends Infer<typeof OffsetDeleteRequest> {}

/** A result for each partition. */
export const OffsetDeleteResponse = message({
  kind: 'response',
  name: 'OffsetDeleteResponse',
  key: 47,
  versions: '0',
  flexible: 'none',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'INVALID_GROUP_ID',
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'NON_EMPTY_GROUP',
    'GROUP_ID_NOT_FOUND',
    'GROUP_SUBSCRIBED_TO_TOPIC',
  ],
  fields: {
    errorCode: int16(),
    throttleTimeMs: int32({ ignorable: true }),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
})
export interface OffsetDeleteResponse extends Infer<typeof OffsetDeleteResponse> {}
