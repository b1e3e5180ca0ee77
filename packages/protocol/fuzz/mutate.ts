/**
 * Changes to an input, of the kinds that break decoders: flipped bits, lengths at the edges of their ranges, cut and
 * repeated pieces, pieces of other inputs. All of them come from one `Random`, so that a seed replays a run.
 */
import { below, type Random } from '@braidlog/base'

/** Inputs do not grow beyond this. */
export const INPUT_SIZE_MAX = 4096

const EDGE_BYTES = [0, 1, 2, 0x7f, 0x80, 0x81, 0xfe, 0xff]
const EDGE_INT32 = [0, 1, -1, -2, 0x7fff, 0x8000, 0xffff, 0x7fffffff, -0x80000000, 100, 1000]

/** @returns a fresh array: `input` after one to four changes. `other` lends pieces. */
export function mutate(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let bytes = input
  for (let changes = 1 + below(random, 4); changes > 0; changes--) bytes = mutateOnce(bytes, other, random)
  return bytes.slice(0, INPUT_SIZE_MAX)
}

function mutateOnce(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const bytes = input.slice()
  const at = below(random, bytes.length + 1)
  if (at === bytes.length) return insert(bytes, at, piece(other, random))
  switch (below(random, 9)) {
    case 0:
      bytes[at]! ^= 1 << below(random, 8)
      return bytes
    case 1:
      bytes[at] = EDGE_BYTES[below(random, EDGE_BYTES.length)]!
      return bytes
    case 2:
      // Small numbers are tags, counts and lengths.
      bytes[at] = below(random, 2) === 0 ? below(random, 16) : random.uint32() & 0xff
      return bytes
    case 3:
      // A neighbour of the value that is there: the next length, the next tag.
      bytes[at]! += below(random, 2) === 0 ? 1 : -1
      return bytes
    case 4:
      if (at + 4 > bytes.length) return bytes
      new DataView(bytes.buffer).setInt32(at, EDGE_INT32[below(random, EDGE_INT32.length)]!)
      return bytes
    case 5:
      return bytes.slice(0, at)
    case 6:
      return remove(bytes, at, 1 + below(random, Math.min(16, bytes.length - at)))
    case 7:
      return insert(bytes, at, piece(bytes, random))
    default:
      return insert(bytes, at, piece(other, random))
  }
}

/** Up to 32 bytes from somewhere in `source`; a zero byte when there are none. */
function piece(source: Uint8Array, random: Random): Uint8Array {
  if (source.length === 0) return new Uint8Array(1)
  const start = below(random, source.length)
  return source.subarray(start, start + 1 + below(random, 32))
}

function insert(bytes: Uint8Array, at: number, added: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length + added.length)
  result.set(bytes.subarray(0, at))
  result.set(added, at)
  result.set(bytes.subarray(at), at + added.length)
  return result
}

function remove(bytes: Uint8Array, at: number, size: number): Uint8Array {
  const result = new Uint8Array(bytes.length - size)
  result.set(bytes.subarray(0, at))
  result.set(bytes.subarray(at + size), at)
  return result
}

/** The smallest input found that still fails, by leaving out pieces and zeroing bytes. */
export function minimize(input: Uint8Array, fails: (bytes: Uint8Array) => boolean): Uint8Array {
  let smallest = input
  for (let size = Math.max(1, input.length >> 1); size > 0; size >>= 1) {
    for (let at = 0; at + size <= smallest.length;) {
      const shorter = remove(smallest, at, size)
      if (fails(shorter)) smallest = shorter
      else at += size
    }
  }
  for (let at = 0; at < smallest.length; at++) {
    if (smallest[at] === 0) continue
    const zeroed = smallest.slice()
    zeroed[at] = 0
    if (fails(zeroed)) smallest = zeroed
  }
  return smallest
}
