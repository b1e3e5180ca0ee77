/**
 * The bytes of a FileDescriptorProto as a Protobuf tree: the registry takes schemas as base64 of a descriptor too.
 * Undoes what a compiler adds: entry messages become maps, synthetic oneofs proto3 optionals. Custom options that were interpreted
 * are extension fields whose names only their files know; they are dropped.
 */
import { SchemaError } from '../errors.ts'
import { assertDepth } from '../limits.ts'
import { checkFile } from './check.ts'
import { FIELD_TYPES, jsonName, SCALAR_TYPES } from './descriptor-write.ts'
import { TAG_MAX } from './file.ts'
import type {
  OptionValue,
  ProtoEnum,
  ProtoExtend,
  ProtoField,
  ProtoFile,
  ProtoImport,
  ProtoMessage,
  ProtoMethod,
  ProtoOption,
  ProtoRange,
  ProtoReserved,
  ProtoService,
} from './file.ts'
import { parseOptionText } from './parse.ts'
import { OPTION_FIELDS, UNINTERPRETED_OPTION, type OptionsOf } from './option-fields.ts'

/** @throws SchemaError when the bytes are no descriptor */
export function readDescriptor(bytes: Uint8Array): ProtoFile {
  const fields = readFields(bytes)
  const publicImports = new Set(numbers(fields, 10))
  const weakImports = new Set(numbers(fields, 11))
  const syntax = text(fields, 12)
  if (text(fields, 1) === undefined && messages(fields, 4).length === 0) throw new SchemaError('not a file descriptor')
  const isProto3 = syntax === 'proto3'
  const edition = syntax === 'editions' ? (number(fields, 14) === 1001 ? '2024' : '2023') : undefined
  const file: ProtoFile = {
    syntax: isProto3 ? 'proto3' : edition === undefined ? 'proto2' : undefined,
    edition,
    package: text(fields, 2) ?? '',
    imports: texts(fields, 3).map((path, i): ProtoImport => ({
      path,
      modifier: publicImports.has(i) ? 'public' : weakImports.has(i) ? 'weak' : undefined,
    })),
    options: readOptions('file', fields, 8),
    types: [
      ...messages(fields, 4).map((inner) => readMessage(inner, isProto3, 0)),
      ...messages(fields, 5).map(readEnum),
    ],
    extends: readExtends(messages(fields, 7), isProto3),
    services: messages(fields, 6).map(readService),
  }
  checkNames(file)
  checkFile(file)
  return file
}

function readMessage(fields: Fields, isProto3: boolean, depth: number): ProtoMessage {
  const name = text(fields, 1) ?? ''
  assertDepth(depth, name)
  const nested = messages(fields, 3)
  const entries = new Map<string, readonly [key: string, value: string]>()
  const plain: ProtoMessage[] = []
  for (const inner of nested) {
    const [options] = messages(inner, 7)
    const [key, value] = messages(inner, 2)
    if (options !== undefined && number(options, 7) === 1 && key !== undefined && value !== undefined) {
      entries.set(text(inner, 1) ?? '', [typeName(key), typeName(value)])
    } else {
      plain.push(readMessage(inner, isProto3, depth + 1))
    }
  }
  const groups = new Set<ProtoMessage>()
  const oneofs = messages(fields, 8).map((inner) => ({
    name: text(inner, 1) ?? '',
    options: readOptions('oneof', inner, 2),
    fields: [] as ProtoField[],
  }))
  const own: ProtoField[] = []
  for (const inner of messages(fields, 2)) {
    const field = readField(inner, isProto3, { entries, nested: plain })
    if (field.group !== undefined) groups.add(field.group)
    const index = number(inner, 9)
    const oneof = index === undefined || number(inner, 17) === 1 ? undefined : oneofs[index]
    if (oneof === undefined) own.push(field)
    else oneof.fields.push({ ...field, label: undefined })
  }
  return {
    kind: 'message',
    name,
    options: readOptions('message', fields, 7),
    reserved: readReserved(fields, { ranges: 9, names: 10, max: TAG_MAX, past: 1 }),
    fields: own,
    // Those of proto3 optionals are left without fields.
    oneofs: oneofs.filter((oneof) => oneof.fields.length > 0),
    extensions: messages(fields, 5).map((inner) => ({
      ranges: [readRange(inner, TAG_MAX, 1)],
      options: readOptions('extensionRange', inner, 3),
    })),
    extends: readExtends(messages(fields, 6), isProto3),
    types: [...plain.filter((type) => !groups.has(type)), ...messages(fields, 4).map(readEnum)],
  }
}

interface Nested {
  readonly entries: ReadonlyMap<string, readonly [key: string, value: string]>
  readonly nested: readonly ProtoMessage[]
}

function readField(fields: Fields, isProto3: boolean, { entries, nested }: Nested): ProtoField {
  const name = text(fields, 1) ?? ''
  const options = [...readOptions('field', fields, 8)]
  const fallback = text(fields, 7)
  const type = number(fields, 5)
  const isText = type === SCALAR_TYPES.get('string') || type === SCALAR_TYPES.get('bytes')
  if (fallback !== undefined)
    options.unshift({ name: 'default', value: isText ? { kind: 'string', text: fallback } : plainValue(fallback) })
  const json = text(fields, 10)
  if (json !== undefined && json !== jsonName(name))
    options.push({ name: 'json_name', value: { kind: 'string', text: json } })
  const label = number(fields, 4)
  const named = typeName(fields)
  const last = named.slice(named.lastIndexOf('.') + 1)
  const entry = label === 3 ? entries.get(last) : undefined
  const isOptional = label === 1 && (!isProto3 || number(fields, 17) === 1)
  return {
    label:
      entry !== undefined
        ? undefined
        : label === 3
          ? 'repeated'
          : label === 2
            ? 'required'
            : isOptional
              ? 'optional'
              : undefined,
    type: entry === undefined ? { kind: 'named', name: named } : { kind: 'map', key: entry[0], value: entry[1] },
    name,
    tag: number(fields, 3) ?? 0,
    options,
    group: type === FIELD_TYPES.group ? nested.find((message) => message.name === last) : undefined,
  }
}

function plainValue(written: string): OptionValue {
  return { kind: /^[-+.0-9]/.test(written) ? 'number' : 'word', text: written }
}

const SCALAR_NAMES: ReadonlyMap<number, string> = new Map([...SCALAR_TYPES].map(([name, type]) => [type, name]))

function typeName(fields: Fields): string {
  return text(fields, 6) ?? SCALAR_NAMES.get(number(fields, 5) ?? 0) ?? ''
}

function readExtends(list: readonly Fields[], isProto3: boolean): ProtoExtend[] {
  const byType = new Map<string, ProtoField[]>()
  for (const fields of list) {
    const type = text(fields, 2) ?? ''
    const field = readField(fields, isProto3, { entries: new Map(), nested: [] })
    byType.set(type, [...(byType.get(type) ?? []), field])
  }
  return [...byType].map(([type, fields]) => ({ type, fields }))
}

function readEnum(fields: Fields): ProtoEnum {
  return {
    kind: 'enum',
    name: text(fields, 1) ?? '',
    options: readOptions('enum', fields, 3),
    reserved: readReserved(fields, { ranges: 4, names: 5, max: 2 ** 31 - 1, past: 0 }),
    constants: messages(fields, 2).map((inner) => ({
      name: text(inner, 1) ?? '',
      number: Math.trunc(number(inner, 2) ?? 0) | 0,
      options: readOptions('enumValue', inner, 3),
    })),
  }
}

function readService(fields: Fields): ProtoService {
  return {
    name: text(fields, 1) ?? '',
    options: readOptions('service', fields, 3),
    methods: messages(fields, 2).map((inner): ProtoMethod => ({
      name: text(inner, 1) ?? '',
      input: text(inner, 2) ?? '',
      output: text(inner, 3) ?? '',
      options: readOptions('method', inner, 4),
      inputStreams: number(inner, 5) === 1,
      outputStreams: number(inner, 6) === 1,
    })),
  }
}

function readReserved(
  fields: Fields,
  at: { readonly ranges: number; readonly names: number; readonly max: number; readonly past: number },
): ProtoReserved[] {
  const ranges = messages(fields, at.ranges).map((inner) => readRange(inner, at.max, at.past))
  return [ranges, texts(fields, at.names)].filter((list) => list.length > 0)
}

function readRange(fields: Fields, max: number, past: number): ProtoRange {
  const from = number(fields, 1) ?? 0
  const to = (number(fields, 2) ?? 0) - past
  return { from, to: to >= max ? 'max' : to }
}

function readOptions(of: OptionsOf, fields: Fields, field: number): readonly ProtoOption[] {
  const options: ProtoOption[] = []
  const byField = new Map(
    Object.entries(OPTION_FIELDS[of]).map(([name, known]) => [known.field, { name, type: known.type }]),
  )
  for (const inner of messages(fields, field)) {
    for (const { number: at, value } of inner) {
      const known = byField.get(at)
      if (at === UNINTERPRETED_OPTION && value instanceof Uint8Array) options.push(uninterpreted(readFields(value)))
      else if (known === undefined || known.name === 'map_entry') continue
      else if (known.type === 'string' && value instanceof Uint8Array)
        options.push({ name: known.name, value: { kind: 'string', text: decode(value) } })
      else if (typeof value === 'number') {
        const word =
          known.type === 'bool'
            ? String(value !== 0)
            : Array.isArray(known.type)
              ? (known.type as readonly string[])[value]
              : undefined
        if (word !== undefined && word !== '') options.push({ name: known.name, value: { kind: 'word', text: word } })
      }
    }
  }
  return options
}

function uninterpreted(fields: Fields): ProtoOption {
  const name = messages(fields, 2)
    .map((part) => (number(part, 2) === 1 ? `(${text(part, 1) ?? ''})` : (text(part, 1) ?? '')))
    .join('.')
  const word = text(fields, 3)
  const aggregate = text(fields, 8)
  const string = text(fields, 7)
  if (string !== undefined) return { name, value: { kind: 'string', text: string } }
  if (word !== undefined) return { name, value: { kind: 'word', text: word } }
  if (aggregate !== undefined) return { name, value: parseOptionText(aggregate) }
  return { name, value: { kind: 'number', text: String(number(fields, 4) ?? number(fields, 5) ?? 0) } }
}

/** Names come from bytes here, so that they are names has to be checked. */
function checkNames(file: ProtoFile): void {
  const check = (name: string, path: string): void => {
    if (!/^\.?[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(name))
      throw new SchemaError(`${JSON.stringify(name)} is not a name`, path)
  }
  const checkType = (type: ProtoMessage | ProtoEnum, path: string): void => {
    check(type.name, path)
    const at = `${path}.${type.name}`
    if (type.kind === 'enum') return type.constants.forEach(({ name }) => check(name, at))
    for (const { name, type: of, tag, group } of [...type.fields, ...type.oneofs.flatMap((oneof) => oneof.fields)]) {
      check(name, at)
      check(of.kind === 'map' ? of.value : of.name, `${at}.${name}`)
      if (tag < 1 || tag > TAG_MAX) throw new SchemaError(`${tag} cannot be a field's number`, `${at}.${name}`)
      if (group !== undefined) checkType(group, at)
    }
    for (const { name } of type.oneofs) check(name, at)
    for (const nested of type.types) checkType(nested, at)
  }
  if (file.package !== '') check(file.package, 'package')
  for (const type of file.types) checkType(type, file.package)
  for (const extend of file.extends) check(extend.type, 'extend')
  for (const { name, methods } of file.services) {
    check(name, file.package)
    for (const method of methods)
      for (const part of [method.name, method.input, method.output]) check(part, `${file.package}.${name}`)
  }
}

interface WireField {
  readonly number: number
  /** 64-bit values that are no safe integers are rounded: descriptors have none that matter. */
  readonly value: number | Uint8Array
}
type Fields = readonly WireField[]

function readFields(bytes: Uint8Array): Fields {
  const fields: WireField[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const varint = (): number => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new SchemaError('not a file descriptor: it ends too early')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number(BigInt.asIntN(64, value))
    }
    throw new SchemaError('not a file descriptor: a number is too long')
  }
  while (at < bytes.length) {
    const key = varint()
    const number = Math.floor(key / 8)
    let value: number | Uint8Array
    let sizeBytes: number
    switch (key % 8) {
      case 0:
        value = varint()
        break
      case 1:
      case 5:
        sizeBytes = key % 8 === 1 ? 8 : 4
        if (at + sizeBytes > bytes.length) throw new SchemaError('not a file descriptor: it ends too early')
        value = sizeBytes === 8 ? view.getFloat64(at, true) : view.getFloat32(at, true)
        at += sizeBytes
        break
      case 2:
        sizeBytes = varint()
        if (sizeBytes < 0 || at + sizeBytes > bytes.length)
          throw new SchemaError('not a file descriptor: it ends too early')
        value = bytes.subarray(at, at + sizeBytes)
        at += sizeBytes
        break
      default:
        throw new SchemaError('not a file descriptor: an unknown wire type')
    }
    fields.push({ number, value })
  }
  return fields
}

function numbers(fields: Fields, field: number): readonly number[] {
  return fields.flatMap(({ number: at, value }) => (at === field && typeof value === 'number' ? [value] : []))
}

function number(fields: Fields, field: number): number | undefined {
  return numbers(fields, field).at(-1)
}

function texts(fields: Fields, field: number): readonly string[] {
  return fields.flatMap(({ number: at, value }) => (at === field && value instanceof Uint8Array ? [decode(value)] : []))
}

function text(fields: Fields, field: number): string | undefined {
  return texts(fields, field).at(-1)
}

function messages(fields: Fields, field: number): readonly Fields[] {
  return fields.flatMap(({ number: at, value }) =>
    at === field && value instanceof Uint8Array ? [readFields(value)] : [],
  )
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
