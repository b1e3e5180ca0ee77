/** Data contracts: rules that are registered with a schema, run where values are written and read. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type { SerdeContext } from '@braidlog/client'
import type { Rule, RuleSet } from '../../src/index.ts'
import {
  avro,
  jsonSchema,
  protobuf,
  type RegistryClient,
  type RuleDeadLetter,
  type RuleExecutor,
} from '../../src/serdes/index.ts'
import { tagsOf } from '../../src/serdes/rules/tags.ts'
import { SerdeWorld } from '../support/serdes.ts'

const VALUE = (topic: string): SerdeContext => ({ topic, isKey: false })
const USER = {
  type: 'record',
  name: 'User',
  fields: [
    { name: 'name', type: 'string' },
    { name: 'ssn', type: ['null', 'string'], default: null, 'confluent:tags': ['PII'] },
    { name: 'age', type: 'int' },
    { name: 'points', type: 'long', default: 0 },
  ],
} as const
const ADA = { name: 'Ada', ssn: '123-45', age: 36, points: 2n ** 60n }

let world: SerdeWorld
let subjects = 0
before(async () => {
  world = await SerdeWorld.start()
})
after(async () => await world[Symbol.asyncDispose]())

const rule = (rest: Partial<Rule>): Rule => ({ name: 'r', kind: 'CONDITION', mode: 'WRITE', type: 'CEL', ...rest })

async function topicWith(client: RegistryClient, ruleSet: RuleSet, rest: object = {}): Promise<string> {
  const topic = `t${subjects++}`
  await client.register(`${topic}-value`, { schemaType: 'AVRO', schema: JSON.stringify(USER), ruleSet, ...rest })
  return topic
}

/** What becomes of a value that is written and read. */
async function through(
  domainRules: readonly Rule[],
  value: object = ADA,
  options: object = {},
  rest: object = {},
): Promise<unknown> {
  const client = world.client()
  const topic = await topicWith(client, { domainRules }, rest)
  const bytes = await avro<object>(client, { use: 'latest', ...options }).serializeAsync(value, VALUE(topic))
  return await avro(world.client(), options).deserializeAsync(bytes, VALUE(topic))
}

test('a condition that does not hold refuses the value and names the rule', async () => {
  assert.deepEqual(await through([rule({ expr: 'message.age > 18 && message.name.size() > 2' })]), ADA)
  await assert.rejects(through([rule({ name: 'adults', doc: 'only adults', expr: 'message.age > 40' })]), {
    code: 'RULE_FAILED',
    rule: 'adults',
    message: /rule "adults" does not hold: only adults/,
  })
  await assert.rejects(through([rule({ mode: 'READ', expr: 'message.age > 40' })]), { code: 'RULE_FAILED' })
})

test('a transform makes the value that is written, or that is read; integers stay exact', async () => {
  const expr = '{"name": message.name + "!", "age": message.age + 1, "points": message.points + 1}'
  const changed = { name: 'Ada!', ssn: null, age: 37, points: 2n ** 60n + 1n }
  assert.deepEqual(await through([rule({ kind: 'TRANSFORM', expr })]), changed)
  assert.deepEqual(
    await through([
      rule({ kind: 'TRANSFORM', mode: 'READ', expr: expr.replace('"age"', '"ssn": message.ssn, "age"') }),
    ]),
    { ...changed, ssn: '123-45' },
  )
})

test('fields with a tag are transformed, tags of the metadata count', async () => {
  const mask = rule({
    kind: 'TRANSFORM',
    type: 'CEL_FIELD',
    tags: ['PII'],
    expr: 'typeName == "STRING" ; value + " (hidden)"',
  })
  assert.deepEqual(await through([mask]), { ...ADA, ssn: '123-45 (hidden)' })
  const metadata = { tags: { 'User.na*': ['PII'] } }
  assert.deepEqual(await through([mask], ADA, {}, { metadata }), {
    ...ADA,
    name: 'Ada (hidden)',
    ssn: '123-45 (hidden)',
  })
  const short = rule({ type: 'CEL_FIELD', expr: 'name == "name" ; value.size() < 3' })
  await assert.rejects(through([short]), { code: 'RULE_FAILED' })
  assert.deepEqual(await through([short], { ...ADA, name: 'Al' }), { ...ADA, name: 'Al' })
})

test('actions decide what a failure means; disabled rules are not run', async () => {
  const no = { expr: 'false' }
  assert.deepEqual(await through([rule({ ...no, onFailure: 'NONE' })]), ADA)
  assert.deepEqual(await through([rule({ ...no, disabled: true })]), ADA)
  assert.deepEqual(await through([rule({ ...no, mode: 'WRITEREAD', onFailure: 'NONE,NONE' })]), ADA)
  await assert.rejects(through([rule({ ...no, mode: 'WRITEREAD', onFailure: 'NONE,ERROR' })]), { code: 'RULE_FAILED' })
  await assert.rejects(through([rule({ expr: 'true', onSuccess: 'ERROR' })]), /refuses what satisfies it/)
  const letters: RuleDeadLetter[] = []
  const options = { onRuleDeadLetter: (letter: RuleDeadLetter) => letters.push(letter) }
  await assert.rejects(through([rule({ ...no, name: 'dlq', onFailure: 'DLQ' })], ADA, options), { code: 'RULE_FAILED' })
  assert.deepEqual(
    letters.map(({ rule: name, value }) => [name, value]),
    [['dlq', ADA]],
  )
})

test('what cannot be evaluated is a failure of its rule', async () => {
  await assert.rejects(through([rule({ expr: 'message.missing == 1' })]), /rule "r" failed: .*missing/)
  await assert.rejects(through([rule({ expr: 'message.age >' })]), /rule "r" cannot be compiled/)
  await assert.rejects(through([rule({ kind: 'TRANSFORM', expr: '{"name": 5}' })]), {
    code: 'INVALID_VALUE',
    path: '/name',
  })
})

test('evaluation is bounded: loops, patterns, size', async () => {
  const loops = 'message.name.matches("^(A|d|a)+$")'
  assert.deepEqual(await through([rule({ expr: loops })]), ADA)
  await assert.rejects(through([rule({ expr: `"${'a'.repeat(60)}!".matches("^(a+)+$")` })]), { code: 'RULE_FAILED' })
  await assert.rejects(through([rule({ expr: '[1].all(a, [1].all(b, [1].all(c, true)))' })]), /loops nest 3 deep/)
  await assert.rejects(through([rule({ expr: `"${'x'.repeat(10_001)}" == ""` })]), /more than 10000 characters/)
})

test('a schema that asks for encryption is refused, not written in the clear', async () => {
  await assert.rejects(
    through([rule({ name: 'secret', kind: 'TRANSFORM', type: 'ENCRYPT', tags: ['PII'] })]),
    /rule "secret" is of type ENCRYPT, which nothing here runs/,
  )
  const client = world.client()
  const topic = await topicWith(client, { encodingRules: [rule({ kind: 'TRANSFORM', type: 'ENCRYPT_PAYLOAD' })] })
  await assert.rejects(avro<object>(client, { use: 'latest' }).ready(topic), { code: 'RULE_FAILED' })
  await avro<object>(client, { use: 'latest', rules: false }).ready(topic)
})

test('rules of another type run where an executor is given', async () => {
  const shout: RuleExecutor = {
    type: 'SHOUT',
    compile:
      () =>
      (value, { fields }) =>
        fields.fromRules(
          fields.mapFields(fields.toRules(value), ({ typeName }, each) =>
            typeName === 'STRING' ? String(each).toUpperCase() : each,
          ),
        ),
  }
  const read = await through([rule({ kind: 'TRANSFORM', type: 'SHOUT' })], ADA, { ruleExecutors: [shout] })
  assert.deepEqual(read, { ...ADA, name: 'ADA' })
})

test('migration rules lead from version to version, up and down', async () => {
  const client = world.client()
  const fields = (name: string): string =>
    JSON.stringify({ type: 'record', name: 'P', fields: [{ name, type: 'string' }] })
  const migration = (mode: string, from: string, to: string): Rule =>
    rule({ name: mode, kind: 'TRANSFORM', mode, expr: `{"${to}": message.${from} + ">${to}"}` })
  await world.put('/config/m-value', { compatibility: 'NONE' })
  const versions: readonly [string, readonly Rule[]][] = [
    ['a', []],
    ['b', [migration('UPGRADE', 'a', 'b'), migration('DOWNGRADE', 'b', 'a')]],
    ['c', [migration('UPGRADE', 'b', 'c'), migration('DOWNGRADE', 'c', 'b')]],
  ]
  for (const [name, migrationRules] of versions) {
    const metadata = { properties: { v: name } }
    await client.register('m-value', {
      schemaType: 'AVRO',
      schema: fields(name),
      metadata,
      ruleSet: { migrationRules },
    })
  }
  const written = async (v: string, value: object): Promise<Uint8Array> =>
    await avro<object>(client, { use: { metadata: { v } } }).serializeAsync(value, VALUE('m'))
  const read = async (bytes: Uint8Array, reader: object | 'latest'): Promise<unknown> =>
    await avro(world.client(), { reader: reader as 'latest' }).deserializeAsync(bytes, VALUE('m'))
  assert.deepEqual(await read(await written('a', { a: 'x' }), 'latest'), { c: 'x>b>c' })
  assert.deepEqual(await read(await written('c', { c: 'x' }), { metadata: { v: 'a' } }), { a: 'x>b>a' })
  assert.deepEqual(await read(await written('c', { c: 'x' }), 'latest'), { c: 'x' })
})

test('JSONata leads values from version to version; what JSON has not goes along untouched', async () => {
  const client = world.client()
  const schema = (...fields: object[]): string => JSON.stringify({ type: 'record', name: 'P', fields })
  const at = { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } }
  const expr = "$merge([$sift($, function($v, $k) { $k != 'name' }), { 'title': $uppercase(name), 'n': n + 1 }])"
  await world.put('/config/jsonata-value', { compatibility: 'NONE' })
  const n = { name: 'n', type: 'long' }
  const old = {
    schemaType: 'AVRO',
    schema: schema({ name: 'name', type: 'string' }, n, at),
    metadata: { properties: { v: '1' } },
  } as const
  await client.register('jsonata-value', old)
  const ruleSet = { migrationRules: [rule({ kind: 'TRANSFORM', mode: 'UPGRADE', type: 'JSONATA', expr })] }
  await client.register('jsonata-value', {
    schemaType: 'AVRO',
    schema: schema({ name: 'title', type: 'string' }, n, at),
    metadata: { properties: { v: '2' } },
    ruleSet,
  })
  const value = { name: 'ada', n: 1n, at: new Date(5) }
  const use = { metadata: { v: '1' } }
  const bytes = await avro<object>(client, { use }).serializeAsync(value, VALUE('jsonata'))
  const read = async (from: Uint8Array): Promise<unknown> =>
    await avro(world.client(), { reader: 'latest' }).deserializeAsync(from, VALUE('jsonata'))
  assert.deepEqual(await read(bytes), { title: 'ADA', n: 2n, at: new Date(5) })
  const large = await avro<object>(client, { use }).serializeAsync({ ...value, n: 2n ** 60n }, VALUE('jsonata'))
  await assert.rejects(read(large), /would be rounded/)
})

test('JSONata is bounded in time, and what is wrong in it is said', async () => {
  const small = { ...ADA, points: 5n }
  const transform = (expr: string): Promise<unknown> =>
    through([rule({ kind: 'TRANSFORM', type: 'JSONATA', expr })], small)
  await assert.rejects(transform('($f := function($x) { 1 + $f($x) }; $f(1))'), { code: 'RULE_FAILED' })
  await assert.rejects(transform('($f := function($x) { $f($x + 1) }; $f(1))'), { code: 'RULE_FAILED' })
  await assert.rejects(transform('[1..1000000]'), { code: 'RULE_FAILED' })
  await assert.rejects(transform(`$match("${'a'.repeat(40)}!", /^(a+)+$/)`), /could take too long/)
  await assert.rejects(transform('$merge(['), /rule "r" cannot be compiled/)
  await assert.rejects(transform('$number("x")'), { code: 'RULE_FAILED' })
  assert.deepEqual(await through([rule({ type: 'JSONATA', expr: 'age > 30' })], small), small)
})

test('JSON and Protobuf values have rules too', async () => {
  const client = world.client()
  const ruleSet = {
    domainRules: [
      rule({ expr: 'message.n + 1 > 2' }),
      rule({ name: 'mask', kind: 'TRANSFORM', type: 'CEL_FIELD', tags: ['PII'], expr: '"***"' }),
    ],
  }
  const json = JSON.stringify({
    type: 'object',
    properties: { n: { type: 'integer' }, s: { type: 'string', 'confluent:tags': ['PII'] } },
  })
  await client.register('json-rules-value', { schemaType: 'JSON', schema: json, ruleSet })
  const proto =
    'syntax = "proto3"; import "confluent/meta.proto"; message M { int32 n = 1; string s = 2 [(confluent.field_meta).tags = "PII"]; }'
  await client.register('proto-rules-value', { schemaType: 'PROTOBUF', schema: proto, ruleSet })
  const serdes = [
    ['json-rules', jsonSchema<object>(client, { use: 'latest' })],
    ['proto-rules', protobuf<object>(client, { use: 'latest' })],
  ] as const
  for (const [topic, serde] of serdes) {
    const context = VALUE(topic)
    const bytes = await serde.serializeAsync({ n: 2, s: 'secret' }, context)
    assert.deepEqual(await serde.deserializeAsync(bytes, context), { n: 2, s: '***' })
    await assert.rejects(serde.serializeAsync({ n: 1, s: '' }, context), { code: 'RULE_FAILED' })
  }
})

test('patterns of tags stand for parts of names', () => {
  const tags = tagsOf({ tags: { 'shop.*.name': ['A'], '**.ssn': ['B'], 'shop.Order.na*': ['C'], x: ['D'] } })
  assert.deepEqual(tags('shop.Order.name'), ['A', 'C'])
  assert.deepEqual(tags('a.b.c.ssn'), ['B'])
  assert.deepEqual(tags('ssn'), ['B'])
  assert.deepEqual(tags('shop.a.b.name'), [])
})
