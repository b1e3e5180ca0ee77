/**
 * Reads wire types from bytes it does not own.
 *
 * Every read is checked against the end of the bytes before anything is allocated, so that memory stays in proportion
 * to what was received. Strings are decoded as Java does (malformed UTF-8 becomes U+FFFD); `bytes` are views of the
 * input and live as long as it does. `at`, `end`, `view` and `bytes` are public for the generated decoders.
 *
 * Source of the encodings: Apache Kafka's protocol guide, KIP-482 (compact lengths).
 */
import { ZERO_UUID, type Uuid } from '@braidlog/model/nouns'
import { ProtocolError } from './errors.ts'
import { internString, internUuid } from './intern.ts'

/** Kafka's limit of a string in UTF-8, in every version: the length must fit into an int16. */
export const STRING_SIZE_MAX = 0x7fff
/** Shared by every empty `bytes` value. */
export const EMPTY_BYTES: Uint8Array = new Uint8Array(0)

export class Reader {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Position of the next byte, relative to `bytes`. */
  at: number
  /** End of the readable bytes. */
  readonly end: number

  /** @param view of all of `bytes`, where there is one: making another takes longer than reading a header */
  constructor(bytes: Uint8Array, at = 0, end = bytes.length, view?: DataView) {
    this.bytes = bytes
    this.view = view ?? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
    this.end = end
  }

  remaining(): number {
    return this.end - this.at
  }

  /** Takes `size` bytes. @returns the position of the first. */
  need(size: number): number {
    const at = this.at
    if (size > this.end - at) {
      throw new ProtocolError('TRUNCATED', `${size} bytes expected, ${this.end - at} left; the sender cut the message`)
    }
    this.at = at + size
    return at
  }

  bool(): boolean {
    return this.bytes[this.need(1)] !== 0
  }

  int8(): number {
    return this.view.getInt8(this.need(1))
  }

  int16(): number {
    return this.view.getInt16(this.need(2))
  }

  uint16(): number {
    return this.view.getUint16(this.need(2))
  }

  int32(): number {
    return this.view.getInt32(this.need(4))
  }

  uint32(): number {
    return this.view.getUint32(this.need(4))
  }

  int64(): number {
    return int64At(this.view, this.need(8))
  }

  float64(): number {
    return this.view.getFloat64(this.need(8))
  }

  uuid(): Uuid {
    return this.uuidAt(this.need(16))
  }

  /** The uuid at a position that was checked before. */
  uuidAt(at: number): Uuid {
    const { view } = this
    const a = view.getInt32(at)
    const b = view.getInt32(at + 4)
    const c = view.getInt32(at + 8)
    const d = view.getInt32(at + 12)
    if ((a | b | c | d) === 0) return ZERO_UUID
    return internUuid(a, b, c, d)
  }

  /** An unsigned integer of up to 32 bits in one to five bytes, lowest seven bits first. */
  uvarint(): number {
    const { bytes, end } = this
    let at = this.at
    if (at < end && bytes[at]! < 0x80) {
      this.at = at + 1
      return bytes[at]!
    }
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= end) throw new ProtocolError('TRUNCATED', 'the bytes end inside a varint')
      const byte = bytes[at++]!
      if (shift === 28 && byte > 0x0f) break
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.at = at
        return value >>> 0
      }
    }
    throw new ProtocolError('INVALID_VARINT', 'a varint of more than 32 bits')
  }

  string(): string {
    return this.#text(this.int16())
  }

  nullableString(): string | null {
    const size = this.int16()
    return size === -1 ? null : this.#text(size)
  }

  compactString(): string {
    return this.#text(this.uvarint() - 1)
  }

  compactNullableString(): string | null {
    const size = this.uvarint() - 1
    return size === -1 ? null : this.#text(size)
  }

  /** @returns a view of the input. */
  byteString(): Uint8Array {
    return this.#slice(this.int32())
  }

  nullableByteString(): Uint8Array | null {
    const size = this.int32()
    return size === -1 ? null : this.#slice(size)
  }

  compactByteString(): Uint8Array {
    return this.#slice(this.uvarint() - 1)
  }

  compactNullableByteString(): Uint8Array | null {
    const size = this.uvarint() - 1
    return size === -1 ? null : this.#slice(size)
  }

  /**
   * Length of an array whose elements take at least `elementSizeMin` bytes each.
   * @returns -1 for null, which the caller refuses where it is illegal.
   */
  arrayLength(elementSizeMin: number): number {
    return this.#checkedCount(this.int32(), elementSizeMin)
  }

  compactArrayLength(elementSizeMin: number): number {
    return this.#checkedCount(this.uvarint() - 1, elementSizeMin)
  }

  /** The byte before a nullable struct: -1 null, 1 present. */
  structPresent(): boolean {
    const marker = this.int8()
    if (marker === 1) return true
    if (marker === -1) return false
    throw new ProtocolError('INVALID_VALUE', `a nullable struct starts with -1 or 1, not ${marker}`)
  }

  /** The marker before a nullable struct in a tagged field, where it is unsigned: 0 null, 1 present. */
  taggedStructPresent(): boolean {
    const marker = this.uvarint()
    if (marker === 1) return true
    if (marker === 0) return false
    throw new ProtocolError('INVALID_VALUE', `a nullable tagged struct starts with 0 or 1, not ${marker}`)
  }

  /** Steps over a tagged field that this version does not know. */
  skip(size: number): void {
    this.need(size)
  }

  /** Refuses a tagged field whose value took more or fewer bytes than its announced size. */
  checkTaggedEnd(start: number, size: number): void {
    if (this.at - start === size) return
    throw new ProtocolError('TRAILING_BYTES', `a tagged field of ${size} bytes held a value of ${this.at - start}`)
  }

  #checkedCount(count: number, elementSizeMin: number): number {
    if (count < -1 || count * elementSizeMin > this.end - this.at) {
      throw new ProtocolError('INVALID_LENGTH', `an array of ${count} elements, ${this.end - this.at} bytes left`)
    }
    return count
  }

  #text(size: number): string {
    if (size < 0) throw nullOrNegative(size)
    if (size > STRING_SIZE_MAX) throw new ProtocolError('INVALID_LENGTH', `a string of ${size} bytes`)
    if (size === 0) return ''
    const at = this.need(size)
    return internString(this.bytes, at, at + size)
  }

  #slice(size: number): Uint8Array {
    if (size < 0) throw nullOrNegative(size)
    if (size === 0) return EMPTY_BYTES
    const at = this.need(size)
    return this.bytes.subarray(at, at + size)
  }
}

/**
 * The checked number at `at`; the two ends of the range stand for ±Infinity.
 * @throws ProtocolError outside ±(2^53-1): a rounded offset would be worse than a refused one.
 */
export function int64At(view: DataView, at: number): number {
  const high = view.getInt32(at)
  const low = view.getUint32(at + 4)
  const value = high * 2 ** 32 + low
  if (Number.isSafeInteger(value)) return value
  if (high === 0x7fffffff && low === 0xffffffff) return Infinity
  if (high === -0x80000000 && low === 0) return -Infinity
  throw new ProtocolError('INVALID_VALUE', `a 64-bit integer near ${value} is outside ±(2^53-1)`)
}

function nullOrNegative(size: number): ProtocolError {
  if (size === -1) return new ProtocolError('UNEXPECTED_NULL', 'null where this version has none')
  return new ProtocolError('INVALID_LENGTH', `a length of ${size}`)
}
