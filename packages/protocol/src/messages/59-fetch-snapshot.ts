/** FetchSnapshot (API key 59): reads a snapshot of the metadata log in pieces. */
import { int16, int32, int64, records, string, struct, structs, uint16, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Snapshot, position and how much (KIP-630). Version 1 adds the replica's directory id (KIP-853). */
export const FetchSnapshotRequest = message({
  kind: 'request',
  name: 'FetchSnapshotRequest',
  key: 59,
  versions: '0-1',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    clusterId: string({ nullable: '0+', default: null, tag: 0, tagged: '0+' }),
    replicaId: int32({ default: -1 }),
    maxBytes: int32({ default: 0x7fffffff }),
    topics: structs({
      name: string(),
      partitions: structs({
        partition: int32(),
        currentLeaderEpoch: int32(),
        snapshotId: struct({
          endOffset: int64(),
          epoch: int32(),
        }),
        position: int64(),
        replicaDirectoryId: uuid({ versions: '1+', tag: 0, tagged: '1+', ignorable: true }),
      }),
    }),
  },
})
export interface FetchSnapshotRequest extends Infer<typeof FetchSnapshotRequest> {}

/** Bytes of the snapshot from that position; version 1 adds the leader's endpoint. */
export const FetchSnapshotResponse = message({
  kind: 'response',
  name: 'FetchSnapshotResponse',
  key: 59,
  versions: '0-1',
  flexible: '0+',
  errors: [
    'UNKNOWN_TOPIC_OR_PARTITION',
    'NOT_LEADER_OR_FOLLOWER',
    'BROKER_NOT_AVAILABLE',
    'CLUSTER_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_LEADER_EPOCH',
    'SNAPSHOT_NOT_FOUND',
    'POSITION_OUT_OF_RANGE',
    'INCONSISTENT_CLUSTER_ID',
  ],
  fields: {
    throttleTimeMs: int32({ ignorable: true }),
    errorCode: int16(),
    topics: structs({
      name: string(),
      partitions: structs({
        index: int32(),
        errorCode: int16(),
        snapshotId: struct({
          endOffset: int64(),
          epoch: int32(),
        }),
        currentLeader: struct(
          {
            leaderId: int32(),
            leaderEpoch: int32(),
          },
          { tag: 0, tagged: '0+' },
        ),
        size: int64(),
        position: int64(),
        unalignedRecords: records(),
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
export interface FetchSnapshotResponse extends Infer<typeof FetchSnapshotResponse> {}
