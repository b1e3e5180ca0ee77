/**
 * Which value a configuration key has, and where it comes from.
 *
 * | key of  | strongest first                                                                          |
 * |---------|------------------------------------------------------------------------------------------|
 * | topic   | the topic's override; then, for each broker key that stands for it, the broker's chain     |
 * | broker  | dynamic of this node; dynamic of all nodes; static (server.properties, environment); default |
 *
 * Source: KIP-226, `ConfigHelper` of Apache Kafka.
 */
import type { LogConfig } from '@braidlog/log'
import type { ImageView, MetadataDelta, MetadataListener } from '@braidlog/metadata'
import {
  BROKER_CONFIGS,
  CLUSTER_DEFAULT_RESOURCE,
  ConfigResourceType,
  ConfigSource,
  formatConfigValue,
  parseConfigValue,
  TOPIC_CONFIG_SYNONYMS,
  TOPIC_CONFIGS,
  type ConfigKey,
  type ConfigTable,
} from '@braidlog/model'

/** A value that a key has somewhere, as text. */
export interface ConfigCandidate {
  readonly name: string
  readonly value: string | null
  readonly source: ConfigSource
}

export interface EffectiveConfig {
  readonly key: ConfigKey
  readonly value: string | null
  readonly source: ConfigSource
  /** Strongest first; the first one is what holds. */
  readonly candidates: readonly ConfigCandidate[]
}

const BROKER_TABLE: ConfigTable = BROKER_CONFIGS
const TOPIC_TABLE: ConfigTable = TOPIC_CONFIGS

export class EffectiveConfigs implements MetadataListener {
  readonly #image: ImageView
  readonly #nodeId: number
  /** What server.properties, environment and overrides say. */
  readonly #staticTexts: ReadonlyMap<string, string>
  /** Configuration of topics without overrides; most topics have none. */
  #defaultLogConfig: LogConfig | undefined

  constructor(image: ImageView, nodeId: number, staticTexts: ReadonlyMap<string, string>) {
    this.#image = image
    this.#nodeId = nodeId
    this.#staticTexts = staticTexts
  }

  onImage(_image: ImageView, delta: MetadataDelta): void {
    if (delta.configs.some((change) => change.resourceType === ConfigResourceType.BROKER)) {
      this.#defaultLogConfig = undefined
    }
  }

  /** @returns `undefined` for a key that brokers do not have */
  broker(name: string): EffectiveConfig | undefined {
    const key = BROKER_TABLE[name]
    return key && effective(key, this.#brokerCandidates(name))
  }

  /** @returns `undefined` for a key that topics do not have */
  topic(topic: string, name: string): EffectiveConfig | undefined {
    const key = TOPIC_TABLE[name]
    if (key === undefined) return undefined
    const candidates: ConfigCandidate[] = []
    const override = this.#image.configs(ConfigResourceType.TOPIC, topic).get(name)
    if (override !== undefined) candidates.push({ name, value: override, source: ConfigSource.TOPIC_CONFIG })
    const synonyms = TOPIC_CONFIG_SYNONYMS[name] ?? []
    for (const synonym of synonyms) candidates.push(...this.#brokerCandidates(synonym.name))
    if (candidates.length === 0) candidates.push(defaultOf(name, key))
    const holding = effective(key, candidates)
    const factor = synonyms.find((synonym) => synonym.name === holding.candidates[0]!.name)?.factor ?? 1
    if (factor === 1 || holding.value === null) return holding
    return { ...holding, value: scaled(holding.value, factor) }
  }

  /** What a topic's logs go by. */
  logConfigOf(topic: string): LogConfig {
    if (this.#image.configs(ConfigResourceType.TOPIC, topic).size > 0) return this.#readLogConfig(topic)
    this.#defaultLogConfig ??= this.#readLogConfig(topic)
    return this.#defaultLogConfig
  }

  #brokerCandidates(name: string): ConfigCandidate[] {
    const candidates: ConfigCandidate[] = []
    const add = (value: string | undefined, source: ConfigSource): void => {
      if (value !== undefined) candidates.push({ name, value, source })
    }
    const { BROKER } = ConfigResourceType
    add(this.#image.configs(BROKER, String(this.#nodeId)).get(name), ConfigSource.DYNAMIC_BROKER_CONFIG)
    add(this.#image.configs(BROKER, CLUSTER_DEFAULT_RESOURCE).get(name), ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG)
    add(this.#staticTexts.get(name), ConfigSource.STATIC_BROKER_CONFIG)
    const key = BROKER_TABLE[name]
    if (key !== undefined && key.default !== null && key.default !== undefined) candidates.push(defaultOf(name, key))
    return candidates
  }

  #readLogConfig(topic: string): LogConfig {
    const value = (name: keyof typeof TOPIC_CONFIGS): unknown => {
      const config = this.topic(topic, name)!
      const parsed = parseConfigValue(name, config.key, config.value ?? '')
      return parsed.ok ? parsed.value : config.key.default
    }
    const number = (name: keyof typeof TOPIC_CONFIGS): number => value(name) as number
    const policies = value('cleanup.policy') as readonly string[]
    const compression = value('compression.type') as 'uncompressed' | Exclude<LogConfig['compressionType'], 'none'>
    const levelKey = `compression.${compression}.level`
    return {
      segmentBytes: number('segment.bytes'),
      segmentMs: number('segment.ms'),
      segmentJitterMs: number('segment.jitter.ms'),
      segmentIndexBytes: number('segment.index.bytes'),
      indexIntervalBytes: number('index.interval.bytes'),
      retentionMs: number('retention.ms'),
      retentionBytes: number('retention.bytes'),
      fileDeleteDelayMs: number('file.delete.delay.ms'),
      flushMessages: number('flush.messages'),
      flushMs: number('flush.ms'),
      cleanupDelete: policies.includes('delete'),
      cleanupCompact: policies.includes('compact'),
      minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
      minCompactionLagMs: number('min.compaction.lag.ms'),
      maxCompactionLagMs: number('max.compaction.lag.ms'),
      deleteRetentionMs: number('delete.retention.ms'),
      maxMessageBytes: number('max.message.bytes'),
      messageTimestampType: value('message.timestamp.type') as LogConfig['messageTimestampType'],
      messageTimestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
      messageTimestampAfterMaxMs: number('message.timestamp.after.max.ms'),
      compressionType: compression === 'uncompressed' ? 'none' : compression,
      compressionLevel: isTopicKey(levelKey) ? number(levelKey) : undefined,
      minInsyncReplicas: number('min.insync.replicas'),
    }
  }
}

function isTopicKey(name: string): name is keyof typeof TOPIC_CONFIGS {
  return Object.hasOwn(TOPIC_CONFIGS, name)
}

/** A value that DescribeConfigs shows for a key of which nothing is stored. */
export function defaultOf(name: string, key: ConfigKey): ConfigCandidate {
  return { name, value: formatConfigValue(key.type, key.default), source: ConfigSource.DEFAULT_CONFIG }
}

export function effective(key: ConfigKey, candidates: readonly ConfigCandidate[]): EffectiveConfig {
  const strongest = candidates[0]
  return {
    key,
    value: strongest?.value ?? null,
    source: strongest?.source ?? ConfigSource.DEFAULT_CONFIG,
    candidates,
  }
}

/** Hours and minutes as milliseconds; -1 stays "no limit". */
function scaled(text: string, factor: number): string {
  const value = Number(text)
  return value < 0 ? text : String(value * factor)
}
