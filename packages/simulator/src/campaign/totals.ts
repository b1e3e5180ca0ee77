/** What a campaign adds up to: the few figures by which one is compared with another. */
import type { RunResult } from '../cluster/run.ts'

export class Totals {
  readonly failedSeeds: number[] = []
  passed = 0
  faultCount = 0
  virtualMs = 0
  eventCount = 0
  acknowledgedCount = 0
  readonly #faultsByKind = new Map<string, number>()

  get runCount(): number {
    return this.passed + this.failedSeeds.length
  }

  add(result: RunResult): void {
    this.faultCount += result.faultCount
    this.virtualMs += result.virtualMs
    this.eventCount += result.eventCount
    this.acknowledgedCount += result.acknowledgedCount
    for (const [kind, count] of Object.entries(result.faultsByKind)) {
      this.#faultsByKind.set(kind, (this.#faultsByKind.get(kind) ?? 0) + count)
    }
    if (result.failures.length === 0) this.passed++
    else this.failedSeeds.push(result.seed)
  }

  /** @param cpuMs of all threads */
  summary(cpuMs: number): string {
    const hours = (this.virtualMs / 3_600_000).toFixed(2)
    const ratio = (this.virtualMs / cpuMs).toFixed(0)
    const perFault = (cpuMs / Math.max(1, this.faultCount)).toFixed(1)
    const kinds = [...this.#faultsByKind].toSorted(([, a], [, b]) => b - a).map(([kind, count]) => `${kind} ${count}`)
    const faultsPerRun = (this.faultCount / Math.max(1, this.runCount)).toFixed(1)
    const lines = [
      `${this.runCount} runs, ${this.faultCount} faults (${faultsPerRun} a run), ${this.acknowledgedCount} records acknowledged`,
      `faults: ${kinds.join(', ')}`,
      `${hours} cluster-hours, ${ratio} times real time per core, ${perFault} ms of computing per fault, ` +
        `${(this.eventCount / cpuMs).toFixed(0)} thousand events in a second of it`,
      ...(this.failedSeeds.length > 0 ? [`failed: seeds ${this.failedSeeds.join(' ')}`] : []),
      `${this.passed} passed, ${this.failedSeeds.length} failed`,
    ]
    return `${lines.join('\n')}\n`
  }
}
