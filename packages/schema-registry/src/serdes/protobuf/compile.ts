/**
 * Compiles messages: one function per message type and direction. What does not fit makes it throw without a reason; the slow codec
 * finds it (see `codec.ts`). Messages with groups are left to the slow codec.
 *
 * In the generated code `b` are the bytes, `p` the position, `e` the end. Sizes are written as one byte and widened afterwards where
 * that is not enough: most messages inside others are small.
 */
import { Misfit, type Input } from '../misfit.ts'
import {
  readDouble,
  readFloat,
  readText,
  writeBytes,
  writeDouble,
  writeFloat,
  writeSize,
  writeText,
  type Output,
} from '../output.ts'
import { fieldsOf, valueOf } from './forms.ts'
import {
  exact,
  readFixed64,
  readInt32,
  readInt64,
  readInt64Number,
  readSint32,
  readSint64,
  readSint64Number,
  readSize,
  readUint32,
  readUint64,
  readUint64Number,
  readWord,
  writeInteger,
} from './integers.ts'
import type { EnumType, FieldType, MessageField, MessageType } from './message.ts'
import { isLong, keyOf, MESSAGE_DEPTH_MAX, wireType, type Longs } from './slow-codec.ts'

export type CompiledEncoder = (output: Output, value: unknown) => void
export type CompiledDecoder = (input: Input, end: number, before: undefined) => unknown

const RUNTIME = {
  fail(): never {
    throw new Misfit('it does not fit the schema')
  },
  readText,
  readFloat,
  readDouble,
  readSize,
  readInt32,
  readUint32,
  readSint32,
  readInt64,
  readUint64,
  readSint64,
  readInt64Number,
  readUint64Number,
  readSint64Number,
  readFixed64,
  readWord,
  exact,
  writeText,
  writeBytes,
  writeFloat,
  writeDouble,
  writeSize,
  writeInteger,
  keyOf,
  copied: (bytes: Buffer, start: number, end: number): Uint8Array => Uint8Array.prototype.slice.call(bytes, start, end),
  noBytes: (): Uint8Array => Buffer.alloc(0),
  /** What was written behind `start` gets its size in front. @returns the end */
  widened(bytes: Buffer, start: number, end: number): number {
    const size = end - start - 1
    let extra = 0
    for (let rest = size; rest > 127; rest = Math.floor(rest / 128)) extra++
    if (extra > 0) bytes.copyWithin(start + 1 + extra, start + 1, end)
    writeSize(bytes, start, size)
    return end + extra
  },
  put(map: object, name: string, value: unknown): void {
    if (name === '__proto__')
      Object.defineProperty(map, name, { value, enumerable: true, configurable: true, writable: true })
    else (map as Record<string, unknown>)[name] = value
  },
  /** A field that the message does not have. */
  skip(input: Input, key: number, end: number): void {
    skipField(input, key, end, 0)
  },
}

function skipField(input: Input, key: number, end: number, depth: number): void {
  if (key < 8 || depth > MESSAGE_DEPTH_MAX) throw new Misfit('not a field')
  switch (key & 7) {
    case 0:
      readInt32(input)
      break
    case 1:
      input.at += 8
      break
    case 2: {
      const size = readSize(input)
      input.at += size
      break
    }
    case 3:
      for (;;) {
        if (input.at >= end) throw new Misfit('a group does not end')
        const inner = readSize(input)
        if ((inner & 7) === 4) {
          if (inner >>> 3 !== key >>> 3) throw new Misfit('another group ends')
          break
        }
        skipField(input, inner, end, depth + 1)
      }
      break
    case 5:
      input.at += 4
      break
    default:
      throw new Misfit('not a wire type')
  }
  if (input.at > end) throw new Misfit('the bytes end')
}

/** @throws EvalError where code generation is forbidden */
export function compileEncoder(message: MessageType): CompiledEncoder {
  return new MessageCompiler('bigint').compile((compiler) => compiler.encoder(message)) as CompiledEncoder
}

/** @throws EvalError where code generation is forbidden */
export function compileDecoder(message: MessageType, longs: Longs): CompiledDecoder {
  return new MessageCompiler(longs).compile((compiler) => compiler.decoder(message)) as CompiledDecoder
}

export function hasGroups(message: MessageType, seen = new Set<MessageType>()): boolean {
  if (seen.has(message)) return false
  seen.add(message)
  return message.fields.some(({ type }) => type.kind === 'message' && (type.isGroup || hasGroups(type.message, seen)))
}

class MessageCompiler {
  readonly #longs: Longs
  readonly #constants: unknown[] = []
  readonly #functions: string[] = []
  readonly #encoders = new Map<MessageType, string>()
  readonly #decoders = new Map<MessageType, string>()
  readonly #enums = new Map<EnumType, string>()
  #count = 0

  constructor(longs: Longs) {
    this.#longs = longs
  }

  compile(make: (compiler: MessageCompiler) => string): unknown {
    const name = make(this)
    const names = Object.keys(RUNTIME)
    const source = `'use strict'\n${this.#functions.join('\n')}\nreturn ${name}`
    // oxlint-disable-next-line typescript/no-implied-eval -- compiled from a schema that was parsed, names quoted
    const factory = new Function('constants', ...names, source) as (...scope: unknown[]) => unknown
    return factory(this.#constants, ...names.map((each) => RUNTIME[each as keyof typeof RUNTIME]))
  }

  #name(prefix: string): string {
    return `${prefix}${this.#count++}`
  }

  #constant(value: unknown): string {
    return `constants[${this.#constants.push(value) - 1}]`
  }

  // Writing

  encoder(message: MessageType): string {
    const known = this.#encoders.get(message)
    if (known !== undefined) return known
    const name = this.#name('w')
    this.#encoders.set(message, name)
    const { form } = message
    const convert = form === 'plain' ? '' : `m = ${this.#constant((value: unknown) => fieldsOf(value, message))}(m)`
    const oneofs = new Map(
      message.fields.flatMap(({ oneof }) => (oneof === undefined ? [] : [[oneof, this.#name('c')] as const])),
    )
    const guard = isRecursive(message)
    const fields = message.fields.map((field) => this.#writeField(field, oneofs))
    this.#functions.push(`function ${name}(o, m) {
${convert}
if (typeof m !== 'object' || m === null || Array.isArray(m)) fail()
const b = o.bytes
let p = o.at${[...oneofs.values()].map((counter) => `, ${counter} = 0`).join('')}
${guard ? `if (++o.depth > ${MESSAGE_DEPTH_MAX}) fail()` : ''}
${fields.join('\n')}
${guard ? 'o.depth--' : ''}
o.at = p
}`)
    return name
  }

  #writeField(field: MessageField, oneofs: ReadonlyMap<string, string>): string {
    const v = this.#name('v')
    const { type, tag, cardinality } = field
    const read = `const ${v} = m[${JSON.stringify(field.name)}]`
    const isNullValue = type.kind === 'message' && type.message.form === 'value' && cardinality === 'single'
    const isThere = isNullValue ? `${v} !== undefined` : `${v} !== undefined && ${v} !== null`
    const otherwise = field.isRequired ? ' else fail()' : ''
    const count = field.oneof === undefined ? '' : `if (++${oneofs.get(field.oneof)!} > 1) fail();`
    const body = (): string => {
      if (cardinality === 'map') return this.#writeMap(field, v)
      if (cardinality === 'repeated') return this.#writeRepeated(field, v)
      const write = `${tagBytes(tag, wireType(type))}; ${this.#writeValue(type, v)}`
      return field.hasPresence ? write : this.#unlessDefault(type, v, write)
    }
    return `{ ${read}; if (${isThere}) { ${count} ${body()} }${otherwise} }`
  }

  #unlessDefault(type: FieldType, v: string, write: string): string {
    if (type.kind === 'enum') return `if (${this.#enumNumber(type.enum, v)} !== 0) { ${write} }`
    if (type.kind === 'message') return write
    switch (type.scalar) {
      case 'string':
        return `if (typeof ${v} !== 'string') fail(); if (${v} !== '') { ${write} }`
      case 'bytes':
        return `if (!(${v} instanceof Uint8Array)) fail(); if (${v}.length !== 0) { ${write} }`
      case 'bool':
        return `if (typeof ${v} !== 'boolean') fail(); if (${v}) { ${write} }`
      case 'float':
      case 'double':
        return `if (typeof ${v} !== 'number') fail(); if (${v} !== 0 || 1 / ${v} < 0) { ${write} }`
      default:
        return `if (${v} !== 0 && ${v} !== 0n) { ${write} }`
    }
  }

  #writeRepeated({ type, tag, isPacked }: MessageField, v: string): string {
    const [i, item] = [this.#name('i'), this.#name('v')]
    const loop = (body: string): string =>
      `for (let ${i} = 0; ${i} < ${v}.length; ${i}++) { const ${item} = ${v}[${i}]; ${body} }`
    if (!isPacked)
      return `if (!Array.isArray(${v})) fail(); ${loop(`${tagBytes(tag, wireType(type))}; ${this.#writeValue(type, item)}`)}`
    const start = this.#name('s')
    return `if (!Array.isArray(${v})) fail(); if (${v}.length > 0) { ${tagBytes(tag, 2)}; const ${start} = p++; ${loop(this.#writeValue(type, item))} ${closeSize(start)} }`
  }

  #writeMap({ type, tag, key }: MessageField, v: string): string {
    const [names, i, name, item, start] = [
      this.#name('k'),
      this.#name('i'),
      this.#name('v'),
      this.#name('v'),
      this.#name('s'),
    ]
    const keyType: FieldType = { kind: 'scalar', scalar: key! }
    const keyValue = key === 'string' ? `${names}[${i}]` : `keyOf(${names}[${i}], ${JSON.stringify(key)})`
    return `if (typeof ${v} !== 'object' || Array.isArray(${v})) fail(); const ${names} = Object.keys(${v}); for (let ${i} = 0; ${i} < ${names}.length; ${i}++) { const ${name} = ${keyValue}, ${item} = ${v}[${names}[${i}]]; ${tagBytes(tag, 2)}; const ${start} = p++; ${tagBytes(1, wireType(keyType))}; ${this.#writeValue(keyType, name)}; ${tagBytes(2, wireType(type))}; ${this.#writeValue(type, item)}; ${closeSize(start)} }`
  }

  /** Behind the tag. */
  #writeValue(type: FieldType, v: string): string {
    if (type.kind === 'message') {
      const start = this.#name('s')
      return `const ${start} = p++; o.at = p; ${this.encoder(type.message)}(o, ${v}); p = o.at; ${closeSize(start)}`
    }
    if (type.kind === 'enum') return `p = writeInteger(b, p, ${this.#enumNumber(type.enum, v)}, 'int32')`
    const { scalar } = type
    switch (scalar) {
      case 'string':
        return `if (typeof ${v} !== 'string') fail(); p = writeText(b, p, ${v}, 0)`
      case 'bytes':
        return `if (!(${v} instanceof Uint8Array)) fail(); p = writeBytes(b, writeSize(b, p, ${v}.length), ${v})`
      case 'bool':
        return `if (typeof ${v} !== 'boolean') fail(); b[p++] = ${v} ? 1 : 0`
      case 'float':
        return `if (typeof ${v} !== 'number') fail(); p = writeFloat(b, p, ${v})`
      case 'double':
        return `if (typeof ${v} !== 'number') fail(); p = writeDouble(b, p, ${v})`
      case 'int32':
      case 'uint32':
      case 'int64':
      case 'uint64':
        return `if (typeof ${v} === 'number' && ${v} >= 0 && ${v} < 128 && ${v} === (${v} | 0)) b[p++] = ${v}; else p = writeInteger(b, p, ${v}, '${scalar}')`
      default:
        return `p = writeInteger(b, p, ${v}, '${scalar}')`
    }
  }

  /** An expression; `writeInteger` refuses what is no number. */
  #enumNumber(type: EnumType, v: string): string {
    const numbers = this.#constant(type.numbers)
    return `(typeof ${v} === 'string' ? ${numbers}.get(${v}) ?? fail() : typeof ${v} === 'number' ? ${v} : fail())`
  }

  // Reading

  decoder(message: MessageType): string {
    const known = this.#decoders.get(message)
    if (known !== undefined) return known
    const name = this.#name('r')
    this.#decoders.set(message, name)
    const variables = new Map(message.fields.map((field) => [field, this.#name('f')]))
    const initials = message.fields.map((field) => `${variables.get(field)!} = ${this.#initial(field)}`)
    const earlier = message.fields.map((field) => `${variables.get(field)!} = m[${JSON.stringify(field.name)}]`)
    const cases = message.fields.flatMap((field) => this.#cases(field, message, variables))
    const required = message.fields
      .filter(({ isRequired }) => isRequired)
      .map((field) => `if (${variables.get(field)!} === undefined) fail()`)
    const members = message.fields.map((field) => `${JSON.stringify(field.name)}: ${variables.get(field)!}`)
    const guard = isRecursive(message)
    const result = `{ ${members.join(', ')} }`
    const converted =
      message.form === 'plain' || message.form === 'timestamp'
        ? result
        : `${this.#constant((value: unknown) => valueOf(value, message))}(${result})`
    this.#functions.push(`function ${name}(s, e, m) {
const b = s.bytes
let p = s.at${message.fields.map((field) => `, ${variables.get(field)!}`).join('')}, x
${guard ? `if (++s.depth > ${MESSAGE_DEPTH_MAX}) fail()` : ''}
if (m === undefined) { ${initials.join('; ')} } else { ${earlier.join('; ')} }
while (p < e) {
let t = b[p]
if (t < 128) p++; else { s.at = p; t = readSize(s); p = s.at }
switch (t) {
${cases.join('\n')}
default: s.at = p; skip(s, t, e); p = s.at
}
}
if (p !== e) fail()
${required.join('\n')}
${guard ? 's.depth--' : ''}
s.at = p
return ${converted}
}`)
    return name
  }

  #initial(field: MessageField): string {
    if (field.cardinality === 'repeated') return '[]'
    if (field.cardinality === 'map') return '{}'
    return field.hasPresence ? 'undefined' : this.#default(field.type)
  }

  #default(type: FieldType): string {
    if (type.kind === 'enum') return JSON.stringify(type.enum.names.get(0) ?? 0)
    if (type.kind === 'message') return `(s.at = p, ${this.decoder(type.message)}(s, p, undefined))`
    switch (type.scalar) {
      case 'string':
        return "''"
      case 'bytes':
        return 'noBytes()'
      case 'bool':
        return 'false'
      default:
        return isLong(type.scalar) && this.#longs === 'bigint' ? '0n' : '0'
    }
  }

  #cases(field: MessageField, message: MessageType, variables: ReadonlyMap<MessageField, string>): string[] {
    const f = variables.get(field)!
    const { type, tag, cardinality } = field
    const wire = wireType(type)
    const label = (of: number): string => `case ${tag * 8 + of}:`
    if (cardinality === 'map') return [`${label(2)} { ${this.#readMap(field, f)} break }`]
    if (cardinality === 'repeated') {
      const one = `${label(wire)} { ${this.#readValue(type, 'x', 'e')} ${f}.push(x); break }`
      if (wire === 2) return [one]
      const end = this.#name('e')
      const many = `${label(2)} { ${this.#sizeInto(end)} while (p < ${end}) { ${this.#readValue(type, 'x', 'e')} ${f}.push(x) } if (p !== ${end}) fail(); break }`
      return [one, many]
    }
    const others = message.fields.filter(
      (each) => field.oneof !== undefined && each.oneof === field.oneof && each !== field,
    )
    const clear = others.map((other) => `${variables.get(other)!} = undefined;`).join(' ')
    return [`${label(wire)} { ${clear} ${this.#readValue(type, f, 'e', f)} break }`]
  }

  /** Reads a size; `end` is then where what it is the size of ends. */
  #sizeInto(end: string): string {
    return `let ${end} = b[p]; if (${end} < 128) p++; else { s.at = p; ${end} = readSize(s); p = s.at } ${end} += p; if (${end} > e) fail();`
  }

  #readMap({ type, key }: MessageField, f: string): string {
    const [end, k, v, t] = [this.#name('e'), this.#name('k'), this.#name('v'), this.#name('t')]
    const keyType: FieldType = { kind: 'scalar', scalar: key! }
    return `${this.#sizeInto(end)} let ${k} = ${this.#default(keyType)}, ${v}; while (p < ${end}) { let ${t} = b[p]; if (${t} < 128) p++; else { s.at = p; ${t} = readSize(s); p = s.at } if (${t} === ${8 + wireType(keyType)}) { ${this.#readValue(keyType, k, end)} } else if (${t} === ${16 + wireType(type)}) { ${this.#readValue(type, v, end)} } else { s.at = p; skip(s, ${t}, ${end}); p = s.at } } if (p !== ${end}) fail(); if (${v} === undefined) ${v} = ${this.#default(type)}; put(${f}, String(${k}), ${v});`
  }

  /** Statements that read a value into `x`. @param before what an earlier occurrence left, to be added to */
  #readValue(type: FieldType, x: string, e: string, before = 'undefined'): string {
    if (type.kind === 'message') {
      const end = this.#name('e')
      const { form } = type.message
      const earlier = form === 'plain' || form === 'timestamp' ? before : 'undefined'
      return `${this.#sizeInto(end).replace('> e)', `> ${e})`)} s.at = p; ${x} = ${this.decoder(type.message)}(s, ${end}, ${earlier}); p = s.at;`
    }
    if (type.kind === 'enum')
      return `${this.#varint(x, 'readInt32')} ${x} = ${this.#enumNames(type.enum)}[${x}] ?? ${x};`
    const { scalar } = type
    const isBig = this.#longs === 'bigint'
    const fixed = (sizeBytes: number, read: string): string =>
      `if (p + ${sizeBytes} > ${e}) fail(); ${x} = ${read}; p += ${sizeBytes};`
    switch (scalar) {
      case 'string':
      case 'bytes': {
        const end = this.#name('e')
        const take = scalar === 'string' ? 'readText' : 'copied'
        return `${this.#sizeInto(end).replace('> e)', `> ${e})`)} ${x} = ${take}(b, p, ${end}); p = ${end};`
      }
      case 'bool':
        return `s.at = p; ${x} = b[p]; if (${x} < 2) { p++; ${x} = ${x} === 1 } else { ${x} = readUint64(s) !== 0n; p = s.at }`
      case 'double':
        return fixed(8, 'readDouble(b, p)')
      case 'float':
        return fixed(4, 'readFloat(b, p)')
      case 'fixed32':
        return fixed(4, 'readWord(b, p) >>> 0')
      case 'sfixed32':
        return fixed(4, 'readWord(b, p)')
      case 'fixed64':
        return fixed(8, isBig ? 'readFixed64(b, p)' : 'exact(readFixed64(b, p))')
      case 'sfixed64':
        return fixed(8, isBig ? 'BigInt.asIntN(64, readFixed64(b, p))' : 'exact(BigInt.asIntN(64, readFixed64(b, p)))')
      case 'int32':
        return this.#varint(x, 'readInt32')
      case 'uint32':
        return this.#varint(x, 'readUint32')
      case 'sint32':
        return `s.at = p; ${x} = readSint32(s); p = s.at;`
      case 'int64':
        return isBig ? this.#varint(x, 'readInt64', true) : this.#varint(x, 'readInt64Number')
      case 'uint64':
        return isBig ? this.#varint(x, 'readUint64', true) : this.#varint(x, 'readUint64Number')
      case 'sint64':
        return `s.at = p; ${x} = ${isBig ? 'readSint64' : 'readSint64Number'}(s); p = s.at;`
      default:
        return scalar satisfies never
    }
  }

  #varint(x: string, read: string, isBig = false): string {
    return `${x} = b[p]; if (${x} < 128) { p++;${isBig ? ` ${x} = BigInt(${x});` : ''} } else { s.at = p; ${x} = ${read}(s); p = s.at }`
  }

  #enumNames(type: EnumType): string {
    let name = this.#enums.get(type)
    if (name === undefined) {
      const names: string[] = []
      const few = [...type.names].every(([number]) => number >= 0 && number < 1024)
      const table = few ? names : ({} as Record<number, string>)
      for (const [number, constant] of type.names) table[number] = constant
      this.#enums.set(type, (name = this.#constant(table)))
    }
    return name
  }
}

function tagBytes(tag: number, wire: number): string {
  const bytes: string[] = []
  let rest = tag * 8 + wire
  while (rest > 127) {
    bytes.push(`b[p++] = ${(rest % 128) + 128}`)
    rest = Math.floor(rest / 128)
  }
  return [...bytes, `b[p++] = ${rest}`].join('; ')
}

function closeSize(start: string): string {
  return `if (p - ${start} < 129) b[${start}] = p - ${start} - 1; else p = widened(b, ${start}, p)`
}

export function isRecursive(message: MessageType): boolean {
  const seen = new Set<MessageType>()
  const reaches = (at: MessageType): boolean =>
    at.fields.some(({ type }) => {
      if (type.kind !== 'message') return false
      if (type.message === message) return true
      if (seen.has(type.message)) return false
      seen.add(type.message)
      return reaches(type.message)
    })
  return reaches(message)
}
