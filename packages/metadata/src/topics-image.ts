/**
 * Topics and their partitions, by name and by id.
 *
 * Invariant: both indexes hold the same topics; a partition registration is never changed in place, a change replaces
 * it, so that a reader who kept one sees a consistent past.
 * Source: KIP-631, KIP-516 (topic ids), KIP-858 (directories), KIP-966 (eligible leader replicas).
 */
import { partitionRecordVersion, type Uuid } from '@braidlog/model'
import type { PartitionChangeRecord, PartitionRecord } from '@braidlog/protocol'
import type { DeltaBuilder } from './delta.ts'
import { DIRECTORY_MIGRATING } from './directory-id.ts'
import { MetadataError } from './errors.ts'
import { metadataRecord, type MetadataRecord } from './record.ts'

export const NO_LEADER = -1
/** In a PartitionChange: the leader stays, and so does its epoch. */
export const NO_LEADER_CHANGE = -2

export const LeaderRecoveryState = { RECOVERED: 0, RECOVERING: 1 } as const
export type LeaderRecoveryState = (typeof LeaderRecoveryState)[keyof typeof LeaderRecoveryState]
const NO_RECOVERY_STATE_CHANGE = -1

/** One partition as the controller decided it. */
export interface PartitionRegistration {
  readonly replicas: readonly number[]
  /** One directory id per replica, in the order of `replicas`. */
  readonly directories: readonly Uuid[]
  readonly isr: readonly number[]
  readonly removingReplicas: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly eligibleLeaderReplicas: readonly number[]
  readonly lastKnownElr: readonly number[]
  /** Node id, or {@link NO_LEADER}. */
  readonly leader: number
  readonly leaderRecoveryState: LeaderRecoveryState
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

export interface TopicImage {
  readonly name: string
  readonly id: Uuid
  /** By partition index. */
  readonly partitions: ReadonlyMap<number, PartitionRegistration>
}

interface MutableTopic extends TopicImage {
  readonly partitions: Map<number, PartitionRegistration>
}

/** The topics of an image. */
export class Topics {
  readonly #byName = new Map<string, MutableTopic>()
  readonly #byId = new Map<Uuid, MutableTopic>()
  #partitionCount = 0

  get topicCount(): number {
    return this.#byName.size
  }

  get partitionCount(): number {
    return this.#partitionCount
  }

  byName(name: string): TopicImage | undefined {
    return this.#byName.get(name)
  }

  byId(id: Uuid): TopicImage | undefined {
    return this.#byId.get(id)
  }

  all(): Iterable<TopicImage> {
    return this.#byName.values()
  }

  create(name: string, id: Uuid, delta: DeltaBuilder): void {
    if (this.#byName.has(name) || this.#byId.has(id)) {
      throw new MetadataError('CORRUPT', `a Topic record creates ${name} (${id}), which exists`)
    }
    const topic: MutableTopic = { name, id, partitions: new Map() }
    this.#byName.set(name, topic)
    this.#byId.set(id, topic)
    delta.topic({ kind: 'created', name, id })
  }

  /** @returns the name of the topic that went away */
  remove(id: Uuid, delta: DeltaBuilder): string {
    const topic = this.#require(id, 'RemoveTopic')
    for (const [partition, before] of topic.partitions) {
      delta.partition({ topic: topic.name, topicId: id, partition, before, after: undefined })
    }
    this.#partitionCount -= topic.partitions.size
    this.#byName.delete(topic.name)
    this.#byId.delete(id)
    delta.topic({ kind: 'removed', name: topic.name, id })
    return topic.name
  }

  putPartition(record: PartitionRecord, delta: DeltaBuilder): void {
    const topic = this.#require(record.topicId, 'Partition')
    this.#set(topic, record.partitionId, registrationFromRecord(record), delta)
  }

  changePartition(record: PartitionChangeRecord, delta: DeltaBuilder): void {
    const topic = this.#require(record.topicId, 'PartitionChange')
    const before = topic.partitions.get(record.partitionId)
    if (before === undefined) {
      throw new MetadataError(
        'CORRUPT',
        `a PartitionChange record names ${topic.name}-${record.partitionId}, which is unknown`,
      )
    }
    this.#set(topic, record.partitionId, mergeChange(before, record), delta)
  }

  /** @param name the topic, or '' for all */
  clearEligibleLeaderReplicas(name: string, delta: DeltaBuilder): void {
    if (name !== '' && !this.#byName.has(name)) {
      throw new MetadataError('CORRUPT', `a ClearElr record names the topic ${name}, which is unknown`)
    }
    for (const topic of name === '' ? this.#byName.values() : [this.#byName.get(name)!]) {
      for (const [partition, before] of topic.partitions) {
        if (before.eligibleLeaderReplicas.length + before.lastKnownElr.length === 0) continue
        const partitionEpoch = before.partitionEpoch + 1
        this.#set(topic, partition, { ...before, eligibleLeaderReplicas: [], lastKnownElr: [], partitionEpoch }, delta)
      }
    }
  }

  *records(metadataVersion: number): Iterable<MetadataRecord> {
    for (const topic of this.#byName.values()) {
      yield metadataRecord('Topic', { name: topic.name, topicId: topic.id })
      for (const [partition, registration] of topic.partitions) {
        yield partitionRecord(topic.id, partition, registration, metadataVersion)
      }
    }
  }

  #set(topic: MutableTopic, partition: number, after: PartitionRegistration, delta: DeltaBuilder): void {
    const before = topic.partitions.get(partition)
    if (before === undefined) this.#partitionCount++
    topic.partitions.set(partition, after)
    delta.partition({ topic: topic.name, topicId: topic.id, partition, before, after })
  }

  #require(id: Uuid, record: string): MutableTopic {
    const topic = this.#byId.get(id)
    if (topic === undefined)
      throw new MetadataError('CORRUPT', `a ${record} record names topic id ${id}, which is unknown`)
    return topic
  }
}

/** A partition as a record, in the version that the metadata.version selects. */
export function partitionRecord(
  topicId: Uuid,
  partitionId: number,
  registration: PartitionRegistration,
  metadataVersion: number,
): MetadataRecord {
  const version = partitionRecordVersion(metadataVersion)
  const elr = registration.eligibleLeaderReplicas
  const lastKnownElr = registration.lastKnownElr
  return metadataRecord(
    'Partition',
    {
      partitionId,
      topicId,
      replicas: registration.replicas,
      isr: registration.isr,
      removingReplicas: registration.removingReplicas,
      addingReplicas: registration.addingReplicas,
      leader: registration.leader,
      leaderRecoveryState: registration.leaderRecoveryState,
      leaderEpoch: registration.leaderEpoch,
      partitionEpoch: registration.partitionEpoch,
      directories: version >= 1 ? registration.directories : [],
      eligibleLeaderReplicas: version >= 2 && elr.length > 0 ? elr : null,
      lastKnownElr: version >= 2 && lastKnownElr.length > 0 ? lastKnownElr : null,
    },
    version,
  )
}

export function registrationFromRecord(record: PartitionRecord): PartitionRegistration {
  return {
    replicas: record.replicas,
    directories: directoriesFor(record.directories, record.replicas.length),
    isr: record.isr,
    removingReplicas: record.removingReplicas,
    addingReplicas: record.addingReplicas,
    eligibleLeaderReplicas: record.eligibleLeaderReplicas ?? [],
    lastKnownElr: record.lastKnownElr ?? [],
    leader: record.leader,
    leaderRecoveryState: record.leaderRecoveryState as LeaderRecoveryState,
    leaderEpoch: record.leaderEpoch,
    partitionEpoch: record.partitionEpoch,
  }
}

/** What a change makes of a partition: absent fields stay, a named leader raises the leader epoch, even the same one. */
export function mergeChange(before: PartitionRegistration, change: PartitionChangeRecord): PartitionRegistration {
  const replicas = change.replicas ?? before.replicas
  const leaderNamed = change.leader !== NO_LEADER_CHANGE
  return {
    replicas,
    directories: directoriesFor(change.directories ?? before.directories, replicas.length),
    isr: change.isr ?? before.isr,
    removingReplicas: change.removingReplicas ?? before.removingReplicas,
    addingReplicas: change.addingReplicas ?? before.addingReplicas,
    eligibleLeaderReplicas: change.eligibleLeaderReplicas ?? before.eligibleLeaderReplicas,
    lastKnownElr: change.lastKnownElr ?? before.lastKnownElr,
    leader: leaderNamed ? change.leader : before.leader,
    leaderRecoveryState:
      change.leaderRecoveryState === NO_RECOVERY_STATE_CHANGE
        ? before.leaderRecoveryState
        : (change.leaderRecoveryState as LeaderRecoveryState),
    leaderEpoch: before.leaderEpoch + (leaderNamed ? 1 : 0),
    partitionEpoch: before.partitionEpoch + 1,
  }
}

/** Records older than directory ids carry none: then the place of every replica is still to be reported. */
function directoriesFor(directories: readonly Uuid[], replicaCount: number): readonly Uuid[] {
  if (directories.every((each) => each === DIRECTORY_MIGRATING))
    return Array<Uuid>(replicaCount).fill(DIRECTORY_MIGRATING)
  if (directories.length !== replicaCount) {
    throw new MetadataError(
      'CORRUPT',
      `a partition record has ${replicaCount} replicas but ${directories.length} directories`,
    )
  }
  return directories
}
