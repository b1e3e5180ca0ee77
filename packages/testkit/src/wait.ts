/** Waiting for a condition that only asking can tell, within a bound. */
import { setTimeout as delay } from 'node:timers/promises'
import { TestkitError } from './errors.ts'

/** Kept at load, so that a test's fake timers do not stop the waiting. */
const pause = delay
const clock = performance.now.bind(performance)

const PAUSE_MS_MIN = 2
const PAUSE_MS_MAX = 50

export interface Wait {
  /** What is waited for, as it completes "waited 5000 ms for …". */
  readonly what: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** What one look saw: done, or not yet and why. */
export type Look<T> = { readonly done: true; readonly value: T } | { readonly done: false; readonly seen: string }

/**
 * Looks again and again, quickly at first.
 * @param look may throw: the error counts as "not yet" until time is up, and then is the cause
 * @throws TestkitError `TIMED_OUT`, saying what the last look saw; the signal's reason
 */
export async function waitFor<T>(wait: Wait, look: (timeoutMs: number) => Promise<Look<T>>): Promise<T> {
  const deadlineMs = clock() + wait.timeoutMs
  let pauseMs = PAUSE_MS_MIN
  let seen = 'nothing yet'
  let cause: unknown
  for (;;) {
    wait.signal?.throwIfAborted()
    const leftMs = deadlineMs - clock()
    if (leftMs <= 0) {
      throw new TestkitError('TIMED_OUT', `waited ${wait.timeoutMs} ms for ${wait.what}; last seen: ${seen}`, { cause })
    }
    try {
      const result = await look(Math.max(leftMs, 1))
      if (result.done) return result.value
      seen = result.seen
      cause = undefined
    } catch (error) {
      if (error instanceof TestkitError && error.code !== 'TIMED_OUT') throw error
      seen = error instanceof Error ? error.message : String(error)
      cause = error
    }
    await pause(Math.min(pauseMs, Math.max(deadlineMs - clock(), 0)), undefined, { signal: wait.signal })
    pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)
  }
}
