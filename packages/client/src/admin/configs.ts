/** Admin calls about configurations. */
import type { Cluster, Target } from '../cluster.ts'
import type { CallOptions } from '../record.ts'
import { addItem, adminCall, checkCode, emptyOutcome, itemsCall } from './calls.ts'
import type {
  ConfigChange,
  ConfigEntry,
  ConfigResource,
  ConfigResourceType,
  ConfigSource,
  ConfigType,
  DescribedConfigs,
  ValidateOptions,
} from './types.ts'

const RESOURCE_TYPES: Readonly<Record<ConfigResourceType, number>> = {
  topic: 2,
  broker: 4,
  brokerLogger: 8,
  clientMetrics: 16,
  group: 32,
}

const TYPE_NAMES = new Map(Object.entries(RESOURCE_TYPES).map(([name, code]) => [code, name as ConfigResourceType]))

const SOURCES: readonly ConfigSource[] = [
  'unknown',
  'topic',
  'dynamicBroker',
  'dynamicDefaultBroker',
  'staticBroker',
  'default',
  'dynamicBrokerLogger',
  'clientMetrics',
  'group',
]

const TYPES: readonly ConfigType[] = [
  'unknown',
  'boolean',
  'string',
  'int',
  'short',
  'long',
  'double',
  'list',
  'class',
  'password',
]

const OPERATIONS: Readonly<Record<ConfigChange['op'], number>> = { set: 0, delete: 1, append: 2, subtract: 3 }

export async function describeConfigs(
  cluster: Cluster,
  resources: readonly (ConfigResource & { readonly names?: readonly string[] })[],
  options: CallOptions & { readonly includeSynonyms?: boolean; readonly includeDocumentation?: boolean } = {},
): Promise<DescribedConfigs[]> {
  return await itemsCall(cluster, 'describeConfigs', options, async (call) => {
    const outcome = emptyOutcome<DescribedConfigs>()
    for (const [target, group] of byTarget(resources)) {
      const connection = await connectTo(cluster, target, call)
      const version = connection.versionFor('DescribeConfigs')
      const body = {
        resources: group.map(({ type, name, names }) => ({
          resourceType: RESOURCE_TYPES[type],
          resourceName: name,
          configurationKeys: names === undefined ? null : [...names],
        })),
        includeSynonyms: options.includeSynonyms === true,
        ...(version >= 3 ? { includeDocumentation: options.includeDocumentation === true } : {}),
      }
      const response = await connection.request('DescribeConfigs', body, {
        signal: call.signal,
        timeoutMs: Math.max(1, call.remainingMs()),
      })
      for (const each of response.results) {
        const type = TYPE_NAMES.get(each.resourceType) ?? 'topic'
        if (!addItem(outcome, itemOf(type, each.resourceName), each.errorCode, each.errorMessage)) continue
        outcome.results.push({ type, name: each.resourceName, entries: each.configs.map((config) => entryOf(config)) })
      }
    }
    return outcome
  })
}

export async function incrementalAlterConfigs(
  cluster: Cluster,
  changes: readonly (ConfigResource & { readonly changes: readonly ConfigChange[] })[],
  options: ValidateOptions = {},
): Promise<void> {
  await itemsCall(cluster, 'incrementalAlterConfigs', options, async (call) => {
    const outcome = emptyOutcome<void>()
    for (const [target, group] of byTarget(changes)) {
      const body = {
        resources: group.map((resource) => ({
          resourceType: RESOURCE_TYPES[resource.type],
          resourceName: resource.name,
          configs: resource.changes.map(({ name, op, value }) => ({
            name,
            configOperation: OPERATIONS[op],
            value: value === undefined || value === null ? null : String(value),
          })),
        })),
        validateOnly: options.validateOnly === true,
      }
      const response = await cluster.request(
        await resolved(cluster, target, call),
        'IncrementalAlterConfigs',
        body,
        call,
      )
      for (const each of response.responses) {
        addItem(outcome, itemOf(typeOf(each.resourceType), each.resourceName), each.errorCode, each.errorMessage)
      }
    }
    return outcome
  })
}

export async function alterConfigs(
  cluster: Cluster,
  resources: readonly (ConfigResource & { readonly configs: Readonly<Record<string, string | null>> })[],
  options: ValidateOptions = {},
): Promise<void> {
  await itemsCall(cluster, 'alterConfigs', options, async (call) => {
    const outcome = emptyOutcome<void>()
    for (const [target, group] of byTarget(resources)) {
      const body = {
        resources: group.map((resource) => ({
          resourceType: RESOURCE_TYPES[resource.type],
          resourceName: resource.name,
          configs: Object.entries(resource.configs).map(([name, value]) => ({ name, value })),
        })),
        validateOnly: options.validateOnly === true,
      }
      const response = await cluster.request(await resolved(cluster, target, call), 'AlterConfigs', body, call)
      for (const each of response.responses) {
        addItem(outcome, itemOf(typeOf(each.resourceType), each.resourceName), each.errorCode, each.errorMessage)
      }
    }
    return outcome
  })
}

export async function listConfigResources(
  cluster: Cluster,
  types: readonly ConfigResourceType[] | undefined,
  options?: CallOptions,
): Promise<ConfigResource[]> {
  return await adminCall(cluster, 'listConfigResources', options, async (call) => {
    const connection = await cluster.connect('any', 'main', call)
    const version = connection.versionFor('ListConfigResources')
    const body = version >= 1 ? { resourceTypes: (types ?? []).map((type) => RESOURCE_TYPES[type]) } : {}
    const response = await connection.request('ListConfigResources', body, {
      signal: call.signal,
      timeoutMs: Math.max(1, call.remainingMs()),
    })
    checkCode(response.errorCode, 'listConfigResources')
    return response.configResources.map(({ resourceType, resourceName }) => ({
      type: typeOf(resourceType),
      name: resourceName,
    }))
  })
}

interface WireConfig {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource: number
  readonly isSensitive: boolean
  readonly configType?: number
  readonly documentation?: string | null
  readonly synonyms?: readonly { readonly name: string; readonly value: string | null; readonly source: number }[]
}

export function entryOf(wire: WireConfig): ConfigEntry {
  const source = SOURCES[wire.configSource] ?? 'unknown'
  return {
    name: wire.name,
    value: wire.value,
    source,
    isDefault: source === 'default',
    readOnly: wire.readOnly,
    sensitive: wire.isSensitive,
    type: TYPES[wire.configType ?? 0] ?? 'unknown',
    documentation: wire.documentation ?? null,
    synonyms: (wire.synonyms ?? []).map(({ name, value, source: code }) => ({
      name,
      value,
      source: SOURCES[code] ?? 'unknown',
    })),
  }
}

/** A broker's own configuration is that broker's business; all else goes to any, or for changes to the controller. */
function byTarget<R extends ConfigResource>(resources: readonly R[]): Map<number | 'any', R[]> {
  const targets = new Map<number | 'any', R[]>()
  for (const resource of resources) {
    const isBroker = (resource.type === 'broker' || resource.type === 'brokerLogger') && resource.name !== ''
    const target = isBroker ? Number(resource.name) : 'any'
    const list = targets.get(target)
    if (list === undefined) targets.set(target, [resource])
    else list.push(resource)
  }
  return targets
}

type Call = Parameters<Parameters<typeof adminCall>[3]>[0]

async function resolved(cluster: Cluster, target: number | 'any', call: Call): Promise<Target> {
  if (target === 'any') return 'controller'
  if (!cluster.metadata.brokers.has(target)) await cluster.refresh(call)
  return { node: target }
}

async function connectTo(cluster: Cluster, target: number | 'any', call: Call) {
  return await cluster.connect(target === 'any' ? 'any' : await resolved(cluster, target, call), 'main', call)
}

function typeOf(code: number): ConfigResourceType {
  return TYPE_NAMES.get(code) ?? 'topic'
}

function itemOf(type: ConfigResourceType, name: string): string {
  return `${type} ${name === '' ? '(default)' : name}`
}
