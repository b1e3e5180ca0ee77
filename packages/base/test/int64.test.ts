/** 64-bit integers as checked numbers, against the engine's own bigint accessors. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { readInt64, writeInt64 } from '../src/index.ts'

test('every safe integer is written and read as bigint accessors do it', () => {
  const view = new DataView(new ArrayBuffer(8))
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      writeInt64(view, 0, value)
      assert.equal(view.getBigInt64(0), BigInt(value))
      assert.equal(readInt64(view, 0), value)
    }),
  )
})

test('a value outside the safe range is read as one that fails the safe-integer check', () => {
  const view = new DataView(new ArrayBuffer(8))
  for (const value of [2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 53n) - 1n]) {
    view.setBigInt64(0, value)
    assert.equal(Number.isSafeInteger(readInt64(view, 0)), false, `${value}`)
  }
})
