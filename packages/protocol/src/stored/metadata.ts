/**
 * Records of the metadata log (`__cluster_metadata`), which are all that a cluster knows about itself (KIP-631,
 * KIP-746).
 */
import {
  arrayOf,
  bool,
  bytes,
  float64,
  int16,
  int32,
  int64,
  int8,
  string,
  structs,
  uint16,
  uuid,
  type Infer,
} from '../declare.ts'
import { message } from '../message.ts'

/** Drops the records since {@link BeginTransactionRecord} (KIP-868). */
export const AbortTransactionRecord = message({
  kind: 'metadata',
  name: 'AbortTransactionRecord',
  key: 25,
  versions: '0',
  flexible: '0+',
  fields: {
    reason: string({ nullable: '0+', default: null, tag: 0, tagged: '0+' }),
  },
})
export interface AbortTransactionRecord extends Infer<typeof AbortTransactionRecord> {}

/** One access control entry, with an id of its own. */
export const AccessControlEntryRecord = message({
  kind: 'metadata',
  name: 'AccessControlEntryRecord',
  key: 18,
  versions: '0',
  flexible: '0+',
  fields: {
    id: uuid(),
    resourceType: int8(),
    resourceName: string(),
    patternType: int8(),
    principal: string(),
    host: string(),
    operation: int8(),
    permissionType: int8(),
  },
})
export interface AccessControlEntryRecord extends Infer<typeof AccessControlEntryRecord> {}

/** Opens a metadata transaction: what follows takes effect together, at its end (KIP-868). */
export const BeginTransactionRecord = message({
  kind: 'metadata',
  name: 'BeginTransactionRecord',
  key: 23,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string({ nullable: '0+', default: null, tag: 0, tagged: '0+' }),
  },
})
export interface BeginTransactionRecord extends Infer<typeof BeginTransactionRecord> {}

/**
 * Changes parts of a broker's registration: fenced (1) or unfenced (-1), in controlled shutdown, log directories
 * (KIP-858), cordoned directories.
 */
export const BrokerRegistrationChangeRecord = message({
  kind: 'metadata',
  name: 'BrokerRegistrationChangeRecord',
  key: 17,
  versions: '0-3',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    brokerEpoch: int64(),
    fenced: int8({ tag: 0, tagged: '0+' }),
    inControlledShutdown: int8({ versions: '1+', tag: 1, tagged: '1+' }),
    logDirs: arrayOf(uuid(), { versions: '2+', tag: 2, tagged: '2+' }),
    cordonedLogDirs: arrayOf(uuid(), { versions: '3+', nullable: '3+', default: null, tag: 3, tagged: '3+' }),
  },
})
export interface BrokerRegistrationChangeRecord extends Infer<typeof BrokerRegistrationChangeRecord> {}

/** Clears the eligible leader replicas of one topic, or of all when there is no name (KIP-966). */
export const ClearElrRecord = message({
  kind: 'metadata',
  name: 'ClearElrRecord',
  key: 28,
  versions: '0',
  flexible: '0+',
  fields: {
    topicName: string(),
  },
})
export interface ClearElrRecord extends Infer<typeof ClearElrRecord> {}

/** Sets one quota of one entity, or removes it. */
export const ClientQuotaRecord = message({
  kind: 'metadata',
  name: 'ClientQuotaRecord',
  key: 14,
  versions: '0',
  flexible: '0+',
  fields: {
    entity: structs({
      entityType: string(),
      entityName: string({ nullable: '0+' }),
    }),
    key: string(),
    value: float64(),
    remove: bool(),
  },
})
export interface ClientQuotaRecord extends Infer<typeof ClientQuotaRecord> {}

/** Sets one configuration key of one resource; null removes it. */
export const ConfigRecord = message({
  kind: 'metadata',
  name: 'ConfigRecord',
  key: 4,
  versions: '0',
  flexible: '0+',
  fields: {
    resourceType: int8(),
    resourceName: string(),
    name: string(),
    value: string({ nullable: '0+' }),
  },
})
export interface ConfigRecord extends Infer<typeof ConfigRecord> {}

/** Creates or renews a delegation token (KIP-48). */
export const DelegationTokenRecord = message({
  kind: 'metadata',
  name: 'DelegationTokenRecord',
  key: 10,
  versions: '0',
  flexible: '0+',
  fields: {
    owner: string(),
    requester: string(),
    renewers: arrayOf(string()),
    issueTimestamp: int64(),
    maxTimestamp: int64(),
    expirationTimestamp: int64(),
    tokenId: string(),
  },
})
export interface DelegationTokenRecord extends Infer<typeof DelegationTokenRecord> {}

/** Closes a metadata transaction: its records take effect (KIP-868). */
export const EndTransactionRecord = message({
  kind: 'metadata',
  name: 'EndTransactionRecord',
  key: 24,
  versions: '0',
  flexible: '0+',
  fields: {},
})
export interface EndTransactionRecord extends Infer<typeof EndTransactionRecord> {}

/**
 * Finalizes a feature at a level; 0 removes it. The one for metadata.version comes first in every log and snapshot, so
 * this record can never get another version.
 */
export const FeatureLevelRecord = message({
  kind: 'metadata',
  name: 'FeatureLevelRecord',
  key: 12,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string(),
    featureLevel: int16(),
  },
})
export interface FeatureLevelRecord extends Infer<typeof FeatureLevelRecord> {}

/** Fences a broker, by id and epoch. Newer logs carry {@link BrokerRegistrationChangeRecord} instead. */
export const FenceBrokerRecord = message({
  kind: 'metadata',
  name: 'FenceBrokerRecord',
  key: 7,
  versions: '0',
  flexible: '0+',
  fields: {
    id: int32(),
    epoch: int64(),
  },
})
export interface FenceBrokerRecord extends Infer<typeof FenceBrokerRecord> {}

/** Changes nothing: the active controller writes it now and then, so that the log goes on (KIP-835). */
export const NoOpRecord = message({
  kind: 'metadata',
  name: 'NoOpRecord',
  key: 20,
  versions: '0',
  flexible: '0+',
  fields: {},
})
export interface NoOpRecord extends Infer<typeof NoOpRecord> {}

/**
 * Changes parts of a partition. Absent fields (null, -2 as leader, -1) stay as they are; a change of leader raises the
 * leader epoch, every change the partition epoch. Version 1 adds directories (KIP-858), version 2 eligible leader
 * replicas (KIP-966).
 */
export const PartitionChangeRecord = message({
  kind: 'metadata',
  name: 'PartitionChangeRecord',
  key: 5,
  versions: '0-2',
  flexible: '0+',
  fields: {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    isr: arrayOf(int32(), { nullable: '0+', default: null, tag: 0, tagged: '0+' }),
    leader: int32({ default: -2, tag: 1, tagged: '0+' }),
    replicas: arrayOf(int32(), { nullable: '0+', default: null, tag: 2, tagged: '0+' }),
    removingReplicas: arrayOf(int32(), { nullable: '0+', default: null, tag: 3, tagged: '0+' }),
    addingReplicas: arrayOf(int32(), { nullable: '0+', default: null, tag: 4, tagged: '0+' }),
    leaderRecoveryState: int8({ default: -1, tag: 5, tagged: '0+' }),
    directories: arrayOf(uuid(), { versions: '1+', nullable: '1+', default: null, tag: 8, tagged: '1+' }),
    eligibleLeaderReplicas: arrayOf(int32(), { versions: '2+', nullable: '2+', default: null, tag: 6, tagged: '2+' }),
    lastKnownElr: arrayOf(int32(), { versions: '2+', nullable: '2+', default: null, tag: 7, tagged: '2+' }),
  },
})
export interface PartitionChangeRecord extends Infer<typeof PartitionChangeRecord> {}

/**
 * A partition as a whole: replicas, in-sync replicas, leader, epochs. Version 1 adds directories (KIP-858), version 2
 * eligible leader replicas (KIP-966).
 */
export const PartitionRecord = message({
  kind: 'metadata',
  name: 'PartitionRecord',
  key: 3,
  versions: '0-2',
  flexible: '0+',
  fields: {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    replicas: arrayOf(int32()),
    isr: arrayOf(int32()),
    removingReplicas: arrayOf(int32()),
    addingReplicas: arrayOf(int32()),
    leader: int32({ default: -1 }),
    leaderRecoveryState: int8({ tag: 0, tagged: '0+' }),
    leaderEpoch: int32({ default: -1 }),
    partitionEpoch: int32({ default: -1 }),
    directories: arrayOf(uuid(), { versions: '1+' }),
    eligibleLeaderReplicas: arrayOf(int32(), { versions: '2+', nullable: '2+', default: null, tag: 1, tagged: '2+' }),
    lastKnownElr: arrayOf(int32(), { versions: '2+', nullable: '2+', default: null, tag: 2, tagged: '2+' }),
  },
})
export interface PartitionRecord extends Infer<typeof PartitionRecord> {}

/** The next producer id that is free, after a block went to a broker (KIP-730). */
export const ProducerIdsRecord = message({
  kind: 'metadata',
  name: 'ProducerIdsRecord',
  key: 15,
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    nextProducerId: int64(),
  },
})
export interface ProducerIdsRecord extends Infer<typeof ProducerIdsRecord> {}

/**
 * A broker's registration: incarnation, epoch, endpoints, features. Version 1 adds controlled shutdown (KIP-841),
 * version 2 the migration from ZooKeeper, version 3 log directories (KIP-858); version 4 allows features that begin at
 * 0.
 */
export const RegisterBrokerRecord = message({
  kind: 'metadata',
  name: 'RegisterBrokerRecord',
  key: 0,
  versions: '0-4',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    isMigratingZkBroker: bool({ versions: '2+' }),
    incarnationId: uuid(),
    brokerEpoch: int64(),
    endPoints: structs({
      name: string(),
      host: string(),
      port: uint16(),
      securityProtocol: int16(),
    }),
    features: structs({
      name: string(),
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
    rack: string({ nullable: '0+' }),
    fenced: bool({ default: true }),
    inControlledShutdown: bool({ versions: '1+' }),
    logDirs: arrayOf(uuid(), { versions: '3+', tag: 0, tagged: '3+' }),
    cordonedLogDirs: arrayOf(uuid(), { versions: '4+', nullable: '4+', default: null, tag: 1, tagged: '4+' }),
  },
})
export interface RegisterBrokerRecord extends Infer<typeof RegisterBrokerRecord> {}

/** A controller's registration (KIP-919). */
export const RegisterControllerRecord = message({
  kind: 'metadata',
  name: 'RegisterControllerRecord',
  key: 27,
  versions: '0',
  flexible: '0+',
  fields: {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
    endPoints: structs({
      name: string(),
      host: string(),
      port: uint16(),
      securityProtocol: int16(),
    }),
    features: structs({
      name: string(),
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
  },
})
export interface RegisterControllerRecord extends Infer<typeof RegisterControllerRecord> {}

/** Removes an access control entry by its id. */
export const RemoveAccessControlEntryRecord = message({
  kind: 'metadata',
  name: 'RemoveAccessControlEntryRecord',
  key: 19,
  versions: '0',
  flexible: '0+',
  fields: {
    id: uuid(),
  },
})
export interface RemoveAccessControlEntryRecord extends Infer<typeof RemoveAccessControlEntryRecord> {}

/** Removes a delegation token. */
export const RemoveDelegationTokenRecord = message({
  kind: 'metadata',
  name: 'RemoveDelegationTokenRecord',
  key: 26,
  versions: '0',
  flexible: '0+',
  fields: {
    tokenId: string(),
  },
})
export interface RemoveDelegationTokenRecord extends Infer<typeof RemoveDelegationTokenRecord> {}

/** Removes a topic with its partitions and configuration. */
export const RemoveTopicRecord = message({
  kind: 'metadata',
  name: 'RemoveTopicRecord',
  key: 9,
  versions: '0',
  flexible: '0+',
  fields: {
    topicId: uuid(),
  },
})
export interface RemoveTopicRecord extends Infer<typeof RemoveTopicRecord> {}

/** Removes the credential of a user for one mechanism. */
export const RemoveUserScramCredentialRecord = message({
  kind: 'metadata',
  name: 'RemoveUserScramCredentialRecord',
  key: 22,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string(),
    mechanism: int8(),
  },
})
export interface RemoveUserScramCredentialRecord extends Infer<typeof RemoveUserScramCredentialRecord> {}

/** Gives a topic its name and id; its partitions follow. */
export const TopicRecord = message({
  kind: 'metadata',
  name: 'TopicRecord',
  key: 2,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string(),
    topicId: uuid(),
  },
})
export interface TopicRecord extends Infer<typeof TopicRecord> {}

/** Unfences a broker, by id and epoch. Newer logs carry {@link BrokerRegistrationChangeRecord} instead. */
export const UnfenceBrokerRecord = message({
  kind: 'metadata',
  name: 'UnfenceBrokerRecord',
  key: 8,
  versions: '0',
  flexible: '0+',
  fields: {
    id: int32(),
    epoch: int64(),
  },
})
export interface UnfenceBrokerRecord extends Infer<typeof UnfenceBrokerRecord> {}

/** Removes a broker's registration, by id and epoch. */
export const UnregisterBrokerRecord = message({
  kind: 'metadata',
  name: 'UnregisterBrokerRecord',
  key: 1,
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    brokerEpoch: int64(),
  },
})
export interface UnregisterBrokerRecord extends Infer<typeof UnregisterBrokerRecord> {}

/** The SCRAM credential of a user for one mechanism: salt, stored key, server key and iterations (KIP-554). */
export const UserScramCredentialRecord = message({
  kind: 'metadata',
  name: 'UserScramCredentialRecord',
  key: 11,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string(),
    mechanism: int8(),
    salt: bytes(),
    storedKey: bytes(),
    serverKey: bytes(),
    iterations: int32(),
  },
})
export interface UserScramCredentialRecord extends Infer<typeof UserScramCredentialRecord> {}

/** A step of the migration from ZooKeeper. Nobody writes it any more, but logs of clusters that migrated hold it. */
export const ZkMigrationRecord = message({
  kind: 'metadata',
  name: 'ZkMigrationStateRecord',
  key: 21,
  versions: '0',
  flexible: '0+',
  fields: {
    zkMigrationState: int8(),
  },
})
export interface ZkMigrationRecord extends Infer<typeof ZkMigrationRecord> {}
