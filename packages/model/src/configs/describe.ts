/**
 * What DescribeConfigs shows: effective values, where they come from, and the values behind them (synonyms, strongest
 * first). Names, values and sources are those that Apache Kafka gives for the same settings.
 *
 * Source: `ConfigHelper` of Apache Kafka 4.3.
 */
import { ConfigSource } from '../config-resource.ts'
import { DYNAMIC_ONLY_BROKER_KEYS } from './alter.ts'
import { BROKER_CONFIGS } from './broker-configs.ts'
import { CLIENT_METRICS_CONFIGS } from './client-metrics-configs.ts'
import type { ConfigKey, ConfigTable, ConfigType } from './definition.ts'
import { GROUP_CONFIGS } from './group-configs.ts'
import { formatConfigValue } from './parse.ts'
import { resolveBrokerConfigs, topicConfigDefault, type BrokerConfigLayers } from './resolve.ts'
import { brokerConfigSynonyms, groupConfigSynonym, TOPIC_CONFIG_SYNONYMS } from './synonyms.ts'
import { TOPIC_CONFIGS } from './topic-configs.ts'

export interface DescribedSynonym {
  readonly name: string
  readonly value: string | null
  readonly source: ConfigSource
}

export interface DescribedConfig {
  readonly name: string
  /** `null`: not set, or not to be shown. */
  readonly value: string | null
  readonly source: ConfigSource
  readonly readOnly: boolean
  readonly isSensitive: boolean
  /** Number of the type on the wire; 0: unknown. */
  readonly type: number
  readonly synonyms: readonly DescribedSynonym[]
  readonly doc: string | null
}

/** `DescribeConfigsResponse.ConfigType` */
const TYPE_NUMBERS: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
}
const UNKNOWN_TYPE = 0

export function describeTopicConfigs(
  overrides: ReadonlyMap<string, string>,
  layers: BrokerConfigLayers,
): DescribedConfig[] {
  return describe(TOPIC_CONFIGS, (name, key) => {
    const brokerName = TOPIC_CONFIG_SYNONYMS[name]?.[0]?.name
    const behind = brokerName === undefined ? [] : brokerSynonyms(brokerName, layers)
    const own = overrides.get(name)
    const ownSynonym = own === undefined ? [] : [{ name, value: own, source: ConfigSource.TOPIC_CONFIG }]
    return { value: own ?? topicConfigDefault(name, key, layers), synonyms: [...ownSynonym, ...behind] }
  })
}

/** All keys of this broker. Keys that no table knows are listed too, their values hidden: they may be anybody's secret. */
export function describeBrokerConfigs(layers: BrokerConfigLayers): DescribedConfig[] {
  const values = resolveBrokerConfigs(layers) as Readonly<Record<string, unknown>>
  const described = describe(BROKER_CONFIGS, (name, key) => ({
    value: formatConfigValue(key.type, values[name]),
    synonyms: brokerSynonyms(name, layers),
    readOnly: key.mode === 'read-only',
  }))
  for (const name of layers.staticBroker.keys()) {
    if (Object.hasOwn(BROKER_CONFIGS, name)) continue
    const source = ConfigSource.STATIC_BROKER_CONFIG
    const hidden = { readOnly: true, isSensitive: true, type: UNKNOWN_TYPE, doc: null }
    described.push({ name, value: null, source, ...hidden, synonyms: [{ name, value: null, source }] })
  }
  for (const [name, type] of Object.entries(DYNAMIC_ONLY_BROKER_KEYS)) {
    const synonyms = dynamicSynonyms(name, layers)
    if (synonyms.length === 0) continue
    const { value, source } = synonyms[0]!
    const shown = { readOnly: false, isSensitive: false, type: TYPE_NUMBERS[type], doc: null }
    described.push({ name, value, source, ...shown, synonyms })
  }
  return described
}

/** The dynamic defaults of all brokers: only those that are set. */
export function describeClusterConfigs(dynamicDefault: ReadonlyMap<string, string>): DescribedConfig[] {
  const source = ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG
  return [...dynamicDefault].map(([name, text]) => {
    const key = (BROKER_CONFIGS as ConfigTable)[name]
    const type = key?.type ?? DYNAMIC_ONLY_BROKER_KEYS[name]
    const isSensitive = type === undefined || type === 'password'
    const value = isSensitive ? null : text
    return {
      name,
      value,
      source,
      readOnly: false,
      isSensitive,
      type: type === undefined ? UNKNOWN_TYPE : TYPE_NUMBERS[type],
      synonyms: [{ name, value, source }],
      doc: key?.doc ?? null,
    }
  })
}

export function describeGroupConfigs(
  overrides: ReadonlyMap<string, string>,
  layers: BrokerConfigLayers,
): DescribedConfig[] {
  const brokerValues = resolveBrokerConfigs(layers) as Readonly<Record<string, unknown>>
  return describe(GROUP_CONFIGS, (name, key) => {
    const brokerName = groupConfigSynonym(name)
    const onBroker = Object.hasOwn(BROKER_CONFIGS, brokerName)
    const behind = onBroker
      ? brokerSynonyms(brokerName, layers)
      : [{ name, value: formatConfigValue(key.type, key.default), source: ConfigSource.DEFAULT_CONFIG }]
    const own = overrides.get(name)
    const ownSynonym = own === undefined ? [] : [{ name, value: own, source: ConfigSource.GROUP_CONFIG }]
    const fallback = formatConfigValue(key.type, onBroker ? brokerValues[brokerName] : key.default)
    return { value: own ?? fallback, synonyms: [...ownSynonym, ...behind] }
  })
}

export function describeClientMetricsConfigs(overrides: ReadonlyMap<string, string>): DescribedConfig[] {
  return describe(CLIENT_METRICS_CONFIGS, (name, key) => {
    const own = overrides.get(name)
    const synonyms = own === undefined ? [] : [{ name, value: own, source: ConfigSource.CLIENT_METRICS_CONFIG }]
    return { value: own ?? formatConfigValue(key.type, key.default), synonyms }
  })
}

interface Found {
  readonly value: string | null
  readonly synonyms: readonly DescribedSynonym[]
  readonly readOnly?: boolean
}

function describe(table: ConfigTable, find: (name: string, key: ConfigKey) => Found): DescribedConfig[] {
  const described: DescribedConfig[] = []
  for (const [name, key] of Object.entries(table)) {
    if (key.internal) continue
    const { value, synonyms, readOnly } = find(name, key)
    const isSensitive = key.type === 'password'
    described.push({
      name,
      value: isSensitive ? null : value,
      source: synonyms[0]?.source ?? ConfigSource.DEFAULT_CONFIG,
      readOnly: readOnly ?? false,
      isSensitive,
      type: TYPE_NUMBERS[key.type],
      synonyms: isSensitive ? synonyms.map((synonym) => ({ ...synonym, value: null })) : synonyms,
      doc: key.doc,
    })
  }
  return described
}

function dynamicSynonyms(name: string, { dynamicBroker, dynamicDefault }: BrokerConfigLayers): DescribedSynonym[] {
  const found: DescribedSynonym[] = []
  const [own, ofAll] = [dynamicBroker.get(name), dynamicDefault.get(name)]
  if (own !== undefined) found.push({ name, value: own, source: ConfigSource.DYNAMIC_BROKER_CONFIG })
  if (ofAll !== undefined) found.push({ name, value: ofAll, source: ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG })
  return found
}

/**
 * Values of a broker key and of the keys it can come from, by layer. What stands before the first value of the key
 * itself is left out, as Apache Kafka leaves it out: a key set only through an older form shows no synonyms.
 */
function brokerSynonyms(name: string, layers: BrokerConfigLayers): DescribedSynonym[] {
  const found: DescribedSynonym[] = []
  const names = brokerConfigSynonyms(name)
  const collect = (source: ConfigSource, textOf: (each: string) => string | null | undefined) => {
    for (const each of names) {
      const value = textOf(each)
      if (value !== undefined && value !== null) found.push({ name: each, value, source })
    }
  }
  collect(ConfigSource.DYNAMIC_BROKER_CONFIG, (each) => layers.dynamicBroker.get(each))
  collect(ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG, (each) => layers.dynamicDefault.get(each))
  collect(ConfigSource.STATIC_BROKER_CONFIG, (each) => layers.staticBroker.get(each))
  collect(ConfigSource.DEFAULT_CONFIG, (each) => {
    const key = (BROKER_CONFIGS as ConfigTable)[each]!
    return formatConfigValue(key.type, key.default)
  })
  const first = found.findIndex((synonym) => synonym.name === name)
  return first === -1 ? [] : found.slice(first)
}
