/**
 * Where serializers write: one slab that all share, of which each value becomes a view. A value is written without looking at
 * the end of the slab (writes beyond the end of a typed array do nothing); one that turns out not to fit is written a second
 * time, into a slab of its own size. Serializing is synchronous, so there is one writer at a time.
 *
 * A view keeps its slab in memory: what is serialized is sent soon and forgotten.
 */
export interface Output {
  bytes: Buffer
  at: number
  depth: number
}

const SLAB_SIZE_BYTES = 64 * 1024

const output: Output = { bytes: Buffer.allocUnsafeSlow(SLAB_SIZE_BYTES), at: 0, depth: 0 }

/** @returns the prefix and what `write` writes behind it; the caller owns the bytes */
export function written<T>(write: (output: Output, value: T) => void, value: T, prefix: Uint8Array): Uint8Array {
  let start = output.at
  for (;;) {
    const { bytes } = output
    for (let i = 0; i < prefix.length; i++) bytes[start + i] = prefix[i]!
    output.at = start + prefix.length
    output.depth = 0
    try {
      write(output, value)
    } catch (error) {
      output.at = start
      throw error
    }
    if (output.at <= bytes.length) return bytes.subarray(start, output.at)
    const size = output.at - start
    output.bytes = Buffer.allocUnsafeSlow(Math.max(size, SLAB_SIZE_BYTES))
    start = 0
  }
}

/** @returns the prefix and the text in UTF-8 behind it; the caller owns the bytes */
export function writtenText(prefix: Uint8Array, text: string): Uint8Array {
  // No character of UTF-16 takes more than three bytes.
  const sizeMax = prefix.length + 3 * text.length
  if (sizeMax > SLAB_SIZE_BYTES / 4) {
    const bytes = Buffer.allocUnsafeSlow(prefix.length + Buffer.byteLength(text))
    bytes.set(prefix)
    bytes.write(text, prefix.length, 'utf8')
    return bytes
  }
  if (output.at + sizeMax > output.bytes.length) {
    output.bytes = Buffer.allocUnsafeSlow(SLAB_SIZE_BYTES)
    output.at = 0
  }
  const start = output.at
  const { bytes } = output
  for (let i = 0; i < prefix.length; i++) bytes[start + i] = prefix[i]!
  output.at = start + prefix.length + bytes.write(text, start + prefix.length, 'utf8')
  return bytes.subarray(start, output.at)
}

/** Characters up to which a loop is faster than a call out of JavaScript. */
const SHORT_TEXT = 24

/** Writes text and its size in bytes as a varint, shifted by `shift` bits (1 for Avro's zigzag, 0 for Protobuf). @returns the end */
export function writeText(bytes: Buffer, start: number, text: string, shift: 0 | 1): number {
  const { length } = text
  let at = start
  if (length <= SHORT_TEXT) {
    bytes[at++] = length << shift
    let i = 0
    for (; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) break
      bytes[at + i] = code
    }
    if (i === length) return at + length
    at = start
  }
  const sizeBytes = Buffer.byteLength(text)
  at = writeSize(bytes, at, sizeBytes * (1 << shift))
  if (at + sizeBytes <= bytes.length) bytes.write(text, at, sizeBytes, 'utf8')
  return at + sizeBytes
}

/** Writes a number of up to 53 bits as a varint. @returns the end */
export function writeSize(bytes: Buffer, start: number, size: number): number {
  let rest = size
  let at = start
  while (rest > 127) {
    bytes[at++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  bytes[at++] = rest
  return at
}

export function writeBytes(bytes: Buffer, at: number, value: Uint8Array): number {
  const end = at + value.length
  if (end <= bytes.length) bytes.set(value, at)
  return end
}

const scratch = new Uint8Array(8)
const scratchView = new DataView(scratch.buffer)

export function writeFloat(bytes: Buffer, at: number, value: number): number {
  scratchView.setFloat32(0, value, true)
  for (let i = 0; i < 4; i++) bytes[at + i] = scratch[i]!
  return at + 4
}

export function writeDouble(bytes: Buffer, at: number, value: number): number {
  scratchView.setFloat64(0, value, true)
  for (let i = 0; i < 8; i++) bytes[at + i] = scratch[i]!
  return at + 8
}

export function readFloat(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 4; i++) scratch[i] = bytes[at + i]!
  return scratchView.getFloat32(0, true)
}

export function readDouble(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 8; i++) scratch[i] = bytes[at + i]!
  return scratchView.getFloat64(0, true)
}

/** Text of ASCII characters is put together here, other text and long text by the host. */
export function readText(bytes: Buffer, start: number, end: number): string {
  const size = end - start
  if (size > SHORT_TEXT) return bytes.toString('utf8', start, end)
  let text = ''
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    if (byte > 127) return bytes.toString('utf8', start, end)
    text += String.fromCharCode(byte)
  }
  return text
}
