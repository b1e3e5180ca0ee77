/**
 * Avro values as the specification has them, one function per step: bytes to raw value, raw value of the writer to raw value of
 * the reader, raw value to JavaScript, and back. Slow and obvious: it is the oracle of the compiled codec, takes over where
 * code generation is forbidden, and finds out where exactly a value or its bytes are wrong when the compiled codec says no.
 *
 * Source: Avro specification 1.12, "Binary Encoding" and "Schema Resolution". Two things are as Apache Avro does them rather than
 * as it writes: records are resolved whatever they are called, and a union's default may fit any of its branches.
 */
import { defaultMismatch } from '../../formats/avro/default.ts'
import { isNamed, type AvroField, type AvroRecord, type AvroType, type AvroUnion } from '../../formats/avro/type.ts'
import { isJsonArray, isJsonObject, JsonNumber, pointerStep, type JsonValue } from '../../formats/json-text.ts'
import { bytesOfInteger, Decimal, integerOfBytes, writeInteger } from '../decimal.ts'
import { SerdeError } from '../errors.ts'
import {
  branchName,
  isUnwrapped,
  kindOf,
  kindOfValue,
  logicalOf,
  STAND_INS,
  type AvroDuration,
  type AvroShape,
  type Logical,
} from './shape.ts'

/** int, float, double: number; long: bigint; enum: its symbol; record and map: Map. */
export type Raw =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | RawUnion
  | readonly Raw[]
  | ReadonlyMap<string, Raw>

export interface RawUnion {
  readonly branch: number
  readonly value: Raw
}

/** How deep values may nest. */
export const VALUE_DEPTH_MAX = 500
/** Items that take no bytes (null, empty records) in one value: they cost memory and no bytes, so only their count bounds them. */
export const EMPTY_ITEMS_MAX = 100_000

const invalid = (path: string, value: unknown, wanted: string): SerdeError =>
  new SerdeError('INVALID_VALUE', `${at(path)}${wanted} is needed, not ${described(value)}`, { path })
const mismatch = (path: string, reason: string): SerdeError =>
  new SerdeError('SCHEMA_MISMATCH', `${at(path)}${reason}`, { path })
const at = (path: string): string => (path === '' ? '' : `at ${path}: `)

export function described(value: unknown): string {
  if (value === undefined) return 'undefined'
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (value instanceof Date) return `the date ${Number.isNaN(value.getTime()) ? 'that is none' : value.toISOString()}`
  try {
    const text =
      JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each)) ?? typeof value
    return text.length > 60 ? `${text.slice(0, 60)}…` : text
  } catch {
    return 'an object that refers to itself'
  }
}

// JavaScript to raw

export function toRaw(value: unknown, type: AvroType, shape: AvroShape, path = '', depth = 0): Raw {
  if (depth > VALUE_DEPTH_MAX) throw invalid(path, undefined, `a value nested at most ${VALUE_DEPTH_MAX} levels deep`)
  const logical = logicalOf(type, shape)
  if (logical !== undefined) return logicalToRaw(value, type, logical, path)
  switch (type.kind) {
    case 'null':
      if (value === null || value === undefined) return null
      throw invalid(path, value, 'null')
    case 'boolean':
      if (typeof value === 'boolean') return value
      throw invalid(path, value, 'true or false')
    case 'int': {
      const number = typeof value === 'bigint' ? Number(value) : value
      if (typeof number === 'number' && number === (number | 0)) return number | 0
      throw invalid(path, value, 'a whole number of 32 bits')
    }
    case 'long':
      return longOf(value, path)
    case 'float':
    case 'double':
      if (typeof value === 'number') return type.kind === 'float' ? Math.fround(value) : value
      throw invalid(path, value, 'a number')
    case 'string':
      if (typeof value === 'string') return value
      throw invalid(path, value, 'a string')
    case 'bytes':
      if (value instanceof Uint8Array) return value
      throw invalid(path, value, 'a Uint8Array')
    case 'fixed':
      if (value instanceof Uint8Array && value.length === type.sizeBytes) return value
      throw invalid(path, value, `a Uint8Array of ${type.sizeBytes} bytes`)
    case 'enum':
      if (typeof value === 'string' && type.symbols.includes(value)) return value
      throw invalid(path, value, `a symbol of ${type.fullName} (${type.symbols.join(', ')})`)
    case 'array':
      if (!Array.isArray(value)) throw invalid(path, value, 'an array')
      return value.map((item: unknown, i) => toRaw(item, type.items, shape, path + pointerStep(i), depth + 1))
    case 'map':
      if (kindOfValue(value) !== 'object') throw invalid(path, value, 'an object')
      return new Map(
        Object.entries(value as object).map(([key, item]) => [
          key,
          toRaw(item, type.values, shape, path + pointerStep(key), depth + 1),
        ]),
      )
    case 'record':
      if (kindOfValue(value) !== 'object') throw invalid(path, value, `an object (${type.fullName})`)
      return new Map(type.fields.map((field) => [field.name, fieldToRaw(value as object, field, shape, path, depth)]))
    case 'union':
      return unionToRaw(value, type, shape, path, depth)
    default:
      return type satisfies never
  }
}

/** A member that is left out takes the default. */
function fieldToRaw(record: object, field: AvroField, shape: AvroShape, path: string, depth: number): Raw {
  const value = (record as Readonly<Record<string, unknown>>)[field.name]
  if (value === undefined && field.default !== undefined) return rawOfDefault(field.default, field.type)
  return toRaw(value, field.type, shape, path + pointerStep(field.name), depth + 1)
}

function longOf(value: unknown, path: string): bigint {
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  throw invalid(path, value, 'a bigint of 64 bits, or a whole number that is exact,')
}

function unionToRaw(value: unknown, type: AvroUnion, shape: AvroShape, path: string, depth: number): RawUnion {
  const branch = branchOf(value, type, shape)
  if (branch === undefined) {
    const names = type.branches.map(branchName).join(', ')
    throw isUnwrapped(type, shape)
      ? invalid(path, value, `a value of one of ${names}`)
      : invalid(path, value, `an object with one member that names the branch (one of ${names})`)
  }
  const chosen = type.branches[branch]!
  const name = branchName(chosen)
  if (isUnwrapped(type, shape) || chosen.kind === 'null')
    return { branch, value: toRaw(value, chosen, shape, path, depth + 1) }
  const wrapped = (value as Readonly<Record<string, unknown>>)[name]
  return { branch, value: toRaw(wrapped, chosen, shape, path + pointerStep(name), depth + 1) }
}

export function branchOf(value: unknown, type: AvroUnion, shape: AvroShape): number | undefined {
  const kind = kindOfValue(value)
  if (kind === undefined) return undefined
  if (kind === 'null' || isUnwrapped(type, shape)) {
    for (const wanted of [kind, ...(STAND_INS[kind] ?? [])]) {
      const index = type.branches.findIndex((branch) => kindOf(branch, shape) === wanted)
      if (index >= 0) return index
    }
    return undefined
  }
  if (kind !== 'object') return undefined
  const names = Object.keys(value as object)
  const index = names.length === 1 ? type.branches.findIndex((branch) => branchName(branch) === names[0]) : -1
  return index < 0 ? undefined : index
}

function logicalToRaw(value: unknown, type: AvroType, logical: Logical, path: string): Raw {
  switch (logical.name) {
    case 'decimal':
      return decimalToRaw(value, type, logical, path)
    case 'date':
    case 'timestamp-millis': {
      const ms = value instanceof Date ? value.getTime() : Number.NaN
      if (Number.isNaN(ms)) throw invalid(path, value, 'a Date')
      return logical.name === 'date' ? Math.floor(ms / DAY_MS) : BigInt(ms)
    }
    case 'uuid':
      if (typeof value !== 'string' || !UUID.test(value)) throw invalid(path, value, 'a uuid')
      return type.kind === 'string'
        ? value
        : Uint8Array.from(value.replaceAll('-', '').match(/../g)!, (hex) => Number.parseInt(hex, 16))
    case 'duration': {
      const { months, days, milliseconds } = (value ?? {}) as Partial<AvroDuration>
      const bytes = new Uint8Array(12)
      for (const [i, part] of [months, days, milliseconds].entries()) {
        if (typeof part !== 'number' || part >>> 0 !== part)
          throw invalid(path, value, 'a duration { months, days, milliseconds } of whole numbers')
        new DataView(bytes.buffer).setUint32(4 * i, part, true)
      }
      return bytes
    }
    default:
      return logical satisfies never
  }
}

const DAY_MS = 86_400_000
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function decimalToRaw(
  value: unknown,
  type: AvroType,
  logical: Logical & { readonly name: 'decimal' },
  path: string,
): Uint8Array {
  const wanted = `a Decimal (or its text) of at most ${logical.precision} digits, ${logical.scale} of them behind the point,`
  let decimal: Decimal
  try {
    decimal = (typeof value === 'string' ? Decimal.parse(value) : (value as Decimal)).withScale(logical.scale)
  } catch {
    throw invalid(path, value, wanted)
  }
  if (decimal.precision > logical.precision) throw invalid(path, String(value), wanted)
  if (type.kind !== 'fixed') return bytesOfInteger(decimal.unscaled)
  if (BigInt.asIntN(8 * type.sizeBytes, decimal.unscaled) !== decimal.unscaled)
    throw invalid(path, String(value), `a Decimal that fits ${type.sizeBytes} bytes`)
  return writeInteger(new Uint8Array(type.sizeBytes), decimal.unscaled)
}

// Raw to JavaScript

export function fromRaw(raw: Raw, type: AvroType, shape: AvroShape, path = ''): unknown {
  const logical = logicalOf(type, shape)
  if (logical !== undefined) return logicalFromRaw(raw, logical, path)
  switch (type.kind) {
    case 'long': {
      if (shape.longs === 'bigint') return raw
      const number = Number(raw)
      if (Number.isSafeInteger(number)) return number
      throw new SerdeError(
        'INVALID_VALUE',
        `${at(path)}${String(raw as bigint)} is not exact as a number; use long: 'bigint'`,
        {
          path,
        },
      )
    }
    case 'bytes':
    case 'fixed':
      return Uint8Array.prototype.slice.call(raw)
    case 'array':
      return (raw as readonly Raw[]).map((item, i) => fromRaw(item, type.items, shape, path + pointerStep(i)))
    case 'map':
      return objectOf(
        [...(raw as ReadonlyMap<string, Raw>)].map(([key, item]) => [
          key,
          fromRaw(item, type.values, shape, path + pointerStep(key)),
        ]),
      )
    case 'record':
      return objectOf(
        type.fields.map((field) => [
          field.name,
          fromRaw(
            (raw as ReadonlyMap<string, Raw>).get(field.name)!,
            field.type,
            shape,
            path + pointerStep(field.name),
          ),
        ]),
      )
    case 'union': {
      const { branch, value } = raw as RawUnion
      const chosen = type.branches[branch]!
      if (isUnwrapped(type, shape) || chosen.kind === 'null') return fromRaw(value, chosen, shape, path)
      const name = branchName(chosen)
      return objectOf([[name, fromRaw(value, chosen, shape, path + pointerStep(name))]])
    }
    default:
      return raw
  }
}

/** Any name is a member like any other, `__proto__` too. */
function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries)
}

export function logicalFromRaw(raw: Raw, logical: Logical, path: string): unknown {
  switch (logical.name) {
    case 'decimal':
      return new Decimal(integerOfBytes(raw as Uint8Array), logical.scale)
    case 'date':
      return dateOf(Number(raw) * DAY_MS, path)
    case 'timestamp-millis':
      return dateOf(Number(raw), path)
    case 'uuid': {
      if (typeof raw === 'string') return raw
      const hex = Array.from(raw as Uint8Array, (byte) => byte.toString(16).padStart(2, '0')).join('')
      return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    }
    case 'duration': {
      const bytes = raw as Uint8Array
      const view = new DataView(bytes.buffer, bytes.byteOffset, 12)
      return { months: view.getUint32(0, true), days: view.getUint32(4, true), milliseconds: view.getUint32(8, true) }
    }
    default:
      return logical satisfies never
  }
}

function dateOf(ms: number, path: string): Date {
  const date = new Date(ms)
  if (Number.isNaN(date.getTime()))
    throw new SerdeError('INVALID_VALUE', `${at(path)}the time is beyond what a Date holds; use logicalTypes: false`, {
      path,
    })
  return date
}

// Raw to bytes and back

export function writeRaw(raw: Raw, type: AvroType, out: number[]): void {
  switch (type.kind) {
    case 'null':
      return
    case 'boolean':
      out.push(raw === true ? 1 : 0)
      return
    case 'int':
    case 'long':
      writeLong(BigInt(raw as number | bigint), out)
      return
    case 'float':
    case 'double': {
      const bytes = new Uint8Array(type.kind === 'float' ? 4 : 8)
      const view = new DataView(bytes.buffer)
      if (type.kind === 'float') view.setFloat32(0, raw as number, true)
      else view.setFloat64(0, raw as number, true)
      out.push(...bytes)
      return
    }
    case 'string':
      return writeSized(new TextEncoder().encode(raw as string), out)
    case 'bytes':
      return writeSized(raw as Uint8Array, out)
    case 'fixed':
      for (const byte of raw as Uint8Array) out.push(byte)
      return
    case 'enum':
      writeLong(BigInt(type.symbols.indexOf(raw as string)), out)
      return
    case 'array': {
      const items = raw as readonly Raw[]
      if (items.length > 0) writeLong(BigInt(items.length), out)
      for (const item of items) writeRaw(item, type.items, out)
      writeLong(0n, out)
      return
    }
    case 'map': {
      const map = raw as ReadonlyMap<string, Raw>
      if (map.size > 0) writeLong(BigInt(map.size), out)
      for (const [key, item] of map) {
        writeSized(new TextEncoder().encode(key), out)
        writeRaw(item, type.values, out)
      }
      writeLong(0n, out)
      return
    }
    case 'record':
      for (const field of type.fields) writeRaw((raw as ReadonlyMap<string, Raw>).get(field.name)!, field.type, out)
      return
    case 'union': {
      const { branch, value } = raw as RawUnion
      writeLong(BigInt(branch), out)
      return writeRaw(value, type.branches[branch]!, out)
    }
    default:
      return type satisfies never
  }
}

function writeSized(bytes: Uint8Array, out: number[]): void {
  writeLong(BigInt(bytes.length), out)
  for (const byte of bytes) out.push(byte)
}

function writeLong(value: bigint, out: number[]): void {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  out.push(Number(rest))
}

export class RawReader {
  readonly #bytes: Uint8Array
  #emptyCount = 0
  at: number

  constructor(bytes: Uint8Array, start = 0) {
    this.#bytes = bytes
    this.at = start
  }

  get left(): number {
    return this.#bytes.length - this.at
  }

  read(type: AvroType, path = '', depth = 0): Raw {
    if (depth > VALUE_DEPTH_MAX) throw this.#malformed(path, `nested deeper than ${VALUE_DEPTH_MAX} levels`)
    switch (type.kind) {
      case 'null':
        return null
      case 'boolean': {
        const byte = this.#take(1, path)[0]!
        if (byte > 1) throw this.#malformed(path, `${byte} is no boolean`)
        return byte === 1
      }
      case 'int': {
        const value = this.#long(path)
        if (BigInt.asIntN(32, value) !== value) throw this.#malformed(path, `${value} is no 32-bit integer`)
        return Number(value)
      }
      case 'long':
        return this.#long(path)
      case 'float':
      case 'double': {
        const bytes = this.#take(type.kind === 'float' ? 4 : 8, path)
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
        return type.kind === 'float' ? view.getFloat32(0, true) : view.getFloat64(0, true)
      }
      case 'string':
        return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#take(this.#long(path), path))
      case 'bytes':
        return this.#take(this.#long(path), path)
      case 'fixed':
        return this.#take(type.sizeBytes, path)
      case 'enum': {
        const index = this.#long(path)
        const symbol = index < 0n ? undefined : type.symbols[Number(index)]
        if (symbol === undefined) throw this.#malformed(path, `${type.fullName} has no symbol ${index}`)
        return symbol
      }
      case 'array': {
        const items: Raw[] = []
        this.#blocks(path, () => void items.push(this.read(type.items, path + pointerStep(items.length), depth + 1)))
        return items
      }
      case 'map': {
        const map = new Map<string, Raw>()
        this.#blocks(path, () => {
          const key = new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#take(this.#long(path), path))
          map.set(key, this.read(type.values, path + pointerStep(key), depth + 1))
        })
        return map
      }
      case 'record':
        return new Map(
          type.fields.map((field) => [field.name, this.read(field.type, path + pointerStep(field.name), depth + 1)]),
        )
      case 'union': {
        const index = this.#long(path)
        const chosen = index < 0n ? undefined : type.branches[Number(index)]
        if (chosen === undefined) throw this.#malformed(path, `the union has no branch ${index}`)
        return { branch: Number(index), value: this.read(chosen, path, depth + 1) }
      }
      default:
        return type satisfies never
    }
  }

  /** @throws when bytes are left over */
  end(): void {
    if (this.left > 0) throw this.#malformed('', `${this.left} bytes are left over`)
  }

  #blocks(path: string, item: () => void): void {
    for (let count = this.#long(path); count !== 0n; count = this.#long(path)) {
      if (count < 0n) {
        count = -count
        this.#long(path)
      }
      for (let i = 0n; i < count; i++) {
        const before = this.at
        item()
        if (this.at === before && ++this.#emptyCount > EMPTY_ITEMS_MAX)
          throw this.#malformed(path, `more than ${EMPTY_ITEMS_MAX} items without content`)
      }
    }
  }

  #take(size: number | bigint, path: string): Uint8Array {
    if (size < 0 || size > this.left) throw this.#malformed(path, `${size} bytes are announced, ${this.left} are left`)
    const start = this.at
    this.at += Number(size)
    return this.#bytes.subarray(start, this.at)
  }

  #long(path: string): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.at++]
      if (byte === undefined) throw this.#malformed(path, 'the bytes end here')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        if (BigInt.asUintN(64, value) !== value) break
        return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n))
      }
    }
    throw this.#malformed(path, 'the number has more than 64 bits')
  }

  #malformed(path: string, reason: string): SerdeError {
    return new SerdeError('MALFORMED', `${at(path)}${reason} (byte ${this.at})`, { path })
  }
}

// The writer's value to the reader's

export function resolveRaw(raw: Raw, writer: AvroType, reader: AvroType, path = ''): Raw {
  if (writer.kind === 'union') {
    const { branch, value } = raw as RawUnion
    return resolveRaw(value, writer.branches[branch]!, reader, path)
  }
  if (reader.kind === 'union') {
    const branch = readerBranch(writer, reader)
    if (branch === undefined)
      throw mismatch(
        path,
        `the writer's ${branchName(writer)} fits no branch of the reader's union (${reader.branches.map(branchName).join(', ')})`,
      )
    return { branch, value: resolveRaw(raw, writer, reader.branches[branch]!, path) }
  }
  const reason = rootMismatch(writer, reader)
  if (reason !== undefined) throw mismatch(path, reason)
  switch (reader.kind) {
    case 'long':
      return BigInt(raw as number | bigint)
    case 'float':
      return Math.fround(Number(raw))
    case 'double':
      return Number(raw)
    case 'string':
      return typeof raw === 'string' ? raw : new TextDecoder('utf-8', { ignoreBOM: true }).decode(raw as Uint8Array)
    case 'bytes':
      return typeof raw === 'string' ? Buffer.from(raw) : raw
    case 'enum': {
      if (reader.symbols.includes(raw as string)) return raw
      if (reader.default !== undefined) return reader.default
      throw mismatch(path, `the reader's ${reader.fullName} has no symbol "${raw as string}", and no default`)
    }
    case 'array': {
      const items = (writer as typeof reader).items
      return (raw as readonly Raw[]).map((item, i) => resolveRaw(item, items, reader.items, path + pointerStep(i)))
    }
    case 'map': {
      const values = (writer as typeof reader).values
      return new Map(
        [...(raw as ReadonlyMap<string, Raw>)].map(([key, item]) => [
          key,
          resolveRaw(item, values, reader.values, path + pointerStep(key)),
        ]),
      )
    }
    case 'record':
      return new Map(
        reader.fields.map((field) => {
          const written = writerField(field, writer as AvroRecord)
          if (written === undefined) return [field.name, rawOfDefault(field.default!, field.type)]
          const value = (raw as ReadonlyMap<string, Raw>).get(written.name)!
          return [field.name, resolveRaw(value, written.type, field.type, path + pointerStep(field.name))]
        }),
      )
    default:
      return raw
  }
}

/** Why the reader cannot read anything of the writer, looking no deeper than the types themselves; neither is a union. */
export function rootMismatch(
  writer: Exclude<AvroType, AvroUnion>,
  reader: Exclude<AvroType, AvroUnion>,
): string | undefined {
  if (writer.kind !== reader.kind) {
    if (PROMOTIONS[writer.kind]?.includes(reader.kind) === true) return undefined
    return `the writer's ${branchName(writer)} cannot be read as the reader's ${branchName(reader)}`
  }
  if (reader.kind === 'fixed' && writer.kind === 'fixed') {
    if (reader.sizeBytes !== writer.sizeBytes)
      return `the writer's ${writer.fullName} has ${writer.sizeBytes} bytes, the reader's ${reader.sizeBytes}`
    if (!isSameName(writer, reader)) return `the writer's ${writer.fullName} is not the reader's ${reader.fullName}`
  }
  if (reader.kind === 'enum' && !isSameName(writer, reader))
    return `the writer's ${branchName(writer)} is not the reader's ${reader.fullName}`
  if (reader.kind === 'record') {
    const missing = reader.fields.find(
      (field) => field.default === undefined && writerField(field, writer as AvroRecord) === undefined,
    )
    if (missing !== undefined)
      return `the reader's field "${missing.name}" of ${reader.fullName} is not in the writer's schema, and has no default`
  }
  return undefined
}

const PROMOTIONS: Readonly<Partial<Record<AvroType['kind'], readonly AvroType['kind'][]>>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
}

function isSameName(writer: AvroType, reader: AvroType): boolean {
  return isNamed(writer) && isNamed(reader) && (writer.name === reader.name || reader.aliases.includes(writer.fullName))
}

/** The reader's field is filled from the writer's of its name, else of its first alias that the writer has. */
export function writerField(field: AvroField, writer: AvroRecord): AvroField | undefined {
  for (const name of [field.name, ...field.aliases]) {
    const found = writer.fields.find((each) => each.name === name)
    if (found !== undefined) return found
  }
  return undefined
}

/** The same type and name, else the same type and a record of another name, else the first that the writer's can become. */
export function readerBranch(writer: Exclude<AvroType, AvroUnion>, reader: AvroUnion): number | undefined {
  const fits = (accepts: (branch: Exclude<AvroType, AvroUnion>) => boolean): number =>
    reader.branches.findIndex(
      (branch) => branch.kind !== 'union' && accepts(branch) && rootMismatch(writer, branch) === undefined,
    )
  const isFull = (branch: AvroType): boolean => branch.kind === writer.kind && branchName(branch) === branchName(writer)
  const found = [
    fits(isFull),
    fits((branch) => branch.kind === writer.kind && isSameName(writer, branch)),
    fits((branch) => branch.kind === writer.kind),
    fits(() => true),
  ].find((index) => index >= 0)
  return found
}

/** A default as the parser has accepted it. @throws SerdeError where it does not fit its type */
export function rawOfDefault(value: JsonValue, type: AvroType): Raw {
  const reason = defaultMismatch(value, type)
  if (reason !== undefined) throw mismatch(reason.path, `the default does not fit: ${reason.reason}`)
  switch (type.kind) {
    case 'int':
      return (value as JsonNumber).value
    case 'long':
      return BigInt((value as JsonNumber).text)
    case 'float':
    case 'double': {
      const number = value instanceof JsonNumber ? value.value : Number(value)
      return type.kind === 'float' ? Math.fround(number) : number
    }
    case 'bytes':
    case 'fixed':
      return Uint8Array.from(value as string, (c) => c.charCodeAt(0))
    case 'array':
      return (isJsonArray(value) ? value : []).map((item) => rawOfDefault(item, type.items))
    case 'map':
      return new Map(isJsonObject(value) ? [...value].map(([key, item]) => [key, rawOfDefault(item, type.values)]) : [])
    case 'record': {
      const members = isJsonObject(value) ? value : new Map<string, JsonValue>()
      return new Map(
        type.fields.map((field) => [
          field.name,
          rawOfDefault(members.get(field.name) ?? field.default ?? null, field.type),
        ]),
      )
    }
    case 'union': {
      const branch = type.branches.findIndex((each) => defaultMismatch(value, each) === undefined)
      return { branch, value: rawOfDefault(value, type.branches[branch]!) }
    }
    default:
      return value as Raw
  }
}
