/** The bytes of every file, as Apache Kafka writes them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { endTxnMarker, plainCodecs } from '@braidlog/records'
import type { Uuid } from '@braidlog/model'
import {
  decodeCleanShutdown,
  decodeEpochCheckpoint,
  decodeOffsetCheckpoint,
  decodePartitionMetadata,
  encodeCleanShutdown,
  encodeEpochCheckpoint,
  encodeOffsetCheckpoint,
  encodePartitionMetadata,
} from '../src/checkpoint.ts'
import {
  deletedDirectoryName,
  offsetName,
  parseLogDirectoryName,
  parseSegmentFileName,
  strayDirectoryName,
} from '../src/file-names.ts'
import { decodeProducerSnapshot, encodeProducerSnapshot } from '../src/producer-snapshot.ts'
import { appendTo, batchOf, memoryWithDirectory, NOW_MS, openTestLog } from './support.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')
/** Hexadecimal with spaces between fields. */
const fields = (value: string): string => value.replaceAll(' ', '')

describe('checkpoint files', () => {
  it('are text: version, count, lines', () => {
    const offsets = [
      { topic: 'orders', partition: 0, offset: 42 },
      { topic: 'a.b-c_d', partition: 11, offset: 2 ** 53 - 1 },
    ]
    const encoded = encodeOffsetCheckpoint(offsets)
    assert.equal(text(encoded), '0\n2\norders 0 42\na.b-c_d 11 9007199254740991\n')
    assert.deepEqual(decodeOffsetCheckpoint(encoded, 'f'), offsets)
    assert.equal(text(encodeOffsetCheckpoint([])), '0\n0\n')
    const epochs = [
      { epoch: 0, startOffset: 0 },
      { epoch: 3, startOffset: 17 },
    ]
    assert.equal(text(encodeEpochCheckpoint(epochs)), '0\n2\n0 0\n3 17\n')
    assert.deepEqual(decodeEpochCheckpoint(encodeEpochCheckpoint(epochs), 'f'), epochs)
  })

  it('say nothing when empty, as Apache Kafka leaves them', () => {
    assert.deepEqual(decodeOffsetCheckpoint(bytes(''), 'f'), [])
    assert.deepEqual(decodeEpochCheckpoint(bytes(''), 'f'), [])
  })

  it('are refused when damaged', () => {
    for (const damaged of ['\n', '1\n0\n', '0\n2\norders 0 42\n', '0\n1\norders 0\n', '0\n1\norders 0 -1\n', 'garbage'])
      assert.throws(() => decodeOffsetCheckpoint(bytes(damaged), 'f'), { code: 'LOG_CORRUPT' }, damaged)
    assert.throws(() => decodeEpochCheckpoint(bytes('0\n1\nx 1\n'), 'f'), { code: 'LOG_CORRUPT' })
  })
})

describe('partition.metadata', () => {
  it('names the topic id', () => {
    const topicId = 'Ux7eQqSZTRuLXe5QX5ssFA' as Uuid
    assert.equal(text(encodePartitionMetadata(topicId)), 'version: 0\ntopic_id: Ux7eQqSZTRuLXe5QX5ssFA')
    assert.equal(decodePartitionMetadata(encodePartitionMetadata(topicId), 'f'), topicId)
    assert.throws(() => decodePartitionMetadata(bytes('version: 0\n'), 'f'), { code: 'LOG_CORRUPT' })
  })
})

describe('the clean-shutdown file', () => {
  it('has the broker epoch, or nothing in files from before 4.0', () => {
    assert.equal(text(encodeCleanShutdown(17)), '{"version":0,"brokerEpoch":17}')
    assert.equal(decodeCleanShutdown(encodeCleanShutdown(17)), 17)
    assert.equal(decodeCleanShutdown(new Uint8Array(0)), -1)
    assert.equal(decodeCleanShutdown(bytes('null')), -1)
  })
})

describe('producer snapshots', () => {
  const entries = [
    {
      producerId: 4711,
      epoch: 2,
      lastSequence: 9,
      lastOffset: 99,
      offsetDelta: 4,
      timestamp: 1_700_000_000_000,
      coordinatorEpoch: -1,
      currentTxnFirstOffset: -1,
    },
  ]
  const encoded = encodeProducerSnapshot(entries, plainCodecs)

  it('have version, checksum and entries', () => {
    const body =
      '00000001 0000000000001267 0002 00000009 0000000000000063 00000004 0000018bcfe56800 ffffffff ffffffffffffffff'
    const crc = plainCodecs.crc32c(encoded, 6, encoded.length).toString(16).padStart(8, '0')
    assert.equal(hex(encoded), fields(`0001 ${crc} ${body}`))
    assert.deepEqual(decodeProducerSnapshot(encoded, plainCodecs), entries)
  })

  it('are worth nothing when damaged', () => {
    for (let at = 0; at < encoded.length; at++) {
      const damaged = encoded.slice()
      damaged[at]! ^= 0x10
      assert.equal(decodeProducerSnapshot(damaged, plainCodecs), undefined, `byte ${at}`)
    }
    assert.equal(decodeProducerSnapshot(encoded.subarray(0, 5), plainCodecs), undefined)
  })
})

describe('file and directory names', () => {
  it('are twenty digits and a suffix', () => {
    assert.equal(offsetName(42), '00000000000000000042')
    assert.deepEqual(parseSegmentFileName('00000000000000000042.timeindex.swap'), {
      offset: 42,
      suffix: '.timeindex',
      state: '.swap',
    })
    assert.equal(parseSegmentFileName('42.log'), undefined)
    assert.equal(parseSegmentFileName('leader-epoch-checkpoint'), undefined)
  })

  it('of deleted and stray logs keep the unique id, however long the topic', () => {
    const id = '0123456789abcdef0123456789abcdef'
    assert.equal(deletedDirectoryName('t', 3, id), `t-3.${id}-delete`)
    const long = strayDirectoryName('x'.repeat(249), 100, id)
    assert.equal(long.length, 255)
    assert.equal(long.endsWith(`.${id}-stray`), true)
    assert.equal(parseLogDirectoryName(long)?.kind, 'stray')
  })

  it('of logs are told from all else', () => {
    const parsed = (name: string): unknown => {
      const found = parseLogDirectoryName(name)
      return found && `${found.kind} ${found.topic} ${found.partition}`
    }
    assert.equal(parsed('a-b-7'), 'log a-b 7')
    assert.equal(parsed('a.b_c-0'), 'log a.b_c 0')
    for (const other of ['a', 'a-', '-1', 'a-01', 'a-4294967296', 'a b-1', 'lost+found'])
      assert.equal(parsed(other), undefined, other)
  })
})

describe('the files of a segment', () => {
  it('hold batches, offset index, time index and transaction index', async () => {
    const storage = await memoryWithDirectory()
    const log = await openTestLog(storage, { config: { indexIntervalBytes: 150 } })
    // Batches of 79 bytes: an index entry goes with the first batch behind every 150 bytes.
    const batches = [0, 1, 2, 3].map((i) => appendTo(log, { timestampMs: NOW_MS + i, producerId: 5, producerEpoch: 0, baseSequence: i, transactional: true })) // prettier-ignore
    const marker = endTxnMarker({
      codecs: plainCodecs,
      baseOffset: 4,
      leaderEpoch: 0,
      timestampMs: NOW_MS + 1,
      outcome: 'abort',
      coordinatorEpoch: 0,
      producerId: 5,
      producerEpoch: 0,
    })
    log.append(marker, 0, marker.length)
    await log.close()
    const file = (suffix: string): string => hex(storage.readFile(`data/t-0/00000000000000000000${suffix}`))
    assert.equal(batches[0]!.length, 79)
    assert.equal(file('.log'), hex(Buffer.concat([...batches, marker])))
    assert.equal(file('.index'), fields('00000002 0000009e   00000004 0000013c'))
    assert.equal(file('.timeindex'), fields('0000018bcfe56802 00000002   0000018bcfe56803 00000003'))
    assert.equal(file('.txnindex'), fields('0000 0000000000000005 0000000000000000 0000000000000004 0000000000000005'))
    assert.equal(text(storage.readFile('data/t-0/leader-epoch-checkpoint')), '0\n1\n0 0\n')
    assert.equal(text(storage.readFile('data/t-0/partition.metadata')), 'version: 0\ntopic_id: Ux7eQqSZTRuLXe5QX5ssFA')
    assert.deepEqual(
      storage.list('data/t-0').map((entry) => entry.name),
      [
        '00000000000000000000.index',
        '00000000000000000000.log',
        '00000000000000000000.timeindex',
        '00000000000000000000.txnindex',
        '00000000000000000005.snapshot',
        'leader-epoch-checkpoint',
        'partition.metadata',
      ],
    )
  })

  it('of a log without timestamps have no time index entries', async () => {
    const storage = await memoryWithDirectory()
    const log = await openTestLog(storage, { config: { indexIntervalBytes: 1 } })
    for (let i = 0; i < 4; i++) appendTo(log, { timestampMs: -1 })
    await log.close()
    assert.equal(storage.readFile('data/t-0/00000000000000000000.timeindex').length, 0)
    assert.equal(storage.readFile('data/t-0/00000000000000000000.index').length, 3 * 8)
    assert.equal(batchOf().length > 0, true)
  })
})
