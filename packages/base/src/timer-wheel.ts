/**
 * A hashed timing wheel: any number of timeouts behind one `Timer`.
 *
 * Scheduling and cancelling are O(1) and allocate nothing: the entries are links of intrusive lists, made once by whoever
 * needs the timeout. Expiry is never early and late by less than two ticks.
 * Invariant: an entry is in at most one slot; it fires once per `schedule`, or never after `cancel`.
 * Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", scheme 6.
 */
import { assert } from './assert.ts'
import type { Clock, Timer, Timers } from './clock.ts'

/** One timeout. Embed it in what waits; it can be scheduled again after it fired or was cancelled. */
export class WheelTimer {
  readonly owner: WheelTimerOwner
  /** Of the wheel only: neighbours in the slot's list, that slot (-1: not pending) and the tick at which to fire. */
  previous: WheelTimer | undefined = undefined
  next: WheelTimer | undefined = undefined
  slot = -1
  tick = 0

  constructor(owner: WheelTimerOwner) {
    this.owner = owner
  }

  get scheduled(): boolean {
    return this.slot >= 0
  }
}

export interface WheelTimerOwner {
  /** The time of `timer` has come. It may be scheduled again from here. */
  onTimer(timer: WheelTimer): void
}

export interface TimerWheelOptions {
  readonly clock: Clock
  readonly timers: Timers
  /** Resolution. */
  readonly tickMs?: number
  /** Number of slots, a power of two; timeouts beyond one revolution stay in their slot for several. */
  readonly slots?: number
}

export class TimerWheel {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #tickMs: number
  readonly #mask: number
  /** Heads of the slots' lists; the last one holds what is due and about to fire. */
  readonly #slots: (WheelTimer | undefined)[]
  /** The next tick whose slot has not been looked at. */
  #tick: number
  #size = 0
  #timer: Timer | undefined = undefined
  /** Tick for which `#timer` is set. */
  #timerTick = Infinity
  #expiring = false

  constructor(options: TimerWheelOptions) {
    const slots = options.slots ?? 512
    assert(slots > 0 && (slots & (slots - 1)) === 0, 'slots must be a power of two')
    this.#clock = options.clock
    this.#timers = options.timers
    this.#tickMs = options.tickMs ?? 10
    assert(this.#tickMs > 0, 'tickMs must be positive')
    this.#mask = slots - 1
    this.#slots = Array.from<WheelTimer | undefined>({ length: slots + 1 })
    this.#tick = this.#tickOf(this.#clock.monotonicMs())
  }

  /** Timeouts pending. */
  get size(): number {
    return this.#size
  }

  /** Fires `timer` once, not before `delayMs` have passed. A timer that is pending is moved. */
  schedule(timer: WheelTimer, delayMs: number): void {
    if (timer.slot >= 0) this.#unlink(timer)
    const nowMs = this.#clock.monotonicMs()
    if (this.#size === 0 && !this.#expiring) this.#tick = this.#tickOf(nowMs)
    timer.tick = Math.max(Math.ceil((nowMs + Math.max(delayMs, 0)) / this.#tickMs), this.#tick)
    this.#link(timer, timer.tick & this.#mask)
    if (timer.tick < this.#timerTick && !this.#expiring) this.#arm(timer.tick, nowMs)
  }

  /** No effect on a timer that is not pending. */
  cancel(timer: WheelTimer): void {
    if (timer.slot < 0) return
    this.#unlink(timer)
    if (this.#size === 0 && !this.#expiring) this.#disarm()
  }

  /** Cancels everything. */
  close(): void {
    for (let slot = 0; slot < this.#slots.length; slot++)
      while (this.#slots[slot] !== undefined) this.#unlink(this.#slots[slot]!)
    this.#disarm()
  }

  #tickOf(timeMs: number): number {
    return Math.floor(timeMs / this.#tickMs)
  }

  #link(timer: WheelTimer, slot: number): void {
    const head = this.#slots[slot]
    timer.slot = slot
    timer.next = head
    if (head !== undefined) head.previous = timer
    this.#slots[slot] = timer
    this.#size++
  }

  #unlink(timer: WheelTimer): void {
    if (timer.previous !== undefined) timer.previous.next = timer.next
    else this.#slots[timer.slot] = timer.next
    if (timer.next !== undefined) timer.next.previous = timer.previous
    timer.previous = timer.next = undefined
    timer.slot = -1
    this.#size--
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerTick = Infinity
  }

  #arm(tick: number, nowMs: number): void {
    this.#timer?.cancel()
    this.#timerTick = tick
    this.#timer = this.#timers.after(Math.max(tick * this.#tickMs - nowMs, 0), this.#onTimer)
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined
    this.#timerTick = Infinity
    const nowTick = this.#tickOf(this.#clock.monotonicMs())
    // After a long pause one revolution visits every slot; more would visit them again for nothing.
    for (let tick = Math.max(this.#tick, nowTick - this.#mask); tick <= nowTick; tick++) this.#collectDue(tick, nowTick)
    this.#tick = nowTick + 1
    this.#expiring = true
    try {
      this.#fireDue()
    } finally {
      this.#expiring = false
      if (this.#size > 0) this.#arm(this.#nextTick(), this.#clock.monotonicMs())
    }
  }

  /** Moves what is due from the slot of `tick` to the due list; what belongs to a later revolution stays. */
  #collectDue(tick: number, nowTick: number): void {
    let timer = this.#slots[tick & this.#mask]
    while (timer !== undefined) {
      const next = timer.next
      if (timer.tick <= nowTick) {
        this.#unlink(timer)
        this.#link(timer, this.#mask + 1)
      }
      timer = next
    }
  }

  /** Fires one at a time from the head: an owner may cancel others or schedule anew. */
  #fireDue(): void {
    for (let timer = this.#slots[this.#mask + 1]; timer !== undefined; timer = this.#slots[this.#mask + 1]) {
      this.#unlink(timer)
      timer.owner.onTimer(timer)
    }
  }

  /** The earliest tick within one revolution that has a timer due, else the end of the revolution. */
  #nextTick(): number {
    if (this.#slots[this.#mask + 1] !== undefined) return this.#tick // left over by an owner that threw
    const end = this.#tick + this.#mask
    for (let tick = this.#tick; tick < end; tick++)
      for (let timer = this.#slots[tick & this.#mask]; timer !== undefined; timer = timer.next)
        if (timer.tick <= tick) return tick
    return end
  }
}
