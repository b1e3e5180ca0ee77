/** The seeded generator: repeatable, spread over its range, unbiased enough for `below`. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { below, randomBytes, SeededRandom } from '../src/index.ts'

test('the same seed gives the same sequence, another seed another one', () => {
  const draw = (seed: number): number[] => {
    const random = new SeededRandom(seed)
    return Array.from({ length: 100 }, () => random.uint32())
  }
  assert.deepEqual(draw(1), draw(1))
  assert.notDeepEqual(draw(1), draw(2))
})

test('below stays in its bound and reaches every value', () => {
  const random = new SeededRandom(7)
  const seen = Array.from({ length: 10 }, () => 0)
  for (let i = 0; i < 10_000; i++) seen[below(random, 10)]! += 1
  for (const count of seen) assert.ok(count > 800 && count < 1200, `uneven: ${seen.join(' ')}`)
})

test('random bytes use the whole byte range', () => {
  const bytes = randomBytes(new SeededRandom(3), 4096)
  assert.equal(new Set(bytes).size, 256)
})
