/**
 * Zig-zag variable-length integers of records: seven bits a byte, lowest first, the sign in bit 0.
 *
 * `varint` carries an int32 in at most 5 bytes, `varlong` an int64 in at most 10. A varlong is worked on as two 32-bit
 * halves, so that every safe integer is exact and what is not safe is told (`NaN`), never rounded.
 *
 * Source: Protocol Buffers' encoding of sint32 and sint64, which KIP-98 adopted.
 */

const VARINT_SIZE_BYTES_MAX = 5
const VARLONG_SIZE_BYTES_MAX = 10

/** Bytes that an int32 takes. */
export function varintSizeBytes(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x200000) return 3
  return zigzag < 0x10000000 ? 4 : 5
}

/** Bytes that a safe integer takes. */
export function varlongSizeBytes(value: number): number {
  // Zig-zag maps v >= 0 to 2v and v < 0 to -2v - 1; halving both sides of every bound keeps it below 2^53.
  const half = value < 0 ? -(value + 1) : value
  let size = 1
  for (let bound = 0x40; half >= bound; bound *= 0x80) size++
  return size
}

/** @returns the position after what was written */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  while (zigzag >= 0x80) {
    bytes[at++] = (zigzag & 0x7f) | 0x80
    zigzag >>>= 7
  }
  bytes[at++] = zigzag
  return at
}

/** @param value a safe integer @returns the position after what was written */
export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  if (value === (value | 0) && value !== -(2 ** 31)) return writeVarint(bytes, at, value)
  const high = Math.floor(value / 2 ** 32)
  const low = value | 0 // ToInt32 is modulo 2^32: the low half, also of a negative number
  const sign = high >> 31
  let zigzagLow = ((low << 1) ^ sign) >>> 0
  let zigzagHigh = (((high << 1) | (low >>> 31)) ^ sign) >>> 0
  while (zigzagHigh !== 0 || zigzagLow >= 0x80) {
    bytes[at++] = (zigzagLow & 0x7f) | 0x80
    zigzagLow = ((zigzagLow >>> 7) | (zigzagHigh << 25)) >>> 0
    zigzagHigh >>>= 7
  }
  bytes[at++] = zigzagLow
  return at
}

/**
 * Reads varints from `bytes`, from `at` on. Never throws: a malformed one sets `malformed`, which stays set, and reads as
 * 0. Running past the end of the array does so too; past the end of *what is to be read*, the caller looks at `at`.
 */
export class VarintReader {
  bytes: Uint8Array
  at: number
  malformed = false

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  reset(bytes: Uint8Array, at: number): void {
    this.bytes = bytes
    this.at = at
    this.malformed = false
  }

  varint(): number {
    const bytes = this.bytes
    let at = this.at
    const first = bytes[at]
    if (first !== undefined && first < 0x80) {
      this.at = at + 1
      return (first >>> 1) ^ -(first & 1)
    }
    const second = bytes[at + 1]
    if (second !== undefined && second < 0x80) {
      // Most sizes and offset deltas take two bytes; `first` is there when `second` is.
      this.at = at + 2
      const zigzag = (first! & 0x7f) | (second << 7)
      return (zigzag >>> 1) ^ -(zigzag & 1)
    }
    let zigzag = 0
    for (let i = 0; i < VARINT_SIZE_BYTES_MAX; i++) {
      const byte = bytes[at++]
      if (byte === undefined || (i === VARINT_SIZE_BYTES_MAX - 1 && byte > 0x0f)) return this.#fail()
      zigzag |= (byte & 0x7f) << (7 * i)
      if (byte < 0x80) break
    }
    this.at = at
    return (zigzag >>> 1) ^ -(zigzag & 1)
  }

  /** @returns `NaN` when the value is outside ±(2^53-1); the position still moves past it */
  varlong(): number {
    const bytes = this.bytes
    let at = this.at
    const first = bytes[at]
    if (first !== undefined && first < 0x80) {
      this.at = at + 1
      return (first >>> 1) ^ -(first & 1)
    }
    let low = 0
    let high = 0
    for (let i = 0; i < VARLONG_SIZE_BYTES_MAX; i++) {
      const byte = bytes[at++]
      if (byte === undefined || (i === VARLONG_SIZE_BYTES_MAX - 1 && byte > 1)) return this.#fail()
      const shift = 7 * i
      const bits = byte & 0x7f
      if (shift < 32) low |= bits << shift
      if (shift > 32) high |= bits << (shift - 32)
      else if (shift > 25) high |= bits >>> (32 - shift)
      if (byte < 0x80) break
    }
    this.at = at
    const sign = -(low & 1)
    const valueLow = (((low >>> 1) | (high << 31)) ^ sign) >>> 0
    const valueHigh = ((high >>> 1) ^ sign) | 0
    const value = valueHigh * 2 ** 32 + valueLow
    return Number.isSafeInteger(value) ? value : Number.NaN
  }

  /** Like `varlong`, exact over the whole int64. For the rare value that a number cannot hold. */
  varlongBigInt(): bigint {
    let zigzag = 0n
    for (let i = 0; i < VARLONG_SIZE_BYTES_MAX; i++) {
      const byte = this.bytes[this.at++]
      if (byte === undefined || (i === VARLONG_SIZE_BYTES_MAX - 1 && byte > 1)) return BigInt(this.#fail())
      zigzag |= BigInt(byte & 0x7f) << BigInt(7 * i)
      if (byte < 0x80) break
    }
    return (zigzag >> 1n) ^ -(zigzag & 1n)
  }

  #fail(): number {
    this.malformed = true
    return 0
  }
}
