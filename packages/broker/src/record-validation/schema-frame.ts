/**
 * How a key or a value names its schema.
 *
 * ```
 * prefix    0x00  id int32          payload …       or  0x01  GUID 16 bytes   payload …
 * header    __key_schema_id / __value_schema_id  =  the same bytes; the payload is then all of the key or value
 * ```
 * A header wins, as in Confluent's deserializers; of several of one name, the last.
 */
import { VarintReader, type RecordScanner } from '@braidlog/records'
import type { SchemaKey } from './schema-lookup.ts'

const ID_MAGIC = 0
const GUID_MAGIC = 1
const ID_SIZE_BYTES = 5
const GUID_SIZE_BYTES = 17

export type RecordField = 'key' | 'value'

/** One reader is reused: its fields are of the last call. */
export class FrameReader {
  readonly #headerName: Uint8Array
  readonly #varints = new VarintReader(new Uint8Array(0))
  readonly #field: RecordField
  /** The GUID read last, in four words, so that a batch of one schema makes one string. */
  readonly #words = [0, 0, 0, 0]
  #guid = ''
  key: SchemaKey = -1
  /** [payloadStart, payloadEnd) of the record's bytes. */
  payloadStart = 0
  payloadEnd = 0

  constructor(field: RecordField) {
    this.#field = field
    this.#headerName = new TextEncoder().encode(`__${field}_schema_id`)
  }

  /** @returns what is wrong with the frame; `undefined`: nothing, the fields are set. The field must not be null. */
  read(record: RecordScanner): string | undefined {
    const { bytes } = record
    const start = this.#field === 'key' ? record.keyStart : record.valueStart
    const end = this.#field === 'key' ? record.keyEnd : record.valueEnd
    this.payloadEnd = end
    if (record.headerCount > 0) {
      const header = this.#findHeader(record)
      if (header !== undefined) {
        this.payloadStart = start
        const sizeBytes = this.#readKey(bytes, header.start, header.end)
        if (sizeBytes > 0 && sizeBytes === header.end - header.start) return undefined
        return `the header __${this.#field}_schema_id holds no schema id`
      }
    }
    const sizeBytes = this.#readKey(bytes, start, end)
    if (sizeBytes > 0) {
      this.payloadStart = start + sizeBytes
      return undefined
    }
    if (start === end) return `the ${this.#field} is empty: it names no schema`
    const first = bytes[start]!
    if (first === ID_MAGIC || first === GUID_MAGIC) {
      return `the ${this.#field} has ${end - start} bytes: too few for a schema id`
    }
    return `the ${this.#field} names no schema: its first byte is 0x${first.toString(16).padStart(2, '0')}, not 0x00 or 0x01`
  }

  /** @returns bytes of magic and id; 0: there is none */
  #readKey(bytes: Uint8Array, start: number, end: number): number {
    if (end - start >= ID_SIZE_BYTES && bytes[start] === ID_MAGIC) {
      this.key = word(bytes, start + 1)
      return ID_SIZE_BYTES
    }
    if (end - start >= GUID_SIZE_BYTES && bytes[start] === GUID_MAGIC) {
      this.key = this.#guidAt(bytes, start + 1)
      return GUID_SIZE_BYTES
    }
    return 0
  }

  #guidAt(bytes: Uint8Array, at: number): string {
    const words = this.#words
    let same = this.#guid !== ''
    for (let i = 0; i < 4; i++) {
      const next = word(bytes, at + 4 * i)
      if (words[i] !== next) same = false
      words[i] = next
    }
    if (!same) {
      const hex = words.map((each) => (each >>> 0).toString(16).padStart(8, '0')).join('')
      this.#guid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    }
    return this.#guid
  }

  #findHeader(record: RecordScanner): { readonly start: number; readonly end: number } | undefined {
    const { bytes, headerCount } = record
    const reader = this.#varints
    reader.reset(bytes, record.headersAt)
    let found: { readonly start: number; readonly end: number } | undefined
    for (let i = 0; i < headerCount; i++) {
      const nameSizeBytes = reader.varint()
      const nameStart = reader.at
      reader.at += nameSizeBytes
      const valueSizeBytes = reader.varint()
      const start = reader.at
      if (valueSizeBytes > 0) reader.at += valueSizeBytes
      if (this.#isHeaderName(bytes, nameStart, nameSizeBytes)) found = { start, end: reader.at }
    }
    return found
  }

  #isHeaderName(bytes: Uint8Array, at: number, sizeBytes: number): boolean {
    const name = this.#headerName
    if (sizeBytes !== name.length) return false
    for (let i = 0; i < sizeBytes; i++) if (bytes[at + i] !== name[i]) return false
    return true
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
