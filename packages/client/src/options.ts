/** Options of the client, with their defaults. Names follow Apache Kafka's, camel-cased, units last. */
import type { Logger } from '@braidlog/base'
import type { Hooks } from './hooks.ts'
import type { Partitioner } from './core/partitioner.ts'
import type { AssignorName } from './core/assignors/index.ts'
import type { Deserializer, Serializer } from './serde.ts'
import type { KafkaError } from './errors.ts'
import type { CallOptions, TopicPartition } from './record.ts'
import type { Topic } from './topic.ts'

export interface KafkaOptions {
  /** `host:port` of some brokers; any one that answers is enough. IPv6 in brackets. */
  readonly bootstrapServers: readonly string[] | string
  /** Name of the program, for the broker's logs and quotas. Default `braidlog`. */
  readonly clientId?: string | undefined
  /** Bound of one request, and default bound of every call. Default 30,000. */
  readonly requestTimeoutMs?: number | undefined
  /** Bound of one attempt to connect. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined
  /** Metadata is read anew at least this often. Default 300,000. */
  readonly metadataMaxAgeMs?: number | undefined
  /**
   * Memory for what is fetched ahead and for records not yet acknowledged, over all consumers, readers and producers of the
   * client: each may have an equal part, if its own option does not say less. Default 256 MiB.
   */
  readonly memoryBytes?: number | undefined
  /** Pauses between attempts: `backoffMs` (100), doubled up to `backoffMaxMs` (1,000), ±20 %. */
  readonly retry?: { readonly backoffMs?: number; readonly backoffMaxMs?: number } | undefined
  readonly logger?: Logger | undefined
  readonly hooks?: Hooks | undefined
}

export type Compression =
  | 'none'
  | 'gzip'
  | 'snappy'
  | 'lz4'
  | 'zstd'
  | { readonly type: 'gzip' | 'snappy' | 'lz4' | 'zstd'; readonly level?: number | undefined }

export interface ProducerOptions<K = Uint8Array | string, V = Uint8Array | string> {
  /** `all` (default): acknowledged by every in-sync replica. 1: by the leader. 0: not at all. */
  readonly acks?: 'all' | 0 | 1 | -1 | undefined
  /** Default true with `acks: 'all'`: retries neither duplicate nor reorder. */
  readonly idempotence?: boolean | undefined
  /** How long a record may wait for company. Default 0: what gathers while requests are in flight goes together. */
  readonly lingerMs?: number | undefined
  /** Size of a batch before compression. Default 65,536; at most 1 MiB. */
  readonly batchSizeBytes?: number | undefined
  /** Memory for records not yet acknowledged. Default 32 MiB. `send` waits when it is full. */
  readonly bufferMemoryBytes?: number | undefined
  /** Largest record. Default 1 MiB, as brokers have it. */
  readonly maxRequestSizeBytes?: number | undefined
  /** Produce requests in flight to one broker. Default 5, which is also the most that idempotence allows. */
  readonly maxInFlight?: number | undefined
  /** From `send` to acknowledgement, retries included. Default 120,000. */
  readonly deliveryTimeoutMs?: number | undefined
  /** Default `none`. `zstd` is the one to take: level 1 unless given; gzip's level is the codec's own default, 6. */
  readonly compression?: Compression | undefined
  /** `sticky` (default): murmur2 of the key as Java's; records without a key fill one partition's batch after another. */
  readonly partitioner?: 'sticky' | 'roundRobin' | Partitioner | undefined
  readonly key?: Serializer<K> | undefined
  readonly value?: Serializer<V> | undefined
}

export type Subscription = string | RegExp | Topic<never, never>

export type AutoOffsetReset = 'earliest' | 'latest' | 'none' | { readonly durationMs: number }

export interface FetchOptions {
  /** The broker answers when it has this much, or after `maxWaitMs`. Default 1. */
  readonly minBytes?: number | undefined
  /** Default 500. */
  readonly maxWaitMs?: number | undefined
  /** Size of one response. Default 50 MiB. */
  readonly maxBytes?: number | undefined
  /** Size of one partition's part of a response. Default 1 MiB. */
  readonly maxPartitionBytes?: number | undefined
  /** Memory for records fetched ahead, over all partitions; whole answers count. Default 32 MiB. */
  readonly prefetchBytes?: number | undefined
}

/**
 * What to do with bytes that cannot be read: stop, leave the record out, deliver it with `error` set (what cannot be read
 * is `null` then, its bytes are in `rawKey` and `rawValue`), send it to another topic with headers that tell why (consumers
 * only; the record counts as handled once that is acknowledged), or decide per case.
 */
export type OnDeserializationError =
  | DeserializationOutcome
  | { readonly deadLetter: { readonly topic: string } }
  | ((error: KafkaError, at: TopicPartition & { readonly offset: bigint }) => DeserializationOutcome)

export type DeserializationOutcome = 'fail' | 'skip' | 'raw'

export interface ReadOptions<K, V> {
  /** Default `read_committed`. */
  readonly isolationLevel?: 'read_committed' | 'read_uncommitted' | undefined
  /** Where to start without a committed offset, or when the offset is gone. Default `latest`. */
  readonly autoOffsetReset?: AutoOffsetReset | undefined
  readonly fetch?: FetchOptions | undefined
  /** Rack or zone of this process: brokers may have it read from a replica nearby (KIP-392). Default: none. */
  readonly clientRack?: string | undefined
  readonly key?: Deserializer<K> | undefined
  readonly value?: Deserializer<V> | undefined
  /** Default `fail`. */
  readonly onDeserializationError?: OnDeserializationError | undefined
  /** A batch with a wrong checksum: `fail` (default) or `skip` it, offsets and all. */
  readonly onCorruptBatch?: 'fail' | 'skip' | undefined
}

export interface RebalanceContext {
  /** Aborted when the hook has run out of time (`rebalanceTimeoutMs`). */
  readonly signal: AbortSignal
  /** Commits what is done of the partitions at hand (in `onRevoked`), or the given offsets. */
  commit(): Promise<void>
}

export type RebalanceHook = (partitions: readonly TopicPartition[], context: RebalanceContext) => void | Promise<void>

export interface ConsumerOptions<K = Buffer, V = Buffer> extends ReadOptions<K, V> {
  readonly groupId: string
  /** Topic names, typed topics, and patterns; patterns pick up topics that appear later. */
  readonly topics: readonly Subscription[]
  /** Static membership (KIP-345): the member keeps its partitions over a restart within the session timeout. */
  readonly groupInstanceId?: string | undefined
  /** In order of preference. Default `['cooperative-sticky']`. */
  readonly assignors?: readonly AssignorName[] | undefined
  /** Default 45,000. */
  readonly sessionTimeoutMs?: number | undefined
  /** How long a rebalance waits for handlers to let go of partitions. Default 60,000. */
  readonly rebalanceTimeoutMs?: number | undefined
  /** Default 3,000. */
  readonly heartbeatIntervalMs?: number | undefined
  /**
   * When offsets are committed. `after` (default): once records are handled, every `commitIntervalMs`; at least once.
   * `before`: ahead of delivery; at most once. `manual`: only by `batch.commit()` and `consumer.commit()`.
   */
  readonly commit?: 'after' | 'before' | 'manual' | undefined
  /** Default 5,000. */
  readonly commitIntervalMs?: number | undefined
  /** Called, and awaited, when partitions arrive; before the first record of them. */
  readonly onAssigned?: RebalanceHook | undefined
  /** Called, and awaited, before partitions go to another member; the last chance to commit. */
  readonly onRevoked?: RebalanceHook | undefined
  /** Called when partitions have gone already (session expired): nothing can be committed any more. */
  readonly onLost?: RebalanceHook | undefined
}

export interface ReaderStart extends TopicPartition {
  /** An offset, a moment, or an end of the partition. Default `beginning`. */
  readonly offset?: number | bigint | 'beginning' | 'end' | { readonly timestamp: number } | undefined
}

export interface ReaderOptions<K = Buffer, V = Buffer> extends ReadOptions<K, V> {
  /** Partitions, or whole topics. */
  readonly assign: readonly (ReaderStart | string | Topic<K, V>)[]
  /** `end`: stop at what was the end of each partition when the reader started. Default: follow for ever. */
  readonly until?: 'end' | undefined
}

export type Order = 'partition' | 'key' | 'none'

export interface RunOptions extends CallOptions {
  /** Handlers at work at the same time. Default 1. */
  readonly concurrency?: number | undefined
  /** What stays in order: records of a partition (default), of a key, or nothing. */
  readonly order?: Order | undefined
  /** A handler that throws is called again: `attempts` (default 1) in all, `backoffMs` (default 1,000) apart, doubling. */
  readonly retry?: { readonly attempts: number; readonly backoffMs?: number } | undefined
  /** Where records go whose handler failed every attempt; without it the failure ends `run`. */
  readonly deadLetter?: { readonly topic: string } | undefined
}
