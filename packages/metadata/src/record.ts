/**
 * Metadata records: the only way in which the cluster's metadata changes.
 *
 * In the log a record has no key, and its value is
 *
 *     uvarint frame version (1) | uvarint record type | uvarint record version | message
 *
 * Source: `MetadataRecordSerde` of Apache Kafka; the 26 record types of 4.3.
 */
import { assert } from '@braidlog/base'
import { ZERO_UUID } from '@braidlog/model'
import {
  AbortTransactionRecord,
  AccessControlEntryRecord,
  BeginTransactionRecord,
  BrokerRegistrationChangeRecord,
  ClearElrRecord,
  ClientQuotaRecord,
  ConfigRecord,
  DelegationTokenRecord,
  EndTransactionRecord,
  FeatureLevelRecord,
  FenceBrokerRecord,
  NoOpRecord,
  PartitionChangeRecord,
  PartitionRecord,
  ProducerIdsRecord,
  RegisterBrokerRecord,
  RegisterControllerRecord,
  RemoveAccessControlEntryRecord,
  RemoveDelegationTokenRecord,
  RemoveTopicRecord,
  RemoveUserScramCredentialRecord,
  TopicRecord,
  UnfenceBrokerRecord,
  UnregisterBrokerRecord,
  UserScramCredentialRecord,
  ZkMigrationRecord,
  Reader,
  type Field,
  type Fields,
  type Infer,
  type Input,
  type Message,
} from '@braidlog/protocol'
import { MetadataError } from './errors.ts'

/** Every record type by its name without the word Record. */
export const METADATA_RECORDS = {
  AbortTransaction: AbortTransactionRecord,
  AccessControlEntry: AccessControlEntryRecord,
  BeginTransaction: BeginTransactionRecord,
  BrokerRegistrationChange: BrokerRegistrationChangeRecord,
  ClearElr: ClearElrRecord,
  ClientQuota: ClientQuotaRecord,
  Config: ConfigRecord,
  DelegationToken: DelegationTokenRecord,
  EndTransaction: EndTransactionRecord,
  FeatureLevel: FeatureLevelRecord,
  FenceBroker: FenceBrokerRecord,
  NoOp: NoOpRecord,
  Partition: PartitionRecord,
  PartitionChange: PartitionChangeRecord,
  ProducerIds: ProducerIdsRecord,
  RegisterBroker: RegisterBrokerRecord,
  RegisterController: RegisterControllerRecord,
  RemoveAccessControlEntry: RemoveAccessControlEntryRecord,
  RemoveDelegationToken: RemoveDelegationTokenRecord,
  RemoveTopic: RemoveTopicRecord,
  RemoveUserScramCredential: RemoveUserScramCredentialRecord,
  Topic: TopicRecord,
  UnfenceBroker: UnfenceBrokerRecord,
  UnregisterBroker: UnregisterBrokerRecord,
  UserScramCredential: UserScramCredentialRecord,
  ZkMigration: ZkMigrationRecord,
} as const

export type MetadataRecordType = keyof typeof METADATA_RECORDS
type ValueOf<T extends MetadataRecordType> = Infer<(typeof METADATA_RECORDS)[T]>

/** One record: its type, the version it is written in, and its message. */
export type MetadataRecord = {
  [T in MetadataRecordType]: { readonly type: T; readonly version: number; readonly value: ValueOf<T> }
}[MetadataRecordType]

export type MetadataRecordOf<T extends MetadataRecordType> = Extract<MetadataRecord, { readonly type: T }>
export type MetadataRecordInput<T extends MetadataRecordType> = Input<ValueOf<T>>

type Values = Readonly<Record<string, object>>

const FRAME_VERSION = 1

const TYPE_BY_KEY = new Map<number, MetadataRecordType>(
  Object.entries(METADATA_RECORDS).map(([type, declaration]) => [declaration.key!, type as MetadataRecordType]),
)

/** Builds a record; fields that are left out take their defaults. */
export function metadataRecord<T extends MetadataRecordType>(
  type: T,
  value: MetadataRecordInput<T>,
  version = 0,
): MetadataRecordOf<T> {
  return {
    type,
    version,
    value: withDefaults(METADATA_RECORDS[type].fields, value as Values),
  } as unknown as MetadataRecordOf<T>
}

/** @returns the value of a log record: frame and message. */
export function encodeMetadataRecord(record: MetadataRecord): Uint8Array {
  const declaration: Message = METADATA_RECORDS[record.type]
  const message = declaration.encode(record.value as Values, record.version)
  const frame = [FRAME_VERSION, declaration.key!, record.version]
  assert(
    frame.every((each) => each < 0x80),
    'a frame number of more than one byte',
  )
  const bytes = new Uint8Array(frame.length + message.length)
  bytes.set(frame)
  bytes.set(message, frame.length)
  return bytes
}

/**
 * Reads the value of a log record. Byte fields are views of `bytes`.
 * @throws MetadataError `UNKNOWN_RECORD` for a type or version of a newer release; ProtocolError for malformed bytes
 */
export function decodeMetadataRecord(bytes: Uint8Array): MetadataRecord {
  const reader = new Reader(bytes)
  const frameVersion = reader.uvarint()
  if (frameVersion !== FRAME_VERSION) {
    throw new MetadataError('UNKNOWN_RECORD', `metadata record frame version ${frameVersion}; only version 1 is known`)
  }
  const key = reader.uvarint()
  const version = reader.uvarint()
  const type = TYPE_BY_KEY.get(key)
  if (type === undefined) {
    throw new MetadataError('UNKNOWN_RECORD', `metadata record type ${key} is not known; a newer release wrote it`)
  }
  const declaration: Message = METADATA_RECORDS[type]
  if (version < declaration.versionMin || version > declaration.versionMax) {
    throw new MetadataError(
      'UNKNOWN_RECORD',
      `${declaration.name} version ${version} is not known (highest: ${declaration.versionMax}); a newer release wrote it`,
    )
  }
  const value = declaration.read(reader, version)
  if (reader.remaining() > 0) {
    throw new MetadataError('CORRUPT', `${reader.remaining()} bytes follow the ${declaration.name}`)
  }
  return { type, version, value } as unknown as MetadataRecord
}

function withDefaults(fields: Fields, value: Values): Record<string, unknown> {
  const complete: Record<string, unknown> = {}
  for (const name of Object.keys(fields)) {
    const field = fields[name]!
    const given = value[name]
    if (given === undefined) complete[name] = defaultOf(field)
    else if (field.fields !== undefined && Array.isArray(given)) {
      const { fields: inner } = field
      complete[name] = given.map((each) => withDefaults(inner, each as Values))
    } else complete[name] = given
  }
  return complete
}

function defaultOf(field: Field<unknown>): unknown {
  if (field.default !== undefined) return field.default
  switch (field.type) {
    case 'bool':
      return false
    case 'string':
      return ''
    case 'uuid':
      return ZERO_UUID
    case 'array':
      return []
    case 'bytes':
    case 'records':
      return new Uint8Array(0)
    case 'struct':
      return withDefaults(field.fields!, {})
    default:
      return 0
  }
}
