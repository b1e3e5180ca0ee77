/** The page about failover: runs under the same conditions are one there, others are not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageOf } from './report.ts'
import type { Summary } from './summary.ts'

const run: Summary = {
  name: 'kills',
  against: 'braidlog',
  topology: 'combined',
  timeouts: 'tuned',
  recordsPerSecond: 300,
  date: '2026-01-01',
  machine: 'one',
  version: 'Node.js 24',
  seconds: 10,
  load: 1,
  faultCount: 2,
  failures: [],
  gaps: [{ client: 'braidlog', fault: 'kill', faultCount: 2, gapsMs: [100, 900] }],
  histories: [{ client: 'braidlog', acknowledgedCount: 1000, unknownCount: 0, sendingSeconds: 10, anomalies: {} }],
}

/** The cells of a table's rows, below its head. */
function rowsUnder(heading: string, page: string): string[][] {
  const lines = page.slice(page.indexOf(`## ${heading}\n`)).split('\n')
  const first = lines.findIndex((line) => line.startsWith('|')) + 2
  const count = lines.slice(first).findIndex((line) => !line.startsWith('|'))
  return lines.slice(first, first + count).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

test('runs under the same conditions are one row, with percentiles over the gaps of both', () => {
  const again: Summary = {
    ...run,
    name: 'more kills',
    gaps: [{ client: 'braidlog', fault: 'kill', faultCount: 3, gapsMs: [200, 300, 2_000] }],
  }
  const page = pageOf([run, again])
  assert.deepEqual(rowsUnder('Gaps', page), [
    ['Braidlog', 'tuned', 'combined', '1 × 300', 'ours', '`kill`', '5', '5', '0.30 s', '2.00 s', '2.00 s'],
  ])
  assert.deepEqual(rowsUnder('Histories', page), [
    ['Braidlog', 'tuned', 'combined', '1 × 300', 'ours', '4', '2,000', '100', '0', '0', '0', '0', '0'],
  ])
  assert.match(page, /`kills`, 2026-01-01: 2 faults/)
  assert.match(page, /`more kills`, 2026-01-01: 2 faults/)
})

test('other conditions are other rows: ours first, tuned first, combined first, light loads first', () => {
  const runs: Summary[] = [
    { ...run, timeouts: 'default' },
    { ...run, against: 'kafka' },
    { ...run, topology: 'separate' },
    { ...run, recordsPerSecond: 1_800 },
    run,
  ]
  assert.deepEqual(
    rowsUnder('Gaps', pageOf(runs)).map((row) => row.slice(0, 4).join(' ')),
    [
      'Braidlog tuned combined 1 × 300',
      'Braidlog tuned combined 1 × 1,800',
      'Apache Kafka tuned combined 1 × 300',
      'Braidlog tuned separate 1 × 300',
      'Braidlog default combined 1 × 300',
    ],
  )
})

test('what is wrong is said: anomalies in their columns, failures with the conditions', () => {
  const anomalies = { 'lost-write': 1, unseen: 2, duplicate: 3, 'nonmonotonic-send': 4, 'never-sent': 5 }
  const page = pageOf([
    { ...run, failures: ['7 kill'], histories: [{ ...run.histories[0]!, unknownCount: 9, anomalies }] },
  ])
  assert.deepEqual(rowsUnder('Histories', page)[0]!.slice(-5), ['9', '3', '3', '4', '5'])
  assert.match(page, /failed: 7 kill;/)
})
