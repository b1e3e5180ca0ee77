/** What a partition accepts, refuses, stamps and rewrites. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DurationHistogram } from '@braidlog/base'
import {
  batchAttributes,
  batchBaseOffset,
  batches,
  batchLeaderEpoch,
  batchMaxTimestamp,
  compressionOf,
  endTxnMarker,
  plainCodecs,
  sealBatch,
  timestampTypeOf,
  viewOf,
  type Codecs,
} from '@braidlog/records'
import type { LogConfig } from '@braidlog/log'
import { clientBatch, fetchFrom, Harness, nameOf, NOW_MS, produce, type BatchOptions } from './support.ts'

/** Changes bytes of a batch and seals it again. */
function patched(batch: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const view = viewOf(batch)
  change(view)
  sealBatch(batch, view, 0, plainCodecs.crc32c)
  return batch
}

const marker = endTxnMarker({
  codecs: plainCodecs,
  baseOffset: 0,
  leaderEpoch: 0,
  timestampMs: NOW_MS,
  outcome: 'commit',
  coordinatorEpoch: 0,
  producerId: 1,
  producerEpoch: 0,
})

interface Row {
  readonly name: string
  readonly config?: Partial<LogConfig>
  readonly strict?: boolean
  readonly batch: BatchOptions | Uint8Array
  readonly outcome: string
  /** Indexes of records with an error of their own. */
  readonly recordErrors?: readonly number[]
}

const DAY_MS = 24 * 3_600_000
/** A header with a valid checksum over records that are none. */
const garbageRecords = patched(clientBatch({ records: 3 }), (view) => view.setUint8(61, 0xff))

const rows: readonly Row[] = [
  { name: 'a plain batch is accepted', batch: {}, outcome: 'NONE' },
  {
    name: 'a flipped bit is found by the checksum',
    batch: ((batch) => {
      batch[70]! ^= 1
      return batch
    })(clientBatch()),
    outcome: 'CORRUPT_MESSAGE',
  },
  {
    name: 'half a batch is corrupt',
    batch: clientBatch({ valueSizeBytes: 200 }).subarray(0, 150),
    outcome: 'CORRUPT_MESSAGE',
  },
  {
    name: 'two batches at once are refused',
    batch: new Uint8Array([...clientBatch(), ...clientBatch()]),
    outcome: 'INVALID_RECORD',
  },
  {
    name: 'an old format is refused',
    batch: patched(clientBatch(), (view) => view.setInt8(16, 1)),
    outcome: 'INVALID_RECORD',
  },
  { name: 'a base offset other than 0 is refused', batch: { baseOffset: 5 }, outcome: 'INVALID_RECORD' },
  {
    name: 'a count that does not fit the last offset is refused',
    batch: patched(clientBatch({ records: 2 }), (view) => view.setInt32(57, 3)),
    outcome: 'INVALID_RECORD',
  },
  {
    name: 'an empty batch is refused',
    batch: patched(clientBatch(), (view) => view.setInt32(57, 0)),
    outcome: 'INVALID_RECORD',
  },
  { name: 'a control batch of a client is refused', batch: marker.slice(), outcome: 'INVALID_RECORD' },
  {
    name: 'an unknown codec is refused',
    batch: patched(clientBatch(), (view) => view.setInt16(21, 7)),
    outcome: 'UNSUPPORTED_COMPRESSION_TYPE',
  },
  {
    name: 'max.message.bytes is kept',
    config: { maxMessageBytes: 100 },
    batch: { valueSizeBytes: 100 },
    outcome: 'MESSAGE_TOO_LARGE',
  },
  {
    name: 'segment.bytes is kept',
    config: { segmentBytes: 100 },
    batch: { valueSizeBytes: 100 },
    outcome: 'RECORD_LIST_TOO_LARGE',
  },
  { name: 'a timestamp an hour ahead is accepted', batch: { timestampMs: NOW_MS + 3_600_000 }, outcome: 'NONE' },
  {
    name: 'a timestamp further ahead is refused, for the records that have it',
    batch: { timestampsMs: [NOW_MS, NOW_MS + 3_600_001, NOW_MS] },
    outcome: 'INVALID_TIMESTAMP',
    recordErrors: [1],
  },
  { name: 'an old timestamp is accepted unless the topic says otherwise', batch: { timestampMs: 1 }, outcome: 'NONE' },
  {
    name: 'an old timestamp is refused where the topic says so, also behind a younger one',
    config: { messageTimestampBeforeMaxMs: DAY_MS },
    batch: { timestampsMs: [NOW_MS, NOW_MS - DAY_MS - 1, NOW_MS - DAY_MS] },
    outcome: 'INVALID_TIMESTAMP',
    recordErrors: [1],
  },
  {
    name: 'records without timestamp are accepted where old ones are not',
    config: { messageTimestampBeforeMaxMs: DAY_MS },
    batch: { timestampMs: -1 },
    outcome: 'NONE',
  },
  {
    name: 'any timestamp is accepted where the broker stamps',
    config: { messageTimestampType: 'LogAppendTime', messageTimestampBeforeMaxMs: DAY_MS },
    batch: { timestampMs: NOW_MS + 2 * DAY_MS },
    outcome: 'NONE',
  },
  {
    name: 'a client does not stamp in the name of the broker',
    batch: { timestampType: 'LogAppendTime' },
    outcome: 'INVALID_TIMESTAMP',
  },
  {
    name: 'a compacted topic needs keys, and says which records have none',
    config: { cleanupCompact: true },
    batch: { keys: ['a', null, 'b', null] },
    outcome: 'INVALID_RECORD',
    recordErrors: [1, 3],
  },
  {
    name: 'a compacted topic accepts keys',
    config: { cleanupCompact: true },
    batch: { keys: ['a', ''] },
    outcome: 'NONE',
  },
  { name: 'records are not looked at where no rule asks', batch: garbageRecords.slice(), outcome: 'NONE' },
  { name: 'strict validation looks at them', strict: true, batch: garbageRecords.slice(), outcome: 'INVALID_RECORD' },
  { name: 'strict validation accepts what is well-formed', strict: true, batch: { records: 20 }, outcome: 'NONE' },
]

describe('append', () => {
  for (const row of rows)
    it(row.name, async () => {
      const harness = await Harness.open({ strictRecords: row.strict ?? false })
      const partition = await harness.partition(row.config)
      const result = produce(partition, row.batch)
      assert.equal(nameOf(result.errorCode), row.outcome)
      assert.deepEqual(
        result.recordErrors.map((error) => error.batchIndex),
        row.recordErrors ?? [],
      )
      const accepted = row.outcome === 'NONE'
      assert.equal(result.errorMessage === null, accepted)
      assert.equal(partition.log.logEndOffset > 0, accepted)
      assert.equal(partition.metrics.appendsFailed, accepted ? 0 : 1)
    })

  it('assigns offsets and leader epoch in place, and leaves the checksum alone', async () => {
    const harness = await Harness.open()
    const partition = await harness.partition({}, 0, 9)
    produce(partition, { records: 3 })
    const batch = clientBatch({ records: 2 })
    const result = produce(partition, batch)
    assert.deepEqual([result.baseOffset, result.lastOffset, result.logAppendTimeMs], [3, 4, -1])
    assert.deepEqual([batchBaseOffset(viewOf(batch), 0), batchLeaderEpoch(viewOf(batch), 0)], [3, 9])
    assert.equal([...batches(batch, { codecs: plainCodecs })].length, 1, 'the checksum still holds')
  })

  it('stamps batches with the time of the append where the topic says so', async () => {
    const harness = await Harness.open()
    const partition = await harness.partition({ messageTimestampType: 'LogAppendTime' })
    const batch = clientBatch({ timestampMs: 5 })
    const result = produce(partition, batch)
    assert.equal(result.logAppendTimeMs, NOW_MS)
    assert.equal(batchMaxTimestamp(viewOf(batch), 0), NOW_MS)
    assert.equal(timestampTypeOf(batchAttributes(viewOf(batch), 0)), 'LogAppendTime')
    assert.equal([...batches(batch, { codecs: plainCodecs })].length, 1, 'sealed again')
  })

  it('is one fdatasync for all appends of a turn, whose duration is noted', async () => {
    const flushDurations = new DurationHistogram()
    const harness = await Harness.open({ flushDurations })
    const partition = await harness.partition()
    for (let turn = 1; turn <= 2; turn++) {
      for (let i = 0; i < 3; i++) produce(partition)
      await harness.turn()
      assert.equal(partition.highWatermark, 3 * turn)
      assert.equal(harness.partitions.syncs, turn)
      assert.equal(flushDurations.count, turn)
    }
  })

  it('accepts markers of a coordinator', async () => {
    const harness = await Harness.open()
    const partition = await harness.partition()
    assert.equal(nameOf(produce(partition, marker.slice(), { acks: -1, origin: 'coordinator' }).errorCode), 'NONE')
  })

  it('recompresses into the codec that the topic asks for, record bytes unchanged', async () => {
    /** "gzip" that inverts bytes: enough to see which way data went. */
    const invert = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xff)
    const codecs: Codecs = {
      ...plainCodecs,
      compress: (type, bytes) => (type === 'none' ? bytes : invert(bytes)),
      decompress: (type, bytes) => (type === 'none' ? bytes : invert(bytes)),
    }
    const harness = await Harness.open({ codecs })
    const gzip = await harness.partition({ compressionType: 'gzip' }, 0)
    const none = await harness.partition({ compressionType: 'none' }, 1)
    produce(gzip, { records: 3, timestampsMs: [NOW_MS, NOW_MS + 5, NOW_MS - 5] })
    await harness.turn()
    const stored = fetchFrom(gzip).records!.toBytes()
    assert.equal(compressionOf(batchAttributes(viewOf(stored), 0)), 'gzip')
    const [batch] = batches(stored, { codecs })
    assert.deepEqual(
      [...batch!].map((record) => record.timestampMs),
      [NOW_MS, NOW_MS + 5, NOW_MS - 5],
    )
    // And back, from what the other topic has stored.
    viewOf(stored).setInt32(4, 0)
    assert.equal(nameOf(produce(none, stored).errorCode), 'NONE')
    await harness.turn()
    const plain = fetchFrom(none).records!.toBytes()
    assert.equal(compressionOf(batchAttributes(viewOf(plain), 0)), 'none')
    assert.equal([...[...batches(plain, { codecs })][0]!].length, 3)
  })
})
