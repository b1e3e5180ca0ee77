/** Time that passes when the test says so; timers ring in order while it does. */
import type { Clock, Timer, Timers } from '@braidlog/base'

/** Far from zero and from each other, so that mixing the two up shows. */
const WALL_START_MS = 1_700_000_000_000
const MONOTONIC_START_MS = 5_000

export class SimTime implements Clock, Timers {
  #elapsedMs = 0
  #sequence = 0
  readonly #timers = new Map<number, { readonly atMs: number; readonly callback: () => void }>()

  nowMs(): number {
    return WALL_START_MS + this.#elapsedMs
  }

  monotonicMs(): number {
    return MONOTONIC_START_MS + this.#elapsedMs
  }

  after(delayMs: number, callback: () => void): Timer {
    const id = this.#sequence++
    this.#timers.set(id, { atMs: this.#elapsedMs + delayMs, callback })
    return { cancel: () => void this.#timers.delete(id) }
  }

  timerCount(): number {
    return this.#timers.size
  }

  /** Lets time pass; after each timer everything that it set off is awaited. */
  async pass(durationMs: number): Promise<void> {
    const endMs = this.#elapsedMs + durationMs
    for (;;) {
      let next: number | undefined
      for (const [id, { atMs }] of this.#timers) {
        if (atMs <= endMs && (next === undefined || atMs < this.#timers.get(next)!.atMs)) next = id
      }
      if (next === undefined) break
      const { atMs, callback } = this.#timers.get(next)!
      this.#timers.delete(next)
      this.#elapsedMs = Math.max(this.#elapsedMs, atMs)
      callback()
      await settle()
    }
    this.#elapsedMs = endMs
  }
}

/** Lets all promises that can go on go on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
