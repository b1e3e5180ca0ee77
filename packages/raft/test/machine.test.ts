/** The machine alone: given these inputs, then these effects, in this order. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { AssertionError } from '@braidlog/base'
import { ZERO_UUID, type Uuid } from '@braidlog/model'
import fc from 'fast-check'
import { RaftMachine, UNATTACHED, type RaftEffect, type RaftInput } from '../src/index.ts'

const directoryId = 'IO_plDfRSbqgxBJYiCvQ4Q' as Uuid

function machine() {
  const raft = new RaftMachine({ nodeId: 1, directoryId })
  const step = (input: RaftInput): RaftEffect[] => {
    const out: RaftEffect[] = []
    raft.step(input, out)
    raft.invariants()
    return out
  }
  return { raft, step }
}

const start: RaftInput = { type: 'start', election: { ...UNATTACHED, leaderEpoch: 4 }, lastEpoch: 4, endOffset: 10 }

test('a lone voter votes for itself, then leads, and only then begins its epoch', () => {
  const { raft, step } = machine()
  assert.deepEqual(step(start), [
    { type: 'persist', election: { leaderEpoch: 5, leaderId: -1, votedId: 1, votedDirectoryId: directoryId } },
  ])
  assert.equal(raft.role, 'candidate')
  assert.deepEqual(step({ type: 'persisted' }), [
    { type: 'persist', election: { leaderEpoch: 5, leaderId: 1, votedId: -1, votedDirectoryId: ZERO_UUID } },
    { type: 'begin-epoch', epoch: 5 },
  ])
  assert.deepEqual(step({ type: 'persisted' }), [], 'that leadership is durable changes nothing more')
  assert.equal(raft.role, 'leader')
})

test('the epoch is above everything that was ever seen, in the vote as in the log', () => {
  for (const [voted, logged, epoch] of [
    [0, 0, 1],
    [7, 3, 8],
    [3, 7, 8],
  ] as const) {
    const { raft, step } = machine()
    step({ type: 'start', election: { ...UNATTACHED, leaderEpoch: voted }, lastEpoch: logged, endOffset: 0 })
    assert.equal(raft.epoch, epoch)
  }
})

test('nothing of an older epoch is committed before the new epoch has begun durably (Raft 5.4.2)', () => {
  const { raft, step } = machine()
  step(start)
  step({ type: 'persisted' })
  assert.deepEqual(step({ type: 'flushed', endOffset: 10 }), [])
  assert.equal(raft.highWatermark, 0)
  assert.deepEqual(step({ type: 'appended', endOffset: 11 }), [{ type: 'flush' }])
  assert.deepEqual(step({ type: 'flushed', endOffset: 11 }), [{ type: 'high-watermark', offset: 11 }])
})

test('a resigned leader commits nothing more', () => {
  const { raft, step } = machine()
  step(start)
  step({ type: 'persisted' })
  step({ type: 'appended', endOffset: 11 })
  step({ type: 'resign' })
  assert.deepEqual(step({ type: 'flushed', endOffset: 11 }), [])
  assert.equal(raft.role, 'resigned')
  assert.throws(() => step({ type: 'appended', endOffset: 12 }), AssertionError)
})

test('however appends and flushes interleave, the high watermark only grows and never passes what is durable', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ grow: fc.integer({ min: 1, max: 9 }), flush: fc.boolean() })), (moves) => {
      const { raft, step } = machine()
      step({ type: 'start', election: UNATTACHED, lastEpoch: 0, endOffset: 0 })
      step({ type: 'persisted' })
      let end = 0
      let before = 0
      for (const { grow, flush } of moves) {
        step({ type: 'appended', endOffset: (end += grow) })
        if (flush) step({ type: 'flushed', endOffset: end })
        assert.ok(raft.highWatermark >= before)
        before = raft.highWatermark
        if (flush) assert.equal(before, end)
      }
    }),
  )
})
