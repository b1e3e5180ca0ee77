/** Framing of metadata records: every type in every version, and what is refused. */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  decodeMetadataRecord,
  encodeMetadataRecord,
  METADATA_RECORDS,
  MetadataError,
  metadataRecord,
  type MetadataRecordType,
} from '../src/index.ts'
import { uuids } from './random-history.ts'

test('there are the 26 record types of Apache Kafka 4.3', () => {
  const keys = Object.values(METADATA_RECORDS).map((declaration) => declaration.key)
  const expected = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 14, 15, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28]
  assert.deepEqual(
    keys.toSorted((a, b) => a! - b!),
    expected,
  )
})

test('every type reads back in every version', () => {
  for (const [type, declaration] of Object.entries(METADATA_RECORDS)) {
    for (let version = declaration.versionMin; version <= declaration.versionMax; version++) {
      const record = metadataRecord(type as MetadataRecordType, {}, version)
      const bytes = encodeMetadataRecord(record)
      assert.deepEqual([...bytes.subarray(0, 3)], [1, declaration.key, version])
      assert.deepEqual(decodeMetadataRecord(bytes), record)
    }
  }
})

test('a topic has the bytes that Apache Kafka gives it', () => {
  // Frame 1, type 2, version 0; compact string of 6 characters; 16 bytes of id; no tagged fields.
  const [topicId] = uuids(1, 1)
  const bytes = encodeMetadataRecord(metadataRecord('Topic', { name: 'orders', topicId: topicId! }))
  assert.equal(Buffer.from(bytes.subarray(0, 10)).toString('latin1'), '\x01\x02\x00\x07orders')
  assert.equal(bytes.length, 27)
  assert.equal(bytes.at(-1), 0)
})

test('what a newer release wrote is refused by name', () => {
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [Uint8Array.of(2, 20, 0, 0), /frame version 2/],
    [Uint8Array.of(1, 99, 0, 0), /type 99/],
    [Uint8Array.of(1, 20, 7, 0), /NoOpRecord version 7/],
  ]
  for (const [bytes, message] of cases) {
    assert.throws(
      () => decodeMetadataRecord(bytes),
      (error) => error instanceof MetadataError && error.code === 'UNKNOWN_RECORD' && message.test(error.message),
    )
  }
})

test('bytes behind a record are corruption', () => {
  const bytes = [...encodeMetadataRecord(metadataRecord('NoOp', {})), 0]
  assert.throws(() => decodeMetadataRecord(Uint8Array.from(bytes)), { code: 'CORRUPT' })
})

test('absent fields take their defaults, nested ones too', () => {
  const record = metadataRecord('RegisterBroker', { brokerId: 1, endPoints: [{ name: 'PLAINTEXT' }] })
  assert.deepEqual(record.value.endPoints, [{ name: 'PLAINTEXT', host: '', port: 0, securityProtocol: 0 }])
  assert.equal(record.value.fenced, true)
  assert.equal(record.value.cordonedLogDirs, null)
})
