/** The whole kit against itself: start, produce, consume, groups, restart, stop. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import test from 'node:test'
import { Kafka } from '@braidlog/client'
import { startBraidlog, TestkitError } from '../src/index.ts'

test('topics are there when the instance is, and records come back as they went in', async () => {
  await using k = await startBraidlog({ topics: { orders: 3, audit: 1 } })
  const topics = await k.admin.listTopics()
  assert.deepEqual(Object.fromEntries(topics.map((one) => [one.name, one.partitions])), { orders: 3, audit: 1 })
  const sent = await k.produce(
    'orders',
    [
      { key: 'a', value: { id: 1 }, headers: { trace: 't' } },
      { key: 'b', value: null },
    ],
    { serde: 'json' },
  )
  assert.equal(sent.length, 2)
  const records = await k.consume('orders', { count: 2, serde: 'json' })
  const byKey = new Map(records.map((one) => [one.key, one]))
  assert.deepEqual(byKey.get('a')!.value, { id: 1 })
  assert.deepEqual(byKey.get('a')!.headers, { trace: 't' })
  assert.equal(byKey.get('a')!.offset, sent[0]!.offset)
  assert.equal(byKey.get('b')!.value, null)
  assert.deepEqual(await k.consume('audit'), [])
})

test('values come back as texts, JSON or bytes', async () => {
  await using k = await startBraidlog({ topics: { words: 1 } })
  await k.produce('words', [{ value: '"ä"' }, { value: Uint8Array.of(0x31) }])
  assert.deepEqual(
    (await k.consume('words')).map((one) => one.value),
    ['"ä"', '1'],
  )
  assert.deepEqual(
    (await k.consume('words', { serde: 'json' })).map((one) => one.value),
    ['ä', 1],
  )
  assert.deepEqual(
    (await k.consume('words', { count: 2, serde: 'bytes' })).map((one) => one.value),
    [Buffer.from('"ä"'), Buffer.from('1')],
  )
  await assert.rejects(k.produce('words', [{ value: { id: 1 } }]), /serde: 'json'/)
})

test('waiting in vain for records tells what is there', async () => {
  await using k = await startBraidlog({ topics: { orders: 1, other: 2 } })
  await k.produce('orders', [{ key: 'k', value: 'only one' }])
  await assert.rejects(k.consume('orders', { count: 2, timeoutMs: 300 }), (error) => {
    assert.ok(error instanceof TestkitError)
    assert.equal(error.code, 'TIMED_OUT')
    assert.match(error.message, /waited 300 ms for 2 records on orders and found 1/)
    assert.match(error.message, /orders-0@0 key "k" value "only one"/)
    assert.match(error.message, /orders-0: offsets 0 to 1 \(1 records\)/)
    assert.match(error.message, /topics: .*other\(2\)/)
    assert.match(error.message, /groups: none/)
    return true
  })
})

test('a group is waited for: stable, caught up, empty', async () => {
  await using k = await startBraidlog({ topics: { orders: 2 } })
  await k.produce('orders', [{ value: '1' }, { value: '2' }, { value: '3' }])
  await k.until.recordCount('orders', 3)
  const consumer = k.kafka.consumer({
    groupId: 'billing',
    topics: ['orders'],
    autoOffsetReset: 'earliest',
    commitIntervalMs: 20,
  })
  const running = consumer.run(() => {})
  const group = await k.until.groupStable('billing', { members: 1 })
  assert.equal(group.members.length, 1)
  await k.until.caughtUp('billing', { topics: ['orders'] })
  await assert.rejects(k.until.groupStable('billing', { members: 2, timeoutMs: 50 }), /Stable with 1 members/)
  await consumer.close()
  await running
  await k.until.groupEmpty('billing')
})

test('any condition can be waited for', async () => {
  await using k = await startBraidlog()
  let looks = 0
  await k.until.holds('three looks', () => ++looks === 3 || `${looks} looks`)
  await assert.rejects(
    k.until.holds('never', () => 'not now', { timeoutMs: 20 }),
    /waited 20 ms for never.*not now/,
  )
})

test('topics come and go', async () => {
  await using k = await startBraidlog()
  await k.admin.createTopics([{ name: 'later', partitions: 1, replicationFactor: 1 }])
  await k.until.topicReady('later')
  await k.admin.deleteTopics(['later'])
  await k.until.topicGone('later')
})

test('what was acknowledged is there after a restart, clean or not, on the same port', async () => {
  for (const storage of ['memory', 'temporary'] as const) {
    await using k = await startBraidlog({ topics: { orders: 1 }, storage })
    const { bootstrapServers } = k
    for (const crash of [false, true]) {
      await k.produce('orders', [{ value: `before crash=${crash}` }])
      await k.restart({ crash })
      assert.equal(k.bootstrapServers, bootstrapServers)
    }
    assert.deepEqual(
      (await k.consume('orders')).map((one) => one.value),
      ['before crash=false', 'before crash=true'],
    )
  }
})

test('instances do not see each other', async () => {
  await using a = await startBraidlog({ topics: { mine: 1 } })
  await using b = await startBraidlog()
  assert.notEqual(a.bootstrapServers, b.bootstrapServers)
  assert.deepEqual(await b.admin.listTopics(), [])
})

test('after the end nothing is left: no port, no directory, no client', async () => {
  const k = await startBraidlog({ storage: 'temporary' })
  const { directory } = k.server
  const port = Number(k.bootstrapServers.split(':').at(-1))
  assert.equal(existsSync(directory), true)
  await k.admin.listTopics()
  await k.stop()
  await k.stop()
  assert.equal(existsSync(directory), false)
  assert.throws(() => k.kafka, /stopped/)
  await assert.rejects(k.restart(), /stopped/)
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => reject(new Error('still listening')))
    socket.on('error', () => resolve())
  })
})

test('a program under test is told by its environment, a client by its configuration', async () => {
  await using k = await startBraidlog({ topics: { orders: 1 } })
  assert.deepEqual(k.env(), {
    BOOTSTRAP_SERVERS: k.bootstrapServers,
    KAFKA_BOOTSTRAP_SERVERS: k.bootstrapServers,
    KAFKA_BROKERS: k.bootstrapServers,
  })
  await using kafka = new Kafka(k.clientConfig('braidlog'))
  assert.equal((await kafka.admin().describeCluster()).clusterId, k.server.clusterId)
})

test('with a seed, what is drawn at random is the same in every run', async () => {
  const ids: string[] = []
  for (let i = 0; i < 2; i++) {
    await using k = await startBraidlog({ seed: 42, topics: { orders: 1 } })
    ids.push((await k.admin.listTopics())[0]!.topicId)
  }
  assert.equal(ids[0], ids[1])
})
