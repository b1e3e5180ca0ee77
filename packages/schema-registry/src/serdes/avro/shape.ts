/**
 * What JavaScript values stand for Avro's, where the two do not fall together.
 *
 * | Avro                                   | JavaScript                                                       |
 * |----------------------------------------|------------------------------------------------------------------|
 * | long                                   | bigint, or with `long: 'number'` a number that is checked         |
 * | bytes, fixed                           | Uint8Array, a copy                                               |
 * | decimal                                | {@link Decimal}; a string is taken too                           |
 * | date, timestamp-millis                 | Date                                                             |
 * | uuid                                   | string, also where it is a fixed                                 |
 * | duration                               | `{ months, days, milliseconds }`                                 |
 * | times of day, other timestamps         | what is below them: nothing in JavaScript holds them exactly      |
 * | union, all branches of different kinds | the value itself                                                 |
 * | union, else                            | `{ 'branch name': value }`, as in Avro's JSON; null stays null    |
 *
 * Whether a union is unwrapped is decided by its schema alone, never by a value.
 */
import { isNamed, type AvroType, type AvroUnion } from '../../formats/avro/type.ts'
import { JsonNumber } from '../../formats/json-text.ts'

export interface AvroValueOptions {
  /** How `long` is read; both are taken when writing. Default `bigint`. */
  readonly long?: 'bigint' | 'number' | undefined
  /** Default true. False: what is below them. */
  readonly logicalTypes?: boolean | undefined
}

export interface AvroShape {
  readonly longs: 'bigint' | 'number'
  readonly isLogical: boolean
}

export function shapeOf(options: AvroValueOptions): AvroShape {
  return { longs: options.long ?? 'bigint', isLogical: options.logicalTypes ?? true }
}

export interface AvroDuration {
  readonly months: number
  readonly days: number
  readonly milliseconds: number
}

export type Logical =
  | { readonly name: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly name: 'date' | 'timestamp-millis' | 'uuid' | 'duration' }

/** The logical type that changes the JavaScript value; undefined for none, unknown ones and those that are not valid. */
export function logicalOf(type: AvroType, { isLogical }: AvroShape): Logical | undefined {
  if (!isLogical || type.kind === 'union' || type.kind === 'record' || type.kind === 'enum') return undefined
  const name = type.properties.get('logicalType')
  switch (name) {
    case 'decimal': {
      const precision = integerOf(type.properties.get('precision'))
      const scale = integerOf(type.properties.get('scale') ?? JsonNumber.of(0))
      if (type.kind !== 'bytes' && type.kind !== 'fixed') return undefined
      if (precision === undefined || precision < 1 || scale === undefined || scale < 0 || scale > precision)
        return undefined
      return { name, precision, scale }
    }
    case 'date':
      return type.kind === 'int' ? { name } : undefined
    case 'timestamp-millis':
      return type.kind === 'long' ? { name } : undefined
    case 'uuid':
      return type.kind === 'string' || (type.kind === 'fixed' && type.sizeBytes === 16) ? { name } : undefined
    case 'duration':
      return type.kind === 'fixed' && type.sizeBytes === 12 ? { name } : undefined
    default:
      return undefined
  }
}

function integerOf(value: unknown): number | undefined {
  return value instanceof JsonNumber && value.isInteger ? value.value : undefined
}

/** The kinds of values that can be told apart by looking at one. */
export type ValueKind =
  | 'null'
  | 'boolean'
  | 'number'
  | 'bigint'
  | 'string'
  | 'bytes'
  | 'Date'
  | 'Decimal'
  | 'array'
  | 'object'

export function kindOf(type: AvroType, shape: AvroShape): ValueKind {
  switch (logicalOf(type, shape)?.name) {
    case 'decimal':
      return 'Decimal'
    case 'date':
    case 'timestamp-millis':
      return 'Date'
    case 'uuid':
      return 'string'
    case 'duration':
      return 'object'
    case undefined:
      break
  }
  switch (type.kind) {
    case 'int':
    case 'float':
    case 'double':
      return 'number'
    case 'long':
      return shape.longs
    case 'enum':
      return 'string'
    case 'fixed':
      return 'bytes'
    case 'map':
    case 'record':
    case 'union':
      return 'object'
    default:
      return type.kind
  }
}

/** The name that a wrapped value goes by. */
export function branchName(type: AvroType): string {
  return isNamed(type) ? type.fullName : type.kind
}

/** Whether values of the union stand for themselves: no two branches have values of one kind. */
export function isUnwrapped({ branches }: AvroUnion, shape: AvroShape): boolean {
  return new Set(branches.map((branch) => kindOf(branch, shape))).size === branches.length
}

export function kindOfValue(value: unknown): ValueKind | undefined {
  if (value === null || value === undefined) return 'null'
  switch (typeof value) {
    case 'boolean':
    case 'number':
    case 'bigint':
    case 'string':
      return typeof value as ValueKind
    case 'object':
      if (value instanceof Uint8Array) return 'bytes'
      if (value instanceof Date) return 'Date'
      if (Array.isArray(value)) return 'array'
      return isDecimal(value) ? 'Decimal' : 'object'
    default:
      return undefined
  }
}

function isDecimal(value: object): boolean {
  return 'unscaled' in value && 'scale' in value && typeof value.unscaled === 'bigint'
}

/** What a value may be taken for besides its own kind, in order, where no branch has that kind. */
export const STAND_INS: Readonly<Partial<Record<ValueKind, readonly ValueKind[]>>> = {
  number: ['bigint'],
  bigint: ['number'],
  string: ['Decimal'],
}
