/**
 * Group commit: one fdatasync per log covers everything that arrived while the one before was under way; logs are synced
 * in parallel.
 *
 * A request starts its sync at the end of the turn, so that all appends of the turn share it, or when the sync in flight
 * has ended. Targets are told of completed syncs at the end of a turn, too, all at once. No promise, timer or closure per
 * append: one promise per sync.
 * Bound: at most one sync in flight per target, and one entry in the queue.
 */

import type { Clock, DurationHistogram } from '@braidlog/base'

/** What is flushed: a partition, with its log. */
export interface FlushTarget {
  /** Makes durable what has been appended so far. A failure has taken the log offline already. */
  flush(): Promise<void>
  /** A sync has completed or failed. */
  onFlushed(): void
}

export interface FlusherOptions {
  /** Calls back at the end of the turn. */
  readonly defer: (callback: () => void) => void
  /** After each round of `onFlushed`: what had to be gathered over several targets can be sent. */
  readonly onRoundEnd?: () => void
  /** Takes the duration of each sync, by this clock. */
  readonly durations?: { readonly histogram: DurationHistogram; readonly clock: Clock }
}

export class Flusher {
  readonly #options: FlusherOptions
  readonly #due = new Set<FlushTarget>()
  /** With the monotonic time at which the sync began. */
  readonly #inFlight = new Map<FlushTarget, number>()
  #flushed: FlushTarget[] = []
  #starting = false
  #telling = false
  /** Syncs completed since the start. */
  syncs = 0

  constructor(options: FlusherOptions) {
    this.#options = options
  }

  /** The target has something that must become durable. */
  request(target: FlushTarget): void {
    if (this.#due.has(target)) return
    this.#due.add(target)
    if (this.#starting || this.#inFlight.has(target)) return
    this.#starting = true
    this.#options.defer(this.#start)
  }

  /** Forgets a target that is closed or deleted. */
  forget(target: FlushTarget): void {
    this.#due.delete(target)
  }

  readonly #start = (): void => {
    this.#starting = false
    for (const target of this.#due) if (!this.#inFlight.has(target)) this.#sync(target)
  }

  #sync(target: FlushTarget): void {
    this.#due.delete(target)
    this.#inFlight.set(target, this.#options.durations?.clock.monotonicMs() ?? 0)
    const ended = (): void => this.#ended(target)
    target.flush().then(ended, ended)
  }

  #ended(target: FlushTarget): void {
    this.syncs++
    const { durations } = this.#options
    durations?.histogram.record(durations.clock.monotonicMs() - this.#inFlight.get(target)!)
    this.#inFlight.delete(target)
    this.#flushed.push(target)
    if (this.#due.has(target)) this.#sync(target)
    if (this.#telling) return
    this.#telling = true
    this.#options.defer(this.#tell)
  }

  readonly #tell = (): void => {
    this.#telling = false
    const flushed = this.#flushed
    this.#flushed = []
    for (const target of flushed) target.onFlushed()
    this.#options.onRoundEnd?.()
  }
}
