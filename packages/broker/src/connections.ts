/**
 * The connections of a broker: accepts them on its listeners, counts and closes them.
 *
 * One coarse sweep looks after all connections: those idle for longer than `connections.max.idle.ms`, and one that
 * stands still in the middle of a request while others wait for the memory it holds.
 */
import type { Clock, Logger, Timer, Timers } from '@braidlog/base'
import { listen, SlabPool, type Listen, type NetServer, type ReadMode, type Slab, type Turns } from '@braidlog/runtime'
import { Connection, type ConnectionHost } from './connection.ts'
import type { Exchange } from './exchange.ts'
import type { ConnectionLimits } from './limits.ts'
import type { BrokerMetrics } from './metrics.ts'
import type { Pipeline } from './pipeline.ts'
import { RequestMemory } from './request-memory.ts'
import { TurnClock } from './turn-clock.ts'

export interface ConnectionsOptions {
  readonly limits: ConnectionLimits
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  readonly metrics: BrokerMetrics
  readonly readMode?: ReadMode
  /** Default: real sockets. */
  readonly listen?: Listen | undefined
  /** Default: those of the event loop. */
  readonly turns?: Turns | undefined
}

const FETCH_KEY = 1
/** Bytes of the region in which the bytes of all connections land. */
const LANDING_SIZE_BYTES = 256 << 10

export class Connections implements ConnectionHost {
  readonly limits: ConnectionLimits
  readonly slabs = new SlabPool()
  readonly memory: RequestMemory
  readonly turns: TurnClock
  readonly metrics: BrokerMetrics
  readonly landing: Slab
  isReady = false
  readonly #options: ConnectionsOptions
  #pipeline: Pipeline | undefined
  readonly #open = new Set<Connection>()
  readonly #servers: NetServer[] = []
  #nextId = 1
  #sweeper: Timer | undefined
  #onDrained: (() => void) | undefined

  constructor(options: ConnectionsOptions) {
    this.#options = options
    this.limits = options.limits
    this.metrics = options.metrics
    this.memory = new RequestMemory(options.limits.requestMemoryMaxBytes)
    this.turns = new TurnClock(options.clock, options.metrics, options.turns)
    this.landing = new SlabPool(0).take(LANDING_SIZE_BYTES)
    this.#sweepLater()
  }

  /** Opens a listener. Requests wait until `serve`. @throws ListenError */
  async listen(name: string, host: string, port: number): Promise<NetServer> {
    const { limits, logger, readMode } = this.#options
    const server = await (this.#options.listen ?? listen)(
      {
        host,
        port,
        connectionsMax: limits.connectionsMax,
        connectionsPerAddressMax: limits.connectionsPerAddressMax,
        onRefused: (remoteAddress, reason) => {
          this.metrics.connectionsRefused++
          logger.warn('connection refused', { remoteAddress, reason })
        },
        ...(readMode === undefined ? {} : { mode: readMode }),
      },
      (socket) => {
        const connection = new Connection(this, socket, this.#nextId++, name)
        this.#open.add(connection)
        this.metrics.connectionsAccepted++
        this.metrics.connectionsOpen = this.#open.size
        return connection
      },
    )
    this.#servers.push(server)
    return server
  }

  /** From now on requests are taken up. */
  serve(pipeline: Pipeline): void {
    this.#pipeline = pipeline
    this.isReady = true
    for (const connection of this.#open) connection.hostReady()
  }

  /** Connections that are open now. */
  connections(): Iterable<Connection> {
    return this.#open
  }

  /** Stops listening. */
  async stopListening(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()))
  }

  /** Closes all connections. @param reason for the log */
  closeAll(reason: string): void {
    this.#sweeper?.cancel()
    for (const connection of this.#open) connection.close(reason)
  }

  /**
   * Resolves when no connection has a request in work, or after `timeoutMs`. Fetches do not count: what they wait for
   * may never come, and nothing is lost with them.
   */
  drained(timeoutMs: number): Promise<void> {
    if (!this.#isBusy()) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#options.timers.after(timeoutMs, resolve)
      this.#onDrained = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  #isBusy(): boolean {
    for (const connection of this.#open) if (connection.hasWork(FETCH_KEY)) return true
    return false
  }

  // For connections

  onFrame(
    connection: Connection,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    owner: Slab | undefined,
  ): void {
    this.#pipeline!.take(connection, bytes, view, start, end, owner)
  }

  onSent(): void {
    if (this.#onDrained !== undefined && !this.#isBusy()) this.#onDrained()
  }

  onClosed(connection: Connection, reason: string): void {
    this.#open.delete(connection)
    this.onSent()
    this.metrics.connectionsClosed++
    this.metrics.connectionsOpen = this.#open.size
    this.metrics.requestBytesInFlight = this.memory.usedBytes
    const { remoteAddress, remotePort } = connection.socket
    this.#options.logger.debug('connection closed', { remoteAddress, remotePort, reason })
  }

  onRefused(connection: Connection, reason: string): void {
    this.metrics.connectionsRefused++
    const { remoteAddress, remotePort } = connection.socket
    this.#options.logger.warn('closing a connection', { remoteAddress, remotePort, reason })
  }

  onFailure(connection: Connection, exchange: Exchange, error: unknown): void {
    const { remoteAddress } = connection.socket
    const { apiKey, apiVersion, clientId } = exchange
    this.#options.logger.error('a request failed', { remoteAddress, apiKey, apiVersion, clientId, error })
  }

  #sweepLater(): void {
    const { timers, limits } = this.#options
    const everyMs = Math.max(50, Math.min(limits.idleMaxMs, limits.requestStallMaxMs, 60_000) / 4)
    this.#sweeper = timers.after(everyMs, () => {
      this.#sweep()
      this.#sweepLater()
    })
  }

  #sweep(): void {
    const { clock, limits } = this.#options
    const nowMs = clock.monotonicMs()
    this.metrics.requestBytesInFlight = this.memory.usedBytes
    for (const connection of this.#open) {
      const stillMs = nowMs - connection.lastActiveMs
      if (this.memory.blocking === connection && stillMs > limits.requestStallMaxMs) {
        connection.refuse('an unfinished request stood still while others waited for the memory it holds')
      } else if (stillMs > limits.idleMaxMs && connection.pendingRequests === 0) {
        connection.close('idle for longer than connections.max.idle.ms')
      }
    }
  }
}
