/**
 * What each broker says about the topics under load. A node that was cut off says for a while what was true before, so leaders
 * are those of the highest epoch that anybody names, and replicas are in sync when all brokers say so.
 */
import { Kafka } from '@braidlog/client'
import { eventually } from '../peers/process.ts'

interface PartitionView {
  readonly topic: string
  readonly partition: number
  readonly leader: number
  readonly leaderEpoch: number
  readonly isrCount: number
}

const ASK_TIMEOUT_MS = 2_000
const SETTLE_TIMEOUT_MS = 120_000

export class ClusterView {
  readonly #brokerIds: readonly number[]
  readonly #kafka: Kafka

  constructor(brokerIds: readonly number[], bootstrapServers: readonly string[]) {
    this.#brokerIds = brokerIds
    this.#kafka = new Kafka({
      bootstrapServers: [...bootstrapServers],
      clientId: 'faults-view',
      requestTimeoutMs: 10_000,
      connectTimeoutMs: ASK_TIMEOUT_MS,
    })
  }

  async createTopic(name: string, partitions: number): Promise<void> {
    const replicationFactor = this.#brokerIds.length
    await this.#kafka.admin().createTopics([{ name, partitions, replicationFactor }])
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    await this.#kafka.admin().deleteTopics([...names])
  }

  /** Leaders of a topic's partitions, by number. */
  async leaders(topic: string): Promise<number[]> {
    return await eventually(
      async () => {
        const leaders = new Map<number, PartitionView>()
        for (const view of (await this.#views([topic])).flatMap((each) => each ?? [])) {
          const known = leaders.get(view.partition)
          if (known === undefined || view.leaderEpoch > known.leaderEpoch) leaders.set(view.partition, view)
        }
        const all = [...leaders.values()].toSorted((a, b) => a.partition - b.partition)
        return all.length > 0 && all.every(({ leader }) => leader >= 0) ? all.map(({ leader }) => leader) : undefined
      },
      `${topic} has leaders`,
      SETTLE_TIMEOUT_MS,
    )
  }

  /** The active controller, one that is another than `notThis`. */
  async controller(notThis?: number): Promise<number> {
    return await eventually(
      async () => {
        try {
          const { leader } = await this.#kafka.admin().describeQuorum({ timeoutMs: ASK_TIMEOUT_MS })
          return leader >= 0 && leader !== notThis ? leader : undefined
        } catch {
          return undefined
        }
      },
      'there is an active controller',
      SETTLE_TIMEOUT_MS,
    )
  }

  /** Resolves when all brokers say that all replicas of these topics are in sync. */
  async inSync(topics: readonly string[]): Promise<void> {
    const isWhole = (view: PartitionView): boolean => view.isrCount === this.#brokerIds.length && view.leader >= 0
    await eventually(
      async () => {
        const views = await this.#views(topics)
        return views.every((view) => view !== undefined && view.length > 0 && view.every(isWhole)) ? true : undefined
      },
      `all replicas of ${topics.join(', ')} are in sync`,
      SETTLE_TIMEOUT_MS,
    )
  }

  /** Who leads what with which replicas in sync, as each broker sees it; for people. */
  async describe(topics: readonly string[]): Promise<string> {
    const views = await this.#views(topics)
    const lines = views.map((view, at) => {
      const partitions = view?.map(({ leader, leaderEpoch, isrCount }) => `${leader}/${leaderEpoch}/${isrCount}`)
      return `  broker ${this.#brokerIds[at]}: ${partitions?.join(' ') ?? 'no answer'}`
    })
    return `leader/epoch/in sync of each partition\n${lines.join('\n')}`
  }

  async close(): Promise<void> {
    await this.#kafka.close()
  }

  /** By node; undefined of one that does not answer, or does not know a topic. */
  async #views(topics: readonly string[]): Promise<(readonly PartitionView[] | undefined)[]> {
    return await Promise.all(this.#brokerIds.map(async (broker) => await this.#viewOf(broker, topics)))
  }

  async #viewOf(broker: number, topics: readonly string[]): Promise<readonly PartitionView[] | undefined> {
    try {
      const body = { topics: topics.map((name) => ({ name })), allowAutoTopicCreation: false }
      const response = await this.#kafka.request('Metadata', body, { broker, timeoutMs: ASK_TIMEOUT_MS })
      if (response.topics.some(({ partitions }) => partitions.length === 0)) return undefined
      return response.topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, leaderId, leaderEpoch, isrNodes }) => ({
          topic: name!,
          partition: partitionIndex,
          leader: leaderId,
          leaderEpoch,
          isrCount: isrNodes.length,
        })),
      )
    } catch {
      return undefined
    }
  }
}
