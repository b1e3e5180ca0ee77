/**
 * Effective values: an override of the resource beats a dynamic value of this broker, that one the dynamic default of all
 * brokers, that one server.properties, and that one the default in the table.
 *
 * Source: `KafkaConfigSchema` and `DynamicBrokerConfig` of Apache Kafka.
 */
import { BROKER_CONFIGS, type BrokerConfigs } from './broker-configs.ts'
import type { ConfigKey, ConfigValues } from './definition.ts'
import { formatConfigValue, parseConfigValue } from './parse.ts'
import { TOPIC_CONFIG_SYNONYMS, type ConfigSynonym } from './synonyms.ts'
import { TOPIC_CONFIGS } from './topic-configs.ts'

/** Texts of broker keys by where they were set. */
export interface BrokerConfigLayers {
  /** Dynamic, of this broker. */
  readonly dynamicBroker: ReadonlyMap<string, string>
  /** Dynamic, of all brokers. */
  readonly dynamicDefault: ReadonlyMap<string, string>
  /** server.properties and environment. */
  readonly staticBroker: ReadonlyMap<string, string>
}

export type TopicConfigs = ConfigValues<typeof TOPIC_CONFIGS>

/** All values of a topic. A stored text that no longer parses falls back to the next source below it. */
export function resolveTopicConfigs(overrides: ReadonlyMap<string, string>, layers: BrokerConfigLayers): TopicConfigs {
  const values: Record<string, unknown> = {}
  for (const [name, key] of Object.entries<ConfigKey>(TOPIC_CONFIGS)) {
    values[name] = valueOf(name, key, overrides.get(name)) ?? fromBroker(name, layers) ?? key.default
  }
  return values as TopicConfigs
}

/** All values of this broker, dynamic ones included. */
export function resolveBrokerConfigs(layers: BrokerConfigLayers): BrokerConfigs {
  const values: Record<string, unknown> = {}
  for (const [name, key] of Object.entries<ConfigKey>(BROKER_CONFIGS)) {
    values[name] = firstValue(name, key, layers) ?? key.default
  }
  return values as BrokerConfigs
}

/** One value of this broker, dynamic or not: for what is asked now and then. */
export function resolveBrokerConfig<Name extends keyof BrokerConfigs>(
  name: Name,
  layers: BrokerConfigLayers,
): BrokerConfigs[Name] {
  const key: ConfigKey = BROKER_CONFIGS[name]
  return (firstValue(name, key, layers) ?? key.default) as BrokerConfigs[Name]
}

/** The text of one topic key without overrides, in the unit of the topic key. */
export function topicConfigDefault(name: string, key: ConfigKey, layers: BrokerConfigLayers): string | null {
  return formatConfigValue(key.type, fromBroker(name, layers) ?? key.default)
}

function fromBroker(name: string, layers: BrokerConfigLayers): unknown {
  const synonyms = TOPIC_CONFIG_SYNONYMS[name] ?? []
  for (const texts of [layers.dynamicBroker, layers.dynamicDefault, layers.staticBroker]) {
    for (const synonym of synonyms) {
      const value = valueOf(synonym.name, brokerKey(synonym.name), texts.get(synonym.name))
      if (value !== undefined) return converted(value, synonym)
    }
  }
  return undefined
}

function firstValue(name: string, key: ConfigKey, layers: BrokerConfigLayers): unknown {
  const { dynamicBroker, dynamicDefault, staticBroker } = layers
  const dynamic = key.mode === 'read-only' ? [] : [dynamicBroker.get(name), dynamicDefault.get(name)]
  for (const text of [...dynamic, staticBroker.get(name)]) {
    const value = valueOf(name, key, text)
    if (value !== undefined) return value
  }
  return undefined
}

function converted(value: unknown, synonym: ConfigSynonym): unknown {
  return typeof value === 'number' && synonym.factor !== 1 && value >= 0 ? value * synonym.factor : value
}

function valueOf(name: string, key: ConfigKey, text: string | undefined): unknown {
  if (text === undefined) return undefined
  const parsed = parseConfigValue(name, key, text)
  return parsed.ok ? parsed.value : undefined
}

function brokerKey(name: string): ConfigKey {
  return (BROKER_CONFIGS as Readonly<Record<string, ConfigKey>>)[name]!
}
