/**
 * Collects wire types into a list of chunks.
 *
 * Small values go into a slab; a `bytes` or `records` value of `VIEW_SIZE_MIN` or more is kept as a view of the
 * caller's array, so that a response of megabytes is gathered by `writev` without a copy. Growing never copies either:
 * a full slab becomes a chunk and the next one is taken. `at` and `view` are public for the generated encoders.
 *
 * A slab belongs to one writer at a time, from its first byte until `chunks` or `toBytes`; then the next one fills its rest.
 * After an error a writer holds half a message: drop it.
 */
import { parseUuid, uuidToBytes } from '@braidlog/model/nouns'
import { ProtocolError } from './errors.ts'
import { STRING_SIZE_MAX } from './reader.ts'

/** From here on a byte value is kept as a view: copying less costs no more than one more entry for `writev`. */
export const VIEW_SIZE_MIN = 2048
const SLAB_SIZE = 64 * 1024
/** A slab with less room than this is left to the garbage collector. */
const SLAB_ROOM_MIN = 1024
/** Slabs kept for the next writers; a message with tagged fields holds one for each level of nesting. */
const IDLE_SLABS_MAX = 4
/** Below this length a loop over the characters beats `encodeInto`. */
const SHORT_STRING_MAX = 48

const encoder = new TextEncoder()

interface Slab {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** First byte that no chunk covers. */
  free: number
}

function newSlab(size: number): Slab {
  const bytes = new Uint8Array(size)
  return { bytes, view: new DataView(bytes.buffer), free: 0 }
}

const NO_SLAB: Slab = newSlab(0)
const idleSlabs: Slab[] = []

export class Writer {
  /** Position of the next byte in `view`. */
  at = 0
  view: DataView = NO_SLAB.view
  #bytes: Uint8Array = NO_SLAB.bytes
  #slab: Slab = NO_SLAB
  /** Where the chunk that is being filled begins. */
  #start = 0
  readonly #chunks: Uint8Array[] = []
  #chunksSize = 0
  #finished = false
  /** Writers for tagged fields, whose size comes before their value; one for each level of nesting. */
  #scratch: Writer | undefined

  /** Bytes written so far. */
  sizeBytes(): number {
    return this.#chunksSize + this.at - this.#start
  }

  /** Makes room for `size` contiguous bytes and takes them. @returns the position of the first in `view`. */
  need(size: number): number {
    if (this.at + size > this.#bytes.length) this.#takeSlab(size)
    const at = this.at
    this.at = at + size
    return at
  }

  bool(value: boolean): void {
    if (typeof value !== 'boolean') throw unfit('bool', value)
    const at = this.need(1)
    this.view.setUint8(at, value ? 1 : 0)
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) throw unfit('int8', value)
    const at = this.need(1)
    this.view.setInt8(at, value)
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) throw unfit('int16', value)
    const at = this.need(2)
    this.view.setInt16(at, value)
  }

  uint16(value: number): void {
    if ((value & 0xffff) !== value) throw unfit('uint16', value)
    const at = this.need(2)
    this.view.setUint16(at, value)
  }

  int32(value: number): void {
    if ((value | 0) !== value) throw unfit('int32', value)
    const at = this.need(4)
    this.view.setInt32(at, value)
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) throw unfit('uint32', value)
    const at = this.need(4)
    this.view.setUint32(at, value)
  }

  int64(value: number): void {
    const at = this.need(8)
    setInt64At(this.view, at, value)
  }

  float64(value: number): void {
    if (typeof value !== 'number') throw unfit('float64', value)
    const at = this.need(8)
    this.view.setFloat64(at, value)
  }

  uuid(value: string): void {
    this.uuidAt(this.need(16), value)
  }

  /** Writes a uuid into bytes that `need` returned. */
  uuidAt(at: number, value: string): void {
    const uuid = typeof value === 'string' ? parseUuid(value) : undefined
    if (uuid === undefined) throw unfit('uuid', value)
    uuidToBytes(uuid, this.#bytes, at)
  }

  /** An unsigned integer of up to 32 bits, seven bits a byte, lowest first. */
  uvarint(value: number): void {
    let at = this.need(5)
    const { view } = this
    let rest = value
    while (rest > 0x7f) {
      view.setUint8(at++, (rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    view.setUint8(at++, rest)
    this.at = at
  }

  string(value: string): void {
    if (typeof value !== 'string') throw unfit('string', value)
    this.#text(value, false)
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1)
    else this.string(value)
  }

  compactString(value: string): void {
    if (typeof value !== 'string') throw unfit('string', value)
    this.#text(value, true)
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.uvarint(0)
    else this.compactString(value)
  }

  byteString(value: Uint8Array): void {
    if (!(value instanceof Uint8Array)) throw unfit('bytes', value)
    this.int32(value.length)
    this.raw(value)
  }

  nullableByteString(value: Uint8Array | null): void {
    if (value === null) this.int32(-1)
    else this.byteString(value)
  }

  compactByteString(value: Uint8Array): void {
    if (!(value instanceof Uint8Array)) throw unfit('bytes', value)
    this.uvarint(value.length + 1)
    this.raw(value)
  }

  compactNullableByteString(value: Uint8Array | null): void {
    if (value === null) this.uvarint(0)
    else this.compactByteString(value)
  }

  /** Bytes as they are, without a length. Kept as a view when large: the caller must not change them any more. */
  raw(value: Uint8Array): void {
    const size = value.length
    if (size >= VIEW_SIZE_MIN) {
      this.#closeChunk()
      this.#chunks.push(value)
      this.#chunksSize += size
      return
    }
    const at = this.need(size)
    this.#bytes.set(value, at)
  }

  /** An empty writer for the value of a tagged field; give it to `taggedField` before asking for the next one. */
  scratch(): Writer {
    return (this.#scratch ??= new Writer())
  }

  /** Tag, size and the value that was written to `scratch`. */
  taggedField(tag: number, scratch: Writer): void {
    this.uvarint(tag)
    this.uvarint(scratch.sizeBytes())
    scratch.#moveTo(this)
  }

  /** Overwrites the first four bytes written: the length in front of a frame. */
  setFirstInt32(value: number): void {
    const first = this.#chunks[0]
    if (first === undefined) this.view.setInt32(this.#start, value)
    else new DataView(first.buffer, first.byteOffset).setInt32(0, value)
  }

  /** Ends the writer. @returns everything written, in order; views that nobody else writes to. */
  chunks(): Uint8Array[] {
    this.#closeChunk()
    this.#release()
    return this.#chunks
  }

  /** Ends the writer. @returns everything written, in a fresh array that the caller owns. */
  toBytes(): Uint8Array {
    const all = new Uint8Array(this.sizeBytes())
    let at = 0
    for (const chunk of this.#chunks) {
      all.set(chunk, at)
      at += chunk.length
    }
    all.set(this.#bytes.subarray(this.#start, this.at), at)
    // Nothing points into the slab unless a chunk was cut from it: its last part can be filled again.
    this.at = this.#start
    this.#release()
    return all
  }

  /** Appends all chunks to `target` and starts again, keeping the rest of the slab. */
  #moveTo(target: Writer): void {
    for (const chunk of this.#chunks) target.raw(chunk)
    target.raw(this.#bytes.subarray(this.#start, this.at))
    // Large pieces became views in the target; only what was copied may be overwritten.
    if (this.at - this.#start >= VIEW_SIZE_MIN) this.#start = this.at
    else this.at = this.#start
    this.#chunks.length = 0
    this.#chunksSize = 0
  }

  #closeChunk(): void {
    if (this.at === this.#start) return
    const chunk = this.#bytes.subarray(this.#start, this.at)
    this.#chunks.push(chunk)
    this.#chunksSize += chunk.length
    this.#start = this.at
  }

  #takeSlab(size: number): void {
    if (this.#finished) throw new Error('a writer that was ended by chunks() or toBytes() takes no more bytes')
    this.#closeChunk()
    let slab = idleSlabs.pop()
    if (slab === undefined || slab.bytes.length - slab.free < size) slab = newSlab(Math.max(SLAB_SIZE, size))
    this.#slab = slab
    this.#bytes = slab.bytes
    this.view = slab.view
    this.at = this.#start = slab.free
  }

  #release(): void {
    this.#scratch?.toBytes()
    this.#scratch = undefined
    const slab = this.#slab
    slab.free = this.at
    if (slab.bytes.length - slab.free >= SLAB_ROOM_MIN && idleSlabs.length < IDLE_SLABS_MAX) idleSlabs.push(slab)
    this.#finished = true
    this.#slab = NO_SLAB
    this.#bytes = NO_SLAB.bytes
    this.view = NO_SLAB.view
    this.at = this.#start = 0
  }

  #text(value: string, compact: boolean): void {
    const length = value.length
    if (length > STRING_SIZE_MAX) throw tooLong(length)
    if (length > SHORT_STRING_MAX) return this.#longText(value, compact)
    // Taken for ASCII until the first other character; the prefix of a short string is one byte when compact.
    const first = this.need(length + 2)
    const bytes = this.#bytes
    let at = first
    if (compact) bytes[at++] = length + 1
    else {
      bytes[at++] = 0
      bytes[at++] = length
    }
    for (let i = 0; i < length; i++) {
      const char = value.charCodeAt(i)
      if (char > 0x7f) {
        this.at = first
        return this.#longText(value, compact)
      }
      bytes[at++] = char
    }
    this.at = at
  }

  #longText(value: string, compact: boolean): void {
    // UTF-8 takes at most three bytes for each UTF-16 unit; the prefix takes at most three.
    const room = value.length * 3
    const first = this.need(room + 3)
    const body = first + 3
    const size = encoder.encodeInto(value, this.#bytes.subarray(body, body + room)).written
    if (size > STRING_SIZE_MAX) throw tooLong(size)
    this.at = first
    if (compact) this.uvarint(size + 1)
    else this.int16(size)
    this.#bytes.copyWithin(this.at, body, body + size)
    this.at += size
  }
}

/** @throws ProtocolError unless `value` is a safe integer or ±Infinity (the ends of the 64-bit range). */
export function setInt64At(view: DataView, at: number, value: number): void {
  if (Number.isSafeInteger(value)) {
    view.setInt32(at, Math.floor(value / 2 ** 32))
    view.setUint32(at + 4, value >>> 0)
  } else if (value === Infinity) {
    view.setInt32(at, 0x7fffffff)
    view.setUint32(at + 4, 0xffffffff)
  } else if (value === -Infinity) {
    view.setInt32(at, -0x80000000)
    view.setUint32(at + 4, 0)
  } else throw unfit('int64', value)
}

/** The error of a value that its wire type cannot carry. */
export function unfit(type: string, value: unknown): ProtocolError {
  if (value === null) return new ProtocolError('UNEXPECTED_NULL', `null where a ${type} is expected`)
  const shown = typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value
  return new ProtocolError('INVALID_VALUE', `${shown} is no ${type}`)
}

function tooLong(size: number): ProtocolError {
  return new ProtocolError('INVALID_LENGTH', `a string of ${size} bytes; ${STRING_SIZE_MAX} is the most it may have`)
}
