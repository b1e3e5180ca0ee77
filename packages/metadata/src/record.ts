/**
 * Metadata records: the only way in which the cluster's metadata changes.
 *
 * In the log a record has no key, and its value is
 *
 *     uvarint frame version (1) | uvarint record type | uvarint record version | message
 *
 * Source: `MetadataRecordSerde` of Apache Kafka; the 26 record types of 4.3.
 */
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
  type Infer,
  type Input,
} from '@braidlog/protocol'

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
