/**
 * Starts a node, in the order in which things can go wrong cheaply: configuration, data directory, ports, metadata,
 * partitions; only then are requests taken up. Whatever was opened is closed again when a later step fails.
 */
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { silentLogger, StorageError, type Storage } from '@braidlog/base'
import { Broker, ClusterMembership, Connections, isEligibleReplica, newBrokerMetrics } from '@braidlog/broker'
import { ControllerError } from '@braidlog/controller'
import { LogError, LogResources } from '@braidlog/log'
import { formatStorage, MetadataError, readMetaProperties, SecurityProtocol } from '@braidlog/metadata'
import { randomUuid } from '@braidlog/model'
import { openPartitionSet } from '@braidlog/partition'
import {
  ListenError,
  nodeCodecs,
  makeDirectories,
  NodeStorage,
  systemClock,
  systemRandom,
  systemTimers,
  systemTurns,
} from '@braidlog/runtime'
import {
  brokerSettingsOf,
  connectionLimitsOf,
  groupConfigOf,
  isrTimeoutMsOf,
  readsFromOwnRack,
  replicaFetchSettingsOf,
  resolveConfig,
  type ServerConfig,
} from './config.ts'
import { cleanerConfigOf } from './cleaner-config.ts'
import { openControllerSide } from './controller-side.ts'
import { ServerError } from './errors.ts'
import { isWildcard, type ListenerConfig } from './listeners.ts'
import { lockDirectory } from './lock-file.ts'
import { RunningServer } from './running-server.ts'
import type { MetricsEndpoint } from './metrics/metrics-endpoint.ts'
import { schemaRegistryOf } from './schema-registry-config.ts'
import type { Server, ServerListener, ServerOptions } from './server.ts'

/** @throws ServerError */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const config = resolveConfig(options)
  const logger = options.logger ?? silentLogger
  for (const warning of config.warnings) logger.warn(warning)
  const opened = new Opened()
  try {
    return await start(options, config, opened)
  } catch (error) {
    await opened.closeAll()
    throw asServerError(error)
  }
}

/** What has been opened so far, to be closed in reverse when the start fails. */
class Opened {
  readonly #closers: (() => unknown)[] = []

  add(close: () => unknown): void {
    this.#closers.push(close)
  }

  async closeAll(): Promise<void> {
    for (const close of this.#closers.toReversed()) {
      try {
        await close()
      } catch {
        // The failure that stopped the start is the one to report.
      }
    }
  }
}

async function start(options: ServerOptions, config: ServerConfig, opened: Opened): Promise<Server> {
  const { values, nodeId } = config
  const clock = options.clock ?? systemClock
  const timers = options.timers ?? systemTimers
  const random = options.random ?? systemRandom
  const turns = options.turns ?? systemTurns
  const logger = options.logger ?? silentLogger
  const codecs = nodeCodecs
  const schemaRegistry = schemaRegistryOf(values, options.schemaFormats)

  const directory = options.storage === undefined ? path.resolve(config.directory) : config.directory
  const storage = options.storage ?? new NodeStorage(directory)
  const unlock = options.storage === undefined ? prepareDirectory(directory) : () => {}
  opened.add(unlock)

  const metrics = newBrokerMetrics(clock.nowMs())
  const { listen, dial } = options.network ?? {}
  const connections = new Connections({
    limits: connectionLimitsOf(values),
    clock,
    timers,
    logger,
    metrics,
    listen,
    turns,
  })
  opened.add(() => connections.closeAll('the server did not start'))
  opened.add(() => connections.stopListening())
  // Before anything is written: a taken port must not leave a half-made directory behind.
  const listeners = await openListeners(config.listeners.broker, config, connections)
  const { metricsListener } = config
  let metricsText = (): string | undefined => undefined
  const metricsEndpoint = metricsListener && (await openMetrics(metricsListener, () => metricsText()))
  if (metricsEndpoint !== undefined) opened.add(() => metricsEndpoint.close())
  let controllerConnections: Connections | undefined
  let controllerListeners: readonly ServerListener[] = config.listeners.controller.map(unopened)
  if (config.listeners.opensController) {
    const own = new Connections({
      limits: connectionLimitsOf(values),
      clock,
      timers,
      logger,
      metrics: newBrokerMetrics(clock.nowMs()),
      listen,
      turns,
    })
    opened.add(() => own.closeAll('the server did not start'))
    opened.add(() => own.stopListening())
    controllerListeners = await openListeners(config.listeners.controller, config, own)
    controllerConnections = own
  }

  let fail: (error: Error) => void = () => {}
  const failed = new Promise<Error>((resolve) => (fail = resolve))
  const resources = new LogResources(options.logLimits)
  const clusterId = await identify(options, config, storage, directory, controllerListeners)
  const side = await openControllerSide({
    config,
    clusterId,
    storage,
    directory,
    codecs,
    clock,
    timers,
    random,
    logger,
    resources,
    dial,
    connections: controllerConnections,
    listeners: controllerListeners,
    onFailure: (error) => fail(error),
  })
  opened.add(() => side.close())
  const { controller, link } = side
  options.onImage?.(() => link.image)
  const common = {
    nodeId,
    clusterId,
    directory,
    controllerListeners: controllerConnections === undefined ? [] : controllerListeners,
    config,
    metrics,
    controllerMetrics: controllerConnections?.metrics,
    metricsEndpoint,
    side,
    timers,
    logger,
    unlock,
  }
  if (!config.isBroker) {
    logger.info('serving controllers', { nodeId, clusterId, listeners: controllerListeners })
    const server = new RunningServer({ ...common, listeners: [], broker: undefined })
    metricsText = () => server.metricsText()
    fail = (error) => server.failed(error)
    return server
  }

  let brokerEpoch = (): number => -1
  let proposeIsr: Broker['proposeIsr'] = () => {}
  let replicaDamaged: Broker['replicaDamaged'] = () => {}
  let directoryFailed = (): void => {}
  const partitions = await openPartitionSet({
    storage,
    clock,
    timers,
    random,
    codecs,
    resources,
    logger,
    path: directory,
    durability: values['braidlog.durability'] === 'page-cache' ? 'page-cache' : 'durable',
    strictRecords: values['braidlog.record.validation'] === 'strict',
    defer: (callback) => turns.atEnd(callback),
    tellFollowers: readsFromOwnRack(values),
    retentionCheckIntervalMs: values['log.retention.check.interval.ms'],
    checkpointIntervalMs: values['log.flush.offset.checkpoint.interval.ms'],
    highWatermarkCheckpointIntervalMs: values['replica.high.watermark.checkpoint.interval.ms'],
    producerIdExpirationMs: values['producer.id.expiration.ms'],
    initialTaskDelayMs: values['log.initial.task.delay.ms'],
    cleanerEnabled: values['log.cleaner.enable'],
    cleanerConfig: () => cleanerConfigOf(link.image, nodeId, config.texts),
    flushDurations: metrics.flushes,
    brokerEpoch: () => brokerEpoch(),
    nodeId,
    replicaLagTimeMaxMs: values['replica.lag.time.max.ms'],
    isEligible: (brokerId, epoch) => isEligibleReplica(link.image, brokerId, epoch),
    onIsrProposal: (partition, proposal) => proposeIsr(partition, proposal),
    onOffline: (error) => {
      directoryFailed()
      fail(error)
    },
    onDamage: (partition) => replicaDamaged(partition),
  })
  // Not closed: a start that failed has not looked at everything, and must not say that all is clean.
  opened.add(() => partitions.abandon())

  let isRecovered = false
  const membership = new ClusterMembership({
    link,
    nodeId,
    clusterId,
    incarnationId: randomUuid(random),
    listeners: listeners.map(({ name, advertisedHost, advertisedPort }) => ({
      name,
      host: advertisedHost,
      port: advertisedPort,
      securityProtocol: SecurityProtocol.PLAINTEXT,
    })),
    rack: values['broker.rack'],
    logDirs: [controller.directoryId],
    previousBrokerEpoch: partitions.previousBrokerEpoch,
    onRegistered: (epoch) => {
      // A failed write has taken the directory offline.
      if (isRecovered) partitions.registered(epoch).catch(() => {})
    },
    heartbeatIntervalMs: values['broker.heartbeat.interval.ms'],
    registrationTimeoutMs: values['initial.broker.registration.timeout.ms'],
    clock,
    timers,
    logger,
    onFailure: (error) => fail(error),
  })
  opened.add(() => membership.close())
  brokerEpoch = () => membership.brokerEpoch
  directoryFailed = () => membership.directoryFailed()
  const endWatch = controller.onLeaderChange(() => membership.controllerChanged())
  opened.add(endWatch)
  await orFailed(membership.join(), failed)
  // Alone, nobody could see this broker too early, and each partition is opened once, in its newest epoch.
  if (config.quorum.isAlone) await orFailed(membership.unfence(), failed)

  const broker = new Broker({
    nodeId,
    clusterId,
    directory,
    settings: brokerSettingsOf(values),
    groupConfig: groupConfigOf(values),
    connections,
    cluster: link,
    partitions,
    replication: side.peers && {
      peers: side.peers,
      brokerEpoch: () => membership.brokerEpoch,
      interBrokerListener: config.listeners.interBrokerName,
      settings: replicaFetchSettingsOf(values),
      directoryId: controller.directoryId,
      isrTimeoutMs: isrTimeoutMsOf(values),
    },
    clock,
    timers,
    random,
    turns,
    codecs,
    logger,
    authorizer: config.authorizer,
    schemaRegistry,
    staticConfigs: config.texts,
    diskSpace: () => diskSpaceOf(storage, directory),
    onFailure: (error) => fail(error),
  })
  opened.add(() => broker.kill())

  proposeIsr = (partition, proposal) => broker.proposeIsr(partition, proposal)
  replicaDamaged = (partition) => broker.replicaDamaged(partition)
  broker.follow()
  await orFailed(broker.settled(), failed)
  partitions.markStrays()
  partitions.start()
  if (!config.quorum.isAlone) {
    isRecovered = true
    const isLess = partitions.lost !== undefined && partitions.previousBrokerEpoch >= 0
    if (isLess) membership.startOver(randomUuid(random))
    else await orFailed(partitions.registered(membership.brokerEpoch), failed)
    await orFailed(membership.unfence(), failed)
    await orFailed(broker.settled(), failed)
  }
  broker.serve()
  logger.info('serving', { nodeId, clusterId, listeners })

  const server = new RunningServer({ ...common, listeners, broker: { broker, partitions, membership } })
  metricsText = () => server.metricsText()
  fail = (error) => server.failed(error)
  return server
}

/** Loaded only where it is wanted: most nodes of tests have no use for an HTTP server. */
async function openMetrics(
  listener: { readonly host: string; readonly port: number },
  text: () => string | undefined,
): Promise<MetricsEndpoint> {
  const { openMetricsEndpoint } = await import('./metrics/metrics-endpoint.ts')
  return openMetricsEndpoint(listener, text)
}

async function orFailed(step: Promise<void>, failed: Promise<Error>): Promise<void> {
  const failure = await Promise.race([step, failed])
  if (failure !== undefined) throw failure
}

function prepareDirectory(directory: string): () => void {
  try {
    makeDirectories(path.resolve(directory))
    fs.accessSync(directory, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK)
  } catch (error) {
    throw new ServerError(
      'DIRECTORY_UNUSABLE',
      `cannot use the data directory ${directory}: ${error instanceof Error ? error.message : String(error)}; ` +
        'choose another one with log.dirs, or give this user the right to write there',
      { key: 'log.dirs', cause: error },
    )
  }
  return lockDirectory(directory)
}

async function openListeners(
  configs: readonly ListenerConfig[],
  config: ServerConfig,
  connections: Connections,
): Promise<ServerListener[]> {
  const listeners: ServerListener[] = []
  for (const { name, host, port } of configs) {
    const server = await connections.listen(name, host === '' ? '0.0.0.0' : host, port)
    const advertised = config.listeners.advertised.get(name)
    listeners.push({
      name,
      host: server.host,
      port: server.port,
      advertisedHost: advertisedHostOf(advertised?.host ?? host),
      // Port 0 stands for "the one that was found".
      advertisedPort: advertised === undefined || advertised.port === 0 ? server.port : advertised.port,
    })
  }
  return listeners
}

/** A quorum of one is registered with an address on which it does not listen: nobody has to reach it. */
function unopened({ name, host, port }: ListenerConfig): ServerListener {
  return { name, host, port, advertisedHost: advertisedHostOf(host), advertisedPort: port }
}

/** A wildcard is no address that a client could connect to: the machine's name stands in for it. */
function advertisedHostOf(host: string): string {
  return isWildcard(host) ? os.hostname() : host
}

/** Reads `meta.properties`, after formatting an empty directory when that was asked for. @returns the cluster id */
async function identify(
  options: ServerOptions,
  config: ServerConfig,
  storage: Storage,
  directory: string,
  controllerListeners: readonly ServerListener[],
): Promise<string> {
  const wanted =
    (typeof options.format === 'object' ? options.format.clusterId : undefined) ??
    options.environment?.['CLUSTER_ID'] ??
    options.environment?.['KAFKA_CLUSTER_ID']
  let meta = readMetaProperties(storage, directory)
  if (meta === undefined) {
    if (options.format === undefined || options.format === false) {
      throw new ServerError(
        'NOT_FORMATTED',
        `${directory} is not formatted; run \`braidlog storage format\` on it first`,
        { key: 'log.dirs' },
      )
    }
    const { quorum, isController } = config
    // A configuration for one node often names itself as the place to begin at.
    const others = quorum.bootstrapServers.filter((server) => !controllerListeners.some((own) => isAt(own, server)))
    const beginsAlone = isController && quorum.voters.length <= 1 && others.length === 0
    if (wanted === undefined && !beginsAlone) {
      throw new ServerError(
        'NOT_FORMATTED',
        `${directory} is not formatted, and with other nodes around, the cluster it belongs to must be said (--cluster-id, ` +
          'or `braidlog storage format -t`)',
        { key: 'log.dirs' },
      )
    }
    const random = options.random ?? systemRandom
    await formatStorage({
      storage,
      codecs: nodeCodecs,
      random,
      nowMs: (options.clock ?? systemClock).nowMs(),
      directory,
      clusterId: wanted ?? randomUuid(random),
      nodeId: config.nodeId,
      ...(beginsAlone && quorum.voters.length === 0 && { standalone: controllerListeners.map(controllerEndpoint) }),
    })
    meta = readMetaProperties(storage, directory)!
  }
  if (meta.nodeId !== config.nodeId) {
    throw new ServerError(
      'WRONG_CLUSTER',
      `${directory} belongs to node ${meta.nodeId} (meta.properties), but node.id is ${config.nodeId}; set node.id to ` +
        `${meta.nodeId}, or log.dirs to the directory of node ${config.nodeId}`,
      { key: 'node.id' },
    )
  }
  if (wanted !== undefined && meta.clusterId !== wanted) {
    throw new ServerError(
      'WRONG_CLUSTER',
      `${directory} belongs to cluster ${meta.clusterId}, not to ${wanted}; use the directory of that cluster`,
      { key: 'log.dirs' },
    )
  }
  return meta.clusterId
}

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '::1']

/** Whether the address leads to this listener, as far as names tell. */
function isAt(listener: ServerListener, { host, port }: { readonly host: string; readonly port: number }): boolean {
  if (port !== listener.port && port !== listener.advertisedPort) return false
  return [...LOOPBACK_HOSTS, listener.host, listener.advertisedHost].includes(host)
}

function controllerEndpoint({ name, advertisedHost, advertisedPort }: ServerListener) {
  return { name, host: advertisedHost, port: advertisedPort }
}

function diskSpaceOf(storage: Storage, directory: string): { totalBytes: number; usableBytes: number } {
  const freeBytes = storage.freeBytes(directory)
  try {
    const stats = fs.statfsSync(directory)
    return { totalBytes: stats.blocks * stats.bsize, usableBytes: stats.bavail * stats.bsize }
  } catch {
    return { totalBytes: -1, usableBytes: Number.isFinite(freeBytes) ? freeBytes : -1 }
  }
}

/** Every way in which a start fails has a name. */
function asServerError(error: unknown): unknown {
  if (error instanceof ServerError) return error
  if (error instanceof ListenError) {
    const code = error.code === 'EADDRINUSE' ? 'PORT_TAKEN' : 'LISTEN_FAILED'
    return new ServerError(code, error.message, { key: 'listeners', cause: error })
  }
  if (error instanceof StorageError) {
    return new ServerError('DIRECTORY_UNUSABLE', error.message, { key: 'log.dirs', cause: error })
  }
  if (error instanceof MetadataError) {
    const code =
      error.code === 'NOT_FORMATTED' ? 'NOT_FORMATTED' : error.code === 'MISMATCH' ? 'WRONG_CLUSTER' : 'CORRUPT'
    return new ServerError(code, error.message, { key: 'log.dirs', cause: error })
  }
  if (error instanceof ControllerError) {
    const code = error.code === 'WRONG_CLUSTER' ? error.code : 'DIRECTORY_UNUSABLE'
    return new ServerError(code, error.message, { key: 'log.dirs', cause: error })
  }
  if (error instanceof LogError) return new ServerError('CORRUPT', error.message, { key: 'log.dirs', cause: error })
  return error
}
