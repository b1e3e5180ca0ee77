/**
 * The time of one step, read once by the host.
 *
 * Two clocks because they answer two questions: *how long ago* (sessions, rebalances: must survive a jump of the wall
 * clock) and *when* (commit timestamps and retention: must mean the same after a restart and on another node).
 */

export interface Instant {
  /** Milliseconds since the epoch. May jump. */
  readonly wallMs: number
  /** Milliseconds since some fixed moment; never goes back. All deadlines are in this time. */
  readonly monotonicMs: number
}
