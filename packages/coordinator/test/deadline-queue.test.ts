/** The queue of deadlines against a map of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DeadlineQueue } from '../src/deadline-queue.ts'

test('deadlines ring in their order, each key at its earliest', () => {
  const step = fc.oneof(
    fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), atMs: fc.nat(50) }),
    fc.record({ forget: fc.constantFrom('a', 'b', 'c', 'd', 'e') }),
    fc.record({ nowMs: fc.nat(50) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new DeadlineQueue()
      const oracle = new Map<string, number>()
      for (const one of steps) {
        if ('key' in one) {
          queue.schedule(one.key, one.atMs)
          oracle.set(one.key, Math.min(oracle.get(one.key) ?? Infinity, one.atMs))
        } else if ('forget' in one) {
          queue.forget(one.forget)
          oracle.delete(one.forget)
        } else {
          for (;;) {
            const nextMs = Math.min(Infinity, ...oracle.values())
            assert.equal(queue.nextMs(), nextMs)
            const key = queue.take(one.nowMs)
            if (key === undefined) {
              assert.ok(nextMs > one.nowMs)
              break
            }
            assert.equal(oracle.get(key), nextMs)
            oracle.delete(key)
          }
        }
      }
    }),
  )
})
