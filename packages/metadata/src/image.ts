/**
 * The cluster's picture: what all committed metadata records up to one offset add up to.
 *
 * The image has one writer, {@link MetadataImage.apply}, for live records, replay and snapshots alike; readers hold it
 * by reference and see it move between turns of the event loop. Everything that a lookup returns is immutable.
 *
 * Invariant: `image → records() → a new image` is the identity.
 * Source: `MetadataImage` of Apache Kafka (KIP-631).
 */
import type { Uuid } from '@braidlog/model'
import type { BrokerRegistration, ControllerRegistration } from './cluster-image.ts'
import type { MetadataRecord } from './record.ts'
import type { PartitionRegistration, TopicImage } from './topics-image.ts'

export interface ImageView {
  /** Offset and raft epoch of the last record applied; -1 before the first. */
  readonly offset: number
  readonly epoch: number

  /** Level of `metadata.version`. */
  readonly metadataVersion: number
  /** Finalized features and their levels, kraft.version included, sorted by name. */
  features(): ReadonlyMap<string, number>

  topic(name: string): TopicImage | undefined
  topicById(id: Uuid): TopicImage | undefined
  topics(): Iterable<TopicImage>
  partition(topic: string, partition: number): PartitionRegistration | undefined
  readonly topicCount: number
  readonly partitionCount: number

  broker(id: number): BrokerRegistration | undefined
  brokers(): Iterable<BrokerRegistration>
  controllers(): Iterable<ControllerRegistration>

  /** Overrides of one resource as stored: name → value. `resourceName` of brokers is the id as text, '' the default of all. */
  configs(resourceType: number, resourceName: string): ReadonlyMap<string, string>
  /** Names of the resources of one type that have overrides. */
  configResources(resourceType: number): Iterable<string>

  /** The next producer id block starts here. */
  readonly nextProducerId: number

  /** All of it as records, in the order in which a snapshot holds them. */
  records(): Iterable<MetadataRecord>
}
