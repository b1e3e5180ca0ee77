/** Header fields stand where the drawing says, and patching keeps or restores the checksum. */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  addToSequence,
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchCrc,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLastSequence,
  batchLeaderEpoch,
  batchLength,
  batchMagic,
  batchMaxTimestamp,
  batchNextOffset,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeBytes,
  attributesOf,
  compressionOf,
  COMPRESSION_TYPES,
  hasDeleteHorizon,
  isControl,
  isTransactional,
  plainCodecs,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  setBatchMaxTimestamp,
  setBatchProducer,
  timestampTypeOf,
  viewOf,
} from '../src/index.ts'
import { oracleDecode, oracleEncode, record } from './oracle.ts'

function example(): Uint8Array {
  return oracleEncode({
    baseOffset: 2n ** 52n + 3n,
    leaderEpoch: 17,
    attributes: 0x10,
    baseTimestamp: 1_000n,
    maxTimestamp: 2n ** 51n + 9n,
    producerId: 2n ** 50n + 1n,
    producerEpoch: 300,
    baseSequence: 70_000,
    records: [record(), record({ offset: 2n ** 52n + 4n })].map((one, i) => ({
      ...one,
      offset: 2n ** 52n + 3n + BigInt(i),
    })),
  })
}

test('every field reads as the oracle wrote it, also in the middle of an array', () => {
  const batch = example()
  const bytes = new Uint8Array(batch.length + 20)
  bytes.set(batch, 13)
  const view = viewOf(bytes)
  assert.equal(batchBaseOffset(view, 13), 2 ** 52 + 3)
  assert.equal(batchLength(view, 13), batch.length - 12)
  assert.equal(batchSizeBytes(view, 13), batch.length)
  assert.equal(batchLeaderEpoch(view, 13), 17)
  assert.equal(batchMagic(view, 13), 2)
  assert.equal(batchCrc(view, 13), oracleDecode(batch).crc)
  assert.equal(batchAttributes(view, 13), 0x10)
  assert.equal(batchLastOffsetDelta(view, 13), 1)
  assert.equal(batchLastOffset(view, 13), 2 ** 52 + 4)
  assert.equal(batchNextOffset(view, 13), 2 ** 52 + 5)
  assert.equal(batchBaseTimestamp(view, 13), 1_000)
  assert.equal(batchMaxTimestamp(view, 13), 2 ** 51 + 9)
  assert.equal(batchProducerId(view, 13), 2 ** 50 + 1)
  assert.equal(batchProducerEpoch(view, 13), 300)
  assert.equal(batchBaseSequence(view, 13), 70_000)
  assert.equal(batchLastSequence(view, 13), 70_001)
  assert.equal(batchRecordCount(view, 13), 2)
})

test('base offset and leader epoch are patched without touching the checksum', () => {
  const bytes = example()
  const view = viewOf(bytes)
  const crc = batchCrc(view, 0)
  setBatchBaseOffset(view, 0, 2 ** 53 - 10)
  setBatchLeaderEpoch(view, 0, 99)
  const batch = oracleDecode(bytes)
  assert.equal(batch.crc, crc)
  assert.equal(batch.baseOffset, 2n ** 53n - 10n)
  assert.equal(batch.leaderEpoch, 99)
})

test('setting the maximum timestamp sets its type and seals the batch again', () => {
  const bytes = example()
  const view = viewOf(bytes)
  setBatchMaxTimestamp(bytes, view, 0, 5_000, 'LogAppendTime', plainCodecs.crc32c)
  assert.equal(oracleDecode(bytes).maxTimestamp, 5_000n)
  assert.equal(oracleDecode(bytes).attributes, 0x18)
  setBatchMaxTimestamp(bytes, view, 0, 6_000, 'CreateTime', plainCodecs.crc32c)
  assert.equal(oracleDecode(bytes).maxTimestamp, 6_000n)
  assert.equal(oracleDecode(bytes).attributes, 0x10)
})

test('setting the producer seals the batch again', () => {
  const bytes = example()
  setBatchProducer(bytes, viewOf(bytes), 0, { id: 4, epoch: 2, baseSequence: 8 }, plainCodecs.crc32c)
  const { producerId, producerEpoch, baseSequence } = oracleDecode(bytes)
  assert.deepEqual({ producerId, producerEpoch, baseSequence }, { producerId: 4n, producerEpoch: 2, baseSequence: 8 })
})

test('sequences wrap from 2^31-1 to 0', () => {
  assert.equal(addToSequence(2 ** 31 - 1, 1), 0)
  assert.equal(addToSequence(2 ** 31 - 2, 3), 1)
  const bytes = oracleEncode({ baseSequence: -1, records: [record()] })
  assert.equal(batchLastSequence(viewOf(bytes), 0), -1)
})

test('attributes are told apart bit by bit', () => {
  for (const [code, compression] of COMPRESSION_TYPES.entries()) {
    assert.equal(attributesOf({ compression }), code)
    assert.equal(compressionOf(code | 0x78), compression)
  }
  assert.equal(compressionOf(5), undefined)
  const all = attributesOf({ timestampType: 'LogAppendTime', transactional: true, control: true, deleteHorizon: true })
  assert.equal(all, 0x78)
  for (const [bit, predicate] of [
    [0x10, isTransactional],
    [0x20, isControl],
    [0x40, hasDeleteHorizon],
  ] as const) {
    assert.equal(predicate(bit), true)
    assert.equal(predicate(0x7f & ~bit), false)
  }
  assert.equal(timestampTypeOf(0x08), 'LogAppendTime')
  assert.equal(timestampTypeOf(0x77), 'CreateTime')
})
