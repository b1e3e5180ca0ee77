/**
 * Serializers and deserializers. Both halves are synchronous and see bytes as views of the batch: what a deserializer
 * keeps beyond the record it must copy.
 *
 * A serializer may return a string: it is then written as UTF-8 straight into the batch, without a buffer in between.
 *
 * What a serde must fetch first, such as a schema, it fetches in `beforeSerialize` and `beforeDeserialize`. They are
 * asked for every record and say `undefined` while nothing is missing, so that only the first record of a kind waits.
 */
import { KafkaError } from './errors.ts'
import type { HeaderValue, RecordHeaders } from './record.ts'

export interface SerdeContext {
  readonly topic: string
  readonly isKey: boolean
  /** Of the record that is read; absent where a serde is called without one. */
  readonly headers?: RecordHeaders | undefined
  /** Adds a header to the record that is written, behind the application's own; absent where there is no record. */
  readonly addHeader?: ((name: string, value: HeaderValue) => void) | undefined
}

export interface Serde<T> {
  serialize(value: T, context: SerdeContext): Uint8Array | string
  deserialize(bytes: Uint8Array, context: SerdeContext): T
  /** `deserialize` of `bytes[start, end)` without a view of it: optional, for serdes that can read in place. */
  deserializeSlice?(bytes: Buffer, start: number, end: number, context: SerdeContext): T
  /**
   * What `serialize` must wait for; the records of the topic keep their order meanwhile.
   * A rejection fails this record with `SERIALIZATION_FAILED`, or as the KafkaError it is.
   */
  beforeSerialize?(value: T, context: SerdeContext): Promise<void> | undefined
  /**
   * What `deserialize` must wait for, bounded in time; asked for every record of a fetched batch before that is handed out.
   * A rejection (a registry that does not answer) ends the iteration, and the batch comes again to one that goes on. What is
   * wrong with the bytes themselves is for `deserialize` to say: that is what `onDeserializationError` decides about.
   */
  beforeDeserialize?(bytes: Uint8Array, context: SerdeContext): Promise<void> | undefined
}

/** A serde for programs that only write, or only read. */
export type Serializer<T> = Pick<Serde<T>, 'serialize' | 'beforeSerialize'>
export type Deserializer<T> = Pick<Serde<T>, 'deserialize' | 'deserializeSlice' | 'beforeDeserialize'>

/** UTF-8 text. */
export function string(): Serde<string> {
  return {
    serialize: (value) => value,
    deserialize: (bytes) => buffer(bytes).toString('utf8'),
    deserializeSlice: (bytes, start, end) => bytes.toString(UTF8, start, end),
  }
}

/** `toString` without the name of an encoding is UTF-8, and does not look the name up. */
const UTF8 = undefined

/** Raw bytes: written as they are (strings as UTF-8), read as a Buffer that is a view of the batch. */
export function bytes(): Serde<Buffer> & Serializer<Uint8Array | string> {
  return {
    serialize: (value: Uint8Array | string) => value,
    deserialize: buffer,
  }
}

/** JSON text. The type is a promise of the caller; use {@link validated} to have it checked. */
export function json<T>(): Serde<T> {
  return {
    serialize(value) {
      const text: string | undefined = JSON.stringify(value)
      if (text === undefined)
        throw new KafkaError('SERIALIZATION_FAILED', 'value has no JSON form (undefined or a function)')
      return text
    },
    deserialize: (bytes) => JSON.parse(buffer(bytes).toString('utf8')) as T,
    deserializeSlice: (bytes, start, end) => JSON.parse(bytes.toString(UTF8, start, end)) as T,
  }
}

/** Big-endian signed 32-bit integer, as Java's IntegerSerializer writes it. */
export function int32(): Serde<number> {
  return fixed(
    4,
    'int32',
    (view, value) => {
      if (value !== (value | 0)) throw new KafkaError('SERIALIZATION_FAILED', `${value} is not a 32-bit integer`)
      view.setInt32(0, value)
    },
    (view) => view.getInt32(0),
  )
}

/** Big-endian signed 16-bit integer, as Java's ShortSerializer writes it. */
export function int16(): Serde<number> {
  return fixed(
    2,
    'int16',
    (view, value) => {
      if (value !== (value << 16) >> 16)
        throw new KafkaError('SERIALIZATION_FAILED', `${value} is not a 16-bit integer`)
      view.setInt16(0, value)
    },
    (view) => view.getInt16(0),
  )
}

/** Big-endian signed 64-bit integer, as Java's LongSerializer writes it. */
export function int64(): Serde<bigint> {
  return fixed(
    8,
    'int64',
    (view, value) => {
      if (BigInt.asIntN(64, value) !== value) {
        throw new KafkaError('SERIALIZATION_FAILED', `${value} is not a 64-bit integer`)
      }
      view.setBigInt64(0, value)
    },
    (view) => view.getBigInt64(0),
  )
}

/** IEEE 754 single, big-endian, as Java's FloatSerializer writes it. */
export function float32(): Serde<number> {
  return fixed(
    4,
    'float32',
    (view, value) => view.setFloat32(0, value),
    (view) => view.getFloat32(0),
  )
}

/** IEEE 754 double, big-endian, as Java's DoubleSerializer writes it. */
export function float64(): Serde<number> {
  return fixed(
    8,
    'float64',
    (view, value) => view.setFloat64(0, value),
    (view) => view.getFloat64(0),
  )
}

/** The 16 bytes of a uuid, as text `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`; Java's UUIDSerializer writes the text itself. */
export function uuid(): Serde<string> {
  return {
    serialize(value) {
      if (!UUID_TEXT.test(value)) throw new KafkaError('SERIALIZATION_FAILED', `'${value}' is not a uuid`)
      return value
    },
    deserialize(bytes) {
      const text = buffer(bytes).toString('latin1')
      if (!UUID_TEXT.test(text)) throw new KafkaError('DESERIALIZATION_FAILED', 'not a uuid')
      return text
    },
  }
}

const UUID_TEXT = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/

/** The part of Standard Schema (standardschema.dev, version 1) that validation needs; zod, valibot and arktype have it. */
export interface StandardSchema<T> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<T> | Promise<StandardResult<T>>
    readonly types?: { readonly input: unknown; readonly output: T } | undefined
  }
}

export type StandardResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] }

/** Checks values against a schema on the way in and on the way out; `inner` carries the bytes (JSON unless given). */
export function validated<T>(schema: StandardSchema<T>, inner: Serde<unknown> = json<unknown>()): Serde<T> {
  const check = (value: unknown, code: 'SERIALIZATION_FAILED' | 'DESERIALIZATION_FAILED'): T => {
    const result = schema['~standard'].validate(value)
    if (result instanceof Promise) {
      result.catch(() => {})
      throw new KafkaError(
        code,
        `the ${schema['~standard'].vendor} schema validates asynchronously; serdes are synchronous`,
      )
    }
    if (result.issues) throw new KafkaError(code, result.issues.map(issueText).join('; '))
    return result.value
  }
  const serde: Serde<T> = {
    serialize: (value, context) => inner.serialize(check(value, 'SERIALIZATION_FAILED'), context),
    deserialize: (bytes, context) => check(inner.deserialize(bytes, context), 'DESERIALIZATION_FAILED'),
  }
  if (inner.deserializeSlice !== undefined) {
    serde.deserializeSlice = (bytes, start, end, context) =>
      check(inner.deserializeSlice!(bytes, start, end, context), 'DESERIALIZATION_FAILED')
  }
  if (inner.beforeSerialize !== undefined) {
    serde.beforeSerialize = (value, context) => inner.beforeSerialize!(check(value, 'SERIALIZATION_FAILED'), context)
  }
  if (inner.beforeDeserialize !== undefined) {
    serde.beforeDeserialize = (bytes, context) => inner.beforeDeserialize!(bytes, context)
  }
  return serde
}

function issueText(issue: { readonly message: string; readonly path?: readonly unknown[] | undefined }): string {
  if (!issue.path?.length) return issue.message
  const path = issue.path.map((part) =>
    String(typeof part === 'object' && part !== null && 'key' in part ? part.key : part),
  )
  return `${path.join('.')}: ${issue.message}`
}

function fixed<T>(
  sizeBytes: number,
  name: string,
  write: (view: DataView, value: T) => void,
  read: (view: DataView) => T,
): Serde<T> {
  return {
    serialize(value) {
      const result = new Uint8Array(sizeBytes)
      write(new DataView(result.buffer), value)
      return result
    },
    deserialize(bytes) {
      if (bytes.byteLength !== sizeBytes) {
        throw new KafkaError('DESERIALIZATION_FAILED', `${name} takes ${sizeBytes} bytes, got ${bytes.byteLength}`)
      }
      return read(new DataView(bytes.buffer, bytes.byteOffset, sizeBytes))
    },
  }
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
