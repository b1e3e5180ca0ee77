/**
 * Walks Protobuf's wire format along a message, behind the message indexes of Confluent's format.
 *
 * What a schema does not know is not a fault: that is how Protobuf evolves. A known field must have the wire type of its
 * type, strings must be UTF-8, and what is `required` must be there.
 * Source: Protobuf documentation, "Encoding".
 */
import type { ParsedProtobuf } from '../formats/index.ts'
import { allFields, type ProtoField, type ProtoFile, type ProtoMessage } from '../formats/protobuf/file.ts'
import { Linker, SymbolTable } from '../formats/protobuf/link.ts'
import { protobufMessages } from '../formats/protobuf/parsed.ts'
import { PayloadReader } from './payload-reader.ts'
import type { CompiledPayload } from './payload.ts'

const VARINT = 0
const FIXED64 = 1
const DELIMITED = 2
const GROUP_START = 3
const GROUP_END = 4
const FIXED32 = 5

const VARINT_SIZE_BYTES_MAX = 10
const INDEXES_MAX = 100

const WIRE_TYPES: Readonly<Record<string, number>> = {
  double: FIXED64,
  float: FIXED32,
  int64: VARINT,
  uint64: VARINT,
  int32: VARINT,
  fixed64: FIXED64,
  fixed32: FIXED32,
  bool: VARINT,
  string: DELIMITED,
  bytes: DELIMITED,
  uint32: VARINT,
  sfixed32: FIXED32,
  sfixed64: FIXED64,
  sint32: VARINT,
  sint64: VARINT,
}

interface FieldPlan {
  readonly name: string
  readonly wireType: number
  /** Several scalars may stand in one run of bytes. */
  readonly packable: boolean
  readonly isText: boolean
  /** `undefined`: a scalar, or a message of a file that is not among the references (a well-known one). */
  readonly message: () => MessagePlan | undefined
}

interface MessagePlan {
  readonly fields: ReadonlyMap<number, FieldPlan>
  readonly required: readonly number[]
}

const OPAQUE: MessagePlan = { fields: new Map(), required: [] }

export function protobufPayload(schema: ParsedProtobuf): CompiledPayload {
  const plans = new Plans(schema)
  const reader = new PayloadReader()
  return {
    recordName(bytes, start, end) {
      reader.reset(bytes, start, end)
      return plans.nameAt(reader)
    },
    fault(bytes, start, end) {
      reader.reset(bytes, start, end)
      const name = plans.nameAt(reader)
      if (name === undefined) {
        reader.fail('the message indexes lead to no message of the schema')
        return reader.fault
      }
      return walk(reader, plans.of(name), end) ? undefined : reader.fault
    },
  }
}

/** Messages of the schema and its imports, prepared when first met. */
class Plans {
  readonly #schema: ParsedProtobuf
  readonly #table: SymbolTable
  readonly #linkers = new Map<ProtoFile, Linker>()
  readonly #plans = new Map<string, MessagePlan>()
  /** Full name by indexes, `0/2`. */
  readonly #names: ReadonlyMap<string, string>
  readonly #first: string | undefined

  constructor(schema: ParsedProtobuf) {
    this.#schema = schema
    this.#table = new SymbolTable([schema.file, ...schema.imports.values()])
    this.#names = new Map(protobufMessages(schema.file).map((each) => [each.indexes.join('/'), each.fullName]))
    this.#first = this.#names.get('0')
  }

  /** Reads the indexes. @returns the full name of the message they lead to */
  nameAt(reader: PayloadReader): string | undefined {
    const count = reader.varint(VARINT_SIZE_BYTES_MAX)
    if (count === 0) return this.#first
    if (count < 0 || count % 2 === 1 || count / 2 > INDEXES_MAX) return undefined
    const indexes: number[] = []
    for (let i = 0; i < count / 2; i++) {
      const index = reader.varint(VARINT_SIZE_BYTES_MAX)
      if (index < 0 || index % 2 === 1) return undefined
      indexes.push(index / 2)
    }
    return this.#names.get(indexes.join('/'))
  }

  of(fullName: string): MessagePlan {
    let plan = this.#plans.get(fullName)
    if (plan === undefined) {
      const symbol = this.#table.get(fullName)[0]
      const known = symbol?.type?.kind === 'message' && typeof symbol.declaredIn !== 'string'
      plan = known ? this.#prepare(symbol.type as ProtoMessage, symbol.declaredIn as ProtoFile, fullName) : OPAQUE
      this.#plans.set(fullName, plan)
    }
    return plan
  }

  #prepare(message: ProtoMessage, file: ProtoFile, fullName: string): MessagePlan {
    const fields = new Map<number, FieldPlan>()
    const required: number[] = []
    for (const [field] of allFields(message)) {
      fields.set(field.tag, this.#fieldPlan(field, file, fullName))
      if (field.label === 'required') required.push(field.tag)
    }
    return { fields, required }
  }

  #fieldPlan(field: ProtoField, file: ProtoFile, scope: string): FieldPlan {
    const { name, type } = field
    const delimited = { name, wireType: DELIMITED, packable: false, isText: false }
    if (type.kind === 'map') {
      const entry: MessagePlan = {
        fields: new Map([
          [1, this.#typePlan('key', type.key, file, scope)],
          [2, this.#typePlan('value', type.value, file, scope)],
        ]),
        required: [],
      }
      return { ...delimited, message: () => entry }
    }
    if (field.group !== undefined) {
      const group = `${scope}.${field.group.name}`
      return { ...delimited, wireType: GROUP_START, message: () => this.of(group) }
    }
    const plan = this.#typePlan(name, type.name, file, scope)
    return { ...plan, packable: field.label === 'repeated' && plan.wireType !== DELIMITED }
  }

  #typePlan(name: string, typeName: string, file: ProtoFile, scope: string): FieldPlan {
    const wireType = WIRE_TYPES[typeName]
    const none = (): undefined => undefined
    if (wireType !== undefined) {
      return { name, wireType, packable: false, isText: typeName === 'string', message: none }
    }
    const symbol = this.#linkerOf(file).find(scope, typeName)
    if (symbol?.kind === 'enum') return { name, wireType: VARINT, packable: false, isText: false, message: none }
    const message = symbol === undefined ? none : (): MessagePlan => this.of(symbol.fullName)
    return { name, wireType: DELIMITED, packable: false, isText: false, message }
  }

  #linkerOf(file: ProtoFile): Linker {
    let linker = this.#linkers.get(file)
    if (linker === undefined) {
      linker = new Linker(file, this.#schema.imports, this.#table)
      this.#linkers.set(file, linker)
    }
    return linker
  }
}

/** @param groupTag of the group that the message is; undefined: it fills the bytes up to `end` */
function walk(reader: PayloadReader, plan: MessagePlan, end: number, groupTag?: number): boolean {
  if (!reader.enter()) return false
  const missing = plan.required.length === 0 ? undefined : new Set(plan.required)
  for (;;) {
    if (reader.at === end) {
      if (groupTag !== undefined) return reader.fail('a group does not end')
      break
    }
    const key = reader.varint(5)
    const tag = Math.floor(key / 8)
    const wireType = key % 8
    if (key < 0 || tag === 0) return reader.fail('there is no field where one should begin')
    if (wireType === GROUP_END) {
      if (tag === groupTag) break
      return reader.fail('a group ends that did not begin')
    }
    missing?.delete(tag)
    const field = plan.fields.get(tag)
    if (!walkField(reader, field, { tag, wireType })) return reader.through(field?.name ?? String(tag))
  }
  if (missing !== undefined && missing.size > 0) {
    return reader.fail(`the required field "${plan.fields.get([...missing][0]!)!.name}" is missing`)
  }
  reader.leave()
  return true
}

function walkField(
  reader: PayloadReader,
  field: FieldPlan | undefined,
  { tag, wireType }: { readonly tag: number; readonly wireType: number },
): boolean {
  const packed = field !== undefined && field.packable && wireType === DELIMITED
  if (field !== undefined && field.wireType !== wireType && !packed) {
    return reader.fail(`its wire type is ${wireType}, and should be ${field.wireType}`)
  }
  switch (wireType) {
    case VARINT:
      return skipVarint(reader)
    case FIXED64:
      return reader.skip(8, 'the value')
    case FIXED32:
      return reader.skip(4, 'the value')
    case GROUP_START:
      return walk(reader, field?.message() ?? OPAQUE, reader.end, tag)
    case DELIMITED: {
      const sizeBytes = reader.varint(VARINT_SIZE_BYTES_MAX)
      if (sizeBytes < 0) return reader.fail('the size of the value does not end')
      if (field?.isText === true) return reader.text(sizeBytes)
      const start = reader.at
      if (!reader.skip(sizeBytes, 'the value')) return false
      const message = field?.message()
      if (message === undefined && !packed) return true
      return within(reader, start, () =>
        message === undefined ? walkPacked(reader, field!.wireType) : walk(reader, message, reader.end),
      )
    }
    default:
      return reader.fail(`there is no wire type ${wireType}`)
  }
}

/** Goes through `[start, reader.at)` again, as a whole of its own. */
function within(reader: PayloadReader, start: number, go: () => boolean): boolean {
  const { at, end } = reader
  reader.at = start
  reader.end = at
  const fits = go()
  reader.end = end
  return fits
}

function walkPacked(reader: PayloadReader, wireType: number): boolean {
  const sizeBytes = wireType === FIXED64 ? 8 : wireType === FIXED32 ? 4 : 0
  while (reader.at < reader.end) {
    if (!(sizeBytes === 0 ? skipVarint(reader) : reader.skip(sizeBytes, 'a value'))) return false
  }
  return true
}

function skipVarint(reader: PayloadReader): boolean {
  return reader.varint(VARINT_SIZE_BYTES_MAX) < 0 ? reader.fail('a number does not end where it should') : true
}
