/** Arbitrary values of a declared message, for fast-check: complete, valid for the version, shrinking to the defaults. */
import fc from 'fast-check'
import { ZERO_UUID, uuidFromBytes } from '@braidlog/model'
import type { Field, Fields, MessageDeclaration, ScalarType } from '../src/declare.ts'
import { defaultOf } from '../src/interpreter.ts'
import { isNullable, isPresent } from '../src/version-range.ts'
import * as messages from '../src/messages.ts'
import * as stored from '../src/stored.ts'
import type { Message } from '../src/message.ts'

/** Every declared message. */
export const MESSAGES: readonly Message[] = [...Object.values(messages), ...Object.values(stored)]

/** Every declared message in every version that it has. */
export const MESSAGE_VERSIONS = MESSAGES.flatMap((message) => {
  const versions = []
  for (let version = message.versionMin; version <= message.versionMax; version++) versions.push({ message, version })
  return versions
})

const SCALARS: Record<ScalarType, fc.Arbitrary<unknown>> = {
  bool: fc.boolean(),
  int8: fc.integer({ min: -0x80, max: 0x7f }),
  int16: fc.integer({ min: -0x8000, max: 0x7fff }),
  uint16: fc.integer({ min: 0, max: 0xffff }),
  int32: fc.integer(),
  uint32: fc.integer({ min: 0, max: 0xffffffff }),
  int64: fc.oneof({ weight: 8, arbitrary: fc.maxSafeInteger() }, fc.constantFrom(Infinity, -Infinity)),
  // Negative zero equals the default and is therefore dropped where the field is tagged.
  float64: fc.double().map((value) => (value === 0 ? 0 : value)),
  uuid: fc.oneof(
    fc.constant(ZERO_UUID),
    fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => uuidFromBytes(bytes)),
  ),
  string: fc.oneof(
    { weight: 8, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
    fc.string({ unit: 'grapheme-ascii', minLength: 40, maxLength: 130 }),
  ),
  bytes: fc.oneof({ weight: 8, arbitrary: fc.uint8Array({ maxLength: 12 }) }, large()),
  records: fc.oneof({ weight: 8, arbitrary: fc.uint8Array({ maxLength: 12 }) }, large()),
}

/** Sizes around the one from which the writer keeps views. */
function large(): fc.Arbitrary<Uint8Array> {
  return fc.integer({ min: 2040, max: 2060 }).map((size) => new Uint8Array(size).fill(size))
}

export function arbitraryValue(
  declaration: MessageDeclaration,
  version: number,
): fc.Arbitrary<Record<string, unknown>> {
  return arbitraryStruct(declaration.fields, version)
}

function arbitraryStruct(fields: Fields, version: number): fc.Arbitrary<Record<string, unknown>> {
  const members = Object.entries(fields).map(([name, field]) => [name, arbitraryField(field, version)])
  return fc.record(Object.fromEntries(members) as Record<string, fc.Arbitrary<unknown>>, { noNullPrototype: true })
}

function arbitraryField(field: Field<unknown>, version: number): fc.Arbitrary<unknown> {
  if (!isPresent(field, version)) return fc.constant(null).map(() => defaultOf(field))
  const value = arbitraryPresent(field, version)
  return isNullable(field, version) ? fc.option(value, { freq: 4 }) : value
}

function arbitraryPresent(field: Field<unknown>, version: number): fc.Arbitrary<unknown> {
  if (field.type === 'struct') return arbitraryStruct(field.fields!, version)
  if (field.type !== 'array') return SCALARS[field.type]
  const element = field.element === 'struct' ? arbitraryStruct(field.fields!, version) : SCALARS[field.element!]
  return fc.array(element, { maxLength: 3 })
}
