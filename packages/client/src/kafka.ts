/** The client object: one picture of the cluster, one set of connections, shared by everything made from it. */
import { Admin } from './admin/admin.ts'
import { Alarms } from './alarms.ts'
import type { ApiName, RequestOf, ResponseOf } from './apis.ts'
import { Cluster, type Target } from './cluster.ts'
import { Consumer } from './consumer.ts'
import { systemEnvironment, type Environment } from './environment.ts'
import { KafkaError } from './errors.ts'
import type { Hooks } from './hooks.ts'
import { resolveKafkaOptions } from './kafka-options.ts'
import type { ConsumerOptions, KafkaOptions, ProducerOptions, ReaderOptions } from './options.ts'
import { resolveProducerOptions } from './producer-options.ts'
import { Producer } from './producer.ts'
import { Reader } from './reader.ts'
import type { CallOptions } from './record.ts'
import { bytes, type Serializer } from './serde.ts'

/** The largest response that is accepted: what one fetch may bring, and then some. */
const RESPONSE_SIZE_MAX_BYTES = 512 << 20
const CLOSE_TIMEOUT_MS = 10_000

export class Kafka implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #alarms: Alarms
  readonly #hooks: Hooks | undefined
  /** Everything that was made from this client and is not closed. */
  readonly #open = new Set<{ close(options?: CallOptions): Promise<void> }>()
  #deadLetterProducer: Producer<Uint8Array | string, Uint8Array | string> | undefined

  /** @param environment for tests and simulations; the real world otherwise */
  constructor(options: KafkaOptions, environment: Partial<Environment> = {}) {
    const resolved = resolveKafkaOptions(options)
    const world = { ...systemEnvironment, ...environment }
    this.#hooks = resolved.hooks
    this.#alarms = new Alarms(world.clock, world.timers)
    this.#cluster = new Cluster(resolved, world, this.#alarms, {
      network: world.network,
      alarms: this.#alarms,
      nowMs: () => world.clock.monotonicMs(),
      clientId: resolved.clientId,
      connectTimeoutMs: resolved.connectTimeoutMs,
      requestTimeoutMs: resolved.requestTimeoutMs,
      responseSizeMaxBytes: RESPONSE_SIZE_MAX_BYTES,
      hooks: resolved.hooks,
    })
  }

  producer<K = Uint8Array | string, V = Uint8Array | string>(options: ProducerOptions<K, V> = {}): Producer<K, V> {
    this.#check()
    const serializers = {
      key: options.key ?? (bytes() as unknown as Serializer<K>),
      value: options.value ?? (bytes() as unknown as Serializer<V>),
    }
    const resolved = resolveProducerOptions(options)
    const producer: Producer<K, V> = new Producer(this.#cluster, resolved, serializers, this.#hooks, () =>
      this.#open.delete(producer),
    )
    this.#open.add(producer)
    return producer
  }

  /** A member of a consumer group. Joins when it is first iterated, or by `joined()`. */
  consumer<K = Buffer, V = Buffer>(options: ConsumerOptions<K, V>): Consumer<K, V> {
    this.#check()
    const deadLetterProducer = (): Producer<Uint8Array | string, Uint8Array | string> =>
      (this.#deadLetterProducer ??= this.producer())
    const consumer: Consumer<K, V> = new Consumer(this.#cluster, options, this.#hooks, deadLetterProducer, () =>
      this.#open.delete(consumer),
    )
    this.#open.add(consumer)
    return consumer
  }

  /** Reads partitions without a group. */
  reader<K = Buffer, V = Buffer>(options: ReaderOptions<K, V>): Reader<K, V> {
    this.#check()
    const reader: Reader<K, V> = new Reader(this.#cluster, options, this.#hooks, () => this.#open.delete(reader))
    this.#open.add(reader)
    return reader
  }

  admin(): Admin {
    this.#check()
    return new Admin(this.#cluster)
  }

  /** Connects to a broker and reads the metadata: for programs that want to fail at start. */
  async connect(options?: CallOptions): Promise<void> {
    await this.#cluster.call('connect', options, async (call) => {
      await this.#cluster.retrying(call, async () => await this.#cluster.refresh(call))
    })
  }

  /**
   * Sends any request of the protocol as it is; the answer's error codes are the caller's to look at.
   * @param options.broker node id; any broker unless given @param options.version the highest that both sides have
   */
  async request<N extends ApiName>(
    api: N,
    body: RequestOf<N>,
    options: CallOptions & {
      readonly broker?: number | 'controller' | { readonly group: string }
      readonly version?: number
    } = {},
  ): Promise<ResponseOf<N>> {
    return await this.#cluster.call(api, options, async (call) => {
      const { broker } = options
      if (typeof broker === 'number' && !this.#cluster.metadata.brokers.has(broker)) await this.#cluster.refresh(call)
      const target: Target = broker === undefined ? 'any' : typeof broker === 'number' ? { node: broker } : broker
      return await this.#cluster.request(target, api, body, call, { bounds: { version: options.version } })
    })
  }

  /** Closes every producer, consumer and connection, within the bound (default 10 s). */
  async close(options: CallOptions = {}): Promise<void> {
    if (this.#cluster.isClosed) return
    const bounds = { timeoutMs: CLOSE_TIMEOUT_MS, ...options }
    // Consumers first: their handlers may still be producing.
    const open = [...this.#open]
    await Promise.allSettled(
      open.filter((each) => !(each instanceof Producer)).map(async (each) => await each.close(bounds)),
    )
    await Promise.allSettled([...this.#open].map(async (each) => await each.close(bounds)))
    this.#cluster.close(new KafkaError('CLOSED', 'the client is closed'))
    this.#alarms.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #check(): void {
    if (this.#cluster.isClosed) throw new KafkaError('CLOSED', 'the client is closed')
  }
}
