/** JSON Schema and Protobuf serdes with a registry of our own. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type { SerdeContext } from '@braidlog/client'
import { jsonSchema, protobuf, SerdeError, type RegistryClient } from '../../src/serdes/index.ts'
import { boundedRegExp, isLinear } from '../../src/serdes/json/validate.ts'
import { SerdeWorld } from '../support/serdes.ts'

const VALUE = (topic: string): SerdeContext => ({ topic, isKey: false })

let world: SerdeWorld
before(async () => {
  world = await SerdeWorld.start({ json: 1, proto: 1 })
})
after(async () => await world[Symbol.asyncDispose]())

async function register(
  client: RegistryClient,
  subject: string,
  schemaType: 'JSON' | 'PROTOBUF',
  schema: string,
  rest: object = {},
): Promise<number> {
  return (await client.register(subject, { schemaType, schema, ...rest })).id
}

const ORDER = {
  type: 'object',
  title: 'Order',
  properties: { id: { type: 'string', pattern: '^o-' }, cents: { type: 'integer', minimum: 0 } },
  required: ['id'],
  additionalProperties: false,
} as const

test('JSON is validated on the way in and on the way out', async () => {
  const value = jsonSchema(world.client(), { schema: ORDER })
  const producer = world.kafka.producer({ value })
  await producer.send({ topic: 'json', value: { id: 'o-1', cents: 5 } })
  await assert.rejects(producer.send({ topic: 'json', value: { id: 'x' } }), /at \/id: must match pattern "\^o-"/)
  await assert.rejects(
    producer.send({ topic: 'json', value: { id: 'o-2', more: 1 } as never }),
    /must NOT have additional properties: more/,
  )
  assert.deepEqual(await world.values('json', { value: jsonSchema(world.client()) }), [{ id: 'o-1', cents: 5 }])
  const [raw] = (await world.values('json')) as [Buffer]
  assert.equal(raw.subarray(5).toString(), '{"id":"o-1","cents":5}')
  const strict = jsonSchema(world.client(), { schema: { ...ORDER, required: ['id', 'currency'] } })
  await assert.rejects(
    world.values('json', { value: strict }),
    /json-0@0: .*must have required property 'currency'.*\(writer's schema \d+, the reader's own\)/,
  )
  const lenient = jsonSchema(world.client(), { schema: { ...ORDER, required: ['currency'] }, validate: false })
  assert.deepEqual(await world.values('json', { value: lenient }), [{ id: 'o-1', cents: 5 }])
})

test('JSON is written as it is validated: dates as text, without members that are undefined', async () => {
  const schema = {
    type: 'object',
    properties: { at: { type: 'string' }, no: { type: 'null' } },
    additionalProperties: false,
  }
  const serde = jsonSchema<unknown>(world.client(), { schema: JSON.stringify(schema) })
  const bytes = await serde.serializeAsync({ at: new Date(0), no: undefined }, VALUE('dates'))
  assert.deepEqual(await serde.deserializeAsync(bytes, VALUE('dates')), { at: '1970-01-01T00:00:00.000Z' })
})

test('a whole number that JavaScript cannot hold is refused, not rounded', async () => {
  const serde = jsonSchema<unknown>(world.client(), { schema: '{}' as unknown })
  const prefix = (await serde.serializeAsync({}, VALUE('exact'))).subarray(0, 5)
  const read = async (text: string): Promise<unknown> =>
    await serde.deserializeAsync(Buffer.concat([prefix, Buffer.from(text)]), VALUE('exact'))
  await assert.rejects(read('{"a":[9007199254740993]}'), {
    code: 'INVALID_VALUE',
    message: /9007199254740993 is not exact/,
  })
  assert.deepEqual(await read('{"a":9007199254740991,"b":0.12345678901234567,"c":"12345678901234567890"}'), {
    a: 9007199254740991,
    b: Number('0.12345678901234567'),
    c: '12345678901234567890',
  })
})

test('every draft is validated by its own rules, references included', async () => {
  const client = world.client()
  await register(client, 'part', 'JSON', '{"type":"integer"}')
  const references = [{ name: 'part.json', subject: 'part', version: 1 }]
  const drafts = {
    'http://json-schema.org/draft-04/schema#': { properties: { x: { maximum: 5, exclusiveMaximum: true } } },
    'http://json-schema.org/draft-07/schema#': { properties: { x: { exclusiveMaximum: 5 } } },
    'https://json-schema.org/draft/2019-09/schema': {
      properties: { x: { exclusiveMaximum: 5 } },
      unevaluatedProperties: true,
    },
    'https://json-schema.org/draft/2020-12/schema': {
      properties: { x: { exclusiveMaximum: 5 }, t: { prefixItems: [{ type: 'string' }] } },
    },
  }
  for (const [$schema, rest] of Object.entries(drafts)) {
    const schema = JSON.stringify({
      $schema,
      type: 'object',
      ...rest,
      allOf: [{ properties: { part: { $ref: 'part.json' } } }],
    })
    const topic = VALUE($schema.replaceAll(/\W/g, ''))
    const serde = jsonSchema<object>(client, { schema, references })
    await serde.serializeAsync({ x: 4, part: 1 }, topic)
    await assert.rejects(serde.serializeAsync({ x: 5 }, topic), { code: 'INVALID_VALUE', path: '/x' })
    await assert.rejects(serde.serializeAsync({ part: 1.5 }, topic), { code: 'INVALID_VALUE', path: '/part' })
  }
})

test('a pattern that would hang the host does not hang the serde', async () => {
  const schema = { type: 'string', pattern: '^(a+)+$' }
  const serde = jsonSchema<string>(world.client(), { schema: JSON.stringify(schema) })
  await serde.serializeAsync('aaa', VALUE('patterns'))
  await assert.rejects(serde.serializeAsync(`${'a'.repeat(40)}!`, VALUE('patterns')), SerdeError)
})

test("patterns go to the host's matcher only where they cannot go astray", () => {
  for (const pattern of ['^[a-z]+$', '^\\d{4}-\\d{2}$', 'a|b', '^(?:x|y)z*$'])
    assert.equal(isLinear(pattern), true, pattern)
  for (const pattern of ['(a+)+', 'a*a*', '(a|b){5}', '(.)\\1', '(?=a)', 'x{2,}y*'])
    assert.equal(isLinear(pattern), false, pattern)
  assert.equal(boundedRegExp('a*b*', 'u').test('aab'), true)
})

const PROTO = `syntax = "proto3";
package shop;
message Order { string id = 1; int64 cents = 2; Line line = 3; message Line { string sku = 1; } }
message Refund { string id = 1; Order.Line line = 2; }
`

test('a message is written with its indexes, and read as the one it is', async () => {
  const client = world.client()
  const of = (message?: string) => protobuf<object>(client, { schema: PROTO, message })
  const send = async (message: string | undefined, value: object): Promise<void> => {
    await world.kafka.producer({ value: of(message) }).send({ topic: 'proto', value })
  }
  await send(undefined, { id: 'o-1', cents: 5, line: { sku: 's' } })
  await send('shop.Refund', { id: 'r-1' })
  await send('shop.Order.Line', { sku: 'l' })
  assert.deepEqual(await world.values('proto', { value: protobuf(world.client()) }), [
    { id: 'o-1', cents: 5n, line: { sku: 's' } },
    { id: 'r-1', line: undefined },
    { sku: 'l' },
  ])
  const raw = (await world.values('proto')) as Buffer[]
  assert.deepEqual(
    raw.map((bytes) => [...bytes.subarray(5, 8)]),
    [
      [0, 10, 3],
      [2, 2, 10],
      [4, 0, 0],
    ],
  )
  const byRecord = await protobuf(client, {
    schema: PROTO,
    message: 'shop.Refund',
    subject: 'recordName',
  }).serializeAsync({ id: 'x' }, VALUE('p'))
  assert.equal((await client.latest('shop.Refund')).id, Buffer.from(byRecord).readInt32BE(1))
})

test("messages of another version are read as the reader's own, or refused with the field", async () => {
  const client = world.client()
  const bytes = await protobuf(client, { schema: PROTO }).serializeAsync({ id: 'o', cents: 7n }, VALUE('versions'))
  const read = async (schema: string): Promise<unknown> =>
    await protobuf(world.client(), { schema }).deserializeAsync(bytes, VALUE('versions'))
  const grown =
    'syntax = "proto3"; package shop; message Order { string name = 1; uint32 cents = 2; string fresh = 9; }'
  assert.deepEqual(await read(grown), { name: 'o', cents: 7, fresh: '' })
  await assert.rejects(read('syntax = "proto3"; package shop; message Order { string cents = 2; }'), {
    code: 'SCHEMA_MISMATCH',
    path: '/cents',
    message: /at \/cents: field 2 is written as int64 and read as string \(writer's schema \d+, the reader's own\)/,
  })
})

test('imports are references', async () => {
  const client = world.client()
  await register(client, 'money', 'PROTOBUF', 'syntax = "proto3"; package money; message Amount { int64 units = 1; }')
  const schema = 'syntax = "proto3"; import "money.proto"; message M { money.Amount a = 1; }'
  const references = [{ name: 'money.proto', subject: 'money', version: 1 }]
  const bytes = await protobuf<object>(client, { schema, references }).serializeAsync(
    { a: { units: 3 } },
    VALUE('imports'),
  )
  assert.deepEqual(await protobuf(world.client(), { long: 'number' }).deserializeAsync(bytes, VALUE('imports')), {
    a: { units: 3 },
  })
})

test('a schema of another format is refused', async () => {
  const client = world.client()
  const bytes = await protobuf<object>(client, { schema: PROTO }).serializeAsync({}, VALUE('other'))
  await assert.rejects(jsonSchema(client).deserializeAsync(bytes, VALUE('other')), { code: 'WRONG_SCHEMA' })
})
