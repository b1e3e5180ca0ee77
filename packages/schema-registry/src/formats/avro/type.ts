/**
 * The tree of an Avro schema. Named types are shared objects, so recursive schemas are cyclic graphs: walkers remember what they visited.
 * Source: Avro specification, "Schema Declaration".
 */
import type { JsonValue } from '../json-text.ts'

export const AVRO_PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
export type AvroPrimitiveName = (typeof AVRO_PRIMITIVES)[number]

/** Attributes the specification does not reserve, in order of appearance: `logicalType`, `precision`, `connect.name`. */
export type AvroProperties = ReadonlyMap<string, JsonValue>

export interface AvroPrimitive {
  readonly kind: AvroPrimitiveName
  readonly properties: AvroProperties
}

export interface AvroArray {
  readonly kind: 'array'
  readonly items: AvroType
  readonly properties: AvroProperties
}

export interface AvroMap {
  readonly kind: 'map'
  readonly values: AvroType
  readonly properties: AvroProperties
}

export interface AvroUnion {
  readonly kind: 'union'
  readonly branches: readonly AvroType[]
}

interface AvroNamedCommon {
  /** Without namespace. */
  readonly name: string
  /** Empty for none. */
  readonly namespace: string
  /** `namespace.name`. */
  readonly fullName: string
  readonly doc: string | undefined
  /** Full names. */
  readonly aliases: readonly string[]
  readonly properties: AvroProperties
}

export interface AvroField {
  readonly name: string
  readonly type: AvroType
  readonly doc: string | undefined
  /** Absent: the field has no default (`null` is a default). */
  readonly default: JsonValue | undefined
  readonly order: 'ascending' | 'descending' | 'ignore'
  readonly aliases: readonly string[]
  readonly properties: AvroProperties
}

export interface AvroRecord extends AvroNamedCommon {
  readonly kind: 'record'
  readonly isError: boolean
  /** Filled once, after the record's own name can be referred to. */
  readonly fields: AvroField[]
}

export interface AvroEnum extends AvroNamedCommon {
  readonly kind: 'enum'
  readonly symbols: readonly string[]
  readonly default: string | undefined
}

export interface AvroFixed extends AvroNamedCommon {
  readonly kind: 'fixed'
  readonly sizeBytes: number
}

export type AvroNamed = AvroRecord | AvroEnum | AvroFixed
export type AvroType = AvroPrimitive | AvroArray | AvroMap | AvroUnion | AvroNamed

export function isNamed(type: AvroType): type is AvroNamed {
  return type.kind === 'record' || type.kind === 'enum' || type.kind === 'fixed'
}
