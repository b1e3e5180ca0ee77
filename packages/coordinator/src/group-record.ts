/**
 * The records of `__consumer_offsets`: key = int16 type + message, value = int16 version + message.
 *
 * The types this machine writes are group metadata (2) and offset commits (1; 0 is their old number). All other types
 * belong to group protocols that other machines serve. They are read only as far as their group and whether they are a
 * tombstone, and their key is kept byte for byte, so that removing such a group writes exactly the tombstones that
 * compaction needs.
 *
 * Source: Apache Kafka's group-coordinator message definitions.
 */
import { GroupMetadataKey, GroupMetadataValue, OffsetCommitKey, OffsetCommitValue, Reader } from '@braidlog/protocol'
import type { StoredRecord } from './replicated-machine.ts'

export type GroupRecord =
  | { readonly kind: 'group'; readonly groupId: string; readonly value: GroupMetadataValue | null }
  | {
      readonly kind: 'offset'
      readonly groupId: string
      readonly topic: string
      readonly partition: number
      readonly value: OffsetCommitValue | null
    }
  | ForeignRecord

/** A record of another group protocol. */
export interface ForeignRecord {
  readonly kind: 'foreign'
  readonly groupId: string
  readonly protocol: ForeignProtocol
  readonly key: Uint8Array
  /** The record carries a value; a tombstone does not. This machine only writes tombstones. */
  readonly alive: boolean
}

export type ForeignProtocol = 'consumer' | 'share' | 'streams'

/** Version 4 only differs by being flexible; Apache Kafka writes 3, which every release since 2.3 reads. */
const GROUP_METADATA_VERSION = 3
/** The only version with an expire timestamp, which commits up to OffsetCommit v4 may ask for. */
const OFFSET_WITH_EXPIRY_VERSION = 1
/** Carries the topic id as a tagged field; written by Apache Kafka since 4.1. */
const OFFSET_VERSION = 4

const LEGACY_OFFSET_TYPE = 0
const OFFSET_TYPE = 1
const GROUP_TYPE = 2

function foreignProtocolOf(type: number): ForeignProtocol | undefined {
  if ((type >= 3 && type <= 8) || type === 16) return 'consumer'
  if (type >= 10 && type <= 15) return 'share'
  if (type === 17 || (type >= 19 && type <= 23)) return 'streams'
  return undefined
}

function prefixed(prefix: number, message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + message.length)
  bytes[0] = prefix >> 8
  bytes[1] = prefix
  bytes.set(message, 2)
  return bytes
}

/** @returns fresh bytes, except for a foreign key, which is passed on. */
export function encodeGroupRecord(record: GroupRecord): StoredRecord {
  switch (record.kind) {
    case 'group': {
      const key = prefixed(GROUP_TYPE, GroupMetadataKey.encode({ group: record.groupId }, 0))
      if (record.value === null) return { key, value: null }
      const version = GROUP_METADATA_VERSION
      return { key, value: prefixed(version, GroupMetadataValue.encode(record.value, version)) }
    }
    case 'offset': {
      const { groupId: group, topic, partition } = record
      const key = prefixed(OFFSET_TYPE, OffsetCommitKey.encode({ group, topic, partition }, 0))
      if (record.value === null) return { key, value: null }
      const version = record.value.expireTimestamp === -1 ? OFFSET_VERSION : OFFSET_WITH_EXPIRY_VERSION
      return { key, value: prefixed(version, OffsetCommitValue.encode(record.value, version)) }
    }
    case 'foreign':
      return { key: record.key, value: null }
    default:
      return record satisfies never
  }
}

/**
 * Reads one record. The result holds no views of the input: the bytes may be reused.
 * @returns `undefined` for a type that this release does not know; its record stays in the log untouched
 * @throws ProtocolError when the bytes are no such message
 */
export function decodeGroupRecord(key: Uint8Array, value: Uint8Array | null): GroupRecord | undefined {
  const reader = new Reader(key)
  const type = reader.int16()
  switch (type) {
    case LEGACY_OFFSET_TYPE:
    case OFFSET_TYPE: {
      const { group: groupId, topic, partition } = OffsetCommitKey.readToEnd(reader, 0)
      return { kind: 'offset', groupId, topic, partition, value: value && decodeValue(OffsetCommitValue, value) }
    }
    case GROUP_TYPE: {
      const { group: groupId } = GroupMetadataKey.readToEnd(reader, 0)
      return { kind: 'group', groupId, value: value && copyViews(decodeValue(GroupMetadataValue, value)) }
    }
    default: {
      const protocol = foreignProtocolOf(type)
      if (protocol === undefined) return undefined
      // Every key of these types begins with the group id.
      const groupId = GroupMetadataKey.read(reader, 0).group
      return { kind: 'foreign', groupId, protocol, key: key.slice(), alive: value !== null }
    }
  }
}

function decodeValue<T>(message: { readToEnd(reader: Reader, version: number): T }, bytes: Uint8Array): T {
  const reader = new Reader(bytes)
  return message.readToEnd(reader, reader.int16())
}

function copyViews(value: GroupMetadataValue): GroupMetadataValue {
  for (const member of value.members) {
    member.subscription = member.subscription.slice()
    member.assignment = member.assignment.slice()
  }
  return value
}
