/**
 * Reads and writes messages by walking their declarations: the plain meaning of a declaration, without tricks.
 *
 * It is the oracle that the generated codecs are compared with, what runs where code generation is forbidden, and what
 * names the field of a malformed message (the generated code keeps no path: a failure is walked again here).
 *
 * Source: Apache Kafka's message README; KIP-482 (tagged fields), KIP-893 (nullable structs;
 * in a tagged field their marker is an unsigned varint, as in Apache Kafka's generated code).
 */
import type { Field, Fields, MessageDeclaration, ScalarType } from './declare.ts'
import { ProtocolError } from './errors.ts'
import type { Reader } from './reader.ts'
import {
  elementSizeMin,
  inVersions,
  isCompact,
  isNullable,
  isTagged,
  layoutOf,
  type NamedField,
  zeroOf,
} from './version-range.ts'
import { unfit, Writer } from './writer.ts'

/** What is being walked, and the path to it for errors. */
interface Walk {
  readonly declaration: MessageDeclaration
  readonly version: number
  readonly path: (string | number)[]
}

type Struct = Record<string, unknown>

/** @throws ProtocolError with the path of the field that is malformed */
export function interpretRead(declaration: MessageDeclaration, reader: Reader, version: number): unknown {
  const walk: Walk = { declaration, version, path: [] }
  return located(walk, () => readStruct(walk, declaration.fields, reader))
}

/** @throws ProtocolError with the path of the field that does not fit */
export function interpretWrite(declaration: MessageDeclaration, writer: Writer, value: unknown, version: number): void {
  const walk: Walk = { declaration, version, path: [] }
  located(walk, () => writeStruct(walk, declaration.fields, writer, value))
}

/** The declared default of a field, fresh where it can be changed. */
export function defaultOf(field: Field<unknown>): unknown {
  if (field.default !== undefined) return field.default
  if (field.type === 'array') return []
  if (field.type !== 'struct') return zeroOf(field.type)
  return Object.fromEntries(Object.entries(field.fields!).map(([name, inner]) => [name, defaultOf(inner)]))
}

/** Whether the value is the one that an absent field decodes to; absent members of a struct count as their defaults. */
export function isDefault(field: Field<unknown>, value: unknown): boolean {
  if (value === undefined) return true
  if (field.default !== undefined && (field.type === 'array' || field.type === 'struct')) return value === field.default
  if (value === null) return field.default === null
  switch (field.type) {
    case 'array':
      return (value as readonly unknown[]).length === 0
    case 'struct':
      return Object.entries(field.fields!).every(([name, inner]) => isDefault(inner, (value as Struct)[name]))
    case 'bytes':
    case 'records':
      return field.default === undefined && (value as Uint8Array).length === 0
    default:
      return value === defaultOf(field)
  }
}

function located<T>(walk: Walk, walked: () => T): T {
  try {
    return walked()
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    const path = walk.path
      .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
      .join('')
      .slice(1)
    const where = `${walk.declaration.name} v${walk.version}${path === '' ? '' : `: ${path}`}`
    throw new ProtocolError(error.code, error.message, where, { cause: error })
  }
}

// Reading

function readStruct(walk: Walk, fields: Fields, reader: Reader): Struct {
  const struct: Struct = {}
  const { absent, inPlace, tagged } = layoutOf(fields, walk.version)
  // All declared fields, in declared order, are there from the start: versions differ in values, not in shape.
  for (const name of Object.keys(fields)) struct[name] = undefined
  for (const [name, field] of absent) struct[name] = defaultOf(field)
  for (const [name, field] of tagged) struct[name] = defaultOf(field)
  for (const [name, field] of inPlace) struct[name] = readNamed(walk, name, field, reader)
  if (inVersions(walk.declaration.flexible, walk.version)) readTagged(walk, tagged, reader, struct)
  return struct
}

function readTagged(walk: Walk, tagged: readonly NamedField[], reader: Reader, struct: Struct): void {
  const count = reader.uvarint()
  for (let i = 0; i < count; i++) {
    const tag = reader.uvarint()
    const size = reader.uvarint()
    const known = tagged.find(([, field]) => field.tag === tag)
    if (known === undefined) {
      reader.skip(size)
      continue
    }
    const start = reader.at
    struct[known[0]] = readNamed(walk, known[0], known[1], reader)
    reader.checkTaggedEnd(start, size)
  }
}

function readNamed(walk: Walk, name: string, field: Field<unknown>, reader: Reader): unknown {
  walk.path.push(name)
  const value = readField(walk, field, reader)
  walk.path.pop()
  return value
}

function readField(walk: Walk, field: Field<unknown>, reader: Reader): unknown {
  const nullable = isNullable(field, walk.version)
  if (field.type === 'struct') {
    if (nullable) {
      const present = isTagged(field, walk.version) ? reader.taggedStructPresent() : reader.structPresent()
      if (!present) return null
    }
    return readStruct(walk, field.fields!, reader)
  }
  const compact = isCompact(walk.declaration, field, walk.version)
  if (field.type !== 'array') return readScalar(field.type, compact, nullable, reader)

  const sizeMin = elementSizeMin(walk.declaration, field, walk.version)
  const length = compact ? reader.compactArrayLength(sizeMin) : reader.arrayLength(sizeMin)
  if (length === -1) {
    if (nullable) return null
    throw new ProtocolError('UNEXPECTED_NULL', 'null where this version has none')
  }
  const array: unknown[] = []
  for (let i = 0; i < length; i++) {
    walk.path.push(i)
    if (field.element === 'struct') array.push(readStruct(walk, field.fields!, reader))
    else array.push(readScalar(field.element!, compact, false, reader))
    walk.path.pop()
  }
  return array
}

function readScalar(type: ScalarType, compact: boolean, nullable: boolean, reader: Reader): unknown {
  switch (type) {
    case 'string':
      if (compact) return nullable ? reader.compactNullableString() : reader.compactString()
      return nullable ? reader.nullableString() : reader.string()
    case 'bytes':
    case 'records':
      if (compact) return nullable ? reader.compactNullableByteString() : reader.compactByteString()
      return nullable ? reader.nullableByteString() : reader.byteString()
    default:
      return reader[type]()
  }
}

// Writing

function writeStruct(walk: Walk, fields: Fields, writer: Writer, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw unfit('struct', value)
  const struct = value as Struct
  const { absent, inPlace, tagged } = layoutOf(fields, walk.version)
  for (const [name, field] of absent) {
    walk.path.push(name)
    refuseUnlessDroppable(walk, field, struct[name])
    walk.path.pop()
  }
  for (const [name, field] of inPlace) {
    walk.path.push(name)
    writeField(walk, field, writer, struct[name])
    walk.path.pop()
  }
  if (inVersions(walk.declaration.flexible, walk.version)) writeTagged(walk, tagged, writer, struct)
}

function refuseUnlessDroppable(walk: Walk, field: Field<unknown>, value: unknown): void {
  if (field.ignorable === true || isDefault(field, value)) return
  throw new ProtocolError('UNSUPPORTED_VERSION', `version ${walk.version} has no such field; leave it out`)
}

function writeTagged(walk: Walk, tagged: readonly NamedField[], writer: Writer, struct: Struct): void {
  const set = tagged.filter(([name, field]) => !isDefault(field, struct[name]))
  writer.uvarint(set.length)
  for (const [name, field] of set) {
    walk.path.push(name)
    const value = new Writer()
    writeField(walk, field, value, struct[name])
    const bytes = value.toBytes()
    writer.uvarint(field.tag!)
    writer.uvarint(bytes.length)
    writer.raw(bytes)
    walk.path.pop()
  }
}

function writeField(walk: Walk, field: Field<unknown>, writer: Writer, given: unknown): void {
  const value = given === undefined ? defaultOf(field) : given
  const nullable = isNullable(field, walk.version)
  if (value === null && !nullable) throw new ProtocolError('UNEXPECTED_NULL', 'null where this version has none')
  if (field.type === 'struct') {
    if (nullable) {
      if (isTagged(field, walk.version)) writer.uvarint(value === null ? 0 : 1)
      else writer.int8(value === null ? -1 : 1)
    }
    if (value !== null) writeStruct(walk, field.fields!, writer, value)
    return
  }
  const compact = isCompact(walk.declaration, field, walk.version)
  if (field.type !== 'array') return writeScalar(field.type, compact, writer, value)

  if (value === null) {
    if (compact) writer.uvarint(0)
    else writer.int32(-1)
    return
  }
  if (!Array.isArray(value)) throw unfit('array', value)
  if (compact) writer.uvarint(value.length + 1)
  else writer.int32(value.length)
  for (let i = 0; i < value.length; i++) {
    walk.path.push(i)
    if (field.element === 'struct') writeStruct(walk, field.fields!, writer, value[i])
    else if (value[i] === null) throw new ProtocolError('UNEXPECTED_NULL', 'null as an element of an array')
    else writeScalar(field.element!, compact, writer, value[i])
    walk.path.pop()
  }
}

function writeScalar(type: ScalarType, compact: boolean, writer: Writer, value: unknown): void {
  switch (type) {
    case 'string':
      if (compact) writer.compactNullableString(value as string | null)
      else writer.nullableString(value as string | null)
      return
    case 'bytes':
    case 'records':
      if (compact) writer.compactNullableByteString(value as Uint8Array | null)
      else writer.nullableByteString(value as Uint8Array | null)
      return
    case 'bool':
      return writer.bool(value as boolean)
    case 'uuid':
      return writer.uuid(value as string)
    default:
      return writer[type](value as number)
  }
}
