/** Whole clusters, a few seeds of them: that a run is repeatable, and that a short one finds nothing wrong. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { runCluster } from '../src/cluster/run.ts'
import { loadEverything } from '../src/world/load.ts'

describe('a simulated cluster', () => {
  before(loadEverything)

  it('is the same twice under one seed, faults included', async () => {
    const run = () => runCluster({ seed: 7, faultCount: 8, safetyMs: 10_000 })
    const first = await run()
    const second = await run()
    assert.deepEqual(first.failures, [])
    assert.ok(first.faultCount > 0 && first.acknowledgedCount > 0, 'something happened')
    assert.deepEqual([second.traceHash, second.eventCount], [first.traceHash, first.eventCount])
  })

  it('loses nothing and comes back, whatever the seed', async () => {
    for (const seed of [21, 22]) {
      const { failures } = await runCluster({ seed, faultCount: 12, safetyMs: 15_000 })
      assert.deepEqual(failures, [], `seed ${seed}`)
    }
  })
})
