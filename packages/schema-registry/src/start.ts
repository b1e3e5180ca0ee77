/** Starts a registry: reads `_schemas`, joins the election, listens. */
import { silentLogger } from '@braidlog/base'
import { Kafka } from '@braidlog/client'
import { systemClock } from '@braidlog/runtime'
import { COMPATIBILITY_LEVELS } from './core/entities.ts'
import { RegistryMachine } from './core/registry.ts'
import { Election } from './election/election.ts'
import { urlOf } from './election/protocol.ts'
import { RegistryError } from './errors.ts'
import { formats, md5 } from './formats-of.ts'
import { createApp } from './http/app.ts'
import { loadIdentities } from './http/identities.ts'
import { listen } from './http/listen.ts'
import { TlsFiles } from './http/tls.ts'
import { LeadershipState } from './leadership.ts'
import type { RegistryOptions } from './options.ts'
import { RegistryService } from './service.ts'
import { SchemasLog } from './store/schemas-log.ts'
import { Writer } from './store/writer.ts'

/** A running registry. */
export interface Registry extends AsyncDisposable {
  /** `http://127.0.0.1:8081`. */
  readonly url: string
  readonly port: number
  /** Whether this instance writes. */
  readonly isLeader: boolean
  /** Resolves once some instance leads, as far as this one knows. Bounded by `timeoutMs` (default 10,000). */
  leaderKnown(options?: { readonly timeoutMs?: number }): Promise<void>
  /** Finishes the requests at work within the bound (default 10,000), leaves the group, closes. */
  close(options?: { readonly timeoutMs?: number }): Promise<void>
}

const CLOSE_TIMEOUT_MS = 10_000
const LEADER_TIMEOUT_MS = 10_000
const DEFAULT_PORT = 8081

/** Ready when this resolves: `_schemas` is read to its end and the port listens. @throws RegistryError, KafkaError */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const resolved = resolve(options)
  const { logger, groupId, sessionTimeoutMs, heartbeatIntervalMs, writeTimeoutMs } = resolved
  const tls = options.tls === undefined ? undefined : { files: new TlsFiles(options.tls, logger), options: options.tls }
  const identities = await loadIdentities(options.auth ?? {}, logger)
  const kafka = new Kafka({ clientId: 'braidlog-schema-registry', logger, ...options.kafka })
  // A parked JoinGroup holds up everything behind it on its connection.
  const electionKafka = new Kafka({ clientId: 'braidlog-schema-registry-election', logger, ...options.kafka })
  const machine = new RegistryMachine({
    formats,
    md5,
    settings: {
      compatibility: resolved.compatibility,
      modeMutability: options.modeMutability ?? true,
      incompatibleCode: options.incompatibleCode ?? 409,
      schemaSizeMaxBytes: options.schemaSizeMaxBytes ?? 1_000_000,
    },
  })
  const topic = options.topic ?? '_schemas'
  const log = new SchemasLog({
    kafka,
    topic,
    replicationFactor: options.replicationFactor,
    loadTimeoutMs: resolved.storeTimeoutMs,
    appendTimeoutMs: writeTimeoutMs,
    logger,
    onRecord: (record, term) => {
      const isAccepted = machine.apply(record, term)
      if (!isAccepted && record.kind !== 'NOOP') correct()
      return isAccepted
    },
  })
  const writer = new Writer(machine, log)
  const leadership = new LeadershipState(writer, logger)
  // Not left for the next write: until then the topic says something else than its readers.
  const correct = (): void => {
    if (leadership.current.kind !== 'self') return
    writer.correct().catch((error: unknown) => logger.warn('stale records could not be put right yet', { error }))
  }
  const cleanUp: (() => Promise<unknown>)[] = [
    async () => await electionKafka.close({ timeoutMs: 1_000 }),
    async () => await kafka.close({ timeoutMs: 1_000 }),
    async () => await log.close(),
  ]
  const undo = async (): Promise<void> => {
    for (const step of cleanUp.splice(0).reverse()) {
      await step().catch((error: unknown) => logger.warn('the registry did not close cleanly', { error }))
    }
  }
  try {
    await log.start()
    const { clusterId } = await kafka.admin().describeCluster({ timeoutMs: resolved.storeTimeoutMs })
    const service = new RegistryService({
      machine,
      log,
      writer,
      leadership,
      // Asked once elected, not before there is an election.
      mayWrite: () => election.mayWrite,
      forwardTimeoutMs: options.forwardTimeoutMs ?? 60_000,
      nowMs: () => systemClock.monotonicMs(),
      usage: options.usage ?? (await usageOf(options.protectUsed, { kafka, topic, clusterId })),
      tls: () => tls?.files.current,
      logger,
    })
    const app = createApp({
      service,
      clusterId,
      groupId,
      bodySizeMaxBytes: options.bodySizeMaxBytes ?? 10 << 20,
      requestsMax: options.requestsMax ?? 1_000,
      auth: options.auth,
      identities,
      isOpen: resolved.isOpen,
      hostNames: resolved.hostNames,
      authorization: options.authorization,
      nowMs: () => systemClock.monotonicMs(),
      logger,
    })
    const listener = await listen({
      host: resolved.host,
      port: resolved.port,
      tls,
      fetch: (request, env) => app.fetch(request, env),
    })
    const ownScheme = tls === undefined ? 'http' : 'https'
    const { scheme = ownScheme, ...advertised } = options.advertised ?? { host: resolved.host, port: listener.port }
    const identity = { ...advertised, scheme, isEligible: options.leaderEligibility ?? true }
    const election = new Election({
      kafka: electionKafka,
      groupId,
      identity,
      sessionTimeoutMs,
      heartbeatIntervalMs,
      writeTimeoutMs,
      nowMs: () => systemClock.monotonicMs(),
      logger,
      onAssigned: ({ leader }, isSelf) => {
        if (isSelf) leadership.lead()
        else leadership.follow(leader === null ? null : urlOf(leader))
      },
      onRevoked: async () => await leadership.release(),
    })
    election.start()
    const url = urlOf({ host: resolved.host, port: listener.port, scheme: ownScheme })
    logger.info('the schema registry listens', { url })
    let closing: Promise<void> | undefined
    const close = async (timeoutMs: number): Promise<void> => {
      await listener.close(timeoutMs)
      await election.close()
      await undo()
    }
    const registry: Registry = {
      url,
      port: listener.port,
      get isLeader() {
        return service.isLeader
      },
      async leaderKnown({ timeoutMs = LEADER_TIMEOUT_MS } = {}) {
        const deadlineMs = systemClock.monotonicMs() + timeoutMs
        while (!service.isLeader && service.leaderUrl === null) {
          const leftMs = deadlineMs - systemClock.monotonicMs()
          if (leftMs <= 0) throw new RegistryError('STORE_TIMED_OUT', `no instance leads after ${timeoutMs} ms`)
          await leadership.change(leftMs)
        }
      },
      close: async ({ timeoutMs = CLOSE_TIMEOUT_MS } = {}) => await (closing ??= close(timeoutMs)),
      [Symbol.asyncDispose]: async () => await registry.close(),
    }
    return registry
  } catch (error) {
    await undo()
    throw error
  }
}

async function usageOf(
  protectUsed: RegistryOptions['protectUsed'],
  { kafka, topic, clusterId }: { readonly kafka: Kafka; readonly topic: string; readonly clusterId: string },
) {
  if (protectUsed === undefined) return undefined
  const { ClusterUsage, usageFile } = await import('./usage/index.ts')
  const { excludeTopics: exclude, indexDirectory } = protectUsed
  const file = indexDirectory === undefined ? undefined : usageFile(indexDirectory, clusterId)
  return new ClusterUsage({ kafka, file, exclude, schemasTopic: topic })
}

function resolve(options: RegistryOptions) {
  const host = options.host ?? '127.0.0.1'
  const port = options.port ?? DEFAULT_PORT
  if (!Number.isInteger(port) || port < 0 || port > 65_535) invalid(`port must be 0 to 65535, not ${port}`)
  const compatibility = options.compatibility ?? 'BACKWARD'
  if (!COMPATIBILITY_LEVELS.includes(compatibility)) {
    invalid(`compatibility must be one of ${COMPATIBILITY_LEVELS.join(', ')}, not ${String(compatibility)}`)
  }
  const sessionTimeoutMs = options.sessionTimeoutMs ?? 10_000
  const heartbeatIntervalMs = options.heartbeatIntervalMs ?? Math.floor(Math.min(3_000, sessionTimeoutMs / 3))
  if (heartbeatIntervalMs * 3 > sessionTimeoutMs) {
    invalid('heartbeatIntervalMs must be at most a third of sessionTimeoutMs')
  }
  const isOpen = isOpenTo(options)
  if (isOpen && options.allowOpen !== true && !isLoopback(host)) {
    throw new RegistryError(
      'OPEN_WITHOUT_AUTHENTICATION',
      `host ${host} can be reached from elsewhere, and nobody would be asked who they are: set auth, or allowOpen`,
    )
  }
  const isPlain = options.tls === undefined && options.allowPlaintext !== true && options.allowOpen !== true
  if (isPlain && !isLoopback(host)) {
    throw new RegistryError(
      'OPEN_WITHOUT_TLS',
      `host ${host} can be reached from elsewhere, and passwords could be read on the way: set tls, or allowPlaintext`,
    )
  }
  const storeTimeoutMs = options.storeTimeoutMs ?? 60_000
  return {
    host,
    port,
    compatibility,
    sessionTimeoutMs,
    heartbeatIntervalMs,
    storeTimeoutMs,
    // A lease is what is left of the session: a write has to be over before another instance can lead.
    writeTimeoutMs: Math.ceil(Math.min(storeTimeoutMs, sessionTimeoutMs / 2)),
    groupId: options.groupId ?? 'schema-registry',
    isOpen,
    hostNames: isOpen && options.allowOpen !== true ? namesOf(host, options.advertised?.host) : undefined,
    logger: options.logger ?? silentLogger,
  }
}

/** Names under which loopback is meant. */
function namesOf(host: string, advertised: string | undefined): ReadonlySet<string> {
  const bare = [
    'localhost',
    '127.0.0.1',
    '[::1]',
    host.includes(':') ? `[${host}]` : host,
    ...(advertised === undefined ? [] : [advertised]),
  ]
  return new Set(bare.map((name) => name.toLowerCase()))
}

/** Whether nobody is asked who they are. @throws RegistryError for a configuration that only looks as if somebody were */
function isOpenTo({ auth, tls }: RegistryOptions): boolean {
  const certificates = tls?.clientCertificates ?? 'none'
  if (auth === undefined) return certificates !== 'required'
  const hasWay = Object.keys(auth.users ?? {}).length > 0 || auth.bearer !== undefined || certificates !== 'none'
  if (!hasWay) invalid('auth names no way to be let in: set auth.users, auth.bearer or tls.clientCertificates')
  if (auth.certificateRules !== undefined && certificates === 'none') {
    invalid('auth.certificateRules need tls.clientCertificates')
  }
  if ((auth.instances ?? []).length > 0 && certificates === 'none') {
    invalid('auth.instances are known by their certificates: set tls.clientCertificates')
  }
  return false
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)

function invalid(message: string): never {
  throw new RegistryError('INVALID_OPTION', message)
}
