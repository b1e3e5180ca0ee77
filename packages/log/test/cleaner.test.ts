/** Compaction: what stays, what goes, when, and what a crash in the middle leaves. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MemoryStorage, SeededRandom, type Storage } from '@braidlog/base'
import { batches, batchLastOffset, batchPositions, endTxnMarker, plainCodecs, viewOf } from '@braidlog/records'
import { BatchBuilder } from '@braidlog/records'
import { Cleaner, defaultLogConfig, LogDirectory, LogResources, type Log, type LogConfig } from '@braidlog/log'
import { ManualClock, NOW_MS, readAll, TOPIC_ID } from './support.ts'

const DAY_MS = 24 * 3_600_000

interface Bench {
  readonly storage: Storage
  readonly clock: ManualClock
  readonly directory: LogDirectory
  readonly cleaner: Cleaner
  readonly log: Log
}

async function bench(
  storage: Storage = new MemoryStorage(),
  config: Partial<LogConfig> = {},
  clock = new ManualClock(),
): Promise<Bench> {
  const common = { storage, clock, codecs: plainCodecs }
  const directory = await LogDirectory.open({
    ...common,
    random: new SeededRandom(1),
    resources: new LogResources(),
    path: 'data',
    onOffline: () => {},
  })
  const log = await directory.open(
    { topic: 't', partition: 0, topicId: TOPIC_ID },
    {
      ...defaultLogConfig,
      segmentBytes: 400,
      cleanupCompact: true,
      cleanupDelete: false,
      minCleanableDirtyRatio: 0,
      ...config,
    },
  )
  return {
    storage,
    clock,
    directory,
    log,
    cleaner: new Cleaner({ ...common, directory, keysSizeBytesMax: () => 1024 * 1024 }),
  }
}

type Entry = readonly [key: string | null, value: string | null]

function put(
  log: Log,
  entries: readonly Entry[],
  fields: { producerId?: number; baseSequence?: number; transactional?: boolean } = {},
): void {
  const builder = new BatchBuilder({ codecs: plainCodecs, sizeBytesMax: 1e6 })
  for (const [key, value] of entries) builder.append(key, value, NOW_MS)
  const epoch = fields.producerId === undefined ? {} : { producerEpoch: 0 }
  const batch = builder.build({ leaderEpoch: 0, baseOffset: log.logEndOffset, ...epoch, ...fields })
  log.append(batch, 0, batch.length)
}

function mark(log: Log, outcome: 'commit' | 'abort', producerId: number): void {
  const marker = endTxnMarker({
    codecs: plainCodecs,
    baseOffset: log.logEndOffset,
    leaderEpoch: 0,
    timestampMs: NOW_MS,
    outcome,
    coordinatorEpoch: 0,
    producerId,
    producerEpoch: 0,
  })
  log.append(marker, 0, marker.length)
}

async function clean({ log, cleaner }: Bench): Promise<boolean> {
  log.roll()
  await log.flush()
  log.highWatermarkMoved(log.logEndOffset)
  return (await cleaner.cleanDirtiest(() => log.firstUnstableOffset ?? log.logEndOffset)) !== undefined
}

const text = (bytes: Uint8Array | null): string => (bytes === null ? '-' : new TextDecoder().decode(bytes))

/** `offset:key=value` of every record, `{…}` for control records. */
function contentOf(log: Log): string[] {
  const content: string[] = []
  for (const batch of batches(readAll(log, log.logStartOffset, 100), { codecs: plainCodecs }))
    for (const record of batch)
      content.push(
        batch.isControl ? `${record.offset}:{}` : `${record.offset}:${text(record.key)}=${text(record.value)}`,
      )
  return content
}

describe('the cleaner', () => {
  it('keeps the last record of every key, at its offset', async () => {
    const b = await bench()
    put(b.log, [
      ['a', '1'],
      ['b', '1'],
      ['a', '2'],
    ])
    put(b.log, [['c', '1']])
    put(b.log, [
      ['b', '2'],
      ['d', '1'],
    ])
    assert.equal(await clean(b), true)
    assert.deepEqual(contentOf(b.log), ['2:a=2', '3:c=1', '4:b=2', '5:d=1'])
    assert.equal(b.log.logEndOffset, 6)
    assert.equal(b.directory.cleanerOffsetOf('t', 0), 6)
    // What is clean is not cleaned again, until something new makes it dirty.
    assert.equal(await clean(b), false)
    put(b.log, [['a', '3']])
    assert.equal(await clean(b), true)
    assert.deepEqual(contentOf(b.log), ['3:c=1', '4:b=2', '5:d=1', '6:a=3'])
  })

  it('keeps tombstones for delete.retention.ms, counted from the first cleaning that met them', async () => {
    const b = await bench()
    put(b.log, [
      ['a', '1'],
      ['a', null],
      ['b', '1'],
    ])
    b.clock.now += 30 * DAY_MS
    await clean(b)
    assert.deepEqual(contentOf(b.log), ['1:a=-', '2:b=1'])
    const again = async (): Promise<string[]> => {
      put(b.log, [['x', null]])
      await clean(b)
      return contentOf(b.log).filter((line) => !line.includes('x'))
    }
    b.clock.now += DAY_MS - 1
    assert.deepEqual(await again(), ['1:a=-', '2:b=1'])
    b.clock.now += 1
    assert.deepEqual(await again(), ['2:b=1'])
  })

  it('drops records without key, and merges small segments', async () => {
    const b = await bench(undefined, { segmentBytes: 100_000 })
    put(b.log, [[null, 'old']])
    for (let i = 0; i < 5; i++) {
      put(b.log, [[`k${i}`, 'v']])
      b.log.roll()
    }
    await clean(b)
    assert.deepEqual(
      b.log.segments.map((segment) => segment.baseOffset),
      [0, 6],
    )
    assert.equal(contentOf(b.log).length, 5)
  })

  it('stays before the active segment, undecided transactions, and what is younger than the lag', async () => {
    const b = await bench(undefined, { minCompactionLagMs: 1000 })
    put(b.log, [
      ['a', '1'],
      ['a', '2'],
    ])
    assert.equal(await clean(b), false)
    b.clock.now += 2000
    put(b.log, [['a', '3']], { producerId: 1, baseSequence: 0, transactional: true })
    assert.equal(await clean(b), true)
    assert.deepEqual(contentOf(b.log), ['1:a=2', '2:a=3'])
  })

  it('waits for the dirty ratio, unless max.compaction.lag.ms has passed', async () => {
    const b = await bench(undefined, { minCleanableDirtyRatio: 0.9, maxCompactionLagMs: DAY_MS })
    for (let i = 0; i < 10; i++) put(b.log, [[`k${i}`, 'v'.repeat(100)]])
    assert.equal(await clean(b), true, 'all of it is dirty the first time')
    put(b.log, [['k0', 'v']])
    assert.equal(await clean(b), false)
    b.clock.now += DAY_MS + 1
    assert.equal(await clean(b), true)
  })

  it('empties the last batch of a producer instead of dropping it', async () => {
    const b = await bench()
    put(b.log, [['a', '1']], { producerId: 7, baseSequence: 0 })
    put(b.log, [['a', '2']], { producerId: 7, baseSequence: 1 })
    put(b.log, [['a', '3']])
    await clean(b)
    assert.deepEqual(contentOf(b.log), ['2:a=3'])
    const bytes = readAll(b.log)
    const view = viewOf(bytes)
    assert.deepEqual(
      [...batchPositions(view)].map((at) => batchLastOffset(view, at)),
      [1, 2],
    )
  })

  it('drops aborted records first, their marker and index entry in a later pass', async () => {
    const b = await bench(undefined, { segmentBytes: 100_000 })
    put(b.log, [['a', 'good']])
    put(b.log, [['a', 'aborted']], { producerId: 1, baseSequence: 0, transactional: true })
    put(b.log, [['b', 'good']], { producerId: 2, baseSequence: 0, transactional: true })
    mark(b.log, 'abort', 1)
    mark(b.log, 'commit', 2)
    // Later batches of both producers, so that the first ones need not stay for their sequences.
    put(b.log, [['c', '1']], { producerId: 1, baseSequence: 1 })
    put(b.log, [['d', '1']], { producerId: 2, baseSequence: 1 })
    await clean(b)
    assert.deepEqual(contentOf(b.log), ['0:a=good', '2:b=good', '3:{}', '4:{}', '5:c=1', '6:d=1'])
    assert.equal(b.log.abortedTransactions(0, 100).length, 1)
    const pass = async (): Promise<string[]> => {
      put(b.log, [['x', null]])
      await clean(b)
      return contentOf(b.log).filter((line) => !line.includes('x'))
    }
    assert.deepEqual(await pass(), ['0:a=good', '2:b=good', '3:{}', '4:{}', '5:c=1', '6:d=1'], 'a horizon is set')
    b.clock.now += DAY_MS + 1
    assert.deepEqual(await pass(), ['0:a=good', '2:b=good', '4:{}', '5:c=1', '6:d=1'])
    assert.equal(b.log.abortedTransactions(0, 100).length, 0)
  })

  it('does not take later transactions of a producer for one that it aborted in an earlier segment', async () => {
    const b = await bench()
    put(b.log, [['a', 'aborted']], { producerId: 1, baseSequence: 0, transactional: true })
    mark(b.log, 'abort', 1)
    b.log.roll()
    for (let i = 1; i < 8; i++) {
      put(b.log, [[`k${i}`, 'x'.repeat(100)]], { producerId: 1, baseSequence: i, transactional: true })
      mark(b.log, 'commit', 1)
    }
    for (let pass = 0; pass < 3; pass++) {
      put(b.log, [['x', null]])
      await clean(b)
      const keys = contentOf(b.log).filter((line) => line.includes(':k'))
      assert.equal(keys.length, 7)
      b.clock.now += DAY_MS + 1
    }
    assert.equal(b.log.abortedTransactions(0, 100).length, 0)
  })

  it('goes on where its memory ended', async () => {
    const b = await bench()
    for (let i = 0; i < 20; i++) put(b.log, [[`k${i % 5}`, `${i}`]])
    const cleaner = new Cleaner({
      storage: b.storage,
      clock: b.clock,
      codecs: plainCodecs,
      directory: b.directory,
      keysSizeBytesMax: () => 150,
    })
    b.log.roll()
    await b.log.flush()
    let rounds = 0
    while (await cleaner.cleanDirtiest(() => b.log.logEndOffset)) rounds++
    assert(rounds > 2)
    assert.deepEqual(contentOf(b.log), ['15:k0=15', '16:k1=16', '17:k2=17', '18:k3=18', '19:k4=19'])
  })

  it('never loses the last value of a key, whatever is written, cleaned and crashed', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.array(fc.tuple(fc.nat(4), fc.boolean()), { minLength: 1, maxLength: 4 }) },
      { weight: 2, arbitrary: fc.constant('clean' as const) },
      { weight: 1, arbitrary: fc.record({ operations: fc.nat(120), seed: fc.nat() }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (plan) => {
        const memory = new MemoryStorage()
        const clock = new ManualClock()
        let b = await bench(memory, {}, clock)
        const expected = new Map<string, string>()
        let serial = 0
        for (const each of plan) {
          if (Array.isArray(each)) {
            const entries = each.map(([key, deletes]): Entry => [`k${key}`, deletes ? null : `${serial++}`])
            const offset = b.log.logEndOffset
            put(b.log, entries)
            entries.forEach(([key, value], i) => expected.set(key!, `${offset + i}:${key}=${value ?? '-'}`))
            await b.log.flush()
          } else if (each === 'clean') {
            await clean(b)
          } else {
            // The process dies in the middle of a cleaning, after some file operations, and the power with it.
            await b.directory.close(1, (log) => log.logEndOffset)
            await cleanUntilDeath(memory, each.operations, clock)
            memory.crash(new SeededRandom(each.seed))
            b = await bench(memory, {}, clock)
          }
          const content = contentOf(b.log)
          for (const line of expected.values()) assert(content.includes(line), `${line} is lost: ${content.join(' ')}`)
          const offsets = content.map((line) => Number.parseInt(line, 10))
          assert.deepEqual(
            offsets,
            offsets.toSorted((x, y) => x - y),
          )
          const left = b.storage.list('data/t-0').filter(({ name }) => /\.(cleaned|swap)$/.test(name))
          assert.deepEqual(left, [])
        }
      }),
      { numRuns: 60 },
    )
  })
})

async function cleanUntilDeath(memory: MemoryStorage, operations: number, clock: ManualClock): Promise<void> {
  try {
    await clean(await bench(dying(memory, operations), {}, clock))
  } catch {
    // Death, as planned.
  }
}

/** A storage that fails from the given number of operations on, as a process that has been killed does nothing more. */
function dying(storage: MemoryStorage, operations: number): Storage {
  let left = operations
  const mortal = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(_, key): unknown {
        const value = Reflect.get(target, key, target) as unknown
        if (typeof value !== 'function') return value
        return (...parameters: unknown[]): unknown => {
          if (left-- <= 0) throw new Error('killed')
          const result = (value as (...p: unknown[]) => unknown).apply(target, parameters)
          return key === 'open' ? mortal(result as object) : result
        }
      },
    })
  return mortal(storage)
}
