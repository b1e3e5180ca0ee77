/** Fetch, ListOffsets, DeleteRecords and epochs as a leader answers them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  EARLIEST_LOCAL_TIMESTAMP,
  EARLIEST_TIMESTAMP,
  LATEST_TIERED_TIMESTAMP,
  LATEST_TIMESTAMP,
  MAX_TIMESTAMP,
  type Partition,
} from '@braidlog/partition'
import { alone, fetchFrom, Harness, nameOf, NOW_MS, produce } from './support.ts'

/** Three batches of one record, committed, of leader epoch 3. */
async function threeRecords(): Promise<{ harness: Harness; partition: Partition }> {
  const harness = await Harness.open()
  const partition = await harness.partition()
  for (let i = 0; i < 3; i++) produce(partition, { timestampMs: NOW_MS + i * 10 })
  await harness.turn()
  return { harness, partition }
}

describe('fetch', () => {
  it('gives committed batches and where the log stands', async () => {
    const { partition } = await threeRecords()
    const result = fetchFrom(partition, { fetchOffset: 1 })
    assert.equal(nameOf(result.errorCode), 'NONE')
    assert.deepEqual([result.records!.baseOffset, result.records!.nextOffset], [1, 3])
    assert.deepEqual([result.highWatermark, result.lastStableOffset, result.logStartOffset], [3, 3, 0])
    assert.equal(result.abortedTransactions, null)
    assert.equal(fetchFrom(partition, { isolation: 'read-committed' }).abortedTransactions!.length, 0)
    result.records!.release()
    assert.equal(partition.metrics.bytesOut > 0, true)
  })

  it('gives nothing at the end, and refuses what is outside', async () => {
    const { harness, partition } = await threeRecords()
    assert.equal(fetchFrom(partition, { fetchOffset: 3 }).records, undefined)
    const outside = fetchFrom(partition, { fetchOffset: 4 })
    assert.equal(nameOf(outside.errorCode), 'OFFSET_OUT_OF_RANGE')
    assert.deepEqual([outside.highWatermark, outside.logStartOffset], [3, 0])
    partition.deleteRecords(2)
    assert.equal(nameOf(fetchFrom(partition, { fetchOffset: 1 }).errorCode), 'OFFSET_OUT_OF_RANGE')
    // What is written but not committed is no error either, only not there yet.
    harness.storage.holdSyncs()
    produce(partition)
    await harness.turn()
    const uncommitted = fetchFrom(partition, { fetchOffset: 4 })
    assert.deepEqual([nameOf(uncommitted.errorCode), uncommitted.records], ['NONE', undefined])
    harness.storage.releaseSyncs()
  })

  it('fences by leader epoch before anything else', async () => {
    const { partition } = await threeRecords()
    const code = (currentLeaderEpoch: number): string =>
      nameOf(fetchFrom(partition, { currentLeaderEpoch, fetchOffset: 99 }).errorCode)
    assert.deepEqual([2, 3, 4, -1].map(code), [
      'FENCED_LEADER_EPOCH',
      'OFFSET_OUT_OF_RANGE',
      'UNKNOWN_LEADER_EPOCH',
      'OFFSET_OUT_OF_RANGE',
    ])
    assert.equal(fetchFrom(partition, { currentLeaderEpoch: 2 }).highWatermark, -1)
    partition.assign(alone(4))
    assert.equal(code(3), 'FENCED_LEADER_EPOCH')
  })

  it('tells a fetcher where its log parts from this one', async () => {
    const { partition } = await threeRecords()
    partition.assign(alone(6))
    produce(partition)
    const diverging = (fetchOffset: number, lastFetchedEpoch: number): unknown =>
      fetchFrom(partition, { fetchOffset, lastFetchedEpoch }).divergingEpoch
    assert.equal(diverging(3, 3), undefined)
    assert.deepEqual(diverging(4, 3), { leaderEpoch: 3, endOffset: 3 })
    assert.deepEqual(diverging(3, 5), { leaderEpoch: 3, endOffset: 3 })
    assert.equal(nameOf(fetchFrom(partition, { lastFetchedEpoch: 9 }).errorCode), 'OFFSET_OUT_OF_RANGE')
  })

  it('reads cold offsets with the same answer', async () => {
    const { partition } = await threeRecords()
    const options = {
      fetchOffset: 0,
      maxBytes: 100,
      minOneBatch: true,
      isolation: 'read-uncommitted',
      currentLeaderEpoch: 3,
      lastFetchedEpoch: -1,
    } as const
    const [warm, cold] = [partition.fetch(options), await partition.fetchCold(options)]
    assert.deepEqual(cold.records!.toBytes(), warm.records!.toBytes())
    assert.equal(partition.isCold(0), false)
  })
})

describe('list offsets', () => {
  it('answers every special timestamp and times', async () => {
    const { partition } = await threeRecords()
    partition.deleteRecords(1)
    const table = []
    for (const timestamp of [
      LATEST_TIMESTAMP,
      EARLIEST_TIMESTAMP,
      EARLIEST_LOCAL_TIMESTAMP,
      MAX_TIMESTAMP,
      LATEST_TIERED_TIMESTAMP,
      0,
      NOW_MS + 11,
      NOW_MS + 21,
    ]) {
      const { errorCode, offset, timestampMs, leaderEpoch } = await partition.listOffset(timestamp, 'read-committed', 3)
      assert.equal(nameOf(errorCode), 'NONE')
      table.push([offset, timestampMs, leaderEpoch])
    }
    assert.deepEqual(table, [
      [3, -1, 3],
      [1, -1, 3],
      [1, -1, 3],
      [2, NOW_MS + 20, 3],
      [-1, -1, -1],
      [1, NOW_MS + 10, 3],
      [2, NOW_MS + 20, 3],
      [-1, -1, -1],
    ])
    assert.equal(nameOf((await partition.listOffset(-1, 'read-committed', 2)).errorCode), 'FENCED_LEADER_EPOCH')
  })

  it('respects isolation', async () => {
    const { harness, partition } = await threeRecords()
    produce(partition, { producerId: 1, producerEpoch: 0, baseSequence: 0, transactional: true })
    await harness.turn()
    assert.equal((await partition.listOffset(LATEST_TIMESTAMP, 'read-uncommitted', -1)).offset, 4)
    assert.equal((await partition.listOffset(LATEST_TIMESTAMP, 'read-committed', -1)).offset, 3)
  })
})

describe('delete records', () => {
  it('moves the log start up to the high watermark, and never back', async () => {
    const { partition } = await threeRecords()
    const deleted = (offset: number): string => {
      const { errorCode, lowWatermark } = partition.deleteRecords(offset)
      return `${nameOf(errorCode)} ${lowWatermark}`
    }
    assert.deepEqual([2, 1, 4, -2, -1].map(deleted), [
      'NONE 2',
      'NONE 2',
      'OFFSET_OUT_OF_RANGE -1',
      'OFFSET_OUT_OF_RANGE -1',
      'NONE 3',
    ])
  })

  it('is refused where the policy does not delete', async () => {
    const harness = await Harness.open()
    const partition = await harness.partition({ cleanupDelete: false, cleanupCompact: true })
    assert.equal(nameOf(partition.deleteRecords(0).errorCode), 'POLICY_VIOLATION')
  })
})

describe('offset for leader epoch', () => {
  it('answers for known, unknown and the current epoch', async () => {
    const { partition } = await threeRecords()
    partition.assign(alone(5))
    const answer = (epoch: number, current = -1): unknown => {
      const { errorCode, leaderEpoch, endOffset } = partition.offsetForLeaderEpoch(epoch, current)
      return [nameOf(errorCode), leaderEpoch, endOffset]
    }
    assert.deepEqual(answer(3), ['NONE', 3, 3])
    assert.deepEqual(answer(5), ['NONE', 5, 3])
    assert.deepEqual(answer(9), ['NONE', -1, -1])
    assert.deepEqual(answer(3, 4), ['FENCED_LEADER_EPOCH', -1, -1])
  })
})
