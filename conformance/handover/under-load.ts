/** A load of our own client that runs while servers change, and what the checker of histories says of it in the end. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { checkHistory } from '@braidlog/simulator/history'
import { BraidlogLoad } from '../faults/loads/braidlog.ts'
import { historyOf, readAll } from '../faults/loads/load.ts'
import { eventually } from '../peers/process.ts'

const RECORDS_PER_SECOND = 100
const REQUEST_TIMEOUT_MS = 5_000
const GOES_ON_TIMEOUT_MS = 90_000

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

  /** Resolves when it sends and reads. */
  async start(): Promise<void> {
    await this.#load.start()
  }

  /** Every partition acknowledges something from now on. */
  async goesOn(): Promise<void> {
    const sinceMs = performance.now()
    const silent = () => this.#load.acknowledgements.silentSince(sinceMs)
    try {
      await eventually(() => (silent().length === 0 ? true : undefined), 'the load goes on', GOES_ON_TIMEOUT_MS)
    } catch (cause) {
      throw new Error(`partitions ${silent().join(', ')} acknowledge nothing\n${this.#load.tail()}`, { cause })
    }
  }

  /** Ends it: nothing acknowledged is lost, doubled or reordered. */
  async finish(context: TestContext): Promise<void> {
    await this.#load.stop()
    const report = checkHistory(historyOf(this.#load, await readAll(this.#bootstrapServers, this.#load.topic)))
    context.diagnostic(`${report.acknowledgedCount} records acknowledged, ${report.unknownCount} with unknown outcome`)
    assert.deepEqual(report.anomalies, [])
    assert.ok(report.acknowledgedCount > 0)
  }

  /** In any case: it ends, and reads nothing more of servers that may be gone. */
  abandon(): void {
    this.#load.abandon()
  }
}
