/** Produce, Fetch, ListOffsets and DeleteRecords of a whole node, over the wire. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '@braidlog/model'
import {
  DeleteRecordsRequest,
  DeleteRecordsResponse,
  FetchRequest,
  FetchResponse,
  InitProducerIdRequest,
  InitProducerIdResponse,
  ListOffsetsRequest,
  ListOffsetsResponse,
  ProduceRequest,
  ProduceResponse,
} from '@braidlog/protocol'
import { batchOf, createTopic, fetch, produce, recordsOf, startNode } from './node.ts'

describe('produce and fetch', () => {
  it('every version of produce is readable by every version of fetch', async () => {
    await using node = await startNode()
    const { client } = node
    const { topicId } = await createTopic(client, 'a')
    for (let version = 3; version <= 13; version++) {
      const response = await client.call(ProduceRequest, ProduceResponse, version, {
        acks: 1,
        timeoutMs: 1000,
        topicData: [{ name: 'a', topicId, partitionData: [{ index: 0, records: batchOf([`v${version}`]) }] }],
      })
      const partition = response.responses[0]!.partitionResponses[0]!
      assert.deepEqual([partition.errorCode, partition.baseOffset], [ErrorCode.NONE, version - 3])
    }
    for (let version = 4; version <= 18; version++) {
      const response = await client.call(FetchRequest, FetchResponse, version, {
        maxWaitMs: 0,
        minBytes: 1,
        topics: [{ topic: 'a', topicId, partitions: [{ partition: 0, fetchOffset: 4, partitionMaxBytes: 1 << 20 }] }],
      })
      const partition = response.responses[0]!.partitions[0]!
      assert.equal(partition.errorCode, ErrorCode.NONE)
      assert.equal(partition.highWatermark, 11)
      assert.deepEqual(recordsOf(partition.records!)[0], { offset: 4, value: 'v7' })
    }
  })

  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    it(`keeps batches compressed with ${compression} as they came`, async () => {
      await using node = await startNode()
      await createTopic(node.client, 'a')
      await produce(node.client, 'a', batchOf(['x'.repeat(500), 'y'.repeat(500)], { compression }))
      const { values } = await fetch(node.client, 'a')
      assert.deepEqual(
        values.map((record) => record.value?.[0]),
        ['x', 'y'],
      )
    })
  }

  it('a fetch waits for data and is answered as soon as it is there', async () => {
    await using node = await startNode()
    await createTopic(node.client, 'a')
    const consumer = await node.connect()
    const waiting = fetch(consumer, 'a', { maxWaitMs: 30_000 })
    await produce(node.client, 'a', batchOf(['late']))
    assert.deepEqual((await waiting).values, [{ offset: 0, value: 'late' }])
    consumer.close()
  })

  it('a fetch that finds nothing is answered empty when its time is up', async () => {
    await using node = await startNode()
    await createTopic(node.client, 'a')
    const { values, errorCode, highWatermark } = await fetch(node.client, 'a', { maxWaitMs: 30 })
    assert.deepEqual([values, errorCode, highWatermark], [[], ErrorCode.NONE, 0])
  })

  it('returns at least one whole batch, however small the limits', async () => {
    await using node = await startNode()
    await createTopic(node.client, 'a')
    await produce(node.client, 'a', batchOf(['x'.repeat(10_000)]))
    await produce(node.client, 'a', batchOf(['second']))
    const { values } = await fetch(node.client, 'a', { maxBytes: 10 })
    assert.equal(values.length, 1)
    assert.equal(values[0]!.value!.length, 10_000)
  })

  it('an incremental session answers only what changed', async () => {
    await using node = await startNode()
    const { client } = node
    await createTopic(client, 'a', { partitions: 3 })
    await produce(client, 'a', batchOf(['one']), { partition: 1 })
    const ask = (body: object) => client.call(FetchRequest, FetchResponse, 12, { maxWaitMs: 0, minBytes: 0, ...body })
    const partitions = [0, 1, 2].map((partition) => ({ partition, fetchOffset: 0, partitionMaxBytes: 1 << 20 }))
    const full = await ask({ sessionEpoch: 0, topics: [{ topic: 'a', partitions }] })
    assert(full.sessionId > 0)
    assert.equal(full.responses[0]!.partitions.length, 3)
    const advance = [{ topic: 'a', partitions: [{ partition: 1, fetchOffset: 1, partitionMaxBytes: 1 << 20 }] }]
    const idle = await ask({ sessionId: full.sessionId, sessionEpoch: 1, topics: advance })
    assert.deepEqual([idle.errorCode, idle.responses], [ErrorCode.NONE, []])
    await produce(client, 'a', batchOf(['two']), { partition: 2 })
    const news = await ask({ sessionId: full.sessionId, sessionEpoch: 2 })
    assert.deepEqual(
      news.responses.flatMap((topic) => topic.partitions.map((partition) => partition.partitionIndex)),
      [2],
    )
    const wrong = await ask({ sessionId: full.sessionId, sessionEpoch: 9 })
    assert.equal(wrong.errorCode, ErrorCode.INVALID_FETCH_SESSION_EPOCH)
  })

  it('requests in flight are answered in order, with offsets in order', async () => {
    await using node = await startNode()
    const { client } = node
    await createTopic(client, 'a')
    const body = (i: number) => ({
      acks: -1,
      timeoutMs: 5000,
      topicData: [{ name: 'a', partitionData: [{ index: 0, records: batchOf([String(i)]) }] }],
    })
    for (let i = 0; i < 200; i++) client.send(ProduceRequest, 9, body(i))
    for (let i = 0; i < 200; i++) {
      const response = await client.receive(ProduceResponse, 9)
      assert.equal(response.responses[0]!.partitionResponses[0]!.baseOffset, i)
    }
    const { values } = await fetch(client, 'a')
    assert.deepEqual(
      values.map((record) => record.value),
      Array.from({ length: 200 }, (_, i) => String(i)),
    )
  })

  it('requests in flight keep their order through recompression, large and small, in several partitions', async () => {
    await using node = await startNode()
    const { client } = node
    await createTopic(client, 'zipped', { partitions: 2, configs: { 'compression.type': 'gzip' } })
    await createTopic(client, 'plain')
    const value = (i: number): string => `${i} `.repeat(i % 3 === 0 ? 100_000 : 1)
    for (let i = 0; i < 12; i++) {
      const records = batchOf([value(i)], { compression: i % 4 === 1 ? 'gzip' : 'none' })
      client.send(ProduceRequest, 9, {
        acks: -1,
        timeoutMs: 30_000,
        topicData: [
          { name: 'zipped', partitionData: [0, 1].map((index) => ({ index, records })) },
          { name: 'plain', partitionData: [{ index: 0, records }] },
        ],
      })
    }
    for (let i = 0; i < 12; i++) {
      const { responses } = await client.receive(ProduceResponse, 9)
      const partitions = responses.flatMap((topic) => topic.partitionResponses)
      assert.deepEqual(
        partitions.map(({ errorCode, baseOffset }) => [errorCode, baseOffset]),
        [
          [0, i],
          [0, i],
          [0, i],
        ],
      )
    }
    for (const partition of [0, 1]) {
      const { values, records } = await fetch(client, 'zipped', { partition, maxBytes: 1 << 24 })
      assert.deepEqual(
        values.map(({ value: text }) => text),
        Array.from({ length: 12 }, (_, i) => value(i)),
      )
      assert(records!.length < 100_000, 'it is stored compressed')
    }
  })

  it('refuses unknown topics, partitions and ids with the code that each client expects', async () => {
    await using node = await startNode({ 'auto.create.topics.enable': false })
    const { client } = node
    await createTopic(client, 'a')
    assert.equal((await produce(client, 'b', batchOf(['x']))).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert.equal(
      (await produce(client, 'a', batchOf(['x']), { partition: 5 })).errorCode,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    )
    assert.equal((await fetch(client, 'b')).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    const byId = await client.call(ProduceRequest, ProduceResponse, 13, {
      acks: 1,
      timeoutMs: 1000,
      topicData: [{ partitionData: [{ index: 0, records: batchOf(['x']) }] }],
    })
    assert.equal(byId.responses[0]!.partitionResponses[0]!.errorCode, ErrorCode.UNKNOWN_TOPIC_ID)
  })

  it('refuses offsets outside the log', async () => {
    await using node = await startNode()
    await createTopic(node.client, 'a')
    assert.equal((await fetch(node.client, 'a', { offset: 7 })).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
  })

  it('answers duplicates of an idempotent producer with the first offset, and refuses gaps', async () => {
    await using node = await startNode()
    const { client } = node
    await createTopic(client, 'a')
    const { producerId, producerEpoch, errorCode } = await client.call(
      InitProducerIdRequest,
      InitProducerIdResponse,
      4,
      {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
      },
    )
    assert.deepEqual([errorCode, producerEpoch], [ErrorCode.NONE, 0])
    const send = (baseSequence: number) =>
      produce(client, 'a', batchOf(['x', 'y'], { producerId, producerEpoch, baseSequence }))
    assert.equal((await send(0)).baseOffset, 0)
    assert.equal((await send(2)).baseOffset, 2)
    const again = await send(2)
    assert.deepEqual([again.errorCode, again.baseOffset], [ErrorCode.NONE, 2])
    assert.equal((await send(9)).errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
    const other = await client.call(InitProducerIdRequest, InitProducerIdResponse, 4, {
      transactionalId: null,
      transactionTimeoutMs: 60_000,
    })
    assert.notEqual(other.producerId, producerId)
  })
})

describe('ListOffsets and DeleteRecords', () => {
  it('find the ends, timestamps and the maximum', async () => {
    await using node = await startNode()
    const { client } = node
    await createTopic(client, 'a')
    const now = Date.now()
    for (const ago of [3000, 1000, 2000]) await produce(client, 'a', batchOf(['x'], { timestampMs: now - ago }))
    const ask = async (timestamp: number, version = 8) => {
      const response = await client.call(ListOffsetsRequest, ListOffsetsResponse, version, {
        replicaId: -1,
        topics: [{ name: 'a', partitions: [{ partitionIndex: 0, timestamp }] }],
      })
      const { errorCode, offset } = response.topics[0]!.partitions[0]!
      return errorCode === ErrorCode.NONE ? offset : -errorCode * 1000
    }
    assert.equal(await ask(-1), 3)
    assert.equal(await ask(-2), 0)
    assert.equal(await ask(-3), 1)
    assert.equal(await ask(-3, 6), -1000 * ErrorCode.UNSUPPORTED_VERSION)
    assert.equal(await ask(now - 1500), 1)
    assert.equal(await ask(now + 5000), -1)
    for (let version = 1; version <= 11; version++) assert.equal(await ask(-1, version), 3)
  })

  it('deleted records are gone for readers', async () => {
    await using node = await startNode()
    const { client } = node
    await createTopic(client, 'a')
    for (const value of ['a', 'b', 'c']) await produce(client, 'a', batchOf([value]))
    const response = await client.call(DeleteRecordsRequest, DeleteRecordsResponse, 2, {
      topics: [{ name: 'a', partitions: [{ partitionIndex: 0, offset: 2 }] }],
      timeoutMs: 1000,
    })
    const { errorCode, lowWatermark } = response.topics[0]!.partitions[0]!
    assert.deepEqual([errorCode, lowWatermark], [ErrorCode.NONE, 2])
    assert.equal((await fetch(client, 'a', { offset: 0 })).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
    assert.deepEqual((await fetch(client, 'a', { offset: 2 })).values, [{ offset: 2, value: 'c' }])
  })
})
