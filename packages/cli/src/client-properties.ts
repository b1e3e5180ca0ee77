/**
 * Properties of Java and librdkafka clients as options of ours: a table, read once per run.
 *
 * A property that ours does not have is refused when it was given for this run (`-X`), and passed over with a warning
 * when it comes from a file or profile, which other programs read too. What would change who is spoken to, or as whom,
 * is refused wherever it comes from.
 */
import type { ConsumerOptions, KafkaOptions, ProducerOptions } from '@braidlog/client'
import { CliError } from './exit.ts'
import type { Settings } from './settings.ts'

type Part = 'client' | 'producer' | 'consumer'
type Parse = (text: string, key: string) => unknown

interface Property {
  readonly part: Part
  readonly option: string
  readonly parse: Parse
}

export interface ClientProperties {
  readonly client: Partial<KafkaOptions>
  readonly producer: ProducerOptions
  readonly consumer: Partial<ConsumerOptions>
  /** One sentence per property that was passed over. */
  readonly warnings: readonly string[]
}

const text: Parse = (value) => value

const number: Parse = (value, key) => {
  const parsed = Number(value)
  if (value.trim() === '' || !Number.isFinite(parsed)) throw new CliError(`${key} is a number, not '${value}'`)
  return parsed
}

const boolean: Parse = (value, key) => {
  if (!/^(true|false)$/i.test(value)) throw new CliError(`${key} is true or false, not '${value}'`)
  return value.toLowerCase() === 'true'
}

const choice =
  (choices: Readonly<Record<string, unknown>>): Parse =>
  (value, key) => {
    const known = Object.keys(choices)
    if (!known.includes(value)) throw new CliError(`${key} is one of ${known.join(', ')}; not '${value}'`)
    return choices[value]
  }

const ASSIGNORS: Readonly<Record<string, string>> = {
  range: 'range',
  roundrobin: 'roundrobin',
  sticky: 'sticky',
  'cooperative-sticky': 'cooperative-sticky',
  'org.apache.kafka.clients.consumer.RangeAssignor': 'range',
  'org.apache.kafka.clients.consumer.RoundRobinAssignor': 'roundrobin',
  'org.apache.kafka.clients.consumer.StickyAssignor': 'sticky',
  'org.apache.kafka.clients.consumer.CooperativeStickyAssignor': 'cooperative-sticky',
}

const assignors: Parse = (value, key) => value.split(',').map((one) => choice(ASSIGNORS)(one.trim(), key))

const client = (option: keyof KafkaOptions, parse: Parse): Property => ({ part: 'client', option, parse })
const producer = (option: keyof ProducerOptions, parse: Parse): Property => ({ part: 'producer', option, parse })
const consumer = (option: keyof ConsumerOptions, parse: Parse): Property => ({ part: 'consumer', option, parse })
/** `fetch.…` and `retry.…` are objects in our options: `fetch.minBytes`. */
const nested = (part: Part, option: string): Property => ({ part, option, parse: number })

const compression = choice({ none: 'none', gzip: 'gzip', snappy: 'snappy', lz4: 'lz4', zstd: 'zstd' })

const PROPERTIES: Readonly<Record<string, Property>> = {
  'client.id': client('clientId', text),
  'request.timeout.ms': client('requestTimeoutMs', number),
  'socket.connection.setup.timeout.ms': client('connectTimeoutMs', number),
  'metadata.max.age.ms': client('metadataMaxAgeMs', number),
  'retry.backoff.ms': nested('client', 'retry.backoffMs'),
  'retry.backoff.max.ms': nested('client', 'retry.backoffMaxMs'),
  acks: producer('acks', choice({ all: 'all', '-1': 'all', '1': 1, '0': 0 })),
  'enable.idempotence': producer('idempotence', boolean),
  'linger.ms': producer('lingerMs', number),
  'queue.buffering.max.ms': producer('lingerMs', number),
  'batch.size': producer('batchSizeBytes', number),
  'buffer.memory': producer('bufferMemoryBytes', number),
  'max.request.size': producer('maxRequestSizeBytes', number),
  'message.max.bytes': producer('maxRequestSizeBytes', number),
  'max.in.flight.requests.per.connection': producer('maxInFlight', number),
  'delivery.timeout.ms': producer('deliveryTimeoutMs', number),
  'message.timeout.ms': producer('deliveryTimeoutMs', number),
  'compression.type': producer('compression', compression),
  'compression.codec': producer('compression', compression),
  'group.instance.id': consumer('groupInstanceId', text),
  'session.timeout.ms': consumer('sessionTimeoutMs', number),
  'heartbeat.interval.ms': consumer('heartbeatIntervalMs', number),
  'max.poll.interval.ms': consumer('rebalanceTimeoutMs', number),
  'partition.assignment.strategy': consumer('assignors', assignors),
  'auto.offset.reset': consumer(
    'autoOffsetReset',
    choice({ earliest: 'earliest', latest: 'latest', none: 'none', beginning: 'earliest', end: 'latest' }),
  ),
  'enable.auto.commit': consumer('commit', choice({ true: 'after', false: 'manual' })),
  'auto.commit.interval.ms': consumer('commitIntervalMs', number),
  'isolation.level': consumer(
    'isolationLevel',
    choice({ read_committed: 'read_committed', read_uncommitted: 'read_uncommitted' }),
  ),
  'fetch.min.bytes': nested('consumer', 'fetch.minBytes'),
  'fetch.max.wait.ms': nested('consumer', 'fetch.maxWaitMs'),
  'fetch.wait.max.ms': nested('consumer', 'fetch.maxWaitMs'),
  'fetch.max.bytes': nested('consumer', 'fetch.maxBytes'),
  'max.partition.fetch.bytes': nested('consumer', 'fetch.maxPartitionBytes'),
}

/** Whoever sets these expects encryption or a login; going on without would be worse than stopping. */
const SECURITY = /^(?:ssl|sasl)\./
const PLAINTEXT = /^plaintext$/i

/** @throws CliError */
export function clientProperties(properties: Settings['properties']): ClientProperties {
  const parts: Record<Part, Record<string, unknown>> = { client: {}, producer: {}, consumer: {} }
  const warnings: string[] = []
  for (const [key, { value, source }] of properties) {
    const isSecurity = SECURITY.test(key) || (key === 'security.protocol' && !PLAINTEXT.test(value))
    if (isSecurity) {
      throw new CliError(`${key} (${source}): TLS and SASL are not offered by this version`, {
        code: 'UNSUPPORTED_OPTION',
        hint: 'connect to a PLAINTEXT listener',
      })
    }
    if (key === 'security.protocol') continue
    const property = PROPERTIES[key]
    if (property === undefined) {
      if (source === '-X') throw unknown(key)
      warnings.push(`${key} (${source}) is no property of this client; it was passed over`)
      continue
    }
    assign(parts[property.part], property.option.split('.'), property.parse(value, key))
  }
  return { ...parts, warnings } as ClientProperties
}

function assign(target: Record<string, unknown>, [name, inner]: readonly string[], value: unknown): void {
  if (inner === undefined) target[name!] = value
  else target[name!] = { ...(target[name!] as object | undefined), [inner]: value }
}

function unknown(key: string): CliError {
  const known = Object.keys(PROPERTIES)
  const alike = known.filter((one) => one.split('.').some((word) => word.length > 3 && key.includes(word)))
  return new CliError(`-X ${key}: this client has no such property`, {
    hint: `it has ${(alike.length > 0 ? alike : known).join(', ')}`,
  })
}
