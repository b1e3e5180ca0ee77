/** Checks of options: what is misspelt, out of range or not offered yet fails at once, naming the option. */
import { KafkaError } from './errors.ts'
import { nearest } from './nearest.ts'

/** Options of section "later" that people know from other clients. */
const NOT_OFFERED: Readonly<Record<string, string>> = {
  tls: 'TLS connections are not offered by this version',
  ssl: 'TLS connections are not offered by this version',
  sasl: 'SASL authentication is not offered by this version',
  transactionalId: 'transactions are not offered by this version',
  groupProtocol: 'only the classic group protocol is offered by this version',
}

/** Refuses keys that are not in `known`. */
export function checkKeys(what: string, options: object, known: readonly string[]): void {
  for (const [key, value] of Object.entries(options)) {
    if (known.includes(key) || value === undefined) continue
    const reason = NOT_OFFERED[key]
    if (reason !== undefined) throw new KafkaError('UNSUPPORTED_OPTION', `${what}: ${key}: ${reason}`)
    const suggestion = nearest(key, known)
    throw new KafkaError(
      'INVALID_OPTION',
      `${what}: there is no option '${key}'${suggestion === undefined ? '' : `; did you mean '${suggestion}'?`}`,
    )
  }
}

export interface NumberRange {
  readonly min: number
  readonly max?: number
  readonly integer?: boolean
}

/** The value, or `fallback` when it is not given. */
export function numberOption(
  name: string,
  value: number | undefined,
  fallback: number,
  range: NumberRange = { min: 0 },
): number {
  if (value === undefined) return fallback
  const { min, max = Infinity, integer = true } = range
  if (
    typeof value !== 'number' ||
    !(value >= min && value <= max) ||
    (integer && value !== Infinity && !Number.isInteger(value))
  ) {
    const upTo = max === Infinity ? '' : ` and at most ${max}`
    throw new KafkaError(
      'INVALID_OPTION',
      `${name} must be ${integer ? 'an integer' : 'a number'} of at least ${min}${upTo}, not ${String(value)}`,
    )
  }
  return value
}

export function choiceOption<T extends string | number>(
  name: string,
  value: T | undefined,
  fallback: T,
  choices: readonly T[],
): T {
  if (value === undefined) return fallback
  if (choices.includes(value)) return value
  throw new KafkaError('INVALID_OPTION', `${name} must be one of ${choices.join(', ')}, not ${String(value)}`)
}

const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/

/** @throws KafkaError `INVALID_TOPIC_EXCEPTION` */
export function checkTopicName(name: unknown): asserts name is string {
  if (typeof name === 'string' && TOPIC_NAME.test(name) && name !== '.' && name !== '..') return
  throw new KafkaError(
    'INVALID_TOPIC_EXCEPTION',
    `'${String(name)}' is no topic name: 1 to 249 of a-z A-Z 0-9 . _ - are allowed, but not '.' or '..'`,
  )
}
