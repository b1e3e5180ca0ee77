/** Campaigns: that a seed is the same run on any thread, and that a run that breaks its thread is a finding. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runCampaign } from '../src/campaign/campaign.ts'
import { runCluster, type RunOptions } from '../src/cluster/run.ts'
import { loadEverything } from '../src/world/load.ts'

const short = { faultCount: 4, safetyMs: 4_000 }

it('a seed gives the same trace on any thread', async () => {
  await loadEverything()
  const seeds = [3, 4, 5]
  const traces = new Map<number, string>()
  await runCampaign({
    runs: seeds.map((seed): RunOptions => ({ seed, ...short })).values(),
    workers: 2,
    twice: false,
    onResult: ({ seed, traceHash }) => traces.set(seed, traceHash),
    onFailure: (seed, message) => assert.fail(`seed ${seed}: ${message}`),
  })
  for (const seed of seeds) assert.equal(traces.get(seed), (await runCluster({ seed, ...short })).traceHash)
})

it('a seed that ends its thread is reported, and the next one runs', async () => {
  const broken: number[] = []
  const passed: number[] = []
  await runCampaign({
    // A tempo that does not exist is a programming error, as far as a run can tell.
    runs: [
      { seed: 1, ...short, tempo: 'none' as 'dense' },
      { seed: 2, ...short },
    ].values(),
    workers: 1,
    twice: false,
    onResult: ({ seed }) => passed.push(seed),
    onFailure: (seed) => broken.push(seed),
  })
  assert.deepEqual([broken, passed], [[1], [2]])
})
