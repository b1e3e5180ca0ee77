/** Topics as one producer sees them: all that a record on its way there needs, found with one lookup. */
import type { Random } from '@braidlog/base'
import type { Cluster } from './cluster.ts'
import type { TopicMetadata } from './core/metadata-cache.ts'
import { OutgoingContext } from './outgoing.ts'
import { PartitionChoice } from './partition-choice.ts'
import type { ResolvedProducerOptions } from './producer-options.ts'
import { checkTopicName } from './validate.ts'
import type { WaitingRecord } from './backlog.ts'

export class ProducerTopic {
  readonly name: string
  readonly choice: PartitionChoice
  /** For one record after another: serializers are synchronous. */
  readonly context: OutgoingContext
  /** The cluster keeps its metadata fresh for this producer. */
  isWanted = false
  /** `undefined`: not known yet, or gone. */
  metadata: TopicMetadata | undefined
  /** Records that wait for the metadata, oldest first; `undefined` when nobody is looking for it. */
  forMetadata: WaitingRecord[] | undefined

  constructor(name: string, options: Pick<ResolvedProducerOptions, 'partitioner' | 'batchSizeBytes'>, random: Random) {
    this.name = name
    this.choice = new PartitionChoice(options, random)
    this.context = new OutgoingContext(name)
  }
}

export class ProducerTopics {
  readonly #cluster: Cluster
  readonly #options: ResolvedProducerOptions
  readonly #topics = new Map<string, ProducerTopic>()
  readonly #stopWanting: (() => void)[] = []
  #isEnded = false

  constructor(cluster: Cluster, options: ResolvedProducerOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  /** @throws KafkaError `INVALID_TOPIC_EXCEPTION` for what can be no topic */
  of(name: string): ProducerTopic {
    return this.#topics.get(name) ?? this.#add(name)
  }

  known(): Iterable<ProducerTopic> {
    return this.#topics.values()
  }

  /** Node id of a partition's leader; -1 when there is none, or none that can be reached. */
  leaderOf(name: string, partition: number): number {
    const leader = this.#cluster.metadata.partition(name, partition)?.leader ?? -1
    if (leader < 0) this.#topics.get(name)?.choice.leave(partition)
    return this.#cluster.metadata.brokers.has(leader) ? leader : -1
  }

  /** Asks for the metadata of a topic, and keeps it fresh from then on; creates the topic where brokers do that. */
  async learn(topic: ProducerTopic): Promise<void> {
    const metadata = await this.#cluster.call(
      'metadata of a topic',
      { timeoutMs: this.#options.deliveryTimeoutMs },
      async (call) => await this.#cluster.topic(topic.name, call, { create: true }),
    )
    topic.metadata = metadata
    if (topic.isWanted || this.#isEnded) return
    topic.isWanted = true
    this.#stopWanting.push(this.#cluster.want([topic.name]))
  }

  /** A topic that could not be learned is asked for anew by the next record. */
  forget(topic: ProducerTopic): void {
    if (!topic.isWanted) this.#topics.delete(topic.name)
  }

  /** The cluster's metadata has changed. */
  refresh(): void {
    for (const topic of this.#topics.values()) {
      if (topic.isWanted) topic.metadata = this.#cluster.metadata.topic(topic.name)
    }
  }

  end(): void {
    this.#isEnded = true
    for (const stop of this.#stopWanting.splice(0)) stop()
  }

  #add(name: string): ProducerTopic {
    checkTopicName(name)
    const topic = new ProducerTopic(name, this.#options, this.#cluster.environment.random)
    this.#topics.set(name, topic)
    return topic
  }
}
