/** Histograms of durations, against the sorted list of all values. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { DurationHistogram } from '@braidlog/base'

it('a quantile is at or above the true one, by at most a quarter', () => {
  const microseconds = fc.oneof(fc.nat(20), fc.nat(5000), fc.nat(2 ** 31 - 1))
  fc.assert(
    fc.property(fc.array(microseconds, { minLength: 1 }), fc.integer({ min: 1, max: 100 }), (values, percent) => {
      const histogram = new DurationHistogram()
      for (const value of values) histogram.record(value / 1000)
      const exact = values.toSorted((a, b) => a - b)[Math.ceil((percent / 100) * values.length) - 1]!
      const quantileUs = Math.round(histogram.quantileMs(percent / 100) * 1000)
      assert(quantileUs >= exact && quantileUs <= exact * 1.25, `${quantileUs} for ${exact}`)
    }),
  )
})

it('counts, adds up and keeps the longest', () => {
  const histogram = new DurationHistogram()
  assert.deepEqual([histogram.count, histogram.sumMs, histogram.maxMs, histogram.quantileMs(0.5)], [0, 0, 0, 0])
  for (const ms of [0.002, 3, 0.002]) histogram.record(ms)
  assert.deepEqual([histogram.count, histogram.sumMs, histogram.maxMs], [3, 3.004, 3])
  assert.deepEqual(
    [...histogram.buckets()].map(({ count }) => count),
    [2, 1],
  )
  histogram.forgetMax()
  histogram.record(1)
  assert.deepEqual([histogram.count, histogram.maxMs], [4, 1])
})

it('takes what is out of range as the nearest that is in it', () => {
  const histogram = new DurationHistogram()
  for (const ms of [-1, 1e12]) histogram.record(ms)
  assert.equal(histogram.count, 2)
  assert.equal(Math.round(histogram.quantileMs(0.5) * 1000), 0)
  assert.equal(Math.round(histogram.quantileMs(1) * 1000), 2 ** 31 - 1)
})
