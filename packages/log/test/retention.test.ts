/** Rolling, retention, log start offset and the files that deletion leaves behind for a while. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom, type MemoryStorage } from '@braidlog/base'
import { defaultLogConfig, type Log, type LogConfig } from '@braidlog/log'
import { segmentsToDelete, type RetainedSegment } from '../src/retention.ts'
import { appendTo, ManualClock, memoryWithDirectory, NOW_MS, openTestLog } from './support.ts'

const BATCH_SIZE_BYTES = 79
const bases = (log: Log): number[] => log.segments.map((segment) => segment.baseOffset)
const names = (storage: MemoryStorage): string[] =>
  storage.list('data/t-0').map(({ name }) => name.replace(/^0+(?=\d)/, ''))

async function openWith(
  config: Partial<LogConfig>,
  random?: SeededRandom,
): Promise<{ log: Log; storage: MemoryStorage; clock: ManualClock }> {
  const storage = await memoryWithDirectory()
  const clock = new ManualClock()
  const log = await openTestLog(storage, { clock, config, ...(random === undefined ? {} : { random }) })
  return { log, storage, clock }
}

describe('a segment is rolled', () => {
  it('by size, before it would grow beyond segment.bytes', async () => {
    const { log } = await openWith({ segmentBytes: BATCH_SIZE_BYTES * 2 })
    for (let i = 0; i < 5; i++) appendTo(log)
    assert.deepEqual(bases(log), [0, 2, 4])
  })

  it('by the age of its first timestamp, whatever the clock says', async () => {
    const { log } = await openWith({ segmentMs: 1000 })
    appendTo(log, { timestampMs: NOW_MS })
    appendTo(log, { timestampMs: NOW_MS + 1000 })
    appendTo(log, { timestampMs: NOW_MS + 1001 })
    assert.deepEqual(bases(log), [0, 2])
  })

  it('by the clock when its records have no timestamps', async () => {
    const { log, clock } = await openWith({ segmentMs: 1000 })
    appendTo(log, { timestampMs: -1 })
    clock.now += 1001
    appendTo(log, { timestampMs: -1 })
    assert.deepEqual(bases(log), [0, 1])
  })

  it('earlier by a random jitter', async () => {
    const { log } = await openWith({ segmentMs: 1000, segmentJitterMs: 900 }, new SeededRandom(3))
    appendTo(log, { timestampMs: NOW_MS })
    appendTo(log, { timestampMs: NOW_MS + 999 })
    assert.deepEqual(bases(log), [0, 1])
  })

  it('when an index is full', async () => {
    const { log } = await openWith({ indexIntervalBytes: 1, segmentIndexBytes: 36 })
    for (let i = 0; i < 8; i++) appendTo(log, { timestampMs: NOW_MS + i })
    // The time index has room for three entries, the last of which is kept for closing.
    assert.deepEqual(bases(log), [0, 3, 6])
  })

  it('when offsets become too far from its base', async () => {
    const { log } = await openWith({})
    appendTo(log)
    appendTo(log, { baseOffset: 2 ** 31 - 1 })
    appendTo(log, { baseOffset: 2 ** 31 })
    assert.deepEqual(bases(log), [0, 2 ** 31])
    assert.equal(log.read({ offset: 1, maxBytes: 1000 }).baseOffset, 2 ** 31 - 1)
    assert.equal(log.read({ offset: 2 ** 31, maxBytes: 1000 }).baseOffset, 2 ** 31)
  })

  it('by max.compaction.lag.ms where it is compacted', async () => {
    const { log } = await openWith({ cleanupCompact: true, maxCompactionLagMs: 1000 })
    appendTo(log, { timestampMs: NOW_MS })
    appendTo(log, { timestampMs: NOW_MS + 1001 })
    assert.deepEqual(bases(log), [0, 1])
  })
})

describe('segmentsToDelete', () => {
  const segment = (i: number, more: Partial<RetainedSegment> = {}): RetainedSegment => ({
    baseOffset: i * 10,
    sizeBytes: 100,
    maxTimestampMs: i * 1000,
    createdMs: NOW_MS,
    ...more,
  })
  const three = [segment(0), segment(1), segment(2)]
  const state = { nowMs: 10_000, logStartOffset: 0, logEndOffset: 30, highWatermark: 30 }
  const config = { cleanupDelete: true, retentionMs: -1, retentionBytes: -1 }
  const rows = [
    ['nothing without limits', {}, {}, three, 0],
    ['by time', { retentionMs: 8999 }, {}, three, 2],
    ['by time, the active one too', { retentionMs: 0 }, {}, three, 3],
    ['by time, not above the high watermark', { retentionMs: 0 }, { highWatermark: 19 }, three, 1],
    ['by time, never an empty active one', { retentionMs: 0 }, {}, [segment(0), segment(1, { sizeBytes: 0 })], 1],
    ['by time since opening when no record has a timestamp', { retentionMs: 100 }, {}, [segment(0, { maxTimestampMs: -1 }), segment(1)], 0], // prettier-ignore
    ['by size, as long as enough is left', { retentionBytes: 200 }, {}, three, 1],
    ['by size, not below the limit', { retentionBytes: 201 }, {}, three, 0],
    ['by size, all', { retentionBytes: 0 }, {}, three, 3],
    ['below the log start offset', {}, { logStartOffset: 20 }, three, 2],
    ['below the log start offset, whatever the policy', { cleanupDelete: false, retentionMs: 0 }, { logStartOffset: 19 }, three, 1], // prettier-ignore
  ] as const
  for (const [name, changes, stateChanges, segments, count] of rows)
    it(name, () => {
      assert.equal(segmentsToDelete(segments, { ...config, ...changes }, { ...state, ...stateChanges }), count)
    })
})

describe('retention', () => {
  it('deletes old segments, raises the log start, and removes the files after a while', async () => {
    const { log, storage, clock } = await openWith({ segmentBytes: BATCH_SIZE_BYTES * 2, retentionMs: 1000 })
    for (let i = 0; i < 5; i++) appendTo(log, { timestampMs: NOW_MS + i * 500, leaderEpoch: i })
    clock.now = NOW_MS + 2000
    assert.equal(log.deleteOldSegments(5), 1)
    assert.deepEqual([log.logStartOffset, log.logEndOffset], [2, 5])
    assert.equal(log.epochAt(1), -1)
    assert.equal(log.epochAt(2), 2)
    assert.deepEqual(names(storage).filter((name) => name.startsWith('0.')), ['0.index.deleted', '0.log.deleted', '0.timeindex.deleted']) // prettier-ignore
    log.removeDeletedFiles()
    clock.now += defaultLogConfig.fileDeleteDelayMs
    log.removeDeletedFiles()
    assert.deepEqual(names(storage).filter((name) => name.startsWith('0.')), []) // prettier-ignore
  })

  it('replaces the active segment when all is old, and goes on at the same offset', async () => {
    const { log, clock } = await openWith({ retentionMs: 1000 })
    appendTo(log)
    clock.now += 2000
    assert.equal(log.deleteOldSegments(1), 1)
    assert.deepEqual([log.logStartOffset, log.logEndOffset, bases(log)], [1, 1, [1]])
    appendTo(log)
    assert.equal(log.read({ offset: 1, maxBytes: 1000 }).baseOffset, 1)
    assert.equal(log.deleteOldSegments(1), 0)
  })

  it('deletes what DeleteRecords has left behind, and keeps the start offset over a restart', async () => {
    const { log, storage } = await openWith({ segmentBytes: BATCH_SIZE_BYTES * 2 })
    for (let i = 0; i < 6; i++) appendTo(log)
    assert.equal(log.raiseLogStartOffset(3), true)
    assert.equal(log.raiseLogStartOffset(2), false)
    assert.equal(log.deleteOldSegments(6), 1)
    assert.deepEqual(bases(log), [2, 4])
    await log.close()
    const again = await openTestLog(storage, { cleanShutdown: true, logStartOffset: 3 })
    assert.equal(again.logStartOffset, 3)
  })
})
