/** Version ranges as the declarations write them: `3`, `0-4`, `5+`, `none`. */
import type { Field, Fields, MessageDeclaration, ScalarType, VersionRange } from './declare.ts'
import { ZERO_UUID } from '@braidlog/model/nouns'
import { EMPTY_BYTES } from './reader.ts'

export interface Versions {
  readonly min: number
  readonly max: number
}

const parsed = new Map<VersionRange, Versions>()

export function parseVersions(range: VersionRange): Versions {
  let versions = parsed.get(range)
  if (versions === undefined) {
    const match = /^(?:none|(\d+)(?:(\+)|-(\d+))?)$/.exec(range)
    if (match === null) throw new Error(`"${range}" is no version range`)
    const min = match[1] === undefined ? Infinity : Number(match[1])
    versions = { min, max: match[2] === undefined ? Number(match[3] ?? match[1] ?? -1) : Infinity }
    parsed.set(range, versions)
  }
  return versions
}

export function inVersions(range: VersionRange | undefined, version: number): boolean {
  if (range === undefined) return false
  const { min, max } = parseVersions(range)
  return version >= min && version <= max
}

/** The version carries the field, in place or tagged. */
export function isPresent(field: Field<unknown>, version: number): boolean {
  return field.versions === undefined || inVersions(field.versions, version)
}

export function isTagged(field: Field<unknown>, version: number): boolean {
  return isPresent(field, version) && inVersions(field.tagged, version)
}

export function isNullable(field: Field<unknown>, version: number): boolean {
  return inVersions(field.nullable, version)
}

/** Whether lengths of this field are compact. */
export function isCompact(declaration: MessageDeclaration, field: Field<unknown>, version: number): boolean {
  return inVersions(field.flexible ?? declaration.flexible, version)
}

export type NamedField = readonly [name: string, field: Field<unknown>]

/** Where the fields of a struct are in one version. */
export interface Layout {
  /** In declared order. */
  readonly inPlace: readonly NamedField[]
  /** Sorted by tag. */
  readonly tagged: readonly NamedField[]
  readonly absent: readonly NamedField[]
}

const layouts = new WeakMap<Fields, (Layout | undefined)[]>()

/** The layout of a struct, worked out once. */
export function layoutOf(fields: Fields, version: number): Layout {
  let known = layouts.get(fields)
  if (known === undefined) layouts.set(fields, (known = []))
  return (known[version] ??= workOutLayout(Object.entries(fields), version))
}

function workOutLayout(fields: readonly NamedField[], version: number): Layout {
  return {
    inPlace: fields.filter(([, field]) => isPresent(field, version) && !isTagged(field, version)),
    tagged: fields.filter(([, field]) => isTagged(field, version)).toSorted(([, a], [, b]) => a.tag! - b.tag!),
    absent: fields.filter(([, field]) => !isPresent(field, version)),
  }
}

/** What a scalar is when neither the bytes nor the declaration say. */
export function zeroOf(type: ScalarType): unknown {
  switch (type) {
    case 'bool':
      return false
    case 'string':
      return ''
    case 'uuid':
      return ZERO_UUID
    case 'bytes':
    case 'records':
      return EMPTY_BYTES
    default:
      return 0
  }
}

const FIXED_SIZES: Partial<Record<ScalarType | 'struct' | 'array', number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  float64: 8,
  uuid: 16,
}

/** Bytes of a type whose values all have the same size; `undefined` for the others. */
export function fixedSizeOf(type: ScalarType | 'struct' | 'array'): number | undefined {
  return FIXED_SIZES[type]
}

/** The fewest bytes that a struct can take: what bounds the length of an array of it. */
export function structSizeMin(declaration: MessageDeclaration, fields: Fields, version: number): number {
  let size = inVersions(declaration.flexible, version) ? 1 : 0
  for (const [, field] of layoutOf(fields, version).inPlace) size += fieldSizeMin(declaration, field, version)
  return size
}

function fieldSizeMin(declaration: MessageDeclaration, field: Field<unknown>, version: number): number {
  if (field.type === 'struct') {
    return isNullable(field, version) ? 1 : structSizeMin(declaration, field.fields!, version)
  }
  const fixed = fixedSizeOf(field.type)
  if (fixed !== undefined) return fixed
  if (isCompact(declaration, field, version)) return 1
  return field.type === 'string' ? 2 : 4
}

/** The fewest bytes of one element of an array, never less than one. */
export function elementSizeMin(declaration: MessageDeclaration, array: Field<unknown>, version: number): number {
  const element = array.element!
  if (element === 'struct') return Math.max(1, structSizeMin(declaration, array.fields!, version))
  return fieldSizeMin(declaration, { type: element }, version)
}
