/** Group commit and waiting rooms, with the disk, the time and the turns in the test's hand. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '@braidlog/model'
import { type DelayedFetch, type Partition } from '@braidlog/partition'
import { fetchFrom, Harness, nameOf, produce, TOPIC_ID, type HarnessOptions } from './support.ts'

/** Parks a produce on `appends` and notes when it completes. */
class Desk {
  readonly harness: Harness
  readonly log: string[] = []

  constructor(harness: Harness) {
    this.harness = harness
  }

  static async open(options: HarnessOptions = {}): Promise<{ desk: Desk; harness: Harness; partition: Partition }> {
    const harness = await Harness.open(options)
    return { harness, desk: new Desk(harness), partition: await harness.partition() }
  }

  /** @returns whether it had to wait */
  produce(name: string, partitions: readonly Partition[], timeoutMs = 1000): boolean {
    const { rooms } = this.harness.partitions
    const operation = rooms.produce(name, (done) => {
      const codes = partitions.map((_, i) => nameOf(done.errorCodeOf(i)))
      this.log.push(`${done.context}: ${codes.join(' ')}`)
    })
    partitions.forEach((partition, i) => {
      const result = produce(partition)
      assert.equal(result.errorCode, ErrorCode.NONE)
      operation.watch(partition, result.requiredOffset, i)
    })
    return rooms.parkProduce(operation, timeoutMs)
  }

  fetch(
    name: string,
    watched: readonly [Partition, number][],
    missingBytes = 1,
    maxWaitMs = 500,
  ): DelayedFetch<string> {
    const { rooms } = this.harness.partitions
    const operation = rooms.fetch(name, (done) => this.log.push(done.context))
    for (const [partition, offset] of watched) operation.watch(partition, offset)
    assert.equal(rooms.parkFetch(operation, missingBytes, maxWaitMs), true)
    return operation
  }

  take(): string[] {
    return this.log.splice(0)
  }
}

describe('produce waiting for the group commit', () => {
  it('completes when the sync that covers it has ended, and not before', async () => {
    const { desk, harness, partition } = await Desk.open()
    harness.storage.holdSyncs()
    assert.equal(desk.produce('a', [partition]), true)
    await harness.turn()
    assert.equal(partition.highWatermark, 0)
    assert.equal(fetchFrom(partition).records, undefined, 'consumers see nothing that could be lost')
    desk.produce('b', [partition])
    await harness.turn()
    assert.deepEqual(desk.take(), [])
    harness.storage.releaseSyncs()
    await harness.turn()
    assert.deepEqual(desk.take(), ['a: NONE', 'b: NONE'])
    assert.equal(partition.highWatermark, 2)
  })

  it('shares one sync among all appends of a turn, and among all that come during a sync', async () => {
    const { desk, harness, partition } = await Desk.open()
    const before = harness.storage.syncs
    for (let i = 0; i < 10; i++) desk.produce(`first ${i}`, [partition])
    await harness.turn()
    assert.equal(harness.storage.syncs - before, 1)
    harness.storage.holdSyncs()
    desk.produce('second', [partition])
    await harness.turn()
    for (let i = 0; i < 10; i++) {
      desk.produce(`third ${i}`, [partition])
      await harness.turn()
    }
    harness.storage.releaseSyncs()
    await harness.turn()
    assert.equal(harness.storage.syncs - before, 3)
    assert.equal(desk.take().length, 21)
  })

  it('waits for all partitions of its request', async () => {
    const { desk, harness, partition } = await Desk.open()
    const other = await harness.partition({}, 1)
    desk.produce('both', [partition, other])
    await harness.turn()
    assert.deepEqual(desk.take(), ['both: NONE NONE'])
  })

  it('times out, once, and is not called back again when the sync ends at last', async () => {
    const { desk, harness, partition } = await Desk.open()
    harness.storage.holdSyncs()
    desk.produce('slow', [partition], 1000)
    desk.produce('patient', [partition], 60_000)
    await harness.turn()
    harness.time.advance(999)
    await harness.turn()
    assert.deepEqual(desk.take(), [])
    harness.time.advance(50)
    await harness.turn()
    assert.deepEqual(desk.take(), ['slow: REQUEST_TIMED_OUT'])
    harness.storage.releaseSyncs()
    await harness.turn()
    assert.deepEqual(desk.take(), ['patient: NONE'])
    assert.equal(harness.partitions.rooms.produceCount, 0)
  })

  it('does not wait with page-cache durability', async () => {
    const { desk, harness, partition } = await Desk.open({ durability: 'page-cache' })
    const before = harness.storage.syncs
    assert.equal(desk.produce('a', [partition]), false)
    await harness.turn()
    assert.equal(partition.highWatermark, 1)
    assert.equal(harness.storage.syncs, before)
  })

  it('waits with page-cache durability when flush.messages is reached', async () => {
    const { desk, harness } = await Desk.open({ durability: 'page-cache' })
    const partition = await harness.partition({ flushMessages: 2 })
    assert.equal(desk.produce('a', [partition]), false)
    assert.equal(desk.produce('b', [partition]), true)
    await harness.turn()
    assert.deepEqual(desk.take(), ['b: NONE'])
    assert.equal(partition.log.durableOffset, 2)
  })

  it('syncs with page-cache durability when flush.ms has passed', async () => {
    const { harness } = await Desk.open({ durability: 'page-cache' })
    const partition = await harness.partition({ flushMs: 1000 })
    produce(partition)
    harness.time.advance(900)
    await harness.turn()
    assert.equal(partition.log.durableOffset, 0)
    harness.time.advance(200)
    await harness.turn()
    assert.equal(partition.log.durableOffset, 1)
  })

  it('fails with the partition when an fdatasync fails, and everything after it', async () => {
    const { desk, harness, partition } = await Desk.open()
    const other = await harness.partition({}, 1)
    await harness.turn()
    harness.storage.failNextSync()
    desk.produce('a', [partition])
    desk.fetch('fetch', [[partition, 0]])
    await harness.turn()
    assert.deepEqual(desk.take().sort(), ['a: KAFKA_STORAGE_ERROR', 'fetch'])
    assert.equal(harness.offline.length, 1, 'told once')
    for (const each of [partition, other]) {
      assert.equal(nameOf(produce(each).errorCode), 'KAFKA_STORAGE_ERROR')
      assert.equal(nameOf(fetchFrom(each).errorCode), 'KAFKA_STORAGE_ERROR')
      assert.equal(nameOf((await each.listOffset(-1, 'read-uncommitted', -1)).errorCode), 'KAFKA_STORAGE_ERROR')
      assert.equal(nameOf(each.deleteRecords(-1).errorCode), 'KAFKA_STORAGE_ERROR')
    }
    assert.equal(partition.highWatermark, 0)
    await assert.rejects(harness.partitions.close(), { code: 'LOG_OFFLINE' })
    assert.equal(harness.storage.exists('data/.kafka_cleanshutdown'), false)
  })

  it('fails when a write fails, on a full disk too', async () => {
    for (const fail of [(h: Harness) => h.storage.failNextWrite(), (h: Harness) => h.storage.setCapacityBytes(10)]) {
      const { harness, partition } = await Desk.open()
      produce(partition)
      await harness.turn()
      fail(harness)
      assert.equal(nameOf(produce(partition).errorCode), 'KAFKA_STORAGE_ERROR')
      assert.equal(harness.offline.length, 1)
      // What was acknowledged is there after a restart with a healthy disk; half of a write is not.
      harness.storage.setCapacityBytes(Infinity)
      const again = await Harness.open({ storage: harness.storage })
      assert.equal((await again.partition()).log.logEndOffset, 1)
    }
  })
})

describe('closing', () => {
  it('commits what waits for it, and sends away who comes later', async () => {
    const { desk, harness, partition } = await Desk.open()
    desk.produce('before', [partition])
    desk.fetch('reader', [[partition, 1]])
    const closing = harness.partitions.close()
    await harness.turn()
    await closing
    assert.deepEqual(desk.take().sort(), ['before: NONE', 'reader'])
    assert.equal(nameOf(produce(partition).errorCode), 'NOT_LEADER_OR_FOLLOWER')
  })
})

describe('fetch waiting for bytes', () => {
  it('is woken by a commit, not by an append', async () => {
    const { desk, harness, partition } = await Desk.open()
    harness.storage.holdSyncs()
    desk.fetch('f', [[partition, 0]])
    produce(partition)
    await harness.turn()
    assert.deepEqual(desk.take(), [])
    harness.storage.releaseSyncs()
    await harness.turn()
    assert.deepEqual(desk.take(), ['f'])
    assert.equal(harness.partitions.rooms.fetchCount, 0)
  })

  it('gathers min bytes over several partitions and commits', async () => {
    const { desk, harness, partition } = await Desk.open()
    const other = await harness.partition({}, 1)
    const size = 61 + 10 + 9 // what one test record takes
    desk.fetch(
      'f',
      [
        [partition, 0],
        [other, 0],
      ],
      size * 2,
    )
    produce(partition)
    await harness.turn()
    assert.deepEqual(desk.take(), [])
    produce(other)
    produce(other)
    await harness.turn()
    assert.deepEqual(desk.take(), ['f'])
  })

  it('is woken by its time', async () => {
    const { desk, harness, partition } = await Desk.open()
    desk.fetch('f', [[partition, 0]], 1, 500)
    harness.time.advance(499)
    await harness.turn()
    assert.deepEqual(desk.take(), [])
    harness.time.advance(21)
    await harness.turn()
    assert.deepEqual(desk.take(), ['f'])
    produce(partition)
    await harness.turn()
    assert.deepEqual(desk.take(), [], 'and only once')
  })

  it('is forgotten when it is cancelled, also between completion and call', async () => {
    const { desk, harness, partition } = await Desk.open({ durability: 'page-cache' })
    const cancelled = desk.fetch('cancelled', [[partition, 0]])
    const late = desk.fetch('late', [[partition, 0]])
    desk.fetch('kept', [[partition, 0]])
    harness.partitions.rooms.cancel(cancelled)
    produce(partition)
    harness.partitions.rooms.cancel(late)
    await harness.turn()
    assert.deepEqual(desk.take(), ['kept'])
    assert.equal(partition.waiters.fetchFirst, undefined)
  })

  it('sees all that the turn brought when it is called', async () => {
    const { harness, partition } = await Desk.open({ durability: 'page-cache' })
    const other = await harness.partition({}, 1)
    const { rooms } = harness.partitions
    const seen: number[] = []
    const operation = rooms.fetch('f', () => seen.push(partition.highWatermark, other.highWatermark))
    operation.watch(partition, 0)
    operation.watch(other, 0)
    rooms.parkFetch(operation, 1, 500)
    produce(partition)
    produce(other)
    produce(other)
    assert.deepEqual(seen, [])
    harness.endTurn()
    assert.deepEqual(seen, [1, 2])
  })

  it('does not wait when something was committed between the read and the parking', async () => {
    const { harness, partition } = await Desk.open({ durability: 'page-cache' })
    const { rooms } = harness.partitions
    produce(partition)
    const operation = rooms.fetch('f', () => assert.fail('answered at once'))
    operation.watch(partition, 0)
    assert.equal(rooms.parkFetch(operation, 1, 500), false)
    assert.equal(partition.waiters.fetchFirst, undefined)
  })

  it('is told when the partition is deleted', async () => {
    const { desk, harness, partition } = await Desk.open()
    harness.storage.holdSyncs()
    desk.fetch('f', [[partition, 0]])
    desk.produce('p', [partition])
    harness.partitions.delete(TOPIC_ID, 0)
    await harness.turn()
    assert.deepEqual(desk.take().sort(), ['f', 'p: UNKNOWN_TOPIC_OR_PARTITION'])
    assert.equal(nameOf(produce(partition).errorCode), 'UNKNOWN_TOPIC_OR_PARTITION')
    harness.storage.releaseSyncs()
    await harness.turn()
    assert.deepEqual(harness.offline, [], 'a sync that met a deleted log is no failure')
  })

  it('calls the others when one callback throws', async () => {
    const { desk, harness, partition } = await Desk.open({ durability: 'page-cache' })
    const { rooms } = harness.partitions
    desk.fetch('last', [[partition, 0]])
    const bad = rooms.fetch('bad', () => {
      throw new Error('a bug in a handler')
    })
    bad.watch(partition, 0)
    rooms.parkFetch(bad, 1, 500)
    produce(partition)
    assert.throws(() => harness.endTurn(), /a bug in a handler/)
    harness.endTurn()
    assert.deepEqual(desk.take(), ['last'])
  })
})
