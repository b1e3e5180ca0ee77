/**
 * One client connection: cuts frames out of the bytes as they come in, keeps responses in order, and holds the client
 * to its bounds.
 *
 * Bytes land in a region that all connections share, and whole frames are handled right there, without a copy. Only an
 * unfinished frame moves to a slab of the connection's own, which grows with the bytes that have arrived (never with
 * what the frame announces), and the following reads go straight into that slab.
 *
 * Invariants:
 * - A frame's bytes are valid only during `onFrame`, except that the slab given as owner may be retained.
 * - Bytes of a slab are written once; what moves, moves to another slab.
 * - After a request that is not pipelined, the next one is taken up only when it has been answered.
 * - Memory of a connection: its slab, `unsentBytesMax` and one response.
 */
import { assert } from '@braidlog/base'
import type { AcceptedSocket, Slab, SlabPool, SocketReceiver } from '@braidlog/runtime'
import type { Exchange } from './exchange.ts'
import type { ConnectionLimits } from './limits.ts'
import type { BrokerMetrics } from './metrics.ts'
import type { MemoryUser, RequestMemory } from './request-memory.ts'
import type { Flushable, TurnClock } from './turn-clock.ts'

/** What all connections of a broker share. */
export interface ConnectionHost {
  readonly limits: ConnectionLimits
  readonly slabs: SlabPool
  readonly memory: RequestMemory
  readonly turns: TurnClock
  /** False while the broker starts: connections are accepted, requests are not taken up yet. */
  readonly isReady: boolean
  readonly metrics: BrokerMetrics
  /** Where bytes land while a connection has no unfinished request. */
  readonly landing: Slab
  /**
   * Takes up one request.
   * @param start after the size prefix
   * @param owner may be retained for the bytes' sake; without it, nothing may be kept
   */
  onFrame(
    connection: Connection,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    owner: Slab | undefined,
  ): void
  /** Responses have been handed to the socket. */
  onSent(connection: Connection): void
  onClosed(connection: Connection, reason: string): void
  /** The client did what no client may do; `onClosed` follows. */
  onRefused(connection: Connection, reason: string): void
  /** A handler threw something that no client can be blamed for. */
  onFailure(connection: Connection, exchange: Exchange, error: unknown): void
}

/** Bytes of the first slab of a connection, unless more have arrived already. */
const FIRST_SLAB_SIZE_BYTES = 16 << 10
/** A slab is at most this many times as large as the bytes that arrived for it. */
const GROWTH = 4
/** Chunks up to this size are copied together before they are sent. */
const SMALL_CHUNK_SIZE_BYTES = 2048

export class Connection implements SocketReceiver, MemoryUser, Flushable {
  readonly id: number
  readonly listenerName: string
  readonly socket: AcceptedSocket
  /** Monotonic time of the last bytes in either direction. */
  lastActiveMs: number
  /** Whatever fetch sessions or authentication attach; released with the connection. */
  clientSoftware: { readonly name: string; readonly version: string } | undefined
  readonly #host: ConnectionHost
  #slab: Slab | undefined
  /** The bytes of the slab that are not handled yet. */
  #start = 0
  #end = 0
  /** Requests that are not answered, or whose response waits for an earlier one, oldest first. */
  readonly #exchanges: Exchange[] = []
  /** The request that has to be answered before another one is taken up. */
  #serial: Exchange | undefined
  #readyBytes = 0
  #dirty = false
  #handling = false
  #closed = false
  #closeReason = 'the client closed the connection'

  constructor(host: ConnectionHost, socket: AcceptedSocket, id: number, listenerName: string) {
    this.#host = host
    this.socket = socket
    this.id = id
    this.listenerName = listenerName
    this.lastActiveMs = host.turns.nowMs
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Requests taken up and not yet sent off. */
  get pendingRequests(): number {
    return this.#exchanges.length
  }

  /** @returns whether a request is not answered yet; those of one API do not count */
  hasWork(exceptApiKey: number): boolean {
    return this.#exchanges.some((exchange) => exchange.apiKey !== exceptApiKey)
  }

  // Receiving

  readTarget(): Uint8Array {
    const slab = this.#slab
    if (slab === undefined || this.#end === slab.sizeBytes) return this.#host.landing.bytes
    return slab.bytes.subarray(this.#end)
  }

  received(sizeBytes: number): void {
    const host = this.#host
    host.turns.begin()
    host.metrics.bytesReceived += sizeBytes
    this.lastActiveMs = host.turns.nowMs
    if (this.#closed) return
    const slab = this.#slab
    if (slab === undefined) {
      const at = this.#handleFrames(host.landing, 0, sizeBytes, undefined)
      this.#keepRest(host.landing, at, sizeBytes)
    } else {
      this.#end += sizeBytes
      this.#handleSlab(slab)
    }
    this.#updateReading()
  }

  #handleSlab(slab: Slab): void {
    const at = this.#handleFrames(slab, this.#start, this.#end, slab)
    this.#keepRest(slab, at, this.#end)
  }

  /** Handles whole frames in `slab[at, end)` while requests may be taken up. @returns where the rest begins */
  #handleFrames(slab: Slab, at: number, end: number, owner: Slab | undefined): number {
    const host = this.#host
    const { bytes, view } = slab
    assert(!this.#handling, 'frames of one connection are handled one after the other')
    this.#handling = true
    try {
      while (end - at >= 4 && !this.#closed && !this.#isBlocked()) {
        const size = view.getInt32(at)
        if (size <= 0 || size > host.limits.requestSizeMaxBytes) {
          this.refuse(describeBadSize(size, host.limits.requestSizeMaxBytes))
          return end
        }
        const next = at + 4 + size
        if (next > end) break
        host.onFrame(this, bytes, view, at + 4, next, owner)
        at = next
      }
    } finally {
      this.#handling = false
    }
    return this.#closed ? end : at
  }

  /** Keeps `from[at, end)` where the frame that begins there can be completed. */
  #keepRest(from: Slab, at: number, end: number): void {
    const rest = end - at
    const own = this.#slab
    if (rest === 0) {
      if (own !== undefined) this.#dropSlab(own)
      return
    }
    const announced = rest >= 4 ? 4 + from.view.getInt32(at) : FIRST_SLAB_SIZE_BYTES
    const wanted = Math.max(rest + 1, Math.min(announced, Math.max(GROWTH * rest, FIRST_SLAB_SIZE_BYTES)))
    if (own === from && own.sizeBytes - at >= wanted) {
      this.#start = at
      return
    }
    // While blocked, a slab that is simply full is left alone: the connection is not read any more.
    if (own === from && this.#isBlocked() && rest >= this.#host.limits.readAheadMaxBytes) {
      this.#start = at
      return
    }
    const next = this.#host.slabs.take(wanted)
    this.#host.memory.take(next.sizeBytes)
    next.bytes.set(from.bytes.subarray(at, end))
    if (own !== undefined) this.#releaseSlab(own)
    this.#slab = next
    this.#start = 0
    this.#end = rest
  }

  #dropSlab(slab: Slab): void {
    this.#slab = undefined
    this.#start = this.#end = 0
    this.#releaseSlab(slab)
    this.#host.memory.done(this)
  }

  #releaseSlab(slab: Slab): void {
    slab.release()
    this.#host.memory.give(slab.sizeBytes)
  }

  #isBlocked(): boolean {
    const { limits } = this.#host
    return (
      this.#serial !== undefined ||
      !this.#host.isReady ||
      this.#exchanges.length >= limits.pendingRequestsMax ||
      this.#readyBytes + this.socket.unsentBytes > limits.unsentBytesMax
    )
  }

  #updateReading(): void {
    if (this.#closed) return
    const slab = this.#slab
    const wait =
      slab !== undefined &&
      (this.#end === slab.sizeBytes ||
        (this.#end - this.#start >= this.#host.limits.readAheadMaxBytes && this.#isBlocked()) ||
        !this.#host.memory.mayRead(this))
    if (wait) {
      this.socket.pauseReading()
    } else if (!this.socket.isReading) {
      this.socket.retarget()
      this.socket.resumeReading()
    }
  }

  memoryAvailable(): void {
    this.#updateReading()
  }

  // Answering

  /** Puts a request in line. Called inside `onFrame`, before it can be answered. */
  opened(exchange: Exchange): void {
    exchange.openedMs = this.#host.turns.nowMs
    this.#exchanges.push(exchange)
    if (!exchange.pipelined) this.#serial = exchange
  }

  /** Called by the exchange. */
  answered(exchange: Exchange): void {
    if (this.#closed) {
      exchange.sent?.()
      return
    }
    if (exchange === this.#serial) this.#serial = undefined
    this.#readyBytes += exchange.sizeBytes
    this.#markDirty()
  }

  /** Sends what is ready, in order, and takes up what had to wait. Once per turn. */
  flush(): void {
    this.#dirty = false
    if (this.#closed) return
    this.#sendReady()
    const slab = this.#slab
    if (slab !== undefined && !this.#isBlocked()) {
      this.#handleSlab(slab)
      this.socket.retarget()
    }
    this.#updateReading()
  }

  #sendReady(): void {
    const exchanges = this.#exchanges
    let count = 0
    let sizeBytes = 0
    while (count < exchanges.length && exchanges[count]!.answered) sizeBytes += exchanges[count++]!.sizeBytes
    if (count === 0) return
    const ready = exchanges.splice(0, count)
    this.#readyBytes -= sizeBytes
    const { metrics, turns } = this.#host
    metrics.bytesSent += sizeBytes
    this.lastActiveMs = turns.nowMs
    for (const { apiKey, openedMs } of ready) metrics.apisByKey[apiKey]!.durations.record(turns.nowMs - openedMs)
    const chunks = gather(ready)
    const owned = ready.filter((exchange) => exchange.sent !== undefined)
    const sent = owned.length === 0 ? undefined : () => owned.forEach((exchange) => exchange.sent!())
    this.socket.write(chunks, sizeBytes, sent, this.#drained)
    this.#host.onSent(this)
  }

  /** Bound once: it is passed with every write. */
  readonly #drained = (): void => this.drained()

  drained(): void {
    this.#host.turns.begin()
    this.lastActiveMs = this.#host.turns.nowMs
    if (this.#slab !== undefined) this.#markDirty()
  }

  /** The host has become ready. */
  hostReady(): void {
    if (this.#slab !== undefined) this.#markDirty()
  }

  #markDirty(): void {
    if (this.#dirty) return
    this.#dirty = true
    this.#host.turns.markDirty(this)
  }

  // Closing

  /** Closes because of what the client did. */
  refuse(reason: string): void {
    if (this.#closed) return
    this.#host.onRefused(this, reason)
    this.close(reason)
  }

  /** Closes at once; pending requests are abandoned. */
  close(reason: string): void {
    if (this.#closed) return
    this.#closeReason = reason
    this.socket.destroy()
    this.#finish()
  }

  /** Called by the exchange. */
  failed(exchange: Exchange, error: unknown): void {
    if (this.#closed) return
    this.#host.onFailure(this, exchange, error)
    this.close('a request could not be served')
  }

  closed(error: Error | undefined): void {
    if (error !== undefined) this.#closeReason = error.message
    this.#finish()
  }

  #finish(): void {
    if (this.#closed) return
    this.#closed = true
    const slab = this.#slab
    if (slab !== undefined) this.#dropSlab(slab)
    this.#host.memory.done(this)
    for (const exchange of this.#exchanges.splice(0)) {
      if (exchange.answered) exchange.sent?.()
      else exchange.onClosed?.()
    }
    this.#host.onClosed(this, this.#closeReason)
  }
}

/** The chunks of all responses, small neighbours copied together: an acknowledgement takes some sixty bytes. */
function gather(exchanges: readonly Exchange[]): readonly Uint8Array[] {
  if (exchanges.length === 1) {
    const { chunks } = exchanges[0]!
    if (chunks!.length <= 1) return chunks!
  }
  const out: Uint8Array[] = []
  let small: Uint8Array[] = []
  let smallSizeBytes = 0
  const closeSmall = (): void => {
    if (small.length === 1) out.push(small[0]!)
    else if (small.length > 1) out.push(Buffer.concat(small, smallSizeBytes))
    small = []
    smallSizeBytes = 0
  }
  for (const exchange of exchanges) {
    for (const chunk of exchange.chunks!) {
      if (chunk.length > SMALL_CHUNK_SIZE_BYTES) {
        closeSmall()
        out.push(chunk)
      } else {
        small.push(chunk)
        smallSizeBytes += chunk.length
      }
    }
  }
  closeSmall()
  return out
}

/** Sizes that are not sizes often spell what the client takes the port for. */
function describeBadSize(size: number, sizeMax: number): string {
  const known = FOREIGN_PREFIXES.get(size)
  if (known !== undefined) return `the client seems to speak ${known}; this listener speaks the Apache Kafka protocol`
  if (size >>> 16 === 0x1603) {
    return 'the client seems to start a TLS handshake; this listener is PLAINTEXT (set security.protocol=PLAINTEXT)'
  }
  if (size <= 0) return `a request of ${size} bytes was announced`
  return `a request of ${size} bytes was announced; at most ${sizeMax} are accepted (socket.request.max.bytes)`
}

const ascii = (text: string): number =>
  (text.charCodeAt(0) << 24) | (text.charCodeAt(1) << 16) | (text.charCodeAt(2) << 8) | text.charCodeAt(3)

const FOREIGN_PREFIXES: ReadonlyMap<number, string> = new Map([
  [ascii('GET '), 'HTTP'],
  [ascii('POST'), 'HTTP'],
  [ascii('HEAD'), 'HTTP'],
  [ascii('PUT '), 'HTTP'],
  [ascii('SSH-'), 'SSH'],
])
