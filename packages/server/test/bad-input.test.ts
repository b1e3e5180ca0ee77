/** What clients must not do: each gets its error, memory stays bounded, and nobody else notices. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '@braidlog/model'
import {
  ApiVersionsRequest,
  ApiVersionsResponse,
  CreatePartitionsRequest,
  CreatePartitionsResponse,
  CreateTopicsRequest,
  CreateTopicsResponse,
  decodeResponse,
  encodeRequest,
  FetchRequest,
  MetadataRequest,
  MetadataResponse,
  ProduceRequest,
} from '@braidlog/protocol'
import { sealBatch, setBatchBaseOffset } from '@braidlog/records'
import { nodeCodecs } from '@braidlog/runtime'
import type { WireClient } from '../../broker/test/wire.ts'
import { batchOf, createTopic, fetch, produce, startNode, type TestNode } from './node.ts'

/** The other client: its produce and fetch go on as if nothing had happened. */
async function undisturbed(node: TestNode): Promise<void> {
  const before = (await fetch(node.client, 'other')).highWatermark
  const { errorCode, baseOffset } = await produce(node.client, 'other', batchOf(['still here']))
  assert.deepEqual([errorCode, baseOffset], [ErrorCode.NONE, before])
}

async function nodeWithBystander(config: Record<string, string | number> = {}): Promise<TestNode> {
  const node = await startNode(config)
  await createTopic(node.client, 'other')
  return node
}

function rawFrame(apiKey: number, apiVersion: number, body: readonly number[] = []): Buffer {
  const frame = Buffer.alloc(14 + body.length)
  frame.writeInt32BE(frame.length - 4, 0)
  frame.writeInt16BE(apiKey, 4)
  frame.writeInt16BE(apiVersion, 6)
  frame.writeInt32BE(99, 8)
  frame.writeInt16BE(-1, 12)
  frame.set(body, 14)
  return frame
}

async function closes(node: TestNode, send: (client: WireClient) => void): Promise<void> {
  const client = await node.connect()
  const refusedBefore = node.server.metrics.connectionsRefused
  send(client)
  await client.untilClosed()
  assert.equal(node.server.metrics.connectionsRefused, refusedBefore + 1)
  assert.equal(node.server.metrics.requestBytesInFlight, 0)
  await undisturbed(node)
}

describe('frames', () => {
  for (const size of [-1, -(2 ** 31), 0, 101 << 20, 2 ** 31 - 1]) {
    it(`of ${size} bytes close the connection`, async () => {
      await using node = await nodeWithBystander()
      await closes(node, (client) => {
        const prefix = Buffer.alloc(4)
        prefix.writeInt32BE(size)
        client.write(prefix)
      })
    })
  }

  it('too short for a header close the connection', async () => {
    await using node = await nodeWithBystander()
    await closes(node, (client) => client.write(Buffer.from([0, 0, 0, 3, 1, 2, 3])))
  })

  it('may be as large as the configuration says and no larger', async () => {
    await using node = await nodeWithBystander({ 'socket.request.max.bytes': 100_000 })
    await closes(node, (client) => {
      const prefix = Buffer.alloc(4)
      prefix.writeInt32BE(100_001)
      client.write(prefix)
    })
  })
})

describe('API keys and versions', () => {
  for (const [what, key, version] of [
    ['an unknown key', 999, 0],
    ['a negative key', -1, 0],
    ['a key that brokers do not serve', 52, 0],
    ['a version that is too new', 3, 99],
    ['a version that is too old', 1, 0],
    ['a negative version', 3, -1],
    ['Produce version 0, although it is advertised', 0, 0],
  ] as const) {
    it(`${what} closes the connection`, async () => {
      await using node = await nodeWithBystander()
      await closes(node, (client) => client.write(rawFrame(key, version)))
    })
  }

  it('an ApiVersions version of the future is answered in version 0 with the range we speak', async () => {
    await using node = await nodeWithBystander()
    const { client } = node
    client.write(rawFrame(18, 77, [1, 2, 3]))
    const frame = await client.frame()
    const { correlationId, body } = decodeResponse(ApiVersionsResponse, 0, frame!)
    assert.equal(correlationId, 99)
    assert.equal(body.errorCode, ErrorCode.UNSUPPORTED_VERSION)
    assert.deepEqual(body.apiKeys, [{ apiKey: 18, minVersion: 0, maxVersion: 4 }])
    const next = await client.call(ApiVersionsRequest, ApiVersionsResponse, 0, {})
    assert.equal(next.errorCode, ErrorCode.NONE)
  })

  it('a nonsensical client software name is refused, and the connection lives', async () => {
    await using node = await nodeWithBystander()
    const body = { clientSoftwareName: '-bad-', clientSoftwareVersion: '1' }
    const response = await node.client.call(ApiVersionsRequest, ApiVersionsResponse, 3, body)
    assert.equal(response.errorCode, ErrorCode.INVALID_REQUEST)
    await undisturbed(node)
  })

  it('malformed bodies close the connection, whatever the API', async () => {
    await using node = await nodeWithBystander()
    for (const [key, version] of [
      [0, 9],
      [1, 12],
      [3, 9],
      [11, 5],
      [19, 5],
    ] as const) {
      await closes(node, (client) =>
        client.write(
          rawFrame(
            key,
            version,
            Array.from({ length: 40 }, () => 0xff),
          ),
        ),
      )
    }
  })
})

describe('record batches', () => {
  const cases: [string, number, (batch: Uint8Array) => Uint8Array | null][] = [
    ['with a corrupt checksum', ErrorCode.CORRUPT_MESSAGE, (batch) => ((batch[batch.length - 1]! ^= 1), batch)],
    ['of magic 1', ErrorCode.INVALID_RECORD, (batch) => ((batch[16] = 1), batch)],
    ['cut short', ErrorCode.CORRUPT_MESSAGE, (batch) => batch.subarray(0, batch.length - 5)],
    ['of no magic at all', ErrorCode.INVALID_RECORD, () => new Uint8Array(100).fill(7)],
    ['that are noise behind a magic of 2', ErrorCode.CORRUPT_MESSAGE, () => new Uint8Array(100).fill(2)],
    ['two in one partition', ErrorCode.INVALID_RECORD, (batch) => Buffer.concat([batch, batch])],
    ['missing', ErrorCode.INVALID_RECORD, () => null],
  ]
  for (const [what, errorCode, damage] of cases) {
    it(`${what} are refused with ${errorCode}, and nothing is stored`, async () => {
      await using node = await nodeWithBystander()
      await createTopic(node.client, 'a')
      const answer = await produce(node.client, 'a', damage(batchOf(['x', 'y'])))
      assert.equal(answer.errorCode, errorCode, answer.errorMessage ?? '')
      assert.equal((await fetch(node.client, 'a')).highWatermark, 0)
      await undisturbed(node)
    })
  }

  it('with an offset delta that contradicts the count are refused', async () => {
    await using node = await nodeWithBystander()
    await createTopic(node.client, 'a')
    const batch = batchOf(['x', 'y'])
    const view = new DataView(batch.buffer, batch.byteOffset)
    setBatchBaseOffset(view, 0, 0)
    view.setInt32(23, 7)
    sealBatch(batch, view, 0, nodeCodecs.crc32c)
    assert.equal((await produce(node.client, 'a', batch)).errorCode, ErrorCode.INVALID_RECORD)
  })

  it('larger than max.message.bytes are refused', async () => {
    await using node = await nodeWithBystander()
    await createTopic(node.client, 'a', { configs: { 'max.message.bytes': '1000' } })
    const answer = await produce(node.client, 'a', batchOf(['x'.repeat(2000)]))
    assert.equal(answer.errorCode, ErrorCode.MESSAGE_TOO_LARGE)
  })

  it('without keys are refused on a compacted topic, naming the records', async () => {
    await using node = await nodeWithBystander()
    await createTopic(node.client, 'a', { configs: { 'cleanup.policy': 'compact' } })
    const answer = await produce(node.client, 'a', batchOf(['x', 'y']))
    assert.equal(answer.errorCode, ErrorCode.INVALID_RECORD)
    assert.deepEqual(
      answer.recordErrors.map((each) => each.batchIndex),
      [0, 1],
    )
  })

  it('acks that do not exist are refused', async () => {
    await using node = await nodeWithBystander()
    const answer = await produce(node.client, 'other', batchOf(['x']), { acks: 2 })
    assert.equal(answer.errorCode, ErrorCode.INVALID_REQUIRED_ACKS)
  })

  it('that fail with acks=0 close the connection; good ones get no answer', async () => {
    await using node = await nodeWithBystander()
    const send = (client: WireClient, topic: string): number =>
      client.send(ProduceRequest, 9, {
        acks: 0,
        timeoutMs: 1000,
        topicData: [{ name: topic, partitionData: [{ index: 0, records: batchOf(['x']) }] }],
      })
    const client = await node.connect()
    send(client, 'other')
    const correlationId = client.send(ApiVersionsRequest, 0, {})
    assert.equal(Buffer.from((await client.frame())!).readInt32BE(0), correlationId)
    client.close()
    await closes(node, (bad) => send(bad, 'there-is-none'))
  })

  it('for internal topics are refused', async () => {
    await using node = await nodeWithBystander()
    await createTopic(node.client, '__consumer_offsets')
    const answer = await produce(node.client, '__consumer_offsets', batchOf(['x']))
    assert.equal(answer.errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION)
  })
})

describe('topics', () => {
  for (const name of ['', '.', '..', 'a/b', 'a b', 'ü', 'x'.repeat(250)]) {
    it(`named ${JSON.stringify(name.slice(0, 20))} are refused by CreateTopics and Metadata alike`, async () => {
      await using node = await nodeWithBystander()
      assert.equal((await createTopic(node.client, name)).errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION)
      const metadata = await node.client.call(MetadataRequest, MetadataResponse, 9, { topics: [{ name }] })
      assert.equal(metadata.topics[0]!.errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION)
      await undisturbed(node)
    })
  }

  it('with absurd numbers of partitions or replicas are refused', async () => {
    await using node = await nodeWithBystander()
    for (const [partitions, errorCode] of [
      [0, ErrorCode.INVALID_PARTITIONS],
      [-5, ErrorCode.INVALID_PARTITIONS],
      [2 ** 31 - 1, ErrorCode.POLICY_VIOLATION],
    ] as const) {
      const answer = await createTopic(node.client, 'a', { partitions })
      assert.equal(answer.errorCode, errorCode, `${partitions} partitions`)
    }
    const replicas = await node.client.call(CreateTopicsRequest, CreateTopicsResponse, 7, {
      topics: [{ name: 'a', numPartitions: 1, replicationFactor: 99 }],
      timeoutMs: 1000,
    })
    assert.equal(replicas.topics[0]!.errorCode, ErrorCode.INVALID_REPLICATION_FACTOR)
    const more = await node.client.call(CreatePartitionsRequest, CreatePartitionsResponse, 3, {
      topics: [{ name: 'other', count: 2 ** 31 - 1, assignments: null }],
      timeoutMs: 1000,
    })
    assert.equal(more.results[0]!.errorCode, ErrorCode.POLICY_VIOLATION)
    await undisturbed(node)
  })
})

describe('slow and silent clients', () => {
  it('one byte at a time is served in the end, and costs nobody else anything', async () => {
    await using node = await nodeWithBystander()
    const slow = await node.connect()
    const frame = Buffer.concat(
      encodeRequest(MetadataRequest, { apiVersion: 9, correlationId: 5, clientId: 'slow' }, { topics: [] }),
    )
    for (let i = 0; i < frame.length; i++) {
      slow.write(frame.subarray(i, i + 1))
      if (i % 8 === 0) await undisturbed(node)
    }
    assert.equal(Buffer.from((await slow.frame())!).readInt32BE(0), 5)
    assert(node.server.metrics.requestBytesInFlight <= 16 << 10)
    slow.close()
  })

  it('a client that never reads its fetches holds a bounded amount of memory', async () => {
    await using node = await nodeWithBystander()
    await createTopic(node.client, 'big')
    for (let i = 0; i < 16; i++) await produce(node.client, 'big', batchOf(['x'.repeat(900_000)]))
    const deaf = await node.connect()
    deaf.socket.pause()
    for (let i = 0; i < 200; i++) {
      deaf.send(FetchRequest, 12, {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 50 << 20,
        topics: [{ topic: 'big', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 50 << 20 }] }],
      })
    }
    for (let i = 0; i < 20; i++) await undisturbed(node)
    const { bytesFetched } = node.server.metrics
    assert(bytesFetched < 64 << 20, `${bytesFetched >> 20} MiB were read for a client that reads nothing`)
    deaf.close()
    await undisturbed(node)
  })

  it('clients that connect and say nothing are closed after connections.max.idle.ms', async () => {
    await using node = await nodeWithBystander({ 'connections.max.idle.ms': 100 })
    const silent = await node.connect()
    await silent.untilClosed()
  })
})
