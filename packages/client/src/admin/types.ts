/** What the admin calls take and return: plain objects, one per item. */
import type { CallOptions, OffsetInput, TopicPartition } from '../record.ts'

export interface NewTopic {
  readonly name: string
  /** The broker's default unless given. */
  readonly partitions?: number | undefined
  readonly replicationFactor?: number | undefined
  /** Brokers per partition, the preferred leader first; instead of the two counts. */
  readonly assignments?: readonly (readonly number[])[] | undefined
  readonly configs?: Readonly<Record<string, string | number | boolean>> | undefined
}

export interface NewPartitions {
  readonly topic: string
  /** How many the topic shall have in all. */
  readonly count: number
  /** Brokers of each added partition; the controller's choice unless given. */
  readonly assignments?: readonly (readonly number[])[] | undefined
}

export interface CreatedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: readonly ConfigEntry[]
}

export interface TopicListing {
  readonly name: string
  readonly topicId: string
  readonly internal: boolean
  readonly partitions: number
}

export interface TopicDescription {
  readonly name: string
  readonly topicId: string
  readonly internal: boolean
  readonly partitions: readonly PartitionDescription[]
  readonly authorizedOperations: readonly string[] | null
}

export interface PartitionDescription {
  readonly partition: number
  /** Node id of the leader; `null` when there is none. */
  readonly leader: number | null
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly offlineReplicas: readonly number[]
  readonly eligibleLeaderReplicas: readonly number[]
  readonly lastKnownElr: readonly number[]
}

export interface BrokerDescription {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
  readonly fenced: boolean
}

export interface ClusterDescription {
  readonly clusterId: string
  readonly controller: number | null
  readonly brokers: readonly BrokerDescription[]
  readonly authorizedOperations: readonly string[] | null
}

export interface FeaturesDescription {
  readonly epoch: number | null
  readonly features: readonly {
    readonly name: string
    readonly finalized: number | null
    readonly supportedMin: number
    readonly supportedMax: number
  }[]
}

export interface FeatureUpdate {
  readonly name: string
  readonly level: number
  /** Default: `upgrade`. A safe downgrade is refused where it would lose metadata. */
  readonly kind?: 'upgrade' | 'safe-downgrade' | 'unsafe-downgrade'
}

export type ConfigResourceType = 'topic' | 'broker' | 'brokerLogger' | 'clientMetrics' | 'group'

export interface ConfigResource {
  readonly type: ConfigResourceType
  readonly name: string
}

export type ConfigSource =
  | 'unknown'
  | 'topic'
  | 'dynamicBroker'
  | 'dynamicDefaultBroker'
  | 'staticBroker'
  | 'default'
  | 'dynamicBrokerLogger'
  | 'clientMetrics'
  | 'group'

export type ConfigType =
  | 'unknown'
  | 'boolean'
  | 'string'
  | 'int'
  | 'short'
  | 'long'
  | 'double'
  | 'list'
  | 'class'
  | 'password'

export interface ConfigEntry {
  readonly name: string
  /** `null` when not set, and for sensitive values. */
  readonly value: string | null
  readonly source: ConfigSource
  readonly isDefault: boolean
  readonly readOnly: boolean
  readonly sensitive: boolean
  readonly type: ConfigType
  readonly documentation: string | null
  readonly synonyms: readonly { readonly name: string; readonly value: string | null; readonly source: ConfigSource }[]
}

export interface DescribedConfigs extends ConfigResource {
  readonly entries: readonly ConfigEntry[]
}

export interface ConfigChange {
  readonly name: string
  readonly op: 'set' | 'delete' | 'append' | 'subtract'
  readonly value?: string | number | boolean | null | undefined
}

export type OffsetSpec =
  | 'earliest'
  | 'latest'
  | 'maxTimestamp'
  | 'earliestLocal'
  | 'latestTiered'
  | { readonly timestamp: number }

export interface ListedOffset extends TopicPartition {
  /** `null` when no record is that late. */
  readonly offset: bigint | null
  readonly timestamp: number | null
  readonly leaderEpoch: number | null
}

export interface DeleteRecordsInput extends TopicPartition {
  /** Records below it go; `end` empties the partition. */
  readonly beforeOffset: OffsetInput | 'end'
}

export interface GroupListing {
  readonly groupId: string
  readonly protocolType: string
  /** `Stable`, `Empty`, `PreparingRebalance`, … */
  readonly state: string
  /** `classic`, `consumer`, `share`, `streams`. */
  readonly type: string
}

export interface GroupMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly assignment: readonly TopicPartition[]
  /** The raw blobs, for protocols other than `consumer`. */
  readonly rawMetadata: Uint8Array
  readonly rawAssignment: Uint8Array
}

export interface GroupDescription {
  readonly groupId: string
  readonly state: string
  readonly protocolType: string
  /** Name of the assignor. */
  readonly protocol: string
  readonly coordinator: number
  readonly members: readonly GroupMember[]
  readonly authorizedOperations: readonly string[] | null
}

export interface GroupOffset extends TopicPartition {
  readonly offset: bigint
  readonly leaderEpoch: number | null
  readonly metadata: string | null
}

export interface LogDirDescription {
  readonly broker: number
  readonly path: string
  readonly error: string | null
  readonly totalBytes: number | null
  readonly usableBytes: number | null
  readonly replicas: readonly (TopicPartition & {
    readonly sizeBytes: number
    readonly offsetLag: number
    readonly isFuture: boolean
  })[]
}

export interface ProducerState {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestamp: number
  readonly coordinatorEpoch: number
  readonly currentTransactionStartOffset: bigint | null
}

export interface ReassignmentDescription extends TopicPartition {
  readonly replicas: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
}

export interface QuorumDescription {
  readonly leader: number
  readonly leaderEpoch: number
  readonly highWatermark: bigint
  readonly voters: readonly QuorumReplica[]
  readonly observers: readonly QuorumReplica[]
}

/** A voter of the metadata quorum: the node and its directory, so that a node with a new disk is another voter. */
export interface VoterKey {
  readonly nodeId: number
  readonly directoryId: string
}

export interface NewVoter extends VoterKey {
  /** Where its controller listens. */
  readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[]
}

export interface QuorumReplica {
  readonly nodeId: number
  /** `null` in a static quorum, and on brokers that do not tell. */
  readonly directoryId: string | null
  readonly logEndOffset: bigint
  readonly lastFetchTimestamp: number | null
  readonly lastCaughtUpTimestamp: number | null
}

export interface ValidateOptions extends CallOptions {
  /** Check only, change nothing. */
  readonly validateOnly?: boolean | undefined
}

export type AclResourceTypeName = 'topic' | 'group' | 'cluster' | 'transactionalId' | 'delegationToken' | 'user'

/** An access control entry. */
export interface AclEntry {
  readonly resourceType: AclResourceTypeName
  /** `*` is every name; of the cluster it is `kafka-cluster`. */
  readonly resourceName: string
  /** Default `literal`. */
  readonly patternType?: 'literal' | 'prefixed'
  /** `User:alice`; `User:*` is everybody. */
  readonly principal: string
  /** An address. Default `*`, every host. */
  readonly host?: string
  /** `all`, `read`, `write`, `create`, `delete`, `alter`, `describe`, `clusterAction`, `describeConfigs`, … */
  readonly operation: string
  /** Default `allow`. */
  readonly permission?: 'allow' | 'deny'
}

/** Entries that agree in everything that is given. */
export interface AclFilter {
  readonly resourceType?: AclResourceTypeName
  readonly resourceName?: string
  /** `match`: every entry that concerns `resourceName`, by its name, a prefix of it or `*`. */
  readonly patternType?: 'literal' | 'prefixed' | 'match'
  readonly principal?: string
  readonly host?: string
  readonly operation?: string
  readonly permission?: 'allow' | 'deny'
}
