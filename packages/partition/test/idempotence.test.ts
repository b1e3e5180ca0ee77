/** Idempotent producers: one table of what happens to which sequence, epoch and producer. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { endTxnMarker, plainCodecs } from '@braidlog/records'
import { Harness, nameOf, NOW_MS, produce, TOPIC_ID, type BatchOptions } from './support.ts'

const ID = 4711

function sent(baseSequence: number, records = 1, producerEpoch = 0): BatchOptions {
  return { producerId: ID, producerEpoch, baseSequence, records }
}

/** What came before, what is sent now, and what comes of it. */
interface Row {
  readonly name: string
  readonly before: readonly BatchOptions[]
  readonly now: BatchOptions
  readonly outcome: string
}

const LAST = 2 ** 31 - 1

const rows: readonly Row[] = [
  { name: 'the next sequence is appended', before: [sent(0, 3)], now: sent(3), outcome: 'NONE @3' },
  { name: 'an unknown producer may begin anywhere', before: [], now: sent(17), outcome: 'NONE @0' },
  { name: 'a gap is refused', before: [sent(0, 3)], now: sent(4), outcome: 'OUT_OF_ORDER_SEQUENCE_NUMBER' },
  {
    name: 'an overlap that is no duplicate is refused',
    before: [sent(0, 3)],
    now: sent(2, 2),
    outcome: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  },
  { name: 'the last batch again is a duplicate', before: [sent(0, 3)], now: sent(0, 3), outcome: 'NONE @0 duplicate' },
  {
    name: 'the fifth last batch again is a duplicate',
    before: [sent(0), sent(1, 2), sent(3), sent(4), sent(5)],
    now: sent(0),
    outcome: 'NONE @0 duplicate',
  },
  {
    name: 'the sixth last batch is forgotten',
    before: [sent(0), sent(1), sent(2), sent(3), sent(4), sent(5)],
    now: sent(0),
    outcome: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  },
  {
    name: 'a duplicate by its first sequence, but of another length, is refused',
    before: [sent(0, 3)],
    now: sent(0, 2),
    outcome: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  },
  { name: 'sequences wrap at 2^31', before: [sent(LAST - 1, 2)], now: sent(0), outcome: 'NONE @2' },
  { name: 'a batch may wrap in its middle', before: [sent(LAST - 1, 4)], now: sent(2), outcome: 'NONE @4' },
  {
    name: 'a batch that wraps can be a duplicate',
    before: [sent(LAST, 3)],
    now: sent(LAST, 3),
    outcome: 'NONE @0 duplicate',
  },
  { name: 'a new epoch begins at 0', before: [sent(0, 3)], now: sent(0, 1, 1), outcome: 'NONE @3' },
  {
    name: 'a new epoch does not begin elsewhere',
    before: [sent(0, 3)],
    now: sent(3, 1, 1),
    outcome: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  },
  {
    name: 'an old epoch is fenced',
    before: [sent(0, 3), sent(0, 1, 1)],
    now: sent(3),
    outcome: 'INVALID_PRODUCER_EPOCH',
  },
  {
    name: 'what an old epoch sent again is fenced, not a duplicate',
    before: [sent(0, 3), sent(0, 1, 1)],
    now: sent(0, 3),
    outcome: 'INVALID_PRODUCER_EPOCH',
  },
  {
    name: 'producers do not share sequences',
    before: [sent(0, 3)],
    now: { ...sent(3), producerId: ID + 1 },
    outcome: 'NONE @3',
  },
  {
    name: 'a batch without producer does not count',
    before: [sent(0), {}],
    now: sent(1),
    outcome: 'NONE @2',
  },
]

describe('idempotent produce', () => {
  for (const row of rows)
    it(row.name, async () => {
      const harness = await Harness.open()
      const partition = await harness.partition()
      for (const batch of row.before) assert.equal(nameOf(produce(partition, batch).errorCode), 'NONE')
      const endBefore = partition.log.logEndOffset
      const result = produce(partition, row.now)
      const offset = result.errorCode === 0 ? ` @${result.baseOffset}` : ''
      const duplicate = result.errorCode === 0 && partition.log.logEndOffset === endBefore ? ' duplicate' : ''
      assert.equal(nameOf(result.errorCode) + offset + duplicate, row.outcome)
      assert.equal(partition.metrics.duplicates, duplicate === '' ? 0 : 1)
    })

  it('tells the largest timestamp of the batch that a duplicate repeats, whoever stamped it', async () => {
    const harness = await Harness.open()
    const partition = await harness.partition()
    const batch = { ...sent(0, 3), timestampsMs: [NOW_MS, NOW_MS + 2, NOW_MS + 1] }
    assert.equal(produce(partition, batch).logAppendTimeMs, -1)
    assert.equal(produce(partition, batch).logAppendTimeMs, NOW_MS + 2)
    const stamped = await harness.partition({ messageTimestampType: 'LogAppendTime' }, 1)
    produce(stamped, sent(0, 3))
    harness.time.now += 1000
    assert.equal(produce(stamped, sent(0, 3)).logAppendTimeMs, NOW_MS)
  })

  it('answers the same after a clean restart, for the last batch, and after a crash, for all five', async () => {
    for (const clean of [true, false]) {
      let harness = await Harness.open()
      let partition = await harness.partition()
      for (let i = 0; i < 5; i++) produce(partition, sent(i))
      await harness.turn()
      if (clean) await harness.partitions.close()
      else harness.storage.crash()
      harness = await Harness.open({ storage: harness.storage })
      assert.equal(harness.partitions.wasCleanShutdown, clean)
      partition = await harness.partition()
      // Snapshots hold the last batch of a producer only; recovery reads them all.
      assert.equal(produce(partition, sent(4)).baseOffset, 4)
      assert.equal(nameOf(produce(partition, sent(3)).errorCode), clean ? 'OUT_OF_ORDER_SEQUENCE_NUMBER' : 'NONE')
      assert.equal(produce(partition, sent(5)).baseOffset, 5)
    }
  })

  it('forgets producers a day after their last write, and keeps those with an open transaction', async () => {
    const harness = await Harness.open()
    const partition = await harness.partition()
    produce(partition, sent(0))
    produce(partition, { producerId: 1, producerEpoch: 0, baseSequence: 0, transactional: true })
    harness.time.now += 86_400_000 - 1
    partition.log.expireProducers(86_400_000)
    assert.equal(partition.describeProducers().length, 2)
    harness.time.now += 1
    partition.log.expireProducers(86_400_000)
    assert.deepEqual(
      partition
        .describeProducers()
        .map(({ producerId, currentTransactionStartOffset }) => [producerId, currentTransactionStartOffset]),
      [[1, 1]],
    )
  })

  it('keeps read-committed consumers before an open transaction, and lists it once it is aborted', async () => {
    const harness = await Harness.open()
    const partition = await harness.partition()
    produce(partition, {})
    produce(partition, { producerId: 1, producerEpoch: 0, baseSequence: 0, records: 2, transactional: true })
    produce(partition, {})
    await harness.turn()
    assert.equal(partition.highWatermark, 4)
    assert.equal(partition.lastStableOffset, 1)
    const fields = { codecs: plainCodecs, baseOffset: 0, leaderEpoch: 0, timestampMs: NOW_MS }
    const marker = endTxnMarker({ ...fields, outcome: 'abort', coordinatorEpoch: 2, producerId: 1, producerEpoch: 0 })
    const result = produce(partition, marker, { acks: -1, origin: 'coordinator' })
    assert.equal(result.baseOffset, 4)
    assert.equal(partition.lastStableOffset, 1, 'a marker decides once it is committed')
    await harness.turn()
    assert.equal(partition.lastStableOffset, 5)
    const fetched = partition.fetch({
      fetchOffset: 0,
      maxBytes: 10_000,
      minOneBatch: true,
      isolation: 'read-committed',
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
    })
    assert.deepEqual(fetched.abortedTransactions, [{ producerId: 1, firstOffset: 1 }])
    assert.equal(fetched.records!.nextOffset, 5)
    assert.equal(harness.partitions.get(TOPIC_ID, 0), partition)
  })
})
