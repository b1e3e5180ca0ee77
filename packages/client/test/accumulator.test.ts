/** The accumulator by itself: its fast way beside its slow one. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { nodeCodecs } from '@braidlog/runtime'
import { ErrorCode } from '@braidlog/model'
import { Accumulator } from '../src/core/accumulator.ts'
import type { ProducerBatch } from '../src/core/producer-batch.ts'
import { KafkaError } from '../src/errors.ts'

interface Sent {
  readonly topic: string
  readonly partition: number
  readonly key: string | null
  readonly value: Uint8Array | string | null
  readonly timestamp: number
}

function options(bufferMemoryBytes: number) {
  return {
    codecs: nodeCodecs,
    lingerMs: 0,
    batchSizeBytes: 256,
    bufferMemoryBytes,
    shareBytes: () => Infinity,
    maxRequestSizeBytes: 1 << 20,
    deliveryTimeoutMs: 1_000,
    idempotence: false,
    compression: 'none',
    compressionLevel: undefined,
    offloadSizeBytes: Infinity,
    backoffMs: () => 0,
    leaderOf: () => 1,
  } as const
}

function newAccumulator(bufferMemoryBytes: number): Accumulator {
  return new Accumulator(options(bufferMemoryBytes))
}

/** Everything that leaves, batch by batch, until nothing is left. */
function drainAll(accumulator: Accumulator): string[] {
  const batches: string[] = []
  for (;;) {
    const { requests } = accumulator.drain(0, { isFree: () => true, take: () => {} }, true)
    if (requests.length === 0) return batches
    for (const request of requests) {
      for (const batch of request.batches) {
        const bytes = Buffer.from(batch.seal(nodeCodecs)).toString('hex')
        batches.push(`${batch.topic}-${batch.partition} ${bytes}`)
        accumulator.acknowledged(batch, 0, -1)
      }
    }
  }
}

test('appending to the open batch is appending, as far as it goes', () => {
  const record = fc.record({
    topic: fc.constantFrom('a', 'b'),
    partition: fc.nat(2),
    key: fc.option(fc.string({ maxLength: 20 })),
    value: fc.option(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 120 }), fc.uint8Array({ maxLength: 300 }))),
    timestamp: fc.nat(2 ** 40),
  })
  fc.assert(
    fc.property(fc.array(record, { maxLength: 60 }), fc.integer({ min: 512, max: 8192 }), (records, memoryBytes) => {
      const fast = newAccumulator(memoryBytes)
      const slow = newAccumulator(memoryBytes)
      const outcomes = { fast: [] as string[], slow: [] as string[] }
      const told = { fast: [] as string[], slow: [] as string[] }
      records.forEach(({ topic, partition, key, value, timestamp }: Sent, tag) => {
        const listener = (list: string[]) => ({
          acknowledged: (...args: unknown[]) => void list.push(args.join(' ')),
          failed: () => assert.fail('nothing fails here'),
        })
        const isOpen = fast.appendOpen(topic, partition, key, value, undefined, timestamp, listener(told.fast), tag)
        outcomes.fast.push(
          isOpen
            ? 'appended'
            : fast.append(topic, partition, key, value, undefined, timestamp, listener(told.fast), tag, 0),
        )
        outcomes.slow.push(slow.append(topic, partition, key, value, undefined, timestamp, listener(told.slow), tag, 0))
        assert.equal(fast.usedBytes, slow.usedBytes)
      })
      assert.deepEqual(outcomes.fast, outcomes.slow)
      assert.deepEqual(drainAll(fast), drainAll(slow))
      assert.deepEqual(told.fast, told.slow)
      assert.equal(fast.usedBytes, 0)
    }),
  )
})

test('the number of a batch that may be in the log is not given to another one', () => {
  const accumulator = new Accumulator({ ...options(1 << 20), idempotence: true })
  accumulator.setIdentity({ id: 7, epoch: 0 })
  const outcomes: string[] = []
  const listener = {
    acknowledged: (tag: number) => void outcomes.push(`${tag} acknowledged`),
    failed: (tag: number) => void outcomes.push(`${tag} failed`),
  }
  const send = (tag: number, nowMs: number) => {
    accumulator.append('a', 0, null, String(tag), undefined, nowMs, listener, tag, nowMs)
    return accumulator.drain(nowMs, { isFree: () => true, take: () => {} }, true).requests[0]!.batches[0]!
  }
  const first = send(1, 0)
  // The connection breaks after the broker has appended it; the next attempt meets a broker that does not lead.
  assert.equal(accumulator.unanswered(first, new KafkaError('CONNECTION_FAILED', 'gone'), 0), true)
  const [again] = accumulator.drain(0, { isFree: () => true, take: () => {} }, true).requests[0]!.batches
  assert.equal(again, first)
  accumulator.expire(1_000)
  assert.equal(accumulator.rejected(first, { code: ErrorCode.NOT_LEADER_OR_FOLLOWER }, 1_000), false)
  const second = send(2, 1_000)
  assert.deepEqual([first.baseSequence, second.baseSequence], [0, 1])
  assert.deepEqual(outcomes, ['1 failed'])
})

test('a leader that no longer leads, or has lost its disk, may have appended the batch before it said so', () => {
  const ignore = { acknowledged: () => {}, failed: () => {} }
  for (const code of [ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.REQUEST_TIMED_OUT]) {
    const accumulator = new Accumulator({ ...options(1 << 20), idempotence: true })
    accumulator.setIdentity({ id: 7, epoch: 0 })
    const send = (nowMs: number) => {
      accumulator.append('a', 0, null, 'v', undefined, nowMs, ignore, 0, nowMs)
      return accumulator.drain(nowMs, { isFree: () => true, take: () => {} }, true).requests[0]!.batches[0]!
    }
    const first = send(0)
    accumulator.expire(1_000)
    assert.equal(accumulator.rejected(first, { code }, 1_000), false)
    assert.deepEqual([code, send(1_000).baseSequence], [code, 1])
  }
})

test('the number of a batch that is certainly not in the log is used again', () => {
  const accumulator = new Accumulator({ ...options(1 << 20), idempotence: true })
  accumulator.setIdentity({ id: 7, epoch: 0 })
  const ignore = { acknowledged: () => {}, failed: () => {} }
  const send = () => {
    accumulator.append('a', 0, null, 'v', undefined, 0, ignore, 0, 0)
    return accumulator.drain(0, { isFree: () => true, take: () => {} }, true).requests[0]!.batches[0]!
  }
  const first = send()
  assert.equal(accumulator.rejected(first, { code: ErrorCode.INVALID_RECORD }, 0), false)
  assert.equal(send().baseSequence, 0)
})

test('bytes that may still wait in a socket are left alone, although a later attempt was acknowledged', () => {
  const accumulator = newAccumulator(1 << 20)
  const slots = { isFree: () => true, take: () => {} }
  const send = (value: string): ProducerBatch => {
    accumulator.append('t', 0, null, value, undefined, 0, undefined, 0, 0)
    return accumulator.drain(0, slots, true).requests[0]!.batches[0]!
  }
  const first = send('first')
  const inSocket = first.seal(nodeCodecs)
  const sent = Buffer.from(inSocket)
  accumulator.unanswered(first, new KafkaError('TIMED_OUT', 'no answer'), 0)
  assert.deepEqual(accumulator.drain(0, slots, true).requests[0]!.batches, [first])
  accumulator.acknowledged(first, 0, -1)
  const second = send('second')
  second.seal(nodeCodecs)
  assert.deepEqual(Buffer.from(inSocket), sent)
})
