/**
 * Text to configuration values and back, by the rules of Apache Kafka: blanks around a value do not count, lists are
 * comma-separated, a number that does not fit its type is refused.
 *
 * Wrong values are results that name the key, never exceptions.
 */
import type { ConfigKey, ConfigTable, ConfigType, ConfigValues } from './definition.ts'

export type ParsedConfig<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string }

export interface ConfigProblem {
  readonly key: string
  /** A sentence that begins with the key. Values of passwords are not in it. */
  readonly message: string
}

export interface UnknownConfig {
  readonly key: string
  /** The known key that is spelled most alike, when one is. */
  readonly nearest: string | undefined
}

export interface ParsedConfigs<Table extends ConfigTable> {
  /** Every key of the table; defaults where nothing, or something wrong, was given. */
  readonly values: ConfigValues<Table>
  readonly problems: readonly ConfigProblem[]
  readonly unknown: readonly UnknownConfig[]
}

const LONG_MAX = '9223372036854775807'
const LONG_MIN = '-9223372036854775808'

/** Reads all of `texts` by `table`. */
export function parseConfigs<Table extends ConfigTable>(
  table: Table,
  texts: ReadonlyMap<string, string>,
): ParsedConfigs<Table> {
  const values: Record<string, unknown> = {}
  const problems: ConfigProblem[] = []
  for (const name of Object.keys(table)) {
    const key: ConfigKey = table[name]!
    const text = texts.get(name)
    values[name] = key.default
    if (text === undefined) {
      if (key.default === undefined) problems.push({ key: name, message: `${name} must be set` })
      continue
    }
    const parsed = parseConfigValue(name, key, text)
    if (parsed.ok) values[name] = parsed.value
    else problems.push({ key: name, message: parsed.error })
  }
  const unknown = [...texts.keys()]
    .filter((name) => !Object.hasOwn(table, name))
    .map((name) => ({ key: name, nearest: nearestConfigName(table, name) }))
  return { values: values as ConfigValues<Table>, problems, unknown }
}

/** @returns the value, or a sentence that begins with the key's name */
export function parseConfigValue<T>(name: string, key: ConfigKey<T>, text: string): ParsedConfig<T> {
  const parsed = parseType(key.type, text)
  if (!parsed.ok) {
    const shown = key.type === 'password' ? '' : `, not "${text.trim()}"`
    return { ok: false, error: `${name} must be ${parsed.error}${shown}` }
  }
  const wrong = key.check?.(parsed.value as NonNullable<T>)
  if (wrong !== undefined) return { ok: false, error: `${name} ${wrong}` }
  return { ok: true, value: parsed.value as T }
}

function parseType(type: ConfigType, text: string): ParsedConfig<unknown> {
  const trimmed = text.trim()
  switch (type) {
    case 'boolean': {
      const lower = trimmed.toLowerCase()
      if (lower === 'true' || lower === 'false') return { ok: true, value: lower === 'true' }
      return { ok: false, error: 'true or false' }
    }
    case 'short':
      return parseInteger(trimmed, -0x8000, 0x7fff)
    case 'int':
      return parseInteger(trimmed, -0x80000000, 0x7fffffff)
    case 'long':
      return parseLong(trimmed)
    case 'double':
      if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(trimmed)) return { ok: true, value: Number(trimmed) }
      return { ok: false, error: 'a number' }
    case 'list':
      return { ok: true, value: trimmed === '' ? [] : trimmed.split(/\s*,\s*/) }
    case 'class':
    case 'password':
    case 'string':
      return { ok: true, value: trimmed }
    default:
      return type satisfies never
  }
}

function parseInteger(text: string, minimum: number, maximum: number): ParsedConfig<number> {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= minimum && value <= maximum) return { ok: true, value }
  return { ok: false, error: `a whole number between ${minimum} and ${maximum}` }
}

function parseLong(text: string): ParsedConfig<number> {
  const wide = /^[+-]?\d{1,30}$/.test(text) ? BigInt(text.replace('+', '')) : undefined
  if (wide === undefined || BigInt.asIntN(64, wide) !== wide) return { ok: false, error: 'a whole number of 64 bits' }
  const value = Number(wide)
  if (Number.isSafeInteger(value)) return { ok: true, value }
  return { ok: true, value: value > 0 ? Infinity : -Infinity }
}

/** A parsed value as Apache Kafka prints it; `null` stays `null`. */
export function formatConfigValue(type: ConfigType, value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (type === 'list') return (value as readonly string[]).join(',')
  if (type === 'double') return formatDouble(value as number)
  if (value === Infinity) return LONG_MAX
  if (value === -Infinity) return LONG_MIN
  return String(value as boolean | number | string)
}

/** As Java's `Double.toString`: always a decimal point; an exponent outside 10^-3 … 10^7. */
function formatDouble(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [mantissa = '', exponent = ''] = value.toExponential().split('e')
    return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${exponent.replace('+', '')}`
  }
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

/** The known key nearest in spelling, when it is near enough to be meant. */
export function nearestConfigName(table: ConfigTable, name: string): string | undefined {
  let nearest: string | undefined
  let distanceMin = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of Object.keys(table)) {
    if (Math.abs(candidate.length - name.length) >= distanceMin) continue
    const distance = editDistance(name.toLowerCase(), candidate)
    if (distance >= distanceMin) continue
    nearest = candidate
    distanceMin = distance
  }
  return nearest
}

/** Levenshtein's distance, where `_` and `-` written for `.` count nothing. */
function editDistance(a: string, b: string): number {
  const from = a.replaceAll(/[_-]/g, '.')
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (from[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
