/** Integers on the wire, for generated code: as numbers wherever they fit, as bigint where they do not. */
import { Misfit, type Input } from '../misfit.ts'
import { writeSize } from '../output.ts'
import type { ProtoInteger } from './slow-codec.ts'

const EXACT = 2 ** 52
const EXACT_BIGINT = 2n ** 52n

/** @returns the end */
export function writeInteger(bytes: Buffer, at: number, value: unknown, scalar: ProtoInteger): number {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) throw new Misfit('not a whole number')
    if (value >= -EXACT && value < EXACT) return writeNumber(bytes, at, value, scalar)
    if (!Number.isSafeInteger(value)) throw new Misfit('not exact')
    return writeBigint(bytes, at, BigInt(value), scalar)
  }
  if (typeof value !== 'bigint') throw new Misfit('not a number')
  if (value >= -EXACT_BIGINT && value < EXACT_BIGINT) return writeNumber(bytes, at, Number(value), scalar)
  return writeBigint(bytes, at, value, scalar)
}

function writeNumber(bytes: Buffer, at: number, value: number, scalar: ProtoInteger): number {
  switch (scalar) {
    case 'int32':
      if (value !== (value | 0)) throw new Misfit('more than 32 bits')
      return value >= 0 ? writeSize(bytes, at, value) : writeNegative(bytes, at, value)
    case 'sint32':
      if (value !== (value | 0)) throw new Misfit('more than 32 bits')
      return writeSize(bytes, at, ((value << 1) ^ (value >> 31)) >>> 0)
    case 'uint32':
      if (value !== value >>> 0) throw new Misfit('more than 32 bits')
      return writeSize(bytes, at, value)
    case 'int64':
      return value >= 0 ? writeSize(bytes, at, value) : writeNegative(bytes, at, value)
    case 'sint64':
      return writeSize(bytes, at, value >= 0 ? value * 2 : -value * 2 - 1)
    case 'uint64':
      if (value < 0) throw new Misfit('negative')
      return writeSize(bytes, at, value)
    case 'fixed32':
      if (value !== value >>> 0) throw new Misfit('more than 32 bits')
      return writeWord(bytes, at, value)
    case 'sfixed32':
      if (value !== (value | 0)) throw new Misfit('more than 32 bits')
      return writeWord(bytes, at, value)
    case 'fixed64':
      if (value < 0) throw new Misfit('negative')
      return writeWord(bytes, writeWord(bytes, at, value % 2 ** 32), Math.floor(value / 2 ** 32))
    case 'sfixed64':
      return writeWord(bytes, writeWord(bytes, at, value), Math.floor(value / 2 ** 32))
    default:
      return scalar satisfies never
  }
}

/** Sign-extended to ten bytes. */
function writeNegative(bytes: Buffer, start: number, value: number): number {
  // Two's complement in two halves of 35 and 29 bits: seven bits a byte.
  let low = value % 2 ** 35
  let high = Math.floor(value / 2 ** 35)
  if (low < 0) low += 2 ** 35
  if (high < 0) high += 2 ** 29
  let at = start
  for (let i = 0; i < 5; i++) {
    bytes[at++] = (low % 128) | 128
    low = Math.floor(low / 128)
  }
  for (let i = 0; i < 4; i++) {
    bytes[at++] = (high % 128) | 128
    high = Math.floor(high / 128)
  }
  bytes[at++] = high
  return at
}

function writeWord(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value
  bytes[at + 1] = value >> 8
  bytes[at + 2] = value >> 16
  bytes[at + 3] = value >> 24
  return at + 4
}

function writeBigint(bytes: Buffer, start: number, value: bigint, scalar: ProtoInteger): number {
  if (!scalar.endsWith('64')) throw new Misfit('more than 32 bits')
  const isSigned = scalar !== 'uint64' && scalar !== 'fixed64'
  if ((isSigned ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)) !== value) throw new Misfit('more than 64 bits')
  let at = start
  if (scalar === 'fixed64' || scalar === 'sfixed64') {
    const unsigned = BigInt.asUintN(64, value)
    return writeWord(bytes, writeWord(bytes, at, Number(unsigned & 0xffffffffn)), Number(unsigned >> 32n))
  }
  let rest = BigInt.asUintN(64, scalar === 'sint64' ? (value << 1n) ^ (value >> 63n) : value)
  while (rest > 127n) {
    bytes[at++] = Number(rest & 127n) | 128
    rest >>= 7n
  }
  bytes[at++] = Number(rest)
  return at
}

/** A size or a tag: at most 32 bits. */
export function readSize(input: Input): number {
  const value = readVarint(input)
  if (typeof value === 'bigint' || value > 0xffffffff) throw new Misfit('not a size')
  return value
}

/** The low 32 bits of a varint, signed. */
export function readInt32(input: Input): number {
  const value = readVarint(input)
  return typeof value === 'number' ? (value % 2 ** 32) | 0 : Number(BigInt.asIntN(32, value))
}

export function readUint32(input: Input): number {
  return readInt32(input) >>> 0
}

export function readSint32(input: Input): number {
  const value = readUint32(input)
  return (value >>> 1) ^ -(value & 1)
}

export function readInt64(input: Input): bigint {
  return BigInt.asIntN(64, BigInt(readVarint(input)))
}

export function readUint64(input: Input): bigint {
  return BigInt(readVarint(input))
}

export function readSint64(input: Input): bigint {
  const value = BigInt(readVarint(input))
  return (value >> 1n) ^ -(value & 1n)
}

/** @throws Misfit where it is not exact */
export function exact(value: bigint): number {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  throw new Misfit('not exact')
}

export function readInt64Number(input: Input): number {
  const value = readVarint(input)
  return typeof value === 'number' ? value : exact(BigInt.asIntN(64, value))
}

export function readUint64Number(input: Input): number {
  const value = readVarint(input)
  return typeof value === 'number' ? value : exact(value)
}

export function readSint64Number(input: Input): number {
  const value = readVarint(input)
  if (typeof value === 'bigint') return exact((value >> 1n) ^ -(value & 1n))
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

export function readFixed64(bytes: Buffer, at: number): bigint {
  return (BigInt(readWord(bytes, at + 4) >>> 0) << 32n) | BigInt(readWord(bytes, at) >>> 0)
}

/** Signed. */
export function readWord(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** @returns a number up to 49 bits, a bigint of 64 above */
function readVarint(input: Input): number | bigint {
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
  let value: number | bigint = low
  if (!(byte < 128)) {
    let all = BigInt(low)
    for (let shift = 49n; shift < 70n; shift += 7n) {
      byte = bytes[at++]!
      all |= BigInt(byte & 127) << shift
      if (byte < 128) break
    }
    value = BigInt.asUintN(64, all)
  }
  if (!(byte < 128) || at > input.end) throw new Misfit('a number does not end')
  input.at = at
  return value
}
