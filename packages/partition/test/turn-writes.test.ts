/** Appends of one turn: the first is written at once, further ones together at its end, and none is acknowledged before. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '@braidlog/model'
import type { Durability, Partition } from '@braidlog/partition'
import { clientBatch, fetchFrom, Harness, nameOf, produce } from './support.ts'

const LOG_FILE = 'data/t-0/00000000000000000000.log'
const batchSizeBytes = clientBatch().length

function fileSizeBytes(harness: Harness): number {
  return harness.storage.readFile(LOG_FILE).length
}

/** Parks a produce on one more append; the list gets its outcome. */
function parkedProduce(harness: Harness, partition: Partition): string[] {
  const outcomes: string[] = []
  const { rooms } = harness.partitions
  const operation = rooms.produce('p', (done) => outcomes.push(nameOf(done.errorCodeOf(0))))
  operation.watch(partition, produce(partition).requiredOffset, 0)
  assert.ok(rooms.parkProduce(operation, 1000), 'it has to wait')
  return outcomes
}

describe('appends of one turn', () => {
  for (const durability of ['page-cache', 'durable'] as Durability[]) {
    it(`reach the file together after the first (${durability})`, async () => {
      const harness = await Harness.open({ durability })
      const partition = await harness.partition()
      for (let i = 0; i < 5; i++) produce(partition)
      assert.equal(fileSizeBytes(harness), batchSizeBytes)
      harness.endTurn()
      assert.equal(fileSizeBytes(harness), 5 * batchSizeBytes)
      produce(partition)
      assert.equal(fileSizeBytes(harness), 6 * batchSizeBytes, 'a new turn has a first one again')
      await harness.turn()
      assert.equal(partition.highWatermark, 6)
    })
  }

  it('are acknowledged when they are written, not before', async () => {
    const harness = await Harness.open({ durability: 'page-cache' })
    const partition = await harness.partition()
    assert.ok(partition.isAcknowledged(produce(partition).requiredOffset), 'the first one waits for nothing')
    const outcomes = parkedProduce(harness, partition)
    assert.equal(partition.highWatermark, 1)
    assert.equal(fetchFrom(partition).records?.nextOffset, 1, 'what is not written is not committed')
    harness.endTurn()
    assert.equal(partition.highWatermark, 2)
    assert.deepEqual(outcomes, ['NONE'], 'within the same turn')
  })

  it('fail together when the write does', async () => {
    const harness = await Harness.open({ durability: 'page-cache' })
    const partition = await harness.partition()
    produce(partition)
    const outcomes = parkedProduce(harness, partition)
    harness.storage.failNextWrite('ENOSPC')
    harness.endTurn()
    assert.deepEqual(outcomes, ['KAFKA_STORAGE_ERROR'])
    assert.equal(partition.highWatermark, 1)
    assert.equal(nameOf(produce(partition).errorCode), 'KAFKA_STORAGE_ERROR')
    assert.equal(harness.offline.length, 1)
  })

  it('fail also when the room for them ends and that write fails', async () => {
    const harness = await Harness.open({ durability: 'page-cache' })
    const partition = await harness.partition()
    produce(partition)
    const outcomes = parkedProduce(harness, partition)
    harness.storage.failNextWrite('EIO')
    let result = produce(partition, { valueSizeBytes: 4000 })
    for (let i = 0; i < 100 && result.errorCode === ErrorCode.NONE; i++)
      result = produce(partition, { valueSizeBytes: 4000 })
    assert.equal(nameOf(result.errorCode), 'KAFKA_STORAGE_ERROR')
    harness.endTurn()
    assert.deepEqual(outcomes, ['KAFKA_STORAGE_ERROR'])
    assert.equal(partition.highWatermark, 1)
  })

  it('are lost with a crash in the turn: nobody has been told of them', async () => {
    const harness = await Harness.open({ durability: 'page-cache' })
    const partition = await harness.partition()
    for (let i = 0; i < 3; i++) produce(partition)
    harness.partitions.abandon()
    const again = await Harness.open({ durability: 'page-cache', storage: harness.storage })
    assert.equal((await again.partition()).log.logEndOffset, 1)
  })

  it('of all sizes lie in the file in their order', async () => {
    const harness = await Harness.open({ durability: 'page-cache' })
    const partition = await harness.partition()
    const sizes = [10, 5000, 40_000, 3, 31_000, 16_000, 20, 300_000, 7, 9]
    for (const valueSizeBytes of sizes) produce(partition, { valueSizeBytes })
    await harness.turn()
    assert.equal(partition.highWatermark, sizes.length)
    harness.partitions.abandon()
    const again = await Harness.open({ durability: 'page-cache', storage: harness.storage })
    const read = fetchFrom(await again.partition(), { maxBytes: 10_000_000 })
    assert.equal(read.records?.nextOffset, sizes.length)
  })
})
