/**
 * Topics that nobody created by hand: those that clients name (`auto.create.topics.enable`) and the internal ones that
 * coordinators need. Requests for one topic at the same time share one creation.
 */
import type { Logger } from '@braidlog/base'
import { CONSUMER_OFFSETS_TOPIC, ErrorCode, isInternalTopic, topicNameProblem } from '@braidlog/model'
import type { ClusterLink } from './cluster-link.ts'
import type { Replicas } from './replicas.ts'
import type { BrokerSettings } from './settings.ts'

export interface TopicCreationOptions {
  readonly cluster: ClusterLink
  readonly replicas: Replicas
  readonly settings: BrokerSettings
  readonly logger: Logger
}

const CREATE_TIMEOUT_MS = 30_000

export class TopicCreation {
  readonly #options: TopicCreationOptions
  readonly #creating = new Map<string, Promise<ErrorCode>>()

  constructor(options: TopicCreationOptions) {
    this.#options = options
  }

  /** @returns NONE when the topic exists and its partitions on this node are open */
  create(name: string): Promise<ErrorCode> {
    if (topicNameProblem(name) !== undefined) return Promise.resolve(ErrorCode.INVALID_TOPIC_EXCEPTION)
    // Of the internal topics of coordinators that are not served, the shape is not a client's to choose by naming them.
    if (isInternalTopic(name) && name !== CONSUMER_OFFSETS_TOPIC) {
      return Promise.resolve(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    }
    let creating = this.#creating.get(name)
    if (creating === undefined) {
      creating = this.#create(name).finally(() => this.#creating.delete(name))
      this.#creating.set(name, creating)
    }
    return creating
  }

  async #create(name: string): Promise<ErrorCode> {
    const { cluster, replicas, logger } = this.#options
    try {
      const response = await cluster.submit('createTopics', {
        topics: [{ name, assignments: [], ...this.#shapeOf(name) }],
        timeoutMs: CREATE_TIMEOUT_MS,
        validateOnly: false,
      })
      const { errorCode, errorMessage } = response.topics[0]!
      if (errorCode !== ErrorCode.NONE && errorCode !== ErrorCode.TOPIC_ALREADY_EXISTS) {
        logger.warn('cannot create a topic on demand', { topic: name, errorCode, errorMessage })
        return errorCode as ErrorCode
      }
      await cluster.untilSeen(() => cluster.image.topic(name) !== undefined)
      await replicas.settled()
      return ErrorCode.NONE
    } catch (error) {
      logger.warn('cannot create a topic on demand', { topic: name, error })
      return ErrorCode.UNKNOWN_SERVER_ERROR
    }
  }

  #shapeOf(name: string) {
    const { settings, cluster } = this.#options
    if (name !== CONSUMER_OFFSETS_TOPIC) {
      return {
        numPartitions: settings.defaultPartitionCount,
        replicationFactor: settings.defaultReplicationFactor,
        configs: [],
      }
    }
    let alive = 0
    for (const broker of cluster.image.brokers()) if (!broker.fenced) alive++
    return {
      numPartitions: settings.offsetsTopicPartitionCount,
      // Fewer nodes than replicas would leave a small cluster without groups.
      replicationFactor: Math.max(1, Math.min(settings.offsetsTopicReplicationFactor, alive)),
      configs: [
        { name: 'cleanup.policy', value: 'compact' },
        { name: 'compression.type', value: 'producer' },
        { name: 'segment.bytes', value: String(settings.offsetsTopicSegmentBytes) },
      ],
    }
  }
}
