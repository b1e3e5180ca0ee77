/** Consumer groups against a scripted cluster: membership, delivery, commits, rebalances. */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  json,
  KafkaError,
  string,
  topic,
  type Consumer,
  type ConsumerOptions,
  type Kafka,
  type Serde,
} from '@braidlog/client'
import { FakeCluster } from './support/fake-cluster.ts'
import { World } from './support/world.ts'

async function rejection(promise: Promise<unknown>): Promise<KafkaError> {
  try {
    await promise
  } catch (error) {
    assert.ok(KafkaError.is(error), String(error))
    return error
  }
  throw new Error('it did not fail')
}

function join(kafka: Kafka, options: Partial<ConsumerOptions> = {}): Consumer<Buffer, Buffer> {
  return kafka.consumer({ groupId: 'g', topics: ['t'], autoOffsetReset: 'earliest', ...options })
}

function setUp(partitions = 1, records = 10): { world: World; cluster: FakeCluster } {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t', partitions)
  for (let i = 0; i < records; i++) cluster.write('t', i % partitions, [String(i)])
  return { world, cluster }
}

test('records are delivered once, committed after they are done, and the next member goes on behind them', async () => {
  const { world, cluster } = setUp()
  await world.run(async () => {
    const kafka = world.client()
    const seen: string[] = []
    await using first = join(kafka)
    for await (const record of first) if (seen.push(String(record.value)) === 4) break
    await first.close()
    // The fourth was still being worked on when the loop ended.
    assert.equal(cluster.group('g').offsets.get('t/0')!.offset, 3)
    await using second = join(kafka)
    const again: string[] = []
    for await (const record of second) if (again.push(String(record.value)) === 7) break
    assert.deepEqual(again, ['3', '4', '5', '6', '7', '8', '9'])
  })
})

test('defect 4: what was fetched and not handled is delivered again after a crash', async () => {
  const { world, cluster } = setUp()
  await world.run(async () => {
    const crashing = world.client()
    const consumer = join(crashing, { commitIntervalMs: 50 })
    const batches = consumer.batches()
    await batches.next()
    await world.sleep(1_000)
    assert.ok(cluster.fetchedBytes > 0)
    assert.equal(cluster.group('g').commits.length, 0)
    cluster.group('g').expel(consumer.memberId)
    await crashing.close({ timeoutMs: 0 })
    await using next = join(world.client())
    const record = (await next.records().next()).value!
    assert.equal(record.offset, 0n)
  })
})

test('a batch is committed when the application says so', async () => {
  const { world, cluster } = setUp()
  await world.run(async () => {
    await using consumer = join(world.client(), { commit: 'manual' })
    for await (const batch of consumer.batches()) {
      await world.sleep(20_000)
      assert.equal(cluster.group('g').commits.length, 0)
      await batch.commit()
      break
    }
    assert.deepEqual(
      cluster.group('g').commits.map((each) => each.offset),
      [10],
    )
    assert.deepEqual(await consumer.committed([{ topic: 't', partition: 0 }]), [
      { topic: 't', partition: 0, offset: 10n, leaderEpoch: 0, metadata: null },
    ])
  })
})

test('commit: before is at most once', async () => {
  const { world, cluster } = setUp()
  await world.run(async () => {
    await using consumer = join(world.client(), { commit: 'before' })
    const batch = (await consumer.batches().next()).value!
    assert.equal(batch.size, 10)
    assert.equal(cluster.group('g').offsets.get('t/0')!.offset, 10)
  })
})

test('defect 11: without a committed offset each reset policy starts where it says', async () => {
  for (const [autoOffsetReset, expected] of [
    ['earliest', '0'],
    ['latest', 'late'],
    [{ durationMs: 500 }, 'recent'],
  ] as const) {
    const { world, cluster } = setUp()
    await world.run(async () => {
      await world.sleep(10_000)
      cluster.write('t', 0, ['recent'])
      await using consumer = join(world.client(), { autoOffsetReset })
      const next = consumer.records().next()
      await world.until(
        () => consumer.assignment().length === 1 && consumer.position({ topic: 't', partition: 0 }) !== null,
        'a position',
      )
      await world.sleep(100)
      cluster.write('t', 0, ['late'])
      assert.equal(String((await next).value!.value), expected)
    })
  }
  const { world } = setUp()
  await world.run(async () => {
    await using consumer = join(world.client(), { autoOffsetReset: 'none' })
    assert.equal((await rejection(consumer.records().next())).code, 'NO_OFFSET')
  })
})

test('two members share the partitions; the first keeps what it has and gives up only what moves', async () => {
  const { world } = setUp(4)
  await world.run(async () => {
    const kafka = world.client()
    const events: string[] = []
    const hooks = (name: string): Partial<ConsumerOptions> => ({
      onAssigned: (partitions) => void events.push(`${name}+${partitions.map((each) => each.partition).join('')}`),
      onRevoked: (partitions) => void events.push(`${name}-${partitions.map((each) => each.partition).join('')}`),
    })
    await using first = join(kafka, hooks('a'))
    await first.joined()
    assert.deepEqual(events, ['a+0123'])
    await using second = join(kafka, hooks('b'))
    await second.joined()
    await world.until(() => second.assignment().length === 2, 'the second has its share')
    assert.equal(first.assignment().length, 2)
    assert.equal(events.length, 3)
    assert.match(events[1]!, /^a-\d\d$/)
    assert.equal(events[2], `b+${events[1]!.slice(2)}`)
    await second.close()
    await world.until(() => first.assignment().length === 4, 'the first has all again')
  })
})

test('with an eager assignor everything is given up and taken again', async () => {
  const { world } = setUp(2)
  await world.run(async () => {
    const kafka = world.client()
    const events: string[] = []
    const hooks = (name: string): Partial<ConsumerOptions> => ({
      assignors: ['range'],
      onAssigned: (partitions) => void events.push(`${name}+${partitions.map((each) => each.partition).join('')}`),
      onRevoked: (partitions) => void events.push(`${name}-${partitions.map((each) => each.partition).join('')}`),
    })
    await using first = join(kafka, hooks('a'))
    await first.joined()
    await using second = join(kafka, hooks('b'))
    await second.joined()
    await world.until(() => events.length === 4, 'both have their share')
    assert.deepEqual(events.slice(0, 2), ['a+01', 'a-01'])
    assert.equal(first.assignment().length, 1)
    assert.equal(second.assignment().length, 1)
  })
})

test('heartbeats go on while a handler takes longer than the session timeout', async () => {
  const { world, cluster } = setUp()
  await world.run(async () => {
    await using consumer = join(world.client(), { sessionTimeoutMs: 10_000 })
    const losses: string[] = []
    for await (const batch of consumer.batches()) {
      batch.signal.addEventListener('abort', () => losses.push('lost'))
      await world.sleep(60_000)
      assert.deepEqual(losses, [])
      await batch.commit()
      break
    }
    assert.ok(cluster.count('Heartbeat') >= 15)
    assert.equal(cluster.group('g').offsets.get('t/0')!.offset, 10)
  })
})

test('a member that was expelled loses its partitions, is told so, cannot commit, and joins again', async () => {
  const { world, cluster } = setUp()
  await world.run(async () => {
    const events: string[] = []
    await using consumer = join(world.client(), {
      onLost: (partitions) => void events.push(`lost ${partitions.length}`),
      onRevoked: () => void events.push('revoked'),
    })
    const batches = consumer.batches()
    const batch = (await batches.next()).value!
    const { memberId } = consumer
    cluster.group('g').expel(memberId)
    await world.until(() => batch.signal.aborted, 'the batch is taken away')
    assert.equal((await rejection(batch.commit())).code, 'NOT_ASSIGNED')
    assert.deepEqual(events, ['lost 1'])
    const again = (await batches.next()).value!
    assert.equal(again.firstOffset, 0n)
    assert.notEqual(consumer.memberId, memberId)
    assert.equal(cluster.group('g').commits.length, 0)
  })
})

test('a coordinator that does not answer for a session costs the partitions, without asking it', async () => {
  const { world, cluster } = setUp()
  await world.run(async () => {
    await using consumer = join(world.client({ requestTimeoutMs: 2_000 }), { sessionTimeoutMs: 10_000 })
    const batch = (await consumer.batches().next()).value!
    const startMs = world.nowMs
    cluster.fault('Heartbeat', { kind: 'drop', isDone: false }, { times: 1_000 })
    await world.until(() => batch.signal.aborted, 'the batch is taken away')
    assert.ok(world.nowMs - startMs >= 5_000 && world.nowMs - startMs <= 11_000)
  })
})

test('defect 13: a slow handler during joins and leaves commits nothing stale, and its signal tells it to stop', async () => {
  const { world, cluster } = setUp(6, 600)
  await world.run(async () => {
    const kafka = world.client()
    const handled = new Map<string, number>()
    const running: Promise<void>[] = []
    const lateCommits: string[] = []
    const start = (rebalanceTimeoutMs: number): Consumer<Buffer, Buffer> => {
      const consumer = join(kafka, { rebalanceTimeoutMs, commitIntervalMs: 500, fetch: { maxPartitionBytes: 400 } })
      running.push(
        consumer.run({ concurrency: 3 }, async (record, { signal }) => {
          const key = `${record.partition}/${record.offset}`
          await world.sleep(30)
          if (signal.aborted) {
            await consumer.commit().catch(() => {})
            lateCommits.push(key)
            signal.throwIfAborted()
          }
          handled.set(key, (handled.get(key) ?? 0) + 1)
        }),
      )
      return consumer
    }
    const members = [start(4_000)]
    for (let i = 0; i < 6; i++) {
      await world.sleep(2_000)
      members.push(start(4_000))
      await world.sleep(1_500)
      await members.shift()!.close({ timeoutMs: 3_000 })
    }
    await world.until(() => handled.size === 600, 'every record was handled')
    await world.sleep(2_000)
    for (const member of members) await member.close()
    await Promise.all(running)
    assert.ok(lateCommits.length > 0, 'some handlers were told to stop')
    // No commit ever goes back: none was made for a partition that somebody else had moved on.
    const last = new Map<string, number>()
    for (const { key, offset } of cluster.group('g').commits) {
      assert.ok(offset >= (last.get(key) ?? 0), `${key} went back to ${offset}`)
      last.set(key, offset)
    }
    assert.deepEqual([...last.values()], [100, 100, 100, 100, 100, 100])
  })
})

test('defect 12: no handler is called after close, and close waits for those that run', async () => {
  const { world } = setUp(1, 50)
  await world.run(async () => {
    const consumer = join(world.client(), { fetch: { maxPartitionBytes: 200 } })
    let calls = 0
    let finished = 0
    const run = consumer.run(async () => {
      calls++
      await world.sleep(400)
      finished++
    })
    await world.until(() => calls === 3, 'handlers run')
    await consumer.close()
    await run
    const at = calls
    assert.equal(finished, calls)
    await world.sleep(10_000)
    assert.equal(calls, at)
    assert.equal((await rejection(consumer.joined())).code, 'CLOSED')
  })
})

test('defect 12: close is bounded although a handler never returns', async () => {
  const { world } = setUp()
  await world.run(async () => {
    const consumer = join(world.client())
    let isCalled = false
    void consumer.run(async () => {
      isCalled = true
      await new Promise<never>(() => {})
    })
    await world.until(() => isCalled, 'the handler runs')
    const startMs = world.nowMs
    await consumer.close({ timeoutMs: 2_000 })
    assert.ok(world.nowMs - startMs <= 2_100)
  })
})

test('defect 12: a handler that closes its consumer does not wait for itself, only for the others', async () => {
  const { world } = setUp(2, 10)
  await world.run(async () => {
    const consumer = join(world.client())
    let othersRunning = 0
    let tookMs = -1
    await consumer.run({ concurrency: 2 }, async (record) => {
      if (record.partition === 1) {
        othersRunning++
        await world.sleep(700)
        othersRunning--
        return
      }
      await world.until(() => othersRunning > 0, 'the other handler runs')
      const startMs = world.nowMs
      await consumer.close()
      tookMs = world.nowMs - startMs
      assert.equal(othersRunning, 0)
    })
    assert.ok(tookMs >= 500 && tookMs < 2_000, `${tookMs} ms`)
  })
})

test('commit in a handler counts the record at hand as done, but nothing behind an unfinished one', async () => {
  const { world, cluster } = setUp(1, 3)
  await world.run(async () => {
    await using consumer = join(world.client(), { commit: 'manual' })
    const committed = (): number | undefined => cluster.group('g').offsets.get('t/0')?.offset
    const after: (number | undefined)[] = []
    const controller = new AbortController()
    await consumer.run({ signal: controller.signal }, async (record, { commit }) => {
      await consumer.commit()
      after.push(committed())
      await commit()
      after.push(committed())
      if (record.offset === 2n) controller.abort()
    })
    assert.deepEqual(after, [undefined, 1, 1, 2, 2, 3])
  })
})

test('defect 12: the commit on close ends with close although the coordinator does not answer', async () => {
  const { world, cluster } = setUp()
  const warnings: string[] = []
  await world.run(async () => {
    const quiet = (): void => {}
    const logger = { debug: quiet, info: quiet, error: quiet, warn: (text: string) => void warnings.push(text) }
    const consumer = join(world.client({ logger: logger as never }))
    const batch = (await consumer.batches().next()).value!
    batch.done()
    cluster.fault('OffsetCommit', { kind: 'silence' }, { times: Infinity })
    const startMs = world.nowMs
    await consumer.close({ timeoutMs: 2_000 })
    assert.ok(world.nowMs - startMs <= 2_100)
    await world.sleep(100)
    assert.ok(warnings.some((each) => each.startsWith('commit before the revocation failed')))
  })
})

for (const order of ['partition', 'key', 'none'] as const) {
  test(`run with order '${order}' keeps that order and handles everything once, several at a time`, async () => {
    const world = new World()
    const cluster = new FakeCluster(world)
    cluster.topic('t', 3)
    await world.run(async () => {
      const kafka = world.client()
      const producer = kafka.producer()
      await producer.sendBatch(
        't',
        Array.from({ length: 300 }, (_, i) => ({ key: `k${i % 10}`, value: String(i), partition: i % 3 })),
      )
      await using consumer = join(kafka, { fetch: { maxPartitionBytes: 300 } })
      const lanes = new Map<string, number[]>()
      const seen = new Set<string>()
      let active = 0
      let activeMax = 0
      const controller = new AbortController()
      const laneOf = (partition: number, key: string): string =>
        order === 'partition' ? `${partition}` : `${partition}${key}`
      await consumer.run({ concurrency: 4, order, signal: controller.signal }, async (record) => {
        activeMax = Math.max(activeMax, ++active)
        const lane = laneOf(record.partition, String(record.key))
        await world.sleep(1 + (world.random.uint32() % 20))
        const list = lanes.get(lane) ?? []
        lanes.set(lane, list)
        list.push(Number(record.offset))
        seen.add(`${record.partition}/${record.offset}`)
        active--
        if (seen.size === 300) controller.abort()
      })
      assert.equal(seen.size, 300)
      assert.ok(activeMax > 1 && activeMax <= 4, `${activeMax} at once`)
      if (order !== 'none')
        for (const list of lanes.values())
          assert.deepEqual(
            list,
            [...list].sort((a, b) => a - b),
          )
      await consumer.commit()
      assert.deepEqual(
        [...cluster.group('g').offsets.values()].map((each) => each.offset),
        [100, 100, 100],
      )
    })
  })
}

test('out of order completion commits only up to the oldest unfinished record', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('t')
  cluster.write('t', 0, ['0', '1', '2', '3'])
  await world.run(async () => {
    await using consumer = join(world.client(), { commitIntervalMs: 200 })
    let release = (): void => {}
    const run = consumer.run({ concurrency: 4, order: 'none' }, async (record) => {
      if (record.offset === 2n) await new Promise<void>((resolve) => (release = resolve))
    })
    await world.sleep(3_000)
    assert.equal(cluster.group('g').offsets.get('t/0')!.offset, 2)
    release()
    await world.sleep(1_000)
    assert.equal(cluster.group('g').offsets.get('t/0')!.offset, 4)
    await consumer.close()
    await run
  })
})

test('a handler that throws is called again, then the record goes to the dead letter topic or ends the run', async () => {
  const { world, cluster } = setUp(1, 3)
  cluster.topic('dead')
  await world.run(async () => {
    const kafka = world.client()
    await using consumer = join(kafka)
    const attempts: number[] = []
    const controller = new AbortController()
    await consumer.run(
      { retry: { attempts: 3, backoffMs: 100 }, deadLetter: { topic: 'dead' }, signal: controller.signal },
      async (record, { attempt }) => {
        if (record.offset === 2n) controller.abort()
        if (record.offset !== 1n) return
        attempts.push(attempt)
        throw new Error('no')
      },
    )
    assert.deepEqual(attempts, [1, 2, 3])
    assert.deepEqual(cluster.values('dead', 0), ['1'])
    await consumer.close()
    await using other = join(kafka, { groupId: 'h' })
    await assert.rejects(
      other.run(() => {
        throw new Error('for good')
      }),
      /for good/,
    )
    await other.close()
    assert.equal(cluster.group('h').commits.length, 0)
  })
})

test('hooks are awaited: nothing is delivered before onAssigned ends, and onRevoked may still commit', async () => {
  const { world, cluster } = setUp()
  await world.run(async () => {
    const events: string[] = []
    await using consumer = join(world.client(), {
      commit: 'manual',
      onAssigned: async () => {
        events.push('assigning')
        await world.sleep(2_000)
        events.push('assigned')
      },
      onRevoked: async (_, context) => {
        await world.sleep(1_000)
        await context.commit()
        events.push('revoked')
      },
    })
    const batch = (await consumer.batches().next()).value!
    events.push('delivered')
    batch.done()
    await consumer.close()
    assert.deepEqual(events, ['assigning', 'assigned', 'delivered', 'revoked'])
    assert.equal(cluster.group('g').offsets.get('t/0')!.offset, 10)
  })
})

test('defect 12: a hook that closes its consumer does not wait for itself', async () => {
  const { world } = setUp()
  await world.run(async () => {
    let tookMs = -1
    let signal: AbortSignal | undefined
    const consumer: Consumer<Buffer, Buffer> = join(world.client(), {
      onAssigned: async (_, context) => {
        ;({ signal } = context)
        const startMs = world.nowMs
        await consumer.close()
        tookMs = world.nowMs - startMs
      },
    })
    await consumer.joined()
    await world.until(() => tookMs >= 0, 'close ends')
    assert.ok(tookMs < 1_000, `${tookMs} ms`)
    assert.equal(signal?.aborted, false)
  })
})

test('defect 12: close while a revocation waits for the loop of the application does not wait for that loop', async () => {
  const { world } = setUp(2, 10)
  await world.run(async () => {
    const consumer = join(world.client())
    // The application holds on to a batch of either partition; the second member is to get one of them.
    const streams = consumer.partitions()
    for (let i = 0; i < 2; i++) await (await streams.next()).value![Symbol.asyncIterator]().next()
    const second = join(world.client())
    void second.joined().catch(() => {})
    await world.sleep(5_000)
    const startMs = world.nowMs
    await consumer.close()
    assert.ok(world.nowMs - startMs < 1_000, `${world.nowMs - startMs} ms`)
  })
})

test('seek in onAssigned decides where reading starts', async () => {
  const { world } = setUp()
  await world.run(async () => {
    const consumer: Consumer<Buffer, Buffer> = join(world.client(), {
      onAssigned: (partitions) => partitions.forEach((each) => consumer.seek(each, 6)),
    })
    assert.equal((await consumer.records().next()).value!.offset, 6n)
  })
})

test('a pattern picks up topics that appear later, and a named topic may be created after the consumer', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  cluster.topic('metrics.a')
  cluster.write('metrics.a', 0, ['a'])
  await world.run(async () => {
    const kafka = world.client({ metadataMaxAgeMs: 1_000 })
    await using consumer = join(kafka, { topics: [/^metrics\./, 'named'] })
    const records = consumer.records()
    assert.equal(String((await records.next()).value!.value), 'a')
    cluster.topic('metrics.b')
    cluster.write('metrics.b', 0, ['b'])
    assert.equal(String((await records.next()).value!.value), 'b')
    cluster.topic('named')
    cluster.write('named', 0, ['c'])
    assert.equal(String((await records.next()).value!.value), 'c')
    cluster.topic('other')
    await world.sleep(5_000)
    assert.deepEqual(
      consumer
        .assignment()
        .map((each) => each.topic)
        .sort(),
      ['metrics.a', 'metrics.b', 'named'],
    )
  })
})

test('partitions() gives one stream per partition that ends with its assignment', async () => {
  const { world } = setUp(2)
  await world.run(async () => {
    const consumer = join(world.client())
    const seen = new Map<number, number>()
    const streams: Promise<void>[] = []
    const all = (async () => {
      for await (const stream of consumer.partitions()) {
        streams.push(
          (async () => {
            for await (const batch of stream) {
              seen.set(stream.partition, (seen.get(stream.partition) ?? 0) + batch.size)
              batch.done()
            }
          })(),
        )
      }
    })()
    await world.until(() => [...seen.values()].reduce((sum, each) => sum + each, 0) === 10, 'everything is delivered')
    await consumer.close()
    await all
    await Promise.all(streams)
    assert.deepEqual([...seen.values()], [5, 5])
  })
})

test('pause keeps the member in the group and delivers nothing; lag counts what is left', async () => {
  const { world } = setUp(2)
  await world.run(async () => {
    await using consumer = join(world.client())
    await consumer.joined()
    consumer.pause([{ topic: 't', partition: 1 }])
    const batch = (await consumer.batches().next()).value!
    assert.equal(batch.partition, 0)
    await batch.commit()
    await world.sleep(60_000)
    const lag = await consumer.lag()
    assert.deepEqual(
      lag.map((each) => each.lag),
      [0, 5],
    )
    consumer.resume()
    assert.equal((await consumer.batches().next()).value!.partition, 1)
  })
})

test('the coordinator moves: commits and heartbeats follow it', async () => {
  const { world, cluster } = setUp()
  cluster.addNode(2)
  await world.run(async () => {
    const kafka = world.client()
    await using consumer = join(kafka)
    const batch = (await consumer.batches().next()).value!
    cluster.fault('OffsetCommit', { kind: 'error', code: 16 }, { times: 2 })
    cluster.fault('Heartbeat', { kind: 'error', code: 15 }, { times: 2 })
    await batch.commit()
    await world.sleep(20_000)
    assert.ok(!batch.signal.aborted)
    assert.equal(cluster.group('g').offsets.get('t/0')!.offset, 10)
  })
})

test('joining survives a coordinator that loads, breaks connections and refuses', async () => {
  const { world, cluster } = setUp()
  await world.run(async () => {
    cluster.fault('FindCoordinator', { kind: 'error', code: 15 })
    cluster.fault('JoinGroup', { kind: 'drop', isDone: false })
    cluster.fault('JoinGroup', { kind: 'error', code: 14 })
    cluster.fault('SyncGroup', { kind: 'error', code: 16 })
    cluster.fault('SyncGroup', { kind: 'error', code: 27 })
    cluster.fault('OffsetFetch', { kind: 'error', code: 14 })
    await using consumer = join(world.client())
    assert.equal(String((await consumer.records().next()).value!.value), '0')
  })
})

test('a fatal answer to JoinGroup ends the consumer with its name', async () => {
  const { world, cluster } = setUp()
  cluster.fault('JoinGroup', { kind: 'error', code: 23 })
  await world.run(async () => {
    await using consumer = join(world.client())
    const error = await rejection(consumer.records().next())
    assert.equal(error.code, 'INCONSISTENT_GROUP_PROTOCOL')
    assert.equal(error.fatal, true)
  })
})

test('iterations end with their signal, and may be started again', async () => {
  const { world } = setUp()
  await world.run(async () => {
    await using consumer = join(world.client())
    const controller = new AbortController()
    const seen: string[] = []
    const loop = (async () => {
      for await (const record of consumer.records({ signal: controller.signal })) seen.push(String(record.value))
    })()
    await world.until(() => seen.length === 10, 'everything is read')
    controller.abort()
    await loop
    consumer.seek({ topic: 't', partition: 0 }, 8)
    const readable = consumer.readable()
    const [batch] = await readable.take(1).toArray()
    assert.equal((batch as { firstOffset: bigint }).firstOffset, 8n)
    consumer.seek({ topic: 't', partition: 0 }, 9)
    const web = consumer.webReadable().getReader()
    assert.equal((await web.read()).value!.firstOffset, 9n)
    await web.cancel()
  })
})

test('each typed topic is read with its own serdes, other topics with those of the consumer', async () => {
  const world = new World()
  const cluster = new FakeCluster(world)
  for (const name of ['orders', 'notes', 'rest']) cluster.topic(name)
  cluster.write('orders', 0, ['{"id":1}'])
  cluster.write('notes', 0, ['{"id":2}'])
  cluster.write('rest', 0, ['{"id":3}'])
  await world.run(async () => {
    const orders = topic('orders', { value: json<unknown>() })
    const notes = topic('notes', { value: string() as Serde<unknown> })
    const topics = [orders as never, notes as never, 'rest']
    await using consumer = world
      .client()
      .consumer<Buffer, unknown>({ groupId: 'g', topics, autoOffsetReset: 'earliest' })
    const values = new Map<string, unknown>()
    for await (const record of consumer) {
      values.set(record.topic, record.value)
      if (values.size === 3) break
    }
    assert.deepEqual(values.get('orders'), { id: 1 })
    assert.equal(values.get('notes'), '{"id":2}')
    assert.deepEqual(values.get('rest'), Buffer.from('{"id":3}'))
  })
})
