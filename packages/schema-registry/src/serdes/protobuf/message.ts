/**
 * Messages as the codec needs them: every name resolved, every default of the syntax applied. Messages may hold themselves, so a
 * message is a shared object whose fields are filled in after it can be referred to.
 *
 * | Protobuf                               | JavaScript                                                              |
 * |----------------------------------------|-------------------------------------------------------------------------|
 * | field `some_name`                      | member `someName`                                                       |
 * | field without presence                 | always there when read: 0, '', false, no bytes, the first enum constant |
 * | field with presence, oneof, message    | undefined when absent                                                   |
 * | 64-bit integers                        | bigint, or with `long: 'number'` a number that is checked               |
 * | enum                                   | the constant's name; a number that has none stays a number              |
 * | bytes                                  | Uint8Array, a copy                                                      |
 * | map                                    | object; keys as text                                                    |
 * | google.protobuf wrappers               | the value                                                               |
 * | google.protobuf.Struct, Value, ListValue | what JSON has for them                                                |
 * | google.protobuf.Timestamp              | `{ seconds, nanos }`, exact; a Date is taken too                        |
 */
import {
  allFields,
  isScalar,
  type ProtoEnum,
  type ProtoField,
  type ProtoFile,
  type ProtoMessage,
  type ProtoOneof,
  type ProtoScalar,
} from '../../formats/protobuf/file.ts'
import { Linker, SymbolTable, type ProtoSymbol } from '../../formats/protobuf/link.ts'
import { parseProtoText } from '../../formats/protobuf/parse.ts'
import { protobufMessages } from '../../formats/protobuf/parsed.ts'
import type { ParsedProtobuf } from '../../formats/schema.ts'
import { SerdeError } from '../errors.ts'
import { WELL_KNOWN_TEXTS } from './well-known-text.ts'

export interface EnumType {
  readonly fullName: string
  readonly numbers: ReadonlyMap<string, number>
  /** The first constant of a number; aliases lose. */
  readonly names: ReadonlyMap<number, string>
}

export type FieldType =
  | { readonly kind: 'scalar'; readonly scalar: ProtoScalar }
  | { readonly kind: 'enum'; readonly enum: EnumType }
  | { readonly kind: 'message'; readonly message: MessageType; readonly isGroup: boolean }

export interface MessageField {
  /** Of the member. */
  readonly name: string
  /** As the schema has it. */
  readonly protoName: string
  readonly tag: number
  readonly type: FieldType
  readonly cardinality: 'single' | 'repeated' | 'map'
  /** Of maps. */
  readonly key: ProtoScalar | undefined
  readonly isPacked: boolean
  /** Told apart from its default when absent. */
  readonly hasPresence: boolean
  readonly isRequired: boolean
  /** Of what it is one alternative. */
  readonly oneof: string | undefined
  readonly tags: readonly string[]
}

export interface MessageType {
  readonly fullName: string
  /** By number. */
  readonly fields: MessageField[]
  /** How its JavaScript value differs from an object with its fields. */
  readonly form: 'plain' | 'wrapper' | 'struct' | 'value' | 'list' | 'timestamp'
}

/** The messages of a schema, by their indexes on the wire and by name. */
export interface MessageSet {
  /** @throws SerdeError MALFORMED */
  byIndexes(indexes: readonly number[]): MessageType
  /** @param name undefined for the first of the file @throws SerdeError WRONG_SCHEMA */
  byName(name: string | undefined): { readonly message: MessageType; readonly indexes: readonly number[] }
  has(name: string): boolean
}

export function messagesOf({ file, imports }: ParsedProtobuf): MessageSet {
  const builder = new MessageBuilder(file, imports)
  const names = protobufMessages(file)
  const byKey = new Map(names.map(({ fullName, indexes }) => [indexes.join(), fullName]))
  return {
    byIndexes(indexes) {
      const name = byKey.get(indexes.join())
      if (name === undefined)
        throw new SerdeError('MALFORMED', `the schema has no message with the indexes ${indexes.join(', ')}`)
      return builder.message(name)
    },
    byName(name) {
      const found = name === undefined ? names[0] : names.find(({ fullName }) => fullName === name)
      if (found === undefined)
        throw new SerdeError(
          'WRONG_SCHEMA',
          `the schema has no message ${name ?? 'at all'}; it has ${names.map((each) => each.fullName).join(', ')}`,
        )
      return { message: builder.message(found.fullName), indexes: found.indexes }
    },
    has: (name) => names.some(({ fullName }) => fullName === name),
  }
}

const wellKnown = new Map<string, ProtoFile>()

function wellKnownFile(path: string): ProtoFile | undefined {
  const text = WELL_KNOWN_TEXTS[path]
  if (text === undefined) return undefined
  let file = wellKnown.get(path)
  if (file === undefined) {
    const parsed = parseProtoText(text)
    // Its names go by its path everywhere, for itself too.
    file = { ...parsed, imports: [...parsed.imports, { path, modifier: undefined }] }
    wellKnown.set(path, file)
  }
  return file
}

class MessageBuilder {
  readonly #file: ProtoFile
  readonly #imports: ReadonlyMap<string, ProtoFile>
  readonly #table: SymbolTable
  readonly #linkers = new Map<ProtoFile, Linker>()
  readonly #messages = new Map<string, MessageType>()
  readonly #enums = new Map<string, EnumType>()

  constructor(file: ProtoFile, imports: ReadonlyMap<string, ProtoFile>) {
    this.#file = file
    this.#imports = imports
    this.#table = new SymbolTable([file, ...imports.values()])
  }

  message(fullName: string): MessageType {
    return this.#message(fullName, this.#file)
  }

  #message(fullName: string, file: ProtoFile): MessageType {
    const known = this.#messages.get(fullName)
    if (known !== undefined) return known
    const declared = typeIn(file, fullName)
    if (declared?.kind !== 'message') throw new SerdeError('WRONG_SCHEMA', `${fullName} is not a message`)
    const type: MessageType = { fullName, fields: [], form: FORMS[fullName] ?? 'plain' }
    this.#messages.set(fullName, type)
    for (const [field, oneof] of allFields(declared)) type.fields.push(this.#field(field, oneof, file, fullName))
    type.fields.sort((a, b) => a.tag - b.tag)
    return type
  }

  #field(field: ProtoField, oneof: ProtoOneof | undefined, file: ProtoFile, scope: string): MessageField {
    const isMap = field.type.kind === 'map'
    const name = field.type.kind === 'map' ? field.type.value : field.type.name
    const type: FieldType =
      field.group === undefined
        ? this.#type(name, file, scope)
        : { kind: 'message', message: this.#message(`${scope}.${field.group.name}`, file), isGroup: true }
    const isRepeated = field.label === 'repeated'
    const option = (wanted: string): string | undefined => {
      const value = field.options.find((each) => each.name === wanted)?.value
      return value !== undefined && 'text' in value ? value.text : undefined
    }
    const isModern = file.syntax === 'proto3' || file.edition !== undefined
    const isImplicit =
      file.syntax === 'proto3' ? field.label !== 'optional' : option('features.field_presence') === 'IMPLICIT'
    const isSizable =
      type.kind === 'message' || (type.kind === 'scalar' && (type.scalar === 'string' || type.scalar === 'bytes'))
    return {
      name: memberName(field.name),
      protoName: field.name,
      tag: field.tag,
      type,
      cardinality: isMap ? 'map' : isRepeated ? 'repeated' : 'single',
      key: field.type.kind === 'map' ? (field.type.key as ProtoScalar) : undefined,
      isPacked: isRepeated && !isSizable && (option('packed') ?? String(isModern)) === 'true',
      hasPresence: !isMap && !isRepeated && (oneof !== undefined || type.kind === 'message' || !isImplicit),
      isRequired: field.label === 'required',
      oneof: oneof?.name,
      tags: tagsOf(field),
    }
  }

  #type(name: string, file: ProtoFile, scope: string): FieldType {
    if (isScalar(name)) return { kind: 'scalar', scalar: name }
    const symbol = this.#linker(file).find(scope, name)
    if (symbol === undefined) throw new SerdeError('WRONG_SCHEMA', `${scope}: "${name}" is not defined`)
    const declaredIn = this.#fileOf(symbol)
    if (symbol.kind === 'message')
      return { kind: 'message', message: this.#message(symbol.fullName, declaredIn), isGroup: false }
    return { kind: 'enum', enum: this.#enum(symbol.fullName, declaredIn) }
  }

  #fileOf({ declaredIn, fullName }: ProtoSymbol): ProtoFile {
    const file = typeof declaredIn === 'string' ? wellKnownFile(declaredIn) : declaredIn
    if (file === undefined)
      throw new SerdeError('WRONG_SCHEMA', `${fullName} has no place in messages that this serde writes or reads`)
    return file
  }

  #enum(fullName: string, file: ProtoFile): EnumType {
    const known = this.#enums.get(fullName)
    if (known !== undefined) return known
    const declared = typeIn(file, fullName)
    if (declared?.kind !== 'enum') throw new SerdeError('WRONG_SCHEMA', `${fullName} is not an enum`)
    const names = new Map<number, string>()
    for (const { name, number } of declared.constants) if (!names.has(number)) names.set(number, name)
    const type = { fullName, numbers: new Map(declared.constants.map(({ name, number }) => [name, number])), names }
    this.#enums.set(fullName, type)
    return type
  }

  #linker(file: ProtoFile): Linker {
    let linker = this.#linkers.get(file)
    if (linker === undefined) this.#linkers.set(file, (linker = new Linker(file, this.#imports, this.#table)))
    return linker
  }
}

function typeIn(file: ProtoFile, fullName: string): ProtoMessage | ProtoEnum | undefined {
  const inside = file.package === '' ? fullName : fullName.slice(file.package.length + 1)
  let types: readonly (ProtoMessage | ProtoEnum)[] = file.types
  let found: ProtoMessage | ProtoEnum | undefined
  for (const name of inside.split('.')) {
    found = types.find((each) => each.name === name)
    if (found?.kind !== 'message') {
      types = []
      continue
    }
    const groups = [...allFields(found)].flatMap(([{ group }]) => (group === undefined ? [] : [group]))
    types = [...found.types, ...groups]
  }
  return found
}

const FORMS: Readonly<Record<string, MessageType['form']>> = {
  'google.protobuf.Struct': 'struct',
  'google.protobuf.Value': 'value',
  'google.protobuf.ListValue': 'list',
  'google.protobuf.Timestamp': 'timestamp',
  ...Object.fromEntries(
    ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map((name) => [
      `google.protobuf.${name}Value`,
      'wrapper',
    ]),
  ),
}

/** `some_name` → `someName`, as Protobuf's JSON has it. */
export function memberName(protoName: string): string {
  return protoName.replace(/_+([a-zA-Z0-9])/g, (_, c: string) => c.toUpperCase()).replace(/_+$/, '')
}

/** `[(confluent.field_meta).tags = "PII"]`, or the whole option in braces. */
function tagsOf({ options }: ProtoField): readonly string[] {
  return options.flatMap(({ name, value }) => {
    if (name === '(confluent.field_meta).tags') return textsOf(value)
    if (name !== '(confluent.field_meta)' || value.kind !== 'map') return []
    return value.entries.flatMap(([entry, inner]) => (entry === 'tags' ? textsOf(inner) : []))
  })
}

function textsOf(value: ProtoField['options'][number]['value']): readonly string[] {
  if (value.kind === 'list') return value.items.flatMap(textsOf)
  return value.kind === 'string' ? [value.text] : []
}
