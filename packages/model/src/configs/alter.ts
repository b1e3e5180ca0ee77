/**
 * Checks of configuration changes: may this resource have this value? One function per resource type; each takes the
 * overrides as they would be afterwards.
 *
 * Source: `ControllerConfigurationValidator`, `DynamicBrokerConfig` of Apache Kafka 4.3.
 */
import { ErrorCode } from '../error-code.ts'
import { BROKER_CONFIGS } from './broker-configs.ts'
import { CLIENT_METRICS_CONFIGS } from './client-metrics-configs.ts'
import type { ConfigKey, ConfigTable, ConfigType } from './definition.ts'
import { GROUP_CONFIGS } from './group-configs.ts'
import { nearestConfigName, parseConfigValue } from './parse.ts'
import { resolveBrokerConfigs, type BrokerConfigLayers } from './resolve.ts'
import { TOPIC_CONFIGS } from './topic-configs.ts'

/** `undefined`: all is well. */
export type ConfigFault = { readonly errorCode: number; readonly message: string } | undefined

/** Broker keys that exist only as dynamic values, never in server.properties. */
export const DYNAMIC_ONLY_BROKER_KEYS: Readonly<Record<string, ConfigType>> = {
  'follower.replication.throttled.rate': 'long',
  'leader.replication.throttled.rate': 'long',
  'replica.alter.log.dirs.io.max.bytes.per.second': 'long',
}

const LISTENER_PREFIX = /^listener\.name\.[^.]*\.(.+)$/

export function checkTopicConfigs(configs: ReadonlyMap<string, string>): ConfigFault {
  const fault = checkTable(TOPIC_CONFIGS, 'topic', configs, ErrorCode.INVALID_CONFIG)
  if (fault !== undefined) return fault
  const numberOf = (name: keyof typeof TOPIC_CONFIGS) => {
    const text = configs.get(name)
    const parsed =
      text === undefined ? undefined : parseConfigValue(name, TOPIC_CONFIGS[name] as ConfigKey<number>, text)
    return parsed?.ok === true ? parsed.value : TOPIC_CONFIGS[name].default
  }
  if (numberOf('min.compaction.lag.ms')! > numberOf('max.compaction.lag.ms')!) {
    return invalid('min.compaction.lag.ms must not be larger than max.compaction.lag.ms')
  }
  if (configs.get('remote.storage.enable')?.trim().toLowerCase() === 'true') {
    return invalid('remote.storage.enable cannot be true: this cluster has no remote storage')
  }
  return undefined
}

/** @param perBroker the resource is one broker, not the default of all */
export function checkBrokerConfigs(configs: ReadonlyMap<string, string>, perBroker: boolean): ConfigFault {
  for (const [name, text] of configs) {
    const baseName = LISTENER_PREFIX.exec(name)?.[1] ?? name
    const key = (BROKER_CONFIGS as ConfigTable)[baseName]
    const type = key?.type ?? DYNAMIC_ONLY_BROKER_KEYS[baseName]
    // Apache Kafka stores keys it does not know: a plug-in may read them.
    if (type === undefined) continue
    if (key?.mode === 'read-only') return request(`${name} cannot be changed while the broker runs`)
    if (baseName === name && name.startsWith('ssl.') && (key?.type === 'password' || /\.(location|type)$/.test(name))) {
      return request(`${name} can be changed only per listener: set listener.name.<name>.${name}`)
    }
    if (!perBroker && key?.mode === 'per-broker') {
      return request(`${name} can be changed only per broker, not for the whole cluster`)
    }
    const parsed = parseConfigValue(name, key ?? { ...NO_CHECK, type }, text)
    if (!parsed.ok) return request(parsed.error)
  }
  return undefined
}

export function checkGroupConfigs(configs: ReadonlyMap<string, string>, layers: BrokerConfigLayers): ConfigFault {
  const fault = checkTable(GROUP_CONFIGS, 'group', configs, ErrorCode.INVALID_CONFIG)
  if (fault !== undefined) return fault
  const broker = resolveBrokerConfigs(layers) as Readonly<Record<string, unknown>>
  for (const [name, text] of configs) {
    const [type, ...rest] = name.split('.')
    const minimum = broker[`group.${type}.min.${rest.join('.')}`]
    const maximum = broker[`group.${type}.max.${rest.join('.')}`]
    const value = Number(text)
    if (typeof minimum === 'number' && value < minimum) {
      return invalid(`${name} must be at least group.${type}.min.${rest.join('.')} (${minimum}), not ${value}`)
    }
    if (typeof maximum === 'number' && value > maximum) {
      return invalid(`${name} must be at most group.${type}.max.${rest.join('.')} (${maximum}), not ${value}`)
    }
  }
  for (const type of ['consumer', 'share', 'streams']) {
    const valueOf = (name: string) => Number(configs.get(`${type}.${name}`) ?? broker[`group.${type}.${name}`])
    if (valueOf('session.timeout.ms') <= valueOf('heartbeat.interval.ms')) {
      return invalid(`${type}.session.timeout.ms must be larger than ${type}.heartbeat.interval.ms`)
    }
  }
  return undefined
}

const CLIENT_METRICS_INTERVAL_MS_MIN = 100
const CLIENT_METRICS_INTERVAL_MS_MAX = 3_600_000
const CLIENT_METRICS_SELECTORS = [
  'client_id',
  'client_instance_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
]

export function checkClientMetricsConfigs(configs: ReadonlyMap<string, string>): ConfigFault {
  const fault = checkTable(CLIENT_METRICS_CONFIGS, 'client metrics', configs, ErrorCode.INVALID_REQUEST)
  if (fault !== undefined) return fault
  const interval = configs.get('interval.ms')
  if (
    interval !== undefined &&
    !(Number(interval) >= CLIENT_METRICS_INTERVAL_MS_MIN && Number(interval) <= CLIENT_METRICS_INTERVAL_MS_MAX)
  ) {
    const range = `${CLIENT_METRICS_INTERVAL_MS_MIN} and ${CLIENT_METRICS_INTERVAL_MS_MAX}`
    return request(`interval.ms must be between ${range}, not ${interval}`)
  }
  for (const pattern of configs.get('match')?.split(',') ?? []) {
    if (pattern.trim() === '') continue
    const selector = pattern.split('=')[0]!.trim()
    if (pattern.split('=').length !== 2 || !CLIENT_METRICS_SELECTORS.includes(selector)) {
      return invalid(`match must list patterns as selector=pattern with a known selector, not "${pattern}"`)
    }
  }
  return undefined
}

/** Is APPEND and SUBTRACT defined for the key? */
export function isListConfig(table: ConfigTable, name: string): boolean {
  return table[name]?.type === 'list'
}

const NO_CHECK = {
  default: null,
  importance: 'low',
  mode: 'cluster-wide',
  doc: '',
  applies: false,
  internal: true,
} as const

function checkTable(
  table: ConfigTable,
  what: string,
  configs: ReadonlyMap<string, string>,
  unknownErrorCode: number,
): ConfigFault {
  for (const [name, text] of configs) {
    const key = Object.hasOwn(table, name) ? table[name] : undefined
    if (key === undefined) {
      const nearest = nearestConfigName(table, name)
      const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
      return { errorCode: unknownErrorCode, message: `${name} is not a ${what} configuration${hint}` }
    }
    const parsed = parseConfigValue(name, key, text)
    if (!parsed.ok) return invalid(parsed.error)
  }
  return undefined
}

function invalid(message: string): ConfigFault {
  return { errorCode: ErrorCode.INVALID_CONFIG, message }
}

function request(message: string): ConfigFault {
  return { errorCode: ErrorCode.INVALID_REQUEST, message }
}
