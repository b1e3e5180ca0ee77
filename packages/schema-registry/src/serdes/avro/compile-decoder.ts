/**
 * Compiles how values of a writer's schema are read as values of a reader's: one function per pair of records, everything else
 * inline, resolution done while compiling. Where something does not fit the function throws without a reason; the slow codec
 * finds it (see `codec.ts`).
 *
 * In the generated code `b` are the bytes, `p` the position and `e` the end. Reading behind the end gives `undefined`, which is less than
 * nothing, so the fast paths (`b[p] < 128`) need no check of their own.
 */
import { isNamed, type AvroRecord, type AvroType, type AvroUnion } from '../../formats/avro/type.ts'
import { Misfit, type Input } from '../misfit.ts'
import { readDouble, readFloat, readText } from '../output.ts'
import {
  EMPTY_ITEMS_MAX,
  fromRaw,
  logicalFromRaw,
  rawOfDefault,
  readerBranch,
  rootMismatch,
  VALUE_DEPTH_MAX,
  writerField,
  type Raw,
} from './raw.ts'
import { branchName, isUnwrapped, logicalOf, type AvroShape, type Logical } from './shape.ts'

export type CompiledDecoder = (input: Input) => unknown

/** @throws EvalError where code generation is forbidden */
export function compileDecoder(writer: AvroType, reader: AvroType, shape: AvroShape): CompiledDecoder {
  const compiler = new DecoderCompiler(shape)
  const source = compiler.source(writer, reader)
  const names = Object.keys(RUNTIME)
  // oxlint-disable-next-line typescript/no-implied-eval -- compiled from a schema that was parsed, names quoted
  const factory = new Function('constants', ...names, source) as (...scope: unknown[]) => CompiledDecoder
  return factory(compiler.constants, ...names.map((name) => RUNTIME[name as keyof typeof RUNTIME]))
}

/** What generated code calls. */
const RUNTIME = {
  fail(): never {
    throw new Misfit('the bytes do not fit the schema')
  },
  readText,
  readFloat,
  readDouble,
  copied: (bytes: Buffer, start: number, end: number): Uint8Array => Uint8Array.prototype.slice.call(bytes, start, end),
  encoded: (text: string): Uint8Array => Buffer.from(text),
  /** A varint of which the first byte is not the last; leaves the position behind it. */
  longNumber(input: Input): number {
    const { bytes } = input
    let at = input.at
    let low = 0
    let high = 0
    let byte = 0
    let factor = 1
    for (let i = 0; i < 4; i++) {
      byte = bytes[at++]!
      low += (byte & 127) * factor
      factor *= 128
      if (byte < 128) break
    }
    if (!(byte < 128)) {
      factor = 1
      for (let i = 0; i < 6; i++) {
        byte = bytes[at++]!
        high += (byte & 127) * factor
        factor *= 128
        if (byte < 128) break
      }
    }
    if (!(byte < 128) || at > input.end) throw new Misfit('a number does not end')
    input.at = at
    // Zigzag: the lowest bit is the sign.
    const magnitude = high * 2 ** 27 + Math.floor(low / 2)
    const value = low % 2 === 0 ? magnitude : -magnitude - 1
    if (!Number.isSafeInteger(value)) throw new Misfit('not exact')
    return value
  },
  longBigint(input: Input): bigint {
    const { bytes } = input
    let at = input.at
    let low = 0
    let byte = 0
    let factor = 1
    for (let i = 0; i < 7; i++) {
      byte = bytes[at++]!
      low += (byte & 127) * factor
      factor *= 128
      if (byte < 128) break
    }
    let value: bigint
    if (byte < 128) {
      const magnitude = Math.floor(low / 2)
      value = BigInt(low % 2 === 0 ? magnitude : -magnitude - 1)
    } else {
      let all = BigInt(low)
      for (let shift = 49n; shift < 70n; shift += 7n) {
        byte = bytes[at++]!
        all |= BigInt(byte & 127) << shift
        if (byte < 128) break
      }
      if (BigInt.asUintN(64, all) !== all) throw new Misfit('more than 64 bits')
      value = BigInt.asIntN(64, (all >> 1n) ^ -(all & 1n))
    }
    if (!(byte < 128) || at > input.end) throw new Misfit('a number does not end')
    input.at = at
    return value
  },
  setOwn(target: object, key: string, value: unknown): void {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  },
}

class DecoderCompiler {
  readonly constants: unknown[] = []
  readonly #shape: AvroShape
  readonly #functions: string[] = []
  readonly #records = new Map<AvroRecord, Map<AvroType | undefined, string>>()
  #count = 0

  constructor(shape: AvroShape) {
    this.#shape = shape
  }

  source(writer: AvroType, reader: AvroType): string {
    const body = this.#read(writer, reader, 'x')
    return `'use strict'
${this.#functions.join('\n')}
return function (s) {
const b = s.bytes, e = s.end
let p = s.at, x
${body}
s.at = p
return x
}`
  }

  #name(prefix: string): string {
    return `${prefix}${this.#count++}`
  }

  #constant(value: unknown): string {
    return `constants[${this.constants.push(value) - 1}]`
  }

  /** Statements that read a value into `x`. */
  #read(writer: AvroType, reader: AvroType, x: string): string {
    if (writer.kind === 'union') return this.#union(writer, reader, x)
    if (reader.kind === 'union') {
      const index = readerBranch(writer, reader)
      const branch = index === undefined ? undefined : reader.branches[index]
      if (branch === undefined) return 'fail()'
      return this.#read(writer, branch, x) + this.#wrap(reader, branch, x)
    }
    if (rootMismatch(writer, reader) !== undefined) return 'fail()'
    const logical = logicalOf(reader, this.#shape)
    if (logical !== undefined) return this.#logical(writer, reader, logical, x)
    switch (reader.kind) {
      case 'null':
        return `${x} = null`
      case 'boolean':
        return `${x} = b[p++]; if (!(${x} < 2)) fail(); ${x} = ${x} === 1`
      case 'int':
        return this.#int(x)
      case 'long':
        if (this.#shape.longs === 'number') return writer.kind === 'int' ? this.#int(x) : this.#longNumber(x)
        return writer.kind === 'int' ? `${this.#int(x)}; ${x} = BigInt(${x})` : this.#longBigint(x)
      case 'float':
      case 'double':
        return this.#real(writer, reader, x)
      case 'string':
      case 'bytes':
        return this.#sized(reader.kind, x)
      case 'fixed':
        return `if (p + ${reader.sizeBytes} > e) fail(); ${x} = copied(b, p, p + ${reader.sizeBytes}); p += ${reader.sizeBytes}`
      case 'enum':
        return this.#enum(writer as typeof reader, reader, x)
      case 'array':
        return this.#array((writer as typeof reader).items, reader.items, x)
      case 'map':
        return this.#map((writer as typeof reader).values, reader.values, x)
      case 'record':
        return `s.at = p; ${x} = ${this.#record(writer as AvroRecord, reader)}(s); p = s.at`
      default:
        return reader satisfies never
    }
  }

  #wrap(union: AvroUnion, branch: AvroType, x: string): string {
    if (branch.kind === 'null' || isUnwrapped(union, this.#shape)) return ''
    return `; ${x} = { ${key(branchName(branch))}: ${x} }`
  }

  #int(x: string): string {
    return `${x} = b[p]; if (${x} < 128) { p++; ${x} = (${x} >>> 1) ^ -(${x} & 1) } else { s.at = p; ${x} = longNumber(s); p = s.at; if (${x} !== (${x} | 0)) fail() }`
  }

  #longNumber(x: string): string {
    return `${x} = b[p]; if (${x} < 128) { p++; ${x} = (${x} >>> 1) ^ -(${x} & 1) } else { s.at = p; ${x} = longNumber(s); p = s.at }`
  }

  #longBigint(x: string): string {
    return `${x} = b[p]; if (${x} < 128) { p++; ${x} = BigInt((${x} >>> 1) ^ -(${x} & 1)) } else { s.at = p; ${x} = longBigint(s); p = s.at }`
  }

  /** A size or a count: never negative, never more than what is left unless `x` is a count of blocks. */
  #size(n: string): string {
    return `let ${n} = b[p]; if (${n} < 128) { p++; ${n} = (${n} >>> 1) ^ -(${n} & 1) } else { s.at = p; ${n} = longNumber(s); p = s.at }`
  }

  #real(writer: AvroType, reader: AvroType, x: string): string {
    if (writer.kind === 'int') return this.#int(x) + (reader.kind === 'float' ? `; ${x} = Math.fround(${x})` : '')
    if (writer.kind === 'long')
      return `s.at = p; ${x} = ${reader.kind === 'float' ? 'Math.fround(Number(longBigint(s)))' : 'Number(longBigint(s))'}; p = s.at`
    const sizeBytes = writer.kind === 'float' ? 4 : 8
    return `if (p + ${sizeBytes} > e) fail(); ${x} = ${writer.kind === 'float' ? 'readFloat' : 'readDouble'}(b, p); p += ${sizeBytes}`
  }

  #sized(kind: 'string' | 'bytes', x: string): string {
    const n = this.#name('n')
    const take = kind === 'string' ? 'readText' : 'copied'
    return `${this.#size(n)}; if (${n} < 0 || ${n} > e - p) fail(); ${x} = ${take}(b, p, p + ${n}); p += ${n}`
  }

  #enum(writer: AvroType & { kind: 'enum' }, reader: AvroType & { kind: 'enum' }, x: string): string {
    const symbols = writer.symbols.map((symbol) => (reader.symbols.includes(symbol) ? symbol : reader.default))
    return `${this.#int(x)}; ${x} = ${this.#constant(symbols)}[${x}]; if (${x} === undefined) fail()`
  }

  #array(writer: AvroType, reader: AvroType, x: string): string {
    const item = this.#name('x')
    const list = this.#name('a')
    return `const ${list} = []; ${this.#blocks(writer, `let ${item}; ${this.#read(writer, reader, item)}; ${list}.push(${item})`)}; ${x} = ${list}`
  }

  #map(writer: AvroType, reader: AvroType, x: string): string {
    const [item, map, name] = [this.#name('x'), this.#name('m'), this.#name('k')]
    const put = `if (${name} === '__proto__') setOwn(${map}, ${name}, ${item}); else ${map}[${name}] = ${item}`
    const entry = `let ${name}; ${this.#sized('string', name)}; let ${item}; ${this.#read(writer, reader, item)}; ${put}`
    return `const ${map} = {}; ${this.#blocks(undefined, entry)}; ${x} = ${map}`
  }

  /** @param item undefined where every item takes bytes */
  #blocks(item: AvroType | undefined, body: string): string {
    const [n, i] = [this.#name('n'), this.#name('i')]
    const isEmpty = item !== undefined && sizeMin(item) === 0
    const bound = isEmpty ? `(s.emptyCount += ${n}) > ${EMPTY_ITEMS_MAX}` : `${n} > e - p`
    return `for (;;) { ${this.#size(n)}; if (${n} === 0) break; if (${n} < 0) { ${n} = -${n}; ${this.#size(`${n}s`)} } if (${bound}) fail(); for (let ${i} = 0; ${i} < ${n}; ${i}++) { ${body} } if (p > e) fail() }`
  }

  #union(writer: AvroUnion, reader: AvroType, x: string): string {
    const n = this.#name('u')
    const cases = writer.branches.map((branch, i) => {
      const isSame = reader === writer
      // The same union on both sides: the branch is the one that was written, whatever else it might become.
      const read = isSame
        ? this.#read(branch, branch, x) + this.#wrap(writer, branch, x)
        : this.#read(branch, reader, x)
      return `case ${i}: { ${read}; break }`
    })
    return `${this.#size(n)}; switch (${n}) { ${cases.join(' ')} default: fail() }`
  }

  #logical(writer: AvroType, reader: AvroType, logical: Logical, x: string): string {
    const convert = this.#constant((raw: Raw) => logicalFromRaw(raw, logical, ''))
    const plain = (): string => {
      switch (reader.kind) {
        case 'int':
          return this.#int(x)
        case 'long':
          return writer.kind === 'int' ? this.#int(x) : this.#longNumber(x)
        case 'fixed':
          return `if (p + ${reader.sizeBytes} > e) fail(); ${x} = b.subarray(p, p + ${reader.sizeBytes}); p += ${reader.sizeBytes}`
        default:
          return this.#sized(reader.kind === 'string' ? 'string' : 'bytes', x)
      }
    }
    if (logical.name === 'date' || logical.name === 'timestamp-millis') {
      const ms = logical.name === 'date' ? `${x} * 86400000` : x
      return `${plain()}; ${x} = new Date(${ms}); if (${x}.getTime() !== ${x}.getTime()) fail()`
    }
    return logical.name === 'uuid' && reader.kind === 'string' ? plain() : `${plain()}; ${x} = ${convert}(${x})`
  }

  #record(writer: AvroRecord, reader: AvroRecord): string {
    const known = this.#records.get(writer) ?? new Map<AvroType | undefined, string>()
    this.#records.set(writer, known)
    const found = known.get(reader)
    if (found !== undefined) return found
    const name = this.#name('r')
    known.set(reader, name)
    const variables = new Map(reader.fields.map((field) => [field, this.#name('f')]))
    const filled = new Map(
      reader.fields.flatMap((field) => {
        const source = writerField(field, writer)
        return source === undefined ? [] : [[field, source] as const]
      }),
    )
    const reads = writer.fields.map((field) => {
      const targets = reader.fields.filter((each) => filled.get(each) === field)
      if (targets.length === 0) return this.#skip(field.type)
      const [first, ...others] = targets as [AvroRecord['fields'][number], ...AvroRecord['fields']]
      // A field that fills several is read once for each, from where it begins.
      if (others.length === 0) return this.#read(field.type, first.type, variables.get(first)!)
      const start = this.#name('p')
      return `const ${start} = p; ${targets.map((each) => `p = ${start}; ${this.#read(field.type, each.type, variables.get(each)!)}`).join('; ')}`
    })
    const defaults = reader.fields.flatMap((field) =>
      filled.has(field) ? [] : [`${variables.get(field)!} = ${this.#default(field)}`],
    )
    const members = reader.fields.map((field) => `${key(field.name)}: ${variables.get(field)!}`)
    const guard = isRecursive(writer)
    this.#functions.push(`function ${name}(s) {
const b = s.bytes, e = s.end
let p = s.at${[...variables.values()].map((variable) => `, ${variable}`).join('')}
${guard ? `if (++s.depth > ${VALUE_DEPTH_MAX}) fail()` : ''}
${reads.join('\n')}
${defaults.join('\n')}
${guard ? 's.depth--' : ''}
s.at = p
return { ${members.join(', ')} }
}`)
    return name
  }

  #default(field: AvroRecord['fields'][number]): string {
    const make = (): unknown => fromRaw(rawOfDefault(field.default!, field.type), field.type, this.#shape)
    const value = make()
    const isPlain = value === null || ['boolean', 'number', 'string', 'bigint'].includes(typeof value)
    // Objects are made anew for every record.
    return isPlain ? this.#constant(value) : `${this.#constant(make)}()`
  }

  #skip(type: AvroType): string {
    const x = this.#name('z')
    switch (type.kind) {
      case 'null':
        return ''
      case 'string':
      case 'bytes': {
        const n = this.#name('n')
        return `${this.#size(n)}; if (${n} < 0 || ${n} > e - p) fail(); p += ${n}`
      }
      case 'fixed':
      case 'float':
      case 'double':
        return `p += ${type.kind === 'fixed' ? type.sizeBytes : type.kind === 'float' ? 4 : 8}; if (p > e) fail()`
      case 'array':
        return this.#blocks(type.items, this.#skip(type.items))
      case 'map': {
        const k = this.#name('n')
        return this.#blocks(
          undefined,
          `${this.#size(k)}; if (${k} < 0 || ${k} > e - p) fail(); p += ${k}; ${this.#skip(type.values)}`,
        )
      }
      case 'union': {
        const n = this.#name('u')
        const cases = type.branches.map((branch, i) => `case ${i}: { ${this.#skip(branch)}; break }`)
        return `${this.#size(n)}; switch (${n}) { ${cases.join(' ')} default: fail() }`
      }
      case 'record':
        return `s.at = p; ${this.#skipper(type)}(s); p = s.at`
      case 'enum':
        return `let ${x}; ${this.#int(x)}; if (!(${x} >= 0 && ${x} < ${type.symbols.length})) fail()`
      case 'boolean':
        return `if (!(b[p++] < 2)) fail()`
      case 'int':
        return `let ${x}; ${this.#int(x)}`
      case 'long':
        return `let ${x} = b[p]; if (${x} < 128) p++; else { s.at = p; longBigint(s); p = s.at }`
      default:
        return type satisfies never
    }
  }

  #skipper(type: AvroRecord): string {
    const known = this.#records.get(type) ?? new Map<AvroType | undefined, string>()
    this.#records.set(type, known)
    const found = known.get(undefined)
    if (found !== undefined) return found
    const name = this.#name('s')
    known.set(undefined, name)
    const guard = isRecursive(type)
    const body = type.fields.map((field) => this.#skip(field.type)).join('\n')
    this.#functions.push(`function ${name}(s) {
const b = s.bytes, e = s.end
let p = s.at
${guard ? `if (++s.depth > ${VALUE_DEPTH_MAX}) fail()` : ''}
${body}
${guard ? 's.depth--' : ''}
s.at = p
}`)
    return name
  }
}

/** `{"__proto__": x}` would set the prototype; a computed name is a member like any other. */
export function key(name: string): string {
  return name === '__proto__' ? "['__proto__']" : JSON.stringify(name)
}

/** Bytes that any value takes at least; recursion counts as some. */
function sizeMin(type: AvroType, seen: readonly AvroType[] = []): number {
  switch (type.kind) {
    case 'null':
      return 0
    case 'fixed':
      return type.sizeBytes
    case 'record':
      return seen.includes(type)
        ? 1
        : type.fields.reduce((size, field) => size + sizeMin(field.type, [...seen, type]), 0)
    default:
      return 1
  }
}

export function isRecursive(record: AvroRecord): boolean {
  const seen = new Set<AvroType>()
  const reaches = (type: AvroType): boolean => {
    if (type === record) return true
    if (isNamed(type)) {
      if (seen.has(type)) return false
      seen.add(type)
    }
    switch (type.kind) {
      case 'array':
        return reaches(type.items)
      case 'map':
        return reaches(type.values)
      case 'union':
        return type.branches.some(reaches)
      case 'record':
        return type.fields.some((field) => reaches(field.type))
      default:
        return false
    }
  }
  return record.fields.some((field) => reaches(field.type))
}
