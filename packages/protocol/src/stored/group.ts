/** Records of classic groups and of committed offsets in `__consumer_offsets`. */
import { bytes, int32, int64, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Key of a classic group. */
export const GroupMetadataKey = message({
  kind: 'key',
  name: 'GroupMetadataKey',
  key: 2,
  versions: '0',
  flexible: 'none',
  fields: {
    group: string({ versions: '0' }),
  },
})
export interface GroupMetadataKey extends Infer<typeof GroupMetadataKey> {}

const MemberMetadataFields = {
  memberId: string(),
  groupInstanceId: string({ versions: '3+', nullable: '3+', default: null, ignorable: true }),
  clientId: string(),
  clientHost: string(),
  rebalanceTimeout: int32({ versions: '1+', default: -1, ignorable: true }),
  sessionTimeout: int32(),
  subscription: bytes(),
  assignment: bytes(),
}

/**
 * A classic group as of its last completed rebalance, with every member's subscription and assignment. Version 1 adds
 * rebalance time limits, version 2 the time of the last change, version 3 static instance ids (KIP-345), version 4 is
 * flexible (KIP-915: only tagged fields may be added from there on).
 */
export const GroupMetadataValue = message({
  kind: 'value',
  name: 'GroupMetadataValue',
  key: 2,
  versions: '0-4',
  flexible: '4+',
  fields: {
    protocolType: string(),
    generation: int32(),
    protocol: string({ nullable: '0+' }),
    leader: string({ nullable: '0+' }),
    currentStateTimestamp: int64({ versions: '2+', default: -1, ignorable: true }),
    members: structs(MemberMetadataFields),
  },
})
export interface GroupMetadataValue extends Infer<typeof GroupMetadataValue> {}

/** Key of a committed offset in its first format (type 0); readers treat it like {@link OffsetCommitKey}. */
export const LegacyOffsetCommitKey = message({
  kind: 'key',
  name: 'LegacyOffsetCommitKey',
  key: 0,
  versions: '0',
  flexible: 'none',
  fields: {
    group: string({ versions: '0' }),
    topic: string({ versions: '0' }),
    partition: int32({ versions: '0' }),
  },
})
export interface LegacyOffsetCommitKey extends Infer<typeof LegacyOffsetCommitKey> {}

/** Value of the first format of a committed offset, before retention and leader epochs. */
export const LegacyOffsetCommitValue = message({
  kind: 'value',
  name: 'LegacyOffsetCommitValue',
  key: 0,
  versions: '0',
  flexible: 'none',
  fields: {
    offset: int64({ versions: '0' }),
    metadata: string({ versions: '0' }),
    commitTimestamp: int64({ versions: '0' }),
  },
})
export interface LegacyOffsetCommitValue extends Infer<typeof LegacyOffsetCommitValue> {}

/** Key of a committed offset: group, topic and partition. */
export const OffsetCommitKey = message({
  kind: 'key',
  name: 'OffsetCommitKey',
  key: 1,
  versions: '0',
  flexible: 'none',
  fields: {
    group: string({ versions: '0' }),
    topic: string({ versions: '0' }),
    partition: int32({ versions: '0' }),
  },
})
export interface OffsetCommitKey extends Infer<typeof OffsetCommitKey> {}

/**
 * A committed offset. Version 1 is written only with an expire timestamp of its own, version 3 adds the leader epoch,
 * version 4 is flexible and adds the topic id. Readers accept all of them.
 */
export const OffsetCommitValue = message({
  kind: 'value',
  name: 'OffsetCommitValue',
  key: 1,
  versions: '0-4',
  flexible: '4+',
  fields: {
    offset: int64(),
    leaderEpoch: int32({ versions: '3+', default: -1, ignorable: true }),
    metadata: string(),
    commitTimestamp: int64(),
    expireTimestamp: int64({ versions: '1', default: -1, ignorable: true }),
    topicId: uuid({ versions: '4+', tag: 0, tagged: '4+', ignorable: true }),
  },
})
export interface OffsetCommitValue extends Infer<typeof OffsetCommitValue> {}
