/** The bench of the serdes runs, and every contender does its work; what it measures is nobody's business here. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { measure, table } from '../../bench/serdes.ts'

test('every contender encodes and decodes', async () => {
  const timings = await measure({ rounds: 1, calls: 3 })
  for (const format of ['Avro', 'JSON Schema', 'Protobuf']) {
    const names = timings.filter((each) => each.format === format).map(({ contender }) => contender)
    assert.equal(names[0], 'braidlog')
    assert.ok(names.length >= 3, `${format}: ${names.join(', ')}`)
  }
  assert.equal(table(timings).split('\n').length, timings.length + 1)
})
