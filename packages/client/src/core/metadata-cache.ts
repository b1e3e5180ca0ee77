/**
 * What the client knows of the cluster: brokers, topics, partition leaders.
 *
 * Invariant: within the life of a topic (its id) the leader epoch of a partition never goes back; an answer from a broker
 * that lags behind does not undo what is known (KIP-320).
 */
import { ErrorCode, ZERO_UUID, type Uuid } from '@braidlog/model/nouns'
import type { MetadataResponse } from '@braidlog/protocol'

export interface BrokerNode {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface PartitionMetadata {
  readonly partition: number
  /** -1: none at the moment. */
  readonly leader: number
  /** -1: the broker is too old to say. */
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly offlineReplicas: readonly number[]
}

export interface TopicMetadata {
  readonly name: string
  readonly topicId: Uuid
  readonly internal: boolean
  /** By partition number. */
  readonly partitions: readonly PartitionMetadata[]
  /** Partitions that have a leader. */
  readonly available: readonly number[]
}

/** Names of topics that differ from what was known before. */
export interface MetadataChange {
  readonly appeared: readonly string[]
  readonly vanished: readonly string[]
  /** Another number of partitions, or another topic under the same name. */
  readonly reshaped: readonly string[]
  /** Some leader or leader epoch changed. */
  readonly moved: readonly string[]
}

export class MetadataCache {
  #clusterId: string | null = null
  #controller = -1
  #brokers = new Map<number, BrokerNode>()
  readonly #topics = new Map<string, TopicMetadata>()
  readonly #names = new Map<Uuid, string>()
  /** What the last answer said about topics that it could not describe. */
  readonly #errors = new Map<string, number>()

  get clusterId(): string | null {
    return this.#clusterId
  }

  /** Node id of the broker that takes controller requests; -1 when unknown. */
  get controller(): number {
    return this.#controller
  }

  get brokers(): ReadonlyMap<number, BrokerNode> {
    return this.#brokers
  }

  get topics(): ReadonlyMap<string, TopicMetadata> {
    return this.#topics
  }

  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name)
  }

  /** Error code of a topic that is not known; undefined when nobody has said anything about it. */
  errorOf(name: string): number | undefined {
    return this.#errors.get(name)
  }

  nameOf(topicId: Uuid): string | undefined {
    return this.#names.get(topicId)
  }

  partition(topic: string, partition: number): PartitionMetadata | undefined {
    return this.#topics.get(topic)?.partitions[partition]
  }

  /** @param complete the answer covers every topic there is: what it leaves out is gone */
  apply(response: MetadataResponse, complete: boolean): MetadataChange {
    this.#clusterId = response.clusterId
    this.#controller = response.controllerId
    this.#brokers = new Map(response.brokers.map((broker) => [broker.nodeId, broker]))
    const change = {
      appeared: [] as string[],
      vanished: [] as string[],
      reshaped: [] as string[],
      moved: [] as string[],
    }
    const seen = new Set<string>()
    for (const answer of response.topics) {
      const name = answer.name ?? this.#names.get(answer.topicId)
      if (name === undefined) continue
      seen.add(name)
      // A topic whose leaders are still being elected is there all the same.
      if (answer.errorCode !== ErrorCode.NONE && answer.partitions.length === 0) {
        this.#errors.set(name, answer.errorCode)
        if (answer.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION && this.#forget(name)) change.vanished.push(name)
        continue
      }
      this.#errors.delete(name)
      this.#put(name, answer, change)
    }
    if (complete) {
      for (const name of this.#topics.keys()) {
        if (seen.has(name)) continue
        this.#forget(name)
        this.#errors.set(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        change.vanished.push(name)
      }
    }
    return change
  }

  /** Takes the leader that a produce or fetch answer names (KIP-951). @returns whether that was news */
  learnLeader(
    topic: string,
    partition: number,
    leader: { readonly leaderId: number; readonly leaderEpoch: number },
    endpoints: readonly BrokerNode[],
  ): boolean {
    const known = this.#topics.get(topic)
    const before = known?.partitions[partition]
    if (known === undefined || before === undefined || leader.leaderId < 0) return false
    if (leader.leaderEpoch <= before.leaderEpoch) return false
    const brokers = new Map(this.#brokers)
    for (const endpoint of endpoints) brokers.set(endpoint.nodeId, endpoint)
    if (!brokers.has(leader.leaderId)) return false
    this.#brokers = brokers
    const partitions = [...known.partitions]
    partitions[partition] = { ...before, leader: leader.leaderId, leaderEpoch: leader.leaderEpoch }
    this.#topics.set(topic, withPartitions(known, partitions))
    return true
  }

  /** Forgets where the brokers are; topics stay, with leaders that must be looked up again. */
  forgetBrokers(): void {
    this.#brokers = new Map()
    this.#controller = -1
  }

  #put(
    name: string,
    answer: MetadataResponse['topics'][number],
    change: { appeared: string[]; reshaped: string[]; moved: string[] },
  ): void {
    const before = this.#topics.get(name)
    const same = before !== undefined && (before.topicId === answer.topicId || answer.topicId === ZERO_UUID)
    const partitions: PartitionMetadata[] = []
    let moved = false
    for (const each of answer.partitions) {
      const old = same ? before.partitions[each.partitionIndex] : undefined
      const stale = old !== undefined && each.leaderEpoch >= 0 && each.leaderEpoch < old.leaderEpoch
      const now: PartitionMetadata = stale
        ? old
        : {
            partition: each.partitionIndex,
            leader: each.errorCode === ErrorCode.LEADER_NOT_AVAILABLE ? -1 : each.leaderId,
            leaderEpoch: each.leaderEpoch,
            replicas: each.replicaNodes,
            isr: each.isrNodes,
            offlineReplicas: each.offlineReplicas,
          }
      partitions[each.partitionIndex] = now
      if (old !== undefined && (old.leader !== now.leader || old.leaderEpoch !== now.leaderEpoch)) moved = true
    }
    for (let i = 0; i < partitions.length; i++) partitions[i] ??= missingPartition(i)
    if (before !== undefined && !same) this.#names.delete(before.topicId)
    const shape = { name, topicId: answer.topicId, internal: answer.isInternal, partitions, available: [] }
    this.#topics.set(name, withPartitions(shape, partitions))
    if (answer.topicId !== ZERO_UUID) this.#names.set(answer.topicId, name)
    if (before === undefined) change.appeared.push(name)
    else if (!same || before.partitions.length !== partitions.length) change.reshaped.push(name)
    if (moved) change.moved.push(name)
  }

  #forget(name: string): boolean {
    const known = this.#topics.get(name)
    if (known === undefined) return false
    this.#topics.delete(name)
    this.#names.delete(known.topicId)
    return true
  }
}

function withPartitions(topic: TopicMetadata, partitions: readonly PartitionMetadata[]): TopicMetadata {
  const available = partitions.filter((each) => each.leader >= 0).map((each) => each.partition)
  return { ...topic, partitions, available }
}

function missingPartition(partition: number): PartitionMetadata {
  return { partition, leader: -1, leaderEpoch: -1, replicas: [], isr: [], offlineReplicas: [] }
}
