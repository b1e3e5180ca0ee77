/** Appends that are written off the event loop: when they are acknowledged, who sees them, and that nothing else changes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { defaultLogConfig, type BufferOwner, type LogResourceLimits } from '@braidlog/log'
import { ErrorCode } from '@braidlog/model'
import type { AppendOptions, Durability, Partition } from '@braidlog/partition'
import { clientBatch, fetchFrom, FROM_CLIENT, Harness, NODE_ID, produce, TOPIC_ID } from './support.ts'

const LIMITS: Partial<LogResourceLimits> = { queuedWriteSizeBytesMin: 1000, tailCacheSizeBytesMax: 0 }
const FILE = 'data/t-0/00000000000000000000.log'

const owner = (sizeBytes: number): BufferOwner => ({ sizeBytes, retain() {}, release() {} })
const owned: AppendOptions = { ...FROM_CLIENT, owner: owner(4096) }
const large = { valueSizeBytes: 2000 }

async function harness(durability: Durability, limits = LIMITS): Promise<Harness> {
  const node = await Harness.open({ durability, limits })
  node.storage.holdWrites()
  return node
}

/** A produce that waits for its commit; `news` says what came of it. */
function produceAndWait(node: Harness, partition: Partition, news: string[], name: string, options = owned): void {
  const { requiredOffset, errorCode } = produce(partition, large, options)
  assert.equal(errorCode, ErrorCode.NONE)
  const operation = node.partitions.rooms.produce(name, (done) =>
    news.push(`${name} ${done.errorCodeOf(0) === ErrorCode.NONE ? 'stored' : done.errorCodeOf(0)}`),
  )
  operation.watch(partition, requiredOffset, 0, options.acks)
  assert.equal(node.partitions.rooms.parkProduce(operation, 30_000), true)
}

describe('appends that are written off the event loop', () => {
  it('are acknowledged and shown to consumers once they are in the page cache, one by one', async () => {
    const node = await harness('page-cache')
    const partition = await node.partition()
    const news: string[] = []
    produceAndWait(node, partition, news, 'a')
    produceAndWait(node, partition, news, 'b')
    await node.turn()
    assert.deepEqual(news, [])
    assert.equal(partition.highWatermark, 0)
    assert.equal(fetchFrom(partition).records, undefined)
    node.storage.releaseWrites(1)
    await node.turn()
    assert.deepEqual(news, ['a stored'])
    assert.equal(partition.highWatermark, 1)
    assert.equal(fetchFrom(partition).records?.nextOffset, 1)
    node.storage.releaseWrites()
    await node.turn()
    assert.deepEqual(news, ['a stored', 'b stored'])
  })

  it('are acknowledged in the durable mode once a sync that began after the write has ended', async () => {
    const node = await harness('durable')
    const partition = await node.partition()
    const news: string[] = []
    produceAndWait(node, partition, news, 'a')
    await node.turn()
    node.storage.holdSyncs()
    node.storage.releaseWrites()
    await node.turn()
    assert.deepEqual([news, partition.highWatermark, partition.log.durableOffset], [[], 0, 0])
    node.storage.releaseSyncs()
    await node.turn()
    assert.deepEqual([news, partition.highWatermark], [['a stored'], 1])
    node.storage.crash()
    assert(node.storage.readFile(FILE).length > 2000)
  })

  it('complete a fetch that waits for so many bytes', async () => {
    const node = await harness('page-cache')
    const partition = await node.partition()
    const news: string[] = []
    const { rooms } = node.partitions
    const operation = rooms.fetch('fetch', () => news.push(`fetched at ${partition.highWatermark}`))
    operation.watch(partition, 0)
    assert.equal(rooms.parkFetch(operation, 3000, 500), true)
    produce(partition, large, owned)
    produce(partition, large, owned)
    node.storage.releaseWrites(1)
    await node.turn()
    assert.deepEqual(news, [])
    node.storage.releaseWrites()
    await node.turn()
    assert.deepEqual(news, ['fetched at 2'])
  })

  it('fail together with what waits behind them, and leave the partition offline', async () => {
    for (const durability of ['page-cache', 'durable'] as const) {
      const node = await harness(durability)
      const partition = await node.partition()
      const news: string[] = []
      produceAndWait(node, partition, news, 'a')
      produceAndWait(node, partition, news, 'b', FROM_CLIENT)
      node.storage.failNextWrite('ENOSPC')
      node.storage.releaseWrites(1)
      await node.turn()
      const failed = String(ErrorCode.KAFKA_STORAGE_ERROR)
      assert.deepEqual(news, [`a ${failed}`, `b ${failed}`], durability)
      assert.equal(partition.offline, true)
      assert.equal(node.offline.length, 1)
      assert.equal(produce(partition).errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
    }
  })

  it('tell nobody any more when the partition is deleted', async () => {
    const node = await harness('page-cache')
    const partition = await node.partition()
    const news: string[] = []
    produceAndWait(node, partition, news, 'a')
    node.partitions.delete(TOPIC_ID, 0)
    node.storage.releaseWrites()
    await node.turn()
    assert.deepEqual(news, [`a ${ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}`])
  })

  it('are given to followers once they are written, and those that wait are told then', async () => {
    const node = await harness('page-cache')
    const assignment = { leader: NODE_ID, leaderEpoch: 3, partitionEpoch: 3, replicas: [1, 2], isr: [1, 2] }
    const identity = { topic: 't', topicId: TOPIC_ID, partition: 0 }
    const partition = await node.partitions.open(identity, defaultLogConfig, assignment)
    const follow = (fetchOffset: number) =>
      partition.fetchAsReplica({
        fetchOffset,
        lastFetchedEpoch: -1,
        currentLeaderEpoch: 3,
        logStartOffset: 0,
        maxBytes: 1 << 20,
        minOneBatch: true,
        replicaId: 2,
        replicaEpoch: -1,
        isRepeated: false,
      })
    produce(partition, large, owned)
    assert.equal(follow(0).records, undefined)
    const news: string[] = []
    const { rooms } = node.partitions
    const operation = rooms.fetch('replica', () => news.push('told'))
    operation.watch(partition, 0, true)
    assert.equal(rooms.parkFetch(operation, 1, 500), true, 'there is a reason to wait')
    node.storage.releaseWrites()
    await node.turn()
    assert.deepEqual([news, partition.highWatermark], [['told'], 0])
    assert.equal(follow(0).records?.nextOffset, 1)
    node.storage.holdWrites()
    produce(partition, large, owned)
    // It has all that can be had: the next append, which is on its way, does not make it one that lags behind.
    node.time.advance(40_000)
    follow(1)
    assert.equal(partition.highWatermark, 1)
    partition.maybeShrinkIsr()
    assert.deepEqual(node.proposals, [])
  })

  it('are waited for before a follower says that it has them', async () => {
    const node = await harness('page-cache')
    const partition = await node.partition()
    produce(partition, large, owned)
    partition.assign({ leader: 2, leaderEpoch: 4, partitionEpoch: 4, replicas: [1, 2], isr: [1, 2] })
    assert.equal(partition.isStored, false)
    let isSettled = false
    const settled = partition.settleStored().then(() => (isSettled = true))
    await node.turn()
    assert.equal(isSettled, false)
    node.storage.releaseWrites()
    await settled
    assert.equal(partition.isStored, true)
  })

  it('give the same log and answers as appends written at once', async () => {
    const produces = fc.array(
      fc.record({
        valueSizeBytes: fc.integer({ min: 0, max: 3000 }),
        isOwned: fc.boolean(),
        endsTurn: fc.boolean(),
        release: fc.option(fc.integer({ min: 1, max: 3 })),
      }),
      { minLength: 1, maxLength: 25 },
    )
    const setup = fc.record({
      durability: fc.constantFrom<Durability>('page-cache', 'durable'),
      segmentBytes: fc.constantFrom(5000, 1 << 20),
      queuedWritesSizeBytesMax: fc.constantFrom(8000, 1 << 20),
    })
    await fc.assert(
      fc.asyncProperty(produces, setup, async (plan, { durability, segmentBytes, queuedWritesSizeBytesMax }) => {
        const run = async (queuedWriteSizeBytesMin: number) => {
          const node = await harness(durability, { ...LIMITS, queuedWriteSizeBytesMin, queuedWritesSizeBytesMax })
          const partition = await node.partition({ segmentBytes })
          const news: number[] = []
          for (const [i, { valueSizeBytes, isOwned, endsTurn, release }] of plan.entries()) {
            const batch = clientBatch({ valueSizeBytes, timestampMs: 1000 + i })
            const { requiredOffset } = produce(partition, batch, isOwned ? owned : FROM_CLIENT)
            const operation = node.partitions.rooms.produce(i, () => {
              assert(partition.highWatermark >= requiredOffset)
              assert(partition.log.writtenOffset >= requiredOffset)
              news.push(i)
            })
            operation.watch(partition, requiredOffset, 0, -1)
            if (!node.partitions.rooms.parkProduce(operation, 30_000)) news.push(i)
            if (endsTurn) node.endTurn()
            if (release !== null) node.storage.releaseWrites(release)
            if (release !== null && endsTurn) await node.turn()
            assert(partition.highWatermark <= partition.log.writtenOffset)
          }
          node.storage.releaseWrites()
          await node.turn()
          await node.turn()
          // Who is told at the end of the turn may come after who need not have waited: connections keep the order of answers.
          assert.deepEqual(
            news.toSorted((a, b) => a - b),
            plan.map((_, i) => i),
          )
          assert.equal(partition.highWatermark, plan.length)
          await node.partitions.close()
          const names = node.storage.list('data/t-0').map((entry) => entry.name)
          return names.map((name) => [name, Buffer.from(node.storage.readFile(`data/t-0/${name}`)).toString('base64')])
        }
        assert.deepEqual(await run(1000), await run(Infinity))
      }),
      { numRuns: 60 },
    )
  })
})
