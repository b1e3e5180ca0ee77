/** Checks the options of a client and fills in what is left out. */
import { silentLogger, type Logger } from '@braidlog/base'
import { parseAddresses, type HostPort } from './core/addresses.ts'
import type { BackoffBounds } from './core/backoff.ts'
import { KafkaError } from './errors.ts'
import type { Hooks } from './hooks.ts'
import type { KafkaOptions } from './options.ts'
import { checkKeys, numberOption } from './validate.ts'

export interface ResolvedKafkaOptions {
  readonly bootstrap: readonly HostPort[]
  readonly clientId: string
  readonly requestTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly metadataMaxAgeMs: number
  readonly memoryBytes: number
  readonly backoff: BackoffBounds
  readonly logger: Logger
  readonly hooks: Hooks | undefined
}

const KEYS = [
  'bootstrapServers',
  'clientId',
  'requestTimeoutMs',
  'connectTimeoutMs',
  'metadataMaxAgeMs',
  'memoryBytes',
  'retry',
  'logger',
  'hooks',
]

export function resolveKafkaOptions(options: KafkaOptions): ResolvedKafkaOptions {
  checkKeys('kafka', options, KEYS)
  const servers = options.bootstrapServers
  const texts = typeof servers === 'string' ? [servers] : servers
  if (!Array.isArray(texts)) throw new KafkaError('INVALID_OPTION', 'bootstrapServers must be a list of host:port')
  const bootstrap = parseAddresses(texts)
  if (typeof bootstrap === 'string') throw new KafkaError('INVALID_OPTION', `bootstrapServers: ${bootstrap}`)
  const retry = options.retry ?? {}
  checkKeys('retry', retry, ['backoffMs', 'backoffMaxMs'])
  const backoffMs = numberOption('retry.backoffMs', retry.backoffMs, 100, { min: 1 })
  const clientId = options.clientId ?? 'braidlog'
  if (typeof clientId !== 'string') throw new KafkaError('INVALID_OPTION', 'clientId must be a string')
  return {
    bootstrap,
    clientId,
    requestTimeoutMs: numberOption('requestTimeoutMs', options.requestTimeoutMs, 30_000, { min: 1, max: 0x7fffffff }),
    connectTimeoutMs: numberOption('connectTimeoutMs', options.connectTimeoutMs, 10_000, { min: 1 }),
    metadataMaxAgeMs: numberOption('metadataMaxAgeMs', options.metadataMaxAgeMs, 300_000, { min: 10 }),
    memoryBytes: numberOption('memoryBytes', options.memoryBytes, 256 << 20, { min: 1 << 16 }),
    backoff: {
      backoffMs,
      backoffMaxMs: numberOption('retry.backoffMaxMs', retry.backoffMaxMs, Math.max(1_000, backoffMs), {
        min: backoffMs,
      }),
    },
    logger: options.logger ?? silentLogger,
    hooks: options.hooks,
  }
}
