/** Checks a consumer's options and fills in what is left out. */
import { ASSIGNORS, type AssignorName } from './core/assignors/index.ts'
import type { Assignor } from './core/assignors/assignor.ts'
import { KafkaError } from './errors.ts'
import type { ConsumerOptions } from './options.ts'
import { READ_KEYS } from './read-options.ts'
import type { Topic } from './topic.ts'
import { checkKeys, checkTopicName, choiceOption, numberOption } from './validate.ts'

export interface ResolvedConsumerOptions {
  readonly groupId: string
  readonly groupInstanceId: string | null
  readonly assignors: readonly Assignor[]
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly commit: 'after' | 'before' | 'manual'
  readonly commitIntervalMs: number
  readonly names: readonly string[]
  readonly patterns: readonly RegExp[]
}

const KEYS = [
  ...READ_KEYS,
  'groupId',
  'topics',
  'groupInstanceId',
  'assignors',
  'sessionTimeoutMs',
  'rebalanceTimeoutMs',
  'heartbeatIntervalMs',
  'commit',
  'commitIntervalMs',
  'onAssigned',
  'onRevoked',
  'onLost',
]

export function resolveConsumerOptions<K, V>(options: ConsumerOptions<K, V>): ResolvedConsumerOptions {
  checkKeys('consumer', options, KEYS)
  if (typeof options.groupId !== 'string' || options.groupId === '') {
    throw new KafkaError(
      'INVALID_OPTION',
      'consumer: groupId must be a name; to read without a group use kafka.reader()',
    )
  }
  if (options.groupInstanceId !== undefined && options.groupInstanceId === '') {
    throw new KafkaError('INVALID_OPTION', 'consumer: groupInstanceId must not be empty')
  }
  const sessionTimeoutMs = numberOption('sessionTimeoutMs', options.sessionTimeoutMs, 45_000, { min: 1 })
  const heartbeatIntervalMs = numberOption('heartbeatIntervalMs', options.heartbeatIntervalMs, 3_000, { min: 1 })
  if (heartbeatIntervalMs >= sessionTimeoutMs) {
    throw new KafkaError('INVALID_OPTION', 'heartbeatIntervalMs must be less than sessionTimeoutMs; a third is usual')
  }
  const names: string[] = []
  const patterns: RegExp[] = []
  if (!Array.isArray(options.topics) || options.topics.length === 0) {
    throw new KafkaError('INVALID_OPTION', 'consumer: topics must name at least one topic or pattern')
  }
  for (const each of options.topics as readonly (string | RegExp | Topic<unknown, unknown>)[]) {
    if (each instanceof RegExp) {
      // A global or sticky expression remembers where it stopped.
      patterns.push(new RegExp(each.source, each.flags.replace(/[gy]/g, '')))
      continue
    }
    const name = typeof each === 'string' ? each : each.name
    checkTopicName(name)
    if (!names.includes(name)) names.push(name)
  }
  return {
    groupId: options.groupId,
    groupInstanceId: options.groupInstanceId ?? null,
    assignors: assignorsOf(options.assignors ?? ['cooperative-sticky']),
    sessionTimeoutMs,
    rebalanceTimeoutMs: numberOption('rebalanceTimeoutMs', options.rebalanceTimeoutMs, 60_000, { min: 1 }),
    heartbeatIntervalMs,
    commit: choiceOption('commit', options.commit, 'after', ['after', 'before', 'manual']),
    commitIntervalMs: numberOption('commitIntervalMs', options.commitIntervalMs, 5_000, { min: 1 }),
    names,
    patterns,
  }
}

function assignorsOf(names: readonly AssignorName[]): Assignor[] {
  if (names.length === 0) throw new KafkaError('INVALID_OPTION', 'assignors must name at least one')
  return names.map((name) => {
    choiceOption('assignors', name, name, Object.keys(ASSIGNORS) as AssignorName[])
    return ASSIGNORS[name]
  })
}
