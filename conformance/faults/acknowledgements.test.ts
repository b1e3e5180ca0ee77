/** Gaps between acknowledgements, where it is easy to be off by one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Acknowledgements } from './acknowledgements.ts'

function at(...timesMs: number[]): Acknowledgements {
  const acknowledgements = new Acknowledgements(1)
  for (const timeMs of timesMs) acknowledgements.note(0, timeMs)
  return acknowledgements
}

test('a gap counts when some part of it lies in the time that is looked at', () => {
  const acknowledgements = at(0, 100, 400, 450, 1_000)
  assert.equal(acknowledgements.longestGapMs(0, 150, 420), 300, 'from the acknowledgement before')
  assert.equal(acknowledgements.longestGapMs(0, 420, 430), 50)
  assert.equal(acknowledgements.longestGapMs(0, 420, 500), 550, 'to the one behind')
  assert.equal(acknowledgements.longestGapMs(0, 0, 100), 100)
})

test('a partition that has not acknowledged anything since is silent, and its gap has no end', () => {
  const acknowledgements = at(0, 100)
  assert.equal(acknowledgements.longestGapMs(0, 50, 200), Infinity)
  assert.deepEqual(acknowledgements.silentSince(100), [0])
  assert.deepEqual(acknowledgements.silentSince(99), [])
})

test('where nothing was acknowledged before, the gap begins with the time that is looked at', () => {
  assert.equal(at(500).longestGapMs(0, 200, 400), 300)
})
