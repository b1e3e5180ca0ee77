/**
 * Records of the share coordinator in `__share_group_state` (KIP-932): a snapshot now and then, and updates in between.
 */
import { int16, int32, int64, int8, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Key of the state of a share partition: group, topic id, partition (KIP-932). */
export const ShareSnapshotKey = message({
  kind: 'key',
  name: 'ShareSnapshotKey',
  key: 0,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
    topicId: uuid({ versions: '0' }),
    partition: int32({ versions: '0' }),
  },
})
export interface ShareSnapshotKey extends Infer<typeof ShareSnapshotKey> {}

/** The whole state of a share partition: start offset, epochs and the states of the records beyond. */
export const ShareSnapshotValue = message({
  kind: 'value',
  name: 'ShareSnapshotValue',
  key: 0,
  versions: '0',
  flexible: '0+',
  fields: {
    snapshotEpoch: int32(),
    stateEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32({ default: -1, tag: 0, tagged: '0+' }),
    createTimestamp: int64(),
    writeTimestamp: int64(),
    stateBatches: structs({
      firstOffset: int64(),
      lastOffset: int64(),
      deliveryState: int8(),
      deliveryCount: int16(),
    }),
  },
})
export interface ShareSnapshotValue extends Infer<typeof ShareSnapshotValue> {}

/** Key of a change since the last snapshot. */
export const ShareUpdateKey = message({
  kind: 'key',
  name: 'ShareUpdateKey',
  key: 1,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string({ versions: '0' }),
    topicId: uuid({ versions: '0' }),
    partition: int32({ versions: '0' }),
  },
})
export interface ShareUpdateKey extends Infer<typeof ShareUpdateKey> {}

/** Only the batches that changed since the snapshot with the same epoch, and the start offset when it moved. */
export const ShareUpdateValue = message({
  kind: 'value',
  name: 'ShareUpdateValue',
  key: 1,
  versions: '0',
  flexible: '0+',
  fields: {
    snapshotEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32({ default: -1, tag: 0, tagged: '0+' }),
    stateBatches: structs({
      firstOffset: int64(),
      lastOffset: int64(),
      deliveryState: int8(),
      deliveryCount: int16(),
    }),
  },
})
export interface ShareUpdateValue extends Infer<typeof ShareUpdateValue> {}
