/**
 * A broker: takes requests on its listeners and answers them from the partitions and coordinators of this node.
 *
 * Made of parts that were opened before (`server` does that): connections, the link to the controllers, partitions.
 * `follow` brings the partitions in line with the metadata; only then are requests taken up.
 */
import type { Clock, Logger, Random, Timers } from '@braidlog/base'
import { GroupCoordinator, type GroupCoordinatorConfig } from '@braidlog/coordinator'
import {
  Authorizer,
  CONSUMER_OFFSETS_TOPIC,
  type AuthorizerSettings,
  type Uuid,
  replicaFetchVersion,
  replicaListOffsetsVersion,
} from '@braidlog/model'
import type { IsrProposal, Partition, PartitionSet } from '@braidlog/partition'
import type { Peers } from '@braidlog/raft'
import type { Codecs } from '@braidlog/records'
import { systemTurns, type Turns } from '@braidlog/runtime'
import type { ClusterLink } from './cluster-link.ts'
import type { Connections } from './connections.ts'
import type { BrokerContext } from './context.ts'
import { FetchSessions } from './fetch-session.ts'
import { LogConfigs } from './log-configs.ts'
import { OffsetsLog } from './offsets-log.ts'
import { Pipeline } from './pipeline.ts'
import { handlersOf } from './registry.ts'
import { RecordValidation, type SchemaRegistrySettings } from './record-validation/record-validation.ts'
import { Replicas } from './replicas.ts'
import { DamagedReplicas } from './replication/damaged-replicas.ts'
import { DirectoryAssignments } from './replication/directory-assignments.ts'
import { peerAddressOf } from './replication/eligible.ts'
import { IsrChanges } from './replication/isr-changes.ts'
import type { ReplicaFetchSettings } from './replication/replica-fetcher.ts'
import { ReplicaFetchers } from './replication/replica-fetchers.ts'
import { Throttles } from './replication/throttles.ts'
import type { BrokerSettings } from './settings.ts'
import { TopicCreation } from './topic-creation.ts'

export interface BrokerOptions {
  readonly nodeId: number
  readonly clusterId: string
  readonly directory: string
  readonly settings: BrokerSettings
  readonly groupConfig: GroupCoordinatorConfig
  readonly connections: Connections
  readonly cluster: ClusterLink
  readonly partitions: PartitionSet
  /** Of a node that is not alone; without it, no partition has other replicas. */
  readonly replication?: ReplicationOptions | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Default: those of the event loop. */
  readonly turns?: Turns | undefined
  readonly codecs: Codecs
  readonly logger: Logger
  /** Without it, everyone may do everything. */
  readonly authorizer?: AuthorizerSettings | undefined
  /** Without it, topics that ask for the schemas of their records take none. */
  readonly schemaRegistry?: SchemaRegistrySettings | undefined
  /** What server.properties, environment and overrides say, by Kafka's key. */
  readonly staticConfigs: ReadonlyMap<string, string>
  readonly diskSpace: BrokerContext['diskSpace']
  /** Something happened after which this node cannot go on. */
  readonly onFailure: (error: Error) => void
}

export interface ReplicationOptions {
  readonly peers: Peers
  /** Of the registration. */
  readonly brokerEpoch: () => number
  /** `inter.broker.listener.name`: where leaders are fetched from. */
  readonly interBrokerListener: string
  readonly settings: ReplicaFetchSettings
  /** Of the data directory. */
  readonly directoryId: Uuid
  /** How long the controller may take to answer about in-sync replicas before it is asked again. */
  readonly isrTimeoutMs: number
}

/** How long `close` waits for requests in work before it closes their connections. */
const DRAIN_MS = 1_000

export class Broker {
  readonly #options: BrokerOptions
  readonly #groups: GroupCoordinator
  readonly #replicas: Replicas
  readonly #logConfigs: LogConfigs
  readonly #authorizer: Authorizer | undefined
  readonly #fetchers: ReplicaFetchers | undefined
  readonly #isrChanges: IsrChanges | undefined
  readonly #directories: DirectoryAssignments | undefined
  readonly #damaged: DamagedReplicas
  readonly #validation: RecordValidation
  readonly #throttles: Throttles
  #unsubscribe: () => void = () => {}

  constructor(options: BrokerOptions) {
    this.#options = options
    const { cluster, partitions, clock, timers, random, logger, nodeId, settings, turns = systemTurns } = options
    const { image } = cluster
    this.#groups = new GroupCoordinator({
      config: options.groupConfig,
      // The number cannot change any more once the topic exists: groups are spread over its partitions by it.
      partitionCount: image.topic(CONSUMER_OFFSETS_TOPIC)?.partitions.size ?? settings.offsetsTopicPartitionCount,
      topics: {
        topicId: (name) => image.topic(name)?.id,
        topicName: (id) => image.topicById(id)?.name,
        partitionCount: (name) => image.topic(name)?.partitions.size,
      },
      clock,
      timers,
      random,
      codecs: options.codecs,
      defer: (callback) => turns.atEnd(callback),
      logger,
    })
    this.#authorizer = options.authorizer && new Authorizer(options.authorizer, () => image.principals.acls())
    this.#validation = new RecordValidation({
      registry: options.schemaRegistry,
      clock,
      timers,
      codecs: options.codecs,
      logger,
    })
    const { replication } = options
    this.#throttles = new Throttles(nodeId, clock, settings.replicationQuotaWindow)
    if (replication !== undefined) {
      const { brokerEpoch } = replication
      this.#fetchers = new ReplicaFetchers({
        ...replication,
        nodeId,
        clock,
        timers,
        logger,
        throttle: this.#throttles.follower,
        addressOf: (leaderId) => peerAddressOf(image, leaderId, replication.interBrokerListener),
        versions: () => ({
          fetch: replicaFetchVersion(image.metadataVersion),
          listOffsets: replicaListOffsetsVersion(image.metadataVersion),
        }),
      })
      this.#directories = new DirectoryAssignments({
        nodeId,
        directoryId: replication.directoryId,
        isSound: (topicId, partition) =>
          partitions.get(topicId, partition) && !this.#damaged.isAway(topicId, partition),
        brokerEpoch,
        image,
        timers,
        logger,
        submit: (request) =>
          options.cluster.submit('assignReplicasToDirs', request, { timeoutMs: replication.isrTimeoutMs, once: true }),
      })
      this.#isrChanges = new IsrChanges({
        nodeId,
        brokerEpoch,
        timers,
        logger,
        submit: (request) =>
          options.cluster.submit('alterPartition', request, { timeoutMs: replication.isrTimeoutMs, once: true }),
      })
    }
    this.#damaged = new DamagedReplicas({
      nodeId,
      image,
      directories: this.#directories,
      isLost: (topicId, partition) => this.#directories?.isLost(topicId, partition),
      stopFollowing: async (partition) => this.#fetchers?.leave(partition),
      follow: (partition, leaderId) => this.#fetchers?.follow(partition, leaderId),
      timers,
      logger,
    })
    this.#logConfigs = new LogConfigs(image, nodeId, options.staticConfigs)
    this.#replicas = new Replicas({
      nodeId,
      partitions,
      image,
      logger,
      listener: {
        onLead: (topic, partition, replica) => this.#onLead(topic, partition, replica),
        onResign: (topic, partition, leaderEpoch) => this.#onResign(topic, partition, leaderEpoch),
        onFollow: (replica, leaderId) => {
          this.#opened(replica)
          if (leaderId >= 0 && !this.#damaged.holds(replica)) this.#fetchers?.follow(replica, leaderId)
          else this.#fetchers?.unfollow(replica)
        },
        onUnfollow: (replica) => {
          this.#opened(replica)
          this.#fetchers?.unfollow(replica)
        },
      },
      logConfigOf: (topic) => this.#logConfigs.of(topic),
      onFailure: options.onFailure,
    })
  }

  /** Asks the controller for other in-sync replicas of a partition that this node leads. */
  proposeIsr(partition: Partition, proposal: IsrProposal): void {
    const { metrics } = this.#options.connections
    if (proposal.isr.length < (partition.replicas?.isr.length ?? 0)) metrics.isrShrinks++
    else metrics.isrExpands++
    this.#isrChanges?.propose(partition, proposal)
  }

  /** A replica here is not what was written. */
  replicaDamaged(partition: Partition): void {
    this.#damaged.found(partition)
  }

  /** Damaged replicas on this node, and those that are being made whole again. */
  get damagedReplicas(): number {
    return this.#damaged.count
  }

  /** Follows the metadata from now on, beginning with all of it. */
  follow(): void {
    const { cluster } = this.#options
    // Before the replicas, which ask for configuration as soon as they hear of a change.
    const unsubscribeConfigs = cluster.subscribe(this.#logConfigs)
    const unsubscribeThrottles = cluster.subscribe(this.#throttles)
    const unsubscribeDirectories = this.#directories && cluster.subscribe(this.#directories)
    const unsubscribeReplicas = cluster.subscribe(this.#replicas)
    const unsubscribeDamaged = cluster.subscribe(this.#damaged)
    const unsubscribeGroups = cluster.subscribe({
      onImage: (_image, delta) => {
        if (delta.others.has('acls')) this.#authorizer?.changed()
        const deleted = delta.topics.filter((change) => change.kind === 'removed')
        if (deleted.length > 0) this.#groups.topicsDeleted(deleted.map(({ name, id }) => ({ name, topicId: id })))
      },
    })
    this.#unsubscribe = () => {
      unsubscribeConfigs()
      unsubscribeThrottles()
      unsubscribeDirectories?.()
      unsubscribeReplicas()
      unsubscribeDamaged()
      unsubscribeGroups()
    }
  }

  /** Resolves when the partitions of this node are as the metadata says. */
  settled(): Promise<void> {
    return this.#replicas.settled()
  }

  /** Takes up requests from now on. */
  serve(): void {
    const { connections, cluster, partitions, nodeId, settings, logger } = this.#options
    const replicas = this.#replicas
    const context: BrokerContext = {
      nodeId,
      clusterId: this.#options.clusterId,
      directory: this.#options.directory,
      settings,
      image: cluster.image,
      cluster,
      partitions,
      replicas,
      groups: this.#groups,
      sessions: new FetchSessions(settings.fetchSessionsMax, this.#options.random),
      topicCreation: new TopicCreation({ cluster, replicas, settings, logger }),
      validation: this.#validation,
      throttle: this.#throttles.leader,
      clock: this.#options.clock,
      turns: connections.turns,
      random: this.#options.random,
      logger,
      metrics: connections.metrics,
      diskSpace: this.#options.diskSpace,
    }
    connections.serve(new Pipeline(handlersOf(context), connections.metrics, this.#authorizer))
  }

  /** Stops taking requests, answers what is in work, then closes all connections. */
  async stop(): Promise<void> {
    const { connections } = this.#options
    await connections.stopListening()
    // What waits for members or data is answered now; the rest is appended and about to be answered.
    this.#groups.close()
    this.#validation.close()
    await connections.drained(DRAIN_MS)
    connections.closeAll('the broker stops')
    this.#endReplication()
    this.#unsubscribe()
    await this.#replicas.settled()
  }

  /** Drops everything as a crash would. */
  kill(): void {
    const { connections } = this.#options
    void connections.stopListening()
    connections.closeAll('the broker was killed')
    this.#endReplication()
    this.#validation.close()
    this.#unsubscribe()
    this.#groups.close()
  }

  #endReplication(): void {
    this.#fetchers?.stop()
    this.#isrChanges?.close()
    this.#directories?.close()
    this.#damaged.close()
  }

  /** Now it is known whether the replica is sound. */
  #opened({ log: { topicId, partition } }: Partition): void {
    this.#directories?.look(topicId, partition)
  }

  #onLead(topic: string, partition: number, replica: Partition): void {
    if (topic !== CONSUMER_OFFSETS_TOPIC) return
    const log = new OffsetsLog(replica, this.#options.partitions.rooms)
    this.#groups.lead(partition, replica.leaderEpoch, log).catch((error: unknown) => {
      this.#options.logger.error('cannot load a partition of group state', { topic, partition, error })
    })
  }

  #onResign(topic: string, partition: number, leaderEpoch: number): void {
    if (topic === CONSUMER_OFFSETS_TOPIC) this.#groups.resign(partition, leaderEpoch)
  }
}
