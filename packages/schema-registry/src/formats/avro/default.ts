/** Whether a default fits its type. Source: Avro specification, "Complex Types" (the table of field default values). */
import { isJsonArray, isJsonObject, JsonNumber, pointerStep, type JsonValue } from '../json-text.ts'
import type { AvroType } from './type.ts'

export interface DefaultMismatch {
  /** Below the default. */
  readonly path: string
  readonly reason: string
}

/** @returns undefined when it fits. A union's default may fit any branch (Avro before 1.12: the first). */
export function defaultMismatch(value: JsonValue, type: AvroType): DefaultMismatch | undefined {
  switch (type.kind) {
    case 'null':
      return unless(value === null, 'null is needed')
    case 'boolean':
      return unless(typeof value === 'boolean', 'true or false is needed')
    case 'int':
      return unless(isIntegerWithin(value, 31n), 'a whole number of 32 bits is needed')
    case 'long':
      return unless(isIntegerWithin(value, 63n), 'a whole number of 64 bits is needed')
    case 'float':
    case 'double':
      return unless(
        value instanceof JsonNumber || value === 'NaN' || value === 'Infinity' || value === '-Infinity',
        'a number is needed',
      )
    case 'string':
      return unless(typeof value === 'string', 'a string is needed')
    case 'bytes':
      return unless(isByteText(value), 'a string of characters up to \\u00FF is needed')
    case 'fixed':
      return unless(
        isByteText(value) && value.length === type.sizeBytes,
        `a string of ${type.sizeBytes} characters up to \\u00FF is needed`,
      )
    case 'enum':
      return unless(typeof value === 'string' && type.symbols.includes(value), `a symbol of ${type.fullName} is needed`)
    case 'array':
      if (!isJsonArray(value)) return { path: '', reason: 'an array is needed' }
      return firstOf(value.entries(), () => type.items)
    case 'map':
      if (!isJsonObject(value)) return { path: '', reason: 'an object is needed' }
      return firstOf(value.entries(), () => type.values)
    case 'union':
      return unless(
        type.branches.some((branch) => defaultMismatch(value, branch) === undefined),
        'no branch of the union takes it',
      )
    case 'record': {
      if (!isJsonObject(value)) return { path: '', reason: 'an object is needed' }
      for (const field of type.fields) {
        const member = value.get(field.name)
        // A member left out takes the field's own default, which is judged where it is declared.
        if (member === undefined && field.default !== undefined) continue
        if (member === undefined) return { path: '', reason: `field "${field.name}" is missing and has no default` }
        const mismatch = defaultMismatch(member, field.type)
        if (mismatch !== undefined) return { path: pointerStep(field.name) + mismatch.path, reason: mismatch.reason }
      }
      return undefined
    }
    default:
      return type satisfies never
  }
}

function unless(fits: boolean, reason: string): DefaultMismatch | undefined {
  return fits ? undefined : { path: '', reason }
}

function firstOf(
  entries: Iterable<readonly [string | number, JsonValue]>,
  typeOf: () => AvroType,
): DefaultMismatch | undefined {
  for (const [step, member] of entries) {
    const mismatch = defaultMismatch(member, typeOf())
    if (mismatch !== undefined) return { path: pointerStep(step) + mismatch.path, reason: mismatch.reason }
  }
  return undefined
}

function isIntegerWithin(value: JsonValue, bits: bigint): boolean {
  if (!(value instanceof JsonNumber) || !value.isInteger) return false
  const integer = BigInt(value.text)
  return integer >= -(1n << bits) && integer < 1n << bits
}

function isByteText(value: JsonValue): value is string {
  // oxlint-disable-next-line no-control-regex -- every byte is a character here
  return typeof value === 'string' && !/[^\u0000-\u00ff]/.test(value)
}
