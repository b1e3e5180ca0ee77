/** Files beside the log, and the records of `__remote_log_metadata` (KIP-405). */
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

/**
 * The file `.snapshot` beside a segment: every producer of the partition as of the segment's base offset. The CRC-32C
 * covers what follows it.
 */
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

/** A segment that is being copied to remote storage (KIP-405). */
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

/** A remote segment in a snapshot of the remote metadata; the partition is known from the file. */
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

/** A new state of a remote segment: copied, being deleted, deleted. */
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

/** How far the deletion of a remote partition has come. */
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
