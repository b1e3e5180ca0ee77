/** A load of our own client that runs while servers change, and what the checker of histories says of it in the end. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { checkHistory } from '@braidlog/simulator/history'
import { Load } from '../faults/load.ts'
import { eventually } from '../peers/process.ts'

const GOES_ON_TIMEOUT_MS = 90_000

export class UnderLoad {
  readonly #load: Load

  constructor(bootstrapServers: readonly string[], topic: string, partitionCount: number) {
    this.#load = new Load({ bootstrapServers, topic, partitionCount, clientCount: 1 })
  }

  start(): void {
    this.#load.start()
  }

  /** Every partition acknowledges something from now on. */
  async goesOn(): Promise<void> {
    const { acknowledgedMs } = this.#load
    const before = acknowledgedMs.map((times) => times.length)
    const isMoving = () => acknowledgedMs.every((times, at) => times.length > before[at]!)
    await eventually(() => (isMoving() ? true : undefined), 'the load goes on', GOES_ON_TIMEOUT_MS)
  }

  /** Ends it: nothing acknowledged is lost, doubled or reordered. */
  async finish(context: TestContext): Promise<void> {
    await this.#load.finish()
    const report = checkHistory(this.#load.events)
    context.diagnostic(`${report.acknowledgedCount} records acknowledged, ${report.unknownCount} with unknown outcome`)
    assert.deepEqual(report.anomalies, [])
    assert.ok(report.acknowledgedCount > 0)
  }

  /** In any case: it ends when it can, and reads nothing more of servers that may be gone. */
  abandon(): void {
    this.#load.abandon()
  }
}
