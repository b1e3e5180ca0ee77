/**
 * AlterConfigs and IncrementalAlterConfigs for topics, brokers, the default of all brokers, groups and client metrics.
 * A resource changes whole or not at all.
 *
 * Source: KIP-133, KIP-339 (incremental), KIP-226 (dynamic broker configurations), KIP-966 (min.insync.replicas).
 */
import { metadataRecord, type MetadataRecord } from '@braidlog/metadata'
import {
  checkBrokerConfigs,
  checkClientMetricsConfigs,
  checkGroupConfigs,
  checkTopicConfigs,
  CLIENT_METRICS_CONFIGS,
  CLUSTER_DEFAULT_RESOURCE,
  ConfigOperation,
  ConfigResourceType,
  BROKER_CONFIGS,
  describeTopicConfigs,
  GROUP_CONFIGS,
  isListConfig,
  TOPIC_CONFIGS,
  topicNameProblem,
  type ConfigFault,
  type ConfigTable,
} from '@braidlog/model'
import type {
  AlterConfigsRequest,
  AlterConfigsResponse,
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '@braidlog/protocol'
import { duplicatesOf, fault, NO_FAULT, type Fault } from './fault.ts'
import type { ControllerState, Decision } from './state.ts'

interface Resource {
  readonly resourceType: number
  readonly resourceName: string
}

/** New text per key; `undefined` removes the override. */
type Changes = Map<string, string | undefined>

const MIN_INSYNC_REPLICAS = 'min.insync.replicas'
const CONFIG_VALUE_LENGTH_MAX = 32_767

const TABLES: Readonly<Record<number, ConfigTable>> = {
  [ConfigResourceType.TOPIC]: TOPIC_CONFIGS,
  [ConfigResourceType.BROKER]: BROKER_CONFIGS,
  [ConfigResourceType.CLIENT_METRICS]: CLIENT_METRICS_CONFIGS,
  [ConfigResourceType.GROUP]: GROUP_CONFIGS,
}

export function decideIncrementalAlterConfigs(
  state: ControllerState,
  request: IncrementalAlterConfigsRequest,
): Decision<IncrementalAlterConfigsResponse> {
  return alterEach(state, request, (resource) => incrementalChanges(state, resource))
}

/** The older form: the given values replace all overrides of the resource. */
export function decideAlterConfigs(
  state: ControllerState,
  request: AlterConfigsRequest,
): Decision<AlterConfigsResponse> {
  return alterEach(state, request, (resource) => {
    const changes: Changes = new Map()
    for (const name of state.image.configs(resource.resourceType, resource.resourceName).keys()) {
      changes.set(name, undefined)
    }
    for (const { name, value } of resource.configs) {
      if (value === null) return fault('INVALID_REQUEST', `${name} has no value`)
      changes.set(name, value)
    }
    return changes
  })
}

interface AnyRequest<R> {
  readonly resources: readonly R[]
  readonly validateOnly: boolean
}

function alterEach<R extends Resource & { readonly configs: readonly { readonly name: string }[] }>(
  state: ControllerState,
  request: AnyRequest<R>,
  changesOf: (resource: R) => Changes | Fault,
): Decision<AlterConfigsResponse> {
  const records: MetadataRecord[] = []
  const keyOf = (resource: Resource) => `${resource.resourceType}:${resource.resourceName}`
  const duplicates = duplicatesOf(request.resources.map(keyOf))
  const responses: AlterConfigsResponse['responses'] = []
  for (const resource of request.resources) {
    const { resourceType, resourceName } = resource
    const twice = duplicatesOf(resource.configs.map((config) => config.name))
    let result: Fault
    if (duplicates.has(keyOf(resource)))
      result = fault('INVALID_REQUEST', 'the request names a resource more than once')
    else if (twice.size > 0) {
      result = fault('INVALID_REQUEST', `the request names ${[...twice].join(', ')} more than once`)
    } else result = alter(state, resource, changesOf(resource), records)
    responses.push({ ...result, resourceType, resourceName })
  }
  return { records: request.validateOnly ? [] : records, response: { throttleTimeMs: 0, responses } }
}

function alter(state: ControllerState, resource: Resource, changes: Changes | Fault, records: MetadataRecord[]): Fault {
  if (!(changes instanceof Map)) return changes
  const problem = checkResource(state, resource) ?? checkMinInsyncReplicas(state, resource, changes)
  if (problem !== undefined) return problem

  const { resourceType, resourceName } = resource
  const before = state.image.configs(resourceType, resourceName)
  const after = new Map(before)
  for (const [name, value] of changes) {
    if (value === undefined) after.delete(name)
    else if (value.length > CONFIG_VALUE_LENGTH_MAX) {
      return fault('INVALID_CONFIG', `the value of ${name} has more than ${CONFIG_VALUE_LENGTH_MAX} characters`)
    } else after.set(name, value)
  }
  const wrong = checkConfigs(state, resource, after)
  if (wrong !== undefined) return { errorCode: wrong.errorCode, errorMessage: wrong.message }

  for (const [name, value] of changes) {
    // A broker re-reads files behind a value even when its text stays, so an equal value is a change too.
    if (before.get(name) === value && resourceType !== ConfigResourceType.BROKER) continue
    if (value === undefined && !before.has(name)) continue
    records.push(metadataRecord('Config', { resourceType, resourceName, name, value: value ?? null }))
    if (name !== MIN_INSYNC_REPLICAS || !state.eligibleLeaderReplicasEnabled) continue
    const topicName = resourceType === ConfigResourceType.TOPIC ? resourceName : ''
    records.push(metadataRecord('ClearElr', { topicName }))
  }
  return NO_FAULT
}

function incrementalChanges(
  state: ControllerState,
  resource: IncrementalAlterConfigsRequest['resources'][number],
): Changes | Fault {
  const before = state.image.configs(resource.resourceType, resource.resourceName)
  const table = TABLES[resource.resourceType] ?? {}
  const changes: Changes = new Map()
  for (const { name, configOperation, value } of resource.configs) {
    if (configOperation === ConfigOperation.DELETE) {
      changes.set(name, undefined)
      continue
    }
    if (value === null) return fault('INVALID_REQUEST', `${name} has no value`)
    if (configOperation === ConfigOperation.SET) {
      changes.set(name, value)
      continue
    }
    if (configOperation !== ConfigOperation.APPEND && configOperation !== ConfigOperation.SUBTRACT) {
      return fault('INVALID_REQUEST', `${configOperation} is no operation on ${name}`)
    }
    if (!isListConfig(table, name)) {
      return fault('INVALID_CONFIG', `${name} is no list: it cannot be appended to or subtracted from`)
    }
    const items = splitList(before.get(name) ?? defaultText(state, resource, name))
    const operands = splitList(value)
    const result =
      configOperation === ConfigOperation.APPEND
        ? [...items, ...operands.filter((operand) => !items.includes(operand))]
        : items.filter((item) => !operands.includes(item))
    changes.set(name, result.join(','))
  }
  return changes
}

function splitList(text: string): string[] {
  return text.trim() === '' ? [] : text.trim().split(/\s*,\s*/)
}

/** What APPEND and SUBTRACT start from where there is no override. */
function defaultText(state: ControllerState, resource: Resource, name: string): string {
  if (resource.resourceType === ConfigResourceType.TOPIC) {
    const described = describeTopicConfigs(new Map(), state.configLayers()).find((each) => each.name === name)
    return described?.value ?? ''
  }
  if (resource.resourceType === ConfigResourceType.BROKER) {
    const text = state.settings.staticConfigs.get(name)
    if (text !== undefined) return text
  }
  const byDefault = TABLES[resource.resourceType]?.[name]?.default
  return Array.isArray(byDefault) ? byDefault.join(',') : ''
}

/** May this resource have configurations, and does it exist? */
function checkResource(state: ControllerState, { resourceType, resourceName }: Resource): Fault | undefined {
  switch (resourceType) {
    case ConfigResourceType.TOPIC: {
      if (resourceName === '') return fault('INVALID_REQUEST', 'topics have no default resource; name a topic')
      const problem = topicNameProblem(resourceName)
      if (problem !== undefined) return fault('INVALID_TOPIC_EXCEPTION', problem)
      if (state.image.topic(resourceName) !== undefined) return undefined
      return fault('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${resourceName}`)
    }
    case ConfigResourceType.BROKER:
      if (resourceName === CLUSTER_DEFAULT_RESOURCE) return undefined
      if (!/^\d{1,10}$/.test(resourceName)) {
        return fault('INVALID_REQUEST', `a broker is named by its id, not by "${resourceName}"`)
      }
      if (state.image.broker(Number(resourceName)) !== undefined) return undefined
      if (Number(resourceName) === state.settings.nodeId) return undefined
      return fault('BROKER_ID_NOT_REGISTERED', `broker ${resourceName} is not registered`)
    case ConfigResourceType.CLIENT_METRICS:
      if (resourceName !== '') return undefined
      return fault('INVALID_REQUEST', 'client metrics have no default resource; name a subscription')
    case ConfigResourceType.GROUP:
      return resourceName === '' ? fault('INVALID_REQUEST', 'groups have no default resource; name a group') : undefined
    case ConfigResourceType.BROKER_LOGGER:
      return fault('INVALID_REQUEST', 'log levels are changed at the node itself, not through the controller')
    default:
      return fault('INVALID_REQUEST', `resources of type ${resourceType} have no configurations that can be changed`)
  }
}

function checkConfigs(
  state: ControllerState,
  { resourceType, resourceName }: Resource,
  configs: ReadonlyMap<string, string>,
): ConfigFault {
  switch (resourceType) {
    case ConfigResourceType.TOPIC:
      return checkTopicConfigs(configs)
    case ConfigResourceType.BROKER:
      return checkBrokerConfigs(configs, resourceName !== CLUSTER_DEFAULT_RESOURCE)
    case ConfigResourceType.GROUP:
      return checkGroupConfigs(configs, state.configLayers())
    default:
      return checkClientMetricsConfigs(configs)
  }
}

/** With eligible leader replicas every partition must be judged by one value, known to the controller. */
function checkMinInsyncReplicas(state: ControllerState, resource: Resource, changes: Changes): Fault | undefined {
  if (resource.resourceType !== ConfigResourceType.BROKER) return undefined
  if (!state.eligibleLeaderReplicasEnabled || !changes.has(MIN_INSYNC_REPLICAS)) return undefined
  if (resource.resourceName !== CLUSTER_DEFAULT_RESOURCE) {
    return fault(
      'INVALID_CONFIG',
      `${MIN_INSYNC_REPLICAS} cannot be set for one broker while eligible leader replicas are on`,
    )
  }
  if (changes.get(MIN_INSYNC_REPLICAS) !== undefined) return undefined
  return fault('INVALID_CONFIG', `${MIN_INSYNC_REPLICAS} cannot be removed while eligible leader replicas are on`)
}
