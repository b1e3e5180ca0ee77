/** Large appends on their way to the page cache: order, what may be read meanwhile, failures, bounds, memory. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { MemoryStorage } from '@braidlog/base'
import { LogResources, type Log, type LogConfig, type LogResourceLimits } from '@braidlog/log'
import { batchOf, concat, memoryWithDirectory, openTestLog, readAll, TestOwner, type BatchOptions } from './support.ts'

const FILE = 'data/t-0/00000000000000000000.log'

/** A log over held writes, and everything that was appended to it. */
class Bench {
  readonly storage: MemoryStorage
  readonly resources: LogResources
  readonly log: Log
  readonly batches: Uint8Array[] = []
  readonly owners: TestOwner[] = []
  /** What the listener was told. */
  readonly written: number[] = []
  readonly offline: Error[] = []

  private constructor(storage: MemoryStorage, resources: LogResources, log: Log) {
    this.storage = storage
    this.resources = resources
    this.log = log
  }

  static async open(
    limits: Partial<LogResourceLimits> = {},
    config: Partial<LogConfig> = {},
    storage?: MemoryStorage,
  ): Promise<Bench> {
    storage ??= await memoryWithDirectory()
    const resources = new LogResources({ queuedWriteSizeBytesMin: 1000, tailCacheSizeBytesMax: 0, ...limits })
    const offline: Error[] = []
    const log = await openTestLog(storage, { resources, config, onOffline: (_log, error) => offline.push(error) })
    const bench = new Bench(storage, resources, log)
    log.writeLargeLater((sizeBytes) => {
      bench.written.push(sizeBytes)
      bench.offline.push(...offline.splice(0))
    })
    storage.holdWrites()
    return bench
  }

  append(options: BatchOptions, owned = true): Uint8Array {
    const batch = batchOf({ baseOffset: this.log.logEndOffset, ...options })
    const owner = new TestOwner(batch.length)
    this.log.append(batch, 0, batch.length, owned ? owner : undefined)
    this.batches.push(batch)
    this.owners.push(owner)
    return batch
  }

  large(): Uint8Array {
    return this.append({ valueSizeBytes: 2000 })
  }

  async release(count?: number): Promise<void> {
    this.storage.releaseWrites(count)
    await setImmediate()
  }

  readWritten(): Uint8Array {
    return readAll(this.log, 0, 1 << 20, this.log.writtenOffset)
  }

  assertNothingHeld(): void {
    assert.deepEqual(new Set(this.owners.map((owner) => owner.holders)), new Set([1]))
    assert.equal(this.resources.writeSlots.sizeBytes, 0)
  }
}

describe('large appends', () => {
  it('are in the file only once their write has ended, and what follows waits behind them', async () => {
    const bench = await Bench.open()
    const { log } = bench
    const small = bench.append({})
    const large = bench.large()
    const behind = bench.append({}, false)
    assert.deepEqual([log.writtenOffset, log.logEndOffset], [1, 3])
    assert.equal(log.unwrittenSizeBytes, large.length + behind.length)
    assert.deepEqual(bench.readWritten(), small)
    await bench.release(1)
    assert.deepEqual([log.writtenOffset, log.logEndOffset], [2, 3])
    assert.deepEqual(bench.readWritten(), concat([small, large]))
    await bench.release(1)
    assert.deepEqual([log.writtenOffset, log.logEndOffset], [3, 3])
    assert.deepEqual(bench.readWritten(), concat(bench.batches))
    assert.deepEqual(bench.written, [large.length, behind.length])
    bench.assertNothingHeld()
  })

  it('gather behind a write that is under way, and are written together', async () => {
    const bench = await Bench.open()
    for (let i = 0; i < 4; i++) bench.large()
    await bench.release(1)
    await bench.release(1)
    assert.equal(bench.log.writtenOffset, 4)
    assert.equal(bench.written.length, 2)
    assert.deepEqual(bench.readWritten(), concat(bench.batches))
  })

  it('are read neither from a file nor searched for before they are written', async () => {
    const bench = await Bench.open()
    const { log } = bench
    bench.append({ timestampMs: 1000 })
    bench.append({ valueSizeBytes: 2000, timestampMs: 2000 })
    assert.equal(log.read({ offset: 1, maxBytes: 1 << 20, minOneBatch: true }).sizeBytes, 0)
    assert.equal((await log.readCold({ offset: 1, maxBytes: 1 << 20, minOneBatch: true })).sizeBytes, 0)
    assert.equal(await log.offsetForTimestamp(2000, log.logEndOffset), undefined)
    assert.equal((await log.offsetOfMaxTimestamp(log.logEndOffset))?.offset, 0)
    await bench.release()
    assert.equal((await log.offsetForTimestamp(2000, log.logEndOffset))?.offset, 1)
    assert.equal((await log.offsetOfMaxTimestamp(log.logEndOffset))?.offset, 1)
  })

  it('are copied where nobody owns their bytes', async () => {
    const bench = await Bench.open()
    const batch = batchOf({ valueSizeBytes: 2000 })
    const bytes = batch.slice()
    bench.log.append(bytes, 0, bytes.length)
    bytes.fill(0)
    await bench.release()
    assert.deepEqual(bench.readWritten(), batch)
    assert.equal(bench.resources.writeSlots.sizeBytes, 0)
  })

  it('are written at once while nobody has said that they may wait', async () => {
    const bench = await Bench.open()
    const plain = await openTestLog(bench.storage, { path: 'data/t-1', resources: bench.resources })
    const batch = batchOf({ valueSizeBytes: 2000 })
    plain.append(batch, 0, batch.length, new TestOwner(batch.length))
    assert.deepEqual(readAll(plain), batch)
  })

  it('are covered by a sync that began after them', async () => {
    const bench = await Bench.open()
    bench.large()
    const flushing = bench.log.flush()
    await setImmediate()
    assert.deepEqual([bench.log.durableOffset, bench.storage.syncs], [0, 0])
    bench.large()
    await bench.release(1)
    await flushing
    assert.equal(bench.log.durableOffset, 1)
    await bench.release()
    await bench.log.flush()
    assert.equal(bench.log.durableOffset, 2)
    bench.storage.crash()
    const again = await openTestLog(bench.storage)
    assert.deepEqual(readAll(again), concat(bench.batches))
  })

  it('take the log offline when their write fails, with all that waits behind them', async () => {
    const bench = await Bench.open()
    bench.large()
    const flushing = assert.rejects(bench.log.flush(), { code: 'LOG_OFFLINE' })
    bench.append({}, false)
    bench.storage.failNextWrite('ENOSPC')
    await bench.release(1)
    await flushing
    assert.equal((bench.log.offline as { code?: string }).code, 'ENOSPC')
    assert.equal(bench.offline.length, 1, 'the listener is told when the log is offline')
    assert.throws(() => bench.append({}), { code: 'LOG_OFFLINE' })
    await bench.release()
    bench.owners.pop()
    bench.assertNothingHeld()
    assert(bench.storage.readFile(FILE).length < bench.batches[0]!.length, 'nothing is written behind a hole')
  })

  it('never fail inside the append that begins the write', async () => {
    const bench = await Bench.open()
    bench.storage.releaseWrites()
    bench.storage.failNextWrite()
    bench.large()
    assert.equal(bench.log.offline, undefined)
    await setImmediate()
    assert.notEqual(bench.log.offline, undefined)
  })

  it('go on in the old segment while the next one has begun', async () => {
    const bench = await Bench.open({}, { segmentBytes: 3000 })
    for (let i = 0; i < 3; i++) bench.large()
    assert.equal(bench.log.segments.length, 3)
    assert.equal(bench.log.writtenOffset, 0)
    await bench.release(1)
    assert.equal(bench.log.writtenOffset, 1)
    await bench.release()
    assert.deepEqual(bench.readWritten(), concat(bench.batches))
    assert.equal(bench.log.writtenOffset, 3)
  })

  it('leave a log that can be recovered when the process dies in between', async () => {
    const bench = await Bench.open({}, { segmentBytes: 3000 })
    bench.append({ valueSizeBytes: 800 })
    for (let i = 0; i < 3; i++) bench.large()
    await bench.release(1)
    bench.storage.abandonHandles()
    const again = await openTestLog(bench.storage, { config: { segmentBytes: 3000 } })
    assert.deepEqual(readAll(again), concat(bench.batches.slice(0, 2)))
    assert.equal(again.logEndOffset, 2)
  })

  it('are waited for by a truncation and by closing', async () => {
    const bench = await Bench.open()
    for (let i = 0; i < 3; i++) bench.large()
    const truncating = bench.log.truncateTo(1)
    await setImmediate()
    assert.equal(bench.log.logEndOffset, 3)
    bench.storage.releaseWrites()
    await truncating
    assert.deepEqual(bench.readWritten(), bench.batches[0])
    bench.storage.holdWrites()
    bench.batches.splice(1)
    bench.large()
    const closing = bench.log.close()
    bench.storage.releaseWrites()
    await closing
    bench.assertNothingHeld()
    const again = await openTestLog(bench.storage, { cleanShutdown: true })
    assert.deepEqual(readAll(again), concat(bench.batches))
  })

  it('are forgotten with a log that is deleted, but their memory is kept until the write has ended', async () => {
    const bench = await Bench.open()
    bench.large()
    bench.large()
    bench.log.abandon()
    assert.deepEqual(
      bench.owners.map((owner) => owner.holders),
      [2, 1],
    )
    await bench.release()
    assert.deepEqual(bench.written, [])
    bench.assertNothingHeld()
  })

  it('are written where they are beyond the bound in bytes, and do not count before those under way', async () => {
    const bench = await Bench.open({ queuedWritesSizeBytesMax: 3000 })
    bench.large()
    bench.large()
    bench.append({}, false)
    const sizeBytes = concat(bench.batches).length
    assert.equal(bench.storage.readFile(FILE).length, sizeBytes, 'the last two are in the file')
    assert.deepEqual([bench.log.writtenOffset, bench.log.unwrittenSizeBytes], [0, sizeBytes])
    assert.equal(bench.readWritten().length, 0)
    await bench.release()
    assert.deepEqual(bench.written, [sizeBytes])
    assert.deepEqual(bench.readWritten(), concat(bench.batches))
  })

  it('of many logs are written two at a time, in the order of asking', async () => {
    const first = await Bench.open()
    const { storage, resources } = first
    const logs = [first.log]
    for (const name of ['t-1', 't-2', 't-3']) {
      const log = await openTestLog(storage, { path: `data/${name}`, resources })
      log.writeLargeLater(() => {})
      logs.push(log)
    }
    const batch = batchOf({ valueSizeBytes: 2000 })
    for (const log of logs) log.append(batch, 0, batch.length, new TestOwner(batch.length))
    const written = (): number[] => logs.map((log) => log.writtenOffset)
    // More than two are not begun, so there are no more to release.
    await first.release(4)
    assert.deepEqual(written(), [1, 1, 0, 0])
    logs[2]!.abandon()
    await first.release(4)
    assert.deepEqual(written().toSpliced(2, 1), [1, 1, 1])
  })
})
