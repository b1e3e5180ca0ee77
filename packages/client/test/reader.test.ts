/** Reading without a group against a scripted cluster: offsets, transactions, damage, truncation, sessions. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { json, KafkaError, string, topic, type Kafka, type ReaderOptions } from '@braidlog/client'
import { endTxnMarker } from '@braidlog/records'
import { nodeCodecs } from '@braidlog/runtime'
import { FakeCluster } from './support/fake-cluster.ts'
import { World } from './support/world.ts'

async function readAll(kafka: Kafka, options: Partial<ReaderOptions> = {}): Promise<string[]> {
  const values: string[] = []
  await using reader = kafka.reader({ assign: ['t'], until: 'end', ...options })
  for await (const record of reader) values.push(String(record.rawValue))
  return values
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

/** Follows the topic until so many records have come. */
async function take(kafka: Kafka, count: number, options: Partial<ReaderOptions> = {}): Promise<string[]> {
  const values: string[] = []
  await using reader = kafka.reader({ assign: ['t'], ...options })
  for await (const record of reader) if (values.push(String(record.rawValue)) === count) break
  return values
}

test('reads every partition from its beginning to what was its end', async () => {
  const world = new World()
  const cluster = new FakeCluster(world, 3)
  cluster.topic('t', 5)
  for (let i = 0; i < 50; i++) cluster.write('t', i % 5, [`${i}a`, `${i}b`])
  await world.run(async () => {
    const values = await readAll(world.client())
    assert.equal(values.length, 100)
    assert.equal(new Set(values).size, 100)
    for (let p = 0; p < 5; p++) {
      const own = values.filter((value) => Number.parseInt(value) % 5 === p)
      assert.deepEqual(own, cluster.values('t', p))
    }
  })
})

test('finds a leader that moved while nobody read the topic', async () => {
  const world = new World()
  const cluster = new FakeCluster(world, 2)
  cluster.topic('t')
  cluster.write('t', 0, ['0', '1'])
  await world.run(async () => {
    const kafka = world.client()
    assert.deepEqual(await readAll(kafka), ['0', '1'])
    const { leader } = cluster.topics.get('t')!.partitions[0]!
    cluster.moveLeader('t', 0, leader === 1 ? 2 : 1)
    assert.deepEqual(await readAll(kafka), ['0', '1'])
  })
})

test('what is written behind the end after the reader started is not delivered, even in the same fetch', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t', 2)
  cluster.write('t', 0, ['0', '1'])
  await world.run(async () => {
    await using reader = world.client().reader({ assign: ['t'], until: 'end' })
    await reader.start()
    cluster.write('t', 0, ['late', 'later'])
    cluster.write('t', 1, ['late as well'])
    const batches = await Array.fromAsync(reader.batches())
    assert.deepEqual(
      batches.flatMap((batch) => [...batch].map((record) => String(record.value))),
      ['0', '1'],
    )
    assert.deepEqual(
      batches.map(({ size, lastOffset }) => [size, lastOffset]),
      [[2, 1n]],
    )
    assert.equal(reader.position({ topic: 't', partition: 0 }), 2n)
    assert.equal(reader.position({ topic: 't', partition: 1 }), 0n)
  })
})

test('starts inside a batch, at a moment, at the end', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  cluster.write('t', 0, ['0', '1', '2'])
  await world.run(async () => {
    await world.sleep(1_000)
    cluster.write('t', 0, ['3', '4'])
    const kafka = world.client()
    assert.deepEqual(await readAll(kafka, { assign: [{ topic: 't', partition: 0, offset: 2 }] }), ['2', '3', '4'])
    const timestamp = world.clock.nowMs() - 500
    assert.deepEqual(await readAll(kafka, { assign: [{ topic: 't', partition: 0, offset: { timestamp } }] }), [
      '3',
      '4',
    ])
    const late = { timestamp: timestamp + 1_000_000 }
    assert.deepEqual(await readAll(kafka, { assign: [{ topic: 't', partition: 0, offset: late }] }), [])
    const following = take(kafka, 1, { assign: [{ topic: 't', partition: 0, offset: 'end' }] })
    await world.sleep(2_000)
    cluster.write('t', 0, ['5'])
    assert.deepEqual(await following, ['5'])
  })
})

test('a record keeps its key, headers and timestamp; detached it survives its batch', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const kafka = world.client()
    const orders = topic('t', { key: string(), value: json<{ id: number }>() })
    const headers = [
      ['a', '1'],
      ['b', null],
      ['a', Buffer.from([255])],
    ] as const
    await kafka.producer().send(orders, { key: 'k', value: { id: 7 }, headers, timestamp: 12 })
    await using reader = kafka.reader({ assign: [orders], until: 'end' })
    for await (const batch of reader.batches()) {
      assert.equal(batch.size, 1)
      const [record] = [...batch]
      const copy = record!.detach()
      for (const each of [record!, copy]) {
        const { key, value, timestamp, offset } = each
        const typed: { id: number } | null = value
        assert.deepEqual(
          { key, value: typed, timestamp, offset },
          { key: 'k', value: { id: 7 }, timestamp: 12, offset: 0n },
        )
        assert.equal(each.headers.size, 3)
        assert.equal(each.headers.text('b'), undefined)
        assert.deepEqual(each.headers.get('a'), Buffer.from([255]))
        assert.deepEqual(each.headers.getAll('a'), [Buffer.from('1'), Buffer.from([255])])
      }
    }
  })
})

test('defect 1: timestamps of one batch may lie further apart than 2^31 ms, both ways', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  const timestamps = [1e12, 1e12 + 2 ** 31, 1e12 - 2 ** 31, 1e12 + 2 ** 31 - 1, 1e12 - 2 ** 31 - 1, 0, 2 ** 53 - 1]
  await world.run(async () => {
    const kafka = world.client()
    await kafka.producer().sendBatch(
      't',
      timestamps.map((timestamp) => ({ value: String(timestamp), timestamp })),
    )
    assert.equal(cluster.count('Produce'), 1)
    await using reader = kafka.reader({ assign: ['t'], until: 'end' })
    const seen: number[] = []
    for await (const record of reader) seen.push(record.timestamp)
    assert.deepEqual(seen, timestamps)
  })
})

const TXN = { producerId: 77, producerEpoch: 0, transactional: true }

function marker(outcome: 'abort' | 'commit'): Uint8Array {
  const producer = { producerId: 77, producerEpoch: 0, coordinatorEpoch: 0 }
  return endTxnMarker({ outcome, ...producer, baseOffset: 0, leaderEpoch: 0, timestampMs: 0, codecs: nodeCodecs })
}

test('defect 3: two aborted transactions of one producer in one response are both left out', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  const { partitions } = cluster.topic('t')
  cluster.write('t', 0, ['plain'])
  cluster.write('t', 0, ['aborted 1'], { ...TXN, baseSequence: 0 })
  cluster.append('t', 0, marker('abort'))
  cluster.write('t', 0, ['committed'], { ...TXN, baseSequence: 1 })
  cluster.append('t', 0, marker('commit'))
  cluster.write('t', 0, ['aborted 2'], { ...TXN, baseSequence: 2 })
  cluster.append('t', 0, marker('abort'))
  cluster.write('t', 0, ['last'])
  partitions[0]!.aborted = [
    { producerId: 77, firstOffset: 1, lastOffset: 2 },
    { producerId: 77, firstOffset: 5, lastOffset: 6 },
  ]
  await world.run(async () => {
    const kafka = world.client()
    assert.deepEqual(await readAll(kafka), ['plain', 'committed', 'last'])
    assert.deepEqual(await readAll(kafka, { isolationLevel: 'read_uncommitted' }), [
      'plain',
      'aborted 1',
      'committed',
      'aborted 2',
      'last',
    ])
  })
})

test('defect 3: an abort marker that comes only with a later response', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  const { partitions } = cluster.topic('t')
  cluster.write('t', 0, ['plain'])
  cluster.write('t', 0, ['aborted 1'], { ...TXN, baseSequence: 0 })
  cluster.write('t', 0, ['aborted 2'], { ...TXN, baseSequence: 1 })
  cluster.append('t', 0, marker('abort'))
  cluster.write('t', 0, ['last'])
  partitions[0]!.aborted = [{ producerId: 77, firstOffset: 1, lastOffset: 3 }]
  await world.run(async () => {
    assert.deepEqual(await readAll(world.client(), { fetch: { maxPartitionBytes: 1 } }), ['plain', 'last'])
    assert.ok(cluster.count('Fetch') >= 5)
  })
})

test('defect 5: one flipped byte is a clear error that names the offset, or is skipped', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  const { partitions } = cluster.topic('t')
  for (const value of ['good 1', 'bad', 'good 2']) cluster.write('t', 0, [value])
  const batch = partitions[0]!.batches[1]!
  batch[batch.length - 3]! ^= 1
  await world.run(async () => {
    const kafka = world.client()
    const seen: string[] = []
    await using reader = kafka.reader({ assign: ['t'], until: 'end' })
    const failing = async (): Promise<void> => {
      for await (const record of reader) seen.push(String(record.rawValue))
    }
    const error = await rejection(failing())
    assert.equal(error.code, 'CORRUPT_BATCH')
    assert.deepEqual([error.details[0]!.topic, error.details[0]!.partition, error.details[0]!.offset], ['t', 0, 1n])
    assert.deepEqual(seen, ['good 1'])
    // The damage may have happened on the way: going on fetches it anew.
    batch[batch.length - 3]! ^= 1
    await failing()
    assert.deepEqual(seen, ['good 1', 'bad', 'good 2'])
    batch[batch.length - 3]! ^= 1
    assert.deepEqual(await readAll(kafka, { onCorruptBatch: 'skip' }), ['good 1', 'good 2'])
  })
})

test('what cannot be deserialized fails with its offset, or is left out, or asks', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  cluster.write('t', 0, ['1', 'x', '3'])
  await world.run(async () => {
    const kafka = world.client()
    const values = async (policy: ReaderOptions['onDeserializationError']): Promise<unknown[]> => {
      await using reader = kafka.reader({
        assign: ['t'],
        until: 'end',
        value: json<number>(),
        onDeserializationError: policy,
      })
      const seen: unknown[] = []
      for await (const record of reader) seen.push(record.value)
      return seen
    }
    assert.deepEqual(await values('skip'), [1, 3])
    const asked: bigint[] = []
    assert.deepEqual(await values((_, at) => (asked.push(at.offset), 'skip')), [1, 3])
    assert.deepEqual(asked, [1n])
    const error = await rejection(values('fail'))
    assert.equal(error.code, 'DESERIALIZATION_FAILED')
    assert.equal(error.details[0]!.offset, 1n)
    await using reader = kafka.reader({
      assign: ['t'],
      until: 'end',
      value: json<number>(),
      onDeserializationError: 'raw',
    })
    const records = await Array.fromAsync(reader, (record) => record.detach())
    assert.deepEqual(
      records.map(({ value, error, rawValue }) => [value, error?.code, String(rawValue)]),
      [
        [1, undefined, '1'],
        [null, 'DESERIALIZATION_FAILED', 'x'],
        [3, undefined, '3'],
      ],
    )
  })
})

test('defect 11: out of range follows the reset policy, and none names the partition', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  const { partitions } = cluster.topic('t')
  cluster.write('t', 0, ['0', '1'])
  cluster.write('t', 0, ['2'])
  partitions[0]!.batches.shift()
  partitions[0]!.logStartOffset = 2
  await world.run(async () => {
    const kafka = world.client()
    const from = (offset: number): Partial<ReaderOptions> => ({ assign: [{ topic: 't', partition: 0, offset }] })
    assert.deepEqual(await readAll(kafka, from(0)), ['2'])
    assert.deepEqual(await readAll(kafka, { ...from(0), autoOffsetReset: 'latest' }), [])
    const error = await rejection(readAll(kafka, { ...from(0), autoOffsetReset: 'none' }))
    assert.equal(error.code, 'NO_OFFSET')
    assert.equal(error.details[0]!.item, 't-0')
  })
})

test('fetch sessions: later requests name only what changed; a lost session starts over', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t', 20)
  for (let p = 0; p < 20; p++) cluster.write('t', p, [`${p}`])
  await world.run(async () => {
    const kafka = world.client()
    await using reader = kafka.reader({ assign: ['t'] })
    const iterator = reader.records()
    for (let i = 0; i < 20; i++) await iterator.next()
    await world.sleep(2_000)
    const before = cluster.requests.length
    cluster.write('t', 3, ['more'])
    assert.equal(String((await iterator.next()).value!.rawValue), 'more')
    await world.sleep(100)
    const fetches = cluster.requests.slice(before).filter((each) => each.api === 'Fetch')
    const bodies = fetches.map((each) => each.body as { sessionId: number; topics: { partitions: unknown[] }[] })
    assert.deepEqual(
      bodies.map((body) => body.topics.flatMap((each) => each.partitions).length),
      [1],
    )
    assert.ok(bodies[0]!.sessionId > 0)
    cluster.fault('Fetch', { kind: 'error', code: 0 }, { times: 0 })
    cluster.forgetSessions()
    cluster.write('t', 4, ['again'])
    assert.equal(String((await iterator.next()).value!.rawValue), 'again')
  })
})

test('a paused partition delivers nothing, keeps what it has, and goes on where it stopped', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t', 2)
  for (let p = 0; p < 2; p++) cluster.write('t', p, [`${p}a`])
  await world.run(async () => {
    await using reader = world.client().reader({ assign: ['t'] })
    await reader.start()
    await world.sleep(100)
    reader.pause([{ topic: 't', partition: 0 }])
    const iterator = reader.records()
    assert.equal(String((await iterator.next()).value!.rawValue), '1a')
    const fetches = cluster.count('Fetch')
    cluster.write('t', 0, ['0b'])
    cluster.write('t', 1, ['1b'])
    assert.equal(String((await iterator.next()).value!.rawValue), '1b')
    assert.deepEqual(reader.paused(), [{ topic: 't', partition: 0 }])
    reader.resume()
    assert.equal(String((await iterator.next()).value!.rawValue), '0a')
    assert.equal(String((await iterator.next()).value!.rawValue), '0b')
    assert.ok(cluster.count('Fetch') > fetches)
  })
})

test('seek drops what was fetched', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  for (let i = 0; i < 10; i++) cluster.write('t', 0, [String(i)])
  await world.run(async () => {
    await using reader = world.client().reader({ assign: ['t'] })
    const iterator = reader.records()
    const at = { topic: 't', partition: 0 }
    assert.equal(String((await iterator.next()).value!.rawValue), '0')
    reader.seek(at, 7n)
    await world.sleep(100)
    assert.equal(reader.position(at), 7n)
    const batches = reader.batches()
    assert.equal((await batches.next()).value!.firstOffset, 7n)
    reader.seek(at, 'beginning')
    assert.equal((await batches.next()).value!.firstOffset, 0n)
  })
})

test('truncation: a new leader without what we read is noticed, and the position goes back to where the logs part', async () => {
  for (const autoOffsetReset of ['earliest', 'none'] as const) {
    const world = new World()
    const cluster = new FakeCluster(world, 2)
    const [partition] = cluster.topic('t').partitions
    cluster.write('t', 0, ['a'])
    cluster.write('t', 0, ['b'])
    cluster.write('t', 0, ['lost'])
    await world.run(async () => {
      await using reader = world.client().reader({ assign: ['t'], autoOffsetReset })
      const iterator = reader.records()
      for (const value of ['a', 'b', 'lost']) assert.equal(String((await iterator.next()).value!.rawValue), value)
      partition!.batches.pop()
      partition!.nextOffset = 2
      partition!.leader = 2
      partition!.leaderEpoch = 1
      cluster.write('t', 0, ['other'])
      cluster.write('t', 0, ['more'])
      if (autoOffsetReset === 'none') {
        assert.equal((await rejection(iterator.next())).code, 'LOG_TRUNCATED')
        return
      }
      const next = (await iterator.next()).value!
      assert.deepEqual([String(next.rawValue), next.offset], ['other', 2n])
    })
  }
})

test('prefetch is bounded in bytes', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t', 8)
  for (let p = 0; p < 8; p++) for (let i = 0; i < 50; i++) cluster.write('t', p, ['x'.repeat(1000)])
  await world.run(async () => {
    const prefetchBytes = 20_000
    await using reader = world
      .client()
      .reader({ assign: ['t'], until: 'end', fetch: { prefetchBytes, maxPartitionBytes: 3_000 } })
    await reader.start()
    await world.sleep(5_000)
    const fetched = cluster.fetchedBytes
    // Eight partitions may overshoot by what one answer brings.
    assert.ok(fetched <= prefetchBytes + 8 * 3_000, `${fetched} bytes`)
    let count = 0
    for await (const batch of reader.batches()) count += batch.size
    assert.equal(count, 400)
  })
})

test('defect 6: the late answer to a timed-out request is dropped, and the connection goes on', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const kafka = world.client({ requestTimeoutMs: 1_000 })
    await kafka.connect()
    cluster.fault('Metadata', { kind: 'delay', delayMs: 1_500 })
    const error = await rejection(kafka.request('Metadata', { topics: [] }))
    assert.equal(error.code, 'TIMED_OUT')
    await world.sleep(600)
    const answer = await kafka.request('FindCoordinator', { keyType: 0, coordinatorKeys: ['g'] })
    assert.equal(answer.coordinators[0]!.key, 'g')
    assert.equal(cluster.count('ApiVersions'), 1, 'it is still the first connection')
  })
})

test('a request that stays unanswered for twice its timeout takes the connection with it', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  await world.run(async () => {
    const kafka = world.client({ requestTimeoutMs: 1_000 })
    await kafka.connect()
    cluster.fault('Metadata', { kind: 'silence' })
    assert.equal((await rejection(kafka.request('Metadata', { topics: [] }))).code, 'TIMED_OUT')
    await world.sleep(1_100)
    await kafka.request('Metadata', { topics: [] })
    assert.equal(cluster.count('ApiVersions'), 2)
  })
})

test('defect 8: every broker is spoken to in its own versions', async () => {
  const world = new World()
  const cluster = new FakeCluster(world, 2)
  cluster.setVersions(2, 'Fetch', { min: 4, max: 6 })
  cluster.setVersions(2, 'Produce', { min: 3, max: 7 })
  cluster.setVersions(2, 'ApiVersions', { min: 0, max: 2 })
  cluster.setVersions(2, 'OffsetForLeaderEpoch', undefined)
  cluster.topic('t', 2)
  await world.run(async () => {
    const kafka = world.client()
    const producer = kafka.producer()
    await Promise.all([0, 1].map((partition) => producer.send({ topic: 't', partition, value: String(partition) })))
    assert.deepEqual((await readAll(kafka)).sort(), ['0', '1'])
    const versions = (api: string, node: number): number[] => [
      ...new Set(cluster.requests.filter((each) => each.api === api && each.node === node).map((each) => each.version)),
    ]
    assert.deepEqual(versions('Produce', 2), [7])
    assert.deepEqual(versions('Fetch', 2), [6])
    assert.deepEqual(versions('ApiVersions', 2), [4, 2])
    assert.ok(versions('Fetch', 1)[0]! > 12)
  })
})

test('an API that the broker lacks is named with both ranges', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  cluster.write('t', 0, ['a'])
  cluster.setVersions(1, 'Fetch', { min: 0, max: 3 })
  await world.run(async () => {
    const error = await rejection(readAll(world.client()))
    assert.equal(error.code, 'UNSUPPORTED_API')
    assert.match(error.message, /Fetch 0-3.*4-/)
  })
})

test('defect 12: with every broker down calls end at their bound and say why; the client comes back by itself', async () => {
  const world = new World()
  const cluster = new FakeCluster(world, 2)
  cluster.topic('t')
  cluster.write('t', 0, ['a'])
  await world.run(async () => {
    const kafka = world.client({ bootstrapServers: ['broker1:9092', 'broker2:9092'] })
    assert.deepEqual(await readAll(kafka), ['a'])
    cluster.stop(1)
    cluster.stop(2)
    const startMs = world.nowMs
    const error = await rejection(kafka.admin().listTopics({ timeoutMs: 3_000 }))
    assert.equal(error.code, 'TIMED_OUT')
    assert.match(error.message, /ECONNREFUSED/)
    assert.ok(world.nowMs - startMs <= 3_100)
    cluster.start(2)
    assert.deepEqual(
      (await kafka.admin().listTopics()).map((each) => each.name),
      ['t'],
    )
    await kafka.close({ timeoutMs: 500 })
    assert.throws(() => kafka.admin(), { code: 'CLOSED' })
  })
})

test('a cluster that moved as a whole is found again through the bootstrap addresses', async () => {
  const world = new World()
  const cluster = new FakeCluster(world, 1)
  cluster.topic('t')
  cluster.write('t', 0, ['a'])
  await world.run(async () => {
    const kafka = world.client({ bootstrapServers: ['seed:9092'] })
    world.listen('seed:9092', cluster.acceptor(1))
    assert.deepEqual(await readAll(kafka), ['a'])
    cluster.stop(1)
    cluster.addNode(1, 'elsewhere')
    assert.deepEqual(await readAll(kafka), ['a'])
  })
})
