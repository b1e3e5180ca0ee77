/**
 * The language in which messages are declared: one function per wire type, version ranges as text, and the TypeScript
 * type of a decoded value inferred from the declaration.
 *
 * A declaration is data. `codec.ts` compiles it to functions on first use and `interpreter.ts` walks it directly;
 * `Infer` gives its type. All versions of a message share one type: a field that a version does not have decodes to
 * its default.
 *
 * Source of the vocabulary: Apache Kafka's message README (KIP-482 for tagged fields and flexible versions).
 */
import type { ErrorName, Uuid } from '@braidlog/model/nouns'

declare const value: unique symbol

/** `3`, `0-4`, `5+` or `none`: inclusive on both ends. */
export type VersionRange = string

/** Scalar wire types. `records` is `bytes` with the meaning "record batches"; both decode to views of the input. */
export type ScalarType =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records'

/** What every field may say besides its type. */
export interface FieldOptions {
  /** Versions that carry the field; all of the message's when left out. */
  readonly versions?: VersionRange
  /** Versions in which `null` is legal. */
  readonly nullable?: VersionRange
  /** Tag number, for fields that travel in the tagged section ({@link FieldOptions.tagged}). */
  readonly tag?: number
  /** Versions in which the field is tagged. */
  readonly tagged?: VersionRange
  /** A value that differs from the default is dropped, not refused, where the version has no such field. */
  readonly ignorable?: boolean
  /**
   * Versions in which the field itself uses compact lengths; the message's when left out. Only the client id of the
   * request header differs, so that a broker can read the header of a version it does not know.
   */
  readonly flexible?: VersionRange
}

/** One declared field; `T` is the type of its decoded value. */
export interface Field<T> extends FieldOptions {
  readonly type: ScalarType | 'struct' | 'array'
  /** Value when absent. `undefined` means the zero value of the type. */
  readonly default?: unknown
  /** For `struct`, and for the elements of an array of structs. */
  readonly fields?: Fields
  /** For `array`: the type of the elements (`struct` when `fields` is given). */
  readonly element?: ScalarType | 'struct'
  readonly [value]?: T
}

export type Fields = { readonly [name: string]: Field<unknown> }

/** The decoded value of a group of fields. */
export type InferFields<F extends Fields> = { -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never }

/** The decoded value of a message. */
export type Infer<M> = M extends MessageDeclaration<infer F> ? InferFields<F> : never

/** What an encoder accepts: any field may be left out and then takes its default. */
export type Input<T> = unknown extends T
  ? unknown
  : T extends Uint8Array | string | number | boolean | null
    ? T
    : T extends readonly (infer E)[]
      ? readonly Input<E>[]
      : { readonly [K in keyof T]?: Input<T[K]> | undefined }

type Value<T, O> = O extends { readonly nullable: VersionRange } ? T | null : T
type Options<T> = FieldOptions & { readonly default?: T | null }

function scalar<T>(type: ScalarType) {
  return <const O extends Options<T> = object>(options?: O): Field<Value<T, O>> => ({ type, ...options })
}

export const bool: Scalar<boolean> = scalar<boolean>('bool')
export const int8: Scalar<number> = scalar<number>('int8')
export const int16: Scalar<number> = scalar<number>('int16')
export const uint16: Scalar<number> = scalar<number>('uint16')
export const int32: Scalar<number> = scalar<number>('int32')
export const uint32: Scalar<number> = scalar<number>('uint32')
/**
 * A 64-bit integer as a checked number: values outside ±(2^53-1) are refused with a `ProtocolError`, except that the two
 * ends of the range read and write as `Infinity` (`Long.MAX_VALUE`) and `-Infinity` (`Long.MIN_VALUE`).
 */
export const int64: Scalar<number> = scalar<number>('int64')
export const float64: Scalar<number> = scalar<number>('float64')
export const uuid: Scalar<Uuid> = scalar<Uuid>('uuid')
export const string: Scalar<string> = scalar<string>('string')
export const bytes: Scalar<Uint8Array> = scalar<Uint8Array>('bytes')
export const records: Scalar<Uint8Array> = scalar<Uint8Array>('records')

type Scalar<T> = <const O extends Options<T> = object>(options?: O) => Field<Value<T, O>>

/** An array of scalars. */
export function arrayOf<T, const O extends Options<T[]> = object>(
  element: Field<T>,
  options?: O,
): Field<Value<T[], O>> {
  return { type: 'array', element: element.type as ScalarType, ...options }
}

/** An array of structs. */
export function structs<F extends Fields, const O extends Options<InferFields<F>[]> = object>(
  fields: F,
  options?: O,
): Field<Value<InferFields<F>[], O>> {
  return { type: 'array', element: 'struct', fields, ...options }
}

/** A nested struct. A nullable struct is preceded by one signed byte: -1 for null. */
export function struct<F extends Fields, const O extends Options<InferFields<F>> = object>(
  fields: F,
  options?: O,
): Field<Value<InferFields<F>, O>> {
  return { type: 'struct', fields, ...options }
}

/** What a message is for. `data`: stored or embedded; `key`/`value`: halves of a record in an internal topic. */
export type MessageKind = 'request' | 'response' | 'header' | 'metadata' | 'data' | 'key' | 'value'

export interface MessageDeclaration<F extends Fields = Fields> {
  readonly kind: MessageKind
  /** Apache Kafka's name of the message, such as `FetchRequest`. */
  readonly name: string
  /** API key of a request or response; record type of a metadata record or of a coordinator key and value. */
  readonly key?: number
  readonly versions: VersionRange
  /** Versions with compact lengths and a tagged section at the end of every struct. */
  readonly flexible: VersionRange
  /** Where a request is served. */
  readonly listeners?: readonly ('broker' | 'controller')[]
  /** The newest version is not advertised by default. */
  readonly latestVersionUnstable?: boolean
  /** Error codes that a response can carry, at any level. */
  readonly errors?: readonly ErrorName[]
  readonly fields: F
}
