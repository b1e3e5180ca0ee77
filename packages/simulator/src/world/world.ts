/**
 * Virtual time for everything that runs in it. Nothing happens by itself: the next event is taken, its time becomes now,
 * and every promise that it sets off is let run before the next one.
 *
 * Invariant: what runs inside uses no other clock, timer, randomness, network or disk, so the same seed gives the same
 * run. Code may await; that its continuations replay rests on V8's order of microtasks.
 * Randomness is split by subject: a new draw in one place does not change what another place draws.
 */
import { SeededRandom, type Clock, type Random, type Timer, type Timers } from '@braidlog/base'
import { Turns } from '@braidlog/runtime'

/** Something that will happen; its own timer, for whoever asked for it. */
class PendingEvent implements Timer {
  readonly atMs: number
  readonly order: number
  /** Whose process it happens in; a paused one gets it when it goes on, a dead one never. */
  readonly process: SimulatedProcess | undefined
  callback: (() => void) | undefined

  constructor(atMs: number, order: number, callback: () => void, process: SimulatedProcess | undefined) {
    this.atMs = atMs
    this.order = order
    this.callback = callback
    this.process = process
  }

  cancel(): void {
    this.callback = undefined
  }
}

const WALL_CLOCK_START_MS = 1_700_000_000_000
/** So many events without a microsecond passing are an endless loop of something under simulation. */
const EVENTS_AT_ONCE_MAX = 200_000
/** After so many events the event loop has a turn, for signals and output. */
const EVENTS_PER_TURN = 5_000

/** One run of a program: it can be paused, and it can die, after which nothing of it happens any more. */
export class SimulatedProcess {
  readonly name: string
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly turns: Turns
  isDead = false
  isPaused = false
  /** How much its wall clock is off, in ms. */
  clockOffsetMs = 0
  /** Events that came while it was paused, in order. */
  readonly held: (() => void)[] = []
  /** How many of them are still to come, now that it goes on. */
  catchingUp = 0

  constructor(world: World, name: string) {
    this.name = name
    this.random = world.randomFor(`process ${name}`)
    this.clock = {
      nowMs: () => WALL_CLOCK_START_MS + Math.floor(world.nowMs + this.clockOffsetMs),
      monotonicMs: () => world.nowMs,
    }
    this.timers = { after: (delayMs, callback) => world.after(delayMs, callback, this) }
    this.turns = new Turns((run) => world.after(0, run, this))
  }
}

export class World {
  readonly seed: number
  /** One line per thing that happened; hashed, so that two runs can be compared. */
  #traceHash = 0x811c9dc5
  #onTrace: ((line: string) => void) | undefined
  /** What happens later, the next on top. */
  readonly #heap: PendingEvent[] = []
  /**
   * What happens now, in the order of asking, from `#atOnceNext` on: about half of all events. What is in the heap for this
   * time was asked for before time came here, so it goes first.
   */
  #atOnce: PendingEvent[] = []
  #atOnceNext = 0
  #order = 0
  #nowMs = 0
  #eventCount = 0
  #eventsAtOnce = 0

  constructor(seed: number, onTrace?: (line: string) => void) {
    this.seed = seed
    this.#onTrace = onTrace
  }

  get nowMs(): number {
    return this.#nowMs
  }

  get eventCount(): number {
    return this.#eventCount
  }

  get traceHash(): string {
    return (this.#traceHash >>> 0).toString(16).padStart(8, '0')
  }

  /** A stream of its own for each subject. */
  randomFor(subject: string): SeededRandom {
    return new SeededRandom((this.seed ^ hashOf(subject)) >>> 0)
  }

  /** Notes that something happened. */
  trace(line: string): void {
    const text = `${this.#nowMs.toFixed(3)} ${line}`
    this.#traceHash = hashOf(text, this.#traceHash)
    this.#onTrace?.(text)
  }

  /** Time goes in whole microseconds: a delay that is not zero takes at least one, so that no rounding stops time. */
  after(delayMs: number, callback: () => void, process?: SimulatedProcess): Timer {
    if (delayMs <= 0) {
      const event = new PendingEvent(this.#nowMs, this.#order++, callback, process)
      this.#atOnce.push(event)
      return event
    }
    const atMs = (Math.round(this.#nowMs * 1000) + Math.ceil(delayMs * 1000)) / 1000
    const event = new PendingEvent(atMs, this.#order++, callback, process)
    push(this.#heap, event)
    return event
  }

  /**
   * Lets something happen in a process, as a part of the event that is happening now: at once, when it goes on, or never.
   * Only for what nothing of this process has called.
   */
  deliver(process: SimulatedProcess, callback: () => void): void {
    if (process.isDead) return
    if (process.isPaused) process.held.push(callback)
    else if (process.catchingUp > 0) this.after(0, callback, process)
    else callback()
  }

  delay(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  pause(process: SimulatedProcess): void {
    process.isPaused = true
  }

  resume(process: SimulatedProcess): void {
    process.isPaused = false
    for (const callback of process.held.splice(0)) {
      process.catchingUp++
      const caughtUp = (): void => {
        process.catchingUp--
        callback()
      }
      this.after(0, caughtUp, process)
    }
  }

  /** Nothing of it happens any more: no timer, no byte, no completion of a write. */
  end(process: SimulatedProcess): void {
    process.isDead = true
    process.held.length = 0
  }

  /**
   * Lets events happen until `done` says so, or until `untilMs`.
   * @returns whether it was done
   */
  run(done: () => boolean, untilMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const next = (): void => {
        try {
          if (done()) resolve(true)
          else if (!this.#happen(untilMs)) resolve(false)
          else if (this.#eventCount % EVENTS_PER_TURN === 0) setImmediate(next)
          else void settled.then(whenQuiet)
        } catch (error) {
          reject(error as Error)
        }
      }
      // No microtask is left when this calls back: Node takes the next tick that a microtask has asked for only when it
      // has drained all of them, those that they have queued included. The same as a turn, at a tenth of its price.
      const whenQuiet = (): void => process.nextTick(next)
      void settled.then(whenQuiet)
    })
  }

  /** Lets the next event happen. @returns whether there was one until `untilMs` */
  #happen(untilMs: number): boolean {
    for (;;) {
      const event = this.#next(untilMs)
      if (event === undefined) {
        this.#nowMs = Math.max(this.#nowMs, untilMs)
        return false
      }
      const { callback, process } = event
      if (callback === undefined || process?.isDead === true) continue
      if (event.atMs > this.#nowMs) {
        this.#nowMs = event.atMs
        this.#eventsAtOnce = 0
      } else if (++this.#eventsAtOnce > EVENTS_AT_ONCE_MAX) throw new StandstillError(this.#nowMs)
      if (process?.isPaused === true) {
        process.held.push(callback)
        continue
      }
      this.#eventCount++
      callback()
      return true
    }
  }

  /** Takes the next event out. @returns `undefined`: there is none until `untilMs` */
  #next(untilMs: number): PendingEvent | undefined {
    const later = this.#heap[0]
    if (this.#atOnceNext < this.#atOnce.length && (later === undefined || later.atMs > this.#nowMs)) {
      const event = this.#atOnce[this.#atOnceNext++]!
      if (this.#atOnceNext === this.#atOnce.length) {
        this.#atOnce = []
        this.#atOnceNext = 0
      }
      return event
    }
    if (later === undefined || later.atMs > untilMs) return undefined
    return pop(this.#heap)
  }
}

export class StandstillError extends Error {
  override readonly name = 'StandstillError'

  constructor(nowMs: number) {
    super(`time stands still at ${nowMs} ms: something calls itself again without a delay`)
  }
}

const settled = Promise.resolve()

function isBefore(a: PendingEvent, b: PendingEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

function push(heap: PendingEvent[], event: PendingEvent): void {
  let at = heap.push(event) - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!isBefore(event, heap[parent]!)) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = event
}

function pop(heap: PendingEvent[]): PendingEvent | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined || heap.length === 0) return first
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
    if (!isBefore(heap[child]!, last)) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = last
  return first
}

/** FNV-1a over UTF-16 code units. */
export function hashOf(text: string, start = 0x811c9dc5): number {
  let hash = start
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
