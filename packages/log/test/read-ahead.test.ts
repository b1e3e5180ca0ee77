/** Cold reads that take more along: the same bytes with fewer reads of files, within a bound. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MemoryStorage, type Storage } from '@braidlog/base'
import { LogResources, type Log, type LogResourceLimits, type ReadOptions } from '@braidlog/log'
import { appendTo, concat, openTestLog, readAll } from './support.ts'

/** Counts the cold reads of files. */
function counting(memory: MemoryStorage, count: { coldReads: number }): Storage {
  return new Proxy(memory, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'open') return value.bind(target) as unknown
      return (...open: Parameters<Storage['open']>) => {
        const file = memory.open(...open)
        const readCold = file.readCold.bind(file)
        file.readCold = (...args) => {
          count.coldReads++
          return readCold(...args)
        }
        return file
      }
    },
  })
}

async function bench(limits: Partial<LogResourceLimits> = {}) {
  const memory = new MemoryStorage()
  memory.makeDirectory('data')
  const count = { coldReads: 0 }
  const storage = counting(memory, count)
  const resources = new LogResources({ tailCacheSizeBytesMax: 0, ...limits })
  const open = (name: string, segmentBytes = 1 << 30): Promise<Log> =>
    openTestLog(memory, { storage, resources, path: `data/${name}`, config: { segmentBytes } })
  return { count, resources, open }
}

/** As the broker reads what lies far behind the end: what has been read ahead is taken where one stands. */
async function readOn(log: Log, options: ReadOptions, isCold: boolean): Promise<{ bytes: Uint8Array; next: number }> {
  const read = isCold ? await log.readCold(options) : log.read(options)
  const bytes = read.toBytes()
  read.release()
  return { bytes, next: read.nextOffset }
}

async function readThrough(log: Log, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (let offset = log.logStartOffset; offset < log.logEndOffset;) {
    const { bytes, next } = await readOn(log, { offset, maxBytes, minOneBatch: true }, true)
    parts.push(bytes)
    offset = next
  }
  return concat(parts)
}

describe('reading ahead', () => {
  it('serves several fetches with one read of the file', async () => {
    const { count, open, resources } = await bench()
    const log = await open('t-0')
    for (let i = 0; i < 100; i++) appendTo(log, { valueSizeBytes: 10_000 })
    assert.deepEqual(await readThrough(log, 25_000), readAll(log, 0, 1 << 20))
    // The first one does not know yet whether somebody will go on.
    assert.equal(count.coldReads, 2)
    assert(resources.readAhead.sizeBytes <= 1 << 20)
  })

  it('reads no more than is asked for while nobody goes on', async () => {
    const { count, open, resources } = await bench()
    const log = await open('t-0')
    for (let i = 0; i < 10; i++) appendTo(log, { valueSizeBytes: 10_000 })
    for (const offset of [0, 5, 3, 8]) await readOn(log, { offset, maxBytes: 1000, minOneBatch: true }, true)
    assert(count.coldReads >= 4)
    assert.equal(resources.readAhead.sizeBytes, 0)
  })

  it('keeps to its bound over all logs, and goes on without', async () => {
    const { open, resources } = await bench({ readAheadSizeBytesMax: 2 << 20 })
    const logs = await Promise.all([0, 1, 2, 3].map((i) => open(`t-${i}`)))
    for (const log of logs) for (let i = 0; i < 60; i++) appendTo(log, { valueSizeBytes: 40_000 })
    const offsets = logs.map(() => 0)
    while (offsets.some((offset) => offset < 60)) {
      for (const [i, log] of logs.entries()) {
        offsets[i] = (await readOn(log, { offset: offsets[i]!, maxBytes: 100_000 }, true)).next
        assert(resources.readAhead.sizeBytes <= 2 << 20)
      }
    }
  })

  it('takes the room back from a reader that is gone', async () => {
    const { count, open, resources } = await bench({ readAheadSizeBytesMax: 1 << 20 })
    const [left, other] = [await open('t-0'), await open('t-1')]
    for (const log of [left, other]) for (let i = 0; i < 100; i++) appendTo(log, { valueSizeBytes: 30_000 })
    for (let offset = 0; offset < 3;) offset = (await readOn(left, { offset, maxBytes: 40_000 }, true)).next
    assert.equal(resources.readAhead.sizeBytes, 1 << 20)
    count.coldReads = 0
    await readThrough(other, 40_000)
    assert(count.coldReads < 40, `${count.coldReads} reads for 100 fetches`)
  })

  it('forgets what is cut off, and what is deleted', async () => {
    const { open, resources } = await bench()
    const log = await open('t-0')
    for (let i = 0; i < 50; i++) appendTo(log, { valueSizeBytes: 10_000 })
    for (let offset = 0; offset < 6;) offset = (await readOn(log, { offset, maxBytes: 25_000 }, true)).next
    assert(resources.readAhead.sizeBytes > 0)
    await log.truncateTo(10)
    assert.equal(resources.readAhead.sizeBytes, 0)
    for (let i = 0; i < 20; i++) appendTo(log, { valueSizeBytes: 3000, leaderEpoch: 1 })
    assert.deepEqual(await readThrough(log, 25_000), readAll(log, 0, 1 << 20))
    log.abandon()
    assert.equal(resources.readAhead.sizeBytes, 0)
  })

  it('gives the same as reading each time, to several readers beside appends', async () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('append' as const), valueSizeBytes: fc.integer({ min: 0, max: 200_000 }) }),
        fc.record({
          kind: fc.constant('read' as const),
          reader: fc.nat(2),
          maxBytes: fc.integer({ min: 0, max: 500_000 }),
          minOneBatch: fc.boolean(),
          upToOffset: fc.option(fc.nat(30), { nil: undefined }),
          isCold: fc.boolean(),
        }),
        fc.record({ kind: fc.constant('seek' as const), reader: fc.nat(2), offset: fc.nat(30) }),
      ),
      { maxLength: 60 },
    )
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom(1_500_000, 1 << 30), async (plan, segmentBytes) => {
        const [{ open, resources }, plainBench] = [await bench(), await bench({ readAheadSizeBytesMax: 0 })]
        const [log, plain] = [await open('t-0', segmentBytes), await plainBench.open('t-0', segmentBytes)]
        const offsets = [0, 0, 0]
        for (const step of plan) {
          if (step.kind === 'append') {
            for (const each of [log, plain]) appendTo(each, { valueSizeBytes: step.valueSizeBytes })
          } else if (step.kind === 'seek') {
            offsets[step.reader] = Math.min(step.offset, log.logEndOffset)
          } else {
            const { maxBytes, minOneBatch, upToOffset = Infinity, isCold } = step
            const options = { offset: offsets[step.reader]!, maxBytes, minOneBatch, upToOffset }
            const [a, b] = [await readOn(log, options, isCold), await readOn(plain, options, isCold)]
            // What was read ahead may end sooner, but with a whole batch, and not before it has given anything.
            assert.equal(Buffer.compare(a.bytes, b.bytes.subarray(0, a.bytes.length)), 0)
            assert.equal(a.bytes.length > 0, b.bytes.length > 0)
            offsets[step.reader] = a.next
          }
        }
        log.abandon()
        assert.equal(resources.readAhead.sizeBytes, 0)
      }),
      { numRuns: 40 },
    )
  })
})
