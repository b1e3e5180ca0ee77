/**
 * JSON that survives a round trip: members keep their order and numbers their digits, which `JSON.parse` gives up
 * (`{"2":…,"1":…}` is reordered, `1.0` becomes `1`, 2^63 is rounded). Canonical texts depend on both.
 *
 * Objects are Maps, arrays are arrays, numbers are `JsonNumber`. Printing follows the registry's stored texts: no blanks,
 * integers with all their digits, other numbers as a double in Java's notation (`1.0E10`), control characters as `\u001F`.
 * Source: RFC 8259.
 */
import { SchemaError } from './errors.ts'

export type JsonObject = ReadonlyMap<string, JsonValue>
export type JsonArray = readonly JsonValue[]
export type JsonValue = null | boolean | string | JsonNumber | JsonArray | JsonObject

/** How deep JSON values may nest: a schema's own depth limit counts types, each of which takes a few levels of JSON. */
export const JSON_DEPTH_MAX = 800

export class JsonNumber {
  readonly value: number
  /** The printed form. */
  readonly text: string

  private constructor(value: number, text: string) {
    this.value = value
    this.text = text
  }

  /** @param digits a number as JSON's grammar has it */
  static parse(digits: string): JsonNumber {
    const value = Number(digits)
    if (/^-?[0-9]+$/.test(digits)) return new JsonNumber(value, digits === '-0' ? '0' : digits)
    return new JsonNumber(value, doubleText(value))
  }

  static of(value: number): JsonNumber {
    return new JsonNumber(value, Number.isSafeInteger(value) ? String(value) : doubleText(value))
  }

  /** A double printed as one: 1 as `1.0`. */
  static double(value: number): JsonNumber {
    return new JsonNumber(value, doubleText(value))
  }

  get isInteger(): boolean {
    return /^-?[0-9]+$/.test(this.text)
  }
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map
}

export function isJsonArray(value: JsonValue | undefined): value is JsonArray {
  return Array.isArray(value)
}

/**
 * @param options.comments allow `//` and slash-star comments, as Avro's parser does
 * @throws SchemaError with line and column
 */
export function parseJsonText(text: string, options: { readonly comments?: boolean } = {}): JsonValue {
  const reader = new JsonReader(text, options.comments ?? false)
  return reader.document()
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
/** Digits of one number; more would make parsing it cost more than its length. */
const NUMBER_SIZE_MAX = 1000
const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  '\\': '\\',
  '/': '/',
}

class JsonReader {
  readonly #text: string
  readonly #comments: boolean
  #at = 0

  constructor(text: string, comments: boolean) {
    this.#text = text
    this.#comments = comments
  }

  document(): JsonValue {
    const value = this.#value(0)
    this.#skip()
    if (this.#at < this.#text.length) this.#fail('content after the end of the JSON value')
    return value
  }

  #value(depth: number): JsonValue {
    if (depth > JSON_DEPTH_MAX) {
      throw new SchemaError(`JSON nested deeper than ${JSON_DEPTH_MAX} levels`, this.#position(), 'SCHEMA_TOO_LARGE')
    }
    this.#skip()
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#array(depth)
      case '"':
        return this.#string()
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, JsonValue>()
    this.#at++
    this.#skip()
    if (this.#taken('}')) return members
    for (;;) {
      this.#skip()
      if (this.#text[this.#at] !== '"') this.#fail('a member name in double quotes was expected')
      const name = this.#string()
      this.#skip()
      if (!this.#taken(':')) this.#fail('":" was expected')
      members.set(name, this.#value(depth + 1))
      this.#skip()
      if (this.#taken('}')) return members
      if (!this.#taken(',')) this.#fail('"," or "}" was expected')
    }
  }

  #array(depth: number): JsonArray {
    const items: JsonValue[] = []
    this.#at++
    this.#skip()
    if (this.#taken(']')) return items
    for (;;) {
      items.push(this.#value(depth + 1))
      this.#skip()
      if (this.#taken(']')) return items
      if (!this.#taken(',')) this.#fail('"," or "]" was expected')
    }
  }

  #string(): string {
    const text = this.#text
    let from = ++this.#at
    let value = ''
    for (;;) {
      const code = text.charCodeAt(this.#at)
      if (code === 0x22) {
        value += text.slice(from, this.#at++)
        return value
      }
      if (code === 0x5c) {
        value += text.slice(from, this.#at) + this.#escape()
        from = this.#at
      } else if (code >= 0x20) {
        this.#at++
      } else {
        // NaN: the text has ended.
        this.#fail(Number.isNaN(code) ? 'a string is not closed' : 'a control character in a string must be escaped')
      }
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? ''
    const simple = ESCAPES[letter]
    if (simple !== undefined) {
      this.#at += 2
      return simple
    }
    const digits = this.#text.slice(this.#at + 2, this.#at + 6)
    if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) this.#fail('an unknown escape in a string')
    this.#at += 6
    return String.fromCharCode(Number.parseInt(digits, 16))
  }

  #number(): JsonNumber {
    NUMBER.lastIndex = this.#at
    const digits = NUMBER.exec(this.#text)?.[0]
    if (digits === undefined)
      this.#fail(this.#at < this.#text.length ? 'a JSON value was expected' : 'the text ends too early')
    if (digits.length > NUMBER_SIZE_MAX) this.#fail(`a number of more than ${NUMBER_SIZE_MAX} characters`)
    this.#at += digits.length
    return JsonNumber.parse(digits)
  }

  #word<T extends JsonValue>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) this.#fail('a JSON value was expected')
    this.#at += word.length
    return value
  }

  #taken(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #skip(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
        this.#at++
      } else if (code === 0x2f && this.#comments) {
        const next = this.#text[this.#at + 1]
        if (next !== '/' && next !== '*') this.#fail('a JSON value was expected')
        const end = this.#text.indexOf(next === '/' ? '\n' : '*/', this.#at + 2)
        if (end < 0 && next === '*') this.#fail('a comment is not closed')
        this.#at = end < 0 ? this.#text.length : end + (next === '/' ? 1 : 2)
      } else {
        return
      }
    }
  }

  #position(): string {
    const before = this.#text.slice(0, this.#at).split('\n')
    return `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`
  }

  #fail(reason: string): never {
    throw new SchemaError(reason, this.#position())
  }
}

/** @param options.sorted members in the order of their names' UTF-16 units, at every depth */
export function printJson(value: JsonValue, options: { readonly sorted?: boolean } = {}): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quote(value)
  if (value instanceof JsonNumber) return value.text
  if (isJsonArray(value)) return `[${value.map((item) => printJson(item, options)).join(',')}]`
  const members = [...value]
  // oxlint-disable-next-line unicorn/no-nested-ternary -- names of one object are never equal
  if (options.sorted === true) members.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${quote(name)}:${printJson(member, options)}`).join(',')}}`
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
}

export function quote(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what must be escaped
  const escaped = text.replace(/[\u0000-\u001f"\\]/g, (character) => {
    return SHORT_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
  })
  return `"${escaped}"`
}

/** Java's notation of a double: plain from 10^-3 up to 10^7, else one digit before the point and an exponent. */
function doubleText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  // Quoted, as JSON has no such numbers.
  if (!Number.isFinite(value)) return `"${value}"`
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e')
  const size = Math.abs(value)
  if (size < 1e-3 || size >= 1e7) return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`
  const plain = String(value)
  return plain.includes('.') ? plain : `${plain}.0`
}

/** Equality of JSON values: members in any order, numbers by value. */
export function equalJson(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true
  if (a instanceof JsonNumber) {
    if (!(b instanceof JsonNumber)) return false
    return a.isInteger && b.isInteger ? a.text === b.text : a.value === b.value
  }
  if (isJsonArray(a)) return isJsonArray(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i]))
  if (!isJsonObject(a) || !isJsonObject(b) || a.size !== b.size) return false
  for (const [name, member] of a) {
    if (!b.has(name) || !equalJson(member, b.get(name))) return false
  }
  return true
}

/** One step of a JSON pointer (RFC 6901). */
export function pointerStep(name: string | number): string {
  return `/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`
}
