/**
 * Walks the records of an uncompressed block without making an object per record: one scanner, whose fields describe the
 * record it stands on.
 *
 * ```
 * length        varint   bytes after this field
 * attributes    int8     unused, 0
 * timestampΔ    varlong  to the batch's base timestamp
 * offsetΔ       varint   to the batch's base offset
 * keyLength     varint   -1: null      key …
 * valueLength   varint   -1: null      value …
 * headerCount   varint   then per header: keyLength varint, key (UTF-8), valueLength varint (-1: null), value
 * ```
 *
 * Every length is checked against the end of its record before it is followed, so a scanner never leaves the block and
 * does work in proportion to its bytes, whatever they are.
 */
import { VarintReader } from './varint.ts'

/** Where the parts of one record stand. A start of -1 means null. */
export interface RecordLayout {
  readonly recordStart: number
  readonly recordEnd: number
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
  readonly headerCount: number
  readonly headersAt: number
}

export class RecordScanner implements RecordLayout {
  readonly #reader = new VarintReader(new Uint8Array(0))
  #end = 0
  #countLeft = 0

  /** The array that all positions index. */
  bytes: Uint8Array = this.#reader.bytes
  /** The structure is broken; the scan has ended before its records did. */
  malformed = false

  /** [recordStart, recordEnd): the record with its length field. */
  recordStart = 0
  recordEnd = 0
  /** `NaN` when it does not fit ±(2^53-1): see {@link timestampDeltaAt}. */
  timestampDelta = 0
  /** Where the delta is encoded. */
  timestampDeltaAt = 0
  offsetDelta = 0
  /** [keyStart, keyEnd); keyStart is -1 for a null key. */
  keyStart = 0
  keyEnd = 0
  /** [valueStart, valueEnd); valueStart is -1 for a null value. */
  valueStart = 0
  valueEnd = 0
  headerCount = 0
  /** Where the first header begins. */
  headersAt = 0

  /** Stands before the first of `count` records, which fill `bytes[start, end)` exactly. */
  reset(bytes: Uint8Array, start: number, end: number, count: number): this {
    this.#reader.reset(bytes, start)
    this.bytes = bytes
    this.#end = end
    this.#countLeft = count
    this.malformed = false
    return this
  }

  /** @returns false at the end, and when the rest is malformed */
  next(): boolean {
    const reader = this.#reader
    if (this.#countLeft <= 0) {
      if (reader.at !== this.#end) this.malformed = true
      return false
    }
    this.#countLeft--
    this.recordStart = reader.at
    const sizeBytes = reader.varint()
    const end = reader.at + sizeBytes
    if (sizeBytes < 0 || end > this.#end || reader.malformed) return this.#fail()
    this.recordEnd = end
    reader.at++ // attributes
    this.timestampDeltaAt = reader.at
    this.timestampDelta = reader.varlong()
    this.offsetDelta = reader.varint()

    const keySizeBytes = reader.varint()
    this.keyStart = keySizeBytes < 0 ? -1 : reader.at
    if (keySizeBytes > 0) reader.at += keySizeBytes
    this.keyEnd = reader.at
    if (keySizeBytes < -1 || reader.at > end) return this.#fail()

    const valueSizeBytes = reader.varint()
    this.valueStart = valueSizeBytes < 0 ? -1 : reader.at
    if (valueSizeBytes > 0) reader.at += valueSizeBytes
    this.valueEnd = reader.at
    if (valueSizeBytes < -1 || reader.at > end) return this.#fail()

    this.headerCount = reader.varint()
    this.headersAt = reader.at
    if (this.headerCount !== 0 && !this.#skipHeaders(end)) return this.#fail()
    if (reader.at !== end || reader.malformed) return this.#fail()
    return true
  }

  #skipHeaders(end: number): boolean {
    const reader = this.#reader
    // A header takes two bytes at least; a count that cannot be true is refused before it is counted to.
    if (this.headerCount < 0 || this.headerCount > (end - reader.at) / 2) return false
    for (let i = 0; i < this.headerCount; i++) {
      const keySizeBytes = reader.varint()
      reader.at += keySizeBytes
      if (keySizeBytes < 0 || reader.at > end) return false
      const valueSizeBytes = reader.varint()
      if (valueSizeBytes > 0) reader.at += valueSizeBytes
      if (valueSizeBytes < -1 || reader.at > end || reader.malformed) return false
    }
    return true
  }

  #fail(): false {
    this.malformed = true
    this.#countLeft = 0
    this.#reader.at = this.#end
    return false
  }
}
