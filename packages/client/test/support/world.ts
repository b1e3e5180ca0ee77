/**
 * A world for tests: virtual time, seeded randomness, sockets in memory. Time moves only when nothing else does, so a
 * test with timeouts of minutes runs in milliseconds and always the same way.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { SeededRandom, type Clock, type Timer, type Timers } from '@braidlog/base'
import { nodeCodecs } from '@braidlog/runtime'
import { Kafka, type Environment, type KafkaOptions, type Network, type SocketEvents } from '@braidlog/client'

interface Pending {
  readonly atMs: number
  readonly order: number
  readonly callback: () => void
  isCancelled: boolean
}

/** How a server in the world receives what a client sends. */
export interface ServerSide {
  received(bytes: Uint8Array): void
  closed(): void
}

export interface ServerSocket {
  send(bytes: Uint8Array): void
  close(): void
}

export type Accept = (socket: ServerSocket) => ServerSide

/** Turns of the event loop without any event after which the world counts as idle. */
const IDLE_TURNS = 4
const WALL_CLOCK_START_MS = 1_700_000_000_000

export class World {
  readonly random: SeededRandom
  readonly #pending: Pending[] = []
  readonly #listening = new Map<string, Accept>()
  readonly #vanished = new Set<string>()
  readonly #clients: Kafka[] = []
  #nowMs = 0
  #order = 0
  #events = 0

  constructor(seed = 1) {
    this.random = new SeededRandom(seed)
  }

  readonly clock: Clock = {
    nowMs: () => WALL_CLOCK_START_MS + this.#nowMs,
    monotonicMs: () => this.#nowMs,
  }

  readonly timers: Timers = {
    after: (delayMs, callback): Timer => {
      const pending = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback, isCancelled: false }
      this.#pending.push(pending)
      return { cancel: () => (pending.isCancelled = true) }
    },
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Something happens in the next turn of the event loop. */
  soon(callback: () => void): void {
    setImmediate(() => {
      this.#events++
      callback()
    })
  }

  listen(address: string, accept: Accept): void {
    this.#listening.set(address, accept)
  }

  unlisten(address: string): void {
    this.#listening.delete(address)
  }

  /** The host of that address is off: nothing is refused, nothing answers. */
  vanish(address: string): void {
    this.#vanished.add(address)
  }

  readonly network: Network = {
    connect: ({ host, port }, events) => this.#connect(`${host}:${port}`, events),
  }

  environment(): Environment {
    return {
      clock: this.clock,
      timers: this.timers,
      random: this.random,
      network: this.network,
      codecs: nodeCodecs,
      offloadSizeBytes: Infinity,
      nextTurn: (callback) => this.soon(callback),
    }
  }

  /** A client in this world; closed at the end of `run`. */
  client(options: Partial<KafkaOptions> = {}): Kafka {
    const kafka = new Kafka({ bootstrapServers: ['broker1:9092'], ...options }, this.environment())
    this.#clients.push(kafka)
    return kafka
  }

  /** Runs a test: lets time pass whenever nothing happens, until the test is over. */
  async run(test: () => Promise<void>): Promise<void> {
    let isOver = false
    const outcome = this.#outcomeOf(test).finally(() => (isOver = true))
    while (!isOver) await this.#step()
    const failure = await outcome
    if (failure !== undefined) throw failure.error
  }

  async #outcomeOf(test: () => Promise<void>): Promise<{ readonly error: unknown } | undefined> {
    try {
      await test()
      return undefined
    } catch (error) {
      return { error }
    } finally {
      for (const kafka of this.#clients) await kafka.close({ timeoutMs: 1_000 })
    }
  }

  /** Resolves when so much time has passed. */
  async sleep(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => this.timers.after(delayMs, resolve))
  }

  /** Resolves when the condition holds; it is looked at after every step of time. */
  async until(condition: () => boolean, what: string): Promise<void> {
    for (let i = 0; !condition(); i++) {
      if (i > 10_000) throw new Error(`never: ${what}`)
      await this.sleep(10)
    }
  }

  async #step(): Promise<void> {
    for (let idle = 0; idle < IDLE_TURNS; idle++) {
      const before = this.#events
      await turn()
      if (this.#events !== before) return
    }
    const next = this.#takeNext()
    if (next === undefined) return
    this.#nowMs = Math.max(this.#nowMs, next.atMs)
    next.callback()
  }

  #takeNext(): Pending | undefined {
    let best = -1
    for (let i = this.#pending.length - 1; i >= 0; i--) {
      const each = this.#pending[i]!
      if (each.isCancelled) {
        this.#pending.splice(i, 1)
        if (best > i) best--
        continue
      }
      const other = this.#pending[best]
      if (other === undefined || each.atMs < other.atMs || (each.atMs === other.atMs && each.order < other.order))
        best = i
    }
    return best < 0 ? undefined : this.#pending.splice(best, 1)[0]
  }

  #connect(address: string, events: SocketEvents): ReturnType<Network['connect']> {
    let isClosed = false
    let server: ServerSide | undefined
    const close = (error?: Error): void => {
      if (isClosed) return
      isClosed = true
      server?.closed()
      this.soon(() => events.closed(error))
    }
    this.soon(() => {
      if (isClosed || this.#vanished.has(address)) return
      const accept = this.#listening.get(address)
      if (accept === undefined) return close(new Error(`connect ECONNREFUSED ${address}`))
      server = accept({
        send: (bytes) =>
          this.soon(() => {
            if (!isClosed) events.received(bytes, bytes.length)
          }),
        close: () => close(),
      })
      events.opened()
    })
    return {
      write: (chunks) => {
        const bytes = Buffer.concat(chunks)
        this.soon(() => {
          if (!isClosed) server?.received(bytes)
        })
      },
      destroy: () => close(),
    }
  }
}
