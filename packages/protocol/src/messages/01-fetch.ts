/** Fetch (API key 1): reads record batches from partitions, for consumers and for followers. */
import { arrayOf, int16, int32, int64, int8, records, string, struct, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * From where to read in which partitions, and how long to wait for at least `minBytes`. A consumer sends replica id -1,
 * a follower its own. Version 4 adds the isolation level, version 7 fetch sessions, which name only the partitions that
 * changed (KIP-227), version 9 the leader epoch for fencing (KIP-320), version 11 the rack, so that a follower nearby
 * can answer (KIP-392), version 12 the epoch of the last fetched record, so that a diverging follower is told, version
 * 13 topic ids (KIP-516), version 15 the replica's broker epoch (KIP-903), version 17 its directory id (KIP-853),
 * version 18 the high watermark it knows (KIP-1166).
 */
export const FetchRequest = message({
  kind: 'request',
  name: 'FetchRequest',
  key: 1,
  versions: '4-18',
  flexible: '12+',
  listeners: ['broker', 'controller'],
  fields: {
    clusterId: string({ versions: '12+', nullable: '12+', default: null, tag: 0, tagged: '12+', ignorable: true }),
    replicaId: int32({ versions: '0-14', default: -1 }),
    replicaState: struct(
      {
        replicaId: int32({ versions: '15+', default: -1 }),
        replicaEpoch: int64({ versions: '15+', default: -1 }),
      },
      { versions: '15+', tag: 1, tagged: '15+' },
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ versions: '3+', default: 0x7fffffff, ignorable: true }),
    isolationLevel: int8({ versions: '4+', ignorable: true }),
    sessionId: int32({ versions: '7+', ignorable: true }),
    sessionEpoch: int32({ versions: '7+', default: -1, ignorable: true }),
    topics: structs({
      topic: string({ versions: '0-12', ignorable: true }),
      topicId: uuid({ versions: '13+', ignorable: true }),
      partitions: structs({
        partition: int32(),
        currentLeaderEpoch: int32({ versions: '9+', default: -1, ignorable: true }),
        fetchOffset: int64(),
        lastFetchedEpoch: int32({ versions: '12+', default: -1 }),
        logStartOffset: int64({ versions: '5+', default: -1, ignorable: true }),
        partitionMaxBytes: int32(),
        replicaDirectoryId: uuid({ versions: '17+', tag: 0, tagged: '17+', ignorable: true }),
        highWatermark: int64({ versions: '18+', default: Infinity, tag: 1, tagged: '18+', ignorable: true }),
      }),
    }),
    forgottenTopicsData: structs(
      {
        topic: string({ versions: '7-12', ignorable: true }),
        topicId: uuid({ versions: '13+', ignorable: true }),
        partitions: arrayOf(int32(), { versions: '7+' }),
      },
      { versions: '7+' },
    ),
    rackId: string({ versions: '11+', ignorable: true }),
  },
})
export interface FetchRequest extends Infer<typeof FetchRequest> {}

/**
 * Batches as they lie in the log: the first may begin before the asked offset, the last may be cut. Version 4 adds
 * aborted transactions and the last stable offset, version 12 where a follower diverges and who leads now, version 16
 * the endpoints of new leaders (KIP-951).
 */
export const FetchResponse = message({
  kind: 'response',
  name: 'FetchResponse',
  key: 1,
  versions: '4-18',
  flexible: '12+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'OFFSET_OUT_OF_RANGE',
    'CORRUPT_MESSAGE',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'NOT_LEADER_OR_FOLLOWER',
    'REPLICA_NOT_AVAILABLE',
    'TOPIC_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'KAFKA_STORAGE_ERROR',
    'FETCH_SESSION_ID_NOT_FOUND',
    'INVALID_FETCH_SESSION_EPOCH',
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_LEADER_EPOCH',
    'UNSUPPORTED_COMPRESSION_TYPE',
    'OFFSET_NOT_AVAILABLE',
    'UNKNOWN_TOPIC_ID',
    'INCONSISTENT_TOPIC_ID',
    'INCONSISTENT_CLUSTER_ID',
    'FETCH_SESSION_TOPIC_ID_ERROR',
    'OFFSET_MOVED_TO_TIERED_STORAGE',
  ],
  fields: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16({ versions: '7+', ignorable: true }),
    sessionId: int32({ versions: '7+' }),
    responses: structs({
      topic: string({ versions: '0-12', ignorable: true }),
      topicId: uuid({ versions: '13+', ignorable: true }),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
        highWatermark: int64(),
        lastStableOffset: int64({ versions: '4+', default: -1, ignorable: true }),
        logStartOffset: int64({ versions: '5+', default: -1, ignorable: true }),
        divergingEpoch: struct(
          {
            epoch: int32({ versions: '12+', default: -1 }),
            endOffset: int64({ versions: '12+', default: -1 }),
          },
          { versions: '12+', tag: 0, tagged: '12+' },
        ),
        currentLeader: struct(
          {
            leaderId: int32({ versions: '12+', default: -1 }),
            leaderEpoch: int32({ versions: '12+', default: -1 }),
          },
          { versions: '12+', tag: 1, tagged: '12+' },
        ),
        snapshotId: struct(
          {
            endOffset: int64({ default: -1 }),
            epoch: int32({ default: -1 }),
          },
          { versions: '12+', tag: 2, tagged: '12+' },
        ),
        abortedTransactions: structs(
          {
            producerId: int64({ versions: '4+' }),
            firstOffset: int64({ versions: '4+' }),
          },
          { versions: '4+', nullable: '4+', ignorable: true },
        ),
        preferredReadReplica: int32({ versions: '11+', default: -1 }),
        records: records({ nullable: '0+' }),
      }),
    }),
    nodeEndpoints: structs(
      {
        nodeId: int32({ versions: '16+' }),
        host: string({ versions: '16+' }),
        port: int32({ versions: '16+' }),
        rack: string({ versions: '16+', nullable: '16+', default: null }),
      },
      { versions: '16+', tag: 0, tagged: '16+' },
    ),
  },
})
export interface FetchResponse extends Infer<typeof FetchResponse> {}
