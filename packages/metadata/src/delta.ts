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
  /** `undefined`: the override was removed. */
  readonly value: string | undefined
}

export interface BrokerChange {
  readonly id: number
  readonly before: BrokerRegistration | undefined
  readonly after: BrokerRegistration | undefined
}

export interface ControllerChange {
  readonly id: number
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
  /** Offset of the last record in the delta and the raft epoch in which it was written. */
  readonly offset: number
  readonly epoch: number
  /** The image was replaced as a whole (a snapshot was loaded): the lists tell the difference to the image before it. */
  readonly fromSnapshot: boolean
  readonly topics: readonly TopicChange[]
  readonly partitions: readonly PartitionChange[]
  readonly configs: readonly ConfigChange[]
  readonly brokers: readonly BrokerChange[]
  readonly controllers: readonly ControllerChange[]
  readonly features: readonly FeatureChange[]
  readonly others: ReadonlySet<OtherChange>
}
