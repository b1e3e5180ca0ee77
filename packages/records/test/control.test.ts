/** Control batches, byte for byte where it matters and back. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { randomUuid } from '@braidlog/model'
import { SeededRandom } from '@braidlog/base'
import {
  BatchBuilder,
  controlRecordsOf,
  controlTypeOf,
  endTxnMarker,
  kraftVersion,
  kraftVoters,
  leaderChange,
  openBatch,
  plainCodecs as codecs,
  RecordsError,
  snapshotFooter,
  snapshotHeader,
  viewOf,
  type RecordBatch,
} from '../src/index.ts'
import { oracleDecode } from './oracle.ts'

const fields = { codecs, baseOffset: 12, leaderEpoch: 3, timestampMs: 1_000 }
const directoryId = randomUuid(new SeededRandom(1))

function open(bytes: Uint8Array): RecordBatch {
  return openBatch(bytes, viewOf(bytes), 0, { codecs })
}

test('a transaction marker has the bytes every reader expects', () => {
  for (const [outcome, type] of [
    ['abort', 0],
    ['commit', 1],
  ] as const) {
    const bytes = endTxnMarker({ ...fields, outcome, coordinatorEpoch: 258, producerId: 9, producerEpoch: 4 })
    const batch = oracleDecode(bytes)
    assert.equal(batch.attributes, 0x30)
    assert.equal(batch.producerId, 9n)
    assert.equal(batch.producerEpoch, 4)
    assert.equal(batch.baseSequence, -1)
    assert.equal(batch.leaderEpoch, 3)
    assert.equal(batch.baseOffset, 12n)
    assert.equal(batch.lastOffsetDelta, 0)
    assert.deepEqual([...batch.records[0]!.key!], [0, 0, 0, type])
    assert.deepEqual([...batch.records[0]!.value!], [0, 0, 0, 0, 1, 2])
    assert.deepEqual(controlRecordsOf(open(bytes)), [{ type: outcome, coordinatorEpoch: 258 }])
  }
})

test('a commit marker is byte for byte what Apache Kafka 4.3 writes', () => {
  const marker = endTxnMarker({
    codecs,
    baseOffset: 55,
    leaderEpoch: 8,
    timestampMs: 1_234,
    outcome: 'commit',
    coordinatorEpoch: 21,
    producerId: 7,
    producerEpoch: 3,
  })
  assert.equal(
    [...marker].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
    '00000000000000370000004200000008025c93f59c00300000000000000000000004d2000000000000' +
      '04d200000000000000070003ffffffff000000012000000008000000010c00000000001500',
  )
})

test('a change of leader reads back, with directory ids only in version 1', () => {
  const voters = [{ voterId: 1, voterDirectoryId: directoryId }]
  for (const version of [0, 1]) {
    const bytes = leaderChange(fields, { leaderId: 1, voters: version === 0 ? [{ voterId: 1 }] : voters }, version)
    assert.equal(oracleDecode(bytes).attributes, 0x20)
    assert.deepEqual([...oracleDecode(bytes).records[0]!.key!], [0, 0, 0, 2])
    const [parsed] = controlRecordsOf(open(bytes))
    assert.equal(parsed!.type, 'leaderChange')
    if (parsed!.type !== 'leaderChange') return
    assert.equal(parsed!.message.version, version)
    assert.equal(parsed!.message.leaderId, 1)
    assert.equal(parsed!.message.voters[0]!.voterDirectoryId === directoryId, version === 1)
  }
})

test('a snapshot begins with its header, version and voters in one batch and ends with its footer', () => {
  const voters = {
    voters: [
      {
        voterId: 1,
        voterDirectoryId: directoryId,
        endpoints: [{ name: 'CONTROLLER', host: 'localhost', port: 9093 }],
        kRaftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 1 },
      },
    ],
  }
  const header = snapshotHeader(
    fields,
    { lastContainedLogTimestamp: 77 },
    { kraftVersion: { kRaftVersion: 1 }, voters },
  )
  const records = controlRecordsOf(open(header))
  assert.deepEqual(records, [
    { type: 'snapshotHeader', message: { version: 0, lastContainedLogTimestamp: 77 } },
    { type: 'kraftVersion', message: { version: 0, kRaftVersion: 1 } },
    { type: 'kraftVoters', message: { version: 0, ...voters } },
  ])
  assert.deepEqual(
    controlRecordsOf(open(snapshotHeader(fields, { lastContainedLogTimestamp: 77 }))),
    records.slice(0, 1),
  )
  assert.deepEqual(controlRecordsOf(open(kraftVersion(fields, { kRaftVersion: 1 }))), records.slice(1, 2))
  assert.deepEqual(controlRecordsOf(open(kraftVoters(fields, voters))), records.slice(2))
  assert.deepEqual(controlRecordsOf(open(snapshotFooter(fields))), [
    { type: 'snapshotFooter', message: { version: 0 } },
  ])
})

test('types not invented yet are passed over, damaged values are not', () => {
  const builder = new BatchBuilder({ codecs, sizeBytesMax: 1_000 })
  builder.append(Uint8Array.of(0, 0, 0, 99), Uint8Array.of(1), 0)
  builder.append(Uint8Array.of(0, 0), Uint8Array.of(1), 0)
  assert.deepEqual(controlRecordsOf(open(builder.build({ control: true }))), [])
  assert.equal(controlTypeOf(null), undefined)
  for (const value of [null, Uint8Array.of(0, 0, 1)]) {
    builder.reset()
    builder.append(Uint8Array.of(0, 0, 0, 1), value, 0)
    assert.throws(
      () => controlRecordsOf(open(builder.build({ control: true }))),
      (error) => error instanceof RecordsError && error.code === 'CORRUPT_BATCH',
    )
  }
})
