/**
 * A Protobuf tree as the bytes of a FileDescriptorProto: what `format=serialized` hands to clients that have no parser.
 *
 * Type names are resolved and in full (`.pkg.Type`), maps become nested entry messages and proto3 optionals synthetic oneofs, as a
 * compiler does it. Custom options are written uninterpreted. Source: the documentation of descriptor.proto.
 */
import { allFields, SCALARS, TAG_MAX } from './file.ts'
import type {
  OptionValue,
  ProtoEnum,
  ProtoExtend,
  ProtoField,
  ProtoFile,
  ProtoMessage,
  ProtoOption,
  ProtoRange,
  ProtoReserved,
  ProtoService,
} from './file.ts'
import type { Linker } from './link.ts'
import { OPTION_FIELDS, UNINTERPRETED_OPTION, type OptionsOf } from './option-fields.ts'
import { quoteProto } from './print.ts'

/** @param name the file's path, as others would import it */
export function writeDescriptor(file: ProtoFile, linker: Linker, name: string): Uint8Array {
  return new DescriptorWriter(file, linker).file(name)
}

/** `FieldDescriptorProto.Type`, by scalar; groups, messages and enums after. */
export const SCALAR_TYPES: ReadonlyMap<string, number> = new Map(
  SCALARS.map((scalar) => {
    const numbers = {
      double: 1,
      float: 2,
      int64: 3,
      uint64: 4,
      int32: 5,
      fixed64: 6,
      fixed32: 7,
      bool: 8,
      string: 9,
      bytes: 12,
      uint32: 13,
    }
    const further = { sfixed32: 15, sfixed64: 16, sint32: 17, sint64: 18 }
    return [scalar, ({ ...numbers, ...further } as Readonly<Record<string, number>>)[scalar] ?? 0]
  }),
)
const TYPE_GROUP = 10
const TYPE_MESSAGE = 11
const TYPE_ENUM = 14
const LABELS = { optional: 1, required: 2, repeated: 3 } as const
const EDITIONS: Readonly<Record<string, number>> = { '2023': 1000, '2024': 1001 }

class DescriptorWriter {
  readonly #file: ProtoFile
  readonly #linker: Linker

  constructor(file: ProtoFile, linker: Linker) {
    this.#file = file
    this.#linker = linker
  }

  file(name: string): Uint8Array {
    const file = this.#file
    const out = new WireWriter()
    out.text(1, name)
    if (file.package !== '') out.text(2, file.package)
    for (const { path } of file.imports) out.text(3, path)
    for (const type of file.types) if (type.kind === 'message') out.message(4, this.#message(type, file.package))
    for (const type of file.types) if (type.kind === 'enum') out.message(5, this.#enum(type))
    for (const service of file.services) out.message(6, this.#service(service))
    for (const extend of file.extends) this.#extend(7, extend, file.package, out)
    this.#options(8, 'file', file.options, out)
    for (const [i, { modifier }] of file.imports.entries()) if (modifier === 'public') out.varint(10, i)
    for (const [i, { modifier }] of file.imports.entries()) if (modifier === 'weak') out.varint(11, i)
    if (file.edition !== undefined) {
      out.text(12, 'editions')
      out.varint(14, EDITIONS[file.edition] ?? 0)
    } else if (file.syntax === 'proto3') {
      out.text(12, 'proto3')
    }
    return out.bytes()
  }

  #message(message: ProtoMessage, outer: string): WireWriter {
    const scope = inScope(outer, message.name)
    const out = new WireWriter()
    out.text(1, message.name)
    const oneofs = message.oneofs.map(({ name }) => name)
    const synthetic: string[] = []
    for (const [field, oneof] of allFields(message)) {
      let index = oneof === undefined ? undefined : message.oneofs.indexOf(oneof)
      const isOptional = this.#file.syntax === 'proto3' && field.label === 'optional'
      if (isOptional) {
        index = oneofs.length + synthetic.length
        synthetic.push(`_${field.name}`)
      }
      out.message(2, this.#field(field, scope, { oneof: index, isOptional }))
    }
    for (const [{ type, name, group }] of allFields(message)) {
      if (group !== undefined) out.message(3, this.#message(group, scope))
      if (type.kind === 'map') out.message(3, this.#entry(name, type.key, type.value, scope))
    }
    for (const type of message.types) if (type.kind === 'message') out.message(3, this.#message(type, scope))
    for (const type of message.types) if (type.kind === 'enum') out.message(4, this.#enum(type))
    for (const { ranges, options } of message.extensions) {
      for (const range of ranges) {
        const written = this.#range(range, TAG_MAX, 1)
        this.#options(3, 'extensionRange', options, written)
        out.message(5, written)
      }
    }
    for (const extend of message.extends) this.#extend(6, extend, scope, out)
    this.#options(7, 'message', message.options, out)
    for (const { name, options } of message.oneofs) {
      const oneof = new WireWriter()
      oneof.text(1, name)
      this.#options(2, 'oneof', options, oneof)
      out.message(8, oneof)
    }
    for (const name of synthetic) {
      const oneof = new WireWriter()
      oneof.text(1, name)
      out.message(8, oneof)
    }
    this.#reserved(message.reserved, { ranges: 9, names: 10, max: TAG_MAX, past: 1 }, out)
    return out
  }

  #entry(name: string, key: string, value: string, scope: string): WireWriter {
    const out = new WireWriter()
    const entry = entryName(name)
    out.text(1, entry)
    for (const [i, type] of [key, value].entries()) {
      const field: ProtoField = {
        label: 'optional',
        type: { kind: 'named', name: type },
        name: i === 0 ? 'key' : 'value',
        tag: i + 1,
        options: [],
        group: undefined,
      }
      out.message(2, this.#field(field, inScope(scope, entry), { oneof: undefined, isOptional: false }))
    }
    const options = new WireWriter()
    options.varint(7, 1)
    out.message(7, options)
    return out
  }

  #field(
    field: ProtoField,
    scope: string,
    place: { readonly oneof: number | undefined; readonly isOptional: boolean; readonly extendee?: string },
  ): WireWriter {
    const out = new WireWriter()
    out.text(1, field.name)
    if (place.extendee !== undefined) out.text(2, place.extendee)
    out.varint(3, field.tag)
    out.varint(4, field.type.kind === 'map' ? LABELS.repeated : LABELS[field.label ?? 'optional'])
    const named = field.type.kind === 'map' ? undefined : field.type.name
    const scalar = named === undefined ? undefined : SCALAR_TYPES.get(named)
    if (named === undefined) {
      out.varint(5, TYPE_MESSAGE)
      out.text(6, `.${inScope(scope, entryName(field.name))}`)
    } else if (scalar !== undefined) {
      out.varint(5, scalar)
    } else {
      const symbol = this.#linker.find(scope, named)
      out.varint(5, field.group !== undefined ? TYPE_GROUP : symbol?.kind === 'enum' ? TYPE_ENUM : TYPE_MESSAGE)
      out.text(6, `.${symbol?.fullName ?? named}`)
    }
    const fallback = field.options.find(({ name }) => name === 'default')?.value
    if (fallback !== undefined && 'text' in fallback) out.text(7, fallback.text)
    this.#options(
      8,
      'field',
      field.options.filter(({ name }) => name !== 'default' && name !== 'json_name'),
      out,
    )
    if (place.oneof !== undefined) out.varint(9, place.oneof)
    const json = field.options.find(({ name }) => name === 'json_name')?.value
    out.text(10, json !== undefined && 'text' in json ? json.text : jsonName(field.name))
    if (place.isOptional) out.varint(17, 1)
    return out
  }

  #extend(number: number, { type, fields }: ProtoExtend, scope: string, out: WireWriter): void {
    const extendee = `.${this.#linker.find(scope, type)?.fullName ?? type.replace(/^\./, '')}`
    for (const field of fields)
      out.message(number, this.#field(field, scope, { oneof: undefined, isOptional: false, extendee }))
  }

  #enum(type: ProtoEnum): WireWriter {
    const out = new WireWriter()
    out.text(1, type.name)
    for (const { name, number, options } of type.constants) {
      const constant = new WireWriter()
      constant.text(1, name)
      constant.varint(2, number)
      this.#options(3, 'enumValue', options, constant)
      out.message(2, constant)
    }
    this.#options(3, 'enum', type.options, out)
    this.#reserved(type.reserved, { ranges: 4, names: 5, max: 2 ** 31 - 1, past: 0 }, out)
    return out
  }

  #service(service: ProtoService): WireWriter {
    const scope = inScope(this.#file.package, service.name)
    const out = new WireWriter()
    out.text(1, service.name)
    for (const method of service.methods) {
      const written = new WireWriter()
      written.text(1, method.name)
      written.text(2, `.${this.#linker.find(scope, method.input)?.fullName ?? method.input}`)
      written.text(3, `.${this.#linker.find(scope, method.output)?.fullName ?? method.output}`)
      this.#options(4, 'method', method.options, written)
      if (method.inputStreams) written.varint(5, 1)
      if (method.outputStreams) written.varint(6, 1)
      out.message(2, written)
    }
    this.#options(3, 'service', service.options, out)
    return out
  }

  #reserved(
    lists: readonly ProtoReserved[],
    fields: { readonly ranges: number; readonly names: number; readonly max: number; readonly past: number },
    out: WireWriter,
  ): void {
    const all = lists.flat()
    for (const entry of all)
      if (typeof entry !== 'string') out.message(fields.ranges, this.#range(entry, fields.max, fields.past))
    for (const entry of all) if (typeof entry === 'string') out.text(fields.names, entry)
  }

  /** Messages' ranges end one past the last number, enums' on it. */
  #range({ from, to }: ProtoRange, max: number, past: number): WireWriter {
    const out = new WireWriter()
    out.varint(1, from)
    out.varint(2, (to === 'max' ? max : to) + past)
    return out
  }

  #options(number: number, of: OptionsOf, options: readonly ProtoOption[], out: WireWriter): void {
    if (options.length === 0) return
    const written = new WireWriter()
    for (const { name, value } of options) {
      const known = OPTION_FIELDS[of][name]
      if (known === undefined || !('text' in value)) written.message(UNINTERPRETED_OPTION, uninterpreted(name, value))
      else if (known.type === 'bool') written.varint(known.field, value.text === 'true' ? 1 : 0)
      else if (known.type === 'string') written.text(known.field, value.text)
      else written.varint(known.field, Math.max(0, known.type.indexOf(value.text)))
    }
    out.message(number, written)
  }
}

function uninterpreted(name: string, value: OptionValue): WireWriter {
  const out = new WireWriter()
  for (const part of name.match(/\([^)]*\)|[^.()]+/g) ?? []) {
    const written = new WireWriter()
    const isExtension = part.startsWith('(')
    written.text(1, isExtension ? part.slice(1, -1) : part)
    written.varint(2, isExtension ? 1 : 0)
    out.message(2, written)
  }
  switch (value.kind) {
    case 'word':
      out.text(3, value.text)
      break
    case 'string':
      out.text(7, value.text)
      break
    case 'number': {
      const number = Number(value.text)
      if (!Number.isSafeInteger(number)) out.double(6, number)
      else out.varint(number < 0 ? 5 : 4, number)
      break
    }
    default:
      out.text(8, aggregateText(value))
  }
  return out
}

/** The text format on one line, without the outer braces. */
function aggregateText(value: OptionValue): string {
  const text = (inner: OptionValue): string => {
    if (inner.kind === 'map') return `{ ${inner.entries.map(([name, entry]) => `${name}: ${text(entry)}`).join(' ')} }`
    if (inner.kind === 'list') return `[${inner.items.map(text).join(', ')}]`
    return inner.kind === 'string' ? quoteProto(inner.text) : inner.text
  }
  const whole = text(value)
  return value.kind === 'map' ? whole.slice(2, -2) : whole
}

/** `some_name` → `SomeNameEntry`. */
export function entryName(field: string): string {
  const camel = jsonName(field)
  return `${camel.slice(0, 1).toUpperCase()}${camel.slice(1)}Entry`
}

export function jsonName(field: string): string {
  return field.replace(/_+(.?)/g, (_, letter: string) => letter.toUpperCase())
}

function inScope(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`
}

/** Fields of one message in wire format. Nested messages are held, not copied, until `bytes`. */
class WireWriter {
  readonly #parts: (number | Uint8Array | WireWriter)[] = []
  #sizeBytes = 0

  varint(field: number, value: number): void {
    this.#raw(field * 8)
    if (value >= 0) return this.#raw(value)
    // Ten bytes of two's complement.
    let bits = BigInt.asUintN(64, BigInt(value))
    while (bits > 0x7fn) {
      this.#byte(Number(bits & 0x7fn) | 0x80)
      bits >>= 7n
    }
    this.#byte(Number(bits))
  }

  double(field: number, value: number): void {
    this.#raw(field * 8 + 1)
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setFloat64(0, value, true)
    this.#whole(bytes, 8)
  }

  text(field: number, value: string): void {
    const bytes = new TextEncoder().encode(value)
    this.#raw(field * 8 + 2)
    this.#raw(bytes.length)
    this.#whole(bytes, bytes.length)
  }

  message(field: number, value: WireWriter): void {
    this.#raw(field * 8 + 2)
    this.#raw(value.#sizeBytes)
    this.#whole(value, value.#sizeBytes)
  }

  bytes(): Uint8Array {
    const out = new Uint8Array(this.#sizeBytes)
    this.#copy(out, 0)
    return out
  }

  #copy(out: Uint8Array, start: number): number {
    let at = start
    for (const part of this.#parts) {
      if (typeof part === 'number') out[at++] = part
      else if (part instanceof WireWriter) at = part.#copy(out, at)
      else {
        out.set(part, at)
        at += part.length
      }
    }
    return at
  }

  #whole(part: Uint8Array | WireWriter, sizeBytes: number): void {
    this.#parts.push(part)
    this.#sizeBytes += sizeBytes
  }

  #raw(value: number): void {
    let rest = value
    while (rest > 0x7f) {
      this.#byte((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.#byte(rest)
  }

  #byte(value: number): void {
    this.#parts.push(value)
    this.#sizeBytes++
  }
}

/** Exported for the reader, which undoes the same table. */
export const FIELD_TYPES = { group: TYPE_GROUP, message: TYPE_MESSAGE, enum: TYPE_ENUM } as const
