/** Batches that are compressed off the event loop: in any order there, in their own order on the wire. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { below } from '@braidlog/base'
import { Kafka, type KafkaOptions, type RecordMetadata } from '@braidlog/client'
import type { Codecs } from '@braidlog/records'
import { nodeCodecs } from '@braidlog/runtime'
import { COMPRESSIONS_MAX } from '../src/core/compression-queue.ts'
import { FakeCluster } from './support/fake-cluster.ts'
import { World } from './support/world.ts'

const compressed = { batchSizeBytes: 512, compression: 'gzip' } as const

interface Pool {
  running: number
  runningMax: number
  total: number
}

/** A client whose codecs take up to 50 ms, each its own time. */
function clientWithPool(world: World, options: Partial<KafkaOptions> = {}, fails?: (total: number) => boolean) {
  const pool: Pool = { running: 0, runningMax: 0, total: 0 }
  const codecs: Codecs = {
    ...nodeCodecs,
    async compressAsync(type, bytes, level) {
      pool.total++
      const isFailing = fails?.(pool.total) === true
      pool.runningMax = Math.max(pool.runningMax, ++pool.running)
      await world.sleep(below(world.random, 50))
      pool.running--
      if (isFailing) throw new Error('out of memory')
      return nodeCodecs.compress(type, bytes, level)
    },
  }
  const environment = { ...world.environment(), codecs, offloadSizeBytes: 256 }
  return { pool, kafka: new Kafka({ bootstrapServers: ['broker1:9092'], ...options }, environment) }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i))

test('batches leave in order whichever is compressed first, through faults', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const world = new World(seed)
    const cluster = new FakeCluster(world, 3)
    cluster.topic('t', 3)
    await world.run(async () => {
      const { kafka, pool } = clientWithPool(world, { requestTimeoutMs: 2_000 })
      const producer = kafka.producer(compressed)
      const kinds = [
        { kind: 'error', code: 6 },
        { kind: 'drop', isDone: false },
        { kind: 'drop', isDone: true },
        { kind: 'delay', delayMs: 700 },
      ] as const
      const done: Promise<RecordMetadata>[] = []
      for (let i = 0; i < 1500; i++) {
        if (i % 150 === 0) cluster.fault('Produce', kinds[below(world.random, kinds.length)]!, { node: 1 + (i % 3) })
        done.push(producer.send({ topic: 't', partition: i % 3, value: String(i) }))
        if (i % 100 === 0) await world.sleep(20)
      }
      await Promise.all(done)
      for (let p = 0; p < 3; p++) {
        const expected = numbers(1500).filter((value) => Number(value) % 3 === p)
        assert.deepEqual(cluster.values('t', p), expected, `seed ${seed}, partition ${p}`)
      }
      assert.ok(pool.total > 20, `${pool.total} batches compressed elsewhere`)
      await kafka.close()
    })
  }
})

test('without numbering they leave in order as well, compressed some at a time', async () => {
  const world = new World(3)
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const { kafka, pool } = clientWithPool(world)
    const producer = kafka.producer({ ...compressed, idempotence: false })
    await producer.sendBatch(
      't',
      numbers(600).map((value) => ({ value })),
    )
    assert.deepEqual(cluster.values('t', 0), numbers(600))
    assert.ok(pool.total > COMPRESSIONS_MAX)
    assert.equal(pool.runningMax, COMPRESSIONS_MAX)
    await kafka.close()
  })
})

test('a batch that cannot be compressed fails alone; those behind it go on', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const { kafka } = clientWithPool(world, {}, (total) => total === 2)
    const producer = kafka.producer(compressed)
    const results = await Promise.allSettled(numbers(400).map((value) => producer.send({ topic: 't', value })))
    const failed = results.flatMap((each, i) => (each.status === 'rejected' ? [i] : []))
    assert.ok(failed.length > 10 && failed.length < 100, `${failed.length} failed`)
    assert.equal(failed.at(-1)! - failed[0]!, failed.length - 1, 'all of one batch')
    const sent = numbers(400).filter((value) => !failed.includes(Number(value)))
    assert.deepEqual(cluster.values('t', 0), sent)
    await kafka.close()
  })
})

test('memory is given back once a batch is compressed, and all of it in the end', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const { kafka } = clientWithPool(world)
    const producer = kafka.producer({ ...compressed, bufferMemoryBytes: 2_048 })
    const value = 'x'.repeat(100)
    const done = numbers(200).map(() => producer.send({ topic: 't', value }))
    await Promise.all(done)
    assert.equal(cluster.values('t', 0).length, 200)
    assert.equal(producer.enqueue({ topic: 't', value }), true)
    await kafka.close()
  })
})

test('closing does not wait for a compression that never ends', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const environment = {
      ...world.environment(),
      codecs: { ...nodeCodecs, compressAsync: () => new Promise<never>(() => {}) },
      offloadSizeBytes: 256,
    }
    const kafka = new Kafka({ bootstrapServers: ['broker1:9092'] }, environment)
    const producer = kafka.producer(compressed)
    const sent = Promise.allSettled(numbers(400).map((value) => producer.send({ topic: 't', value })))
    await producer.close({ timeoutMs: 1_000 })
    for (const each of await sent) assert.equal(each.status === 'rejected' && each.reason.code, 'CLOSED')
    await kafka.close()
  })
})
