/** The hand-written codecs of the hot path against the generated ones, on random values. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { LogRead } from '@braidlog/log'
import { uuidFromBytes, ZERO_UUID, type Uuid } from '@braidlog/model'
import { decodeResponse, FetchResponse, ProduceRequest, ProtocolError, Reader } from '@braidlog/protocol'
import { encodeFetchResponse, type FetchedPartition } from '../src/fetch-response.ts'
import { ProduceReader } from '../src/handlers/00-produce.ts'

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const offset = fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER })
const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => uuidFromBytes(bytes))
const name = fc.string({ minLength: 1, maxLength: 60 })

function readOf(chunks: readonly Uint8Array[]): LogRead {
  const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  return new LogRead({ chunks, owners: [], sizeBytes, baseOffset: undefined, nextOffset: 0 })
}

const fetched: fc.Arbitrary<FetchedPartition> = fc.record({
  topic: fc.constantFrom('a', 'b'),
  topicId: fc.constantFrom(ZERO_UUID, 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid),
  partition: int32,
  result: fc.record({
    errorCode: fc.constantFrom(0 as const, 1 as const, 6 as const),
    highWatermark: offset,
    lastStableOffset: offset,
    logStartOffset: offset,
    records: fc.option(
      fc
        .array(fc.integer({ min: 0, max: 5000 }), { maxLength: 3 })
        .map((sizes) => readOf(sizes.map((size) => new Uint8Array(size).fill(size & 0xff)))),
      { nil: undefined },
    ),
    abortedTransactions: fc.option(fc.array(fc.record({ producerId: offset, firstOffset: offset }), { maxLength: 3 })),
    divergingEpoch: fc.option(fc.record({ leaderEpoch: int32, endOffset: offset }), { nil: undefined }),
  }),
  preferredReadReplica: int32,
  currentLeader: fc.option(fc.record({ leaderId: int32, leaderEpoch: int32 }), { nil: undefined }),
})

/** Without the null prototypes of generated records, which strict comparison would mind. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

it('a fetch response written by hand reads as the generated decoder expects, in every version', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 4, max: 18 }),
      fc.array(fetched, { maxLength: 6 }),
      fc.array(fc.record({ nodeId: int32, host: name, port: int32, rack: fc.option(name) }), { maxLength: 2 }),
      int32,
      (apiVersion, partitions, nodeEndpoints, sessionId) => {
        const frame = Buffer.concat(
          encodeFetchResponse(
            { apiVersion, correlationId: 77 },
            { errorCode: 71, sessionId, partitions, nodeEndpoints },
          ),
        )
        assert.equal(frame.readInt32BE(0), frame.length - 4)
        const { correlationId, body } = decodeResponse(FetchResponse, apiVersion, frame.subarray(4))
        assert.equal(correlationId, 77)
        if (apiVersion >= 7) assert.deepEqual([body.errorCode, body.sessionId], [71, sessionId])
        assert.deepEqual(body.nodeEndpoints, apiVersion >= 16 ? plain(nodeEndpoints) : [])
        const flat = body.responses.flatMap((topic) => topic.partitions.map((partition) => ({ topic, partition })))
        assert.equal(flat.length, partitions.length)
        flat.forEach(({ topic, partition }, i) => {
          const { result, ...sent } = partitions[i]!
          if (apiVersion >= 13) assert.equal(topic.topicId, sent.topicId)
          else assert.equal(topic.topic, sent.topic)
          assert.equal(partition.partitionIndex, sent.partition)
          assert.equal(partition.errorCode, result.errorCode)
          assert.equal(partition.highWatermark, result.highWatermark)
          assert.equal(partition.lastStableOffset, result.lastStableOffset)
          if (apiVersion >= 5) assert.equal(partition.logStartOffset, result.logStartOffset)
          assert.deepEqual(partition.abortedTransactions, plain(result.abortedTransactions))
          assert.equal(partition.preferredReadReplica, apiVersion >= 11 ? sent.preferredReadReplica : -1)
          assert(Buffer.concat(result.records?.chunks ?? []).equals(partition.records!))
          if (apiVersion < 12) return
          const { divergingEpoch: diverging } = result
          assert.deepEqual(partition.divergingEpoch, {
            epoch: diverging?.leaderEpoch ?? -1,
            endOffset: diverging?.endOffset ?? -1,
          })
          assert.deepEqual(partition.currentLeader, plain(sent.currentLeader ?? { leaderId: -1, leaderEpoch: -1 }))
        })
      },
    ),
    { numRuns: 300 },
  )
})

const produceRequest = fc.record({
  transactionalId: fc.option(name),
  acks: fc.integer({ min: -2, max: 2 }),
  timeoutMs: int32,
  topicData: fc.array(
    fc.record({
      name,
      topicId: uuid,
      partitionData: fc.array(fc.record({ index: int32, records: fc.option(fc.uint8Array({ maxLength: 300 })) }), {
        maxLength: 4,
      }),
    }),
    { maxLength: 4 },
  ),
})

it('a produce request read by hand says what the generated decoder says, in every version', () => {
  const hand = new ProduceReader()
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 13 }), produceRequest, (apiVersion, request) => {
      const bytes = ProduceRequest.encode(request, apiVersion)
      const padded = Buffer.concat([Buffer.alloc(5), bytes, Buffer.alloc(3)])
      hand.read(new Reader(padded, 5, 5 + bytes.length), apiVersion)
      const oracle = ProduceRequest.decode(bytes, apiVersion)
      assert.deepEqual(
        [hand.transactionalId, hand.acks, hand.timeoutMs],
        [oracle.transactionalId, oracle.acks, oracle.timeoutMs],
      )
      const flat = oracle.topicData.flatMap((topic) => topic.partitionData.map((data) => ({ topic, data })))
      assert.equal(hand.count, flat.length)
      flat.forEach(({ topic, data }, i) => {
        assert.deepEqual(
          [hand.topics[i], hand.topicIds[i], hand.partitions[i]],
          [topic.name, topic.topicId, data.index],
        )
        assert(padded.subarray(hand.starts[i], hand.ends[i]).equals(data.records ?? new Uint8Array(0)))
      })
    }),
    { numRuns: 300 },
  )
})

it('both read or refuse the same damaged produce requests', () => {
  const hand = new ProduceReader()
  fc.assert(
    fc.property(
      fc.integer({ min: 3, max: 13 }),
      produceRequest,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
      fc.nat(),
      (apiVersion, request, damages, cut) => {
        const bytes = ProduceRequest.encode(request, apiVersion)
        for (const [at, byte] of damages) bytes[at % bytes.length] = byte
        const damaged = bytes.subarray(0, cut % 4 === 0 ? cut % (bytes.length + 1) : bytes.length)
        const refused = (read: () => void): boolean => {
          try {
            read()
            return false
          } catch (error) {
            assert(error instanceof ProtocolError)
            return true
          }
        }
        assert.equal(
          refused(() => hand.read(new Reader(damaged), apiVersion)),
          refused(() => ProduceRequest.read(new Reader(damaged), apiVersion)),
        )
      },
    ),
    { numRuns: 1000 },
  )
})
