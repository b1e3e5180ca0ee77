/**
 * Our declarations against Apache Kafka's definitions: every message, version, field, type, nullability, default, tag.
 * Differences are printed one a line: MISSING (we lack it), EXTRA (they lack it), DIFFERENT (both have it, not alike).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZERO_UUID } from '@braidlog/model'
import type { Field, Fields, MessageKind } from '../../packages/protocol/src/declare.ts'
import { defaultOf } from '../../packages/protocol/src/interpreter.ts'
import type { Message } from '../../packages/protocol/src/message.ts'
import * as messages from '../../packages/protocol/src/messages.ts'
import * as stored from '../../packages/protocol/src/stored.ts'
import { inVersions, isCompact, isNullable, isPresent, isTagged } from '../../packages/protocol/src/version-range.ts'
import { definitionsFolder, readDefinitions, type JsonField, type JsonMessage } from './kafka-json.ts'

const folder = definitionsFolder()
const skip = folder === undefined ? 'no message definitions: set KAFKA_MESSAGES or put ../shared/kafka-messages' : false

test("our declarations agree with Apache Kafka's definitions", { skip }, () => {
  const theirs = new Map(readDefinitions(folder!).map((each) => [each.name, each]))
  const declared: readonly Message[] = [...Object.values(messages), ...Object.values(stored)]
  const ours = new Map(declared.map((each) => [each.name, each]))
  const differences: string[] = []
  for (const name of ours.keys()) if (!theirs.has(name)) differences.push(`EXTRA ${name}`)
  for (const definition of theirs.values()) {
    const message = ours.get(definition.name)
    if (message === undefined) differences.push(`MISSING ${definition.name}`)
    else differences.push(...compareMessage(definition, message))
  }
  for (const line of differences) console.log(line)
  assert.equal(differences.length, 0, `${differences.length} differences`)
  assert.ok(theirs.size > 200, 'the folder holds the definitions of a whole release')
})

const KINDS: Record<string, MessageKind> = { 'coordinator-key': 'key', 'coordinator-value': 'value' }

function compareMessage(definition: JsonMessage, message: Message): string[] {
  const { name } = definition
  const differences: string[] = []
  const compare = (what: string, their: unknown, our: unknown): void => {
    differences.push(...different(`${name} ${what}`, their, our))
  }
  compare('kind', KINDS[definition.type] ?? definition.type, message.kind)
  compare('key', definition.apiKey, message.key)
  compare('versions', definition.validVersions, message.versions)
  compare('latestVersionUnstable', definition.latestVersionUnstable ?? false, message.latestVersionUnstable ?? false)
  compare('listeners', definition.listeners?.toSorted(), message.listeners?.toSorted())
  for (let version = message.versionMin; version <= message.versionMax; version++) {
    compare(`flexible in v${version}`, inVersions(definition.flexibleVersions, version), message.isFlexible(version))
  }
  differences.push(...compareFields(definition, message, definition.fields, message.fields, name))
  return differences
}

function different(what: string, theirs: unknown, ours: unknown): string[] {
  const [their, our] = [String(theirs), String(ours)]
  return their === our ? [] : [`DIFFERENT ${what}: theirs ${their}, ours ${our}`]
}

function compareFields(
  definition: JsonMessage,
  message: Message,
  theirs: readonly JsonField[],
  ours: Fields,
  path: string,
): string[] {
  const differences: string[] = []
  const theirNames = theirs.map((field) => lowerFirst(field.name))
  for (const name of theirNames) if (!(name in ours)) differences.push(`MISSING ${path}.${name}`)
  for (const name of Object.keys(ours)) if (!theirNames.includes(name)) differences.push(`EXTRA ${path}.${name}`)
  if (differences.length > 0) return differences
  if (theirNames.join() !== Object.keys(ours).join()) {
    return [`DIFFERENT ${path} order: theirs ${theirNames.join()}, ours ${Object.keys(ours).join()}`]
  }
  for (const field of theirs) {
    const name = lowerFirst(field.name)
    differences.push(...compareField(definition, message, field, ours[name]!, `${path}.${name}`))
  }
  return differences
}

function compareField(
  definition: JsonMessage,
  message: Message,
  theirs: JsonField,
  ours: Field<unknown>,
  path: string,
): string[] {
  const differences: string[] = []
  const compare = (what: string, their: unknown, our: unknown): void => {
    differences.push(...different(`${path} ${what}`, their, our))
  }
  const fields = theirs.fields ?? structFields(definition, theirs.type)
  compare('type', wireType(theirs.type, fields !== undefined), ourType(ours))
  compare('tag', theirs.tag, ours.tag)
  compare('ignorable', theirs.ignorable ?? false, ours.ignorable ?? false)
  compare('default', theirDefault(theirs, fields !== undefined), ourDefault(ours))
  for (let version = message.versionMin; version <= message.versionMax; version++) {
    // A field that names tagged versions only exists in those.
    const present = inVersions(theirs.versions ?? theirs.taggedVersions, version)
    compare(`present in v${version}`, present, isPresent(ours, version))
    compare(`tagged in v${version}`, inVersions(theirs.taggedVersions, version), isTagged(ours, version))
    if (!present) continue
    compare(`nullable in v${version}`, inVersions(theirs.nullableVersions, version), isNullable(ours, version))
    const compact = inVersions(theirs.flexibleVersions ?? definition.flexibleVersions, version)
    compare(`compact in v${version}`, compact, isCompact(message, ours, version))
  }
  if (fields === undefined) return differences
  return [...differences, ...compareFields(definition, message, fields, ours.fields ?? {}, path)]
}

function structFields(definition: JsonMessage, type: string): readonly JsonField[] | undefined {
  return definition.commonStructs?.find((struct) => struct.name === type.replace('[]', ''))?.fields
}

function wireType(type: string, isStruct: boolean): string {
  const element = isStruct ? 'struct' : type.replace('[]', '')
  return type.startsWith('[]') ? `${element}[]` : element
}

function ourType(field: Field<unknown>): string {
  return field.type === 'array' ? `${field.element}[]` : field.type
}

/** Their default as text; what the definition leaves out is the zero value of the type. */
function theirDefault(field: JsonField, isStruct: boolean): string {
  // The generator takes a bare null for "no default"; null as a default is spelled as text.
  const value = field.default ?? ''
  if (value === 'null') return 'null'
  if (field.type.startsWith('[]') || isStruct) return 'empty'
  switch (field.type) {
    case 'string':
    case 'bytes':
    case 'records':
      return value === '' ? 'empty' : String(value)
    case 'uuid':
      return value === '' ? ZERO_UUID : String(value)
    case 'bool':
      return value === '' ? 'false' : String(value)
    case 'int64':
      return value === '9223372036854775807' ? 'Infinity' : String(Number(value))
    default:
      return String(Number(value))
  }
}

function ourDefault(field: Field<unknown>): string {
  if (field.default === null) return 'null'
  if (field.type === 'array' || field.type === 'struct') return field.default === undefined ? 'empty' : 'other'
  const value = defaultOf(field)
  if (value === '' || (value instanceof Uint8Array && value.length === 0)) return 'empty'
  return String(value)
}

function lowerFirst(name: string): string {
  return name[0]!.toLowerCase() + name.slice(1)
}
