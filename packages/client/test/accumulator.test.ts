/** The accumulator by itself: its fast way beside its slow one. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { nodeCodecs } from '@braidlog/runtime'
import { Accumulator } from '../src/core/accumulator.ts'

interface Sent {
  readonly topic: string
  readonly partition: number
  readonly key: string | null
  readonly value: Uint8Array | string | null
  readonly timestamp: number
}

function newAccumulator(bufferMemoryBytes: number): Accumulator {
  return new Accumulator({
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
    backoffMs: () => 0,
    leaderOf: () => 1,
  })
}

/** Everything that leaves, batch by batch, until nothing is left. */
function drainAll(accumulator: Accumulator): string[] {
  const batches: string[] = []
  for (;;) {
    const { requests } = accumulator.drain(0, () => true, true)
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
