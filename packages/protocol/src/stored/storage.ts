/** Storage. */
import {
  bool,
  bytes,
  int16,
  int32,
  int64,
  int8,
  string,
  struct,
  structs,
  uint32,
  uuid,
  type Infer,
} from '../declare.ts'
import { message } from '../message.ts'

export const ProducerSnapshot = message({
  kind: 'data',
  name: 'ProducerSnapshot',
  versions: '1',
  flexible: 'none',
  fields: {
    crc: uint32({ versions: '1' }),
    producerEntries: structs(
      {
        producerId: int64({ versions: '1' }),
        epoch: int16({ versions: '1' }),
        lastSequence: int32({ versions: '1' }),
        lastOffset: int64({ versions: '1' }),
        offsetDelta: int32({ versions: '1' }),
        timestamp: int64({ versions: '1' }),
        coordinatorEpoch: int32({ versions: '1' }),
        currentTxnFirstOffset: int64({ versions: '1' }),
      },
      { versions: '1' },
    ),
  },
})
export interface ProducerSnapshot extends Infer<typeof ProducerSnapshot> {}

export const RemoteLogSegmentMetadataRecord = message({
  kind: 'metadata',
  name: 'RemoteLogSegmentMetadataRecord',
  key: 0,
  versions: '0',
  flexible: '0+',
  fields: {
    remoteLogSegmentId: struct({
      topicIdPartition: struct({
        name: string(),
        id: uuid(),
        partition: int32(),
      }),
      id: uuid(),
    }),
    startOffset: int64(),
    endOffset: int64(),
    brokerId: int32(),
    maxTimestampMs: int64(),
    eventTimestampMs: int64(),
    segmentLeaderEpochs: structs({
      leaderEpoch: int32(),
      offset: int64(),
    }),
    segmentSizeInBytes: int32(),
    customMetadata: bytes({ nullable: '0+', default: null }),
    remoteLogSegmentState: int8(),
    txnIndexEmpty: bool({ tag: 0, tagged: '0+' }),
  },
})
export interface RemoteLogSegmentMetadataRecord extends Infer<typeof RemoteLogSegmentMetadataRecord> {}

export const RemoteLogSegmentMetadataSnapshotRecord = message({
  kind: 'metadata',
  name: 'RemoteLogSegmentMetadataSnapshotRecord',
  key: 3,
  versions: '0',
  flexible: '0+',
  fields: {
    segmentId: uuid(),
    startOffset: int64(),
    endOffset: int64(),
    brokerId: int32(),
    maxTimestampMs: int64(),
    eventTimestampMs: int64(),
    segmentLeaderEpochs: structs({
      leaderEpoch: int32(),
      offset: int64(),
    }),
    segmentSizeInBytes: int32(),
    customMetadata: bytes({ nullable: '0+', default: null }),
    remoteLogSegmentState: int8(),
    txnIndexEmpty: bool({ tag: 0, tagged: '0+' }),
  },
})
export interface RemoteLogSegmentMetadataSnapshotRecord extends Infer<typeof RemoteLogSegmentMetadataSnapshotRecord> {}

export const RemoteLogSegmentMetadataUpdateRecord = message({
  kind: 'metadata',
  name: 'RemoteLogSegmentMetadataUpdateRecord',
  key: 1,
  versions: '0',
  flexible: '0+',
  fields: {
    remoteLogSegmentId: struct({
      topicIdPartition: struct({
        name: string(),
        id: uuid(),
        partition: int32(),
      }),
      id: uuid(),
    }),
    brokerId: int32(),
    eventTimestampMs: int64(),
    customMetadata: bytes({ nullable: '0+', default: null }),
    remoteLogSegmentState: int8(),
  },
})
export interface RemoteLogSegmentMetadataUpdateRecord extends Infer<typeof RemoteLogSegmentMetadataUpdateRecord> {}

export const RemotePartitionDeleteMetadataRecord = message({
  kind: 'metadata',
  name: 'RemotePartitionDeleteMetadataRecord',
  key: 2,
  versions: '0',
  flexible: '0+',
  fields: {
    topicIdPartition: struct({
      name: string(),
      id: uuid(),
      partition: int32(),
    }),
    brokerId: int32(),
    eventTimestampMs: int64(),
    remotePartitionDeleteState: int8(),
  },
})
export interface RemotePartitionDeleteMetadataRecord extends Infer<typeof RemotePartitionDeleteMetadataRecord> {}
