/**
 * Protobuf's binary encoding, slow and obvious: the oracle of the compiled codec, and what finds out where a value or its bytes
 * are wrong. Source: Protobuf documentation, "Encoding".
 */
import type { ProtoScalar } from '../../formats/protobuf/file.ts'
import { pointerStep } from '../../formats/json-text.ts'
import { described } from '../avro/raw.ts'
import { SerdeError } from '../errors.ts'
import { fieldsOf, isAbsent, valueOf } from './forms.ts'
import type { FieldType, MessageField, MessageType } from './message.ts'

export type Longs = 'bigint' | 'number'

/** How deep messages may nest. */
export const MESSAGE_DEPTH_MAX = 100

const invalid = (path: string, value: unknown, wanted: string): SerdeError =>
  new SerdeError('INVALID_VALUE', `${path === '' ? '' : `at ${path}: `}${wanted} is needed, not ${described(value)}`, {
    path,
  })

// Writing

export function encodeSlow(value: unknown, message: MessageType, path = '', depth = 0): number[] {
  if (depth > MESSAGE_DEPTH_MAX)
    throw invalid(path, undefined, `a message nested at most ${MESSAGE_DEPTH_MAX} levels deep`)
  const fields = fieldsOf(value, message) as Readonly<Record<string, unknown>>
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw invalid(path, value, `an object (${message.fullName})`)
  const out: number[] = []
  const chosen = new Map<string, string>()
  for (const field of message.fields) {
    const member = fields[field.name]
    const at = message.form === 'plain' ? path + pointerStep(field.name) : path
    if (isAbsent(member, messageOf(field))) {
      if (field.isRequired) throw invalid(at, undefined, 'a value')
      continue
    }
    if (field.oneof !== undefined) {
      const other = chosen.get(field.oneof)
      if (other !== undefined)
        throw invalid(at, member, `nothing beside ${other} (they are alternatives of ${field.oneof})`)
      chosen.set(field.oneof, field.name)
    }
    writeField(member, field, at, depth, out)
  }
  return out
}

function messageOf({ type, cardinality }: MessageField): MessageType | undefined {
  return type.kind === 'message' && cardinality === 'single' ? type.message : undefined
}

function writeField(value: unknown, field: MessageField, path: string, depth: number, out: number[]): void {
  const { type, tag, cardinality } = field
  if (cardinality === 'single') {
    const payload = payloadOf(value, type, path, depth)
    if (!field.hasPresence && isDefault(type, payload)) return
    return writeTagged(tag, type, payload, out)
  }
  if (cardinality === 'map') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(path, value, 'an object')
    for (const [key, item] of Object.entries(value)) {
      const keyType: FieldType = { kind: 'scalar', scalar: field.key! }
      const entry: number[] = []
      writeTagged(1, keyType, payloadOf(keyOf(key, field.key!), keyType, path, depth), entry)
      writeTagged(2, type, payloadOf(item, type, path + pointerStep(key), depth), entry)
      writeVarint((BigInt(tag) << 3n) | 2n, out)
      writeSized(entry, out)
    }
    return
  }
  if (!Array.isArray(value)) throw invalid(path, value, 'an array')
  const payloads = value.map((item: unknown, i) => payloadOf(item, type, path + pointerStep(i), depth))
  if (!field.isPacked) {
    for (const payload of payloads) writeTagged(tag, type, payload, out)
  } else if (payloads.length > 0) {
    writeVarint((BigInt(tag) << 3n) | 2n, out)
    writeSized(payloads.flat(), out)
  }
}

/** A member's name back to the key it stands for. */
export function keyOf(text: string, key: ProtoScalar): unknown {
  if (key === 'string') return text
  if (key === 'bool') return text === 'true' ? true : text === 'false' ? false : text
  return /^-?\d+$/.test(text) ? BigInt(text) : text
}

/** Without tag; sized types without their size. */
function payloadOf(value: unknown, type: FieldType, path: string, depth: number): number[] {
  if (type.kind === 'message') return encodeSlow(value, type.message, path, depth + 1)
  const out: number[] = []
  if (type.kind === 'enum') {
    const number = typeof value === 'string' ? type.enum.numbers.get(value) : value
    if (typeof number !== 'number' || number !== (number | 0))
      throw invalid(path, value, `a constant of ${type.enum.fullName}`)
    writeVarint(BigInt.asUintN(64, BigInt(number)), out)
    return out
  }
  const { scalar } = type
  switch (scalar) {
    case 'double':
    case 'float': {
      if (typeof value !== 'number') throw invalid(path, value, 'a number')
      const bytes = new Uint8Array(scalar === 'float' ? 4 : 8)
      const view = new DataView(bytes.buffer)
      if (scalar === 'float') view.setFloat32(0, value, true)
      else view.setFloat64(0, value, true)
      return [...bytes]
    }
    case 'bool':
      if (typeof value !== 'boolean') throw invalid(path, value, 'true or false')
      return [value ? 1 : 0]
    case 'string':
      if (typeof value !== 'string') throw invalid(path, value, 'a string')
      return [...new TextEncoder().encode(value)]
    case 'bytes':
      if (!(value instanceof Uint8Array)) throw invalid(path, value, 'a Uint8Array')
      return [...value]
    default: {
      const integer = integerOf(value, scalar, path)
      const bits = INTEGERS[scalar].bits
      if (scalar.includes('fixed')) {
        for (let i = 0, rest = BigInt.asUintN(bits, integer); i < bits / 8; i++, rest >>= 8n)
          out.push(Number(rest & 0xffn))
      } else if (scalar.startsWith('s')) {
        writeVarint(BigInt.asUintN(bits, (integer << 1n) ^ (integer >> BigInt(bits - 1))), out)
      } else writeVarint(BigInt.asUintN(64, integer), out)
      return out
    }
  }
}

const INTEGERS = {
  int32: { bits: 32, isSigned: true },
  sint32: { bits: 32, isSigned: true },
  sfixed32: { bits: 32, isSigned: true },
  uint32: { bits: 32, isSigned: false },
  fixed32: { bits: 32, isSigned: false },
  int64: { bits: 64, isSigned: true },
  sint64: { bits: 64, isSigned: true },
  sfixed64: { bits: 64, isSigned: true },
  uint64: { bits: 64, isSigned: false },
  fixed64: { bits: 64, isSigned: false },
} as const
export type ProtoInteger = keyof typeof INTEGERS

export function isLong(scalar: ProtoScalar): boolean {
  return scalar.endsWith('64')
}

function integerOf(value: unknown, scalar: ProtoInteger, path: string): bigint {
  const { bits, isSigned } = INTEGERS[scalar]
  const integer =
    typeof value === 'bigint'
      ? value
      : typeof value === 'number' && Number.isSafeInteger(value)
        ? BigInt(value)
        : undefined
  if (integer !== undefined && (isSigned ? BigInt.asIntN(bits, integer) : BigInt.asUintN(bits, integer)) === integer)
    return integer
  throw invalid(path, value, `a whole number (${scalar})`)
}

function isDefault(type: FieldType, payload: readonly number[]): boolean {
  if (type.kind === 'scalar' && (type.scalar === 'string' || type.scalar === 'bytes')) return payload.length === 0
  return payload.every((byte) => byte === 0)
}

export function wireType(type: FieldType): number {
  if (type.kind === 'message') return type.isGroup ? 3 : 2
  if (type.kind === 'enum') return 0
  switch (type.scalar) {
    case 'double':
    case 'fixed64':
    case 'sfixed64':
      return 1
    case 'string':
    case 'bytes':
      return 2
    case 'float':
    case 'fixed32':
    case 'sfixed32':
      return 5
    default:
      return 0
  }
}

function writeTagged(tag: number, type: FieldType, payload: readonly number[], out: number[]): void {
  const wire = wireType(type)
  writeVarint((BigInt(tag) << 3n) | BigInt(wire), out)
  if (wire === 2) return writeSized(payload, out)
  for (const byte of payload) out.push(byte)
  if (wire === 3) writeVarint((BigInt(tag) << 3n) | 4n, out)
}

function writeSized(bytes: readonly number[], out: number[]): void {
  writeVarint(BigInt(bytes.length), out)
  for (const byte of bytes) out.push(byte)
}

function writeVarint(value: bigint, out: number[]): void {
  let rest = value
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  out.push(Number(rest))
}

// Reading

type Members = Record<string, unknown>

export function decodeSlow(bytes: Uint8Array, start: number, message: MessageType, longs: Longs): unknown {
  const reader = new SlowReader(bytes, start, longs)
  return valueOf(reader.message(message, bytes.length, '', 0, undefined), message)
}

class SlowReader {
  readonly #bytes: Uint8Array
  readonly #longs: Longs
  #at: number

  constructor(bytes: Uint8Array, start: number, longs: Longs) {
    this.#bytes = bytes
    this.#at = start
    this.#longs = longs
  }

  /** @param end -1 for a group, which ends with its tag @param before what the message has from an earlier occurrence */
  message(
    type: MessageType,
    end: number,
    path: string,
    depth: number,
    before: Members | undefined,
    group = -1,
  ): Members {
    if (depth > MESSAGE_DEPTH_MAX) throw this.#malformed(path, `messages nest deeper than ${MESSAGE_DEPTH_MAX} levels`)
    const members: Members =
      before ?? Object.fromEntries(type.fields.map((field) => [field.name, this.#initial(field)]))
    for (;;) {
      if (group < 0 && this.#at >= end) break
      const key = this.#key(path)
      const [tag, wire] = [Math.floor(key / 8), key % 8]
      if (wire === 4) {
        if (tag === group) break
        throw this.#malformed(path, 'a group ends that did not begin')
      }
      const field = type.fields.find((each) => each.tag === tag)
      if (field === undefined || !this.#field(members, field, wire, type, path, depth))
        this.#skip(tag, wire, path, depth)
    }
    if (group < 0 && this.#at !== end) throw this.#malformed(path, 'a field goes on behind the end of its message')
    for (const field of type.fields)
      if (field.isRequired && members[field.name] === undefined)
        throw this.#malformed(path, `the required field ${field.protoName} is missing`)
    return members
  }

  #initial(field: MessageField): unknown {
    if (field.cardinality === 'repeated') return []
    if (field.cardinality === 'map') return {}
    return field.hasPresence ? undefined : this.#default(field.type)
  }

  #default(type: FieldType): unknown {
    if (type.kind === 'message')
      return valueOf(this.message({ ...type.message }, this.#at, '', 0, undefined), type.message)
    if (type.kind === 'enum') return type.enum.names.get(0) ?? 0
    switch (type.scalar) {
      case 'string':
        return ''
      case 'bytes':
        return Buffer.alloc(0)
      case 'bool':
        return false
      default:
        return isLong(type.scalar) && this.#longs === 'bigint' ? 0n : 0
    }
  }

  /** @returns false for a wire type that the field does not have: it is then an unknown field */
  #field(members: Members, field: MessageField, wire: number, type: MessageType, path: string, depth: number): boolean {
    const at = type.form === 'plain' ? path + pointerStep(field.name) : path
    const wanted = wireType(field.type)
    if (field.cardinality === 'map') {
      if (wire !== 2) return false
      const end = this.#end(at)
      let [key, value] = [this.#default({ kind: 'scalar', scalar: field.key! }), undefined as unknown]
      let isThere = false
      while (this.#at < end) {
        const tagged = this.#key(at)
        if (tagged === (8 | wireType({ kind: 'scalar', scalar: field.key! })))
          key = this.#value({ kind: 'scalar', scalar: field.key! }, at, depth, 1)
        else if (tagged === (16 | wanted)) {
          value = this.#value(field.type, at, depth, 2)
          isThere = true
        } else this.#skip(Math.floor(tagged / 8), tagged % 8, at, depth)
      }
      if (this.#at !== end) throw this.#malformed(at, 'a field goes on behind the end of its message')
      Object.defineProperty(members[field.name], String(key), {
        value: isThere ? value : this.#default(field.type),
        enumerable: true,
        configurable: true,
        writable: true,
      })
      return true
    }
    if (field.cardinality === 'repeated') {
      const list = members[field.name] as unknown[]
      if (wire === wanted) list.push(this.#value(field.type, at + pointerStep(list.length), depth, field.tag))
      else if (wire === 2 && wanted !== 3) {
        const end = this.#end(at)
        while (this.#at < end) list.push(this.#value(field.type, at + pointerStep(list.length), depth, field.tag))
        if (this.#at !== end) throw this.#malformed(at, 'a field goes on behind the end of its message')
      } else return false
      return true
    }
    if (wire !== wanted) return false
    if (field.oneof !== undefined)
      for (const other of type.fields)
        if (other.oneof === field.oneof && other !== field) members[other.name] = undefined
    members[field.name] = this.#value(field.type, at, depth, field.tag, members[field.name])
    return true
  }

  #value(type: FieldType, path: string, depth: number, tag: number, before?: unknown): unknown {
    if (type.kind === 'message') {
      const { message, isGroup } = type
      // Only messages that are objects of their own can be added to.
      const earlier =
        before !== undefined && (message.form === 'plain' || message.form === 'timestamp')
          ? (before as Members)
          : undefined
      const members = isGroup
        ? this.message(message, -1, path, depth + 1, earlier, tag)
        : this.message(message, this.#end(path), path, depth + 1, earlier)
      return valueOf(members, message)
    }
    if (type.kind === 'enum') {
      const number = Number(BigInt.asIntN(32, this.#varint(path)))
      return type.enum.names.get(number) ?? number
    }
    const { scalar } = type
    switch (scalar) {
      case 'bool':
        return this.#varint(path) !== 0n
      case 'string':
        return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#take(this.#end(path)))
      case 'bytes':
        return Uint8Array.prototype.slice.call(this.#take(this.#end(path)))
      case 'double':
      case 'float': {
        const size = scalar === 'float' ? 4 : 8
        const bytes = this.#fixed(size, path)
        const view = new DataView(bytes.buffer, bytes.byteOffset, size)
        return scalar === 'float' ? view.getFloat32(0, true) : view.getFloat64(0, true)
      }
      default: {
        const { bits, isSigned } = INTEGERS[scalar]
        let integer: bigint
        if (scalar.includes('fixed')) {
          integer = 0n
          for (const [i, byte] of this.#fixed(bits / 8, path).entries()) integer |= BigInt(byte) << BigInt(8 * i)
        } else integer = this.#varint(path)
        if (scalar.startsWith('sint')) {
          const unsigned = BigInt.asUintN(bits, integer)
          integer = (unsigned >> 1n) ^ -(unsigned & 1n)
        }
        integer = isSigned ? BigInt.asIntN(bits, integer) : BigInt.asUintN(bits, integer)
        if (bits === 64 && this.#longs === 'bigint') return integer
        const number = Number(integer)
        if (Number.isSafeInteger(number)) return number
        throw new SerdeError('INVALID_VALUE', `at ${path}: ${integer} is not exact as a number; use long: 'bigint'`, {
          path,
        })
      }
    }
  }

  #skip(tag: number, wire: number, path: string, depth: number): void {
    if (tag === 0) throw this.#malformed(path, 'a field has the number 0')
    switch (wire) {
      case 0:
        this.#varint(path)
        return
      case 1:
        this.#fixed(8, path)
        return
      case 2:
        this.#take(this.#end(path))
        return
      case 3:
        this.message({ fullName: '', fields: [], form: 'plain' }, -1, path, depth + 1, {}, tag)
        return
      case 5:
        this.#fixed(4, path)
        return
      default:
        throw this.#malformed(path, `there is no wire type ${wire}`)
    }
  }

  /** Number and wire type of a field: 32 bits. */
  #key(path: string): number {
    const key = this.#varint(path)
    if (key > 0xffffffffn) throw this.#malformed(path, 'a field has a number of more than 29 bits')
    return Number(key)
  }

  #end(path: string): number {
    const size = this.#varint(path)
    if (size > BigInt(this.#bytes.length - this.#at))
      throw this.#malformed(path, `${size} bytes are announced, ${this.#bytes.length - this.#at} are left`)
    return this.#at + Number(size)
  }

  #take(end: number): Uint8Array {
    const start = this.#at
    this.#at = end
    return this.#bytes.subarray(start, end)
  }

  #fixed(size: number, path: string): Uint8Array {
    if (size > this.#bytes.length - this.#at) throw this.#malformed(path, 'the bytes end here')
    return this.#take(this.#at + size)
  }

  #varint(path: string): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw this.#malformed(path, 'the bytes end here')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw this.#malformed(path, 'the number has more than 64 bits')
  }

  #malformed(path: string, reason: string): SerdeError {
    return new SerdeError('MALFORMED', `${path === '' ? '' : `at ${path}: `}${reason} (byte ${this.#at})`, { path })
  }
}
