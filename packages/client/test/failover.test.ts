/** Leaders that move, brokers that go: what producers, readers and the metadata make of it. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { string } from '@braidlog/client'
import { FakeCluster } from './support/fake-cluster.ts'
import { World, type ServerSocket } from './support/world.ts'

function setUp(nodeCount = 2): { world: World; cluster: FakeCluster } {
  const world = new World()
  return { world, cluster: new FakeCluster(world, nodeCount) }
}

const REBOOTSTRAP_REQUIRED = 129
const FENCED_LEADER_EPOCH = 74
const UNKNOWN_LEADER_EPOCH = 75

test('KIP-951: a produce answer that names the new leader is followed at once, without asking for metadata', async () => {
  const { world, cluster } = setUp()
  cluster.topic('t')
  cluster.isNamingLeaders = true
  await world.run(async () => {
    const producer = world.client().producer()
    await producer.send({ topic: 't', value: 'a' })
    const [startMs, metadata] = [world.nowMs, cluster.count('Metadata')]
    cluster.moveLeader('t', 0, 2)
    await producer.send({ topic: 't', value: 'b' })
    assert.deepEqual(cluster.values('t', 0), ['a', 'b'])
    assert.equal(world.nowMs, startMs, 'no pause before the second attempt')
    assert.equal(cluster.count('Metadata'), metadata)
  })
})

test('KIP-951: a leader that is no news is not followed in circles; the metadata is asked', async () => {
  const { world, cluster } = setUp()
  const { partitions } = cluster.topic('t')
  cluster.isNamingLeaders = true
  await world.run(async () => {
    const producer = world.client().producer()
    await producer.send({ topic: 't', value: 'a' })
    const metadata = cluster.count('Metadata')
    // Another leader under the same epoch: as a broker says that is behind the others.
    partitions[0]!.leader = 2
    const sent = producer.send({ topic: 't', value: 'b' })
    await world.until(() => cluster.count('Metadata') > metadata, 'metadata is asked for')
    await sent
    assert.ok(cluster.count('Produce', 1) <= 3)
    assert.deepEqual(cluster.values('t', 0), ['a', 'b'])
  })
})

test('KIP-951: a fetch answer that names the new leader is followed at once', async () => {
  const { world, cluster } = setUp()
  cluster.topic('t')
  cluster.isNamingLeaders = true
  cluster.write('t', 0, ['a'])
  await world.run(async () => {
    const reader = world.client().reader({ assign: ['t'] })
    const records = reader.records()
    assert.equal(String((await records.next()).value!.value), 'a')
    await world.sleep(50)
    cluster.moveLeader('t', 0, 2)
    cluster.write('t', 0, ['b'])
    const startMs = world.nowMs
    assert.equal(String((await records.next()).value!.value), 'b')
    assert.ok(world.nowMs - startMs < 50, 'no pause, no long poll at the old leader')
    assert.ok(cluster.count('Fetch', 2) > 0)
  })
})

for (const code of [FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH]) {
  test(`a fetch that is refused with code ${code} looks for the leader and goes on`, async () => {
    const { world, cluster } = setUp()
    cluster.topic('t')
    cluster.write('t', 0, ['a'])
    cluster.fault('Fetch', { kind: 'error', code })
    await world.run(async () => {
      const reader = world.client().reader({ assign: ['t'] })
      const { value } = await reader.records().next()
      assert.equal(String(value!.value), 'a')
    })
  })
}

test('a leader that vanishes without a word: what is unsent goes to the new leader as soon as it is known', async () => {
  const { world, cluster } = setUp()
  cluster.topic('t')
  await world.run(async () => {
    const kafka = world.client({ bootstrapServers: ['broker2:9092'], metadataMaxAgeMs: 1_000 })
    await kafka.connect()
    cluster.vanish(1)
    const producer = kafka.producer()
    const sent = producer.send({ topic: 't', value: 'a' })
    await world.sleep(100)
    cluster.moveLeader('t', 0, 2)
    const startMs = world.nowMs
    await sent
    assert.ok(world.nowMs - startMs < 2_000, `after ${world.nowMs - startMs} ms, although the connect has 10 s`)
    assert.deepEqual(cluster.values('t', 0), ['a'])
  })
})

test('a leader that vanishes without a word: reading goes on at the new leader as soon as it is known', async () => {
  const { world, cluster } = setUp()
  cluster.topic('t')
  cluster.write('t', 0, ['a'])
  await world.run(async () => {
    const kafka = world.client({ bootstrapServers: ['broker2:9092'], metadataMaxAgeMs: 1_000 })
    const records = kafka.reader({ assign: ['t'] }).records()
    assert.equal(String((await records.next()).value!.value), 'a')
    await world.sleep(50)
    cluster.vanish(1)
    // The next fetch is taken and never answered.
    await world.sleep(700)
    cluster.moveLeader('t', 0, 2)
    cluster.write('t', 0, ['b'])
    const startMs = world.nowMs
    assert.equal(String((await records.next()).value!.value), 'b')
    assert.ok(world.nowMs - startMs < 8_000, `after ${world.nowMs - startMs} ms, although a fetch has 30 s`)
  })
})

test('all brokers are gone for longer than a call may take, after the last leader: writing goes on when they are back', async () => {
  const { world, cluster } = setUp()
  cluster.topic('t')
  await world.run(async () => {
    const producer = world.client({ requestTimeoutMs: 5_000 }).producer()
    await producer.send({ topic: 't', value: 'a' })
    cluster.moveLeader('t', 0, -1)
    const metadata = cluster.count('Metadata')
    const sent = producer.send({ topic: 't', value: 'b' })
    await world.until(() => cluster.count('Metadata') > metadata, 'it looks for the leader')
    for (const node of [1, 2]) cluster.crash(node)
    await world.sleep(20_000)
    cluster.moveLeader('t', 0, 2)
    for (const node of [1, 2]) cluster.start(node)
    const startMs = world.nowMs
    await sent
    assert.ok(world.nowMs - startMs < 5_000, `after ${world.nowMs - startMs} ms`)
    assert.deepEqual(cluster.values('t', 0), ['a', 'b'])
  })
})

test('all brokers take connections and answer nothing for longer than a call may take: writing goes on when they do', async () => {
  // So that the call ends in whatever it is just doing.
  for (let silentMs = 6_000; silentMs < 16_000; silentMs += 500) {
    const { world, cluster } = setUp()
    cluster.topic('t')
    await world.run(async () => {
      const producer = world.client({ requestTimeoutMs: 5_000 }).producer()
      await producer.send({ topic: 't', value: 'a' })
      cluster.moveLeader('t', 0, -1)
      const metadata = cluster.count('Metadata')
      const sent = producer.send({ topic: 't', value: 'b' })
      await world.until(() => cluster.count('Metadata') > metadata, 'it looks for the leader')
      const sockets: ServerSocket[] = []
      for (const node of [1, 2]) {
        cluster.crash(node)
        world.listen(`broker${node}:9092`, (socket) => {
          sockets.push(socket)
          return { received: () => {}, closed: () => {} }
        })
      }
      await world.sleep(silentMs)
      cluster.moveLeader('t', 0, 2)
      for (const node of [1, 2]) cluster.start(node)
      for (const socket of sockets) socket.close()
      const startMs = world.nowMs
      await sent
      assert.ok(world.nowMs - startMs < 5_000, `after ${world.nowMs - startMs} ms`)
      assert.deepEqual(cluster.values('t', 0), ['a', 'b'])
    })
  }
})

test('a leader that is gone before there is another: that one is found soon after, whenever it comes', async () => {
  for (const absentMs of [500, 1_000, 1_500, 2_000]) {
    const { world, cluster } = setUp(3)
    cluster.topic('t')
    await world.run(async () => {
      const producer = world.client({ bootstrapServers: ['broker2:9092'] }).producer()
      await producer.send({ topic: 't', value: 'a' })
      cluster.crash(1)
      const sent = producer.send({ topic: 't', value: 'b' })
      // Attempts to connect to the old one are made ever less often meanwhile.
      await world.sleep(absentMs)
      cluster.moveLeader('t', 0, 2)
      const startMs = world.nowMs
      await sent
      assert.ok(
        world.nowMs - startMs <= absentMs / 2,
        `after ${world.nowMs - startMs} ms, having waited ${absentMs} ms`,
      )
    })
  }
})

test('a leader that hangs: what is on its way goes to the new leader once there is one, in order and once', async () => {
  const { world, cluster } = setUp(3)
  cluster.topic('t')
  await world.run(async () => {
    const producer = world.client({ bootstrapServers: ['broker1:9092', 'broker2:9092'] }).producer()
    await producer.send({ topic: 't', value: 'a' })
    cluster.fault('Produce', { kind: 'silence' }, { node: 1, times: Infinity })
    const sent: Promise<unknown>[] = []
    for (const value of ['b', 'c', 'd']) {
      sent.push(producer.send({ topic: 't', value }))
      await world.sleep(10)
    }
    await world.sleep(3_000)
    cluster.moveLeader('t', 0, 2)
    const startMs = world.nowMs
    await Promise.all(sent)
    assert.ok(world.nowMs - startMs < 2_500, `after ${world.nowMs - startMs} ms, although a request has 30 s`)
    assert.deepEqual(cluster.values('t', 0), ['a', 'b', 'c', 'd'])
  })
})

test('a leader that is cut off from the others and does not know it: others are asked who leads', async () => {
  const { world, cluster } = setUp(3)
  cluster.topic('t')
  await world.run(async () => {
    // The only connection beside that of the producer is one to the leader.
    const producer = world.client({ bootstrapServers: ['broker1:9092'] }).producer()
    await producer.send({ topic: 't', value: 'a' })
    cluster.cutOff(1)
    const sent = producer.send({ topic: 't', value: 'b' })
    await world.sleep(3_000)
    cluster.moveLeader('t', 0, 2)
    const startMs = world.nowMs
    await sent
    assert.ok(world.nowMs - startMs < 2_500, `after ${world.nowMs - startMs} ms`)
    assert.deepEqual(cluster.values('t', 0), ['a', 'b'])
  })
})

test('a broker that hangs, and makes another one slow: whoever answers first says who leads', async () => {
  const { world, cluster } = setUp(3)
  cluster.topic('t', 3)
  await world.run(async () => {
    const producer = world.client({ bootstrapServers: ['broker1:9092'] }).producer()
    const send = async (partition: number) => await producer.send({ topic: 't', partition, value: 'a' })
    await Promise.all([0, 1, 2].map(send))
    cluster.vanish(1)
    // It waits for the first one as long as that counts as in sync.
    cluster.fault('Produce', { kind: 'delay', delayMs: 20_000 }, { node: 3 })
    const slow = send(2)
    const sent = send(0)
    await world.sleep(1_500)
    cluster.moveLeader('t', 0, 2)
    const startMs = world.nowMs
    await sent
    assert.ok(world.nowMs - startMs < 2_500, `after ${world.nowMs - startMs} ms`)
    await slow
    for (const partition of [0, 1, 2]) assert.equal(cluster.values('t', partition).length, partition === 1 ? 1 : 2)
  })
})

test('without idempotence an answer is waited for: sending again might double the record', async () => {
  const { world, cluster } = setUp(3)
  cluster.topic('t')
  await world.run(async () => {
    const producer = world.client({ bootstrapServers: ['broker1:9092'] }).producer({ idempotence: false })
    await producer.send({ topic: 't', value: 'a' })
    cluster.fault('Produce', { kind: 'delay', delayMs: 9_000 }, { node: 1 })
    const sent = producer.send({ topic: 't', value: 'b' })
    await world.sleep(3_000)
    cluster.moveLeader('t', 0, 2)
    await sent
    assert.deepEqual(cluster.values('t', 0), ['a', 'b'])
  })
})

test('a broker that moves to another address takes its batches along: nothing fails, nothing is doubled', async () => {
  const { world, cluster } = setUp(1)
  cluster.topic('t')
  await world.run(async () => {
    const kafka = world.client({ bootstrapServers: ['broker1:9092', 'elsewhere:9092'], metadataMaxAgeMs: 1_000 })
    const producer = kafka.producer()
    await producer.send({ topic: 't', value: 'a' })
    cluster.fault('Produce', { kind: 'silence' })
    const sent = producer.send({ topic: 't', value: 'b' })
    await world.sleep(10)
    cluster.addNode(1, 'elsewhere')
    await sent
    assert.ok(world.nowMs < 5_000)
    assert.deepEqual(cluster.values('t', 0), ['a', 'b'])
  })
})

test('KIP-1102: a broker that asks for a new start is left, and sends go on from the bootstrap addresses', async () => {
  const { world, cluster } = setUp(1)
  cluster.topic('t')
  await world.run(async () => {
    const kafka = world.client({ metadataMaxAgeMs: 1_000 })
    const producer = kafka.producer()
    await producer.send({ topic: 't', value: 'a' })
    cluster.fault('Metadata', { kind: 'error', code: REBOOTSTRAP_REQUIRED })
    // In flight when the connections are dropped: sent again, not failed.
    cluster.fault('Produce', { kind: 'delay', delayMs: 2_000 })
    const sent = producer.send({ topic: 't', value: 'b' })
    await world.sleep(1_500)
    await Promise.all([sent, producer.send({ topic: 't', value: 'c' })])
    assert.deepEqual(cluster.values('t', 0), ['a', 'b', 'c'])
  })
})

test('a coordinator that vanishes without a word: the member finds the new one and goes on behind its commits', async () => {
  const { world, cluster } = setUp()
  cluster.topic('t')
  cluster.moveLeader('t', 0, 2)
  cluster.write('t', 0, ['a'])
  await world.run(async () => {
    const kafka = world.client({ bootstrapServers: ['broker2:9092'] })
    const consumer = kafka.consumer({
      groupId: 'g',
      topics: ['t'],
      autoOffsetReset: 'earliest',
      sessionTimeoutMs: 10_000,
      value: string(),
    })
    const records = consumer.records()
    assert.equal((await records.next()).value!.value, 'a')
    const next = records.next()
    await world.sleep(6_000)
    cluster.vanish(1)
    await world.sleep(60_000)
    assert.ok(consumer.generation >= 0, 'a member again')
    cluster.write('t', 0, ['b'])
    assert.equal((await next).value!.value, 'b')
    await consumer.close()
    assert.equal(cluster.group('g').offsets.get('t/0')?.offset, 1)
  })
})

test('a coordinator that vanishes while the cluster still names it: joining goes on as soon as it does not', async () => {
  const { world, cluster } = setUp()
  cluster.topic('t')
  cluster.moveLeader('t', 0, 2)
  await world.run(async () => {
    const kafka = world.client({ bootstrapServers: ['broker2:9092'] })
    await kafka.connect()
    cluster.fault('JoinGroup', { kind: 'silence' }, { node: 1, times: Infinity })
    const consumer = kafka.consumer({ groupId: 'g', topics: ['t'], sessionTimeoutMs: 10_000 })
    const joined = consumer.joined()
    await world.sleep(30_000)
    cluster.vanish(1)
    const startMs = world.nowMs
    await joined
    assert.ok(world.nowMs - startMs < 20_000, `${world.nowMs - startMs} ms, although a join has minutes`)
  })
})

test('a client whose brokers all went away for a while goes on by itself, in order', async () => {
  const { world, cluster } = setUp()
  cluster.topic('t', 2)
  await world.run(async () => {
    const producer = world.client({ bootstrapServers: ['broker1:9092', 'broker2:9092'] }).producer()
    await producer.sendBatch('t', [
      { value: 'a', partition: 0 },
      { value: 'a', partition: 1 },
    ])
    cluster.stop(1)
    cluster.stop(2)
    const sent = Array.from({ length: 20 }, (_, i) => producer.send({ topic: 't', value: String(i), partition: i % 2 }))
    await world.sleep(30_000)
    cluster.start(1)
    cluster.start(2)
    const startMs = world.nowMs
    await Promise.all(sent)
    assert.ok(world.nowMs - startMs < 5_000, `${world.nowMs - startMs} ms`)
    for (const partition of [0, 1]) {
      const expected = Array.from({ length: 10 }, (_, i) => String(2 * i + partition))
      assert.deepEqual(cluster.values('t', partition), ['a', ...expected])
    }
  })
})
