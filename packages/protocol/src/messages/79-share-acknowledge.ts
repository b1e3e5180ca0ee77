/** ShareAcknowledge (API key 79): tells what became of acquired records. */
import { arrayOf, bool, int16, int32, int64, int8, string, struct, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Acknowledgements without a fetch, with the codes of ShareFetch (KIP-932). Version 2 adds the renewal of locks
 * (KIP-1222).
 */
export const ShareAcknowledgeRequest = message({
  kind: 'request',
  name: 'ShareAcknowledgeRequest',
  key: 79,
  versions: '1-2',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string({ nullable: '0+', default: null }),
    memberId: string({ nullable: '0+' }),
    shareSessionEpoch: int32(),
    isRenewAck: bool({ versions: '2+' }),
    topics: structs({
      topicId: uuid(),
      partitions: structs({
        partitionIndex: int32(),
        acknowledgementBatches: structs({
          firstOffset: int64(),
          lastOffset: int64(),
          acknowledgeTypes: arrayOf(int8()),
        }),
      }),
    }),
  },
})
export interface ShareAcknowledgeRequest extends Infer<typeof ShareAcknowledgeRequest> {}

/** A result for each partition. */
export const ShareAcknowledgeResponse = message({
  kind: 'response',
  name: 'ShareAcknowledgeResponse',
  key: 79,
  versions: '1-2',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'NOT_LEADER_OR_FOLLOWER',
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'KAFKA_STORAGE_ERROR',
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_TOPIC_ID',
    'INVALID_RECORD_STATE',
    'SHARE_SESSION_NOT_FOUND',
    'INVALID_SHARE_SESSION_EPOCH',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    acquisitionLockTimeoutMs: int32({ versions: '2+', ignorable: true }),
    responses: structs({
      topicId: uuid(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
        currentLeader: struct({
          leaderId: int32(),
          leaderEpoch: int32(),
        }),
      }),
    }),
    nodeEndpoints: structs({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ nullable: '0+', default: null }),
    }),
  },
})
export interface ShareAcknowledgeResponse extends Infer<typeof ShareAcknowledgeResponse> {}
