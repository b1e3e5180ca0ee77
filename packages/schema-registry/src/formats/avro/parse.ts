/**
 * Avro schema text to its tree. Names are resolved while reading, in text order, so that a type can be used only after (or inside) its definition.
 *
 * As lenient as Apache Avro's Java parser is: comments are allowed, letters of any script in names, unknown attributes are kept,
 * a short name not found in the enclosing namespace is looked up without namespace. Source: Avro specification, "Schema Declaration" and "Names".
 */
import { SchemaError } from '../errors.ts'
import {
  isJsonArray,
  isJsonObject,
  JsonNumber,
  parseJsonText,
  pointerStep,
  printJson,
  type JsonObject,
  type JsonValue,
} from '../json-text.ts'
import { assertDepth } from '../limits.ts'
import { defaultMismatch } from './default.ts'
import { AVRO_PRIMITIVES, isNamed } from './type.ts'
import type { AvroField, AvroNamed, AvroPrimitiveName, AvroProperties, AvroRecord, AvroType } from './type.ts'

export interface AvroScope {
  /** Full name → type. The parser adds what it meets. */
  readonly names: Map<string, AvroNamed>
  /** Refuse defaults that do not fit their type. */
  readonly validate: boolean
}

/** @param scope names that may be referred to; gains those the text defines */
export function parseAvroText(text: string, scope: AvroScope): AvroType {
  return readType(parseJsonText(text, { comments: true }), { scope, namespace: '', path: '', depth: 0 })
}

interface Position {
  readonly scope: AvroScope
  /** The enclosing namespace. */
  readonly namespace: string
  readonly path: string
  readonly depth: number
}

const SCHEMA_RESERVED = new Set([
  'type',
  'name',
  'namespace',
  'doc',
  'aliases',
  'fields',
  'items',
  'values',
  'symbols',
  'size',
])
const ENUM_RESERVED = new Set([...SCHEMA_RESERVED, 'default'])
const FIELD_RESERVED = new Set(['name', 'type', 'doc', 'default', 'order', 'aliases'])
const NO_PROPERTIES: AvroProperties = new Map()
const PRIMITIVES: ReadonlySet<string> = new Set(AVRO_PRIMITIVES)

function readType(node: JsonValue, at: Position): AvroType {
  assertDepth(at.depth, at.path)
  if (typeof node === 'string') return typeByName(node, at)
  if (isJsonArray(node)) return readUnion(node, at)
  if (!isJsonObject(node)) throw new SchemaError('a type must be a name, an object or an array', at.path)
  const kind = node.get('type')
  if (typeof kind !== 'string') throw new SchemaError('an object needs a "type" that is a string', at.path)
  switch (kind) {
    case 'record':
    case 'error':
      return readRecord(node, kind === 'error', at)
    case 'enum':
      return readEnum(node, at)
    case 'fixed':
      return readFixed(node, at)
    case 'array':
      return {
        kind: 'array',
        items: readType(required(node, 'items', at), inside(at, '/items')),
        properties: propertiesOf(node, SCHEMA_RESERVED),
      }
    case 'map':
      return {
        kind: 'map',
        values: readType(required(node, 'values', at), inside(at, '/values')),
        properties: propertiesOf(node, SCHEMA_RESERVED),
      }
    default:
      if (isPrimitive(kind)) return { kind, properties: propertiesOf(node, SCHEMA_RESERVED) }
      return typeByName(kind, { ...at, path: `${at.path}/type` })
  }
}

function typeByName(name: string, at: Position): AvroType {
  if (isPrimitive(name)) return { kind: name, properties: NO_PROPERTIES }
  const { names } = at.scope
  const qualified = name.includes('.') || at.namespace === '' ? name.replace(/^\./, '') : `${at.namespace}.${name}`
  const type = names.get(qualified) ?? names.get(name)
  if (type === undefined) throw new SchemaError(`"${name}" is not a defined name`, at.path)
  return type
}

function readUnion(node: readonly JsonValue[], at: Position): AvroType {
  const seen = new Set<string>()
  const branches = node.map((branch, i) => {
    const type = readType(branch, inside(at, pointerStep(i)))
    const path = `${at.path}${pointerStep(i)}`
    if (type.kind === 'union') throw new SchemaError('a union cannot hold a union', path)
    const name = isNamed(type) ? type.fullName : type.kind
    if (seen.has(name)) throw new SchemaError(`a union has ${name} twice`, path)
    seen.add(name)
    return type
  })
  return { kind: 'union', branches }
}

function readRecord(node: JsonObject, isError: boolean, at: Position): AvroRecord {
  const fields: AvroField[] = []
  const record: AvroRecord = { kind: 'record', isError, fields, ...namedPart(node, SCHEMA_RESERVED, at) }
  define(record, at)
  const list = required(node, 'fields', at)
  if (!isJsonArray(list)) throw new SchemaError('"fields" must be an array', `${at.path}/fields`)
  const seen = new Set<string>()
  for (const [i, entry] of list.entries()) {
    const position = inside({ ...at, namespace: record.namespace }, `/fields/${i}`)
    const field = readField(entry, position)
    if (seen.has(field.name)) throw new SchemaError(`field "${field.name}" is defined twice`, position.path)
    seen.add(field.name)
    fields.push(field)
  }
  // Only now: a default of a recursive type is judged by the whole of it.
  if (at.scope.validate)
    for (const [i, field] of fields.entries()) checkDefault(field, `${at.path}/fields/${i}/default`)
  return record
}

function readField(node: JsonValue, at: Position): AvroField {
  if (!isJsonObject(node)) throw new SchemaError('a field must be an object', at.path)
  const name = requiredText(node, 'name', at)
  checkName(name, `${at.path}/name`)
  const type = readType(required(node, 'type', at), { ...at, path: `${at.path}/type` })
  const order = (optionalText(node, 'order', at) ?? 'ascending').toLowerCase()
  if (order !== 'ascending' && order !== 'descending' && order !== 'ignore') {
    throw new SchemaError(`"${order}" is not ascending, descending or ignore`, `${at.path}/order`)
  }
  return {
    name,
    type,
    doc: optionalText(node, 'doc', at),
    default: defaultOf(node.get('default'), type, at),
    order,
    aliases: textList(node, 'aliases', at) ?? [],
    properties: propertiesOf(node, FIELD_RESERVED),
  }
}

/** Text as the default of a float or double is read as a number. */
function defaultOf(value: JsonValue | undefined, type: AvroType, at: Position): JsonValue | undefined {
  if (typeof value !== 'string' || (type.kind !== 'float' && type.kind !== 'double')) return value
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return value
  const number = Number(value)
  if (value.trim() === '' || !Number.isFinite(number))
    throw new SchemaError(`"${value}" is not a number`, `${at.path}/default`)
  return JsonNumber.double(number)
}

function checkDefault(field: AvroField, path: string): void {
  if (field.default === undefined) return
  const mismatch = defaultMismatch(field.default, field.type)
  if (mismatch !== undefined) {
    throw new SchemaError(
      `the default ${printJson(field.default)} of field "${field.name}" does not fit: ${mismatch.reason}`,
      path + mismatch.path,
    )
  }
}

function readEnum(node: JsonObject, at: Position): AvroNamed {
  const symbols = textList(node, 'symbols', at)
  if (symbols === undefined) throw new SchemaError('an enum needs "symbols"', at.path)
  const seen = new Set<string>()
  for (const [i, symbol] of symbols.entries()) {
    checkName(symbol, `${at.path}/symbols/${i}`)
    if (seen.has(symbol)) throw new SchemaError(`symbol "${symbol}" is listed twice`, `${at.path}/symbols/${i}`)
    seen.add(symbol)
  }
  const fallback = optionalText(node, 'default', at)
  if (fallback !== undefined && !seen.has(fallback)) {
    throw new SchemaError(`the default "${fallback}" is not one of the symbols`, `${at.path}/default`)
  }
  const type: AvroNamed = { kind: 'enum', symbols, default: fallback, ...namedPart(node, ENUM_RESERVED, at) }
  define(type, at)
  return type
}

function readFixed(node: JsonObject, at: Position): AvroNamed {
  const size = required(node, 'size', at)
  if (!(size instanceof JsonNumber) || !size.isInteger || size.value < 0 || size.value > 0x7fffffff) {
    throw new SchemaError('"size" must be a whole number of bytes', `${at.path}/size`)
  }
  const type: AvroNamed = { kind: 'fixed', sizeBytes: size.value, ...namedPart(node, SCHEMA_RESERVED, at) }
  define(type, at)
  return type
}

function namedPart(node: JsonObject, reserved: ReadonlySet<string>, at: Position) {
  const given = requiredText(node, 'name', at)
  const dot = given.lastIndexOf('.')
  const name = given.slice(dot + 1)
  const namespace = dot >= 0 ? given.slice(0, dot) : (optionalText(node, 'namespace', at) ?? at.namespace)
  checkName(name, `${at.path}/name`)
  if (namespace !== '') for (const part of namespace.split('.')) checkName(part, `${at.path}/namespace`)
  const fullName = namespace === '' ? name : `${namespace}.${name}`
  if (PRIMITIVES.has(fullName))
    throw new SchemaError(`"${fullName}" is the name of a primitive type`, `${at.path}/name`)
  const aliases = textList(node, 'aliases', at) ?? []
  return {
    name,
    namespace,
    fullName,
    doc: optionalText(node, 'doc', at),
    aliases: [
      ...new Set(aliases.map((alias) => (alias.includes('.') || namespace === '' ? alias : `${namespace}.${alias}`))),
    ],
    properties: propertiesOf(node, reserved),
  }
}

function define(type: AvroNamed, at: Position): void {
  if (at.scope.names.has(type.fullName)) throw new SchemaError(`"${type.fullName}" is defined twice`, at.path)
  at.scope.names.set(type.fullName, type)
}

function checkName(name: string, path: string): void {
  if (!/^[\p{L}_][\p{L}\p{Nd}_]*$/u.test(name)) throw new SchemaError(`${JSON.stringify(name)} is not a name`, path)
}

function isPrimitive(name: string): name is AvroPrimitiveName {
  return PRIMITIVES.has(name)
}

function inside(at: Position, step: string): Position {
  return { ...at, path: at.path + step, depth: at.depth + 1 }
}

function required(node: JsonObject, member: string, at: Position): JsonValue {
  const value = node.get(member)
  if (value === undefined) throw new SchemaError(`"${member}" is missing`, at.path)
  return value
}

function requiredText(node: JsonObject, member: string, at: Position): string {
  const value = required(node, member, at)
  if (typeof value !== 'string') throw new SchemaError(`"${member}" must be a string`, `${at.path}/${member}`)
  return value
}

/** `null` counts as absent. */
function optionalText(node: JsonObject, member: string, at: Position): string | undefined {
  const value = node.get(member)
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined
  throw new SchemaError(`"${member}" must be a string`, `${at.path}/${member}`)
}

function textList(node: JsonObject, member: string, at: Position): readonly string[] | undefined {
  const value = node.get(member)
  if (value === undefined) return undefined
  if (!isJsonArray(value)) throw new SchemaError(`"${member}" must be an array`, `${at.path}/${member}`)
  return value.map((item, i) => {
    if (typeof item !== 'string') throw new SchemaError(`"${member}" must hold strings`, `${at.path}/${member}/${i}`)
    return item
  })
}

function propertiesOf(node: JsonObject, reserved: ReadonlySet<string>): AvroProperties {
  const properties = [...node].filter(([name]) => !reserved.has(name))
  return properties.length === 0 ? NO_PROPERTIES : new Map(properties)
}
