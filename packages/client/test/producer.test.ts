/** The producer against a scripted cluster: order, numbering, retries, bounds. Defects as numbered in the table of known client bugs. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { randomBytes } from '@braidlog/base'
import { json, KafkaError, string, topic, type RecordMetadata, type RequestEvent } from '@braidlog/client'
import { FakeCluster } from './support/fake-cluster.ts'
import { World } from './support/world.ts'

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i))
}

async function rejection(promise: Promise<unknown>): Promise<KafkaError> {
  try {
    await promise
  } catch (error) {
    assert.ok(KafkaError.is(error), String(error))
    return error
  }
  throw new Error('it did not fail')
}

test('a record gets the partition, offset and timestamp that the broker gave it', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const producer = world.client().producer()
    const metadata = await producer.send({ topic: 't', key: 'k', value: 'v', timestamp: 5 })
    assert.deepEqual(metadata, { topic: 't', partition: 0, offset: 0n, timestamp: 5 })
    assert.equal((await producer.send({ topic: 't', value: 'w' })).offset, 1n)
    assert.deepEqual(cluster.values('t', 0), ['v', 'w'])
  })
})

test('the id of the producer is asked for while the metadata of its first topic is on the way', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const answered: RequestEvent[] = []
    const kafka = world.client({ hooks: { request: (event) => void answered.push(event) } })
    await kafka.connect()
    cluster.fault('Metadata', { kind: 'delay', delayMs: 500 })
    assert.equal((await kafka.producer().send({ topic: 't', value: 'a' })).offset, 0n)
    const [first, ...others] = answered.filter(({ api }) => api === 'InitProducerId')
    assert.ok(first !== undefined && first.durationMs >= 500, 'it stood behind that of the metadata')
    assert.deepEqual(others, [])
  })
})

test('sends of one turn travel in one batch', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const producer = world.client().producer()
    await producer.send({ topic: 't', value: 'first' })
    await Promise.all(numbers(256).map((value) => producer.send({ topic: 't', value })))
    assert.equal(cluster.count('Produce'), 2)
    assert.deepEqual(cluster.values('t', 0), ['first', ...numbers(256)])
  })
})

test('lingerMs waits for company, flush does not', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const producer = world.client().producer({ lingerMs: 5_000 })
    const first = producer.send({ topic: 't', value: 'a' })
    await world.sleep(3_000)
    assert.deepEqual(cluster.values('t', 0), [])
    const second = producer.send({ topic: 't', value: 'b' })
    await Promise.all([first, second])
    assert.ok(world.nowMs >= 5_000 && world.nowMs < 6_000)
    assert.equal(cluster.count('Produce'), 1)
    const third = producer.send({ topic: 't', value: 'c' })
    await producer.flush()
    await third
    assert.ok(world.nowMs < 6_000)
  })
})

for (const [name, fault] of [
  ['a retriable error', { kind: 'error', code: 6 }],
  ['a connection that breaks before', { kind: 'drop', isDone: false }],
  ['a connection that breaks after', { kind: 'drop', isDone: true }],
  ['not enough replicas after the append', { kind: 'error', code: 20 }],
] as const) {
  test(`defect 9: five requests in flight, ${name} the append: nothing lost, doubled or reordered`, async () => {
    const world = new World()
    const cluster = new FakeCluster(world)
    cluster.topic('t')
    await world.run(async () => {
      const producer = world.client().producer({ batchSizeBytes: 256 })
      await producer.send({ topic: 't', value: 'start' })
      for (const times of [1, 2]) cluster.fault('Produce', fault, { times })
      const results = await Promise.all(numbers(400).map((value) => producer.send({ topic: 't', value })))
      assert.deepEqual(cluster.values('t', 0), ['start', ...numbers(400)])
      results.forEach((result, i) => assert.equal(result.offset, BigInt(i + 1)))
    })
  })
}

test('defect 9: random faults over many batches of three partitions keep count and order', async () => {
  for (let seed = 1; seed <= 15; seed++) {
    const world = new World(seed)
    const cluster = new FakeCluster(world, 3)
    cluster.topic('t', 3)
    await world.run(async () => {
      const producer = world.client({ requestTimeoutMs: 2_000 }).producer({ batchSizeBytes: 512 })
      const kinds = [
        { kind: 'error', code: 6 },
        { kind: 'error', code: 7 },
        { kind: 'drop', isDone: false },
        { kind: 'drop', isDone: true },
        { kind: 'delay', delayMs: 700 },
        { kind: 'delay', delayMs: 2_500 },
      ] as const
      const done: Promise<RecordMetadata>[] = []
      for (let i = 0; i < 900; i++) {
        if (i % 60 === 0) cluster.fault('Produce', kinds[world.random.uint32() % kinds.length]!, { node: 1 + (i % 3) })
        done.push(producer.send({ topic: 't', partition: i % 3, value: String(i) }))
        if (i % 50 === 0) await world.sleep(20)
      }
      await Promise.all(done)
      for (let p = 0; p < 3; p++) {
        const expected = numbers(900).filter((value) => Number(value) % 3 === p)
        assert.deepEqual(cluster.values('t', p), expected, `seed ${seed}, partition ${p}`)
      }
    })
  }
})

test('a leader that moves takes the batches with it', async () => {
  const world = new World()
  const cluster = new FakeCluster(world, 2)
  const { partitions } = cluster.topic('t')
  await world.run(async () => {
    const producer = world.client().producer({ batchSizeBytes: 256 })
    await producer.send({ topic: 't', value: 'a' })
    partitions[0]!.leader = 2
    partitions[0]!.leaderEpoch = 1
    await Promise.all(numbers(100).map((value) => producer.send({ topic: 't', value })))
    assert.deepEqual(cluster.values('t', 0), ['a', ...numbers(100)])
    assert.ok(cluster.count('Produce', 2) > 0)
  })
})

for (const code of [45, 59] as const) {
  test(`a broker that forgot the producer (code ${code}) gets it under a new epoch, in order`, async () => {
    const world = new World()
    const cluster = new FakeCluster(world)
    const { partitions } = cluster.topic('t')
    await world.run(async () => {
      const producer = world.client().producer({ batchSizeBytes: 256 })
      await producer.send({ topic: 't', value: 'a' })
      cluster.fault('Produce', { kind: 'error', code })
      await Promise.all(numbers(100).map((value) => producer.send({ topic: 't', value })))
      assert.deepEqual(cluster.values('t', 0), ['a', ...numbers(100)])
      assert.equal([...partitions[0]!.producers.values()][0]!.epoch, 1)
    })
  })
}

for (const [name, options] of [
  ['numbered', { idempotence: true }],
  ['numbered and compressed', { idempotence: true, compression: 'gzip' }],
  ['unnumbered', { idempotence: false, maxInFlight: 1 }],
] as const) {
  test(`a ${name} batch that is too large for its topic is split until it fits, in order, once each`, async () => {
    const world = new World()
    const cluster = new FakeCluster(world)
    cluster.topic('t')
    await world.run(async () => {
      const producer = world.client().producer({ batchSizeBytes: 1_024, ...options })
      await producer.send({ topic: 't', value: 'start' })
      const isLarge = (body: { topicData: { partitionData: { records: Uint8Array }[] }[] }): boolean =>
        body.topicData[0]!.partitionData[0]!.records.length > 200
      cluster.fault('Produce', { kind: 'error', code: 10 }, { times: Infinity, when: isLarge })
      cluster.fault('Produce', { kind: 'drop', isDone: true }, { times: 2 })
      const sent = numbers(300).map((value, i) => producer.send({ topic: 't', value, timestamp: i * 2 ** 33 }))
      const large = rejection(producer.send({ topic: 't', value: randomBytes(world.random, 300) }))
      const last = producer.send({ topic: 't', value: 'end', headers: { a: null, b: 'x' } })
      await producer.flush()
      assert.equal((await large).code, 'MESSAGE_TOO_LARGE')
      const values = ['start', ...numbers(300), 'end']
      if (options.idempotence) assert.deepEqual(cluster.values('t', 0), values)
      else assert.deepEqual([...new Set(cluster.values('t', 0))], values)
      for (const [i, metadata] of (await Promise.all(sent)).entries()) {
        if (options.idempotence) assert.equal(metadata.offset, BigInt(i + 1))
        assert.equal(metadata.timestamp, i * 2 ** 33)
      }
      await last
    })
  })
}

test('after a batch was too large for its topic, later ones keep to what was taken, and are tried larger again', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const producer = world.client().producer({ batchSizeBytes: 1_024 })
    const isLarge = (body: { topicData: { partitionData: { records: Uint8Array }[] }[] }): boolean =>
      body.topicData[0]!.partitionData[0]!.records.length > 600
    cluster.fault('Produce', { kind: 'error', code: 10 }, { times: Infinity, when: isLarge })
    const produceCount = async (): Promise<{ readonly sent: number; readonly refused: number }> => {
      const before = cluster.requests.length
      await Promise.all(numbers(200).map((value) => producer.send({ topic: 't', value })))
      const sent = cluster.requests.slice(before).filter((each) => each.api === 'Produce')
      return { sent: sent.length, refused: sent.filter((each) => isLarge(each.body as never)).length }
    }
    // One record that is too large by itself says nothing about batches.
    await assert.rejects(producer.sendBatch('t', [{ value: 'a' }, { value: 'x'.repeat(650) }, { value: 'b' }]))
    const requestCount = cluster.requests.filter((each) => each.api === 'Produce').length
    await producer.sendBatch(
      't',
      Array.from({ length: 6 }, () => ({ value: 'x'.repeat(60) })),
    )
    assert.equal(cluster.requests.filter((each) => each.api === 'Produce').length, requestCount + 1)
    assert.ok((await produceCount()).refused > 0)
    const learned = await produceCount()
    assert.equal(learned.refused, 0)
    assert.ok(learned.sent < 20, `${learned.sent} batches: not smaller than they must be`)
    await world.sleep(400_000)
    assert.ok((await produceCount()).refused > 0)
    const values = cluster.values('t', 0).filter((each) => /^\d+$/.test(each))
    assert.deepEqual(values, [...numbers(200), ...numbers(200), ...numbers(200)])
  })
})

test('a batch that is refused for good fails alone, with the reason', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const producer = world.client().producer({ batchSizeBytes: 256 })
    await producer.send({ topic: 't', value: 'a' })
    cluster.fault('Produce', { kind: 'error', code: 87 })
    const results = await Promise.allSettled(numbers(100).map((value) => producer.send({ topic: 't', value })))
    const failed = results.filter((each) => each.status === 'rejected')
    assert.ok(failed.length > 0 && failed.length < 50)
    assert.ok(failed.every((each) => (each.reason as KafkaError).code === 'INVALID_RECORD'))
    assert.deepEqual(cluster.values('t', 0), ['a', ...numbers(100).slice(failed.length)])
  })
})

test('a record that is not acknowledged in time fails with what went wrong last; those behind it go on', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const producer = world.client().producer({ deliveryTimeoutMs: 3_000 })
    await producer.send({ topic: 't', value: 'a' })
    cluster.fault('Produce', { kind: 'error', code: 19 }, { times: 1_000 })
    const error = await rejection(producer.send({ topic: 't', value: 'b' }))
    assert.equal(error.code, 'TIMED_OUT')
    assert.match(error.message, /NOT_ENOUGH_REPLICAS/)
    assert.ok(world.nowMs >= 3_000 && world.nowMs < 3_500)
  })
})

test('send waits while the memory is full, first in first out', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const producer = world.client().producer({ batchSizeBytes: 1024, bufferMemoryBytes: 4096 })
    await producer.send({ topic: 't', value: 'a' })
    const order: number[] = []
    const value = 'x'.repeat(300)
    const sends = numbers(100).map(async (_, i) => {
      await producer.send({ topic: 't', value: `${i}${value}` })
      order.push(i)
    })
    assert.equal(producer.enqueue({ topic: 't', value: 'last' }), false)
    await producer.drained()
    await Promise.all(sends)
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    )
    assert.equal(cluster.values('t', 0).length, 102)
  })
})

test('acks: 0 asks for no answer', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const producer = world.client().producer({ acks: 0 })
    assert.equal((await producer.send({ topic: 't', value: 'a' })).offset, -1n)
    await world.until(() => cluster.values('t', 0).length === 1, 'the record arrives')
  })
})

test('a topic that does not exist is named, soon, and not retried for ever', async () => {
  const world = new World()
  new FakeCluster(world)
  await world.run(async () => {
    const error = await rejection(world.client().producer().send({ topic: 'nope', value: 'a' }))
    assert.equal(error.code, 'UNKNOWN_TOPIC_OR_PARTITION')
    assert.equal(error.retriable, false)
    assert.match(error.message, /nope/)
    assert.ok(world.nowMs < 10_000)
  })
})

test('a topic is created on first use where the broker is configured so', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.isCreatingTopics = true
  await world.run(async () => {
    await world.client().producer().send({ topic: 'fresh', value: 'a' })
    assert.deepEqual(cluster.values('fresh', 0), ['a'])
  })
})

test('a record that is too large, without value or for a partition that does not exist fails by itself', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const producer = world.client().producer()
    await producer.send({ topic: 't', value: 'a' })
    assert.equal((await rejection(producer.send({ topic: 't', value: 'x'.repeat(2 << 20) }))).code, 'MESSAGE_TOO_LARGE')
    assert.equal((await rejection(producer.send({ topic: 't', value: 'x', partition: 3 }))).code, 'INVALID_PARTITIONS')
    assert.equal((await rejection(producer.send({ topic: 't', value: undefined as never }))).code, 'INVALID_OPTION')
    assert.equal((await rejection(producer.send({ topic: 't', value: 'x', timestamp: 1.5 }))).code, 'INVALID_TIMESTAMP')
    await producer.send({ topic: 't', value: 'x'.repeat(900_000) })
    assert.equal(cluster.values('t', 0).length, 2)
  })
})

test('sendBatch keeps the order of its results and names the records that failed', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t', 4)
  await world.run(async () => {
    const producer = world.client().producer()
    const results = await producer.sendBatch(
      't',
      numbers(50).map((value) => ({ key: value, value })),
    )
    for (let i = 0; i < 50; i++) {
      const { partition, offset } = results[i]!
      assert.equal(cluster.values('t', partition)[Number(offset)], String(i))
    }
    const error = await rejection(producer.sendBatch('t', [{ value: 'ok' }, { value: 'bad', partition: 9 }]))
    assert.deepEqual(
      error.details.map((each) => each.error?.code ?? null),
      [null, 'INVALID_PARTITIONS'],
    )
  })
})

test('typed topics and producers serialize; a serializer that throws fails its record only', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('orders')
  await world.run(async () => {
    const orders = topic('orders', { key: string(), value: json<{ id: number }>() })
    const producer = world.client().producer()
    await producer.send(orders, { key: 'a', value: { id: 1 } })
    const circular: { id: number; self?: unknown } = { id: 2 }
    circular.self = circular
    assert.equal((await rejection(producer.send(orders, { value: circular }))).code, 'SERIALIZATION_FAILED')
    assert.deepEqual(cluster.values('orders', 0), ['{"id":1}'])
  })
})

test('sendAll and writable send everything and report the first failure', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const producer = world.client().producer()
    const count = await producer.sendAll(
      numbers(500).map((value) => ({ value })),
      { topic: 't', concurrency: 7 },
    )
    assert.equal(count, 500)
    const stream = producer.writable({ topic: 't' })
    for (const value of numbers(10)) stream.write({ value })
    await new Promise<void>((resolve, reject) => stream.on('error', reject).end(() => resolve()))
    const web = producer.webWritable({ topic: 't' }).getWriter()
    for (const value of numbers(10)) await web.write({ value })
    await web.close()
    assert.equal(cluster.values('t', 0).length, 520)
    assert.equal(
      (
        await rejection(
          producer
            .sendAll([{ value: 'a' }], { topic: 't', timeoutMs: 1_000 })
            .then(() => producer.sendAll([{ topic: 't', value: 'x', partition: 8 }])),
        )
      ).code,
      'INVALID_PARTITIONS',
    )
  })
})

test('defect 12: close with every broker down ends within its bound, and what was sent fails', async () => {
  const world = new World()
  const cluster = new FakeCluster(world, 2)
  cluster.topic('t', 2)
  await world.run(async () => {
    const producer = world.client().producer()
    await producer.send({ topic: 't', value: 'a' })
    cluster.stop(1)
    cluster.stop(2)
    const lost = rejection(producer.send({ topic: 't', value: 'b' }))
    const startMs = world.nowMs
    await producer.close({ timeoutMs: 2_000 })
    assert.equal((await lost).code, 'CLOSED')
    assert.ok(world.nowMs - startMs <= 2_100)
    assert.equal((await rejection(producer.send({ topic: 't', value: 'c' }))).code, 'CLOSED')
  })
})

test('a call ends with its signal and with its timeout', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  cluster.fault('Produce', { kind: 'silence' }, { times: 100 })
  await world.run(async () => {
    const producer = world.client().producer({ deliveryTimeoutMs: 60_000 })
    const controller = new AbortController()
    const aborted = rejection(producer.send({ topic: 't', value: 'a' }, { signal: controller.signal }))
    const timedOut = rejection(producer.send({ topic: 't', value: 'b' }, { timeoutMs: 500 }))
    assert.equal((await timedOut).code, 'TIMED_OUT')
    controller.abort()
    assert.equal((await aborted).code, 'ABORTED')
  })
})

test('options that are misspelt, impossible or not offered are named', () => {
  const world = new World()
  const kafka = world.client()
  const codeOf = (options: object): string => {
    try {
      kafka.producer(options)
      return 'accepted'
    } catch (error) {
      return `${(error as KafkaError).code} ${(error as KafkaError).message}`
    }
  }
  assert.match(codeOf({ lingerMS: 5 }), /^INVALID_OPTION .*did you mean 'lingerMs'/)
  assert.match(codeOf({ transactionalId: 'x' }), /^UNSUPPORTED_OPTION .*transactions/)
  assert.match(codeOf({ acks: 1, idempotence: true }), /^INVALID_OPTION .*acks/)
  assert.match(codeOf({ maxInFlight: 6 }), /^INVALID_OPTION .*5 requests/)
  assert.match(codeOf({ batchSizeBytes: 2 << 20 }), /^INVALID_OPTION batchSizeBytes/)
  assert.equal(codeOf({ acks: 1, maxInFlight: 6 }), 'accepted')
})
