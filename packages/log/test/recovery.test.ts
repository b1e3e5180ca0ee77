/** Each way in which a directory can be found after a crash, and what becomes of it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Logger, MemoryStorage } from '@braidlog/base'
import type { Log } from '@braidlog/log'
import { encodeEpochCheckpoint } from '../src/checkpoint.ts'
import { offsetName } from '../src/file-names.ts'
import { appendTo, memoryWithDirectory, openTestLog, readAll, type OpenOptions } from './support.ts'

const CONFIG = { segmentBytes: 300, indexIntervalBytes: 100 }
const file = (offset: number, suffix: string): string => `data/t-0/${offsetName(offset)}${suffix}`

/** A log of ten batches of one record (79 bytes, three a segment: bases 0, 3, 6, 9) and producer 1, closed cleanly. */
async function closedLog(): Promise<{ storage: MemoryStorage; content: Uint8Array }> {
  const storage = await memoryWithDirectory()
  const log = await openTestLog(storage, { config: CONFIG })
  for (let i = 0; i < 10; i++)
    appendTo(log, { producerId: 1, producerEpoch: 0, baseSequence: i, leaderEpoch: i < 5 ? 0 : 2 })
  assert.deepEqual(
    log.segments.map((segment) => segment.baseOffset),
    [0, 3, 6, 9],
  )
  const content = readAll(log)
  await log.close()
  return { storage, content }
}

function reopen(storage: MemoryStorage, options: OpenOptions = {}): Promise<Log> {
  return openTestLog(storage, { config: CONFIG, ...options })
}

function write(storage: MemoryStorage, path: string, bytes: Uint8Array, position?: number): void {
  const handle = storage.open(path, { create: true })
  handle.write(bytes, 0, bytes.length, position ?? handle.sizeBytes())
  handle.close()
}

interface Row {
  readonly name: string
  readonly damage: (storage: MemoryStorage) => void | Promise<void>
  readonly options?: OpenOptions
  readonly endOffset: number
}

const rows: readonly Row[] = [
  { name: 'nothing damaged: everything is there', damage: () => {}, endOffset: 10 },
  {
    name: 'a torn batch at the end is cut',
    damage: (storage) => {
      const handle = storage.open(file(9, '.log'))
      handle.truncate(handle.sizeBytes() - 1)
    },
    endOffset: 9,
  },
  {
    name: 'half a header at the end is cut',
    damage: (storage) => write(storage, file(9, '.log'), new Uint8Array(30).fill(1)),
    endOffset: 10,
  },
  {
    name: 'preallocated zeros are cut',
    damage: (storage) => write(storage, file(9, '.log'), new Uint8Array(5000)),
    endOffset: 10,
  },
  {
    name: 'a flipped bit cuts there, and later segments go',
    damage: (storage) => write(storage, file(3, '.log'), Uint8Array.of(0xff), 79 + 70),
    endOffset: 4,
  },
  {
    name: 'a flipped bit below the recovery point is left alone: it was on disk before the crash',
    damage: (storage) => write(storage, file(3, '.log'), Uint8Array.of(0xff), 79 + 70),
    options: { recoveryPoint: 9 },
    endOffset: 10,
  },
  {
    name: 'a segment whose predecessor lost its end goes',
    damage: (storage) => storage.open(file(6, '.log')).truncate(79),
    endOffset: 7,
  },
  {
    name: 'a gap of a compacted log stays',
    damage: (storage) => storage.open(file(6, '.log')).truncate(79),
    options: { config: { ...CONFIG, cleanupCompact: true } },
    endOffset: 10,
  },
  {
    name: 'garbage indexes are made anew',
    damage: (storage) => {
      write(storage, file(9, '.index'), new Uint8Array(1000).fill(0x7f), 0)
      write(storage, file(9, '.timeindex'), new Uint8Array(1001).fill(0x55), 0)
    },
    endOffset: 10,
  },
  {
    name: 'missing indexes are made anew, also of segments below the recovery point',
    damage: (storage) => {
      storage.remove(file(3, '.index'))
      storage.remove(file(3, '.timeindex'))
    },
    options: { recoveryPoint: 10 },
    endOffset: 10,
  },
  {
    name: 'missing indexes are made anew after a clean shutdown, too',
    damage: (storage) => storage.remove(file(9, '.index')),
    options: { recoveryPoint: 10, cleanShutdown: true },
    endOffset: 10,
  },
  {
    name: 'damaged producer snapshots are passed over',
    damage: (storage) => {
      for (const offset of [3, 6, 9, 10]) write(storage, file(offset, '.snapshot'), Uint8Array.of(1, 2, 3), 0)
    },
    endOffset: 10,
  },
  {
    name: 'a lost snapshot at the end is replayed after a clean shutdown',
    damage: (storage) => storage.remove(file(10, '.snapshot')),
    options: { recoveryPoint: 10, cleanShutdown: true },
    endOffset: 10,
  },
  {
    name: 'an index of a clean shutdown that points nowhere is not believed',
    damage: (storage) => write(storage, file(9, '.index'), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 50), 0),
    options: { cleanShutdown: true },
    endOffset: 10,
  },
  {
    name: 'a torn batch is cut even after a shutdown that claims to be clean',
    damage: (storage) => {
      const handle = storage.open(file(9, '.log'))
      handle.truncate(handle.sizeBytes() - 1)
      storage.remove(file(10, '.snapshot'))
    },
    options: { cleanShutdown: true },
    endOffset: 9,
  },
  {
    name: 'leftovers of deletion, cleaning and replacement are removed',
    damage: (storage) => {
      write(storage, file(0, '.log.deleted'), new Uint8Array(10))
      write(storage, file(0, '.log.cleaned'), new Uint8Array(10))
      write(storage, file(0, '.index.swap'), new Uint8Array(10))
      write(storage, 'data/t-0/leader-epoch-checkpoint.tmp', new Uint8Array(10))
      write(storage, file(77, '.index'), new Uint8Array(8))
    },
    endOffset: 10,
  },
  {
    name: 'a complete replacement is brought to its end',
    damage: (storage) => {
      for (const suffix of ['.log', '.index', '.timeindex'])
        write(storage, file(0, `${suffix}.swap`), storage.readFile(file(0, suffix)))
      // Its sources were about to be removed: one file is gone already.
      storage.remove(file(0, '.index'))
    },
    endOffset: 10,
  },
  {
    name: 'an unreadable epoch checkpoint is made anew from the batches',
    damage: (storage) => write(storage, 'data/t-0/leader-epoch-checkpoint', Uint8Array.of(0x39), 0),
    endOffset: 10,
  },
  {
    name: 'epochs beyond the end are forgotten',
    damage: (storage) =>
      storage.writeFileAtomic(
        'data/t-0/leader-epoch-checkpoint',
        encodeEpochCheckpoint([
          { epoch: 0, startOffset: 0 },
          { epoch: 2, startOffset: 5 },
          { epoch: 9, startOffset: 50 },
        ]),
      ),
    endOffset: 10,
  },
]

describe('recovery', () => {
  for (const row of rows)
    it(row.name, async () => {
      const { storage, content } = await closedLog()
      await row.damage(storage)
      const log = await reopen(storage, row.options)
      assert.equal(log.logEndOffset, row.endOffset)
      assert.equal(log.durableOffset, row.endOffset)
      if (!row.name.includes('left alone') && !row.name.includes('a gap'))
        assert.equal(Buffer.compare(readAll(log), content.subarray(0, row.endOffset * 79)), 0)
      // Producer state and epochs tell of what is there, and of nothing else.
      assert.equal(log.describeProducers()[0]!.lastSequence, row.endOffset - 1)
      assert.equal(log.latestEpoch, row.endOffset > 5 ? 2 : 0)
      assert.deepEqual(log.endOffsetForEpoch(0), { leaderEpoch: 0, endOffset: Math.min(5, row.endOffset) })
      const strays = storage.list('data/t-0').filter(({ name }) => /\.(deleted|cleaned|swap|tmp)$|77/.test(name))
      assert.deepEqual(strays, [])
      // What was recovered survives the next crash as well, and appends go on behind it.
      appendTo(log)
      await log.flush()
      storage.crash()
      const again = await reopen(storage, { config: { ...CONFIG, ...row.options?.config } })
      if (!row.name.includes('left alone')) assert.equal(again.logEndOffset, row.endOffset + 1)
    })

  it('finds timestamps and offsets by the indexes it has made anew', async () => {
    const storage = await memoryWithDirectory()
    let log = await openTestLog(storage, { config: CONFIG })
    for (let i = 0; i < 20; i++) appendTo(log, { timestampMs: 1000 + i * 10 })
    await log.flush()
    storage.crash()
    log = await openTestLog(storage, { config: CONFIG })
    for (let i = 0; i < 20; i++) {
      assert.equal(log.read({ offset: i, maxBytes: 1, minOneBatch: true }).baseOffset, i)
      assert.equal((await log.offsetForTimestamp(995 + i * 10, 20))?.offset, i)
    }
  })

  it('forgets everything when the log start offset lies behind what survived', async () => {
    const { storage } = await closedLog()
    const log = await reopen(storage, { logStartOffset: 50 })
    assert.deepEqual([log.logStartOffset, log.logEndOffset], [50, 50])
    appendTo(log)
    assert.equal(log.logEndOffset, 51)
  })

  it('writes and syncs nothing in a log that nothing was ever written to', async () => {
    const storage = await memoryWithDirectory()
    await openTestLog(storage)
    storage.crash()
    const syncsBefore = storage.syncs
    let log = await openTestLog(storage)
    assert.equal(storage.syncs, syncsBefore)
    assert.deepEqual([log.logStartOffset, log.logEndOffset, log.durableOffset], [0, 0, 0])
    await log.close()
    assert.equal(storage.syncs, syncsBefore)
    log = await openTestLog(storage)
    appendTo(log)
    await log.flush()
    storage.crash()
    log = await openTestLog(storage)
    assert.equal(log.logEndOffset, 1)
  })

  it('makes what it takes for an empty log durable with the first append', async () => {
    const storage = await memoryWithDirectory()
    await openTestLog(storage)
    // The process, not the machine, had been killed before it could sync the directory it had made.
    storage.remove(file(0, '.log'))
    write(storage, file(0, '.log'), new Uint8Array(0))
    const log = await openTestLog(storage)
    // Without an epoch, whose checkpoint would sync the directory, too.
    appendTo(log, { leaderEpoch: -1 })
    await log.flush()
    storage.crash()
    assert.equal((await openTestLog(storage)).logEndOffset, 1)
  })

  for (const cleanShutdown of [false, true])
    it(`does not believe the indexes of an empty log (clean shutdown: ${cleanShutdown})`, async () => {
      const storage = await memoryWithDirectory()
      await (await openTestLog(storage)).close()
      write(storage, file(0, '.index'), Uint8Array.of(0, 0, 0, 9, 0, 0, 1, 0), 0)
      write(storage, file(0, '.timeindex'), Uint8Array.of(0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 9), 0)
      const log = await openTestLog(storage, { config: CONFIG, cleanShutdown, recoveryPoint: 0 })
      for (let i = 0; i < 20; i++) appendTo(log, { timestampMs: 1000 + i * 10 })
      for (let i = 0; i < 20; i++) {
        assert.equal(log.read({ offset: i, maxBytes: 1, minOneBatch: true }).baseOffset, i)
        assert.equal((await log.offsetForTimestamp(995 + i * 10, 20))?.offset, i)
      }
      await log.close()
    })

  it("forgets a producer's batch that a power cut took back, though the snapshot of its segment is on disk", async () => {
    const storage = await memoryWithDirectory()
    const log = await openTestLog(storage, { config: CONFIG })
    for (let i = 0; i < 3; i++) appendTo(log, { producerId: 1, producerEpoch: 0, baseSequence: i })
    await log.flush()
    appendTo(log, { producerId: 1, producerEpoch: 0, baseSequence: 3 })
    await log.settle()
    assert.ok(storage.exists(file(3, '.snapshot')))
    storage.crash()
    const recovered = await reopen(storage, { recoveryPoint: 3 })
    assert.equal(recovered.logEndOffset, 3)
    assert.equal(recovered.describeProducers()[0]?.lastSequence, 2)
  })

  it('refuses a directory of another topic id', async () => {
    const { storage } = await closedLog()
    await assert.rejects(reopen(storage, { topicId: 'AAAAAAAAAAAAAAAAAAAAAg' as never }), { code: 'TOPIC_ID_MISMATCH' })
  })

  it('reads nothing of a log that was closed cleanly until it is used', async () => {
    const { storage, content } = await closedLog()
    let opened = 0
    const counting = new Proxy(storage, {
      get(target, key): unknown {
        const value = Reflect.get(target, key, target) as unknown
        if (typeof value !== 'function') return value
        return (...parameters: unknown[]): unknown => {
          if (key === 'open' || key === 'readFile') opened++
          return (value as (...p: unknown[]) => unknown).apply(target, parameters)
        }
      },
    })
    const log = await openTestLog(counting, {
      config: CONFIG,
      cleanShutdown: true,
      recoveryPoint: 10,
      topicIdChecked: true,
    })
    assert.equal(opened, 0)
    assert.equal(log.logEndOffset, 10)
    assert.equal(Buffer.compare(readAll(log), content), 0)
    await log.close()
  })

  it('tells what it cut', async () => {
    const { storage } = await closedLog()
    write(storage, file(9, '.log'), new Uint8Array(30).fill(1))
    const warnings: string[] = []
    const note = (message: string): void => void warnings.push(message)
    const logger: Logger = { debug: () => {}, info: () => {}, warn: note, error: note }
    await reopen(storage, { logger })
    assert.deepEqual(warnings, ['log cut during recovery'])
  })
})
