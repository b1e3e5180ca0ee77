/** Opening batches and reading records lazily, against the oracle and against damage. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  batches,
  batchPositions,
  emptyBatch,
  openBatch,
  openBatchAsync,
  plainCodecs as codecs,
  RecordsError,
  sealBatch,
  viewOf,
  type RecordBatch,
  type RecordsErrorCode,
  type RecordView,
} from '../src/index.ts'
import { oracleDecode, oracleEncode, record, utf8, type OracleRecord } from './oracle.ts'

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const payload = fc.option(fc.uint8Array({ maxLength: 30 }))
const oracleRecords = fc.array(
  fc.record(
    {
      offset: fc.constant(0n),
      timestamp: fc.oneof(fc.bigInt({ min: -1n, max: 2n ** 42n }), int64),
      key: payload,
      value: payload,
      headers: fc.array(fc.record({ key: fc.string({ maxLength: 10 }), value: payload }, { noNullPrototype: true }), {
        maxLength: 3,
      }),
    },
    { noNullPrototype: true },
  ),
  { minLength: 1, maxLength: 6 },
)

function open(bytes: Uint8Array): RecordBatch {
  return openBatch(bytes, viewOf(bytes), 0, { codecs })
}

function withOffsets(records: OracleRecord[], base = 0n): OracleRecord[] {
  return records.map((one, i) => ({ ...one, offset: base + BigInt(i) }))
}

/** Deltas must fit an int64, as they do in whatever an encoder can produce. */
function deltasFit(records: OracleRecord[]): boolean {
  return records.every(
    (one) => BigInt.asIntN(64, one.timestamp - records[0]!.timestamp) === one.timestamp - records[0]!.timestamp,
  )
}

function told(view: RecordView): OracleRecord {
  return {
    offset: BigInt(view.offset),
    timestamp: view.timestampBigInt,
    key: view.key && view.key.slice(),
    value: view.value && view.value.slice(),
    headers: view.headers.map((one) => ({ key: one.key, value: one.value && one.value.slice() })),
  }
}

function refuses(code: RecordsErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof RecordsError && error.code === code
}

test('records read lazily are the records the oracle wrote: iterated, by index and detached', () => {
  fc.assert(
    fc.property(oracleRecords.filter(deltasFit), (generated) => {
      const records = withOffsets(generated, 1_000n)
      const bytes = oracleEncode({ baseOffset: 1_000n, records })
      const batch = open(bytes)
      assert.deepEqual([...batch].map(told), records)
      assert.deepEqual(
        records.map((_, i) => told(batch.record(i))),
        records,
      )
      const detached = [...batch].map((view) => view.detach())
      bytes.fill(0xaa)
      assert.deepEqual(detached.map(told), records)
      for (const view of detached) assert.equal(view.bytes.length, view.sizeBytes)
    }),
  )
})

test('a timestamp is a number or an error, never a rounded number', () => {
  fc.assert(
    fc.property(oracleRecords.filter(deltasFit), (generated) => {
      for (const view of open(oracleEncode({ records: withOffsets(generated) }))) {
        if (Number.isSafeInteger(Number(view.timestampBigInt))) {
          assert.equal(BigInt(view.timestampMs), view.timestampBigInt)
        } else {
          assert.throws(() => view.timestampMs, refuses('NUMBER_OUT_OF_RANGE'))
        }
      }
    }),
  )
})

test('nanoseconds in timestamps do not keep key, value and offset from being read', () => {
  const now = 1_700_000_000_123_456_789n
  const records = withOffsets([
    record({ timestamp: now, value: utf8('a') }),
    record({ timestamp: now + 2n ** 33n, value: utf8('b') }),
  ])
  const views = [...open(oracleEncode({ records }))]
  assert.deepEqual(views.map(told), records)
  assert.throws(() => views[0]!.timestampMs, /1700000000123456789 of offset 0/)
})

test("with LogAppendTime every record has the batch's timestamp", () => {
  const bytes = oracleEncode({
    attributes: 0x08,
    maxTimestamp: 77n,
    records: withOffsets([record({ timestamp: 1n }), record({ timestamp: 2n })]),
  })
  const batch = open(bytes)
  assert.deepEqual(
    [...batch].map((view) => [view.timestampMs, view.timestampType]),
    [
      [77, 'LogAppendTime'],
      [77, 'LogAppendTime'],
    ],
  )
  const nanoseconds = oracleEncode({ attributes: 0x08, maxTimestamp: 2n ** 62n, records: [record()] })
  assert.equal([...open(nanoseconds)][0]!.timestampBigInt, 2n ** 62n)
})

test('gaps that compaction left are kept', () => {
  const bytes = oracleEncode({
    baseOffset: 50n,
    lastOffsetDelta: 20,
    records: [record({ offset: 53n }), record({ offset: 60n })],
  })
  const batch = open(bytes)
  assert.deepEqual(
    [...batch].map((view) => view.offset),
    [53, 60],
  )
  assert.equal(batch.lastOffset, 70)
  assert.equal(batch.nextOffset, 71)
})

test('an emptied batch keeps its offsets and producer and has no records', () => {
  const bytes = oracleEncode({
    baseOffset: 9n,
    leaderEpoch: 4,
    attributes: 0x10 | 0x04,
    maxTimestamp: 55n,
    producerId: 8n,
    producerEpoch: 1,
    baseSequence: 3,
    records: withOffsets([record(), record(), record()], 9n),
  })
  const empty = emptyBatch(bytes, 0, codecs.crc32c)
  const batch = open(empty)
  assert.deepEqual([...batch], [])
  assert.equal(batch.recordCount, 0)
  assert.equal(batch.nextOffset, 12)
  assert.equal(batch.compression, 'none')
  assert.equal(batch.sizeBytes, 61)
  assert.deepEqual(oracleDecode(empty), {
    ...oracleDecode(empty),
    baseOffset: 9n,
    leaderEpoch: 4,
    baseTimestamp: 55n,
    maxTimestamp: 55n,
    producerId: 8n,
    producerEpoch: 1,
    baseSequence: 3,
    records: [],
  })
})

test('a delete horizon is told, and its absence too', () => {
  const records = [record({ timestamp: 10n })]
  assert.equal(open(oracleEncode({ attributes: 0x40, baseTimestamp: 500n, records })).deleteHorizonMs, 500)
  assert.equal(open(oracleEncode({ records })).deleteHorizonMs, undefined)
})

test('one flipped bit behind the length is found out', () => {
  const good = oracleEncode({ records: [record({ key: utf8('key'), value: utf8('value') })] })
  fc.assert(
    fc.property(fc.integer({ min: 17, max: good.length - 1 }), fc.nat(7), (at, bit) => {
      const bytes = good.slice()
      bytes[at]! ^= 1 << bit
      assert.throws(
        () => open(bytes),
        (error) => error instanceof RecordsError,
      )
      if (at > 20) assert.throws(() => [...open(bytes)], RecordsError)
    }),
  )
})

test('damage behind a checksum that nobody verified ends in CORRUPT_BATCH or in records, never in another error', () => {
  const good = oracleEncode({
    records: withOffsets([
      record({ key: utf8('key'), value: utf8('value'), headers: [{ key: 'h', value: utf8('v') }] }),
      record({ timestamp: 2n ** 40n, value: new Uint8Array(70) }),
    ]),
  })
  fc.assert(
    fc.property(fc.integer({ min: 57, max: good.length - 1 }), fc.nat(255), (at, byte) => {
      const bytes = good.slice()
      bytes[at] = byte
      try {
        const batch = openBatch(bytes, viewOf(bytes), 0, { codecs, verifyCrc: false })
        for (const view of batch) {
          told(view)
          view.detach()
        }
        if (batch.recordCount > 0) batch.record(0)
      } catch (error) {
        if (!(error instanceof RecordsError)) throw error
      }
    }),
    { numRuns: 1_000 },
  )
})

test('a count of records that the bytes cannot hold allocates in proportion to the bytes', () => {
  const bytes = oracleEncode({ records: [record()], recordCount: 2 ** 31 - 1, lastOffsetDelta: 2 ** 31 - 2 })
  const batch = open(bytes)
  assert.throws(() => batch.record(0), refuses('CORRUPT_BATCH'))
  assert.throws(() => [...batch], refuses('CORRUPT_BATCH'))
})

test('a record index outside the batch is a RangeError', () => {
  const batch = open(oracleEncode({ records: [record()] }))
  assert.throws(() => batch.record(1), RangeError)
  assert.throws(() => batch.record(-1), RangeError)
})

test('compression without native codecs is refused by name', async () => {
  const bytes = oracleEncode({ attributes: 4, records: [record()] })
  assert.throws(() => open(bytes), refuses('UNSUPPORTED_COMPRESSION'))
  await assert.rejects(openBatchAsync(bytes, viewOf(bytes), 0, { codecs }), refuses('UNSUPPORTED_COMPRESSION'))
})

test('batches are read one after another, and a last one that was cut off is left out', () => {
  const first = oracleEncode({ baseOffset: 0n, records: withOffsets([record(), record()]) })
  const second = oracleEncode({ baseOffset: 2n, records: [record({ offset: 2n })] })
  const both = Uint8Array.from([...first, ...second])
  for (let end = 0; end <= both.length; end++) {
    const bytes = both.subarray(0, end)
    const offsets = [...batches(bytes, { codecs })].map((batch) => batch.baseOffset)
    const whole = end === both.length ? [0, 2] : end >= first.length ? [0] : []
    assert.deepEqual(offsets, whole)
    assert.deepEqual(
      [...batchPositions(viewOf(bytes))],
      whole.map((offset) => (offset === 0 ? 0 : first.length)),
    )
  }
})

test('an old message format and an impossible length end the iteration with an error, after what was good', () => {
  const good = oracleEncode({ records: [record()] })
  const cases: [Uint8Array, RecordsErrorCode][] = [
    [oracleEncode({ magic: 1, records: [record()] }), 'UNSUPPORTED_MAGIC'],
    [oracleEncode({ magic: 0, records: [record()] }), 'UNSUPPORTED_MAGIC'],
    [oracleEncode({ crc: 1, records: [record()] }), 'CORRUPT_BATCH'],
    [oracleEncode({ records: [record()] }).fill(0, 8, 12), 'CORRUPT_BATCH'],
  ]
  for (const [bad, code] of cases) {
    const iterator = batches(Uint8Array.from([...good, ...bad]), { codecs })
    assert.equal(iterator.next().value!.recordCount, 1)
    assert.throws(() => iterator.next(), refuses(code))
  }
})

test('a header key keeps a byte order mark', () => {
  const bytes = oracleEncode({ records: [record({ headers: [{ key: '\ufeffh', value: null }] })] })
  sealBatch(bytes, viewOf(bytes), 0, codecs.crc32c)
  assert.equal([...open(bytes)][0]!.headers[0]!.key, '\ufeffh')
})
