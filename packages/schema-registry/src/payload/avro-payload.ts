/**
 * Walks Avro's binary encoding along a schema.
 *
 * Source: Avro specification, "Binary Encoding". A schema that is just `bytes` is written raw, as Confluent's serializers
 * do: every payload is one.
 */
import type { AvroType } from '../formats/avro/type.ts'
import type { ParsedAvro } from '../formats/index.ts'
import { PayloadReader } from './payload-reader.ts'
import type { CompiledPayload } from './payload.ts'

const INT_SIZE_BYTES_MAX = 5
const LONG_SIZE_BYTES_MAX = 10
const UINT32_MAX = 2 ** 32 - 1

export function avroPayload({ type, name }: ParsedAvro): CompiledPayload {
  const walker = new AvroWalker()
  return {
    recordName: () => name,
    fault: (bytes, start, end) => (type.kind === 'bytes' ? undefined : walker.fault(type, bytes, start, end)),
  }
}

class AvroWalker {
  readonly #reader = new PayloadReader()

  fault(type: AvroType, bytes: Uint8Array, start: number, end: number): string | undefined {
    const reader = this.#reader
    reader.reset(bytes, start, end)
    if (!this.#walk(type)) return reader.fault
    if (reader.at === end) return undefined
    reader.fail(`${end - reader.at} bytes are left behind the value`)
    return reader.fault
  }

  #walk(type: AvroType): boolean {
    const reader = this.#reader
    switch (type.kind) {
      case 'null':
        return true
      case 'boolean': {
        const byte = reader.at < reader.end ? reader.bytes[reader.at] : -1
        return byte === 0 || byte === 1 ? reader.skip(1, 'a boolean') : reader.fail('a boolean is neither 0 nor 1')
      }
      case 'int':
        return this.#integer('an int', INT_SIZE_BYTES_MAX, UINT32_MAX)
      case 'long':
        return this.#integer('a long', LONG_SIZE_BYTES_MAX, Infinity)
      case 'float':
        return reader.skip(4, 'a float')
      case 'double':
        return reader.skip(8, 'a double')
      case 'bytes': {
        const sizeBytes = this.#size('bytes')
        return sizeBytes >= 0 && reader.skip(sizeBytes, 'bytes')
      }
      case 'string': {
        const sizeBytes = this.#size('a string')
        return sizeBytes >= 0 && reader.text(sizeBytes)
      }
      case 'fixed':
        return reader.skip(type.sizeBytes, `a ${type.name}`)
      case 'enum': {
        const index = reader.varint(INT_SIZE_BYTES_MAX)
        if (index >= 0 && index % 2 === 0 && index / 2 < type.symbols.length) return true
        return reader.fail(`no symbol of ${type.name} has the index that is there`)
      }
      case 'union': {
        const index = reader.varint(LONG_SIZE_BYTES_MAX)
        const branch = index >= 0 && index % 2 === 0 ? type.branches[index / 2] : undefined
        if (branch === undefined) return reader.fail(`no branch of the union has the index that is there`)
        return this.#walk(branch)
      }
      case 'record': {
        if (!reader.enter()) return false
        for (const field of type.fields) if (!this.#walk(field.type)) return reader.through(field.name)
        reader.leave()
        return true
      }
      case 'array':
        return this.#blocks(() => this.#walk(type.items))
      case 'map':
        return this.#blocks(() => {
          const sizeBytes = this.#size('a key')
          return sizeBytes >= 0 && reader.text(sizeBytes) && this.#walk(type.values)
        })
      default:
        return type satisfies never
    }
  }

  #integer(what: string, sizeBytesMax: number, zigzagMax: number): boolean {
    const value = this.#reader.varint(sizeBytesMax)
    return value >= 0 && value <= zigzagMax ? true : this.#reader.fail(`${what} does not end where it should`)
  }

  /** @returns -1: there is none */
  #size(what: string): number {
    const value = this.#reader.varint(LONG_SIZE_BYTES_MAX)
    if (value >= 0 && value % 2 === 0) return value / 2
    this.#reader.fail(`the size of ${what} is none`)
    return -1
  }

  /** Arrays and maps: blocks of a count, or of a negative count and a size, up to an empty one. */
  #blocks(item: () => boolean): boolean {
    const reader = this.#reader
    if (!reader.enter()) return false
    for (let index = 0; ;) {
      const zigzag = reader.varint(LONG_SIZE_BYTES_MAX)
      if (zigzag < 0) return reader.fail('the number of items does not end where it should')
      if (zigzag === 0) break
      const count = Math.ceil(zigzag / 2)
      if (zigzag % 2 === 1 && this.#size('a block of items') < 0) return false
      for (let i = 0; i < count; i++, index++) {
        const before = reader.at
        if (!item()) return reader.through(String(index))
        // Items without bytes (null, empty records) are all alike: any number of them is there.
        if (reader.at === before) break
      }
    }
    reader.leave()
    return true
  }
}
