/** What serdes may ask of producer and consumer: to be waited for, to see and add headers; and records that none can read. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { KafkaError, string, type Deserializer, type Serializer } from '@braidlog/client'
import { FakeCluster } from './support/fake-cluster.ts'
import { World } from './support/world.ts'

function setUp(): { world: World; cluster: FakeCluster } {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  return { world, cluster }
}

/** Waits once per value that begins with `slow`, or rejects for `bad`. */
function hesitant(world: World): Serializer<string> {
  const ready = new Set<string>()
  return {
    serialize: (value) => value,
    beforeSerialize: (value) => {
      if (value === 'bad') return Promise.reject(Object.assign(new Error('no registry'), { retriable: true }))
      if (!value.startsWith('slow') || ready.has(value)) return undefined
      return world.sleep(1_000).then(() => void ready.add(value))
    },
  }
}

test('a record whose serializer waits keeps its place before those that are ready', async () => {
  const { world, cluster } = setUp()
  await world.run(async () => {
    const producer = world.client().producer({ value: hesitant(world) })
    await producer.send({ topic: 't', value: 'first' })
    await Promise.all(['slow a', 'b', 'slow c', 'd'].map((value) => producer.send({ topic: 't', value })))
    assert.deepEqual(cluster.values('t', 0), ['first', 'slow a', 'b', 'slow c', 'd'])
  })
})

test('flush waits for records whose serializer waits', async () => {
  const { world, cluster } = setUp()
  await world.run(async () => {
    const producer = world.client().producer({ value: hesitant(world) })
    producer.enqueue({ topic: 't', value: 'slow' })
    await producer.flush()
    assert.deepEqual(cluster.values('t', 0), ['slow'])
  })
})

test('what a serializer waits for in vain fails its record and no other', async () => {
  const { world, cluster } = setUp()
  await world.run(async () => {
    const producer = world.client().producer({ value: hesitant(world) })
    const sends = ['a', 'bad', 'b'].map(async (value) => await producer.send({ topic: 't', value }))
    const outcomes = await Promise.allSettled(sends)
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    const { reason } = outcomes[1] as PromiseRejectedResult
    assert.ok(KafkaError.is(reason))
    assert.deepEqual([reason.code, reason.retriable], ['SERIALIZATION_FAILED', true])
    assert.deepEqual(cluster.values('t', 0), ['a', 'b'])
  })
})

test("headers that a serializer adds stand behind the application's, and a deserializer sees them", async () => {
  const { world } = setUp()
  await world.run(async () => {
    const kafka = world.client()
    const stamping: Serializer<string> = {
      serialize(value, context) {
        context.addHeader?.('length', String(value.length))
        return value
      },
    }
    const reading: Deserializer<string> = {
      deserialize: (bytes, context) => `${String(bytes)}/${context.headers?.text('length')}`,
    }
    await kafka.producer({ value: stamping }).send({ topic: 't', value: 'four', headers: { own: 'x' } })
    const reader = kafka.reader({ assign: ['t'], until: 'end', value: reading })
    for await (const record of reader) {
      assert.equal(record.value, 'four/4')
      assert.deepEqual(
        [...record.headers].map(([name]) => name),
        ['own', 'length'],
      )
    }
  })
})

test('a batch is handed out when its deserializer is ready; one that cannot be is met again', async () => {
  const { world, cluster } = setUp()
  cluster.write('t', 0, ['a', 'b'])
  await world.run(async () => {
    let attempts = 0
    const known = new Set<string>()
    const value: Deserializer<string> = {
      beforeDeserialize: async (bytes) => {
        attempts++
        if (attempts === 1) throw new Error('the registry is away')
        await world.sleep(10)
        known.add(String(bytes))
      },
      deserialize(bytes) {
        assert.ok(known.has(String(bytes)))
        return String(bytes)
      },
    }
    const reader = world.client().reader({ assign: ['t'], until: 'end', value })
    await assert.rejects(
      reader.records().next(),
      (error) => KafkaError.is(error) && /registry is away/.test(error.message),
    )
    const seen: unknown[] = []
    for await (const record of reader) seen.push(record.value)
    assert.deepEqual(seen, ['a', 'b'])
  })
})

test('records that cannot be read go to the dead letter topic, with headers that tell why', async () => {
  const { world, cluster } = setUp()
  cluster.topic('dead')
  cluster.write('t', 0, ['good', 'poison', 'fine'])
  await world.run(async () => {
    const value: Deserializer<string> = {
      deserialize(bytes) {
        if (String(bytes) !== 'poison') return String(bytes)
        throw Object.assign(new Error('not edible'), { facts: { 'schema.id': '7' } })
      },
    }
    await using consumer = world.client().consumer({
      groupId: 'g',
      topics: ['t'],
      autoOffsetReset: 'earliest',
      value,
      onDeserializationError: { deadLetter: { topic: 'dead' } },
    })
    const seen: unknown[] = []
    for await (const record of consumer) if (seen.push(record.value) === 2) break
    assert.deepEqual(seen, ['good', 'fine'])
    assert.deepEqual(cluster.values('dead', 0), ['poison'])
    const reader = world.client().reader({ assign: ['dead'], until: 'end', value: string() })
    for await (const record of reader) {
      assert.equal(record.headers.text('dlq.topic'), 't')
      assert.equal(record.headers.text('dlq.offset'), '1')
      assert.equal(record.headers.text('dlq.schema.id'), '7')
      assert.equal(record.headers.text('dlq.code'), 'DESERIALIZATION_FAILED')
      assert.match(record.headers.text('dlq.error')!, /t-0@1: the value cannot be read: not edible/)
    }
  })
})
