/**
 * TCP between the processes of a world: ordered bytes in pieces of any size, with latency, connections that break at any
 * byte, and links that are cut in one direction or both. A cut link says nothing: bytes wait until it heals or until
 * whoever waits gives up, as on a real network.
 *
 * Invariant: bytes of a connection arrive in order, once, or not at all; what one side has sent before it closes may still
 * arrive.
 */
import { below, type Random, type Timer } from '@braidlog/base'
import type { ClientSocket, Network, SocketEvents } from '@braidlog/client'
import { ListenError, type AcceptedSocket, type Dial, type Listen, type SocketReceiver } from '@braidlog/runtime'
import type { SimulatedProcess, World } from './world.ts'

export interface NetworkShape {
  /** Every piece takes between these. */
  readonly latencyMsMin: number
  readonly latencyMsMax: number
  /** Of 1,000 pieces, so many take `stallMs` longer. */
  readonly stallsPerThousand: number
  readonly stallMs: number
  /** Of 1,000 pieces, so many are cut in two. */
  readonly splitsPerThousand: number
}

interface Listener {
  readonly host: string
  readonly process: SimulatedProcess
  readonly accept: (socket: AcceptedSocket) => SocketReceiver
  readonly ends: Set<End>
}

/** Where a process lives; all processes of a host are cut off together. */
const PORT_FIRST = 20_000
/** A connection attempt over a cut link is given up after so long, as a kernel would after some retries. */
const CONNECT_TIMEOUT_MS = 10_000

export class SimulatedNetwork {
  readonly #world: World
  readonly #random: Random
  shape: NetworkShape
  readonly #listeners = new Map<string, Listener>()
  /** `from>to` hosts whose pieces do not arrive. */
  readonly #cut = new Set<string>()
  /** Pieces that wait for a link to heal, in order. */
  readonly #stuck = new Map<string, (() => void)[]>()
  readonly #links = new Set<Link>()
  #nextPort = PORT_FIRST
  pieceCount = 0

  constructor(world: World, shape: NetworkShape) {
    this.#world = world
    this.#random = world.randomFor('network')
    this.shape = shape
  }

  /** `listen` as seen by a process on a host. */
  listenFor(process: SimulatedProcess, host: string): Listen {
    return (options, accept) => {
      const port = options.port === 0 ? this.#nextPort++ : options.port
      const address = `${host}:${port}`
      const taken = this.#listeners.get(address)
      if (taken !== undefined && !taken.process.isDead) {
        return Promise.reject(new ListenError('EADDRINUSE', host, port, `${address} is in use`))
      }
      const ends = new Set<End>()
      this.#listeners.set(address, { host, process, accept, ends })
      return Promise.resolve({
        host,
        port,
        mode: 'data' as const,
        connectionCount: () => ends.size,
        close: () => {
          this.#listeners.delete(address)
          return Promise.resolve()
        },
      })
    }
  }

  /** Connections from node to node. */
  dialFor(process: SimulatedProcess, host: string): Dial {
    return (address, events) =>
      this.#connect(process, host, address, { ...bound(events), received: (chunk) => events.received(chunk) })
  }

  /** Connections of a client. */
  clientNetworkFor(process: SimulatedProcess, host: string): Network {
    return {
      connect: (address, events: SocketEvents): ClientSocket =>
        this.#connect(process, host, address, {
          ...bound(events),
          received: (chunk) => events.received(chunk, chunk.length),
        }),
    }
  }

  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`)
  }

  heal(from: string, to: string): void {
    const key = `${from}>${to}`
    this.#cut.delete(key)
    const pieces = this.#stuck.get(key)
    this.#stuck.delete(key)
    for (const deliver of pieces ?? []) this.#world.after(0, deliver)
  }

  healAll(): void {
    this.#cut.clear()
    for (const pieces of this.#stuck.values()) for (const deliver of pieces) this.#world.after(0, deliver)
    this.#stuck.clear()
  }

  /** The process is gone: whoever talked to it hears so, unless the link is cut. */
  processEnded(process: SimulatedProcess): void {
    for (const link of this.#links) link.processEnded(process)
  }

  /** Breaks one connection, if there is any. */
  breakOne(): void {
    const links = [...this.#links]
    links[below(this.#random, links.length)]?.break()
  }

  /** Of {@link Link} only: brings something from host to host, after what was sent before it. */
  carry(from: string, to: string, deliver: () => void, notBeforeMs: number): number {
    const { latencyMsMin, latencyMsMax, stallsPerThousand, stallMs } = this.shape
    this.pieceCount++
    const span = Math.max(0, Math.round((latencyMsMax - latencyMsMin) * 1000))
    let latencyMs = latencyMsMin + below(this.#random, span + 1) / 1000
    if (below(this.#random, 1000) < stallsPerThousand) latencyMs += below(this.#random, Math.ceil(stallMs) + 1)
    const atMs = Math.max(this.#world.nowMs + latencyMs, notBeforeMs)
    this.#world.after(atMs - this.#world.nowMs, () => this.#arrive(from, to, deliver))
    return atMs
  }

  get splitsNow(): boolean {
    return below(this.#random, 1000) < this.shape.splitsPerThousand
  }

  splitAt(length: number): number {
    return 1 + below(this.#random, length - 1)
  }

  forget(link: Link): void {
    this.#links.delete(link)
  }

  #arrive(from: string, to: string, deliver: () => void): void {
    if (this.#cut.size === 0) return deliver()
    const key = `${from}>${to}`
    if (!this.#cut.has(key)) return deliver()
    const stuck = this.#stuck.get(key)
    if (stuck === undefined) this.#stuck.set(key, [deliver])
    else stuck.push(deliver)
  }

  #connect(
    process: SimulatedProcess,
    host: string,
    address: { readonly host: string; readonly port: number },
    events: EndEvents,
  ): ClientSocket {
    const link = new Link(this, this.#world, { process, host }, address.host)
    this.#links.add(link)
    link.near.events = events
    this.carry(host, address.host, () => link.reach(this.#listeners.get(`${address.host}:${address.port}`)), 0)
    link.connectTimer = this.#world.after(CONNECT_TIMEOUT_MS, () => link.giveUp(), process)
    return {
      write: (chunks) => link.near.write(chunks),
      destroy: () => link.near.close(undefined),
    }
  }
}

interface EndEvents {
  readonly opened: () => void
  readonly received: (chunk: Uint8Array) => void
  readonly closed: (error: Error | undefined) => void
}

function bound(events: { opened(): void; closed(error: Error | undefined): void }) {
  return { opened: () => events.opened(), closed: (error: Error | undefined) => events.closed(error) }
}

/** One end of a connection. */
class End {
  readonly link: Link
  readonly host: string
  process: SimulatedProcess | undefined
  events: EndEvents | undefined
  isClosed = false
  isReading = true
  readonly #unread: Uint8Array[] = []
  /** What was sent last arrives then. */
  #arrivesMs = 0
  #closeAfterUnread = false

  constructor(link: Link, host: string, process?: SimulatedProcess) {
    this.link = link
    this.host = host
    this.process = process
  }

  /**
   * Copies, since the sender may use its memory again; and joins, since how bytes are cut into chunks depends on what the
   * process has written in earlier runs.
   */
  write(chunks: readonly Uint8Array[]): void {
    if (this.isClosed) return
    const bytes = joined(chunks)
    if (bytes.length > 1 && this.link.network.splitsNow) {
      const at = this.link.network.splitAt(bytes.length)
      this.#send(bytes.subarray(0, at))
      this.#send(bytes.subarray(at))
    } else if (bytes.length > 0) this.#send(bytes)
  }

  close(error: Error | undefined): void {
    if (this.isClosed) return
    this.isClosed = true
    this.link.connectTimer?.cancel()
    const other = this.link.other(this)
    this.#arrivesMs = this.link.network.carry(this.host, other.host, () => other.peerClosed(), this.#arrivesMs)
    this.#tellClosed(error)
  }

  arrived(bytes: Uint8Array): void {
    if (this.isClosed || this.process === undefined) return
    this.link.world.deliver(this.process, () => {
      if (this.isClosed) return
      if (this.isReading) this.events?.received(bytes)
      else this.#unread.push(bytes)
    })
  }

  peerClosed(error?: Error): void {
    if (this.isClosed || this.process === undefined) return
    this.link.world.deliver(this.process, () => {
      if (this.isClosed) return
      if (this.#unread.length > 0) {
        this.#closeAfterUnread = true
        return
      }
      this.isClosed = true
      this.events?.closed(error)
      this.link.ended()
    })
  }

  pauseReading(): void {
    this.isReading = false
  }

  resumeReading(): void {
    if (this.isReading) return
    this.isReading = true
    this.#inProcess(() => {
      while (this.isReading && !this.isClosed && this.#unread.length > 0) this.events?.received(this.#unread.shift()!)
      if (this.#closeAfterUnread && this.#unread.length === 0) this.peerClosed()
    })
  }

  #send(bytes: Uint8Array): void {
    const other = this.link.other(this)
    this.#arrivesMs = this.link.network.carry(this.host, other.host, () => other.arrived(bytes), this.#arrivesMs)
  }

  #tellClosed(error: Error | undefined): void {
    this.#inProcess(() => this.events?.closed(error))
    this.link.ended()
  }

  /** In a turn of its own of the process, which may be paused or dead by now. */
  #inProcess(callback: () => void): void {
    if (this.process !== undefined) this.link.world.after(0, callback, this.process)
  }
}

class Link {
  readonly network: SimulatedNetwork
  readonly world: World
  readonly near: End
  readonly far: End
  /** Runs until the connection is open, or given up. */
  connectTimer: Timer | undefined

  constructor(
    network: SimulatedNetwork,
    world: World,
    from: { readonly process: SimulatedProcess; readonly host: string },
    toHost: string,
  ) {
    this.network = network
    this.world = world
    this.near = new End(this, from.host, from.process)
    this.far = new End(this, toHost)
  }

  other(end: End): End {
    return end === this.near ? this.far : this.near
  }

  /** The call has come to where somebody listens, or nobody does. */
  reach(listener: Listener | undefined): void {
    const { near, far } = this
    if (near.isClosed) return
    if (listener === undefined || listener.process.isDead) {
      this.network.carry(far.host, near.host, () => near.peerClosed(new Error('ECONNREFUSED')), 0)
      return
    }
    far.process = listener.process
    this.world.deliver(listener.process, () => {
      if (near.isClosed && near.process?.isDead === true) return
      this.#accept(listener)
    })
  }

  giveUp(): void {
    this.near.close(new Error('ETIMEDOUT'))
  }

  break(): void {
    const error = new Error('ECONNRESET')
    this.near.peerClosed(error)
    this.far.peerClosed(error)
  }

  processEnded(process: SimulatedProcess): void {
    for (const end of [this.near, this.far]) if (end.process === process) end.close(undefined)
  }

  ended(): void {
    if (this.near.isClosed && this.far.isClosed) this.network.forget(this)
  }

  #accept(listener: Listener): void {
    const { near, far } = this
    listener.ends.add(far)
    const socket: AcceptedSocket = {
      remoteAddress: near.host,
      remotePort: 0,
      localPort: 0,
      get unsentBytes() {
        return 0
      },
      get isReading() {
        return far.isReading
      },
      write: (chunks, _sizeBytes, sent) => {
        far.write(chunks)
        sent?.()
      },
      retarget: () => {},
      pauseReading: () => far.pauseReading(),
      resumeReading: () => far.resumeReading(),
      end: () => far.close(undefined),
      destroy: () => far.close(undefined),
    }
    const receiver = listener.accept(socket)
    far.events = {
      opened: () => {},
      received: (chunk) => fill(receiver, chunk),
      closed: (error) => {
        listener.ends.delete(far)
        receiver.closed(error)
      },
    }
    this.network.carry(far.host, near.host, () => this.#opened(), 0)
  }

  #opened(): void {
    const { near } = this
    if (near.isClosed || near.process === undefined) return
    this.connectTimer?.cancel()
    this.world.deliver(near.process, () => near.events?.opened())
  }
}

/** Pieces are cut from a slab: an allocation of its own costs more than all else that is done with a small one. */
const SLAB_SIZE_BYTES = 64 * 1024
let slab = new Uint8Array(SLAB_SIZE_BYTES)
let slabUsedBytes = 0

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  let sizeBytes = 0
  for (const chunk of chunks) sizeBytes += chunk.length
  if (sizeBytes > SLAB_SIZE_BYTES - slabUsedBytes) {
    slab = new Uint8Array(Math.max(SLAB_SIZE_BYTES, sizeBytes))
    slabUsedBytes = 0
  }
  const bytes = slab.subarray(slabUsedBytes, slabUsedBytes + sizeBytes)
  slabUsedBytes += sizeBytes
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

function fill(receiver: SocketReceiver, chunk: Uint8Array): void {
  let at = 0
  while (at < chunk.length) {
    const target = receiver.readTarget()
    const sizeBytes = Math.min(target.length, chunk.length - at)
    target.set(chunk.subarray(at, at + sizeBytes))
    at += sizeBytes
    receiver.received(sizeBytes)
  }
}
