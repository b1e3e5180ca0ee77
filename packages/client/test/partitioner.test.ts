/** Partitioning as Apache Kafka's Java client does it. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { SeededRandom } from '@braidlog/base'
import { murmur2, partitionOfKey } from '@braidlog/client'
import { RoundRobinPartition, StickyPartition } from '../src/core/partitioner.ts'

const VECTORS: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
]

test('murmur2 gives the hashes that Java gives', () => {
  for (const [text, hash] of VECTORS) assert.equal(murmur2(Buffer.from(text)), hash, text)
})

test('defect 2: keys go where Java puts them, for counts that are no powers of two as well', () => {
  for (const count of [1, 2, 3, 4, 6, 12, 24, 50]) {
    for (const [text, hash] of VECTORS) {
      assert.equal(partitionOfKey(Buffer.from(text), count), (hash & 0x7fffffff) % count, `${text} of ${count}`)
    }
  }
  // A negative hash is masked, not made positive: these differ unless the count is a power of two.
  assert.notEqual((-973932308 & 0x7fffffff) % 3, (-973932308 >>> 0) % 3)
})

test('the sticky partition changes when a batch is full, and leaves a partition without leader', () => {
  const random = new SeededRandom(7)
  const sticky = new StickyPartition()
  const first = sticky.choose(12, [3, 5, 7], random)
  assert.ok([3, 5, 7].includes(first))
  sticky.used(500, 1000)
  assert.equal(sticky.choose(12, [3, 5, 7], random), first)
  sticky.used(500, 1000)
  const seen = new Set<number>()
  for (let i = 0; i < 200; i++) {
    seen.add(sticky.choose(12, [3, 5, 7], random))
    sticky.used(1000, 1000)
  }
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [3, 5, 7],
  )
  const now = sticky.choose(12, [3, 5, 7], random)
  sticky.leave(now)
  assert.notEqual(
    sticky.choose(
      12,
      [3, 5, 7].filter((each) => each !== now),
      random,
    ),
    now,
  )
})

test('round robin takes the available partitions in turn', () => {
  const turns = new RoundRobinPartition(0)
  assert.deepEqual(
    [0, 1, 2, 3].map(() => turns.choose(4, [1, 3])),
    [1, 3, 1, 3],
  )
})
