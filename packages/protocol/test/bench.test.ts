/** The benchmark runs; its figures are for people. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureCodecs } from '../bench/codec.ts'

test('the benchmark measures every contestant of every case', () => {
  const figures = measureCodecs(0.0001)
  assert.ok(figures.length >= 5)
  for (const { name, ...times } of figures) {
    for (const ns of Object.values(times)) assert.ok(Number.isFinite(ns) && ns >= 0, name)
  }
})
