/** Which snapshots may go. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { snapshotsToDelete, type StoredSnapshot } from '../src/index.ts'

const snapshot = (endOffset: number, timestampMs: number, sizeBytes = 10): StoredSnapshot => ({
  id: { endOffset, epoch: 1 },
  sizeBytes,
  timestampMs,
})
const three = [snapshot(10, 100), snapshot(20, 200), snapshot(30, 300)]
const ends = (doomed: readonly StoredSnapshot[]) => doomed.map((each) => each.id.endOffset)

test('by size: the oldest go until log and snapshots fit, the newest stays', () => {
  const limit = (retentionBytes: number) =>
    ends(snapshotsToDelete(three, 100, 300, { retentionBytes, retentionMs: -1 }))
  assert.deepEqual(limit(130), [])
  assert.deepEqual(limit(129), [10])
  assert.deepEqual(limit(119), [10, 20])
  assert.deepEqual(limit(0), [10, 20])
})

test('by age: those older than the limit go, the newest stays', () => {
  const at = (nowMs: number) => ends(snapshotsToDelete(three, 0, nowMs, { retentionBytes: -1, retentionMs: 50 }))
  assert.deepEqual(at(150), [])
  assert.deepEqual(at(151), [10])
  assert.deepEqual(at(10_000), [10, 20])
})

test('without limits, or with one snapshot, nothing goes', () => {
  assert.deepEqual(snapshotsToDelete(three, 100, 10_000, { retentionBytes: -1, retentionMs: -1 }), [])
  assert.deepEqual(snapshotsToDelete([snapshot(10, 0)], 100, 10_000, { retentionBytes: 0, retentionMs: 0 }), [])
})
