/** Values as people write them on a command line. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { parseCount, parseDurationMs, parseInteger } from '../src/command.ts'
import { CliError } from '../src/exit.ts'
import { parseOffsetRange } from '../src/offset-range.ts'
import { parseTarget, selectPartitions } from '../src/reset.ts'
import { formatBytes, formatCount, formatSeconds } from '../src/terminal.ts'
import { parseAssignments, parseConfigs, parseTimestampMs } from '../src/values.ts'

test('numbers and durations', () => {
  assert.equal(parseInteger('1_000'), 1_000)
  assert.throws(() => parseInteger('1.5'))
  assert.throws(() => parseCount('-1'))
  assert.deepEqual(
    ['500', '500ms', '2s', '1.5m', '1h', '7d'].map(parseDurationMs),
    [500, 500, 2_000, 90_000, 3_600_000, 604_800_000],
  )
  assert.throws(() => parseDurationMs('soon'))
})

test('configurations and replica assignments', () => {
  assert.deepEqual(parseConfigs(['a.b=c=d', 'e=']), { 'a.b': 'c=d', e: '' })
  assert.throws(() => parseConfigs(['novalue']), CliError)
  assert.deepEqual(parseAssignments('1:2,2:3'), [
    [1, 2],
    [2, 3],
  ])
  assert.throws(() => parseAssignments('1:x'), CliError)
  assert.throws(() => parseAssignments('1:,2'), CliError)
})

test('moments: milliseconds, ISO dates, and how long ago', () => {
  const now = 1_700_000_000_000
  assert.equal(parseTimestampMs('1700000000000', now), 1_700_000_000_000)
  assert.equal(parseTimestampMs('2026-01-31T12:00:00Z', now), Date.UTC(2026, 0, 31, 12))
  for (const text of ['-1h', '1h', '60m', '3600s']) assert.equal(parseTimestampMs(text, now), now - 3_600_000)
  assert.equal(parseTimestampMs('2w', now), now - 14 * 86_400_000)
  assert.throws(() => parseTimestampMs('yesterday-ish', now), CliError)
})

test('where consuming starts and ends, in the spellings of kcat and rpk', () => {
  const start = (text: string): unknown => parseOffsetRange([text]).start
  assert.deepEqual(start('beginning'), { kind: 'beginning' })
  assert.deepEqual(start('earliest'), { kind: 'beginning' })
  assert.deepEqual(start('end'), { kind: 'end' })
  assert.deepEqual(start('stored'), { kind: 'stored' })
  assert.deepEqual(start('42'), { kind: 'offset', offset: 42n })
  assert.deepEqual(start('-10'), { kind: 'fromEnd', count: 10n })
  assert.deepEqual(parseOffsetRange(['s@1700000000000', 'e@1700000001000']), {
    start: { kind: 'timestamp', timestampMs: 1_700_000_000_000 },
    untilMs: 1_700_000_001_000,
  })
  assert.deepEqual(parseOffsetRange(['@2026-01-31T12:00:00Z:2026-01-31T13:00:00Z']), {
    start: { kind: 'timestamp', timestampMs: Date.UTC(2026, 0, 31, 12) },
    untilMs: Date.UTC(2026, 0, 31, 13),
  })
  assert.equal(parseOffsetRange(['@1700000000000:end']).untilMs, undefined)
  assert.deepEqual(parseOffsetRange(undefined), { start: undefined, untilMs: undefined })
  assert.throws(() => start('somewhere'), CliError)
})

test('where a group is reset to', () => {
  assert.deepEqual(parseTarget('start'), { kind: 'start' })
  assert.deepEqual(parseTarget('latest'), { kind: 'end' })
  assert.deepEqual(parseTarget('@1700000000000'), { kind: 'timestamp', timestampMs: 1_700_000_000_000 })
  assert.deepEqual(parseTarget('+5'), { kind: 'shift', by: 5n })
  assert.deepEqual(parseTarget('-5'), { kind: 'shift', by: -5n })
  assert.deepEqual(parseTarget('5'), { kind: 'offset', offset: 5n })
  assert.deepEqual(parseTarget('group:other'), { kind: 'group', groupId: 'other' })
  assert.deepEqual(parseTarget('file:plan.csv'), { kind: 'file', path: 'plan.csv' })
  assert.throws(() => parseTarget('sideways'), CliError)
})

test('partitions are selected by topic, or by topic and number', () => {
  const selected = selectPartitions(['a', 'b:0,2'])
  assert.equal(selected({ topic: 'a', partition: 7 }), true)
  assert.equal(selected({ topic: 'b', partition: 2 }), true)
  assert.equal(selected({ topic: 'b', partition: 1 }), false)
  assert.equal(selected({ topic: 'c', partition: 0 }), false)
  assert.equal(selectPartitions(undefined)({ topic: 'c', partition: 0 }), true)
  assert.throws(() => selectPartitions(['b:x']), CliError)
})

test('sizes, counts and times are told in round figures', () => {
  assert.deepEqual([0, 1023, 1024, 1_572_864, 2 ** 40].map(formatBytes), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 MiB',
    '1.0 TiB',
  ])
  assert.deepEqual([7, 9_999, 12_345, 2_500_000, 3e9].map(formatCount), ['7', '9999', '12.3 k', '2.50 M', '3.00 G'])
  assert.deepEqual([0.2, 59, 90, 5_400].map(formatSeconds), ['1 s', '59 s', '1 min 30 s', '1 h 30 min'])
})
