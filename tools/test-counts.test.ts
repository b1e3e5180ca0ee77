/** How counts of several runs add up, and how the last line of CI reads. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { countsFileVariable, countsLine, readCounts, recordCounts, sumCounts } from './test-counts.ts'

test('runs that append to one file are read back in order and add up', () => {
  const directory = mkdtempSync(join(tmpdir(), 'braidlog-counts-'))
  const before = process.env[countsFileVariable]
  try {
    const file = join(directory, 'counts')
    assert.deepEqual(readCounts(file), [], 'nobody has written yet')
    process.env[countsFileVariable] = file
    recordCounts({ name: 'one', passed: 3, failed: 0, skipped: 1 })
    recordCounts({ name: 'two', passed: 4, failed: 2, skipped: 0 })
    const counts = readCounts(file)
    assert.deepEqual(
      counts.map(({ name }) => name),
      ['one', 'two'],
    )
    assert.deepEqual(sumCounts('all', counts), { name: 'all', passed: 7, failed: 2, skipped: 1 })
  } finally {
    if (before === undefined) delete process.env[countsFileVariable]
    else process.env[countsFileVariable] = before
    rmSync(directory, { recursive: true, force: true })
  }
})

test('a summary names skipped tests only where there are some', () => {
  assert.equal(countsLine({ name: 'x', passed: 1, failed: 0, skipped: 0 }), '1 passed, 0 failed')
  assert.equal(countsLine({ name: 'x', passed: 1, failed: 2, skipped: 3 }), '1 passed, 2 failed, 3 skipped')
})
