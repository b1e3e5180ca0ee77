/** Time as an interface: real in `runtime`, virtual in tests and in the simulator. */

export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. May jump. */
  nowMs(): number
  /** Milliseconds since some fixed moment; never goes back. For timeouts and durations. */
  monotonicMs(): number
}

export interface Timer {
  cancel(): void
}

export interface Timers {
  /** Calls back once, not before `delayMs` have passed. */
  after(delayMs: number, callback: () => void): Timer
}
