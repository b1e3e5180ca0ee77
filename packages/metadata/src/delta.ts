/**
 * What a published group of records changed. A listener that follows deltas from an empty image stays equal to the image.
 *
 * Invariant: every list is in the order in which the records were applied; `before` of a change is the `after` of the
 * previous change to the same thing.
 */
import type { Uuid } from '@braidlog/model'
import type { BrokerRegistration, ControllerRegistration } from './cluster-image.ts'
import type { PartitionRegistration } from './topics-image.ts'

export interface TopicChange {
  readonly kind: 'created' | 'removed'
  readonly name: string
  readonly id: Uuid
}

export interface PartitionChange {
  readonly topic: string
  readonly topicId: Uuid
  readonly partition: number
  /** `undefined`: the partition is new. */
  readonly before: PartitionRegistration | undefined
  /** `undefined`: the partition went away with its topic. */
  readonly after: PartitionRegistration | undefined
}

export interface ConfigChange {
  readonly resourceType: number
  readonly resourceName: string
  readonly name: string
  /** `undefined`: there was no override. */
  readonly before: string | undefined
  /** `undefined`: the override was removed. */
  readonly after: string | undefined
}

export interface BrokerChange {
  readonly id: number
  readonly before: BrokerRegistration | undefined
  readonly after: BrokerRegistration | undefined
}

export interface ControllerChange {
  readonly id: number
  readonly before: ControllerRegistration | undefined
  readonly after: ControllerRegistration | undefined
}

export interface FeatureChange {
  readonly name: string
  readonly before: number
  /** 0 when the feature was switched off. */
  readonly after: number
}

/** What else changed; listeners of these re-read the image. */
export type OtherChange = 'acls' | 'client-quotas' | 'delegation-tokens' | 'producer-ids' | 'scram-credentials'

export interface MetadataDelta {
  /** The image was replaced as a whole: the lists tell the difference to the image before it. */
  readonly fromSnapshot: boolean
  readonly topics: readonly TopicChange[]
  readonly partitions: readonly PartitionChange[]
  readonly configs: readonly ConfigChange[]
  readonly brokers: readonly BrokerChange[]
  readonly controllers: readonly ControllerChange[]
  readonly features: readonly FeatureChange[]
  readonly others: ReadonlySet<OtherChange>
}

/** Where `apply` notes what it did. */
export class DeltaBuilder implements MetadataDelta {
  readonly fromSnapshot: boolean
  readonly topics: TopicChange[] = []
  readonly partitions: PartitionChange[] = []
  readonly configs: ConfigChange[] = []
  readonly brokers: BrokerChange[] = []
  readonly controllers: ControllerChange[] = []
  readonly features: FeatureChange[] = []
  readonly others = new Set<OtherChange>()

  constructor(fromSnapshot = false) {
    this.fromSnapshot = fromSnapshot
  }

  topic(change: TopicChange): void {
    this.topics.push(change)
  }

  partition(change: PartitionChange): void {
    this.partitions.push(change)
  }

  config(change: ConfigChange): void {
    this.configs.push(change)
  }

  broker(change: BrokerChange): void {
    this.brokers.push(change)
  }

  controller(change: ControllerChange): void {
    this.controllers.push(change)
  }

  feature(change: FeatureChange): void {
    this.features.push(change)
  }

  other(change: OtherChange): void {
    this.others.add(change)
  }

  get isEmpty(): boolean {
    const lists = [this.topics, this.partitions, this.configs, this.brokers, this.controllers, this.features]
    return this.others.size === 0 && lists.every((list) => list.length === 0)
  }
}
