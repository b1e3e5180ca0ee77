/**
 * What the controller decides on: the picture with everything appended so far, committed or not, plus what it needs to
 * look up quickly. Read by the `decide…` functions, changed by {@link ControllerState.apply} alone.
 */
import type { Random } from '@braidlog/base'
import {
  DeltaBuilder,
  DIRECTORY_LOST,
  DIRECTORY_MIGRATING,
  DIRECTORY_UNASSIGNED,
  MetadataImage,
  type BrokerRegistration,
  type MetadataRecord,
} from '@braidlog/metadata'
import {
  CLUSTER_DEFAULT_RESOURCE,
  ConfigResourceType,
  ELIGIBLE_LEADER_REPLICAS_FEATURE,
  hasCollisionCharacters,
  topicCollisionKey,
  type BrokerConfigLayers,
  type BrokerConfigs,
  type Uuid,
} from '@braidlog/model'

import { BrokerSessions } from './broker-sessions.ts'

/** What does not change while the node runs. */
export interface ControllerSettings {
  readonly nodeId: number
  readonly clusterId: string
  /** server.properties and environment as text. */
  readonly staticConfigs: ReadonlyMap<string, string>
  /** The same, parsed, with defaults. */
  readonly configs: BrokerConfigs
}

/** What a decision yields: records to append as one batch, and the answer to give when they are committed. */
export interface Decision<Response> {
  readonly records: readonly MetadataRecord[]
  readonly response: Response
  /** What the quorum is to be raised to, before the records. */
  readonly kraftVersion?: number
}

/** The quorum as it is in the log. Its version is no metadata record, and not of the image. */
export interface QuorumState {
  readonly kraftVersion: number
  readonly voterIds: readonly number[]
  /** Why its version cannot be raised to this now, as a sentence without its end. */
  upgradeProblem(kraftVersion: number): string | undefined
}

/** What changes from request to request. */
export interface DecisionContext {
  readonly random: Random
  /** Monotonic. */
  readonly nowMs: number
  /** The offset that the first record will get. */
  readonly nextOffset: number
  readonly quorum: QuorumState
}

/** Most partitions that one request may create: bounds the batch in the log and the time of a turn. */
export const PARTITIONS_A_REQUEST_MAX = 10_000

export class ControllerState {
  readonly settings: ControllerSettings
  readonly image = new MetadataImage()
  readonly sessions: BrokerSessions
  /** Topics whose names have `.` or `_`, by what they collide on. */
  readonly #collisions = new Map<string, Set<string>>()

  constructor(settings: ControllerSettings) {
    this.settings = settings
    this.sessions = new BrokerSessions(settings.configs['broker.session.timeout.ms'])
  }

  get metadataVersion(): number {
    return this.image.metadataVersion
  }

  get eligibleLeaderReplicasEnabled(): boolean {
    return (this.image.features.get(ELIGIBLE_LEADER_REPLICAS_FEATURE) ?? 0) > 0
  }

  apply(record: MetadataRecord): void {
    const delta = new DeltaBuilder()
    this.image.apply(record, delta)
    for (const { id, after } of delta.brokers) if (after === undefined || after.fenced) this.sessions.forget(id)
    for (const { kind, name } of delta.topics) {
      if (!hasCollisionCharacters(name)) continue
      const key = topicCollisionKey(name)
      const names = this.#collisions.get(key) ?? new Set()
      if (kind === 'created') names.add(name)
      else names.delete(name)
      if (names.size > 0) this.#collisions.set(key, names)
      else this.#collisions.delete(key)
    }
  }

  /** @returns a topic whose metric names those of `name` would be */
  collidingTopic(name: string): string | undefined {
    if (!hasCollisionCharacters(name)) return undefined
    return this.#collisions.get(topicCollisionKey(name))?.values().next().value
  }

  /** Broker configuration as the node `nodeId` has it; of other nodes the static part is not known and ours stands in. */
  configLayers(nodeId: number = this.settings.nodeId): BrokerConfigLayers {
    return {
      dynamicBroker: this.image.configs(ConfigResourceType.BROKER, String(nodeId)),
      dynamicDefault: this.image.configs(ConfigResourceType.BROKER, CLUSTER_DEFAULT_RESOURCE),
      staticBroker: this.settings.staticConfigs,
    }
  }

  isActive(nodeId: number): boolean {
    const broker = this.image.broker(nodeId)
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown
  }

  /** Whether the broker has this directory, as far as is known: before directories had ids, nothing is. */
  isOnline(brokerId: number, directory: Uuid | undefined): boolean {
    if (directory === undefined || directory === DIRECTORY_MIGRATING || directory === DIRECTORY_UNASSIGNED) return true
    const logDirs = this.image.broker(brokerId)?.logDirs ?? []
    return directory !== DIRECTORY_LOST && (logDirs.length === 0 || logDirs.includes(directory))
  }

  /** `min.insync.replicas` of a topic: its own, the cluster's, or this node's. */
  isrMin(topic: string): number {
    const name = 'min.insync.replicas'
    const text = this.#dynamicConfig(topic, name)
    return text === undefined ? this.settings.configs[name] : Number(text)
  }

  /** Whether a replica that is not in sync may lead when no other can. */
  mayElectUncleanly(topic: string): boolean {
    const name = 'unclean.leader.election.enable'
    const text = this.#dynamicConfig(topic, name)
    return text === undefined ? this.settings.configs[name] : text.trim().toLowerCase() === 'true'
  }

  #dynamicConfig(topic: string, name: string): string | undefined {
    const { TOPIC, BROKER } = ConfigResourceType
    return this.image.configs(TOPIC, topic).get(name) ?? this.image.configs(BROKER, CLUSTER_DEFAULT_RESOURCE).get(name)
  }

  /** Where a new replica on the broker goes: a broker with one directory has no choice to make. */
  defaultDirectory(broker: BrokerRegistration | undefined): Uuid {
    if (broker === undefined || broker.logDirs.length === 0) return DIRECTORY_MIGRATING
    return broker.logDirs.length === 1 ? broker.logDirs[0]! : DIRECTORY_UNASSIGNED
  }
}
