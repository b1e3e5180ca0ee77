/** The arithmetic of the measurements, and that a micro-benchmark runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare } from './harness.ts'
import type { Entry } from './history.ts'
import { flameGraph, framesOf, topOf, type CpuProfile } from './flame.ts'
import { judge } from './goals.ts'
import { ratioText, report } from './report.ts'
import { alignedTable } from './markdown.ts'
import { fitCosts, predict } from './model/fit.ts'
import { costsOf } from './model/page.ts'
import {
  checkRuns,
  countsOf,
  fetchCheckRuns,
  fetchCountsOf,
  fetchFitRuns,
  fetchName,
  fitRuns,
  runName,
} from './model/runs.ts'
import { FrameSkimmer } from './replay/skimmer.ts'
import { runScenarios } from './run.ts'
import { microBenches, runMicro } from './scenarios/micro.ts'
import { inRounds, rowsOf, type Scenario } from './samples.ts'
import { median, percentile, threeDigits } from './statistics.ts'
import { values } from './values.ts'

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
  assert.equal(ratioText(row), '4.00 ×')
})

test('a ratio is bold where ours is behind, whichever way better lies', () => {
  const row = (metric: string, ours: number, other: number): string =>
    ratioText({
      case: 'a',
      metric,
      subjects: { braidlog: { median: ours, rounds: [] }, kafka: { median: other, rounds: [] } },
    })
  assert.equal(row('MB/s', 5, 10), '**0.50 ×**')
  assert.equal(row('server CPU s/GB', 5, 10), '0.50 ×')
  assert.equal(row('p99 ms', 20, 10), '**2.00 ×**')
})

test('the page has a table per metric, ours first, and says of a quick run that it is one', () => {
  const goal = { text: 'at least three times', metric: /MB/, bound: { ratio: 3 } }
  const scenario: Scenario = {
    name: 'x',
    title: 'Title',
    about: 'About.',
    durability: 'flush',
    minutes: 1,
    goals: [goal],
    plots: ['MB/s'],
    run: () => Promise.resolve(),
  }
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
  const { text, plots } = report([scenario], new Map([['x', entry]]))
  assert.match(text, /\| \| Braidlog \| Apache Kafka \| ratio \|/)
  assert.match(text, /\| a \| 2\.00 \| 1\.00 \| 2\.00 × \|/)
  assert.match(text, /Durability of both: `flush`/)
  assert.match(text, /quick run/)
  assert.match(text, /\| Title \| at least three times \| \*\*0 of 1\*\* \| 2\.00 × \(a\) \|/)
  assert.match(text, /\(performance\/plot-x-mb-s\.svg\)/)
  const svg = plots.get('plot-x-mb-s.svg')!
  assert.match(svg, /^<svg .*<\/svg>\n$/s)
  assert.equal(svg.match(/<rect /g)?.length, 4) // Two bars, two marks of the legend.
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

test('a goal is an upper bound where less is better, a lower one else, and rows without both sides do not count', () => {
  const rows = rowsOf([
    { case: 'a', subject: 'braidlog', metric: 'MB/s', value: 3 },
    { case: 'a', subject: 'braidlog enqueue', metric: 'MB/s', value: 6 },
    { case: 'a', subject: 'kafka', metric: 'MB/s', value: 2 },
    { case: 'b', subject: 'braidlog', metric: 'MB/s', value: 3 },
    { case: 'a', subject: 'braidlog', metric: 'CPU s', value: 3 },
    { case: 'a', subject: 'kafka', metric: 'CPU s', value: 2 },
  ])
  const of = (metric: RegExp, bound: { ratio: number } | { figure: number }): (number | boolean)[] =>
    judge({ text: '', metric, bound }, rows).rows.flatMap(({ value, isReached }) => [value, isReached])
  assert.deepEqual(of(/MB/, { ratio: 3 }), [3, true])
  assert.deepEqual(of(/MB/, { ratio: 3.1 }), [3, false])
  assert.deepEqual(of(/CPU/, { ratio: 1.4 }), [1.5, false])
  assert.deepEqual(of(/CPU/, { figure: 3 }), [3, true])
})

test('a scenario that fails leaves what it measured, and the next one runs', async () => {
  const finished: string[] = []
  const scenario = (name: string, run: Scenario['run']): Scenario => ({ name, title: name, about: '', minutes: 1, run })
  const failed = await runScenarios(
    [
      scenario('first', async ({ record }) => {
        record({ case: 'a', subject: 'braidlog' }, { ms: 1 })
        return Promise.reject(new Error('broken'))
      }),
      scenario('second', (options) =>
        inRounds(options, async (round) => options.record({ case: 'a', subject: 'braidlog' }, { ms: round })),
      ),
    ],
    {
      quick: true,
      rounds: 3,
      budgetMinutes: undefined,
      keep: false,
      write: () => {},
      finished: ({ name }, rows) => finished.push(`${name} ${rows[0]!.subjects['braidlog']!.rounds.join()}`),
    },
  )
  assert.deepEqual(failed, ['first'])
  assert.deepEqual(finished, ['first 1', 'second 1,2,3'])
})

test('rounds end when another one would not fit, but there is always one', async () => {
  const rounds: number[] = []
  const options = { quick: true, rounds: 5, pace: { leftMs: () => -1 }, say: () => {}, record: () => {} }
  await inRounds(options, async (round) => void rounds.push(round))
  assert.deepEqual(rounds, [1])
})

test('a skimmer finds frames however the bytes are cut, and keeps the beginning of each', () => {
  const frame = (size: number, mark: number): Buffer => {
    const bytes = Buffer.alloc(4 + size, mark)
    bytes.writeInt32BE(size)
    return bytes
  }
  const stream = Buffer.concat([frame(3, 1), frame(2000, 2), frame(0, 3), frame(512, 4)])
  for (const cut of [1, 3, 7, 100, 4096]) {
    const seen: [number, number, number][] = []
    const skimmer = new FrameSkimmer((head, size) => seen.push([size, head.length, head[0] ?? 0]))
    for (let at = 0; at < stream.length; at += cut) {
      const chunk = stream.subarray(at, at + cut)
      skimmer.push(chunk, chunk.length)
    }
    assert.deepEqual(seen, [
      [3, 3, 1],
      [2000, 512, 2],
      [0, 0, 0],
      [512, 512, 4],
    ])
  }
})

test('values are JSON of exactly the size', () => {
  for (const sizeBytes of [100, 1024]) {
    for (const value of values(sizeBytes)) {
      assert.equal(value.length, sizeBytes)
      JSON.parse(value.toString())
    }
  }
})

test('every micro-benchmark runs', async () => {
  let figures = 0
  await runMicro({ rounds: 1, iterations: 1 }, (what, metrics) => {
    figures++
    assert.ok(Number.isFinite(metrics['CPU ns']), what.case)
  })
  assert.ok(figures > microBenches.length)
})

test('a fit finds the costs that made the observations, and none below zero', () => {
  const costs = [7, 1200, 13]
  const counts = [
    [1, 0.0001, 1],
    [1, 0.0001, 0.1],
    [1, 0.016, 0.5],
    [1, 1, 0.05],
    [1, 0.25, 1],
  ]
  const fitted = fitCosts(counts.map((each) => ({ counts: each, measured: predict(costs, each) })))
  for (const [index, cost] of costs.entries()) assert.ok(Math.abs(fitted[index]! - cost) < 1e-6 * cost)
  const falling = fitCosts([
    { counts: [1, 1], measured: 10 },
    { counts: [1, 2], measured: 9 },
  ])
  assert.ok(falling.every((cost) => cost >= 0))
})

test('the scaling page gets its figures from the runs', () => {
  const rows = rowsOf(
    [
      ...[...fitRuns, ...checkRuns].map((run) => [runName(run), predict([10, 1000, 20], countsOf(run))] as const),
      ...[...fetchFitRuns, ...fetchCheckRuns].map(
        (run) => [fetchName(run), predict([20, 200, 5], fetchCountsOf(run))] as const,
      ),
    ].map(([name, value]) => ({ case: name, subject: 'braidlog', metric: 'CPU µs/request', value })),
  )
  const entry = { rows } as unknown as Entry
  const { produce, fetch } = costsOf(entry, 'braidlog')!
  assert.deepEqual([...produce, ...fetch].map(Math.round), [10, 1000, 20, 20, 200, 5])
  assert.equal(costsOf(entry, 'kafka'), undefined)
})

test('a flame graph leaves idle time out and adds up equal callees', () => {
  const callFrame = (functionName: string, url = ''): CpuProfile['nodes'][0]['callFrame'] => ({
    functionName,
    url,
    lineNumber: 4,
  })
  const tree = framesOf(
    {
      nodes: [
        { id: 1, callFrame: callFrame('(root)'), children: [2, 3, 4] },
        { id: 2, callFrame: callFrame('(idle)') },
        { id: 3, callFrame: callFrame('work', 'file:///repo/packages/x.ts'), children: [5] },
        { id: 4, callFrame: callFrame('work', 'file:///repo/packages/x.ts') },
        { id: 5, callFrame: callFrame('crc', 'file:///repo/node_modules/@a/b/c.js') },
      ],
      samples: [2, 3, 4, 5, 5],
      timeDeltas: [9000, 1000, 1000, 1000, 1000],
    },
    '/repo',
  )
  assert.equal(tree.totalMs, 4)
  assert.deepEqual(topOf(tree, 2), [
    { name: 'work', place: 'packages/x.ts:5', share: 0.5 },
    { name: 'crc', place: '@a/b', share: 0.5 },
  ])
  assert.equal(flameGraph(tree, 'A & B').match(/<rect /g)?.length, 3)
})

test('tables stand as the formatter would have them', () => {
  assert.deepEqual(alignedTable(['| a | count |', '|---|---:|', '| longer | 1 |']), [
    '| a      | count |',
    '| ------ | ----: |',
    '| longer |     1 |',
  ])
})
