/**
 * Options from the properties that people have: Apache Kafka's Java clients' and librdkafka's names. What this version
 * cannot honour is refused, never ignored; what is misspelt is answered with the nearest name. Settings that only tune
 * how those clients work inside (and mean nothing here) are accepted and dropped, by name.
 */
import { parseAddresses } from './core/addresses.ts'
import { KafkaError } from './errors.ts'
import { nearest } from './nearest.ts'
import type { AssignorName } from './core/assignors/index.ts'
import type { Compression, ConsumerOptions, FetchOptions, KafkaOptions, ProducerOptions } from './options.ts'

export type Properties = Readonly<Record<string, string | number | boolean>>

export interface OptionsFromProperties {
  readonly client: Partial<KafkaOptions>
  readonly producer: ProducerOptions
  readonly consumer: Partial<ConsumerOptions>
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface Target {
  readonly client: Mutable<Partial<KafkaOptions>> & { retry?: { backoffMs?: number; backoffMaxMs?: number } }
  readonly producer: Mutable<ProducerOptions> & { compressionLevel?: number }
  readonly consumer: Mutable<Partial<ConsumerOptions>>
  readonly fetch: Mutable<FetchOptions>
}

type Setter = (target: Target, value: string, key: string) => void

/** @throws KafkaError `INVALID_OPTION`, `UNSUPPORTED_OPTION`, naming the key */
export function fromProperties(properties: Properties): OptionsFromProperties {
  const target: Target = { client: {}, producer: {}, consumer: {}, fetch: {} }
  for (const [key, value] of Object.entries(properties)) {
    const setter = SETTERS[key]
    if (setter !== undefined) setter(target, String(value).trim(), key)
    else if (!WITHOUT_EFFECT.has(key)) throw unknown(key)
  }
  const { compressionLevel, ...producer } = target.producer
  if (compressionLevel !== undefined && (producer.compression === 'gzip' || producer.compression === 'zstd')) {
    producer.compression = { type: producer.compression, level: compressionLevel }
  }
  if (Object.keys(target.fetch).length > 0) target.consumer.fetch = target.fetch
  return { client: target.client, producer, consumer: target.consumer }
}

const SETTERS: Readonly<Record<string, Setter>> = {
  'bootstrap.servers': servers,
  'metadata.broker.list': servers,
  'client.id': (t, value) => (t.client.clientId = value),
  'request.timeout.ms': (t, value, key) => (t.client.requestTimeoutMs = integer(value, key)),
  'socket.timeout.ms': (t, value, key) => (t.client.requestTimeoutMs = integer(value, key)),
  'socket.connection.setup.timeout.ms': (t, value, key) => (t.client.connectTimeoutMs = integer(value, key)),
  'metadata.max.age.ms': (t, value, key) => (t.client.metadataMaxAgeMs = integer(value, key)),
  'topic.metadata.refresh.interval.ms': (t, value, key) => (t.client.metadataMaxAgeMs = integer(value, key)),
  'retry.backoff.ms': (t, value, key) => (t.client.retry = { ...t.client.retry, backoffMs: integer(value, key) }),
  'retry.backoff.max.ms': (t, value, key) =>
    (t.client.retry = { ...t.client.retry, backoffMaxMs: integer(value, key) }),

  acks,
  'request.required.acks': acks,
  'enable.idempotence': (t, value, key) => (t.producer.idempotence = boolean(value, key)),
  'linger.ms': (t, value, key) => (t.producer.lingerMs = decimal(value, key)),
  'queue.buffering.max.ms': (t, value, key) => (t.producer.lingerMs = decimal(value, key)),
  'batch.size': (t, value, key) => (t.producer.batchSizeBytes = Math.max(256, Math.min(1 << 20, integer(value, key)))),
  'buffer.memory': (t, value, key) => (t.producer.bufferMemoryBytes = integer(value, key)),
  'queue.buffering.max.kbytes': (t, value, key) => (t.producer.bufferMemoryBytes = integer(value, key) * 1024),
  'max.request.size': (t, value, key) => (t.producer.maxRequestSizeBytes = integer(value, key)),
  'message.max.bytes': (t, value, key) => (t.producer.maxRequestSizeBytes = integer(value, key)),
  'max.in.flight.requests.per.connection': (t, value, key) => (t.producer.maxInFlight = integer(value, key)),
  'max.in.flight': (t, value, key) => (t.producer.maxInFlight = integer(value, key)),
  'delivery.timeout.ms': (t, value, key) => (t.producer.deliveryTimeoutMs = integer(value, key)),
  'message.timeout.ms': (t, value, key) => (t.producer.deliveryTimeoutMs = integer(value, key)),
  'compression.type': compression,
  'compression.codec': compression,
  'compression.level': compressionLevel,
  'compression.gzip.level': compressionLevel,
  'compression.zstd.level': compressionLevel,
  partitioner,
  'partitioner.class': partitioner,

  'group.id': (t, value) => (t.consumer.groupId = value),
  'group.instance.id': (t, value) => (t.consumer.groupInstanceId = value),
  'group.protocol': (_, value, key) => {
    if (value !== 'classic')
      throw new KafkaError('UNSUPPORTED_OPTION', `${key}: only 'classic' is offered by this version`)
  },
  'auto.offset.reset': offsetReset,
  'isolation.level': (t, value, key) =>
    (t.consumer.isolationLevel = choice(value, key, ['read_committed', 'read_uncommitted'])),
  'enable.auto.commit': (t, value, key) => (t.consumer.commit = boolean(value, key) ? 'after' : 'manual'),
  'auto.commit.interval.ms': (t, value, key) => (t.consumer.commitIntervalMs = integer(value, key)),
  'session.timeout.ms': (t, value, key) => (t.consumer.sessionTimeoutMs = integer(value, key)),
  'heartbeat.interval.ms': (t, value, key) => (t.consumer.heartbeatIntervalMs = integer(value, key)),
  'max.poll.interval.ms': (t, value, key) => (t.consumer.rebalanceTimeoutMs = integer(value, key)),
  'partition.assignment.strategy': assignors,
  'client.rack': (t, value) => (t.consumer.clientRack = value),
  'fetch.min.bytes': (t, value, key) => (t.fetch.minBytes = integer(value, key)),
  'fetch.max.wait.ms': (t, value, key) => (t.fetch.maxWaitMs = integer(value, key)),
  'fetch.wait.max.ms': (t, value, key) => (t.fetch.maxWaitMs = integer(value, key)),
  'fetch.max.bytes': (t, value, key) => (t.fetch.maxBytes = integer(value, key)),
  'max.partition.fetch.bytes': maxPartitionBytes,
  'fetch.message.max.bytes': maxPartitionBytes,
  'queued.max.messages.kbytes': (t, value, key) => (t.fetch.prefetchBytes = integer(value, key) * 1024),

  'security.protocol': (_, value, key) => {
    if (value.toUpperCase() === 'PLAINTEXT') return
    throw new KafkaError('UNSUPPORTED_OPTION', `${key}: only PLAINTEXT is offered by this version, not ${value}`)
  },
}

/** Settings about the inside of other clients: buffers, threads, statistics, checks that we always make. */
const WITHOUT_EFFECT = new Set([
  'allow.auto.create.topics',
  'broker.address.family',
  'check.crcs',
  'client.dns.lookup',
  'connections.max.idle.ms',
  'debug',
  'default.api.timeout.ms',
  'enable.metrics.push',
  'exclude.internal.topics',
  'key.deserializer',
  'key.serializer',
  'log_level',
  'max.block.ms',
  'max.poll.records',
  'metadata.max.idle.ms',
  'metric.reporters',
  'metrics.num.samples',
  'metrics.recording.level',
  'metrics.sample.window.ms',
  'queue.buffering.max.messages',
  'queued.min.messages',
  'receive.buffer.bytes',
  'reconnect.backoff.max.ms',
  'reconnect.backoff.ms',
  'retries',
  'message.send.max.retries',
  'send.buffer.bytes',
  'socket.connection.setup.timeout.max.ms',
  'socket.keepalive.enable',
  'socket.nagle.disable',
  'statistics.interval.ms',
  'value.deserializer',
  'value.serializer',
])

/** Beginnings of what is not offered yet. */
const NOT_OFFERED: readonly (readonly [prefix: string, what: string])[] = [
  ['ssl.', 'TLS connections are'],
  ['sasl.', 'SASL authentication is'],
  ['transaction', 'transactions are'],
  ['group.remote.assignor', 'the group protocol of KIP-848 is'],
  ['interceptor.classes', 'interceptors are'],
  ['enable.gapless.guarantee', 'the gapless guarantee is'],
]

function unknown(key: string): KafkaError {
  const later = NOT_OFFERED.find(([prefix]) => key.startsWith(prefix))
  if (later !== undefined)
    return new KafkaError('UNSUPPORTED_OPTION', `${key}: ${later[1]} not offered by this version`)
  const suggestion = nearest(key, [...Object.keys(SETTERS), ...WITHOUT_EFFECT])
  return new KafkaError(
    'INVALID_OPTION',
    `there is no property '${key}'${suggestion === undefined ? '' : `; did you mean '${suggestion}'?`}`,
  )
}

function servers(target: Target, value: string, key: string): void {
  const addresses = parseAddresses([value])
  if (typeof addresses === 'string') throw new KafkaError('INVALID_OPTION', `${key}: ${addresses}`)
  target.client.bootstrapServers = value.split(',').map((each) => each.trim())
}

function acks(target: Target, value: string, key: string): void {
  target.producer.acks = value === 'all' || value === '-1' ? 'all' : choice(value, key, ['0', '1']) === '0' ? 0 : 1
}

function compression(target: Target, value: string, key: string): void {
  target.producer.compression = choice(value, key, ['none', 'gzip', 'snappy', 'lz4', 'zstd']) satisfies Compression
}

function compressionLevel(target: Target, value: string, key: string): void {
  const level = integer(value, key)
  if (level !== -1) target.producer.compressionLevel = level
}

function partitioner(target: Target, value: string, key: string): void {
  const name = value.replace(/^.*\./, '')
  if (name === 'RoundRobinPartitioner') target.producer.partitioner = 'roundRobin'
  else if (name === 'murmur2_random' || name === 'murmur2' || name === 'DefaultPartitioner')
    target.producer.partitioner = 'sticky'
  else throw new KafkaError('UNSUPPORTED_OPTION', `${key}: '${value}' is not offered; pass a function as 'partitioner'`)
}

function offsetReset(target: Target, value: string, key: string): void {
  const aliases: Readonly<Record<string, 'earliest' | 'latest' | 'none'>> = {
    smallest: 'earliest',
    beginning: 'earliest',
    largest: 'latest',
    end: 'latest',
    error: 'none',
  }
  const duration = /^by_duration:P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/i.exec(value)
  if (duration !== null) {
    const [days = 0, hours = 0, minutes = 0, seconds = 0] = duration.slice(1).map((each) => Number(each ?? 0))
    target.consumer.autoOffsetReset = { durationMs: (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 }
    return
  }
  target.consumer.autoOffsetReset = aliases[value] ?? choice(value, key, ['earliest', 'latest', 'none'])
}

const ASSIGNOR_NAMES: Readonly<Record<string, AssignorName>> = {
  range: 'range',
  roundrobin: 'roundrobin',
  sticky: 'sticky',
  'cooperative-sticky': 'cooperative-sticky',
  RangeAssignor: 'range',
  RoundRobinAssignor: 'roundrobin',
  StickyAssignor: 'sticky',
  CooperativeStickyAssignor: 'cooperative-sticky',
}

function assignors(target: Target, value: string, key: string): void {
  target.consumer.assignors = value.split(',').map((each) => {
    const name = ASSIGNOR_NAMES[each.trim().replace(/^.*\./, '')]
    if (name === undefined) throw new KafkaError('INVALID_OPTION', `${key}: there is no assignor '${each.trim()}'`)
    return name
  })
}

function maxPartitionBytes(target: Target, value: string, key: string): void {
  target.fetch.maxPartitionBytes = integer(value, key)
}

function integer(value: string, key: string): number {
  if (!/^-?\d+$/.test(value)) throw new KafkaError('INVALID_OPTION', `${key} must be an integer, not '${value}'`)
  return Number(value)
}

function decimal(value: string, key: string): number {
  if (!/^\d+(\.\d+)?$/.test(value)) throw new KafkaError('INVALID_OPTION', `${key} must be a number, not '${value}'`)
  return Number(value)
}

function boolean(value: string, key: string): boolean {
  return choice(value.toLowerCase(), key, ['true', 'false']) === 'true'
}

function choice<const T extends string>(value: string, key: string, choices: readonly T[]): T {
  if (choices.includes(value as T)) return value as T
  throw new KafkaError('INVALID_OPTION', `${key} must be one of ${choices.join(', ')}, not '${value}'`)
}
