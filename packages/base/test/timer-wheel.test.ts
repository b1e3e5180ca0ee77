/** `TimerWheel` against a virtual clock. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { TimerWheel, WheelTimer, type Clock, type Timer, type Timers } from '@braidlog/base'

/** One virtual clock with its timers. */
class VirtualTime implements Clock, Timers {
  now = 0
  armed = 0
  readonly #pending = new Set<{ atMs: number; callback: () => void }>()
  nowMs = (): number => this.now
  monotonicMs = (): number => this.now

  after(delayMs: number, callback: () => void): Timer {
    this.armed++
    const entry = { atMs: this.now + delayMs, callback }
    this.#pending.add(entry)
    return { cancel: () => void this.#pending.delete(entry) }
  }

  get pending(): number {
    return this.#pending.size
  }

  advance(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const next = [...this.#pending].sort((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined || next.atMs > end) break
      this.#pending.delete(next)
      this.now = Math.max(this.now, next.atMs)
      next.callback()
    }
    this.now = end
  }
}

describe('TimerWheel', () => {
  it('fires each timer once, never early and less than two ticks late', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3000), fc.nat(500)), { maxLength: 40 }), (plan) => {
        const time = new VirtualTime()
        const wheel = new TimerWheel({ clock: time, timers: time, tickMs: 10, slots: 8 })
        const fired: { lateMs: number }[] = []
        for (const [delayMs, pauseMs] of plan) {
          const deadlineMs = time.now + delayMs
          wheel.schedule(new WheelTimer({ onTimer: () => fired.push({ lateMs: time.now - deadlineMs }) }), delayMs)
          time.advance(pauseMs)
        }
        time.advance(4000)
        assert.equal(fired.length, plan.length)
        for (const { lateMs } of fired) assert(lateMs >= 0 && lateMs < 20, `late by ${lateMs} ms`)
        assert.equal(wheel.size + time.pending, 0, 'an empty wheel sets no timer')
      }),
    )
  })

  it('forgets what is cancelled, also by an owner that fires in the same tick', () => {
    const time = new VirtualTime()
    const wheel = new TimerWheel({ clock: time, timers: time })
    const fired: string[] = []
    const victim = new WheelTimer({ onTimer: () => fired.push('victim') })
    const killer = new WheelTimer({
      onTimer: () => {
        fired.push('killer')
        wheel.cancel(victim)
      },
    })
    const later = new WheelTimer({ onTimer: () => fired.push('later') })
    wheel.schedule(victim, 50)
    wheel.schedule(later, 60)
    wheel.schedule(killer, 50)
    wheel.cancel(later)
    time.advance(1000)
    assert(fired.includes('killer'))
    assert(!fired.includes('later'))
    assert.equal(victim.scheduled, false)
  })

  it('lets an owner schedule anew from its callback, with delay 0 too', () => {
    const time = new VirtualTime()
    const wheel = new TimerWheel({ clock: time, timers: time })
    let count = 0
    const timer = new WheelTimer({
      onTimer: () => {
        if (++count < 5) wheel.schedule(timer, 0)
      },
    })
    wheel.schedule(timer, 10)
    time.advance(200)
    assert.equal(count, 5)
  })

  it('catches up after a long pause with one visit of every slot', () => {
    const time = new VirtualTime()
    const wheel = new TimerWheel({ clock: time, timers: time })
    let fired = 0
    for (let i = 0; i < 100; i++) wheel.schedule(new WheelTimer({ onTimer: () => fired++ }), i * 97)
    time.now += 1_000_000
    time.advance(0)
    assert.equal(fired, 100)
  })

  it('goes on after an owner that throws', () => {
    const time = new VirtualTime()
    const wheel = new TimerWheel({ clock: time, timers: time })
    let fired = 0
    const bad = { onTimer: () => { throw new Error('owner') } } // prettier-ignore
    for (const owner of [bad, { onTimer: () => void fired++ }, bad]) wheel.schedule(new WheelTimer(owner), 10)
    for (let i = 0; i < 3; i++)
      try {
        time.advance(50)
      } catch {
        // the owner's error belongs to whoever runs the timer
      }
    assert.equal(fired, 1)
    assert.equal(wheel.size, 0)
  })
})
