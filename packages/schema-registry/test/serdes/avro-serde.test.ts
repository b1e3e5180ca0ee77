/** Avro serdes in producers and consumers, with a registry of our own: which schema is used, and what happens where none fits. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { KafkaError, type SerdeContext } from '@braidlog/client'
import { avro, SerdeError, type RegistryClient } from '../../src/serdes/index.ts'
import { SerdeWorld } from '../support/serdes.ts'

const record = <const F extends readonly object[]>(name: string, fields: F) =>
  ({ type: 'record', name, fields }) as const
const V1 = record('Order', [{ name: 'id', type: 'string' }])
const V2 = record('Order', [
  { name: 'id', type: 'string' },
  { name: 'cents', type: 'long', default: 0 },
])
const V3 = record('Order', [
  { name: 'id', type: 'string' },
  { name: 'currency', type: 'string' },
])

const VALUE = (topic: string): SerdeContext => ({ topic, isKey: false })

let world: SerdeWorld
before(async () => {
  world = await SerdeWorld.start({ orders: 1, mixed: 1, headers: 1, poison: 1, dead: 1, keys: 1 })
})
after(async () => await world[Symbol.asyncDispose]())

async function refusal(promise: Promise<unknown>): Promise<SerdeError> {
  try {
    await promise
  } catch (error) {
    const cause = KafkaError.is(error) ? error.cause : error
    assert.ok(SerdeError.is(cause), String((error as Error).stack))
    return cause
  }
  throw new Error('it was not refused')
}

async function register(client: RegistryClient, subject: string, schema: object, rest: object = {}): Promise<number> {
  return (await client.register(subject, { schemaType: 'AVRO', schema: JSON.stringify(schema), ...rest })).id
}

test('a producer registers its schema, a consumer finds it by the id in front of each value', async () => {
  const value = avro(world.client(), { schema: V2 })
  const producer = world.kafka.producer({ value })
  await producer.send({ topic: 'orders', value: { id: 'o-1', cents: 5n } })
  await producer.send({ topic: 'orders', value: null })
  await producer.send({ topic: 'orders', value: { id: 'o-2', cents: 2n ** 60n } })
  const read = await world.values('orders', { value: avro(world.client()) })
  assert.deepEqual(read, [{ id: 'o-1', cents: 5n }, null, { id: 'o-2', cents: 2n ** 60n }])
  const [raw] = (await world.values('orders')) as [Buffer]
  const { id } = await world.client().latest('orders-value')
  assert.deepEqual([raw[0], raw.readInt32BE(1)], [0, id])
})

test("values of older and newer schemas are read as the consumer's own", async () => {
  await world.put('/config/mixed-value', { compatibility: 'NONE' })
  const send = async (schema: object, value: unknown): Promise<void> => {
    await world.kafka
      .producer({ value: avro(world.client(), { schema }) })
      .send({ topic: 'mixed', value: value as never })
  }
  await send(V1, { id: 'old' })
  await send(V2, { id: 'new', cents: 7n })
  assert.deepEqual(await world.values('mixed', { value: avro(world.client(), { schema: V2 }) }), [
    { id: 'old', cents: 0n },
    { id: 'new', cents: 7n },
  ])
  assert.deepEqual(await world.values('mixed', { value: avro(world.client(), { schema: V2, reader: 'writer' }) }), [
    { id: 'old' },
    { id: 'new', cents: 7n },
  ])
})

test('a reader schema that does not fit stops the consumer: record, schema ids and path are named', async () => {
  const consumer = world.kafka.consumer({
    groupId: 'strict',
    topics: ['mixed'],
    autoOffsetReset: 'earliest',
    value: avro(world.client(), { schema: V3 }),
  })
  await assert.rejects(
    async () => {
      for await (const { value } of consumer) assert.fail(JSON.stringify(value))
    },
    (error) => {
      assert.ok(KafkaError.is(error))
      const [detail] = error.details
      assert.deepEqual([detail?.topic, detail?.partition, detail?.offset], ['mixed', 0, 0n])
      assert.match(
        error.message,
        /^mixed-0@0: the value cannot be read: the reader's field "currency" of Order is not in the writer's schema, and has no default \(writer's schema \d+, the reader's own\)$/,
      )
      const cause = error.cause as SerdeError
      assert.equal(cause.code, 'SCHEMA_MISMATCH')
      return true
    },
  )
  await consumer.close()
})

test('what cannot be read is skipped, or goes to a dead letter topic with headers that tell why', async () => {
  const kafka = world.kafka
  await kafka.producer().send({ topic: 'poison', value: 'no schema id' })
  await kafka.producer({ value: avro(world.client(), { schema: V1 }) }).send({ topic: 'poison', value: { id: 'fine' } })
  await kafka.producer().send({ topic: 'poison', value: Buffer.from([0, 0, 1, 0, 0, 9]) })
  const options = { value: avro(world.client()) }
  assert.deepEqual(await world.values('poison', { ...options, onDeserializationError: 'skip' }), [{ id: 'fine' }])
  const consumer = kafka.consumer({
    groupId: 'careful',
    topics: ['poison'],
    autoOffsetReset: 'earliest',
    onDeserializationError: { deadLetter: { topic: 'dead' } },
    ...options,
  })
  for await (const { value } of consumer) {
    assert.deepEqual(value, { id: 'fine' })
    break
  }
  await consumer.close()
  const letters: unknown[] = []
  for await (const letter of kafka.reader({ assign: ['dead'], until: 'end' })) {
    const { headers } = letter
    letters.push([headers.text('dlq.offset'), headers.text('dlq.reason'), headers.text('dlq.schema.writer')])
  }
  assert.deepEqual(letters, [
    ['0', 'NO_SCHEMA_ID', undefined],
    ['2', 'REGISTRY_REFUSED', '65536'],
  ])
})

test('a registry that does not answer stops the consumer, whatever it does with unreadable records', async () => {
  const away = world.client({ urls: 'http://127.0.0.1:1', retry: { rounds: 2, backoffMs: 1 } })
  const error = await refusal(world.values('orders', { value: avro(away), onDeserializationError: 'skip' }))
  assert.deepEqual([error.code, error.retriable], ['REGISTRY_UNAVAILABLE', true])
})

test('the id goes into a header as a GUID, and is read from there', async () => {
  const value = avro(world.client(), { schema: V1, idLocation: 'header' })
  const key = avro(world.client(), { schema: 'string', idLocation: 'header' })
  await world.kafka
    .producer({ key, value })
    .send({ topic: 'headers', key: 'k', value: { id: 'h' }, headers: { own: '1' } })
  const readers = { key: avro(world.client()), value: avro(world.client()) }
  for await (const record of world.kafka.reader({ assign: ['headers'], until: 'end', ...readers })) {
    assert.deepEqual([record.key, record.value], ['k', { id: 'h' }])
    assert.deepEqual(
      [...record.headers].map(([name, bytes]) => [name, bytes?.length]),
      [
        ['own', 1],
        ['__key_schema_id', 17],
        ['__value_schema_id', 17],
      ],
    )
    assert.equal(record.rawValue?.length, 2)
  }
})

test('subjects by topic, by record, by both, by association, by function', async () => {
  const client = world.client()
  const schema = { ...V1, name: 'Named', namespace: 'shop' }
  const strategies = ['topicName', 'recordName', 'topicRecordName', 'associatedName', () => 'mine'] as const
  for (const subject of strategies) await avro(client, { schema, subject }).ready('s')
  const subjects = (await (await fetch(`${world.registry.url}/subjects`)).json()) as string[]
  for (const name of ['s-value', 'shop.Named', 's-shop.Named', 'mine']) assert.ok(subjects.includes(name), name)
  const nameless = await refusal(avro(client, { schema: 'string', subject: 'recordName' }).ready('s'))
  assert.equal(nameless.code, 'INVALID_OPTION')
})

test('without auto register the schema has to be there', async () => {
  const client = world.client()
  const serde = avro(client, { schema: V1, autoRegister: false })
  const error = await refusal(serde.ready('absent'))
  assert.deepEqual([error.code, error.registryCode], ['REGISTRY_REFUSED', 40401])
  await register(client, 'absent-value', V1)
  await serde.ready('absent')
})

test('with the newest version, or the one with some metadata, values are written by a schema that is registered', async () => {
  const client = world.client()
  const old = await register(client, 'newest-value', V1, { metadata: { properties: { stage: 'live' } } })
  const fresh = await register(client, 'newest-value', V2, { metadata: { properties: { stage: 'next' } } })
  const idOf = async (options: object): Promise<number> => {
    const bytes = await avro(client, options).serializeAsync({ id: 'x' }, VALUE('newest'))
    return Buffer.from(bytes).readInt32BE(1)
  }
  assert.equal(await idOf({ use: 'latest' }), fresh)
  assert.equal(await idOf({ use: { metadata: { stage: 'live' } } }), old)
  assert.equal(await idOf({ use: { id: old } }), old)
  const { guid } = await client.version('newest-value', 1)
  assert.equal(await idOf({ use: { guid } }), old)
})

test('a registered schema that cannot read what the own schema writes is refused, unless told otherwise', async () => {
  const client = world.client()
  await register(client, 'strict-value', V3)
  const error = await refusal(avro(client, { schema: V1, use: 'latest' }).ready('strict'))
  assert.equal(error.code, 'SCHEMA_MISMATCH')
  assert.match(error.message, /schema \d+ of strict-value cannot read what the serde's own schema writes/)
  await avro(client, { schema: V1, use: 'latest', strict: false }).ready('strict')
})

test('the newest version is asked for again after its time, and outlives a registry that is away', async () => {
  let isAway = false
  const client = world.client({
    latestTtlMs: 0,
    retry: { rounds: 1 },
    fetch: async (input, init) => {
      if (isAway) throw new Error('away')
      return await fetch(input, init)
    },
  })
  const first = await register(client, 'ttl-value', V1)
  const serde = avro(client, { use: 'latest' })
  const idOf = async (): Promise<number> =>
    Buffer.from(await serde.serializeAsync({ id: 'x' }, VALUE('ttl'))).readInt32BE(1)
  assert.equal(await idOf(), first)
  const second = await register(client, 'ttl-value', V2)
  assert.equal(await idOf(), second)
  isAway = true
  assert.equal(await idOf(), second)
})

test('a consumer that reads as the newest version goes on with the one it knows while the registry is away', async () => {
  let isAway = false
  const client = world.client({
    latestTtlMs: 0,
    retry: { rounds: 1 },
    fetch: async (input, init) => {
      if (isAway) throw new Error('away')
      return await fetch(input, init)
    },
  })
  await register(client, 'stale-value', V1)
  const bytes = await avro<object>(client, { use: 'latest' }).serializeAsync({ id: 'x' }, VALUE('stale'))
  const reader = avro(client, { reader: 'latest' })
  assert.deepEqual(await reader.deserializeAsync(bytes, VALUE('stale')), { id: 'x' })
  await register(client, 'stale-value', V2)
  assert.deepEqual(await reader.deserializeAsync(bytes, VALUE('stale')), { id: 'x', cents: 0n })
  isAway = true
  assert.deepEqual(await reader.deserializeAsync(bytes, VALUE('stale')), { id: 'x', cents: 0n })
})

test('an id that is not known yet is asked for once more', async () => {
  let refusals = 1
  const { id } = await world.client().latest('orders-value')
  const client = world.client({
    fetch: async (input, init) => {
      if (refusals-- > 0) return new Response('{"error_code":40403,"message":"not yet"}', { status: 404 })
      return await fetch(input, init)
    },
  })
  const bytes = await avro(world.client(), { schema: V2 }).serializeAsync({ id: 'y', cents: 1n }, VALUE('orders'))
  assert.equal(Buffer.from(bytes).readInt32BE(1), id)
  assert.deepEqual(await avro(client).deserializeAsync(bytes, VALUE('orders')), { id: 'y', cents: 1n })
})

test('references are resolved, those of the schema read as well as of the own', async () => {
  const client = world.client()
  await register(client, 'line', record('Line', [{ name: 'sku', type: 'string' }]))
  const schema = record('Cart', [{ name: 'lines', type: { type: 'array', items: 'Line' } }])
  const references = [{ name: 'Line', subject: 'line', version: 1 }]
  const bytes = await avro<unknown>(client, { schema, references }).serializeAsync(
    { lines: [{ sku: 'a' }] },
    VALUE('carts'),
  )
  assert.deepEqual(await avro(world.client()).deserializeAsync(bytes, VALUE('carts')), { lines: [{ sku: 'a' }] })
})

test('a context has ids of its own', async () => {
  const inContext = { context: 'tenant' }
  const bytes = await avro(world.client(), { schema: V3, ...inContext }).serializeAsync(
    { id: 'a', currency: 'EUR' },
    VALUE('ctx'),
  )
  assert.deepEqual(await avro(world.client(), inContext).deserializeAsync(bytes, VALUE('ctx')), {
    id: 'a',
    currency: 'EUR',
  })
  const subjects = (await (await fetch(`${world.registry.url}/subjects?subjectPrefix=:*:`)).json()) as string[]
  assert.ok(subjects.includes(':.tenant:ctx-value'))
})

test('a serde that was not prepared says so', () => {
  const serde = avro(world.client(), { schema: V1 })
  assert.throws(() => serde.serialize({ id: 'x' }, VALUE('fresh')), { code: 'NOT_READY' })
  assert.throws(() => serde.deserialize(Buffer.from([0, 0, 0, 0, 1]), VALUE('fresh')), { code: 'NOT_READY' })
})

test('many who ask at once share one request', async () => {
  let requests = 0
  const client = world.client({
    fetch: async (input, init) => {
      requests++
      return await fetch(input, init)
    },
  })
  const { id } = await world.client().latest('orders-value')
  await Promise.all(Array.from({ length: 20 }, async () => await client.byId(id)))
  assert.equal(requests, 1)
})

test('another registry is asked when one fails, and credentials go along', async () => {
  const seen: string[] = []
  const client = world.client({
    urls: ['http://a:1', 'http://user:secret@b:1'],
    auth: { type: 'bearer', token: () => 'fresh' },
    fetch: async (input, init) => {
      seen.push(`${new URL(input as string).hostname} ${new Headers(init?.headers).get('authorization')}`)
      if ((input as string).startsWith('http://a')) return new Response('', { status: 503 })
      return new Response(JSON.stringify({ schema: '"string"' }))
    },
  })
  assert.equal((await client.byId(1)).schema, '"string"')
  await client.byId(2)
  assert.deepEqual(seen, ['a Bearer fresh', `b Basic ${btoa('user:secret')}`, `b Basic ${btoa('user:secret')}`])
})

test("a caller's signal ends its waiting", async () => {
  const client = world.client({ fetch: async () => await new Promise<Response>(() => {}) })
  const controller = new AbortController()
  const waiting = client.byId(5, { signal: controller.signal })
  controller.abort(new Error('enough'))
  await assert.rejects(waiting, /enough/)
})
