/**
 * Identities: the MD5 over text, references, metadata and rule set, as GUID. Clients keep GUIDs in the headers of records, so they must
 * never change.
 *
 * The values below were computed by `reference` in this file, which writes the bytes down as the layout is documented in
 * `core/identity.ts`, one after another, and by the registry; they are frozen here. For schemas without metadata and rules that is the
 * documented layout of Confluent's registry; for the other two it is ours, since theirs is not documented.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import type { Metadata, RuleSet, SchemaReference } from '../src/core/entities.ts'
import { guidOf } from '../src/core/identity.ts'
import { md5 } from '../src/formats-of.ts'

const texts = {
  AVRO: '{"type":"record","name":"R","fields":[{"name":"x","type":"int"}]}',
  JSON: '{"type":"object","properties":{"ü":{"type":"string"}}}',
  PROTOBUF: 'syntax = "proto3";\n\nmessage M {\n  int32 a = 1;\n}\n',
} as const
const references: SchemaReference[] = [
  { name: 'a.b', subject: 'other', version: 3 },
  { name: 'c', subject: ':.prod:c', version: 1 },
]
const metadata: Metadata = {
  tags: { 'R.x': ['PII', 'EU'] },
  properties: { owner: 'team', area: 'shop' },
  sensitive: ['owner'],
}
const ruleSet: RuleSet = {
  migrationRules: [{ name: 'up', kind: 'TRANSFORM', mode: 'UPGRADE', type: 'JSONATA', expr: '$' }],
  domainRules: [{ name: 'r', type: 'CEL', mode: 'WRITE', tags: ['PII'], params: { b: '2', a: '1' }, disabled: true }],
}

/** Byte for byte, with the metadata's and the rules' bytes spelt out. */
function reference(text: string, has: { references: boolean; metadata: boolean; ruleSet: boolean }): string {
  const parts: (string | Buffer)[] = [text]
  if (has.references) {
    parts.push('a.b', 'other', Buffer.from([0, 0, 0, 3]), 'c', ':.prod:c', Buffer.from([0, 0, 0, 1]))
  }
  if (has.metadata) parts.push(Buffer.from([1]), 'R.x', 'EU', 'PII', 'area', 'shop', 'owner', 'team', 'owner')
  if (has.ruleSet) {
    parts.push(Buffer.from([1]), 'up', 'TRANSFORM', 'UPGRADE', 'JSONATA', '$')
    parts.push('r', 'WRITE', 'CEL', 'PII', 'a', '1', 'b', '2', Buffer.from([1]))
  }
  const hex = createHash('md5')
    .update(Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part))))
    .digest('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const combinations = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => ({
  references: (bits & 4) > 0,
  metadata: (bits & 2) > 0,
  ruleSet: (bits & 1) > 0,
}))

const FROZEN: Readonly<Record<keyof typeof texts, readonly string[]>> = {
  AVRO: [
    '66fed72e-47e0-e008-c0d5-2b82ef18e4af',
    'c78a3603-ca49-45b1-2819-b7425581ab97',
    '4a08a857-dc3a-5a85-1eb7-ae025772b161',
    'f68ea5fd-ada6-64ab-1e29-829645987c89',
    '428bb2a4-62d2-c87c-7211-f8e7c5321fbf',
    'ec19c82a-f3f9-1cab-472e-df52bd04290c',
    '9d7bf0f7-d926-6a3e-cb98-e62835bcfc75',
    '60dc55fc-41ae-c2be-94eb-c1fcfff72756',
  ],
  JSON: [
    'b4211128-b229-e3c1-78d1-cad6bff62ba8',
    '00d45f41-9dd2-bf98-109a-0dca7821a3d8',
    '2f0f3e66-cce3-4892-e020-5c63aefd750e',
    '1eefe2b7-c655-4d0c-62c0-c5c509ec047d',
    'd334d2cb-897f-0585-ebc9-03bc7d0d7dce',
    '055f33b8-6763-fbb4-b0e7-1cf0f4f8d2c3',
    'b82f1a37-9289-fb24-65b4-17d3bb266c36',
    '1b64f35e-0076-6f3d-3e56-60607599a318',
  ],
  PROTOBUF: [
    'c160e31f-ccc5-5d73-df16-1d68dbcc6e68',
    '74f14a21-ba7d-52a7-92f3-1d78471513e9',
    '943d2b63-2881-12db-1ddc-44c5885e10d6',
    '28db7056-43ea-f690-90b4-a520f029645e',
    '87a7353d-d7c1-2526-a9e5-3014d4a56dac',
    '50645a91-bcb6-5d82-af85-1a981f5352fa',
    '0a316825-cd67-4539-8afd-5ece9bf32796',
    '6a97bf76-b860-9d26-190c-c1b0e227308a',
  ],
}

for (const type of ['AVRO', 'JSON', 'PROTOBUF'] as const) {
  for (const [i, has] of combinations.entries()) {
    const what = Object.entries(has).flatMap(([name, isThere]) => (isThere ? [name] : []))
    test(`${type} with ${what.join(', ') || 'nothing else'}`, () => {
      const content = {
        schema: texts[type],
        references: has.references ? references : [],
        metadata: has.metadata ? metadata : null,
        ruleSet: has.ruleSet ? ruleSet : null,
      }
      assert.equal(guidOf(content, md5), FROZEN[type][i])
      assert.equal(reference(texts[type], has), FROZEN[type][i])
    })
  }
}

test('the order in which tags and properties stand makes no difference', () => {
  const other: Metadata = {
    sensitive: ['owner'],
    properties: { area: 'shop', owner: 'team' },
    tags: { 'R.x': ['EU', 'PII'] },
  }
  const guid = (each: Metadata): string =>
    guidOf({ schema: texts.AVRO, references: [], metadata: each, ruleSet: null }, md5)
  assert.equal(guid(other), guid(metadata))
})
