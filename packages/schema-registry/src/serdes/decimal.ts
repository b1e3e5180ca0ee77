/** Decimal numbers without rounding: an integer and the number of digits behind the point, as Avro's `decimal` has them. */

export class Decimal {
  readonly unscaled: bigint
  /** Digits behind the point. */
  readonly scale: number

  constructor(unscaled: bigint, scale: number) {
    if (!Number.isInteger(scale) || scale < 0 || scale > SCALE_MAX)
      throw new RangeError(`a scale of ${scale} is not possible`)
    this.unscaled = unscaled
    this.scale = scale
  }

  /** @param text such as `-12.50` or `3`; the digits behind the point are the scale @throws RangeError */
  static parse(text: string): Decimal {
    const [, sign = '', whole = '', fraction = ''] = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text) ?? []
    if (whole === '' && fraction === '') throw new RangeError(`${JSON.stringify(text)} is not a decimal number`)
    if (text.length > DIGITS_MAX) throw new RangeError(`a decimal number has at most ${DIGITS_MAX} digits`)
    const unscaled = BigInt(whole + fraction)
    return new Decimal(sign === '-' ? -unscaled : unscaled, fraction.length)
  }

  /** The same number with another scale. @throws RangeError when digits would be lost */
  withScale(scale: number): Decimal {
    if (scale === this.scale) return this
    if (scale > this.scale) return new Decimal(this.unscaled * 10n ** BigInt(scale - this.scale), scale)
    const divisor = 10n ** BigInt(this.scale - scale)
    if (this.unscaled % divisor !== 0n)
      throw new RangeError(`${this.toString()} has more than ${scale} digits behind the point`)
    return new Decimal(this.unscaled / divisor, scale)
  }

  /** How many digits it has, without leading zeros. */
  get precision(): number {
    return String(this.unscaled < 0n ? -this.unscaled : this.unscaled).length
  }

  equals(other: Decimal): boolean {
    const scale = Math.max(this.scale, other.scale)
    return this.withScale(scale).unscaled === other.withScale(scale).unscaled
  }

  toString(): string {
    const digits = String(this.unscaled < 0n ? -this.unscaled : this.unscaled).padStart(this.scale + 1, '0')
    const sign = this.unscaled < 0n ? '-' : ''
    if (this.scale === 0) return sign + digits
    return `${sign}${digits.slice(0, -this.scale)}.${digits.slice(-this.scale)}`
  }

  toJSON(): string {
    return this.toString()
  }
}

const SCALE_MAX = 10_000
const DIGITS_MAX = 10_000

/** Big-endian two's complement, as short as it goes. */
export function bytesOfInteger(value: bigint): Uint8Array {
  let sizeBytes = 1
  while (BigInt.asIntN(8 * sizeBytes, value) !== value) sizeBytes++
  return writeInteger(new Uint8Array(sizeBytes), value)
}

/** Fills the bytes with the number, sign-extended. */
export function writeInteger(bytes: Uint8Array, value: bigint): Uint8Array {
  let rest = value
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

export function integerOfBytes(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  let hex = ''
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex}`))
}
