/** The arithmetic of the measurements, and that a micro-benchmark runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare } from './harness.ts'
import type { Entry } from './history.ts'
import { ratio, report } from './report.ts'
import { rowsOf, type Scenario } from './samples.ts'
import { median, percentile, threeDigits } from './statistics.ts'

test('the median of an even number of rounds lies between the two in the middle', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.ok(Number.isNaN(median([])))
})

test('a percentile is a value that was measured, the smallest that enough are not above', () => {
  const sorted = Array.from({ length: 1000 }, (_, index) => index + 1)
  assert.deepEqual(
    [percentile(sorted, 0.5), percentile(sorted, 0.99), percentile(sorted, 0.999), percentile(sorted, 1)],
    [500, 990, 999, 1000],
  )
  assert.equal(percentile([7], 0.001), 7)
})

test('figures show the digits that matter', () => {
  assert.deepEqual([0.01234, 0.1234, 1.234, 12.34, 1234.5, 0, NaN].map(threeDigits), [
    '0.012',
    '0.12',
    '1.23',
    '12.3',
    '1,235',
    '0.00',
    '–',
  ])
})

test('rounds become one row per case and metric, with a median per subject', () => {
  const of = (subject: string, value: number): { case: string; metric: string; subject: string; value: number } => ({
    case: 'a',
    metric: 'MB/s',
    subject,
    value,
  })
  const [row] = rowsOf([of('braidlog', 10), of('kafka', 5), of('braidlog', 30), of('braidlog', 20)])
  assert.deepEqual(row?.subjects['braidlog'], { median: 20, rounds: [10, 30, 20] })
  assert.equal(ratio(row), '4.00 ×')
})

test('a ratio is bold where ours is behind, whichever way better lies', () => {
  const row = (metric: string, ours: number, other: number): string =>
    ratio({
      case: 'a',
      metric,
      subjects: { braidlog: { median: ours, rounds: [] }, kafka: { median: other, rounds: [] } },
    })
  assert.equal(row('MB/s', 5, 10), '**0.50 ×**')
  assert.equal(row('server CPU s/GB', 5, 10), '0.50 ×')
  assert.equal(row('p99 ms', 20, 10), '**2.00 ×**')
})

test('the page has a table per metric, ours first, and says of a quick run that it is one', () => {
  const scenario: Scenario = { name: 'x', title: 'Title', about: 'About.', run: () => Promise.resolve([]) }
  const rows = rowsOf([
    { case: 'a', subject: 'kafka', metric: 'MB/s', value: 1 },
    { case: 'a', subject: 'braidlog', metric: 'MB/s', value: 2 },
  ])
  const entry: Entry = {
    date: '2026-01-02T03:04:05Z',
    commit: 'abc',
    scenario: 'x',
    quick: true,
    rounds: 1,
    machine: 'm',
    node: '24',
    kafka: '4.3',
    rows,
  }
  const page = report([scenario], new Map([['x', entry]]))
  assert.match(page, /\| \| Braidlog \| Apache Kafka \| ratio \|/)
  assert.match(page, /\| a \| 2\.00 \| 1\.00 \| 2\.00 × \|/)
  assert.match(page, /quick run/)
})

test('variants of a micro-benchmark are measured with the same number of iterations', () => {
  let calls = 0
  const measured = compare({ one: () => ++calls, two: () => 0 }, { rounds: 3, iterations: 10 })
  assert.equal(calls, 30)
  assert.deepEqual(
    measured.map(({ name, iterations }) => [name, iterations]),
    [
      ['one', 10],
      ['two', 10],
    ],
  )
})
