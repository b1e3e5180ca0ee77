/** Turns the configuration of topics, with what stands behind it on the broker, into what their logs go by. */
import type { LogConfig } from '@braidlog/log'
import type { ImageView, MetadataDelta, MetadataListener } from '@braidlog/metadata'
import {
  CLUSTER_DEFAULT_RESOURCE,
  ConfigResourceType,
  resolveTopicConfigs,
  schemaRulesOf,
  type TopicConfigs,
} from '@braidlog/model'

export class LogConfigs implements MetadataListener {
  readonly #image: ImageView
  readonly #nodeId: number
  /** What server.properties, environment and overrides say. */
  readonly #staticTexts: ReadonlyMap<string, string>
  /** Of topics without overrides: most topics have none. */
  #withoutOverrides: LogConfig | undefined

  constructor(image: ImageView, nodeId: number, staticTexts: ReadonlyMap<string, string>) {
    this.#image = image
    this.#nodeId = nodeId
    this.#staticTexts = staticTexts
  }

  onImage(_image: ImageView, delta: MetadataDelta): void {
    if (delta.configs.some((change) => change.resourceType === ConfigResourceType.BROKER)) {
      this.#withoutOverrides = undefined
    }
  }

  of(topic: string): LogConfig {
    const overrides = this.#image.configs(ConfigResourceType.TOPIC, topic)
    if (overrides.size > 0) return this.#resolve(overrides)
    this.#withoutOverrides ??= this.#resolve(overrides)
    return this.#withoutOverrides
  }

  #resolve(overrides: ReadonlyMap<string, string>): LogConfig {
    const { BROKER } = ConfigResourceType
    return logConfigOf(
      resolveTopicConfigs(overrides, {
        dynamicBroker: this.#image.configs(BROKER, String(this.#nodeId)),
        dynamicDefault: this.#image.configs(BROKER, CLUSTER_DEFAULT_RESOURCE),
        staticBroker: this.#staticTexts,
      }),
    )
  }
}

function logConfigOf(values: TopicConfigs): LogConfig {
  const policies = values['cleanup.policy']
  const compression = values['compression.type'] as 'uncompressed' | Exclude<LogConfig['compressionType'], 'none'>
  const levels: Readonly<Record<string, number>> = {
    gzip: values['compression.gzip.level'],
    lz4: values['compression.lz4.level'],
    zstd: values['compression.zstd.level'],
  }
  return {
    segmentBytes: values['segment.bytes'],
    segmentMs: values['segment.ms'],
    segmentJitterMs: values['segment.jitter.ms'],
    segmentIndexBytes: values['segment.index.bytes'],
    indexIntervalBytes: values['index.interval.bytes'],
    retentionMs: values['retention.ms'],
    retentionBytes: values['retention.bytes'],
    fileDeleteDelayMs: values['file.delete.delay.ms'],
    flushMessages: values['flush.messages'],
    flushMs: values['flush.ms'],
    cleanupDelete: policies.includes('delete'),
    cleanupCompact: policies.includes('compact'),
    minCleanableDirtyRatio: values['min.cleanable.dirty.ratio'],
    minCompactionLagMs: values['min.compaction.lag.ms'],
    maxCompactionLagMs: values['max.compaction.lag.ms'],
    deleteRetentionMs: values['delete.retention.ms'],
    maxMessageBytes: values['max.message.bytes'],
    messageTimestampType: values['message.timestamp.type'] as LogConfig['messageTimestampType'],
    messageTimestampBeforeMaxMs: values['message.timestamp.before.max.ms'],
    messageTimestampAfterMaxMs: values['message.timestamp.after.max.ms'],
    compressionType: compression === 'uncompressed' ? 'none' : compression,
    compressionLevel: levels[compression],
    minInsyncReplicas: values['min.insync.replicas'],
    schemaRules: schemaRulesOf(values),
  }
}
