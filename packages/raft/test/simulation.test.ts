/** The machine under hundreds of seeds of bad networks, slow disks, crashes, pauses and changes of voters. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { simulate } from './sim/world.ts'

const SEEDS = 200

test('no seed breaks an invariant, and every quorum goes on when all is well again', () => {
  let faults = 0
  let committed = 0
  let upgraded = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const outcome = simulate(seed)
    faults += outcome.faults
    committed += outcome.committed
    if (outcome.upgraded) upgraded++
  }
  assert.ok(faults > SEEDS * 20, `only ${faults} faults`)
  assert.ok(committed > SEEDS * 50, `only ${committed} offsets committed`)
  assert.ok(upgraded > SEEDS / 10, `only ${upgraded} static quorums have become dynamic ones`)
})

test('a seed gives the same run twice', () => {
  for (let seed = 1; seed <= 10; seed++) assert.deepEqual(simulate(seed), simulate(seed))
  assert.notEqual(simulate(1).hash, simulate(2).hash)
})
