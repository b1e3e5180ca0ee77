/** The bench runs, small. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { benchRecords } from '../bench/records.ts'

test('the bench measures every task', () => {
  let ns = 0
  const result = benchRecords(
    { valueSizeBytes: 10, batchSizeBytes: 500, batchCount: 1, rounds: 1 },
    () => (ns += 1_000),
  )
  assert.equal(Object.keys(result).length, 7)
  for (const [name, perRecord] of Object.entries(result)) assert.ok(perRecord > 0, name)
})
