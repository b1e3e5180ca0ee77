/** The timeouts of one client: callbacks and pauses on a single {@link TimerWheel}, whatever their number. */
import { TimerWheel, WheelTimer, type Clock, type Timers, type WheelTimerOwner } from '@braidlog/base'

/** A pending callback. */
export class Alarm implements WheelTimerOwner {
  readonly timer = new WheelTimer(this)
  readonly callback: () => void

  constructor(callback: () => void) {
    this.callback = callback
  }

  onTimer(): void {
    this.callback()
  }
}

export class Alarms {
  readonly #wheel: TimerWheel

  constructor(clock: Clock, timers: Timers) {
    this.#wheel = new TimerWheel({ clock, timers, tickMs: 5, slots: 1024 })
  }

  /** Calls back once, not before `delayMs` have passed and at most two ticks later. */
  after(delayMs: number, callback: () => void): Alarm {
    const alarm = new Alarm(callback)
    this.#wheel.schedule(alarm.timer, delayMs)
    return alarm
  }

  cancel(alarm: Alarm | undefined): void {
    if (alarm !== undefined) this.#wheel.cancel(alarm.timer)
  }

  /** Resolves after `delayMs`; rejects with the signal's reason when that comes first. */
  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (delayMs <= 0) return
    await new Promise<void>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const alarm = this.after(delayMs, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      const onAbort = (): void => {
        this.cancel(alarm)
        reject(signal!.reason as Error)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  close(): void {
    this.#wheel.close()
  }
}
