/** DescribeQuorum (API key 55): describes the metadata quorum. */
import { int16, int32, int64, string, structs, uint16, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The partition of the metadata log (KIP-595). */
export const DescribeQuorumRequest = message({
  kind: 'request',
  name: 'DescribeQuorumRequest',
  key: 55,
  versions: '0-2',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    topics: structs({
      topicName: string(),
      partitions: structs({
        partitionIndex: int32(),
      }),
    }),
  },
})
export interface DescribeQuorumRequest extends Infer<typeof DescribeQuorumRequest> {}

const ReplicaStateFields = {
  replicaId: int32(),
  replicaDirectoryId: uuid({ versions: '2+' }),
  logEndOffset: int64(),
  lastFetchTimestamp: int64({ versions: '1+', default: -1, ignorable: true }),
  lastCaughtUpTimestamp: int64({ versions: '1+', default: -1, ignorable: true }),
}

/**
 * Leader, voters and observers with the ends of their logs. Version 1 adds when each was last seen and last caught up
 * (KIP-836), version 2 directory ids, endpoints and error messages (KIP-853).
 */
export const DescribeQuorumResponse = message({
  kind: 'response',
  name: 'DescribeQuorumResponse',
  key: 55,
  versions: '0-2',
  flexible: '0+',
  errors: [
    'UNKNOWN_TOPIC_OR_PARTITION',
    'NOT_LEADER_OR_FOLLOWER',
    'BROKER_NOT_AVAILABLE',
    'CLUSTER_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
  ],
  fields: {
    errorCode: int16(),
    errorMessage: string({ versions: '2+', nullable: '2+', ignorable: true }),
    topics: structs({
      topicName: string(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ versions: '2+', nullable: '2+', ignorable: true }),
        leaderId: int32(),
        leaderEpoch: int32(),
        highWatermark: int64(),
        currentVoters: structs(ReplicaStateFields),
        observers: structs(ReplicaStateFields),
      }),
    }),
    nodes: structs(
      {
        nodeId: int32({ versions: '2+' }),
        listeners: structs(
          {
            name: string({ versions: '2+' }),
            host: string({ versions: '2+' }),
            port: uint16({ versions: '2+' }),
          },
          { versions: '2+' },
        ),
      },
      { versions: '2+' },
    ),
  },
})
export interface DescribeQuorumResponse extends Infer<typeof DescribeQuorumResponse> {}
