/**
 * The configuration of a node: file, environment and overrides brought together, read by the declared keys, and turned
 * into what the parts want to know.
 *
 * Unknown keys are warned about with the nearest known name; impossible values and contradictions stop the start, and
 * the message begins with the key.
 */
import {
  defaultBrokerSettings,
  defaultConnectionLimits,
  type AuthorizerSettings,
  type BrokerSettings,
  type ConnectionLimits,
  type ReplicaFetchSettings,
} from '@braidlog/broker'
import { defaultGroupCoordinatorConfig, type GroupCoordinatorConfig } from '@braidlog/coordinator'
import {
  BROKER_CONFIGS,
  parseConfigs,
  RACK_AWARE_SELECTOR,
  type BrokerConfigs,
  type ConfigTable,
} from '@braidlog/model'
import { propertiesFromEnvironment } from './environment.ts'
import { ServerError } from './errors.ts'
import { resolveListeners, resolveMetricsListener, type ListenerConfigs } from './listeners.ts'
import { parseProperties } from './properties.ts'
import { resolveQuorum, type QuorumConfig } from './quorum.ts'

export interface ServerConfig {
  /** `process.roles` */
  readonly isBroker: boolean
  readonly isController: boolean
  readonly quorum: QuorumConfig
  readonly values: BrokerConfigs
  /** What was given, by key, defaults of ours for a single node included. */
  readonly texts: ReadonlyMap<string, string>
  /** `undefined`: everyone may do everything. */
  readonly authorizer: AuthorizerSettings | undefined
  readonly warnings: readonly string[]
  readonly nodeId: number
  readonly directory: string
  readonly listeners: ListenerConfigs
  /** `braidlog.metrics.listener`; `undefined`: metrics are not served. */
  readonly metricsListener: { readonly host: string; readonly port: number } | undefined
}

export interface ConfigInputs {
  readonly properties?: string
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly config?: Readonly<Record<string, string | number | boolean>>
}

/** What a single node is, unless it is told otherwise. Loopback only: Kafka's default listens on all addresses. */
const SINGLE_NODE: ReadonlyMap<string, string> = new Map([
  ['process.roles', 'broker,controller'],
  ['node.id', '1'],
  ['controller.listener.names', 'CONTROLLER'],
  ['listeners', 'PLAINTEXT://127.0.0.1:9092'],
])

/** @throws ServerError `INVALID_CONFIG`, `OPEN_LISTENER` */
export function resolveConfig(inputs: ConfigInputs): ServerConfig {
  const given = new Map<string, string>()
  for (const [key, value] of parseProperties(inputs.properties ?? '')) given.set(key, value)
  for (const [key, value] of propertiesFromEnvironment(inputs.environment ?? {})) given.set(key, value)
  for (const [key, value] of Object.entries(inputs.config ?? {})) given.set(key, String(value))

  const texts = new Map(given)
  if (!texts.has('node.id') && texts.has('broker.id')) texts.set('node.id', texts.get('broker.id')!)
  for (const [key, value] of SINGLE_NODE) if (!texts.has(key)) texts.set(key, value)
  if (!given.has('listeners') && texts.get('process.roles')?.trim() === 'controller') {
    throw invalid('listeners', 'must say where the controller listens, as in CONTROLLER://127.0.0.1:9093')
  }
  // Two names of one number: tools read either.
  if (!texts.has('broker.id') && texts.has('node.id')) texts.set('broker.id', texts.get('node.id')!)

  const { values, problems, unknown } = parseConfigs(BROKER_CONFIGS, texts)
  const problem = problems[0]
  if (problem !== undefined) throw new ServerError('INVALID_CONFIG', problem.message, { key: problem.key })
  checkTogether(values, given)
  const roles = { isBroker: values['process.roles'].includes('broker'), isController: hasControllerRole(values) }
  const listeners = resolveListeners({
    ...roles,
    listeners: values.listeners,
    advertisedListeners: values['advertised.listeners'],
    controllerListenerNames: values['controller.listener.names'],
    interBrokerListenerName: values['inter.broker.listener.name'],
    securityProtocolMap: values['listener.security.protocol.map'],
    securityProtocolMapGiven: given.has('listener.security.protocol.map'),
    allowOpenListeners: values['braidlog.allow.open.listeners'],
  })
  return {
    ...roles,
    quorum: resolveQuorum(values, listeners),
    metricsListener: resolveMetricsListener(
      values['braidlog.metrics.listener'],
      values['braidlog.allow.open.listeners'],
    ),
    values,
    texts,
    authorizer: authorizerSettingsOf(values['authorizer.class.name'], texts),
    warnings: [...unknown.filter(({ key }) => !AUTHORIZER_KEYS.has(key)).map(unknownKey), ...keysWithoutEffect(given)],
    nodeId: values['node.id'],
    directory: directoryOf(values),
    listeners,
  }
}

function hasControllerRole(values: BrokerConfigs): boolean {
  return values['process.roles'].includes('controller')
}

function checkTogether(values: BrokerConfigs, given: ReadonlyMap<string, string>): void {
  const nodeId = values['node.id']
  if (given.has('broker.id') && values['broker.id'] !== nodeId) {
    throw invalid('broker.id', `is ${values['broker.id']}, but node.id is ${nodeId}; set only one of them`)
  }
  const [sessionMin, sessionMax] = [values['group.min.session.timeout.ms'], values['group.max.session.timeout.ms']]
  if (sessionMin > sessionMax) {
    throw invalid(
      'group.min.session.timeout.ms',
      `is ${sessionMin}, more than group.max.session.timeout.ms (${sessionMax})`,
    )
  }
}

const STANDARD_AUTHORIZER = 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'
const SUPER_USERS = 'super.users'
const ALLOW_EVERYONE = 'allow.everyone.if.no.acl.found'
/** Read by the authorizer alone, so that the table of broker configurations has none of them. */
const AUTHORIZER_KEYS: ReadonlySet<string> = new Set([SUPER_USERS, ALLOW_EVERYONE])

/** An authorizer that we do not have must not be taken for one that allows everything. */
function authorizerSettingsOf(className: string, texts: ReadonlyMap<string, string>): AuthorizerSettings | undefined {
  const key = 'authorizer.class.name'
  if (className === '') return undefined
  if (className !== STANDARD_AUTHORIZER) {
    throw invalid(key, `is ${className}; the one authorizer that can be used is ${STANDARD_AUTHORIZER}`)
  }
  const superUsers = (texts.get(SUPER_USERS) ?? '')
    .split(';')
    .map((each) => each.trim())
    .filter((each) => each !== '')
  const untyped = superUsers.find((each) => !each.includes(':'))
  if (untyped !== undefined) {
    throw invalid(SUPER_USERS, `names ${untyped}; principals have a type, as in User:${untyped}, and ; between them`)
  }
  const everyone = (texts.get(ALLOW_EVERYONE) ?? 'false').trim().toLowerCase()
  if (everyone !== 'true' && everyone !== 'false') {
    throw invalid(ALLOW_EVERYONE, `is ${everyone}, which is neither true nor false`)
  }
  return { superUsers: new Set(superUsers), allowEveryoneIfNoAclFound: everyone === 'true' }
}

function directoryOf(values: BrokerConfigs): string {
  const key = values['log.dirs'] === null ? 'log.dir' : 'log.dirs'
  const directories = values['log.dirs'] ?? values['log.dir']
  if (directories.length !== 1 || directories[0] === '') {
    throw invalid(key, `names ${directories.length} directories; this release keeps its data in one`)
  }
  const [directory] = directories
  const metadataDirectory = values['metadata.log.dir']
  if (metadataDirectory !== null && metadataDirectory !== directory) {
    throw invalid('metadata.log.dir', `is ${metadataDirectory}; this release keeps metadata in ${key} (${directory})`)
  }
  return directory!
}

function unknownKey({ key, nearest }: { readonly key: string; readonly nearest: string | undefined }): string {
  if (key.startsWith('zookeeper.')) return `${key} has no effect: there is no ZooKeeper any more, metadata is in KRaft`
  if (/^listener\.name\.|^(?:ssl|sasl)\./.test(key)) return `${key} has no effect: this release serves PLAINTEXT only`
  return nearest === undefined ? `${key} is not a known key` : `${key} is not a known key; did you mean ${nearest}?`
}

function keysWithoutEffect(given: ReadonlyMap<string, string>): string[] {
  const table: ConfigTable = BROKER_CONFIGS
  return [...given.keys()]
    .filter((key) => table[key]?.applies === false)
    .map((key) => `${key} is known, but has no effect in this release`)
}

function invalid(key: string, problem: string): ServerError {
  return new ServerError('INVALID_CONFIG', `${key} ${problem}`, { key })
}

export function brokerSettingsOf(values: BrokerConfigs): BrokerSettings {
  return {
    ...defaultBrokerSettings,
    autoCreateTopics: values['auto.create.topics.enable'],
    deleteTopics: values['delete.topic.enable'],
    defaultPartitionCount: values['num.partitions'],
    defaultReplicationFactor: values['default.replication.factor'],
    offsetsTopicPartitionCount: values['offsets.topic.num.partitions'],
    offsetsTopicReplicationFactor: values['offsets.topic.replication.factor'],
    offsetsTopicSegmentBytes: values['offsets.topic.segment.bytes'],
    fetchSizeMaxBytes: values['fetch.max.bytes'],
    fetchSessionsMax: values['max.incremental.fetch.session.cache.slots'],
    replicationQuotaWindow: {
      sampleCount: values['replication.quota.window.num'],
      sampleMs: values['replication.quota.window.size.seconds'] * 1000,
    },
    readsFromOwnRack: readsFromOwnRack(values),
    describedPartitionsMax: values['max.request.partition.size.limit'],
  }
}

/** Consumers may be told to read from a follower. */
export function readsFromOwnRack(values: BrokerConfigs): boolean {
  return values['replica.selector.class'] === RACK_AWARE_SELECTOR
}

export function replicaFetchSettingsOf(values: BrokerConfigs): ReplicaFetchSettings {
  return {
    partitionMaxBytes: values['replica.fetch.max.bytes'],
    responseMaxBytes: values['replica.fetch.response.max.bytes'],
    minBytes: values['replica.fetch.min.bytes'],
    waitMaxMs: values['replica.fetch.wait.max.ms'],
    backoffMs: values['replica.fetch.backoff.ms'],
    requestTimeoutMs: values['replica.socket.timeout.ms'],
    fetchersPerLeader: values['num.replica.fetchers'],
  }
}

/**
 * Until the controller has answered, the high watermark waits for the larger of two in-sync sets: what waits here costs
 * latency on top of `replica.lag.time.max.ms`, so that it is a small part of it.
 */
export function isrTimeoutMsOf(values: BrokerConfigs): number {
  return Math.max(1_000, values['replica.lag.time.max.ms'] / 6)
}

export function connectionLimitsOf(values: BrokerConfigs): ConnectionLimits {
  const queuedBytes = values['queued.max.request.bytes']
  return {
    ...defaultConnectionLimits,
    requestSizeMaxBytes: values['socket.request.max.bytes'],
    // Kafka's -1 means no limit; here the memory of half requests always has one.
    requestMemoryMaxBytes: queuedBytes < 0 ? defaultConnectionLimits.requestMemoryMaxBytes : queuedBytes,
    idleMaxMs: values['connections.max.idle.ms'],
    connectionsMax: values['max.connections'],
    connectionsPerAddressMax: values['max.connections.per.ip'],
  }
}

const MINUTE_MS = 60_000

export function groupConfigOf(values: BrokerConfigs): GroupCoordinatorConfig {
  return {
    ...defaultGroupCoordinatorConfig,
    sessionTimeoutMinMs: values['group.min.session.timeout.ms'],
    sessionTimeoutMaxMs: values['group.max.session.timeout.ms'],
    initialRebalanceDelayMs: values['group.initial.rebalance.delay.ms'],
    groupSizeMax: values['group.max.size'],
    offsetMetadataSizeMaxBytes: values['offset.metadata.max.bytes'],
    offsetsRetentionMs: values['offsets.retention.minutes'] * MINUTE_MS,
    offsetsRetentionCheckIntervalMs: values['offsets.retention.check.interval.ms'],
  }
}
