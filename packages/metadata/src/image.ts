/**
 * The cluster's picture: what all committed metadata records up to one offset add up to.
 *
 * The image has one writer, {@link MetadataImage.apply}, for live records, replay and snapshots alike; readers hold it
 * by reference and see it move between turns of the event loop. Everything that a lookup returns is immutable, except
 * that the partition map of a topic moves with the image.
 *
 * Invariant: image → `records()` → a new image is the identity.
 * Source: `MetadataImage` of Apache Kafka (KIP-631).
 */
import { METADATA_VERSION_FEATURE, METADATA_VERSION_MIN, type Uuid } from '@braidlog/model'
import { Cluster, type BrokerRegistration, type ControllerRegistration } from './cluster-image.ts'
import { Configs } from './configs-image.ts'
import type { DeltaBuilder } from './delta.ts'
import { Principals } from './principals-image.ts'
import { metadataRecord, type MetadataRecord } from './record.ts'
import { Topics, type PartitionRegistration, type TopicImage } from './topics-image.ts'

/** What readers may do with an image. */
export interface ImageView {
  /** Offset and raft epoch of the last record applied; -1 before the first. */
  readonly offset: number
  readonly epoch: number

  /** Level of `metadata.version`; -1 before the first record. */
  readonly metadataVersion: number
  /** Finalized features and their levels, metadata.version included; kraft.version is the quorum's, not the image's. */
  readonly features: ReadonlyMap<string, number>

  topic(name: string): TopicImage | undefined
  topicById(id: Uuid): TopicImage | undefined
  topics(): Iterable<TopicImage>
  partition(topic: string, partition: number): PartitionRegistration | undefined
  readonly topicCount: number
  readonly partitionCount: number

  broker(id: number): BrokerRegistration | undefined
  brokers(): Iterable<BrokerRegistration>
  controllers(): Iterable<ControllerRegistration>

  /**
   * Overrides of one resource as stored: key → text. The name of a broker resource is its id as text, or '' for the
   * default of all brokers.
   */
  configs(resourceType: number, resourceName: string): ReadonlyMap<string, string>
  /** Names of the resources of one type that have overrides. */
  configResources(resourceType: number): Iterable<string>

  /** The next block of producer ids starts here; -1 when none was ever handed out. */
  readonly nextProducerId: number

  /** ACLs, SCRAM credentials, tokens and quotas. */
  readonly principals: Pick<
    Principals,
    'acls' | 'clientQuotas' | 'delegationTokens' | 'scramCredential' | 'scramCredentials'
  >

  /** All of it as records, in the order in which a snapshot holds them. */
  records(): Iterable<MetadataRecord>
}

export class MetadataImage implements ImageView {
  #features = new Map<string, number>()
  #topics = new Topics()
  #cluster = new Cluster()
  #configs = new Configs()
  #principals = new Principals()
  #nextProducerId = -1
  #offset = -1
  #epoch = -1

  get offset(): number {
    return this.#offset
  }

  get epoch(): number {
    return this.#epoch
  }

  get metadataVersion(): number {
    return this.#features.get(METADATA_VERSION_FEATURE) ?? -1
  }

  get features(): ReadonlyMap<string, number> {
    return this.#features
  }

  topic(name: string): TopicImage | undefined {
    return this.#topics.byName(name)
  }

  topicById(id: Uuid): TopicImage | undefined {
    return this.#topics.byId(id)
  }

  topics(): Iterable<TopicImage> {
    return this.#topics.all()
  }

  partition(topic: string, partition: number): PartitionRegistration | undefined {
    return this.#topics.byName(topic)?.partitions.get(partition)
  }

  get topicCount(): number {
    return this.#topics.topicCount
  }

  get partitionCount(): number {
    return this.#topics.partitionCount
  }

  broker(id: number): BrokerRegistration | undefined {
    return this.#cluster.broker(id)
  }

  brokers(): Iterable<BrokerRegistration> {
    return this.#cluster.brokers()
  }

  controllers(): Iterable<ControllerRegistration> {
    return this.#cluster.controllers()
  }

  configs(resourceType: number, resourceName: string): ReadonlyMap<string, string> {
    return this.#configs.of(resourceType, resourceName)
  }

  configResources(resourceType: number): Iterable<string> {
    return this.#configs.resourceNames(resourceType)
  }

  get nextProducerId(): number {
    return this.#nextProducerId
  }

  get principals(): Principals {
    return this.#principals
  }

  /** Takes over all that another image holds, which is not to be used any more. */
  become(other: MetadataImage): void {
    this.#features = other.#features
    this.#topics = other.#topics
    this.#cluster = other.#cluster
    this.#configs = other.#configs
    this.#principals = other.#principals
    this.#nextProducerId = other.#nextProducerId
    this.moveTo(other.#offset, other.#epoch)
  }

  /** Notes how far the image has come. */
  moveTo(offset: number, epoch: number): void {
    this.#offset = offset
    this.#epoch = epoch
  }

  /**
   * Takes one record in and notes in `delta` what it changed. The records that bracket a metadata transaction do
   * nothing here: whoever replays the log holds back what a transaction has not ended.
   * @throws MetadataError `CORRUPT` when the record contradicts the image
   */
  apply(record: MetadataRecord, delta: DeltaBuilder): void {
    switch (record.type) {
      case 'Topic':
        return this.#topics.create(record.value.name, record.value.topicId, delta)
      case 'Partition':
        return this.#topics.putPartition(record.value, delta)
      case 'PartitionChange':
        return this.#topics.changePartition(record.value, delta)
      case 'RemoveTopic':
        return this.#configs.removeTopic(this.#topics.remove(record.value.topicId, delta), delta)
      case 'ClearElr':
        return this.#topics.clearEligibleLeaderReplicas(record.value.topicName, delta)
      case 'Config':
        return this.#configs.apply(record.value, delta)
      case 'FeatureLevel':
        return this.#applyFeature(record.value.name, record.value.featureLevel, delta)
      case 'ProducerIds':
        this.#nextProducerId = record.value.nextProducerId
        return delta.other('producer-ids')
      case 'RegisterBroker':
        return this.#cluster.registerBroker(record.value, delta)
      case 'UnregisterBroker':
        return this.#cluster.unregisterBroker(record.value.brokerId, delta)
      case 'FenceBroker':
        return this.#cluster.setFenced(record.value.id, record.value.epoch, true, delta)
      case 'UnfenceBroker':
        return this.#cluster.setFenced(record.value.id, record.value.epoch, false, delta)
      case 'BrokerRegistrationChange':
        return this.#cluster.changeBroker(record.value, delta)
      case 'RegisterController':
        return this.#cluster.registerController(record.value, delta)
      case 'AccessControlEntry':
        return this.#principals.putAcl(record.value, delta)
      case 'RemoveAccessControlEntry':
        return this.#principals.removeAcl(record.value.id, delta)
      case 'UserScramCredential':
        return this.#principals.putScram(record.value, delta)
      case 'RemoveUserScramCredential':
        return this.#principals.removeScram(record.value, delta)
      case 'DelegationToken':
        return this.#principals.putToken(record.value, delta)
      case 'RemoveDelegationToken':
        return this.#principals.removeToken(record.value.tokenId, delta)
      case 'ClientQuota':
        return this.#principals.applyQuota(record.value, delta)
      case 'AbortTransaction':
      case 'BeginTransaction':
      case 'EndTransaction':
      case 'NoOp':
      case 'ZkMigration':
        return
      default:
        return record satisfies never
    }
  }

  *records(): Iterable<MetadataRecord> {
    const level = this.metadataVersion < 0 ? METADATA_VERSION_MIN : this.metadataVersion
    if (this.metadataVersion >= 0) yield featureRecord(METADATA_VERSION_FEATURE, level)
    for (const [name, featureLevel] of this.#features) {
      if (name !== METADATA_VERSION_FEATURE) yield featureRecord(name, featureLevel)
    }
    yield* this.#cluster.records(level)
    yield* this.#topics.records(level)
    yield* this.#configs.records()
    yield* this.#principals.quotaRecords()
    if (this.#nextProducerId >= 0) {
      yield metadataRecord('ProducerIds', { brokerId: -1, brokerEpoch: -1, nextProducerId: this.#nextProducerId })
    }
    yield* this.#principals.aclRecords()
    yield* this.#principals.scramRecords(level)
    yield* this.#principals.tokenRecords(level)
  }

  #applyFeature(name: string, after: number, delta: DeltaBuilder): void {
    const before = this.#features.get(name) ?? 0
    if (after === 0) this.#features.delete(name)
    else this.#features.set(name, after)
    delta.feature({ name, before, after })
  }
}

function featureRecord(name: string, featureLevel: number): MetadataRecord {
  return metadataRecord('FeatureLevel', { name, featureLevel })
}
