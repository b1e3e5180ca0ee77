/** Checks a producer's options and fills in what is left out. */
import type { CompressionType } from '@braidlog/records'
import type { Partitioner } from './core/partitioner.ts'
import { KafkaError } from './errors.ts'
import type { ProducerOptions } from './options.ts'
import { checkKeys, choiceOption, numberOption } from './validate.ts'

export interface ResolvedProducerOptions {
  readonly acks: -1 | 0 | 1
  readonly idempotence: boolean
  readonly lingerMs: number
  readonly batchSizeBytes: number
  readonly bufferMemoryBytes: number
  readonly maxRequestSizeBytes: number
  readonly maxInFlight: number
  readonly deliveryTimeoutMs: number
  readonly compression: CompressionType
  readonly compressionLevel: number | undefined
  readonly partitioner: 'sticky' | 'roundRobin' | Partitioner
}

const KEYS = [
  'acks',
  'idempotence',
  'lingerMs',
  'batchSizeBytes',
  'bufferMemoryBytes',
  'maxRequestSizeBytes',
  'maxInFlight',
  'deliveryTimeoutMs',
  'compression',
  'partitioner',
  'key',
  'value',
]

/**
 * On JSON in batches of 16 to 256 KiB level 1 takes 65 to 90 % of the time of zstd's own default, 3, and its output is smaller (ratio
 * 2.97 against 2.85 at 16 KiB, 3.08 against 3.01 at 64 KiB, 3.06 against 2.78 at 256 KiB).
 */
const ZSTD_LEVEL = 1

/** Idempotence needs the broker to remember this many batches of a producer per partition, and brokers remember five. */
const IDEMPOTENT_IN_FLIGHT_MAX = 5

export function resolveProducerOptions<K, V>(options: ProducerOptions<K, V>): ResolvedProducerOptions {
  checkKeys('producer', options, KEYS)
  const given = choiceOption('acks', options.acks, 'all', ['all', -1, 0, 1])
  const acks = given === 'all' ? -1 : given
  const idempotence = options.idempotence ?? acks === -1
  if (idempotence && acks !== -1) {
    throw new KafkaError('INVALID_OPTION', `idempotence needs acks: 'all', not ${acks}; set idempotence: false`)
  }
  const maxInFlight = numberOption('maxInFlight', options.maxInFlight, IDEMPOTENT_IN_FLIGHT_MAX, { min: 1 })
  if (idempotence && maxInFlight > IDEMPOTENT_IN_FLIGHT_MAX) {
    throw new KafkaError('INVALID_OPTION', `idempotence allows at most ${IDEMPOTENT_IN_FLIGHT_MAX} requests in flight`)
  }
  const batchSizeBytes = numberOption('batchSizeBytes', options.batchSizeBytes, 64 << 10, { min: 256, max: 1 << 20 })
  const bufferMemoryBytes = numberOption('bufferMemoryBytes', options.bufferMemoryBytes, 32 << 20, { min: 1024 })
  if (bufferMemoryBytes < batchSizeBytes) {
    throw new KafkaError('INVALID_OPTION', 'bufferMemoryBytes must be at least batchSizeBytes')
  }
  const lingerMs = numberOption('lingerMs', options.lingerMs, 0, { min: 0, integer: false })
  const deliveryTimeoutMs = numberOption('deliveryTimeoutMs', options.deliveryTimeoutMs, 120_000, { min: 1 })
  if (deliveryTimeoutMs <= lingerMs) {
    throw new KafkaError('INVALID_OPTION', 'deliveryTimeoutMs must be more than lingerMs')
  }
  return {
    acks,
    idempotence,
    lingerMs,
    batchSizeBytes,
    bufferMemoryBytes,
    maxRequestSizeBytes: numberOption('maxRequestSizeBytes', options.maxRequestSizeBytes, 1 << 20, { min: 1024 }),
    maxInFlight,
    deliveryTimeoutMs,
    ...compressionOf(options.compression ?? 'none'),
    partitioner: partitionerOf(options.partitioner ?? 'sticky'),
  }
}

function compressionOf(compression: NonNullable<ProducerOptions['compression']>): {
  compression: CompressionType
  compressionLevel: number | undefined
} {
  const type = typeof compression === 'object' ? compression.type : compression
  choiceOption('compression', type, 'none', ['none', 'gzip', 'snappy', 'lz4', 'zstd'])
  const level = typeof compression === 'object' ? compression.level : undefined
  if (level !== undefined && type !== 'gzip' && type !== 'zstd') {
    throw new KafkaError('INVALID_OPTION', `compression: ${type} has no levels`)
  }
  return { compression: type, compressionLevel: level ?? (type === 'zstd' ? ZSTD_LEVEL : undefined) }
}

function partitionerOf(partitioner: unknown): 'sticky' | 'roundRobin' | Partitioner {
  if (typeof partitioner === 'function') return partitioner as Partitioner
  if (partitioner === 'sticky' || partitioner === 'roundRobin') return partitioner
  throw new KafkaError('INVALID_OPTION', `partitioner must be 'sticky', 'roundRobin' or a function`)
}
