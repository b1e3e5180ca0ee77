/**
 * DescribeConfigs (API key 32): the keys of topics, brokers, groups and client metrics with their values, where these
 * come from and what they mean. Values of passwords are never shown.
 * Source: KIP-133, KIP-226 (synonyms), KIP-569 (types and documentation).
 */
import {
  BROKER_CONFIGS,
  CLIENT_METRICS_CONFIGS,
  CLUSTER_DEFAULT_RESOURCE,
  ConfigResourceType,
  ConfigSource,
  ErrorCode,
  GROUP_CONFIGS,
  TOPIC_CONFIGS,
  topicNameProblem,
  type ConfigTable,
  type ConfigType,
} from '@braidlog/model'
import { DescribeConfigsRequest, DescribeConfigsResponse, type Input } from '@braidlog/protocol'
import type { BrokerContext } from '../context.ts'
import { defaultOf, effective, type ConfigCandidate, type EffectiveConfig } from '../effective-configs.ts'
import { api, type ApiHandler } from '../handler.ts'

type Result = Input<DescribeConfigsResponse['results'][number]>
type Resource = DescribeConfigsRequest['resources'][number]

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

export function describeConfigsHandler(broker: BrokerContext): ApiHandler {
  return api(DescribeConfigsRequest, DescribeConfigsResponse, (request) => {
    const { includeSynonyms, includeDocumentation } = request

    const entry = (name: string, config: EffectiveConfig) => {
      const { key, source } = config
      const isSensitive = key.type === 'password'
      return {
        name,
        value: isSensitive ? null : config.value,
        readOnly: key.mode === 'read-only' && source !== ConfigSource.TOPIC_CONFIG && isBrokerKey(name),
        configSource: source,
        isSensitive,
        synonyms: includeSynonyms
          ? config.candidates.map((candidate) => ({ ...candidate, value: isSensitive ? null : candidate.value }))
          : [],
        configType: TYPE_NUMBERS[key.type],
        documentation: includeDocumentation ? key.doc : null,
      }
    }

    const configsOf = (
      table: ConfigTable,
      resource: Resource,
      find: (name: string) => EffectiveConfig | undefined,
    ): Result => {
      const wanted = resource.configurationKeys
      const names = Object.keys(table).filter((name) => !table[name]!.internal && (wanted?.includes(name) ?? true))
      const configs = names.flatMap((name) => {
        const config = find(name)
        return config === undefined ? [] : [entry(name, config)]
      })
      return { ...identity(resource), errorCode: ErrorCode.NONE, errorMessage: null, configs }
    }

    /** Resources whose values are stored overrides or defaults, with nothing in between. */
    const storedConfigsOf = (table: ConfigTable, resource: Resource, source: ConfigSource): Result => {
      const stored = broker.image.configs(resource.resourceType, resource.resourceName)
      return configsOf(table, resource, (name) => {
        const key = table[name]!
        const value = stored.get(name)
        const candidates: ConfigCandidate[] = value === undefined ? [] : [{ name, value, source }]
        return effective(key, [...candidates, defaultOf(name, key)])
      })
    }

    const describe = (resource: Resource): Result => {
      const { resourceType, resourceName } = resource
      switch (resourceType) {
        case ConfigResourceType.TOPIC: {
          if (topicNameProblem(resourceName) !== undefined) {
            return failed(resource, ErrorCode.INVALID_TOPIC_EXCEPTION, topicNameProblem(resourceName)!)
          }
          if (broker.image.topic(resourceName) === undefined) {
            return failed(resource, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${resourceName}`)
          }
          return configsOf(TOPIC_CONFIGS, resource, (name) => broker.configs.topic(resourceName, name))
        }
        case ConfigResourceType.BROKER: {
          if (resourceName === CLUSTER_DEFAULT_RESOURCE) {
            const stored = broker.image.configs(ConfigResourceType.BROKER, CLUSTER_DEFAULT_RESOURCE)
            return configsOf(BROKER_CONFIGS, resource, (name) => {
              const value = stored.get(name)
              if (value === undefined) return undefined
              const source = ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG
              return effective((BROKER_CONFIGS as ConfigTable)[name]!, [{ name, value, source }])
            })
          }
          if (resourceName !== String(broker.nodeId)) {
            const message = `this is broker ${broker.nodeId}; ask broker ${resourceName} for its configuration`
            return failed(resource, ErrorCode.INVALID_REQUEST, message)
          }
          return configsOf(BROKER_CONFIGS, resource, (name) => broker.configs.broker(name))
        }
        case ConfigResourceType.GROUP:
          if (resourceName === '') return failed(resource, ErrorCode.INVALID_REQUEST, 'a group must have a name')
          return storedConfigsOf(GROUP_CONFIGS, resource, ConfigSource.GROUP_CONFIG)
        case ConfigResourceType.CLIENT_METRICS:
          if (resourceName === '') {
            return failed(resource, ErrorCode.INVALID_REQUEST, 'a subscription of client metrics must have a name')
          }
          return storedConfigsOf(CLIENT_METRICS_CONFIGS, resource, ConfigSource.CLIENT_METRICS_CONFIG)
        case ConfigResourceType.BROKER_LOGGER:
          return { ...identity(resource), errorCode: ErrorCode.NONE, errorMessage: null, configs: [] }
        default:
          return failed(resource, ErrorCode.INVALID_REQUEST, `resources of type ${resourceType} have no configuration`)
      }
    }
    return { results: request.resources.map(describe) }
  })
}

/** Topic keys can always be changed; broker keys only where their declaration says so. */
function isBrokerKey(name: string): boolean {
  return Object.hasOwn(BROKER_CONFIGS, name)
}

function identity({ resourceType, resourceName }: Resource) {
  return { resourceType, resourceName }
}

function failed(resource: Resource, errorCode: ErrorCode, errorMessage: string): Result {
  return { ...identity(resource), errorCode, errorMessage, configs: [] }
}
