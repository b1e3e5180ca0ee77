/** A load of our own client that runs while servers change, and what the checker of histories says of it in the end. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { checkHistory } from '@braidlog/simulator/history'
import { BraidlogLoad } from '../faults/loads/braidlog.ts'
import { historyOf, readAll } from '../faults/loads/load.ts'
import { eventually } from '../peers/process.ts'

/** Enough to be under way at any moment, and little beside three virtual machines. */
const RECORDS_PER_SECOND = 200
const REQUEST_TIMEOUT_MS = 5_000
const GOES_ON_TIMEOUT_MS = 60_000

export class UnderLoad {
  readonly #bootstrapServers: readonly string[]
  readonly #load: BraidlogLoad

  constructor(bootstrapServers: readonly string[], topic: string, partitionCount: number) {
    this.#bootstrapServers = bootstrapServers
    this.#load = new BraidlogLoad({
      bootstrapServers,
      topic,
      partitionCount,
      recordsPerSecond: RECORDS_PER_SECOND,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    })
  }

  start(): Promise<void> {
    return this.#load.start()
  }

  /** Every partition acknowledges something from now on. */
  async goesOn(): Promise<void> {
    const sinceMs = performance.now()
    const isMoving = () => this.#load.acknowledgements.silentSince(sinceMs).length === 0
    await eventually(() => (isMoving() ? true : undefined), 'the load goes on', GOES_ON_TIMEOUT_MS)
  }

  /** Ends it: nothing acknowledged is lost, doubled or reordered. */
  async finish(context: TestContext): Promise<void> {
    await this.#load.stop()
    const final = await readAll(this.#bootstrapServers, this.#load.topic)
    const report = checkHistory(historyOf(this.#load, final))
    context.diagnostic(`${report.acknowledgedCount} records acknowledged, ${report.unknownCount} with unknown outcome`)
    assert.deepEqual(report.anomalies, [])
    assert.ok(report.acknowledgedCount > 0)
  }

  /** After a failure: it ends when it can. */
  abandon(): void {
    this.#load.stop().catch(() => {})
  }
}
