/** Consumers in a rack: they read from the replica that the leader names, and turn back to the leader (KIP-392). */
import assert from 'node:assert/strict'
import test from 'node:test'
import { fromProperties, type ReaderOptions } from '@braidlog/client'
import { FakeCluster } from './support/fake-cluster.ts'
import { World } from './support/world.ts'

const LEADER = 1
const NEARBY = 2

function setUp(lag = 0): { world: World; cluster: FakeCluster } {
  const world = new World()
  const cluster = new FakeCluster(world, 2)
  cluster.topic('t')
  cluster.nearby.set('here', { node: NEARBY, lag })
  return { world, cluster }
}

/** A reader of `t` with what it has read so far. */
function read(world: World, options: Partial<ReaderOptions> = {}, maxAgeMs = 60_000) {
  const kafka = world.client({ bootstrapServers: ['broker1:9092', 'broker2:9092'], metadataMaxAgeMs: maxAgeMs })
  const records = kafka.reader({ assign: ['t'], clientRack: 'here', ...options }).records()
  const next = async (): Promise<string> => String((await records.next()).value!.value)
  return { next }
}

test('a consumer in a rack reads from the replica there, and asks the leader only which', async () => {
  const { world, cluster } = setUp()
  cluster.write('t', 0, ['a'])
  await world.run(async () => {
    const { next } = read(world)
    assert.equal(await next(), 'a')
    cluster.write('t', 0, ['b'])
    assert.equal(await next(), 'b')
    assert.equal(cluster.count('Fetch', LEADER), 1)
    assert.ok(cluster.count('Fetch', NEARBY) >= 2)
  })
})

test('a consumer that names no rack, or another, reads from the leader', async () => {
  for (const clientRack of [undefined, '', 'elsewhere']) {
    const { world, cluster } = setUp()
    cluster.write('t', 0, ['a'])
    await world.run(async () => {
      assert.equal(await read(world, { clientRack }).next(), 'a')
      assert.equal(cluster.count('Fetch', NEARBY), 0)
    })
  }
})

test('the leader is asked anew when its word is older than the metadata may be', async () => {
  const { world, cluster } = setUp()
  cluster.write('t', 0, ['a'])
  await world.run(async () => {
    const { next } = read(world, {}, 10_000)
    assert.equal(await next(), 'a')
    assert.equal(cluster.count('Fetch', LEADER), 1)
    const later = next()
    await world.sleep(11_000)
    assert.ok(cluster.count('Fetch', LEADER) >= 2)
    cluster.write('t', 0, ['b'])
    assert.equal(await later, 'b')
  })
})

test('an offset that the replica does not have yet is read from the leader: nothing is skipped or reset', async () => {
  const { world, cluster } = setUp()
  cluster.write('t', 0, ['a'])
  await world.run(async () => {
    const { next } = read(world, { autoOffsetReset: 'none' })
    assert.equal(await next(), 'a')
    // As after its restart: it has less than it has given away, and the leader does not send anybody to it.
    cluster.nearby.clear()
    cluster.nearby.set('nobody', { node: NEARBY, lag: 1 })
    cluster.write('t', 0, ['b'])
    cluster.write('t', 0, ['c'])
    assert.deepEqual([await next(), await next()], ['b', 'c'])
    assert.ok(cluster.count('Fetch', LEADER) >= 2)
  })
})

test('a replica that goes away, or refuses, is left for the leader', async () => {
  for (const isGone of [true, false]) {
    const { world, cluster } = setUp()
    cluster.write('t', 0, ['a'])
    await world.run(async () => {
      const { next } = read(world)
      assert.equal(await next(), 'a')
      if (isGone) cluster.stop(NEARBY)
      cluster.nearby.clear()
      cluster.write('t', 0, ['b'])
      assert.equal(await next(), 'b')
      assert.ok(cluster.count('Fetch', LEADER) >= 2)
    })
  }
})

test('client.rack is taken from properties', () => {
  const { consumer } = fromProperties({ 'bootstrap.servers': 'h:1', 'group.id': 'g', 'client.rack': 'eu-1a' })
  assert.equal(consumer.clientRack, 'eu-1a')
})
