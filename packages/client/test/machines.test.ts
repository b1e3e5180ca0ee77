/** The smaller machines by themselves: watermark, fetch sessions, metadata, frames, addresses, properties, serdes. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ZERO_UUID, type Uuid } from '@braidlog/model'
import {
  float32,
  float64,
  fromProperties,
  int16,
  int32,
  int64,
  json,
  type KafkaError,
  string,
  uuid,
  validated,
  type Serde,
} from '@braidlog/client'
import { MetadataResponse } from '@braidlog/protocol'
import { parseAddresses } from '../src/core/addresses.ts'
import { CommitWatermark } from '../src/core/commit-watermark.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../src/core/consumer-protocol.ts'
import { FetchSession, type SessionPartition } from '../src/core/fetch-session.ts'
import { FrameReader } from '../src/core/frame-reader.ts'
import { MetadataCache } from '../src/core/metadata-cache.ts'

test('the watermark is the oldest unfinished record, whatever the order of finishing', () => {
  const steps = fc.array(fc.record({ size: fc.integer({ min: 1, max: 5 }), order: fc.integer() }), {
    minLength: 1,
    maxLength: 12,
  })
  fc.assert(
    fc.property(steps, fc.integer(), (batches, seed) => {
      const watermark = new CommitWatermark(0)
      const open = new Set<number>()
      const tasks: { readonly offset: number; readonly finish: () => void }[] = []
      let end = 0
      for (const { size } of batches) {
        const span = watermark.deliver(end + size, 0)
        let left = size
        for (let i = 0; i < size; i++) {
          const offset = end + i
          const index = span.add(offset)
          open.add(offset)
          const finish = (): void => {
            watermark.finishRecord(span, index)
            if (--left === 0) watermark.finish(span)
          }
          tasks.push({ offset, finish })
        }
        end += size
      }
      tasks.sort((a, b) => ((a.offset * 7919 + seed) % 97) - ((b.offset * 7919 + seed) % 97))
      for (const { offset, finish } of tasks) {
        finish()
        open.delete(offset)
        assert.equal(watermark.committable.offset, open.size === 0 ? end : Math.min(...open))
      }
    }),
    { numRuns: 200 },
  )
})

test('offsets without records are passed once what is before them is done', () => {
  const watermark = new CommitWatermark(5)
  const span = watermark.deliver(8, 1)
  watermark.pass(10, 2)
  assert.equal(watermark.committable.offset, 5)
  watermark.finish(span)
  assert.deepEqual(watermark.committable, { offset: 10, epoch: 2 })
  watermark.restart(3)
  watermark.finish(span)
  assert.equal(watermark.committable.offset, 3)
})

function wanted(partition: number, fetchOffset: number, topicId = ZERO_UUID): SessionPartition {
  return {
    topic: 't',
    topicId,
    partition,
    fetchOffset,
    currentLeaderEpoch: 0,
    lastFetchedEpoch: -1,
    partitionMaxBytes: 1,
  }
}

test('a fetch session sends everything, then changes and leavers, and everything again after an error', () => {
  const session = new FetchSession()
  const partitionsOf = (request: ReturnType<FetchSession['build']>): number[] =>
    request.topics.flatMap((each) => each.partitions.map((p) => p.partition))
  const first = session.build([wanted(0, 0), wanted(1, 0)], true)
  assert.deepEqual([first.sessionId, first.sessionEpoch, partitionsOf(first)], [0, 0, [0, 1]])
  session.answered(0, 9)
  const second = session.build([wanted(1, 5), wanted(2, 0)], true)
  assert.deepEqual([second.sessionId, second.sessionEpoch, partitionsOf(second)], [9, 1, [1, 2]])
  assert.deepEqual(
    second.forgottenTopicsData.map((each) => each.partitions),
    [[0]],
  )
  session.answered(0, 9)
  assert.deepEqual(partitionsOf(session.build([wanted(1, 5), wanted(2, 0)], true)), [])
  assert.equal(session.answered(70, 0), false)
  const again = session.build([wanted(1, 5)], true)
  assert.deepEqual([again.sessionId, again.sessionEpoch, partitionsOf(again)], [0, 0, [1]])
  const old = session.build([wanted(1, 5)], false)
  assert.equal(old.sessionEpoch, -1)
})

test('a topic that was created anew leaves the session under its old id', () => {
  const session = new FetchSession()
  const [a, b] = ['AAAAAAAAAAAAAAAAAAAAAg', 'AAAAAAAAAAAAAAAAAAAAAw'] as Uuid[]
  session.build([wanted(0, 5, a)], true)
  session.answered(0, 9)
  const request = session.build([wanted(0, 0, b)], true)
  assert.deepEqual(
    request.forgottenTopicsData.map((each) => each.topicId),
    [a],
  )
  assert.deepEqual(
    request.topics.map((each) => each.topicId),
    [b],
  )
})

test('metadata: a leader epoch never goes back within the life of a topic', () => {
  const cache = new MetadataCache()
  const answer = (topicId: string, leaderId: number, leaderEpoch: number): MetadataResponse => {
    const partition = { partitionIndex: 0, leaderId, leaderEpoch }
    const body = {
      brokers: [
        { nodeId: 1, host: 'a', port: 1 },
        { nodeId: 2, host: 'b', port: 1 },
      ],
      clusterId: null,
      topics: [{ name: 't', topicId: topicId as Uuid, partitions: [partition] }],
    }
    return MetadataResponse.decode(MetadataResponse.encode(body, 12), 12)
  }
  cache.apply(answer('AAAAAAAAAAAAAAAAAAAAAg', 2, 5), false)
  cache.apply(answer('AAAAAAAAAAAAAAAAAAAAAg', 1, 4), false)
  assert.deepEqual([cache.partition('t', 0)!.leader, cache.partition('t', 0)!.leaderEpoch], [2, 5])
  assert.equal(cache.learnLeader('t', 0, { leaderId: 1, leaderEpoch: 5 }, []), false)
  assert.equal(cache.learnLeader('t', 0, { leaderId: 1, leaderEpoch: 6 }, []), true)
  const change = cache.apply(answer('AAAAAAAAAAAAAAAAAAAAAw', 2, 0), true)
  assert.deepEqual(change.reshaped, ['t'])
  assert.equal(cache.partition('t', 0)!.leaderEpoch, 0)
})

test('frames come out whole however the bytes are cut, and wrong protocols are named', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 4, maxLength: 40 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 50 }),
      (frames, step) => {
        const bytes = Buffer.concat(frames.map((frame) => Buffer.concat([Buffer.from([0, 0, 0, frame.length]), frame])))
        const reader = new FrameReader(1000)
        const seen: Uint8Array[] = []
        for (let at = 0; at < bytes.length; at += step) {
          const chunk = bytes.subarray(at, at + step)
          reader.push(chunk, chunk.length, (frame) => seen.push(frame))
        }
        assert.deepEqual(
          seen.map((each) => Buffer.from(each)),
          frames.map((each) => Buffer.from(each)),
        )
      },
    ),
    { numRuns: 100 },
  )
  const messageOf = (text: string | Buffer): string => {
    try {
      new FrameReader(1000).push(Buffer.from(text), 4, () => {})
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }
  assert.match(messageOf('HTTP'), /HTTP/)
  assert.match(messageOf(Buffer.from([0x15, 3, 3, 0])), /TLS/)
})

test('addresses', () => {
  assert.deepEqual(parseAddresses(['a:1, b', '[::1]:3']), [
    { host: 'a', port: 1 },
    { host: 'b', port: 9092 },
    { host: '::1', port: 3 },
  ])
  for (const wrong of ['', 'a:0', 'a:70000', 'http://a', 'a:b', '::1'])
    assert.equal(typeof parseAddresses([wrong]), 'string', wrong)
})

test('subscriptions and assignments survive their blobs; an empty assignment may be empty bytes', () => {
  const owned = [
    { topic: 'a', partition: 2 },
    { topic: 'a', partition: 3 },
  ]
  const decoded = decodeSubscription(
    encodeSubscription({ topics: ['b', 'a'], owned, generation: 7, userData: Uint8Array.of(1) }),
  )
  assert.deepEqual(
    { ...decoded, userData: [...decoded.userData!] },
    { topics: ['a', 'b'], ownedPartitions: owned, generationId: 7, userData: [1] },
  )
  assert.deepEqual(decodeAssignment(encodeAssignment(owned)), owned)
  assert.deepEqual(decodeAssignment(new Uint8Array(0)), [])
})

test('properties of Java and librdkafka become options; typos and what is not offered are refused by name', () => {
  const options = fromProperties({
    'bootstrap.servers': 'a:1,b:2',
    'linger.ms': 5,
    acks: '1',
    'compression.type': 'zstd',
    'compression.zstd.level': 3,
    'auto.offset.reset': 'by_duration:PT1H',
    'enable.auto.commit': false,
    'partition.assignment.strategy': 'org.apache.kafka.clients.consumer.RangeAssignor,cooperative-sticky',
    'statistics.interval.ms': 0,
  })
  assert.deepEqual(options, {
    client: { bootstrapServers: ['a:1', 'b:2'] },
    producer: { lingerMs: 5, acks: 1, compression: { type: 'zstd', level: 3 } },
    consumer: {
      autoOffsetReset: { durationMs: 3_600_000 },
      commit: 'manual',
      assignors: ['range', 'cooperative-sticky'],
    },
  })
  const messageOf = (key: string, value: string): string => {
    try {
      fromProperties({ [key]: value })
      return 'accepted'
    } catch (error) {
      return `${(error as KafkaError).code}: ${(error as KafkaError).message}`
    }
  }
  assert.match(messageOf('liner.ms', '1'), /^INVALID_OPTION: .*'linger.ms'/)
  assert.match(messageOf('ssl.ca.location', 'x'), /^UNSUPPORTED_OPTION: ssl.ca.location/)
  assert.match(messageOf('security.protocol', 'SASL_SSL'), /^UNSUPPORTED_OPTION/)
  assert.match(messageOf('transactional.id', 'x'), /^UNSUPPORTED_OPTION/)
  assert.match(messageOf('acks', '2'), /^INVALID_OPTION: acks/)
})

test('serdes read what they write, and refuse what does not fit', () => {
  const context = { topic: 't', isKey: false }
  const bytesOf = <T>(serde: Serde<T>, value: T): Uint8Array => {
    const result = serde.serialize(value, context)
    return typeof result === 'string' ? Buffer.from(result) : result
  }
  const same = <T>(serde: Serde<T>, value: T): void =>
    assert.deepEqual(serde.deserialize(bytesOf(serde, value), context), value)
  same(string(), 'é€𝄞')
  same(json<unknown>(), { a: [1, null] })
  same(int16(), -300)
  same(int32(), -(2 ** 31))
  same(int64(), 2n ** 63n - 1n)
  same(float32(), 0.5)
  same(float64(), Math.PI)
  same(uuid(), '123e4567-e89b-12d3-a456-426614174000')
  assert.deepEqual([...bytesOf(int32(), 258)], [0, 0, 1, 2])
  assert.throws(() => bytesOf(int32(), 2 ** 31), { code: 'SERIALIZATION_FAILED' })
  assert.throws(() => int32().deserialize(Uint8Array.of(1), context), { code: 'DESERIALIZATION_FAILED' })
  assert.throws(() => bytesOf(json<unknown>(), undefined), { code: 'SERIALIZATION_FAILED' })
})

test('a Standard Schema validates on the way in and on the way out', () => {
  const positive = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) =>
        typeof value === 'number' && value > 0
          ? { value }
          : { issues: [{ message: 'not positive', path: ['amount'] }] },
    },
  } as const
  const serde = validated<number>(positive)
  const context = { topic: 't', isKey: false }
  assert.equal(serde.serialize(5, context), '5')
  assert.equal(serde.deserialize(Buffer.from('7'), context), 7)
  assert.throws(() => serde.serialize(-1, context), { code: 'SERIALIZATION_FAILED', message: 'amount: not positive' })
  assert.throws(() => serde.deserialize(Buffer.from('-1'), context), { code: 'DESERIALIZATION_FAILED' })
})
