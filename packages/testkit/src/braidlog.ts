/**
 * An embedded Braidlog for tests: the production server in this process, on memory or a temporary directory, on ports of
 * its own.
 *
 * ```ts
 * await using k = await startBraidlog({ topics: { orders: 3 } })
 * await k.produce('orders', [{ key: 'a', value: { id: 1 } }], { serde: 'json' })
 * const [record] = await k.consume('orders', { count: 1, serde: 'json' })
 * ```
 *
 * Invariant: after `stop()` (or the end of `await using`) no port, timer, file or socket of the instance is left.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryStorage, SeededRandom } from '@braidlog/base'
import { Kafka, type Admin, type Producer, type RecordMetadata } from '@braidlog/client'
import { startServer, type Server, type ServerOptions } from '@braidlog/server'
import { clientConfig, type ClientConfigs, type ClientKind } from './client-config.ts'
import { TestkitError } from './errors.ts'
import { resolveOptions, type BraidlogOptions, type ResolvedOptions } from './options.ts'
import {
  consume,
  produce,
  type ConsumeOptions,
  type ProduceOptions,
  type SerdeName,
  type TestInput,
  type TestRecord,
  type ValueOf,
} from './records.ts'
import { Until } from './until.ts'

/**
 * What differs from a server's own defaults: loopback and free ports, groups that do not wait for company, few
 * partitions of the offsets topic, so that a start costs milliseconds.
 */
const TEST_CONFIG: Readonly<Record<string, string | number | boolean>> = {
  'process.roles': 'broker,controller',
  'node.id': 1,
  listeners: 'PLAINTEXT://127.0.0.1:0',
  'group.initial.rebalance.delay.ms': 0,
  'offsets.topic.num.partitions': 4,
  'offsets.topic.replication.factor': 1,
}

const MEMORY_DIRECTORY = '/braidlog'

/** Starts an instance; ready when this resolves, topics created. @throws TestkitError, ServerError, KafkaError */
export async function startBraidlog(options: BraidlogOptions = {}): Promise<Braidlog> {
  const resolved = resolveOptions(options)
  const temporary = resolved.storage === 'temporary' ? await mkdtemp(join(tmpdir(), 'braidlog-test-')) : undefined
  const storage = typeof resolved.storage === 'object' ? resolved.storage : new MemoryStorage()
  const serverOptions: ServerOptions = {
    config: { ...TEST_CONFIG, 'log.dirs': temporary ?? MEMORY_DIRECTORY, ...resolved.config },
    format: true,
    ...(temporary === undefined && { storage }),
    ...(resolved.seed !== undefined && { random: new SeededRandom(resolved.seed) }),
    ...(resolved.logger !== undefined && { logger: resolved.logger }),
  }
  const removeDirectory = async (): Promise<void> => {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true })
  }
  let server: Server
  try {
    server = await startServer(serverOptions)
  } catch (error) {
    await removeDirectory()
    throw error
  }
  const instance = new Braidlog(server, serverOptions, resolved, removeDirectory)
  try {
    await instance.createTopics(resolved.topics)
  } catch (error) {
    await instance.stop()
    throw error
  }
  return instance
}

export class Braidlog implements AsyncDisposable {
  #server: Server
  readonly #serverOptions: ServerOptions
  readonly #options: ResolvedOptions
  readonly #removeDirectory: () => Promise<void>
  #kafka: Kafka | undefined
  #producer: Producer<Uint8Array | string, Uint8Array | string> | undefined
  #stopped: Promise<void> | undefined
  /** Conditions to wait for, instead of sleeping. */
  readonly until: Until

  /** Use `startBraidlog`. */
  constructor(
    server: Server,
    serverOptions: ServerOptions,
    options: ResolvedOptions,
    removeDirectory: () => Promise<void>,
  ) {
    this.#server = server
    this.#serverOptions = serverOptions
    this.#options = options
    this.#removeDirectory = removeDirectory
    this.until = new Until(() => this.admin, options.timeoutMs)
  }

  /** The server itself: configuration, metrics, cluster id. */
  get server(): Server {
    return this.#server
  }

  /** `127.0.0.1:43121`. Stays the same over a restart. */
  get bootstrapServers(): string {
    return this.#server.bootstrapServers
  }

  /** A client of the instance's own, closed with it. */
  get kafka(): Kafka {
    if (this.#stopped !== undefined) throw new TestkitError('STOPPED', 'this Braidlog has been stopped')
    return (this.#kafka ??= new Kafka({
      ...this.clientConfig('braidlog'),
      requestTimeoutMs: this.#options.timeoutMs,
    }))
  }

  get admin(): Admin {
    return this.kafka.admin()
  }

  /** Environment variables for a program under test. */
  env(): { BOOTSTRAP_SERVERS: string; KAFKA_BOOTSTRAP_SERVERS: string; KAFKA_BROKERS: string } {
    const servers = this.bootstrapServers
    return { BOOTSTRAP_SERVERS: servers, KAFKA_BOOTSTRAP_SERVERS: servers, KAFKA_BROKERS: servers }
  }

  /** What the constructor of a client library takes. */
  clientConfig<K extends ClientKind>(kind: K): ClientConfigs[K] {
    return clientConfig(kind, this.bootstrapServers)
  }

  /** Sends records and waits until they are acknowledged. The topic is created if need be. */
  async produce(topic: string, records: readonly TestInput[], options: ProduceOptions = {}): Promise<RecordMetadata[]> {
    this.#producer ??= this.kafka.producer()
    return produce(this.#producer, topic, records, { timeoutMs: this.#options.timeoutMs, ...options })
  }

  /** Reads a topic from its beginning: `count` records, or all there are. */
  async consume<S extends SerdeName = 'string'>(
    topic: string,
    options: ConsumeOptions<S> = {},
  ): Promise<TestRecord<ValueOf<S>>[]> {
    return consume(this.kafka, topic, { timeoutMs: this.#options.timeoutMs, ...options })
  }

  /** Each is of use when this resolves: the only broker leads its partitions before it says that they were created. */
  async createTopics(topics: ResolvedOptions['topics']): Promise<void> {
    if (topics.size === 0) return
    const { timeoutMs } = this.#options
    await this.admin.createTopics(
      [...topics].map(([name, { partitions, config }]) => ({
        name,
        partitions,
        replicationFactor: 1,
        configs: config,
      })),
      { timeoutMs },
    )
  }

  /**
   * Stops the server and starts it again on the same storage and port. Clients see their connections break.
   * @param options.crash skips everything that a clean stop does, as a killed process would
   */
  async restart(options: { readonly crash?: boolean } = {}): Promise<void> {
    if (this.#stopped !== undefined) throw new TestkitError('STOPPED', 'this Braidlog has been stopped')
    const listeners = this.#server.listeners.map((one) => `${one.name}://${one.host}:${one.port}`).join(',')
    if (options.crash === true) await this.#server.kill()
    else await this.#server.close({ timeoutMs: this.#options.timeoutMs })
    this.#server = await startServer({ ...this.#serverOptions, config: { ...this.#serverOptions.config, listeners } })
  }

  /** Closes the instance's client, stops the server and removes what it stored. Safe to call twice. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop())
  }

  async #stop(): Promise<void> {
    const { timeoutMs } = this.#options
    try {
      await this.#kafka?.close({ timeoutMs })
    } finally {
      try {
        await this.#server.close({ timeoutMs })
      } finally {
        await this.#removeDirectory()
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
