/** What the handlers of a broker share. */
import type { Clock, Logger, Random } from '@braidlog/base'
import type { GroupCoordinator } from '@braidlog/coordinator'
import type { ImageView } from '@braidlog/metadata'
import type { PartitionSet } from '@braidlog/partition'
import type { ClusterLink } from './cluster-link.ts'
import type { FetchSessions } from './fetch-session.ts'
import type { BrokerMetrics } from './metrics.ts'
import type { RecordValidation } from './record-validation/record-validation.ts'
import type { Replicas } from './replicas.ts'
import type { Throttle } from './replication/throttles.ts'
import type { BrokerSettings } from './settings.ts'
import type { TopicCreation } from './topic-creation.ts'
import type { TurnClock } from './turn-clock.ts'

/** What the handlers need that serve clients and, on a listener for controllers, tools and brokers alike. */
export interface ClusterContext extends Pick<BrokerContext, 'nodeId' | 'clusterId' | 'image' | 'cluster'> {
  readonly settings: Pick<BrokerSettings, 'deleteTopics'>
  readonly replicas: Pick<Replicas, 'settled'>
}

export interface BrokerContext {
  readonly nodeId: number
  readonly clusterId: string
  /** The data directory. */
  readonly directory: string
  readonly settings: BrokerSettings
  readonly image: ImageView
  /** The controllers. */
  readonly cluster: ClusterLink
  readonly partitions: PartitionSet
  readonly replicas: Replicas
  readonly groups: GroupCoordinator
  readonly sessions: FetchSessions
  readonly topicCreation: TopicCreation
  /** Against the schemas of a registry, for topics that ask for it. */
  readonly validation: RecordValidation
  /** Holds back what replicas are sent that catch up. */
  readonly throttle: Throttle
  readonly clock: Clock
  readonly turns: TurnClock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: BrokerMetrics
  /** Of the file system that holds the data directory; -1: not known. */
  readonly diskSpace: () => { readonly totalBytes: number; readonly usableBytes: number }
}
