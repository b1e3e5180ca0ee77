/**
 * Short ASCII strings and uuids that were decoded before, so that the names which every request repeats (topics, groups,
 * clients, topic ids) cost a hash and a comparison instead of a new string.
 *
 * Two direct-mapped tables of fixed size; a collision replaces, so foreign input can cause misses but no growth. The
 * tables only ever hold what equal bytes would decode to: losing or keeping an entry is never visible.
 */
import { uuidFromBytes, type Uuid } from '@braidlog/model/nouns'

const SLOTS = 4096
const SLOT_MASK = SLOTS - 1
/** Longer strings are decoded each time: hashing them costs as much. */
const INTERNED_SIZE_MAX = 96

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const strings: string[] = Array.from({ length: SLOTS }, () => '')
const uuidKeys = new Int32Array(SLOTS * 4)
const uuidScratch = new Uint8Array(16)
const uuidScratchView = new DataView(uuidScratch.buffer)
const uuids: Uuid[] = Array.from<Uuid>({ length: SLOTS }).fill(uuidFromBytes(uuidScratch))

/** The text of `bytes[start, end)`, not empty; malformed UTF-8 becomes U+FFFD. */
export function internString(bytes: Uint8Array, start: number, end: number): string {
  const size = end - start
  if (size > INTERNED_SIZE_MAX) return decoder.decode(bytes.subarray(start, end))
  let hash = size
  let all = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    all |= byte
    hash = (Math.imul(hash, 31) + byte) | 0
  }
  if (all > 0x7f) return decoder.decode(bytes.subarray(start, end))
  const slot = (hash ^ (hash >>> 12)) & SLOT_MASK
  const known = strings[slot]!
  if (known.length === size && equalsAscii(known, bytes, start)) return known
  return (strings[slot] = decoder.decode(bytes.subarray(start, end)))
}

function equalsAscii(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== bytes[start + i]) return false
  }
  return true
}

/** The uuid of four big-endian words. */
export function internUuid(a: number, b: number, c: number, d: number): Uuid {
  const hash = Math.imul(a ^ Math.imul(b, 31), 0x85ebca6b) ^ Math.imul(c ^ Math.imul(d, 31), 0xc2b2ae35)
  const slot = (hash ^ (hash >>> 15)) & SLOT_MASK
  const key = slot * 4
  if (uuidKeys[key] === a && uuidKeys[key + 1] === b && uuidKeys[key + 2] === c && uuidKeys[key + 3] === d) {
    return uuids[slot]!
  }
  uuidScratchView.setInt32(0, a)
  uuidScratchView.setInt32(4, b)
  uuidScratchView.setInt32(8, c)
  uuidScratchView.setInt32(12, d)
  uuidKeys[key] = a
  uuidKeys[key + 1] = b
  uuidKeys[key + 2] = c
  uuidKeys[key + 3] = d
  return (uuids[slot] = uuidFromBytes(uuidScratch))
}
