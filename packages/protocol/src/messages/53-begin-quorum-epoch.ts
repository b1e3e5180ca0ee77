/** BeginQuorumEpoch (API key 53): announces a new leader of the metadata quorum. */
import { int16, int32, string, structs, uint16, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The leader and its epoch (KIP-595); from version 1 the receiver's voter key and the leader's endpoints (KIP-853). */
export const BeginQuorumEpochRequest = message({
  kind: 'request',
  name: 'BeginQuorumEpochRequest',
  key: 53,
  versions: '0-1',
  flexible: '1+',
  listeners: ['controller'],
  fields: {
    clusterId: string({ nullable: '0+', default: null }),
    voterId: int32({ versions: '1+', default: -1, ignorable: true }),
    topics: structs({
      topicName: string(),
      partitions: structs({
        partitionIndex: int32(),
        voterDirectoryId: uuid({ versions: '1+', ignorable: true }),
        leaderId: int32(),
        leaderEpoch: int32(),
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
export interface BeginQuorumEpochRequest extends Infer<typeof BeginQuorumEpochRequest> {}

/** Whether the receiver follows; version 1 adds the endpoint of the leader that it knows. */
export const BeginQuorumEpochResponse = message({
  kind: 'response',
  name: 'BeginQuorumEpochResponse',
  key: 53,
  versions: '0-1',
  flexible: '1+',
  errors: [
    'UNKNOWN_TOPIC_OR_PARTITION',
    'BROKER_NOT_AVAILABLE',
    'CLUSTER_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'FENCED_LEADER_EPOCH',
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
export interface BeginQuorumEpochResponse extends Infer<typeof BeginQuorumEpochResponse> {}
