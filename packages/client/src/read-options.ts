/** Checks what consumer and reader share, and fills in what is left out. */
import type { ResetPolicy } from './core/fetcher.ts'
import type { Decoding } from './delivered-batch.ts'
import { KafkaError } from './errors.ts'
import type { ReadOptions } from './options.ts'
import { bytes, type Deserializer } from './serde.ts'
import type { Topic } from './topic.ts'
import { checkKeys, checkTopicName, choiceOption, numberOption } from './validate.ts'

export interface ResolvedReadOptions {
  readonly isReadCommitted: boolean
  readonly autoOffsetReset: ResetPolicy
  readonly minBytes: number
  readonly maxWaitMs: number
  readonly maxBytes: number
  readonly maxPartitionBytes: number
  readonly prefetchBytes: number
  /** '': none. */
  readonly clientRack: string
  readonly onCorruptBatch: 'fail' | 'skip'
}

export const READ_KEYS = [
  'isolationLevel',
  'autoOffsetReset',
  'fetch',
  'clientRack',
  'key',
  'value',
  'onDeserializationError',
  'onCorruptBatch',
]

const FETCH_KEYS = ['minBytes', 'maxWaitMs', 'maxBytes', 'maxPartitionBytes', 'prefetchBytes']

export function resolveReadOptions<K, V>(options: ReadOptions<K, V>): ResolvedReadOptions {
  const fetch = options.fetch ?? {}
  checkKeys('fetch', fetch, FETCH_KEYS)
  const levels = ['read_committed', 'read_uncommitted'] as const
  return {
    isReadCommitted:
      choiceOption('isolationLevel', options.isolationLevel, 'read_committed', levels) === 'read_committed',
    autoOffsetReset: resetPolicy(options.autoOffsetReset ?? 'latest'),
    minBytes: numberOption('fetch.minBytes', fetch.minBytes, 1, { min: 0 }),
    maxWaitMs: numberOption('fetch.maxWaitMs', fetch.maxWaitMs, 500, { min: 0, max: 0x7fffffff }),
    maxBytes: numberOption('fetch.maxBytes', fetch.maxBytes, 50 << 20, { min: 1, max: 0x7fffffff }),
    maxPartitionBytes: numberOption('fetch.maxPartitionBytes', fetch.maxPartitionBytes, 1 << 20, {
      min: 1,
      max: 0x7fffffff,
    }),
    prefetchBytes: numberOption('fetch.prefetchBytes', fetch.prefetchBytes, 32 << 20, { min: 1 }),
    clientRack: options.clientRack ?? '',
    onCorruptBatch: choiceOption('onCorruptBatch', options.onCorruptBatch, 'fail', ['fail', 'skip']),
  }
}

/** How the records of each topic are read: with the serdes of the options, else of the topic where it has some. */
export function decodingsOf<K, V>(options: ReadOptions<K, V>, topics: readonly unknown[]): (topic: string) => Decoding {
  const plain = decodingOf(options)
  const typed = new Map<string, Decoding>()
  for (const each of topics) {
    if (!isTyped(each)) continue
    const { name, key, value } = each
    typed.set(name, decodingOf({ key, value, ...withoutUndefined(options) }))
  }
  return typed.size === 0 ? () => plain : (topic) => typed.get(topic) ?? plain
}

function isTyped(subscription: unknown): subscription is Topic<never, never> {
  return typeof subscription === 'object' && subscription !== null && 'name' in subscription && 'value' in subscription
}

/** An option that is given as `undefined` is not given. */
function withoutUndefined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
}

function decodingOf<K, V>(options: ReadOptions<K, V>): Decoding {
  const policy = options.onDeserializationError ?? 'fail'
  if (typeof policy === 'object') checkTopicName(policy.deadLetter.topic)
  else if (typeof policy !== 'function') choiceOption('onDeserializationError', policy, 'fail', ['fail', 'skip', 'raw'])
  return {
    key: (options.key ?? bytes()) as Deserializer<unknown>,
    value: (options.value ?? bytes()) as Deserializer<unknown>,
    onDeserializationError: policy,
  }
}

function resetPolicy(policy: NonNullable<ReadOptions<unknown, unknown>['autoOffsetReset']>): ResetPolicy {
  if (policy === 'earliest' || policy === 'latest' || policy === 'none') return policy
  if (typeof policy === 'object' && typeof policy.durationMs === 'number' && policy.durationMs >= 0) return policy
  throw new KafkaError('INVALID_OPTION', "autoOffsetReset must be 'earliest', 'latest', 'none' or { durationMs }")
}
