/** The simulation finds bugs: each of these, planted in the machine or in what performs its effects. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { findSeed, loadMutant, MUTANTS, survives } from './sim/mutants.ts'
import { simulate } from './sim/world.ts'

const SEED_MAX = 2000

test('every planted bug is noticed', async () => {
  for (const mutant of MUTANTS) {
    const Machine = await loadMutant(mutant)
    if (!survives(Machine, mutant.seed)) continue
    const seed = findSeed(Machine, SEED_MAX)
    assert.fail(
      `"${mutant.name}" survives seed ${mutant.seed}; ${seed === undefined ? 'none finds it' : `${seed} finds it`}`,
    )
  }
})

test('an effect that is reported as done and is not, is noticed', () => {
  assert.throws(() => simulate(1, { skip: 'persist' }), /VoteIsDurable/)
  assert.throws(() => simulate(1, { skip: 'flush' }), /MajorityReachedHighWatermark/)
  assert.throws(() => {
    for (let seed = 1; seed <= 20; seed++) simulate(seed, { skip: 'truncate' })
  }, /ConsistentCommittedData|LeaderHasAllCommitted/)
})
