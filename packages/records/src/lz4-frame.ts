/**
 * How large an LZ4 frame will be when decompressed, told without decompressing it: decoders that know no limit are
 * called only after this has said yes.
 *
 * ```
 * magic 04 22 4d 18 · FLG · BD · [content size 8] · [dictionary id 4] · header checksum 1
 * blocks: size uint32-LE (top bit: stored uncompressed) · data · [block checksum 4]     until a size of 0
 * [content checksum 4]
 *
 * FLG  7-6 version 01 · 5 independent blocks · 4 block checksums · 3 content size · 2 content checksum · 0 dictionary
 * BD   6-4 largest block: 4 64 KiB, 5 256 KiB, 6 1 MiB, 7 4 MiB
 * ```
 *
 * Source: LZ4 Frame Format 1.6; LZ4 Block Format.
 */
import { RecordsError } from './errors.ts'

const MAGIC = 0x184d2204
const FLG_DICTIONARY = 0x01
const FLG_CONTENT_CHECKSUM = 0x04
const FLG_CONTENT_SIZE = 0x08
const FLG_BLOCK_CHECKSUMS = 0x10
const STORED_BIT = 0x80000000

/**
 * @returns bytes that the frame holds
 * @throws RecordsError `CORRUPT_COMPRESSED_DATA` when the frame's structure is broken; damage inside a block may remain
 */
export function lz4FrameSizeBytes(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 7 || view.getUint32(0, true) !== MAGIC) throw corrupt('no frame header')
  const flags = bytes[4]!
  if (flags >> 6 !== 1) throw corrupt(`frame version ${flags >> 6}`)
  if ((flags & FLG_DICTIONARY) !== 0) throw corrupt('a dictionary, which batches cannot name')
  const blockSizeBytesMax = 1 << (8 + 2 * ((bytes[5]! >> 4) & 7))
  let at = 7 + ((flags & FLG_CONTENT_SIZE) === 0 ? 0 : 8)
  let sizeBytes = 0
  for (;;) {
    if (at + 4 > bytes.length) throw corrupt('no end mark')
    const field = view.getUint32(at, true)
    at += 4
    if (field === 0) break
    const stored = field >= STORED_BIT
    const blockSizeBytes = stored ? field - STORED_BIT : field
    const end = at + blockSizeBytes
    if (end > bytes.length) throw corrupt('a block cut short')
    const expanded = stored ? blockSizeBytes : blockExpandedSizeBytes(bytes, at, end)
    if (expanded > blockSizeBytesMax) throw corrupt('a block larger than the frame allows')
    sizeBytes += expanded
    at = end + ((flags & FLG_BLOCK_CHECKSUMS) === 0 ? 0 : 4)
  }
  if ((flags & FLG_CONTENT_CHECKSUM) !== 0) at += 4
  if (at > bytes.length) throw corrupt('a checksum cut short')
  return sizeBytes
}

/** Walks the sequences of a block: literals and matches, each with a length. */
function blockExpandedSizeBytes(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  let sizeBytes = 0
  while (at < end) {
    const token = bytes[at++]!
    let literals = token >> 4
    if (literals === 15) {
      let more: number
      do {
        if (at >= end) throw corrupt('a literal length cut short')
        more = bytes[at++]!
        literals += more
      } while (more === 255)
    }
    at += literals
    if (at > end) throw corrupt('literals cut short')
    sizeBytes += literals
    if (at === end) return sizeBytes // the last sequence has no match
    at += 2 // offset
    let match = (token & 15) + 4
    if ((token & 15) === 15) {
      let more: number
      do {
        if (at >= end) throw corrupt('a match length cut short')
        more = bytes[at++]!
        match += more
      } while (more === 255)
    }
    sizeBytes += match
  }
  if (at > end) throw corrupt('a match cut short')
  return sizeBytes
}

function corrupt(what: string): RecordsError {
  return new RecordsError('CORRUPT_COMPRESSED_DATA', `lz4 data with ${what}`)
}
