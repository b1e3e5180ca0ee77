/** TxnOffsetCommit (API key 28): commits offsets of a group as part of a transaction. */
import { int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Like OffsetCommit, visible once the transaction commits. Version 2 adds leader epochs, version 3 member, generation
 * and instance id for fencing (KIP-447), version 5 makes AddOffsetsToTxn superfluous (KIP-890).
 */
export const TxnOffsetCommitRequest = message({
  kind: 'request',
  name: 'TxnOffsetCommitRequest',
  key: 28,
  versions: '0-5',
  flexible: '3+',
  listeners: ['broker'],
  fields: {
    transactionalId: string(),
    groupId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    generationId: int32({ versions: '3+', default: -1 }),
    memberId: string({ versions: '3+' }),
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32({ versions: '2+', default: -1, ignorable: true }),
        committedMetadata: string({ nullable: '0+' }),
      }),
    }),
  },
})
export interface TxnOffsetCommitRequest extends Infer<typeof TxnOffsetCommitRequest> {}

/** An error code for each partition. */
export const TxnOffsetCommitResponse = message({
  kind: 'response',
  name: 'TxnOffsetCommitResponse',
  key: 28,
  versions: '0-5',
  flexible: '3+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'OFFSET_METADATA_TOO_LARGE',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'ILLEGAL_GENERATION',
    'INVALID_GROUP_ID',
    'UNKNOWN_MEMBER_ID',
    'INVALID_COMMIT_OFFSET_SIZE',
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'UNSUPPORTED_FOR_MESSAGE_FORMAT',
    'INVALID_PRODUCER_EPOCH',
    'INVALID_TXN_STATE',
    'INVALID_PRODUCER_ID_MAPPING',
    'CONCURRENT_TRANSACTIONS',
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    'FENCED_INSTANCE_ID',
    'STALE_MEMBER_EPOCH',
    'TRANSACTION_ABORTABLE',
  ],
  fields: {
    throttleTimeMs: int32(),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
})
export interface TxnOffsetCommitResponse extends Infer<typeof TxnOffsetCommitResponse> {}
