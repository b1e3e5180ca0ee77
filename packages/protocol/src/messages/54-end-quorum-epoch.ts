/** EndQuorumEpoch (API key 54): announces that a leader of the metadata quorum resigns. */
import { arrayOf, int16, int32, string, structs, uint16, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The leader and whom it prefers to follow it, best first (KIP-595); from version 1 with directory ids (KIP-853). */
export const EndQuorumEpochRequest = message({
  kind: 'request',
  name: 'EndQuorumEpochRequest',
  key: 54,
  versions: '0-1',
  flexible: '1+',
  listeners: ['controller'],
  fields: {
    clusterId: string({ nullable: '0+', default: null }),
    topics: structs({
      topicName: string(),
      partitions: structs({
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32(),
        preferredSuccessors: arrayOf(int32(), { versions: '0', ignorable: true }),
        preferredCandidates: structs(
          {
            candidateId: int32({ versions: '1+' }),
            candidateDirectoryId: uuid({ versions: '1+' }),
          },
          { versions: '1+', ignorable: true },
        ),
      }),
    }),
    leaderEndpoints: structs(
      {
        name: string({ versions: '1+' }),
        host: string({ versions: '1+' }),
        port: uint16({ versions: '1+' }),
      },
      { versions: '1+', ignorable: true },
    ),
  },
})
export interface EndQuorumEpochRequest extends Infer<typeof EndQuorumEpochRequest> {}

/** Whether the receiver took notice; version 1 adds the endpoint of the leader that it knows. */
export const EndQuorumEpochResponse = message({
  kind: 'response',
  name: 'EndQuorumEpochResponse',
  key: 54,
  versions: '0-1',
  flexible: '1+',
  errors: [
    'UNKNOWN_TOPIC_OR_PARTITION',
    'BROKER_NOT_AVAILABLE',
    'CLUSTER_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_LEADER_EPOCH',
    'INCONSISTENT_VOTER_SET',
    'INCONSISTENT_CLUSTER_ID',
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
export interface EndQuorumEpochResponse extends Infer<typeof EndQuorumEpochResponse> {}
