/** The real clock, timers and randomness, behind the interfaces of `base`. */
import * as fs from 'node:fs'
import type { Clock, Random, Timer, Timers } from '@braidlog/base'

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}

/** `setTimeout` fires at once when asked for more than this: longer delays are waited for in steps. */
const DELAY_STEP_MAX_MS = 2 ** 31 - 1

function timersOf(keepsProcessAlive: boolean): Timers {
  return {
    after(delayMs, callback): Timer {
      const deadlineMs = performance.now() + delayMs
      let handle: NodeJS.Timeout
      const arm = (): void => {
        const leftMs = Math.max(0, deadlineMs - performance.now())
        if (leftMs > DELAY_STEP_MAX_MS) handle = setTimeout(arm, DELAY_STEP_MAX_MS)
        else handle = setTimeout(callback, Math.ceil(leftMs))
        if (!keepsProcessAlive) handle.unref()
      }
      arm()
      return { cancel: () => clearTimeout(handle) }
    },
  }
}

/** For a server, whose sockets keep the process alive. */
export const systemTimers: Timers = timersOf(false)

/** Pending ones keep the process alive: for whoever has promised an outcome and may have nothing but a timer to reach it. */
export const awaitedTimers: Timers = timersOf(true)

const POOL_COUNT = 256

/**
 * Cryptographic randomness from the operating system. Where it offers its source as a file, that file is read: the first
 * use of `crypto` costs some 14 ms, a quarter of the time in which a node starts inside a test.
 */
function fillRandomly(target: Uint32Array<ArrayBuffer>): void {
  if (process.platform !== 'win32') {
    try {
      const descriptor = fs.openSync('/dev/urandom', 'r')
      try {
        if (fs.readSync(descriptor, target, 0, target.byteLength, null) === target.byteLength) return
      } finally {
        fs.closeSync(descriptor)
      }
    } catch {
      // A container without devices.
    }
  }
  crypto.getRandomValues(target)
}

/** Drawn in blocks of 1 KiB. */
class SystemRandom implements Random {
  readonly #pool = new Uint32Array(POOL_COUNT)
  #next = POOL_COUNT

  uint32(): number {
    if (this.#next === POOL_COUNT) {
      fillRandomly(this.#pool)
      this.#next = 0
    }
    const value = this.#pool[this.#next]!
    this.#pool[this.#next++] = 0
    return value
  }
}

export const systemRandom: Random = new SystemRandom()
