/** Avro values as rules see them: int and long as bigint, decimals as text, unions unwrapped as the serde has them. */
import type { AvroField, AvroRecord, AvroType } from '../../formats/avro/type.ts'
import { isJsonArray } from '../../formats/json-text.ts'
import { Decimal } from '../decimal.ts'
import { SerdeError } from '../errors.ts'
import type { ContractField, ContractFields, FieldTypeName } from '../rules/fields.ts'
import { branchOf, described } from './raw.ts'
import { branchName, isUnwrapped, kindOf, kindOfValue, logicalOf, type AvroShape } from './shape.ts'

/** @param tagsOf tags from the schema's metadata, by the full name of a field */
export function avroFields(
  type: AvroType,
  shape: AvroShape,
  tagsOf: (fullName: string) => readonly string[] = () => [],
): ContractFields {
  return {
    toRules: (value) => convert(value, type, shape, toRule),
    fromRules: (value) => convert(value, type, shape, fromRule),
    mapFields: (value, change) => mapFields(value, type, shape, undefined, tagsOf, change),
  }
}

type ConvertScalar = (value: unknown, type: AvroType, shape: AvroShape) => unknown

/** A copy with every scalar converted. What does not fit its schema stays as it is: the encoder says so better. */
function convert(value: unknown, type: AvroType, shape: AvroShape, scalar: ConvertScalar): unknown {
  if (value === null || value === undefined) return value
  switch (type.kind) {
    case 'array':
      return Array.isArray(value) ? value.map((item: unknown) => convert(item, type.items, shape, scalar)) : value
    case 'map':
      if (kindOfValue(value) !== 'object') return value
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, convert(item, type.values, shape, scalar)]),
      )
    case 'record': {
      if (kindOfValue(value) !== 'object') return value
      const source = value as Readonly<Record<string, unknown>>
      // Only members that are there: absent ones take their defaults later.
      return Object.fromEntries(
        type.fields.flatMap((field) =>
          source[field.name] === undefined
            ? []
            : [[field.name, convert(source[field.name], field.type, shape, scalar)]],
        ),
      )
    }
    case 'union': {
      const chosen = branchFor(value, type, shape)
      if (chosen === undefined) return value
      if (isUnwrapped(type, shape)) return convert(value, chosen, shape, scalar)
      const name = branchName(chosen)
      return { [name]: convert((value as Readonly<Record<string, unknown>>)[name], chosen, shape, scalar) }
    }
    default:
      return scalar(value, type, shape)
  }
}

/** Rules have bigints where the union may know numbers only. */
function branchFor(value: unknown, type: AvroType & { kind: 'union' }, shape: AvroShape): AvroType | undefined {
  const index = branchOf(value, type, shape)
  if (index !== undefined && type.branches[index]!.kind !== 'null') return type.branches[index]
  return typeof value === 'bigint' ? type.branches.find((each) => kindOf(each, shape) === 'number') : undefined
}

const toRule: ConvertScalar = (value, type, shape) => {
  if (logicalOf(type, shape)?.name === 'decimal') return String(value as Decimal | string)
  if (logicalOf(type, shape) !== undefined) return value
  if ((type.kind === 'int' || type.kind === 'long') && typeof value === 'number' && Number.isSafeInteger(value))
    return BigInt(value)
  return value
}

const fromRule: ConvertScalar = (value, type, shape) => {
  const logical = logicalOf(type, shape)
  if (logical?.name === 'decimal' && typeof value === 'string') {
    try {
      return Decimal.parse(value).withScale(logical.scale)
    } catch (cause) {
      throw new SerdeError('INVALID_VALUE', `a rule made ${described(value)} of a decimal`, { cause })
    }
  }
  if (logical !== undefined) return value
  if (type.kind === 'int' && typeof value === 'bigint') return Number(value)
  if (type.kind === 'long' && typeof value === 'bigint') {
    if (shape.longs === 'bigint') return value
    if (Number.isSafeInteger(Number(value))) return Number(value)
    throw new SerdeError('INVALID_VALUE', `a rule made ${value}, which is not exact as a number; use long: 'bigint'`)
  }
  if ((type.kind === 'double' || type.kind === 'float') && typeof value === 'bigint') return Number(value)
  return value
}

type Change = (field: ContractField, value: unknown) => unknown

interface Place {
  readonly record: AvroRecord
  readonly field: AvroField
  readonly message: unknown
}

function mapFields(
  value: unknown,
  type: AvroType,
  shape: AvroShape,
  place: Place | undefined,
  tagsOf: (fullName: string) => readonly string[],
  change: Change,
): unknown {
  if (value === null || value === undefined) return value
  switch (type.kind) {
    case 'array':
      if (!Array.isArray(value)) return value
      return value.map((item: unknown) => mapFields(item, type.items, shape, place, tagsOf, change))
    case 'map':
      if (kindOfValue(value) !== 'object') return value
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, mapFields(item, type.values, shape, place, tagsOf, change)]),
      )
    case 'record': {
      if (kindOfValue(value) !== 'object') return value
      const source = value as Readonly<Record<string, unknown>>
      return Object.fromEntries(
        type.fields.flatMap((field) => {
          if (!(field.name in source)) return []
          const inner = { record: type, field, message: value }
          return [[field.name, mapFields(source[field.name], field.type, shape, inner, tagsOf, change)]]
        }),
      )
    }
    case 'union': {
      const chosen = branchFor(value, type, shape)
      if (chosen === undefined) return value
      if (isUnwrapped(type, shape)) return mapFields(value, chosen, shape, place, tagsOf, change)
      const name = branchName(chosen)
      const wrapped = (value as Readonly<Record<string, unknown>>)[name]
      return { [name]: mapFields(wrapped, chosen, shape, place, tagsOf, change) }
    }
    default: {
      const typeName = TYPE_NAMES[type.kind]
      if (place === undefined || typeName === undefined) return value
      const fullName = `${place.record.fullName}.${place.field.name}`
      const tags = new Set([...inlineTags(place.field), ...tagsOf(fullName)])
      return change({ name: place.field.name, fullName, typeName, tags, message: place.message }, value)
    }
  }
}

const TYPE_NAMES: Readonly<Partial<Record<AvroType['kind'], FieldTypeName>>> = {
  string: 'STRING',
  bytes: 'BYTES',
  int: 'INT',
  long: 'LONG',
  float: 'FLOAT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
}

function inlineTags({ properties }: AvroField): readonly string[] {
  const tags = properties.get('confluent:tags')
  return isJsonArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
}
