/** The builder against the oracle decoder, and its limits. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  BatchBuilder,
  estimateRecordSizeBytes,
  plainCodecs as codecs,
  RecordsError,
  type BatchFields,
  type HeaderInput,
  type Payload,
} from '../src/index.ts'
import { oracleDecode, utf8 } from './oracle.ts'

/** Any code points, lone surrogates too. fast-check's own `unit: 'binary'` spends a second on its tables. */
const unicode = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0x7ff), fc.nat(0xffff), fc.nat(0x10ffff)), { maxLength: 40 })
  .map((points) => String.fromCodePoint(...points))
const payload = fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 40 }), fc.string({ maxLength: 40 }), unicode)
const header = fc.record({ key: unicode, value: payload })
const timestampMs = fc.oneof(
  fc.integer({ min: -1, max: 2 ** 40 }),
  fc.maxSafeInteger().map((value) => Math.trunc(value / 2)),
  fc.constantFrom(0, 2 ** 31, 2 ** 31 + 1, -(2 ** 31) - 1, 2 ** 52 - 1, -(2 ** 52)),
)
const inputs = fc.array(
  fc.record({
    key: payload,
    value: payload,
    timestampMs,
    headers: fc.array(header, { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 8 },
)

function bytesOf(value: Payload): Uint8Array | null {
  return typeof value === 'string' ? utf8(value) : value
}

function plain(bytes: Uint8Array | null): number[] | null {
  return bytes === null ? null : [...bytes]
}

function comparable(record: { key: Payload; value: Payload; headers: readonly HeaderInput[] }): unknown {
  return {
    key: plain(bytesOf(record.key)),
    value: plain(bytesOf(record.value)),
    headers: record.headers.map((one) => ({ key: one.key, value: plain(bytesOf(one.value)) })),
  }
}

test('what is appended is what the oracle decodes', () => {
  const fields: BatchFields = {
    baseOffset: 2 ** 40 + 5,
    leaderEpoch: 7,
    producerId: 2 ** 33,
    producerEpoch: 3,
    baseSequence: 2 ** 31 - 1,
    transactional: true,
  }
  const builder = new BatchBuilder({ codecs, sizeBytesMax: 1 << 20 })
  fc.assert(
    fc.property(inputs, (records) => {
      builder.reset()
      for (const one of records) assert.equal(builder.append(one.key, one.value, one.timestampMs, one.headers), true)
      const batch = oracleDecode(builder.build(fields))
      assert.equal(batch.baseOffset, 2n ** 40n + 5n)
      assert.equal(batch.leaderEpoch, 7)
      assert.equal(batch.magic, 2)
      assert.equal(batch.attributes, 0x10)
      assert.equal(batch.lastOffsetDelta, records.length - 1)
      assert.equal(batch.baseTimestamp, BigInt(records[0]!.timestampMs))
      assert.equal(batch.maxTimestamp, BigInt(Math.max(...records.map((one) => one.timestampMs))))
      assert.equal(batch.producerId, 2n ** 33n)
      assert.equal(batch.producerEpoch, 3)
      assert.equal(batch.baseSequence, 2 ** 31 - 1)
      assert.deepEqual(
        batch.records.map((one) => [one.offset - batch.baseOffset, one.timestamp]),
        records.map((one, i) => [BigInt(i), BigInt(one.timestampMs)]),
      )
      assert.deepEqual(
        batch.records.map(comparable),
        records.map((one) =>
          comparable({ ...one, headers: one.headers.map((h) => ({ ...h, key: h.key.toWellFormed() })) }),
        ),
      )
    }),
  )
})

test('a known batch, byte for byte', () => {
  const builder = new BatchBuilder({ codecs, sizeBytesMax: 1024 })
  builder.append('k1', 'v1', 1_700_000_000_000, [{ key: 'h', value: null }])
  builder.append(null, Uint8Array.of(1, 2, 3), 1_700_000_000_000 - 2 ** 31)
  const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  assert.equal(
    hex(builder.build({ baseOffset: 5, leaderEpoch: 2 })),
    [
      '0000000000000005', // baseOffset
      '0000004d', // batchLength: 89 - 12
      '00000002', // partitionLeaderEpoch
      '02', // magic
      '09a7f543', // crc
      '0000', // attributes
      '00000001', // lastOffsetDelta
      '0000018bcfe56800', // baseTimestamp
      '0000018bcfe56800', // maxTimestamp
      'ffffffffffffffff', // producerId
      'ffff', // producerEpoch
      'ffffffff', // baseSequence
      '00000002', // recordCount
      // length 13, attributes, timestamp delta 0, offset delta 0, key "k1", value "v1", 1 header: "h" → null
      '1a',
      '00',
      '00',
      '00',
      '046b31',
      '047631',
      '02',
      '0268',
      '01',
      // length 13, attributes, timestamp delta -2^31, offset delta 1, null key, value 1 2 3, no header
      '1a',
      '00',
      'ffffffff0f',
      '02',
      '01',
      '06010203',
      '00',
    ].join(''),
  )
  oracleDecode(builder.build())
})

test('a text that is not ASCII is measured exactly, wherever the buffer ends', () => {
  // A text of n characters cut off at exactly n bytes would look like ASCII if there were no slack behind it.
  for (const text of ['éa', 'aé', '€€', '😀', 'x😀y', '\ud800', 'a'.repeat(30) + 'é', 'é'.repeat(40), '😀'.repeat(9)]) {
    for (let room = 0; room < 48; room++) {
      const builder = new BatchBuilder({ codecs, sizeBytesMax: 4096, buffer: new Uint8Array(61 + room) })
      builder.append(text, text, 0, [{ key: text, value: text }])
      const [record] = oracleDecode(builder.build()).records
      assert.deepEqual(record!.key, utf8(text))
      assert.deepEqual(record!.value, utf8(text))
      assert.deepEqual(record!.headers, [{ key: text.toWellFormed(), value: utf8(text) }])
    }
  }
})

test('a full batch refuses the next record and stays as it was', () => {
  const builder = new BatchBuilder({ codecs, sizeBytesMax: 200 })
  let appended = 0
  while (builder.append(null, new Uint8Array(20), 1)) appended++
  assert.ok(appended >= 4)
  const sizeBytes = builder.sizeBytes
  assert.ok(sizeBytes <= 200)
  assert.equal(builder.append(null, new Uint8Array(20), 99), false)
  assert.equal(builder.maxTimestampMs, 1)
  assert.equal(oracleDecode(builder.build()).records.length, appended)
  assert.equal(builder.sizeBytes, sizeBytes)
})

test('the first record fits even when it is larger than the batch should be', () => {
  const builder = new BatchBuilder({ codecs, sizeBytesMax: 100 })
  assert.equal(builder.append(null, new Uint8Array(5_000), 0), true)
  assert.equal(builder.append(null, null, 0), false)
  assert.equal(oracleDecode(builder.build()).records[0]!.value!.length, 5_000)
})

test('a record beyond the limit of records is refused and leaves the batch usable', () => {
  const builder = new BatchBuilder({ codecs, sizeBytesMax: 100, recordSizeBytesMax: 1_000 })
  assert.throws(
    () => builder.append(null, new Uint8Array(1_000), 0),
    (error) => error instanceof RecordsError && error.code === 'RECORD_TOO_LARGE',
  )
  assert.equal(builder.append('k', 'v', 0), true)
  assert.equal(oracleDecode(builder.build()).records.length, 1)
})

test('a timestamp that is no safe integer is refused', () => {
  const builder = new BatchBuilder({ codecs, sizeBytesMax: 1_000 })
  for (const timestamp of [2 ** 53, 1.5, Number.NaN, Infinity, 1_700_000_000_000_000_000]) {
    assert.throws(
      () => builder.append(null, null, timestamp),
      (error) => error instanceof RecordsError && error.code === 'NUMBER_OUT_OF_RANGE',
    )
  }
  builder.append(null, null, -(2 ** 53 - 1))
  assert.throws(() => builder.append(null, null, 2 ** 53 - 1), /timestamp/)
  assert.equal(oracleDecode(builder.build()).records.length, 1)
})

test('offsets may leave gaps, and the last one may be beyond the last record', () => {
  const builder = new BatchBuilder({ codecs, sizeBytesMax: 1_000 })
  builder.appendAt(2, 'a', null, 0)
  builder.appendAt(9, 'b', null, 0)
  const batch = oracleDecode(builder.build({ baseOffset: 100, lastOffsetDelta: 12 }))
  assert.deepEqual(
    batch.records.map((one) => one.offset),
    [102n, 109n],
  )
  assert.equal(batch.lastOffsetDelta, 12)
})

test('a delete horizon takes the place of the base timestamp and leaves the timestamps alone', () => {
  const builder = new BatchBuilder({ codecs, sizeBytesMax: 1_000, deleteHorizonMs: 5_000 })
  builder.append('a', null, 1_000)
  const batch = oracleDecode(builder.build())
  assert.equal(batch.attributes, 0x40)
  assert.equal(batch.baseTimestamp, 5_000n)
  assert.equal(batch.records[0]!.timestamp, 1_000n)
  assert.equal(batch.maxTimestamp, 1_000n)
})

test('a reset builder begins anew, on its own buffer and on another', () => {
  const builder = new BatchBuilder({ codecs, sizeBytesMax: 1_000 })
  builder.append('a', 'x'.repeat(500), 7)
  builder.reset()
  assert.equal(builder.recordCount, 0)
  builder.append('b', null, 9)
  assert.equal(oracleDecode(builder.build()).baseTimestamp, 9n)
  const buffer = new Uint8Array(1_000)
  builder.reset(buffer)
  builder.append('c', null, 11)
  assert.equal(builder.build().buffer, buffer.buffer)
  assert.equal(oracleDecode(builder.build()).maxTimestamp, 11n)
})

test('an estimate is never below what a record takes', () => {
  fc.assert(
    fc.property(inputs, (records) => {
      const builder = new BatchBuilder({ codecs, sizeBytesMax: 1 << 20 })
      for (const one of records) {
        const before = builder.sizeBytes
        builder.append(one.key, one.value, one.timestampMs, one.headers)
        assert.ok(builder.sizeBytes - before <= estimateRecordSizeBytes(one.key, one.value, one.headers))
      }
    }),
  )
})
