/**
 * The framing in which Java clients write snappy, named after its author.
 *
 * ```
 *  at  size  field
 *   0    8   magic            82 53 4e 41 50 50 59 00
 *   8    4   version          1
 *  12    4   compatible from  1
 *  16    4   block size       then so many bytes of one raw snappy block; repeated to the end
 * ```
 *
 * Concatenated streams repeat the sixteen bytes: a reader knows them by the magic's first bytes, which as a block size
 * would be negative. Clients that are not Java also send one raw block without any framing. A raw block begins with
 * the size of what it expands to, as a varint.
 */
import { RecordsError } from './errors.ts'

const MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]
const HEADER_SIZE_BYTES = 16
/** Bytes that go into one block: where snappy starts anew anyway, and what the reader needs at once. */
const BLOCK_SIZE_BYTES = 64 * 1024
/** A snappy copy element turns 3 bytes into at most 64. */
const EXPANSION_MAX = 22

/** Pieces of `bytes` that become one block each. @returns views */
export function xerialInputs(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += BLOCK_SIZE_BYTES) pieces.push(bytes.subarray(at, at + BLOCK_SIZE_BYTES))
  return pieces
}

/** @param blocks raw snappy blocks, in order */
export function xerialFrame(blocks: readonly Uint8Array[]): Uint8Array {
  let sizeBytes = HEADER_SIZE_BYTES
  for (const block of blocks) sizeBytes += 4 + block.length
  const framed = new Uint8Array(sizeBytes)
  const view = new DataView(framed.buffer)
  framed.set(MAGIC)
  view.setInt32(8, 1)
  view.setInt32(12, 1)
  let at = HEADER_SIZE_BYTES
  for (const block of blocks) {
    view.setInt32(at, block.length)
    framed.set(block, at + 4)
    at += 4 + block.length
  }
  return framed
}

/**
 * The raw snappy blocks in `bytes`, framed or not, whose expanded sizes have been added up.
 * @returns views of `bytes`
 * @throws RecordsError `CORRUPT_COMPRESSED_DATA`, `DECOMPRESSED_TOO_LARGE`
 */
export function snappyBlocks(bytes: Uint8Array, sizeBytesMax: number): { blocks: Uint8Array[]; sizeBytes: number } {
  const blocks = hasMagic(bytes, 0) ? framedBlocks(bytes) : [bytes]
  let sizeBytes = 0
  for (const block of blocks) sizeBytes += expandedSizeBytes(block)
  if (sizeBytes > sizeBytesMax) {
    throw new RecordsError(
      'DECOMPRESSED_TOO_LARGE',
      `${sizeBytes} bytes of snappy; at most ${sizeBytesMax} are accepted`,
    )
  }
  return { blocks, sizeBytes }
}

function framedBlocks(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocks: Uint8Array[] = []
  let at = HEADER_SIZE_BYTES
  if (at > bytes.length) throw corrupt('a header cut short')
  while (at < bytes.length) {
    if (hasMagic(bytes, at)) {
      at += HEADER_SIZE_BYTES
      continue
    }
    if (at + 4 > bytes.length) throw corrupt('a block size cut short')
    const sizeBytes = view.getInt32(at)
    at += 4
    if (sizeBytes <= 0 || sizeBytes > bytes.length - at) throw corrupt(`a block of ${sizeBytes} bytes`)
    blocks.push(bytes.subarray(at, at + sizeBytes))
    at += sizeBytes
  }
  return blocks
}

function hasMagic(bytes: Uint8Array, at: number): boolean {
  return bytes.length - at >= MAGIC.length && MAGIC.every((byte, i) => bytes[at + i] === byte)
}

function expandedSizeBytes(block: Uint8Array): number {
  let size = 0
  for (let i = 0; i < 5; i++) {
    const byte = block[i]
    if (byte === undefined) throw corrupt('a block without its size')
    size += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) {
      // Checked before anything is allocated by it.
      if (size > block.length * EXPANSION_MAX) throw corrupt(`${block.length} bytes that claim to expand to ${size}`)
      return size
    }
  }
  throw corrupt('a block size of more than five bytes')
}

function corrupt(what: string): RecordsError {
  return new RecordsError('CORRUPT_COMPRESSED_DATA', `snappy data with ${what}`)
}
