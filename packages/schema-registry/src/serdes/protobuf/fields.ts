/** Messages as rules see them: integers as bigint. */
import type { ContractField, ContractFields, FieldTypeName } from '../rules/fields.ts'
import type { FieldType, MessageField, MessageType } from './message.ts'
import { isLong, type Longs } from './slow-codec.ts'

type ConvertScalar = (value: unknown, type: FieldType) => unknown

export function messageFields(
  message: MessageType,
  longs: Longs,
  tagsOf: (fullName: string) => readonly string[],
): ContractFields {
  const fromRule: ConvertScalar = (value, type) => {
    if (type.kind !== 'scalar' || typeof value !== 'bigint') return value
    if (type.scalar === 'double' || type.scalar === 'float') return Number(value)
    // What is not exact is left for the encoder to refuse.
    return (isLong(type.scalar) && longs === 'bigint') || !Number.isSafeInteger(Number(value)) ? value : Number(value)
  }
  return {
    toRules: (value) => convert(value, message, toRule),
    fromRules: (value) => convert(value, message, fromRule),
    mapFields: (value, change) => mapFields(value, message, tagsOf, change),
  }
}

const toRule: ConvertScalar = (value, type) =>
  type.kind === 'scalar' && isInteger(type.scalar) && typeof value === 'number' && Number.isSafeInteger(value)
    ? BigInt(value)
    : value

function isInteger(scalar: string): boolean {
  return /32$|64$/.test(scalar)
}

/** Well-known messages but timestamps are values of JSON to rules. */
function isObject(message: MessageType): boolean {
  return message.form === 'plain' || message.form === 'timestamp'
}

function convert(value: unknown, message: MessageType, scalar: ConvertScalar): unknown {
  if (message.form === 'wrapper')
    return value === undefined || value === null ? value : scalar(value, message.fields[0]!.type)
  if (!isObject(message) || typeof value !== 'object' || value === null || value instanceof Date) return value
  const source = value as Readonly<Record<string, unknown>>
  const one = (item: unknown, type: FieldType): unknown =>
    item === undefined || item === null
      ? item
      : type.kind === 'message'
        ? convert(item, type.message, scalar)
        : scalar(item, type)
  return Object.fromEntries(
    message.fields.flatMap((field) => {
      const member = source[field.name]
      return member === undefined ? [] : [[field.name, each(member, field, (item) => one(item, field.type))]]
    }),
  )
}

function each(value: unknown, { cardinality }: MessageField, change: (item: unknown) => unknown): unknown {
  if (cardinality === 'repeated') return Array.isArray(value) ? value.map(change) : value
  if (cardinality === 'single' || typeof value !== 'object' || value === null) return change(value)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item)]))
}

function mapFields(
  value: unknown,
  message: MessageType,
  tagsOf: (fullName: string) => readonly string[],
  change: (field: ContractField, value: unknown) => unknown,
): unknown {
  if (message.form !== 'plain' || typeof value !== 'object' || value === null) return value
  const source = value as Readonly<Record<string, unknown>>
  return Object.fromEntries(
    Object.entries(source).map(([name, member]) => {
      const field = message.fields.find((candidate) => candidate.name === name)
      if (field === undefined || member === undefined || member === null) return [name, member]
      const { type } = field
      if (type.kind === 'message')
        return [name, each(member, field, (item) => mapFields(item, type.message, tagsOf, change))]
      const typeName = typeNameOf(type)
      if (typeName === undefined) return [name, member]
      const fullName = `${message.fullName}.${field.protoName}`
      const tags = new Set([...field.tags, ...tagsOf(fullName)])
      const place = { name: field.protoName, fullName, typeName, tags, message: value }
      return [name, each(member, field, (item) => change(place, item))]
    }),
  )
}

function typeNameOf(type: FieldType): FieldTypeName | undefined {
  if (type.kind !== 'scalar') return undefined
  switch (type.scalar) {
    case 'string':
      return 'STRING'
    case 'bytes':
      return 'BYTES'
    case 'bool':
      return 'BOOLEAN'
    case 'float':
      return 'FLOAT'
    case 'double':
      return 'DOUBLE'
    default:
      return isLong(type.scalar) ? 'LONG' : 'INT'
  }
}
