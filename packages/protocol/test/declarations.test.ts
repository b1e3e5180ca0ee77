/** What every declaration has to keep to, whatever the definitions of Apache Kafka say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Field, Fields } from '../src/declare.ts'
import type { FetchRequest, FetchResponse } from '../src/index.ts'
import type { Message } from '../src/message.ts'
import { inVersions, isNullable, isPresent, isTagged, structSizeMin } from '../src/version-range.ts'
import { MESSAGE_VERSIONS, MESSAGES } from './arbitrary.ts'

interface Visited {
  readonly path: string
  readonly message: Message
  readonly version: number
  readonly field: Field<unknown>
}

/** Every field that is there in some version, once for each of these versions. */
function* presentFields(): Generator<Visited> {
  for (const { message, version } of MESSAGE_VERSIONS) {
    yield* presentIn(message, version, message.fields, `${message.name} v${version}`)
  }
}

function* presentIn(message: Message, version: number, fields: Fields, path: string): Generator<Visited> {
  for (const [name, field] of Object.entries(fields)) {
    if (!isPresent(field, version)) continue
    yield { path: `${path}.${name}`, message, version, field }
    if (field.fields !== undefined) yield* presentIn(message, version, field.fields, `${path}.${name}`)
  }
}

test('names are unique, versions are ranges', () => {
  assert.equal(new Set(MESSAGES.map((message) => message.name)).size, MESSAGES.length)
  for (const message of MESSAGES) {
    assert.ok(Number.isInteger(message.versionMin) && Number.isInteger(message.versionMax), message.name)
    assert.ok(message.versionMin <= message.versionMax, message.name)
  }
})

test('a version that is flexible is followed by flexible ones only', () => {
  for (const message of MESSAGES) {
    for (let version = message.versionMin; version < message.versionMax; version++) {
      if (message.isFlexible(version)) assert.ok(message.isFlexible(version + 1), message.name)
    }
  }
})

test('tagged fields have a tag, in flexible versions only', () => {
  for (const { path, message, version, field } of presentFields()) {
    if (!isTagged(field, version)) continue
    assert.ok(Number.isInteger(field.tag), path)
    assert.ok(message.isFlexible(version), path)
  }
})

test('the tags of a struct run from 0 without a gap or a repetition', () => {
  const check = (fields: Fields, path: string): void => {
    const tags = Object.values(fields).flatMap((field) => (field.tag === undefined ? [] : [field.tag]))
    assert.deepEqual(
      tags.toSorted((a, b) => a - b),
      Array.from({ length: tags.length }, (_, tag) => tag),
      path,
    )
    for (const [name, field] of Object.entries(fields)) {
      if (field.fields !== undefined) check(field.fields, `${path}.${name}`)
    }
  }
  for (const message of MESSAGES) check(message.fields, message.name)
})

test('null is a default only where it is legal', () => {
  for (const { path, version, field } of presentFields()) {
    if (field.default === null) assert.ok(isNullable(field, version), path)
  }
})

test('a field is nullable only in versions that have it', () => {
  for (const { message, version } of MESSAGE_VERSIONS) {
    for (const [name, field] of Object.entries(message.fields)) {
      if (isNullable(field, version)) assert.ok(isPresent(field, version), `${message.name} v${version}.${name}`)
    }
  }
})

test('no element of an array takes zero bytes: the bytes bound every length', () => {
  for (const { path, message, version, field } of presentFields()) {
    if (field.element === 'struct') assert.ok(structSizeMin(message, field.fields!, version) > 0, path)
  }
})

test('only the client id of the request header departs from the flexible versions of its message', () => {
  const departing = [...presentFields()]
    .filter(
      ({ message, version, field }) =>
        inVersions(field.flexible ?? message.flexible, version) !== message.isFlexible(version),
    )
    .map(({ path }) => path)
  assert.deepEqual(departing, ['RequestHeader v2.clientId'])
})

test('types say which fields can be null', () => {
  // Checked by the compiler: the test fails to type-check when inference loses or adds a null.
  const request = (value: FetchRequest): [string | null, number, string] => [
    value.clusterId,
    value.maxWaitMs,
    value.rackId,
  ]
  const records = (value: FetchResponse): (Uint8Array | null)[] =>
    value.responses.flatMap((topic) => topic.partitions.map((partition) => partition.records))
  // @ts-expect-error cluster ids can be null
  const wrong = (value: FetchRequest): string => value.clusterId
  assert.equal(typeof request, typeof records)
  assert.equal(typeof wrong, 'function')
})
