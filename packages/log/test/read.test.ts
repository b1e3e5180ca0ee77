/** Reading: the tail cache, cold offsets, search by timestamp, leader epochs, and the bounds of what logs share. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LogResources, type BufferOwner, type Log } from '@braidlog/log'
import { LeaderEpochs } from '../src/leader-epochs.ts'
import { appendTo, batchOf, concat, memoryWithDirectory, NOW_MS, openTestLog, readAll, TOPIC_ID } from './support.ts'

/** A buffer whose holders are counted, as the broker's slabs are. */
class CountedOwner implements BufferOwner {
  readonly sizeBytes: number
  holders = 1
  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes
  }
  retain(): void {
    this.holders++
  }
  release(): void {
    this.holders--
  }
}

/** Makes somebody read at the end, without which nothing is kept. */
function follow(log: Log): void {
  log.read({ offset: log.logEndOffset, maxBytes: 1 }).release()
}

describe('the tail cache', () => {
  it('serves readers at the end without touching files, small batches in one piece', async () => {
    const resources = new LogResources()
    const log = await openTestLog(await memoryWithDirectory(), { resources })
    follow(log)
    const batches = [1, 2, 3].map((records) => appendTo(log, { records }))
    resources.files.close(log.segments[0]!.log)
    const before = resources.files.count
    const read = log.read({ offset: 0, maxBytes: 10_000 })
    assert.equal(resources.files.count, before)
    assert.equal(read.chunks.length, 1)
    assert.equal(Buffer.compare(read.toBytes(), concat(batches)), 0)
    assert.equal(Buffer.compare(log.read({ offset: 4, maxBytes: 10_000 }).toBytes(), batches[2]!), 0)
  })

  it('retains the buffer of a large append and lets it go', async () => {
    const resources = new LogResources({ tailCacheSizeBytesMax: 100_000 })
    const log = await openTestLog(await memoryWithDirectory(), { resources })
    follow(log)
    const batch = batchOf({ valueSizeBytes: 50_000 })
    const slab = new Uint8Array([...new Uint8Array(7), ...batch, 9, 9])
    const owner = new CountedOwner(slab.length)
    log.append(slab, 7, 7 + batch.length, owner)
    assert.equal(owner.holders, 2)
    const read = log.read({ offset: 0, maxBytes: 100_000 })
    assert.equal(read.chunks[0]!.buffer, slab.buffer, 'the very bytes')
    assert.equal(owner.holders, 3)
    for (let i = 0; i < 3; i++) appendTo(log, { valueSizeBytes: 40_000 })
    assert.equal(owner.holders, 2, 'dropped by the cache, still held by the reader')
    assert.equal(Buffer.compare(read.toBytes(), batch), 0)
    read.release()
    read.release()
    assert.equal(owner.holders, 1)
  })

  it('keeps to its bound over all logs', async () => {
    const resources = new LogResources({ tailCacheSizeBytesMax: 64 * 1024 })
    const storage = await memoryWithDirectory()
    const logs = await Promise.all(
      [0, 1, 2, 3, 4, 5, 6, 7].map((partition) =>
        openTestLog(storage, { resources, path: `data/t-${partition}`, partition }),
      ),
    )
    for (let round = 0; round < 20; round++)
      for (const log of logs) {
        follow(log)
        appendTo(log, { valueSizeBytes: 1000 })
        assert(resources.tailCache.sizeBytes <= 64 * 1024)
      }
    for (const log of logs) assert.equal(log.logEndOffset, 20)
    for (const log of logs) assert.equal(readAll(log, 0, 5000).length, log.sizeBytes)
  })

  it('gives the same bytes as the files, wherever a reader begins and however much it takes', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.nat(30),
        fc.nat(8000),
        fc.nat(30),
        fc.boolean(),
        async (plan, from, maxBytes, upTo, whole) => {
          const storage = await memoryWithDirectory()
          const cached = await openTestLog(storage, { resources: new LogResources({ tailCacheSizeBytesMax: 40_000 }) })
          const plain = await openTestLog(storage, {
            path: 'data/p-0',
            resources: new LogResources({ tailCacheSizeBytesMax: 0 }),
          })
          follow(cached)
          for (const valueSizeBytes of plan) {
            const batch = appendTo(cached, { valueSizeBytes })
            plain.append(batch, 0, batch.length)
          }
          const options = { offset: Math.min(from, plan.length), maxBytes, upToOffset: upTo, minOneBatch: whole }
          const [a, b, c] = [cached.read(options), plain.read(options), await plain.readCold(options)]
          assert.equal(Buffer.compare(a.toBytes(), b.toBytes()), 0)
          assert.equal(Buffer.compare(c.toBytes(), b.toBytes()), 0)
          assert.deepEqual([a.baseOffset, a.nextOffset], [b.baseOffset, b.nextOffset])
          for (const read of [a, b, c]) read.release()
        },
      ),
      { numRuns: 150 },
    )
  })

  it('keeps nothing while nobody reads', async () => {
    const resources = new LogResources()
    const log = await openTestLog(await memoryWithDirectory(), { resources })
    for (let i = 0; i < 10; i++) appendTo(log)
    assert.equal(resources.tailCache.sizeBytes, 0)
  })
})

describe('a read', () => {
  it('gives one whole batch even above its limit, when asked to', async () => {
    const log = await openTestLog(await memoryWithDirectory())
    appendTo(log, { valueSizeBytes: 100_000 })
    assert.equal(log.read({ offset: 0, maxBytes: 10 }).sizeBytes, 0)
    const read = log.read({ offset: 0, maxBytes: 10, minOneBatch: true })
    assert.equal(read.nextOffset, 1)
    assert.equal(read.sizeBytes > 100_000, true)
  })

  it('starts at the batch that holds the offset, or the first behind a gap', async () => {
    const log = await openTestLog(await memoryWithDirectory(), { config: { segmentBytes: 200 } })
    appendTo(log, { records: 3 })
    appendTo(log, { baseOffset: 10, records: 2 })
    appendTo(log, { baseOffset: 20, records: 2 })
    const start = (offset: number): number | undefined =>
      log.read({ offset, maxBytes: 1, minOneBatch: true }).baseOffset
    assert.deepEqual([0, 2, 3, 11, 12, 21, 22].map(start), [0, 0, 10, 10, 20, 20, undefined])
  })

  it('keeps few files open, however many logs there are', async () => {
    const resources = new LogResources({ openFilesMax: 4, tailCacheSizeBytesMax: 0 })
    const storage = await memoryWithDirectory()
    const logs: Log[] = []
    for (let partition = 0; partition < 12; partition++) {
      const log = await openTestLog(storage, { resources, path: `data/t-${partition}`, partition })
      appendTo(log)
      await log.flush()
      logs.push(log)
    }
    assert(resources.files.count <= 4)
    for (const log of logs) assert.equal(readAll(log).length > 0, true)
    assert(resources.files.count <= 4)
    assert.equal(storage.openFiles, resources.files.count)
    for (const log of logs) await log.close()
    assert.equal(storage.openFiles, 0)
  })
})

describe('a search by timestamp', () => {
  it('finds the first record at or after it, as a scan of all records does', async () => {
    const deltas = fc.array(fc.tuple(fc.integer({ min: -50, max: 100 }), fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 40 }) // prettier-ignore
    await fc.assert(
      fc.asyncProperty(
        deltas,
        fc.integer({ min: -100, max: 3000 }),
        fc.nat(60),
        fc.nat(100),
        fc.constantFrom(1, -1),
        async (plan, target, start, end, step) => {
          const log = await openTestLog(await memoryWithDirectory(), {
            config: { segmentBytes: 400, indexIntervalBytes: 100 },
          })
          const records: { timestampMs: number; offset: number }[] = []
          const ends: number[] = [0]
          let timestampMs = NOW_MS
          for (const [delta, count] of plan) {
            timestampMs += delta
            for (let i = 0; i < count; i++)
              records.push({ timestampMs: timestampMs + i * step, offset: records.length })
            appendTo(log, { records: count, timestampMs, timestampStepMs: step })
            ends.push(records.length)
          }
          // High watermarks stand between batches.
          const upTo = ends[Math.min(end, ends.length - 1)]!
          const logStartOffset = Math.min(start, log.logEndOffset)
          log.raiseLogStartOffset(logStartOffset)
          const readable = records.filter(({ offset }) => offset >= logStartOffset && offset < upTo)
          const expected = readable.find((record) => record.timestampMs >= NOW_MS + target)
          const found = await log.offsetForTimestamp(NOW_MS + target, upTo)
          assert.deepEqual(found, expected && { ...expected, leaderEpoch: 0 })
          const largest = Math.max(...readable.map((record) => record.timestampMs))
          const max = await log.offsetOfMaxTimestamp(upTo)
          assert.deepEqual(max?.offset, readable.find((record) => record.timestampMs === largest)?.offset)
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('leader epochs', () => {
  const epochs = (): LeaderEpochs =>
    new LeaderEpochs([
      { epoch: 2, startOffset: 10 },
      { epoch: 4, startOffset: 20 },
      { epoch: 7, startOffset: 30 },
    ])

  it('answer with the largest epoch that is not above the one asked for', () => {
    const table = [-1, 1, 2, 3, 4, 5, 7, 8].map((epoch) => {
      const { leaderEpoch, endOffset } = epochs().endOffsetFor(epoch, 42)
      return `${epoch}: ${leaderEpoch} ${endOffset}`
    })
    assert.deepEqual(table, ['-1: -1 -1', '1: 1 10', '2: 2 20', '3: 2 20', '4: 4 30', '5: 4 30', '7: 7 42', '8: -1 -1'])
  })

  it('are cut from both ends', () => {
    const cut = epochs()
    assert.equal(cut.truncateFromEnd(30), true)
    assert.equal(cut.truncateFromStart(15), true)
    assert.deepEqual(cut.entries(), [
      { epoch: 2, startOffset: 15 },
      { epoch: 4, startOffset: 20 },
    ])
    assert.equal(cut.truncateFromStart(25), true)
    assert.deepEqual(cut.entries(), [{ epoch: 4, startOffset: 25 }])
    assert.equal(cut.epochAt(24), -1)
  })

  it('forget what contradicts a new one', () => {
    const rewritten = epochs()
    assert.equal(rewritten.assign(7, 35), false, 'known already')
    rewritten.assign(8, 20)
    assert.deepEqual(rewritten.entries(), [
      { epoch: 2, startOffset: 10 },
      { epoch: 8, startOffset: 20 },
    ])
  })

  it('survive a restart, in their file', async () => {
    const storage = await memoryWithDirectory()
    const log = await openTestLog(storage)
    appendTo(log, { leaderEpoch: 1 })
    appendTo(log, { leaderEpoch: 5 })
    await log.close()
    const again = await openTestLog(storage, { cleanShutdown: true, recoveryPoint: 2, topicId: TOPIC_ID })
    assert.deepEqual(again.endOffsetForEpoch(1), { leaderEpoch: 1, endOffset: 1 })
    assert.equal(again.latestEpoch, 5)
  })
})
