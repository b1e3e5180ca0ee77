/** When a producer stops waiting for an answer, as a table of moments. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { OpenRequests } from '../src/core/open-requests.ts'

const PATIENCE_MS = 1_000
const led = (leader: number) => (): number => leader
const request = (node: number, sentMs: number, partition = 0) => ({
  node,
  sentMs,
  batches: [{ topic: 't', partition }],
})

test('a request is waited for in peace until its patience is over', () => {
  const open = new OpenRequests(PATIENCE_MS)
  assert.equal(open.nextLookMs, Infinity)
  open.add(request(1, 500))
  assert.equal(open.nextLookMs, 1_500)
  assert.deepEqual(open.look(1_499, led(2)), { isOverdue: false, moved: [] })
})

test('then it is time to ask who leads, again and again, as long as nobody else is known to lead', () => {
  const open = new OpenRequests(PATIENCE_MS)
  open.add(request(1, 0))
  for (const leader of [1, -1, 1]) {
    const nowMs = open.nextLookMs
    assert.ok(open.look(nowMs, led(leader)).isOverdue)
    assert.ok(!open.look(nowMs + 1, led(leader)).isOverdue, 'not twice')
    assert.equal(open.nextLookMs, nowMs + nowMs / 5)
  }
})

test('a request whose partition is led by another broker is given up, once; younger ones are not', () => {
  const open = new OpenRequests(PATIENCE_MS)
  const [old, young] = [request(1, 0), request(1, 900)]
  open.add(old)
  open.add(young)
  assert.deepEqual(open.look(1_000, led(2)).moved, [old])
  assert.deepEqual(open.look(1_100, led(2)).moved, [])
  assert.deepEqual(open.look(1_900, led(2)).moved, [young])
  assert.equal(open.nextLookMs, Infinity)
})

test('one partition that moved is enough: its batch cannot be answered well any more', () => {
  const open = new OpenRequests(PATIENCE_MS)
  const both = { node: 1, sentMs: 0, batches: [0, 1].map((partition) => ({ topic: 't', partition })) }
  open.add(both)
  assert.deepEqual(open.look(1_000, (_topic, partition) => (partition === 1 ? 3 : 1)).moved, [both])
})

test('an answer ends the waiting', () => {
  const open = new OpenRequests(PATIENCE_MS)
  const answered = request(1, 0)
  open.add(answered)
  open.delete(answered)
  assert.equal(open.nextLookMs, Infinity)
  assert.deepEqual(open.look(5_000, led(2)), { isOverdue: false, moved: [] })
})
