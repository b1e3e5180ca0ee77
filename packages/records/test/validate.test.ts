/** Every way in which a batch can be wrong has its own answer, and the answer is a value. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ErrorCode } from '@braidlog/model'
import {
  BatchFault,
  faultErrorCode,
  faultMessage,
  openBatch,
  plainCodecs as codecs,
  validateBatch,
  validateRecords,
  viewOf,
  type ValidateOptions,
} from '../src/index.ts'
import { oracleEncode, record, utf8, type OracleBatch } from './oracle.ts'

const faultNames = Object.fromEntries(Object.entries(BatchFault).map(([name, code]) => [code, name]))

function validate(bytes: Uint8Array, options: Partial<ValidateOptions> = {}): string {
  const fault = validateBatch(bytes, viewOf(bytes), 0, bytes.length, {
    crc32c: codecs.crc32c,
    origin: 'client',
    ...options,
  })
  return faultNames[fault]!
}

const two = [record(), record({ offset: 1n })]

function batch(fields: Partial<OracleBatch> & { recordCount?: number } = {}): Uint8Array {
  return oracleEncode({ records: two, ...fields })
}

test('a good batch is valid from a client and from a leader', () => {
  assert.equal(validate(batch()), 'None')
  assert.equal(validate(batch(), { origin: 'leader' }), 'None')
  assert.equal(validate(batch({ producerId: 5n, producerEpoch: 0, baseSequence: 0, attributes: 0x10 })), 'None')
})

test('every prefix is truncated', () => {
  const bytes = batch()
  for (let end = 0; end < bytes.length; end++) assert.equal(validate(bytes.subarray(0, end)), 'Truncated')
})

test('what is wrong in the header is named', () => {
  const shortLength = batch()
  viewOf(shortLength).setInt32(8, 48)
  const negativeLength = batch()
  viewOf(negativeLength).setInt32(8, -1)
  const cases: [string, Uint8Array, Partial<ValidateOptions>?][] = [
    ['InvalidLength', shortLength],
    ['InvalidLength', negativeLength],
    ['TooLarge', batch(), { sizeBytesMax: 70 }],
    ['UnsupportedMagic', batch({ magic: 0 })],
    ['UnsupportedMagic', batch({ magic: 1 })],
    ['UnsupportedMagic', batch({ magic: 3 })],
    ['ChecksumMismatch', batch({ crc: 0 })],
    ['InvalidCompression', batch({ attributes: 5 })],
    ['InvalidCount', batch({ recordCount: 0 })],
    ['InvalidCount', batch({ recordCount: -1 }), { origin: 'leader' }],
    ['OffsetDeltaMismatch', batch({ lastOffsetDelta: 2 })],
    ['OffsetDeltaMismatch', batch({ lastOffsetDelta: 0 })],
    ['OffsetDeltaMismatch', batch({ lastOffsetDelta: 0 }), { origin: 'leader' }],
    ['OffsetDeltaMismatch', batch({ lastOffsetDelta: -1 }), { origin: 'leader' }],
    ['InvalidOffset', batch({ baseOffset: -1n }), { origin: 'leader' }],
    ['InvalidOffset', batch({ baseOffset: 2n ** 53n }), { origin: 'leader' }],
    ['ReservedAttributes', batch({ attributes: 0x20 })],
    ['ReservedAttributes', batch({ attributes: 0x40 })],
    ['InvalidProducer', batch({ attributes: 0x10 })],
    ['InvalidProducer', batch({ producerId: 5n, producerEpoch: -1, baseSequence: 0 })],
    ['InvalidProducer', batch({ producerId: 5n, producerEpoch: 0, baseSequence: -1 })],
    ['InvalidProducer', batch({ producerId: 2n ** 60n, producerEpoch: 0, baseSequence: 0 })],
  ]
  for (const [expected, bytes, options] of cases) assert.equal(validate(bytes, options), expected)
})

test('what only a client may not do is fine from a leader', () => {
  assert.equal(validate(batch({ lastOffsetDelta: 9 }), { origin: 'leader' }), 'None')
  assert.equal(validate(batch({ attributes: 0x40 }), { origin: 'leader' }), 'None')
  assert.equal(validate(oracleEncode({ records: [] }), { origin: 'leader' }), 'None')
  const marker = { attributes: 0x30, producerId: 5n, producerEpoch: 0, baseSequence: -1 }
  assert.equal(validate(batch(marker), { origin: 'leader' }), 'None')
})

test('an unchecked checksum is not checked', () => {
  assert.equal(validate(batch({ crc: 0 }), { verifyCrc: false }), 'None')
})

test('any bytes get an answer without an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      assert.notEqual(validate(bytes), undefined)
      assert.notEqual(validate(bytes, { origin: 'leader' }), undefined)
    }),
  )
})

test('every fault has an error code and a sentence', () => {
  const codes = new Set<number>(Object.values(ErrorCode))
  for (const fault of Object.values(BatchFault)) {
    assert.ok(codes.has(faultErrorCode(fault)))
    assert.match(faultMessage(fault), /^[A-Z].*\.$/)
    assert.equal(faultErrorCode(fault) === ErrorCode.NONE, fault === BatchFault.None)
  }
})

function validateRecordsOf(bytes: Uint8Array, options: Partial<Parameters<typeof validateRecords>[1]> = {}): string {
  const scanner = openBatch(bytes, viewOf(bytes), 0, { codecs }).scan()
  return faultNames[validateRecords(scanner, { baseTimestampMs: 0, ...options })]!
}

test('what is wrong with the records is named', () => {
  assert.equal(validateRecordsOf(batch()), 'None')
  assert.equal(validateRecordsOf(batch(), { requireKey: true }), 'MissingKey')
  assert.equal(validateRecordsOf(oracleEncode({ records: [record({ key: utf8('k') })] }), { requireKey: true }), 'None')
  const shuffled = oracleEncode({ records: [record({ offset: 1n }), record({ offset: 0n })] })
  assert.equal(validateRecordsOf(shuffled), 'RecordOffsetMismatch')
  const trailing = oracleEncode({ records: [record(), record({ offset: 1n })], recordCount: 1, lastOffsetDelta: 1 })
  assert.equal(validateRecordsOf(trailing), 'MalformedRecords')
})

test('timestamps outside the accepted range are refused, also those that are no numbers', () => {
  const at = (timestamp: bigint): Uint8Array => oracleEncode({ baseTimestamp: 0n, records: [record({ timestamp })] })
  const range = { timestampMsMin: 10, timestampMsMax: 20 }
  assert.equal(validateRecordsOf(at(10n), range), 'None')
  assert.equal(validateRecordsOf(at(20n), range), 'None')
  assert.equal(validateRecordsOf(at(9n), range), 'TimestampOutOfRange')
  assert.equal(validateRecordsOf(at(21n), range), 'TimestampOutOfRange')
  assert.equal(validateRecordsOf(at(2n ** 62n), { timestampMsMin: 0 }), 'TimestampOutOfRange')
  assert.equal(validateRecordsOf(at(2n ** 62n)), 'None')
})
