/** Vote (API key 52): asks for a vote in an election of the metadata quorum. */
import { bool, int16, int32, int64, string, structs, uint16, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * A candidate's epoch and the end of its log (KIP-595). Version 1 names voters by directory id too (KIP-853), version 2
 * can ask without raising the epoch first (pre-vote, KIP-996).
 */
export const VoteRequest = message({
  kind: 'request',
  name: 'VoteRequest',
  key: 52,
  versions: '0-2',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    clusterId: string({ nullable: '0+', default: null }),
    voterId: int32({ versions: '1+', default: -1, ignorable: true }),
    topics: structs({
      topicName: string(),
      partitions: structs({
        partitionIndex: int32(),
        replicaEpoch: int32(),
        replicaId: int32(),
        replicaDirectoryId: uuid({ versions: '1+', ignorable: true }),
        voterDirectoryId: uuid({ versions: '1+', ignorable: true }),
        lastOffsetEpoch: int32(),
        lastOffset: int64(),
        preVote: bool({ versions: '2+' }),
      }),
    }),
  },
})
export interface VoteRequest extends Infer<typeof VoteRequest> {}

/** Granted or not, and who leads as far as the voter knows; version 1 adds the leader's endpoint. */
export const VoteResponse = message({
  kind: 'response',
  name: 'VoteResponse',
  key: 52,
  versions: '0-2',
  flexible: '0+',
  errors: [
    'UNKNOWN_TOPIC_OR_PARTITION',
    'BROKER_NOT_AVAILABLE',
    'CLUSTER_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_LEADER_EPOCH',
    'INCONSISTENT_VOTER_SET',
    'INCONSISTENT_CLUSTER_ID',
    'INVALID_VOTER_KEY',
  ],
  fields: {
    errorCode: int16(),
    topics: structs({
      topicName: string(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
        leaderId: int32(),
        leaderEpoch: int32(),
        voteGranted: bool(),
      }),
    }),
    nodeEndpoints: structs(
      {
        nodeId: int32({ versions: '1+' }),
        host: string({ versions: '1+' }),
        port: uint16({ versions: '1+' }),
      },
      { versions: '1+', tag: 0, tagged: '1+' },
    ),
  },
})
export interface VoteResponse extends Infer<typeof VoteResponse> {}
