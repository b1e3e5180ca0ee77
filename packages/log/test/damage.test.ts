/** Bytes on the disk are not what was written any more: what of that is noticed, refused, and made anew. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MemoryStorage } from '@braidlog/base'
import { LogError, LogResources, type Log } from '@braidlog/log'
import { offsetName } from '../src/file-names.ts'
import { appendTo, memoryWithDirectory, NOW_MS, openTestLog, readAll, type OpenOptions } from './support.ts'

const CONFIG = { segmentBytes: 300, indexIntervalBytes: 100 }
const BATCH_SIZE_BYTES = 79
const file = (offset: number, suffix: string): string => `data/t-0/${offsetName(offset)}${suffix}`

/** Ten batches of one record, three a segment (bases 0, 3, 6, 9), of one producer and two epochs; closed cleanly. */
async function closedLog(): Promise<MemoryStorage> {
  const storage = await memoryWithDirectory()
  const log = await openTestLog(storage, { config: CONFIG })
  for (let i = 0; i < 10; i++) {
    appendTo(log, { producerId: 1, producerEpoch: 0, baseSequence: i, leaderEpoch: i < 5 ? 0 : 2 })
  }
  await log.close()
  return storage
}

const EPOCHS = [
  { epoch: 0, startOffset: 0 },
  { epoch: 2, startOffset: 5 },
]

function reopen(storage: MemoryStorage, options: OpenOptions = {}): Promise<Log> {
  return openTestLog(storage, { config: CONFIG, recoveryPoint: 10, ...options })
}

/** Turns some bits over. */
function flip(storage: MemoryStorage, path: string, position: number): void {
  overwrite(storage, path, position, Uint8Array.of(storage.readFile(path)[position]! ^ 0x24))
}

function overwrite(storage: MemoryStorage, path: string, position: number, bytes: Uint8Array): void {
  const handle = storage.open(path)
  handle.write(bytes, 0, bytes.length, position)
  handle.close()
}

/** A sector that cannot be read any more reads as zeros. */
function zero(storage: MemoryStorage, path: string): void {
  overwrite(storage, path, 0, new Uint8Array(storage.readFile(path).length))
}

function damagedRead(read: () => unknown): LogError {
  try {
    read()
  } catch (error) {
    assert(error instanceof LogError && error.code === 'BATCH_DAMAGED', String(error))
    return error
  }
  throw new assert.AssertionError({ message: 'the read gave something' })
}

const at = (offset: number) => ({ offset, maxBytes: 10_000, minOneBatch: true })

describe('a damaged batch', () => {
  it('is not given to readers, who get what is before and what is behind it', async () => {
    const storage = await closedLog()
    flip(storage, file(3, '.log'), BATCH_SIZE_BYTES + 70)
    const seen: Error[] = []
    const log = await reopen(storage, { cleanShutdown: true, onDamage: (_log, error) => seen.push(error) })

    assert.equal(readAll(log, 0, 10_000, 3).length, 3 * BATCH_SIZE_BYTES)
    const before = log.read(at(3))
    assert.deepEqual([before.nextOffset, before.sizeBytes], [4, BATCH_SIZE_BYTES])
    const error = damagedRead(() => log.read(at(4)))
    assert.deepEqual(error.damage, {
      path: file(3, '.log'),
      position: BATCH_SIZE_BYTES,
      offset: 4,
      problem: error.damage!.problem,
    })
    await assert.rejects(log.readCold(at(4)), { code: 'BATCH_DAMAGED' })
    assert.equal(readAll(log, 5).length, 5 * BATCH_SIZE_BYTES)
    assert.deepEqual([log.offline, log.damage?.offset, seen[0]], [undefined, 4, error])
    await log.close()
  })

  it('is noticed whatever bit of what the checksum covers is turned over', async () => {
    const CRC_AT = 17
    for (let position = CRC_AT; position < BATCH_SIZE_BYTES; position++) {
      const storage = await closedLog()
      flip(storage, file(3, '.log'), BATCH_SIZE_BYTES + position)
      const log = await reopen(storage, { cleanShutdown: true })
      damagedRead(() => {
        // A wrong last offset may make it the answer to another offset, or to none.
        for (let offset = 3; offset < 6;) offset = log.read(at(offset)).nextOffset
      })
      await log.close()
    }
  })

  it('is noticed by cold reads each time, and by warm ones once', async () => {
    const storage = await closedLog()
    const resources = new LogResources({ tailCacheSizeBytesMax: 0 })
    const log = await reopen(storage, { cleanShutdown: true, resources })
    assert.equal(readAll(log).length, 10 * BATCH_SIZE_BYTES)
    flip(storage, file(3, '.log'), 70)
    assert.equal(log.read(at(3)).nextOffset, 6, 'the page cache would have it as it was')
    await assert.rejects(log.readCold(at(3)), { code: 'BATCH_DAMAGED' })

    appendTo(log)
    flip(storage, file(9, '.log'), BATCH_SIZE_BYTES + 70)
    assert.equal(log.read(at(10)).nextOffset, 11, 'this process has written it')
    await assert.rejects(log.readCold(at(10)), { code: 'BATCH_DAMAGED' })
    await log.close()
  })

  it('without a header hides what is before the next entry of the index, and no more', async () => {
    const storage = await closedLog()
    overwrite(storage, file(3, '.log'), 0, new Uint8Array(BATCH_SIZE_BYTES))
    const log = await reopen(storage, { cleanShutdown: true })
    assert.equal(damagedRead(() => log.read(at(3))).damage?.offset, 3)
    assert.equal(readAll(log, 6).length, 4 * BATCH_SIZE_BYTES)
    await log.close()
  })

  it('is cut off with its segment, and the log goes on from there', async () => {
    const storage = await closedLog()
    overwrite(storage, file(3, '.log'), 0, new Uint8Array(BATCH_SIZE_BYTES))
    const log = await reopen(storage, { cleanShutdown: true })
    damagedRead(() => log.read(at(4)))
    await log.truncateTo(3)
    assert.deepEqual([log.logEndOffset, log.damage], [3, undefined])
    assert.equal(readAll(log).length, 3 * BATCH_SIZE_BYTES)
    appendTo(log, { leaderEpoch: 4 })
    assert.deepEqual(log.epochs.entries(), [EPOCHS[0], { epoch: 4, startOffset: 3 }])
    await log.close()
  })

  it('is found by who looks at everything', async () => {
    const storage = await closedLog()
    const pauses: number[] = []
    const pause = async () => void pauses.push(0)
    const log = await reopen(storage, { cleanShutdown: true })
    await log.verify(pause)
    assert.deepEqual([log.damage, pauses.length], [undefined, 4])
    flip(storage, file(6, '.log'), 70)
    await log.verify(pause)
    assert.deepEqual([log.damage?.path, log.damage?.position, log.offline], [file(6, '.log'), 0, undefined])
    await log.close()
  })

  it('is found when time is searched for', async () => {
    const storage = await closedLog()
    flip(storage, file(0, '.log'), 70)
    const log = await reopen(storage, { cleanShutdown: true })
    await assert.rejects(log.offsetForTimestamp(0, 10), { code: 'BATCH_DAMAGED' })
    assert.equal(log.offline, undefined)
    await log.close()
  })
})

describe('recovery', () => {
  it('keeps a damaged batch and all behind it that was on disk once, and tells of it', async () => {
    const storage = await closedLog()
    flip(storage, file(3, '.log'), BATCH_SIZE_BYTES + 70)
    const log = await reopen(storage, { recoveryPoint: 0, knownEndOffset: 10 })
    assert.deepEqual([log.logEndOffset, log.damage?.offset, log.damage?.position], [10, 4, BATCH_SIZE_BYTES])
    damagedRead(() => log.read(at(4)))
    assert.equal(readAll(log, 5).length, 5 * BATCH_SIZE_BYTES)
    assert.deepEqual(log.epochs.entries(), EPOCHS)
    await log.close()
  })

  it('keeps one at the end of a segment', async () => {
    const storage = await closedLog()
    flip(storage, file(3, '.log'), 2 * BATCH_SIZE_BYTES + 70)
    const log = await reopen(storage, { recoveryPoint: 0, knownEndOffset: 10 })
    assert.deepEqual([log.logEndOffset, log.damage?.offset], [10, 5])
    assert.equal(readAll(log, 6).length, 4 * BATCH_SIZE_BYTES)
    await log.close()
  })

  it('cuts off one that may be a torn tail', async () => {
    const storage = await closedLog()
    flip(storage, file(3, '.log'), BATCH_SIZE_BYTES + 70)
    const log = await reopen(storage, { recoveryPoint: 4 })
    assert.deepEqual([log.logEndOffset, log.damage], [4, undefined])
    await log.close()
  })
})

describe('damaged small files', () => {
  for (const cleanShutdown of [true, false]) {
    it(`epochs are made anew from all batches ${cleanShutdown ? 'when they are asked for' : 'after a crash'}`, async () => {
      const storage = await closedLog()
      zero(storage, 'data/t-0/leader-epoch-checkpoint')
      const offline: Error[] = []
      const log = await reopen(storage, { cleanShutdown, onOffline: (_log, error) => offline.push(error) })
      if (cleanShutdown) {
        assert.throws(() => log.epochAt(9), { code: 'LOG_OFFLINE' })
        assert.equal(offline.length, 1)
        await log.recover()
      }
      assert.deepEqual(log.epochs.entries(), EPOCHS)
      assert.deepEqual([log.offline, log.logEndOffset, log.durableOffset], [undefined, 10, 10])
      assert.equal(readAll(log).length, 10 * BATCH_SIZE_BYTES)
      appendTo(log, { leaderEpoch: 2 })
      await log.close()
      assert.equal((await reopen(storage, { cleanShutdown: true, recoveryPoint: 11 })).epochAt(10), 2)
    })
  }

  it('the producers of a log are made anew from its batches', async () => {
    const storage = await closedLog()
    for (const offset of [3, 6, 9, 10]) zero(storage, file(offset, '.snapshot'))
    const log = await reopen(storage, { cleanShutdown: true })
    assert.throws(() => log.producers, { code: 'LOG_OFFLINE' })
    await log.recover()
    const [producer] = log.describeProducers()
    assert.deepEqual([producer?.producerId, producer?.lastSequence], [1, 9])
    await log.close()
  })

  it('indexes mislead nobody', async () => {
    for (const suffix of ['.index', '.timeindex']) {
      const storage = await closedLog()
      for (const offset of [0, 3, 6, 9]) overwrite(storage, file(offset, suffix), 0, new Uint8Array(12).fill(0x41))
      const log = await reopen(storage, { cleanShutdown: true })
      for (let offset = 0; offset < 10; offset++) assert.equal(log.read(at(offset)).baseOffset, offset, suffix)
      assert.equal(log.offline, undefined)
      await log.close()
    }
  })

  it('a time index does not make a segment old, so that retention deletes it', async () => {
    const storage = await closedLog()
    for (const offset of [0, 3]) zero(storage, file(offset, '.timeindex'))
    const config = { ...CONFIG, retentionMs: 1_000_000 }
    const log = await reopen(storage, { cleanShutdown: true, config })
    assert.equal(log.deleteOldSegments(10), 0)
    assert.equal(log.segments[0]!.maxTimestampMs, NOW_MS)
    assert.equal((await log.offsetForTimestamp(NOW_MS, 10))?.offset, 0)
    await log.close()
  })

  it('a log that is not as long as when it was closed is recovered', async () => {
    const storage = await closedLog()
    const handle = storage.open(file(9, '.log'))
    handle.truncate(10)
    handle.close()
    const cutAt: number[] = []
    const log = await reopen(storage, { cleanShutdown: true, onTruncation: async (offset) => void cutAt.push(offset) })
    assert.throws(() => log.read(at(9)), { code: 'LOG_OFFLINE' })
    await log.recover()
    assert.deepEqual([log.logEndOffset, cutAt], [9, [9]])
    await log.close()
  })

  it('a failed disk is not recovered from', async () => {
    const storage = await closedLog()
    const log = await reopen(storage)
    appendTo(log)
    storage.failNextSync('EIO')
    await assert.rejects(log.flush(), { code: 'LOG_OFFLINE' })
    await assert.rejects(log.recover(), { code: 'LOG_OFFLINE' })
  })
})
