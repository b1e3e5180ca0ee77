/** The topic that keeps the schemas: one partition, compacted. Created when it is absent, refused when it is something else. */
import type { Logger } from '@braidlog/base'
import { KafkaError, type CallOptions, type Kafka } from '@braidlog/client'
import { RegistryError } from '../errors.ts'

export interface TopicOptions extends CallOptions {
  readonly topic: string
  /** As many as there are brokers, at most 3, unless given. */
  readonly replicationFactor?: number | undefined
  readonly logger: Logger
}

const REPLICATION_FACTOR = 3
/** After a topic has been created, brokers may not know it for a moment. */
const ATTEMPTS_MAX = 50
const ATTEMPT_PAUSE_MS = 100

/** @throws RegistryError WRONG_TOPIC, STORE_FAILED */
export async function ensureTopic(kafka: Kafka, options: TopicOptions): Promise<void> {
  const { topic, logger } = options
  const admin = kafka.admin()
  const call: CallOptions = { signal: options.signal, timeoutMs: options.timeoutMs }
  if ((await partitionsOf(kafka, topic, call)) === undefined) {
    const { brokers } = await admin.describeCluster(call)
    const replicationFactor = options.replicationFactor ?? Math.max(1, Math.min(REPLICATION_FACTOR, brokers.length))
    if (options.replicationFactor === undefined && replicationFactor < REPLICATION_FACTOR) {
      logger.warn('the topic of the schemas has few replicas', { topic, replicationFactor, brokers: brokers.length })
    }
    try {
      await admin.createTopics(
        [{ name: topic, partitions: 1, replicationFactor, configs: { 'cleanup.policy': 'compact' } }],
        call,
      )
      logger.info('created the topic of the schemas', { topic, replicationFactor })
    } catch (error) {
      // Another instance was faster.
      if (!KafkaError.is(error) || error.code !== 'TOPIC_ALREADY_EXISTS') throw error
    }
  }
  const partitions = await visiblePartitions(kafka, topic, call)
  if (partitions !== 1) {
    throw new RegistryError(
      'WRONG_TOPIC',
      `topic ${topic} has ${partitions} partitions; the registry needs one that has 1`,
    )
  }
  const [described] = await admin.describeConfigs([{ type: 'topic', name: topic, names: ['cleanup.policy'] }], call)
  const policy = described?.entries.find(({ name }) => name === 'cleanup.policy')?.value ?? ''
  if (!policy.split(',').includes('compact')) {
    throw new RegistryError(
      'WRONG_TOPIC',
      `topic ${topic} has cleanup.policy=${policy}: schemas would be deleted in time; set cleanup.policy=compact on it`,
    )
  }
}

async function visiblePartitions(kafka: Kafka, topic: string, call: CallOptions): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const partitions = await partitionsOf(kafka, topic, call)
    if (partitions !== undefined) return partitions
    await pause(ATTEMPT_PAUSE_MS, call.signal)
  }
  throw new RegistryError('STORE_FAILED', `topic ${topic} was created, but no broker knows it`)
}

/** @returns undefined while there is no such topic, or no leader of it */
async function partitionsOf(kafka: Kafka, topic: string, call: CallOptions): Promise<number | undefined> {
  try {
    const [description] = await kafka.admin().describeTopics([topic], call)
    const partitions = description?.partitions ?? []
    return partitions.length === 0 || partitions.some(({ leader }) => leader === null) ? undefined : partitions.length
  } catch (error) {
    if (KafkaError.is(error) && error.code === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined
    throw error
  }
}

/** Resolves early when the signal is aborted: the next call of the client says so. */
export async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, delayMs)
    signal?.addEventListener('abort', end, { once: true })
  })
}
