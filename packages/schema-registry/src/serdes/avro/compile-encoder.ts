/**
 * Compiles how values are written: one function per record, everything else inline. Values that do not fit make the function
 * throw without a reason; the slow codec finds it (see `codec.ts`).
 *
 * In the generated code `o` is the output, `b` its bytes, `p` the position; writing behind the end does nothing (see `output.ts`).
 */
import type { AvroRecord, AvroType, AvroUnion } from '../../formats/avro/type.ts'
import { Misfit } from '../misfit.ts'
import { writeBytes, writeDouble, writeFloat, writeSize, writeText, type Output } from '../output.ts'
import { isRecursive } from './compile-decoder.ts'
import { branchOf, rawOfDefault, toRaw, VALUE_DEPTH_MAX, writeRaw } from './raw.ts'
import { branchName, isUnwrapped, kindOf, logicalOf, type AvroShape } from './shape.ts'

export type CompiledEncoder = (output: Output, value: unknown) => void

/** @throws EvalError where code generation is forbidden */
export function compileEncoder(type: AvroType, shape: AvroShape): CompiledEncoder {
  const compiler = new EncoderCompiler(shape)
  const source = compiler.source(type)
  const names = Object.keys(RUNTIME)
  // oxlint-disable-next-line typescript/no-implied-eval -- compiled from a schema that was parsed, names quoted
  const factory = new Function('constants', ...names, source) as (...scope: unknown[]) => CompiledEncoder
  return factory(compiler.constants, ...names.map((name) => RUNTIME[name as keyof typeof RUNTIME]))
}

const RUNTIME = {
  fail(): never {
    throw new Misfit('the value does not fit the schema')
  },
  writeText,
  writeBytes,
  writeFloat,
  writeDouble,
  writeSize,
  /** A value of `long` that is not a small number. @returns the end */
  writeLong(bytes: Buffer, start: number, value: unknown): number {
    let at = start
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value)) throw new Misfit('not exact')
      if (value >= -SAFE_HALF && value < SAFE_HALF) return writeSize(bytes, at, value >= 0 ? value * 2 : -value * 2 - 1)
    } else if (typeof value !== 'bigint') throw new Misfit('not a number')
    const integer = BigInt(value)
    if (integer >= -MANY && integer < MANY) {
      const number = Number(integer)
      return writeSize(bytes, at, number >= 0 ? number * 2 : -number * 2 - 1)
    }
    if (BigInt.asIntN(64, integer) !== integer) throw new Misfit('more than 64 bits')
    let rest = BigInt.asUintN(64, (integer << 1n) ^ (integer >> 63n))
    while (rest > 127n) {
      bytes[at++] = Number(rest & 127n) | 128
      rest >>= 7n
    }
    bytes[at++] = Number(rest)
    return at
  },
}

/** Twice this is a safe integer. */
const SAFE_HALF = 2 ** 52
const MANY = 2n ** 52n

class EncoderCompiler {
  readonly constants: unknown[] = []
  readonly #shape: AvroShape
  readonly #functions: string[] = []
  readonly #records = new Map<AvroRecord, string>()
  #count = 0

  constructor(shape: AvroShape) {
    this.#shape = shape
  }

  source(type: AvroType): string {
    const body = this.#write(type, 'v')
    return `'use strict'
${this.#functions.join('\n')}
return function (o, v) {
const b = o.bytes
let p = o.at
${body}
o.at = p
}`
  }

  #name(prefix: string): string {
    return `${prefix}${this.#count++}`
  }

  #constant(value: unknown): string {
    return `constants[${this.constants.push(value) - 1}]`
  }

  /** Statements that write the value of the variable `v`. */
  #write(type: AvroType, v: string): string {
    const logical = logicalOf(type, this.#shape)
    if (logical?.name === 'timestamp-millis')
      return `if (!(${v} instanceof Date)) fail(); p = writeLong(b, p, ${v}.getTime())`
    if (logical !== undefined && !(logical.name === 'uuid' && type.kind === 'string')) {
      // As the slow codec does it; its bytes are then copied.
      const slow = this.#constant((value: unknown) => {
        const out: number[] = []
        writeRaw(toRaw(value, type, this.#shape), type, out)
        return Uint8Array.from(out)
      })
      return `p = writeBytes(b, p, ${slow}(${v}))`
    }
    switch (type.kind) {
      case 'null':
        return `if (${v} !== null && ${v} !== undefined) fail()`
      case 'boolean':
        return `if (${v} === true) b[p++] = 1; else if (${v} === false) b[p++] = 0; else fail()`
      case 'int':
        return this.#int(v)
      case 'long':
        return `if (typeof ${v} === 'number' && ${v} >= -64 && ${v} < 64 && ${v} === (${v} | 0)) b[p++] = (${v} << 1) ^ (${v} >> 31); else p = writeLong(b, p, ${v})`
      case 'float':
        return `if (typeof ${v} !== 'number') fail(); p = writeFloat(b, p, ${v})`
      case 'double':
        return `if (typeof ${v} !== 'number') fail(); p = writeDouble(b, p, ${v})`
      case 'string':
        return `if (typeof ${v} !== 'string'${logical === undefined ? '' : ` || !${this.#constant(UUID)}.test(${v})`}) fail(); p = writeText(b, p, ${v}, 1)`
      case 'bytes':
        return `if (!(${v} instanceof Uint8Array)) fail(); p = writeSize(b, p, ${v}.length * 2); p = writeBytes(b, p, ${v})`
      case 'fixed':
        return `if (!(${v} instanceof Uint8Array) || ${v}.length !== ${type.sizeBytes}) fail(); p = writeBytes(b, p, ${v})`
      case 'enum': {
        const i = this.#name('i')
        const indexes = new Map(type.symbols.map((symbol, index) => [symbol, index * 2]))
        return `const ${i} = ${this.#constant(indexes)}.get(${v}); if (${i} === undefined) fail(); p = writeSize(b, p, ${i})`
      }
      case 'array': {
        const [i, item] = [this.#name('i'), this.#name('v')]
        return `if (!Array.isArray(${v})) fail(); if (${v}.length > 0) p = writeSize(b, p, ${v}.length * 2); for (let ${i} = 0; ${i} < ${v}.length; ${i}++) { const ${item} = ${v}[${i}]; ${this.#write(type.items, item)} } b[p++] = 0`
      }
      case 'map': {
        const [names, i, item] = [this.#name('k'), this.#name('i'), this.#name('v')]
        return `${this.#object(v)}; const ${names} = Object.keys(${v}); if (${names}.length > 0) p = writeSize(b, p, ${names}.length * 2); for (let ${i} = 0; ${i} < ${names}.length; ${i}++) { p = writeText(b, p, ${names}[${i}], 1); const ${item} = ${v}[${names}[${i}]]; ${this.#write(type.values, item)} } b[p++] = 0`
      }
      case 'record':
        return `o.at = p; ${this.#record(type)}(o, ${v}); p = o.at`
      case 'union':
        return this.#union(type, v)
      default:
        return type satisfies never
    }
  }

  #int(v: string): string {
    return `if (${v} !== (${v} | 0)) { if (typeof ${v} !== 'bigint' || BigInt.asIntN(32, ${v}) !== ${v}) fail(); p = writeLong(b, p, ${v}) } else if (${v} >= -64 && ${v} < 64) b[p++] = (${v} << 1) ^ (${v} >> 31); else p = writeLong(b, p, ${v})`.replace(
      `${v} !== (${v} | 0)`,
      `typeof ${v} !== 'number' || ${v} !== (${v} | 0)`,
    )
  }

  #object(v: string): string {
    return `if (typeof ${v} !== 'object' || ${v} === null || Array.isArray(${v}) || ${v} instanceof Uint8Array || ${v} instanceof Date) fail()`
  }

  #union(type: AvroUnion, v: string): string {
    const isNull = type.branches.findIndex(({ kind }) => kind === 'null')
    const others = type.branches.filter(({ kind }) => kind !== 'null')
    const index = (branch: AvroType): string => `p = writeSize(b, p, ${type.branches.indexOf(branch) * 2})`
    const nothing = isNull < 0 ? '' : `if (${v} === null || ${v} === undefined) { b[p++] = ${isNull * 2} } else `
    const [only] = others
    if (only !== undefined && others.length === 1 && isUnwrapped(type, this.#shape))
      return `${nothing}{ ${index(only)}; ${this.#write(only, v)} }`
    if (isUnwrapped(type, this.#shape)) {
      const choose = this.#constant((value: unknown) => branchOf(value, type, this.#shape))
      const cases = others.map(
        (branch) => `case ${type.branches.indexOf(branch)}: { ${index(branch)}; ${this.#write(branch, v)}; break }`,
      )
      const plain = others.filter((branch) =>
        ['string', 'number', 'boolean', 'bigint'].includes(kindOf(branch, this.#shape)),
      )
      // Scalars are told apart in place.
      const quick = plain
        .map((branch) => `typeof ${v} === '${kindOf(branch, this.#shape)}' ? ${type.branches.indexOf(branch)} : `)
        .join('')
      return `${nothing}{ switch (${quick}${choose}(${v})) { ${cases.join(' ')} default: fail() } }`
    }
    const names = this.#name('k')
    const cases = others.map((branch) => {
      const inner = this.#name('v')
      return `case ${JSON.stringify(branchName(branch))}: { ${index(branch)}; const ${inner} = ${v}[${JSON.stringify(branchName(branch))}]; ${this.#write(branch, inner)}; break }`
    })
    return `${nothing}{ ${this.#object(v)}; const ${names} = Object.keys(${v}); if (${names}.length !== 1) fail(); switch (${names}[0]) { ${cases.join(' ')} default: fail() } }`
  }

  #record(type: AvroRecord): string {
    const known = this.#records.get(type)
    if (known !== undefined) return known
    const name = this.#name('w')
    this.#records.set(type, name)
    const guard = isRecursive(type)
    const writes = type.fields.map((field) => {
      const v = this.#name('v')
      const read = `const ${v} = r[${JSON.stringify(field.name)}]`
      const write = this.#write(field.type, v)
      if (field.default === undefined) return `{ ${read}; ${write} }`
      const out: number[] = []
      writeRaw(rawOfDefault(field.default, field.type), field.type, out)
      return `{ ${read}; if (${v} === undefined) p = writeBytes(b, p, ${this.#constant(Uint8Array.from(out))}); else { ${write} } }`
    })
    this.#functions.push(`function ${name}(o, r) {
${this.#object('r')}
const b = o.bytes
let p = o.at
${guard ? `if (++o.depth > ${VALUE_DEPTH_MAX}) fail()` : ''}
${writes.join('\n')}
${guard ? 'o.depth--' : ''}
o.at = p
}`)
    return name
  }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
