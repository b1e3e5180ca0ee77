/**
 * What the broker does once per turn of the event loop: sends the responses that became ready, and measures how long
 * the turn kept everybody else waiting.
 */
import type { Clock } from '@braidlog/base'
import { systemTurns, type Turns } from '@braidlog/runtime'
import type { BrokerMetrics } from './metrics.ts'

/** Something with responses to send. */
export interface Flushable {
  flush(): void
}

export class TurnClock {
  /** Monotonic time at the beginning of this turn, and of its end: good enough for everything that happens in it. */
  nowMs: number
  readonly #clock: Clock
  readonly #metrics: BrokerMetrics
  readonly #turns: Turns
  #dirty: Flushable[] = []
  #open = false

  constructor(clock: Clock, metrics: BrokerMetrics, turns: Turns = systemTurns) {
    this.#clock = clock
    this.#metrics = metrics
    this.#turns = turns
    this.nowMs = clock.monotonicMs()
  }

  /** Work begins; cheap when the turn has begun already. */
  begin(): void {
    if (this.#open) return
    this.#open = true
    this.nowMs = this.#clock.monotonicMs()
    this.#turns.afterEnd(() => this.#end())
  }

  /** `flush` of it will be called once, at the end of the turn. The caller makes sure that it asks only once. */
  markDirty(flushable: Flushable): void {
    this.#dirty.push(flushable)
    this.begin()
  }

  #end(): void {
    const dirty = this.#dirty
    const beganMs = this.nowMs
    this.#dirty = []
    this.#open = false
    this.nowMs = this.#clock.monotonicMs()
    for (const flushable of dirty) flushable.flush()
    this.#metrics.turns.record(this.#clock.monotonicMs() - beganMs)
  }
}
