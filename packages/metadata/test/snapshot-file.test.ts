/** Snapshot files: names, contents, and what a crash leaves. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { MemoryStorage } from '@braidlog/base'
import { plainCodecs as codecs } from '@braidlog/records'
import fc from 'fast-check'
import {
  DeltaBuilder,
  listSnapshots,
  MetadataImage,
  metadataRecord,
  parseSnapshotFileName,
  readSnapshot,
  removeUnfinishedSnapshots,
  snapshotFileName,
  writeSnapshot,
} from '../src/index.ts'
import { randomHistory } from './random-history.ts'

const id = { endOffset: 25, epoch: 3 }

test('names carry end offset and epoch, and nothing else is a snapshot', () => {
  assert.equal(snapshotFileName(id), '00000000000000000025-0000000003.checkpoint')
  assert.deepEqual(parseSnapshotFileName(snapshotFileName(id)), id)
  for (const name of [`${snapshotFileName(id)}.part`, `${snapshotFileName(id)}.deleted`, '25-3.checkpoint', 'x']) {
    assert.equal(parseSnapshotFileName(name), undefined)
  }
})

test('an image written as a snapshot and read back is the same image', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 200 }), async (seed, count) => {
      const storage = new MemoryStorage()
      storage.makeDirectory('log')
      const image = new MetadataImage()
      for (const record of randomHistory(seed, count)) image.apply(record, new DeltaBuilder())
      const contents = { lastContainedLogTimestampMs: 77, records: image.records() }
      const sizeBytes = await writeSnapshot(storage, 'log', id, contents, { codecs, nowMs: 88 })
      const loaded = readSnapshot(storage, 'log', id, codecs)
      assert.equal(loaded.sizeBytes, sizeBytes)
      assert.equal(loaded.lastContainedLogTimestampMs, 77)
      const copy = new MetadataImage()
      for (const record of loaded.records) copy.apply(record, new DeltaBuilder())
      assert.deepEqual([...copy.records()], [...image.records()])
    }),
    { numRuns: 25 },
  )
})

test('a snapshot larger than a batch spills into the next batches', async () => {
  const storage = new MemoryStorage()
  storage.makeDirectory('log')
  const value = 'x'.repeat(30_000)
  const records = Array.from({ length: 300 }, (_, index) => metadataRecord('Config', { name: `key-${index}`, value }))
  await writeSnapshot(storage, 'log', id, { lastContainedLogTimestampMs: 0, records }, { codecs, nowMs: 0 })
  assert.deepEqual(readSnapshot(storage, 'log', id, codecs).records, records)
})

test('a snapshot that was being written at a crash does not count, and is cleared away', async () => {
  const storage = new MemoryStorage()
  storage.makeDirectory('log')
  storage.open(`log/${snapshotFileName(id)}.part`, { create: true }).close()
  assert.deepEqual(listSnapshots(storage, 'log'), [])
  removeUnfinishedSnapshots(storage, 'log')
  assert.deepEqual(storage.list('log'), [])
})

test('a file without header or footer is corrupt', async () => {
  const storage = new MemoryStorage()
  storage.makeDirectory('log')
  await writeSnapshot(storage, 'log', id, { lastContainedLogTimestampMs: 0, records: [] }, { codecs, nowMs: 0 })
  const path = `log/${snapshotFileName(id)}`
  const bytes = storage.readFile(path)
  for (const [start, end] of [
    [0, 83],
    [83, bytes.length],
    [0, bytes.length - 1],
  ]) {
    await storage.writeFileAtomic(path, bytes.slice(start, end))
    assert.throws(() => readSnapshot(storage, 'log', id, codecs), { code: 'CORRUPT' })
  }
})
