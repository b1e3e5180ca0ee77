/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82f63b78) in plain JavaScript, sixteen bytes a step.
 *
 * Faster than a native call below a few hundred bytes, 1 GB/s above; the oracle of the native one.
 * Source: RFC 3720 B.4 for the parameters; Kounavis and Berry 2005 for slicing.
 */

const POLYNOMIAL = 0x82f63b78
const SLICES = 16

/** `TABLE[256 * k + b]`: the effect of byte `b` seen `k` bytes before the end of a step. */
const TABLE = new Int32Array(256 * SLICES)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL
  TABLE[byte] = crc
}
for (let at = 256; at < TABLE.length; at++) {
  const previous = TABLE[at - 256]!
  TABLE[at] = (previous >>> 8) ^ TABLE[previous & 0xff]!
}

/**
 * @param initial the checksum of what came before, to continue it
 * @returns the checksum of `bytes[start, end)`, in [0, 2^32)
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, initial = 0): number {
  const t = TABLE
  let crc = ~initial
  let at = start
  for (const last = end - SLICES; at <= last; at += SLICES) {
    crc =
      t[3840 + (bytes[at]! ^ (crc & 0xff))]! ^
      t[3584 + (bytes[at + 1]! ^ ((crc >>> 8) & 0xff))]! ^
      t[3328 + (bytes[at + 2]! ^ ((crc >>> 16) & 0xff))]! ^
      t[3072 + (bytes[at + 3]! ^ (crc >>> 24))]! ^
      t[2816 + bytes[at + 4]!]! ^
      t[2560 + bytes[at + 5]!]! ^
      t[2304 + bytes[at + 6]!]! ^
      t[2048 + bytes[at + 7]!]! ^
      t[1792 + bytes[at + 8]!]! ^
      t[1536 + bytes[at + 9]!]! ^
      t[1280 + bytes[at + 10]!]! ^
      t[1024 + bytes[at + 11]!]! ^
      t[768 + bytes[at + 12]!]! ^
      t[512 + bytes[at + 13]!]! ^
      t[256 + bytes[at + 14]!]! ^
      t[bytes[at + 15]!]!
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}
