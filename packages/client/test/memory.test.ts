/** What the client holds in memory, counted by the machine, and what it says when the application does not take it. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { ConsumerBatch, Reader, StalledEvent } from '@braidlog/client'
import { FakeCluster } from './support/fake-cluster.ts'
import { World } from './support/world.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes of array buffers that somebody can reach. */
function arrayBytes(): number {
  collect()
  return process.memoryUsage().arrayBuffers
}

const KIB = 1024

/** Partitions with many times what a reader may hold, in batches of 16 KiB. */
function fullTopic(partitionCount: number, batchCount: number): { world: World; cluster: FakeCluster } {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t', partitionCount)
  for (let p = 0; p < partitionCount; p++) {
    for (let i = 0; i < batchCount; i++) cluster.write('t', p, ['x'.repeat(16 * KIB)])
  }
  return { world, cluster }
}

const prefetchBytes = 512 * KIB
const fetch = { prefetchBytes, maxPartitionBytes: 64 * KIB }
/** Connections have buffers, and the batch at hand is decoded. */
const SLACK_BYTES = 160 * KIB

test('a slow reader of a full topic stays within its budget, whatever it takes and leaves', async () => {
  const { world } = fullTopic(8, 100)
  await world.run(async () => {
    const before = arrayBytes()
    const reader = world.client().reader({ assign: ['t'], fetch })
    const batches = reader.batches()
    const samples: number[] = []
    let batch: ConsumerBatch<Buffer, Buffer> | undefined
    for (let i = 0; i < 40; i++) {
      batch = (await batches.next()).value
      await world.sleep(1_000)
      samples.push(arrayBytes() - before)
    }
    assert.ok(batch !== undefined && batch.size > 0)
    // Now and then the fake has an answer of its own in the air.
    const median = samples.toSorted((a, b) => a - b)[20]!
    assert.ok(median <= prefetchBytes + SLACK_BYTES, `${samples.join(' ')} bytes held`)
  })
})

test('what is left of large answers does not hold all of them: one partition is read, the others stay where they are', async () => {
  const { world } = fullTopic(8, 100)
  await world.run(async () => {
    const before = arrayBytes()
    const reader = world.client().reader({ assign: ['t'], fetch })
    const [first, ...others] = await assigned(reader)
    reader.pause(others)
    const batches = reader.batches()
    let count = 0
    for (; count < 100;) count += (await batches.next()).value!.size
    assert.equal(reader.position(first!), BigInt(count))
    // Two answers of each partition that is paused, at most.
    const allowedBytes = prefetchBytes + others.length * 2 * fetch.maxPartitionBytes + SLACK_BYTES
    await comesDownTo(world, before + allowedBytes)
  })
})

test('a batch that is larger than the budget is read all the same, alone', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  for (let i = 0; i < 5; i++) cluster.write('t', 0, [String(i).repeat(200 * KIB)])
  await world.run(async () => {
    const tiny = { prefetchBytes: 8 * KIB, maxPartitionBytes: 64 * KIB }
    await using reader = world.client().reader({ assign: ['t'], until: 'end', fetch: tiny })
    let count = 0
    for await (const record of reader) assert.equal(record.value!.length, 200 * KIB, `record ${count++}`)
    assert.equal(count, 5)
  })
})

test('readers of one client share its memory', async () => {
  const { world } = fullTopic(4, 100)
  await world.run(async () => {
    const before = arrayBytes()
    const kafka = world.client({ memoryBytes: 512 * KIB })
    const readers = Array.from({ length: 4 }, () =>
      kafka.reader({ assign: ['t'], fetch: { maxPartitionBytes: 64 * KIB } }),
    )
    const batches = await Promise.all(readers.map(async (each) => (await each.batches().next()).value!))
    await comesDownTo(world, before + 512 * KIB + 4 * SLACK_BYTES)
    assert.equal(batches.length, 4)
  })
})

test('stalled: told once, when the application leaves records where they are; not while there are none', async () => {
  const { world, cluster } = fullTopic(1, 10)
  const events: StalledEvent[] = []
  await world.run(async () => {
    const kafka = world.client({ hooks: { stalled: (event) => void events.push(event) } })
    const batches = kafka.reader({ assign: ['t'], fetch: { maxPartitionBytes: 16 * KIB } }).batches()
    await batches.next()
    await world.sleep(29_000)
    assert.equal(events.length, 0)
    await world.sleep(100_000)
    assert.equal(events.length, 1)
    assert.deepEqual(events[0]!.partitions, [{ topic: 't', partition: 0 }])
    assert.ok(events[0]!.heldBytes > 16 * KIB && events[0]!.durationMs >= 30_000)
    for (let taken = 1; taken < 10; taken++) await batches.next()
    await world.sleep(100_000)
    assert.equal(events.length, 1, 'nothing is there to be taken')
    cluster.write('t', 0, ['more'])
    await world.sleep(100_000)
    assert.equal(events.length, 2)
  })
})

/** Garbage of the fake, and of tests before, goes by and by; what the client holds would stay. */
async function comesDownTo(world: World, sizeBytes: number): Promise<void> {
  const samples: number[] = []
  for (let i = 0; i < 10; i++) {
    await world.sleep(5_000)
    samples.push(arrayBytes())
    if (samples.at(-1)! <= sizeBytes) return
  }
  assert.fail(`more than ${sizeBytes} bytes held: ${samples.join(' ')}`)
}

async function assigned(reader: Reader<Buffer, Buffer>): Promise<ReturnType<Reader<Buffer, Buffer>['assignment']>> {
  await reader.start()
  return reader.assignment()
}
