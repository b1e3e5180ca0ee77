/** One timer that is moved to whatever comes next; it measures how late it was called back. */
import { DurationHistogram, type Clock, type Timer, type Timers } from '@braidlog/base'

export class Deadline {
  /** How late it was each time. */
  readonly lateness = new DurationHistogram()
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #run: () => void
  #timer: Timer | undefined
  #atMs = Infinity

  constructor(clock: Clock, timers: Timers, run: () => void) {
    this.#clock = clock
    this.#timers = timers
    this.#run = run
  }

  /** @param atMs monotonic; `Infinity`: never */
  moveTo(atMs: number): void {
    if (atMs === this.#atMs) return
    this.cancel()
    this.#atMs = atMs
    if (atMs === Infinity) return
    this.#timer = this.#timers.after(Math.max(0, atMs - this.#clock.monotonicMs()), () => {
      this.#atMs = Infinity
      this.lateness.record(this.#clock.monotonicMs() - atMs)
      this.#run()
    })
  }

  cancel(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#atMs = Infinity
  }
}
