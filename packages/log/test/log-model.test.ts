/**
 * The log against an array: whatever is appended, read, synced, truncated, rolled, closed and crashed, the log has the
 * batches that the array has, and after a crash at least those that a sync had covered.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { SeededRandom, type MemoryStorage } from '@braidlog/base'
import { batchBaseOffset, batchPositions, batchSizeBytes, viewOf } from '@braidlog/records'
import { LogResources, type Log, type LogResourceLimits } from '@braidlog/log'
import { batchOf, concat, memoryWithDirectory, openTestLog, readAll, TestOwner } from './support.ts'

type Step =
  | {
      readonly kind: 'append'
      readonly records: number
      readonly valueSizeBytes: number
      readonly bump: boolean
      readonly gather: boolean
      readonly owned: boolean
    }
  | { readonly kind: 'holdWrites' }
  | { readonly kind: 'releaseWrites'; readonly count: number }
  | { readonly kind: 'flush' | 'close' | 'roll' | 'retention' }
  | { readonly kind: 'crash'; readonly seed: number; readonly keepsRecoveryPoint: boolean }
  | { readonly kind: 'read'; readonly offset: number; readonly maxBytes: number; readonly cold: boolean }
  | { readonly kind: 'truncate' | 'deleteRecords'; readonly at: number }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        records: fc.integer({ min: 1, max: 5 }),
        valueSizeBytes: fc.integer({ min: 0, max: 300 }),
        bump: fc.boolean(),
        gather: fc.boolean(),
        owned: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'holdWrites' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('releaseWrites' as const), count: fc.integer({ min: 1, max: 3 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'close' as const, 'roll' as const) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('crash' as const), seed: fc.nat(), keepsRecoveryPoint: fc.boolean() }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('read' as const),
        offset: fc.nat(40),
        maxBytes: fc.integer({ min: 0, max: 2000 }),
        cold: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('truncate' as const, 'deleteRecords' as const),
        at: fc.nat(40),
      }),
    },
  ),
  { minLength: 5, maxLength: 40 },
)

interface ModelBatch {
  readonly baseOffset: number
  readonly nextOffset: number
  readonly bytes: Uint8Array
}

/** The system under test and its model. */
class Pair {
  log!: Log
  batches: ModelBatch[] = []
  durableOffset = 0
  startOffset = 0
  endOffset = 0
  epoch = 0
  recoveryPoint = 0
  readonly storage: MemoryStorage
  readonly #limits: Partial<LogResourceLimits>

  constructor(storage: MemoryStorage, limits: Partial<LogResourceLimits>) {
    this.storage = storage
    this.#limits = limits
  }

  async open(cleanShutdown: boolean): Promise<void> {
    this.log = await openTestLog(this.storage, {
      cleanShutdown,
      recoveryPoint: this.recoveryPoint,
      logStartOffset: this.startOffset,
      config: { segmentBytes: 1000, indexIntervalBytes: 150 },
      resources: new LogResources(this.#limits),
    })
    this.log.writeLargeLater(() => {})
  }

  /** What is readable: the batches below the written offset. */
  get written(): ModelBatch[] {
    return this.batches.filter((batch) => batch.baseOffset < this.log.writtenOffset)
  }

  /** Does what waits for writes that may be held. */
  async releasing(work: Promise<void>): Promise<void> {
    this.storage.releaseWrites()
    await work
  }

  check(): void {
    const { log } = this
    assert.equal(log.logEndOffset, this.endOffset)
    assert.equal(log.logStartOffset, this.startOffset)
    assert.equal(log.durableOffset >= this.durableOffset, true)
    // A read starts at the batch that holds the log start, whole.
    const expected = concat(this.written.filter((batch) => batch.nextOffset > this.startOffset).map((b) => b.bytes))
    sameBatches(readAll(log, log.logStartOffset, 1000, log.writtenOffset), expected)
    const unwritten = this.batches.slice(this.written.length)
    assert.equal(log.unwrittenSizeBytes, concat(unwritten.map((b) => b.bytes)).length)
  }
}

/** Compares by offsets first, for the sake of readable differences. */
function sameBatches(actual: Uint8Array, expected: Uint8Array): void {
  assert.deepEqual(offsetsOf(actual), offsetsOf(expected))
  assert.equal(Buffer.compare(actual, expected), 0, 'the same bytes')
}

function offsetsOf(bytes: Uint8Array): string[] {
  const view = viewOf(bytes)
  return [...batchPositions(view)].map((at) => `${batchBaseOffset(view, at)}+${batchSizeBytes(view, at)}`)
}

async function apply(pair: Pair, step: Step): Promise<void> {
  const { log } = pair
  switch (step.kind) {
    case 'append': {
      if (step.bump) pair.epoch++
      const baseOffset = pair.endOffset
      const bytes = batchOf({ ...step, baseOffset, leaderEpoch: pair.epoch })
      log.append(bytes, 0, bytes.length, step.owned ? new TestOwner(bytes.length) : undefined, step.gather)
      pair.endOffset += step.records
      pair.batches.push({ baseOffset, nextOffset: pair.endOffset, bytes })
      return
    }
    case 'holdWrites':
      return pair.storage.holdWrites()
    case 'releaseWrites':
      pair.storage.releaseWrites(step.count)
      return setImmediate()
    case 'flush':
      await pair.releasing(log.flush())
      pair.durableOffset = pair.endOffset
      pair.recoveryPoint = pair.durableOffset
      return
    case 'roll':
      return log.roll()
    case 'retention':
      return
    case 'close':
      await pair.releasing(log.close())
      pair.durableOffset = pair.recoveryPoint = pair.endOffset
      await pair.open(true)
      return
    case 'read': {
      const offset = pair.startOffset + step.offset
      const options = { offset, maxBytes: step.maxBytes, upToOffset: log.writtenOffset }
      const { written } = pair
      const read = step.cold ? await log.readCold(options) : log.read(options)
      const expected: Uint8Array[] = []
      let size = 0
      for (const batch of written) {
        if (batch.nextOffset <= options.offset) continue
        if (size + batch.bytes.length > step.maxBytes) break
        size += batch.bytes.length
        expected.push(batch.bytes)
      }
      // A read may stop early (at the end of a segment), but not before it has given anything.
      const bytes = read.toBytes()
      sameBatches(bytes, concat(expected).subarray(0, bytes.length))
      assert.equal(bytes.length > 0, expected.length > 0)
      read.release()
      return
    }
    case 'truncate': {
      // Sometimes below the log start.
      const offset = Math.max(0, pair.startOffset + step.at - 5)
      if (offset >= pair.endOffset) return
      await pair.releasing(log.truncateTo(offset))
      pair.batches = pair.batches.filter((batch) => batch.nextOffset <= offset)
      pair.endOffset = Math.max(pair.batches.at(-1)?.nextOffset ?? log.logEndOffset, log.segments[0]!.baseOffset)
      pair.startOffset = Math.min(pair.startOffset, pair.endOffset)
      pair.durableOffset = Math.min(pair.durableOffset, pair.endOffset)
      pair.recoveryPoint = Math.min(pair.recoveryPoint, pair.endOffset)
      return
    }
    case 'deleteRecords': {
      const offset = Math.min(pair.startOffset + step.at, pair.endOffset)
      log.raiseLogStartOffset(offset)
      pair.startOffset = Math.max(offset, pair.startOffset)
      // The start offset is checkpointed only behind what is durable, as the directory does it.
      await pair.releasing(log.flush())
      await log.settle()
      pair.durableOffset = pair.recoveryPoint = pair.endOffset
      return
    }
    case 'crash': {
      pair.storage.crash(new SeededRandom(step.seed))
      if (!step.keepsRecoveryPoint) pair.recoveryPoint = 0
      await pair.open(false)
      const { logEndOffset } = pair.log
      assert(logEndOffset >= pair.durableOffset, 'what a sync covered is still there')
      pair.batches = pair.batches.filter((batch) => batch.baseOffset < logEndOffset)
      assert.equal(pair.batches.at(-1)?.nextOffset ?? pair.startOffset, logEndOffset, 'the log ends with a whole batch')
      pair.endOffset = pair.durableOffset = logEndOffset
      return
    }
    default:
      return step satisfies never
  }
}

const limits: fc.Arbitrary<Partial<LogResourceLimits>> = fc.record({
  tailCacheSizeBytesMax: fc.constantFrom(0, 1 << 20),
  queuedWriteSizeBytesMin: fc.constantFrom(200, 400, Infinity),
  queuedWritesSizeBytesMax: fc.constantFrom(1500, 1 << 20),
})

describe('the log, against an array', () => {
  it('has what was appended, through rolls, truncations, restarts, crashes and writes under way', async () => {
    await fc.assert(
      fc.asyncProperty(steps, limits, async (plan, limits) => {
        const pair = new Pair(await memoryWithDirectory(), limits)
        await pair.open(false)
        for (const step of plan) {
          await apply(pair, step)
          pair.check()
        }
      }),
      { numRuns: 200 },
    )
  })
})
