/**
 * How a record tells its schema.
 *
 * ```
 * prefix  0 │ id, int32 big-endian │ payload                    GUID as prefix  1 │ 16 bytes │ payload
 * header  __value_schema_id or __key_schema_id: either of the two without a payload; the payload is the whole value
 * ```
 * Protobuf has message indexes in front of its payload, in both forms: a zigzag varint with their count, then each as a zigzag
 * varint; the one byte 0 stands for the indexes `[0]`, the first message of the file.
 *
 * Source: the public description of Confluent's wire format.
 */
import { guidBytes, guidText } from '../core/identity.ts'
import { SerdeError } from './errors.ts'

export type SchemaPointer = { readonly id: number } | { readonly guid: string }

export const HEADER_OF_KEY = '__key_schema_id'
export const HEADER_OF_VALUE = '__value_schema_id'

export function pointerBytes(pointer: SchemaPointer): Uint8Array {
  if ('guid' in pointer) return Uint8Array.of(1, ...guidBytes(pointer.guid))
  const bytes = new Uint8Array(5)
  new DataView(bytes.buffer).setInt32(1, pointer.id)
  return bytes
}

export interface Framed {
  readonly pointer: SchemaPointer
  /** Where the payload begins. */
  readonly start: number
}

/** @throws SerdeError NO_SCHEMA_ID */
export function readPointer(bytes: Uint8Array): Framed {
  if (bytes[0] === 0 && bytes.length >= 5) {
    const id = (bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]! | 0
    return { pointer: { id }, start: 5 }
  }
  if (bytes[0] === 1 && bytes.length >= 17) return { pointer: { guid: guidText(bytes.subarray(1, 17)) }, start: 17 }
  const first =
    bytes.length === 0 ? 'they are empty' : `they begin with ${bytes[0]}, and there are ${bytes.length} of them`
  throw new SerdeError(
    'NO_SCHEMA_ID',
    `the bytes do not begin with a schema id (${first}); were they written by another serializer?`,
  )
}

const INDEX_COUNT_MAX = 200

/** @returns the indexes and where they end */
export function readIndexes(
  bytes: Uint8Array,
  start: number,
): { readonly indexes: readonly number[]; readonly end: number } {
  let at = start
  const next = (): number => {
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined) break
      value |= (byte & 127) << shift
      if (byte < 128) return (value >>> 1) ^ -(value & 1)
    }
    throw new SerdeError('MALFORMED', 'the indexes of the message do not end')
  }
  const count = next()
  if (count === 0) return { indexes: FIRST_MESSAGE, end: at }
  if (count < 0 || count > INDEX_COUNT_MAX || count > bytes.length - at)
    throw new SerdeError('MALFORMED', `a message cannot be ${count} levels deep`)
  const indexes: number[] = []
  for (let i = 0; i < count; i++) indexes.push(next())
  return { indexes, end: at }
}

const FIRST_MESSAGE: readonly number[] = [0]

export function indexBytes(indexes: readonly number[]): Uint8Array {
  if (indexes.length === 1 && indexes[0] === 0) return Uint8Array.of(0)
  const bytes: number[] = []
  for (const value of [indexes.length, ...indexes]) {
    let rest = value * 2
    while (rest > 127) {
      bytes.push((rest & 127) | 128)
      rest >>>= 7
    }
    bytes.push(rest)
  }
  return Uint8Array.from(bytes)
}
