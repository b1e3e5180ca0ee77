/**
 * TCP listeners whose sockets read straight into buffers that the receiver chooses, and write gathered.
 *
 * `'direct'` uses the `onread` option of `net.Socket`, which saves one buffer and one stream event per read (half the
 * cost of receiving, measured). `net.Server` has no such option, so an accepted handle is moved from the server's own
 * socket to a second one: `_handle`, `_server` and the `handle` option are undocumented and used in this file only.
 * Wherever they are missing, and on Windows, `'data'` does the same with ordinary events and one copy. `_listen2` spares a
 * first listener the loading of `dns` and `cluster` and a regular expression for IPv6: 6 of some 30 ms.
 *
 * Non-obvious: on POSIX systems libuv asks for the buffer, reads and calls back without anything in between, so that
 * receivers may all offer the same region of memory. Windows reads ahead into the region, hence `'data'` there.
 */
import * as net from 'node:net'
import { listenError } from './errors.ts'

/** What a listener does with the bytes of one connection. */
export interface SocketReceiver {
  /**
   * Where the next bytes shall go; asked before every read.
   * @returns a region of at least one byte; it must stay writable until the next call
   */
  readTarget(): Uint8Array
  /** The first `sizeBytes` of the last target have been filled. */
  received(sizeBytes: number): void
  /** Everything handed to `write` has left the process, after `unsentBytes` had been above zero. */
  drained(): void
  /** The connection is gone; nothing is called after this. */
  closed(error: Error | undefined): void
}

export type ReadMode = 'direct' | 'data'

export interface ListenOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Connections beyond this number are closed at once. */
  readonly connectionsMax?: number
  readonly connectionsPerAddressMax?: number
  /** Told of every connection that is turned away. */
  readonly onRefused?: (remoteAddress: string, reason: string) => void
  /** Default: `direct` where the platform allows. */
  readonly mode?: ReadMode
  readonly backlog?: number
}

/** One accepted connection. All memory handed to `write` belongs to it until it has been sent. */
export interface AcceptedSocket {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localPort: number
  /** Bytes given to `write` that have not left the process yet. */
  readonly unsentBytes: number
  readonly isReading: boolean
  /**
   * Sends the chunks with one gathered write.
   * @param sizeBytes their total
   * @param sent called when the chunks may be reused; also when the connection broke
   */
  write(chunks: readonly Uint8Array[], sizeBytes: number, sent: (() => void) | undefined, drained: () => void): void
  /**
   * Asks the receiver for its target again. Needed when the target has changed for another reason than `received`:
   * the system would otherwise fill the region it was told before, which may have a new owner by then.
   */
  retarget(): void
  pauseReading(): void
  resumeReading(): void
  /** Closes after everything written so far has been sent. */
  end(): void
  /** Closes at once; what has not been sent is lost. */
  destroy(): void
}

/** Opens a listener; real sockets below, simulated ones elsewhere. @throws ListenError */
export type Listen = (options: ListenOptions, accept: (socket: AcceptedSocket) => SocketReceiver) => Promise<NetServer>

class ServerSocket implements AcceptedSocket {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localPort: number
  readonly #socket: net.Socket
  readonly #retarget: (() => void) | undefined
  #unsentBytes = 0
  #reading = true
  #ended = false

  constructor(socket: net.Socket, retarget?: () => void) {
    this.#socket = socket
    this.#retarget = retarget
    this.remoteAddress = socket.remoteAddress ?? 'unknown'
    this.remotePort = socket.remotePort ?? 0
    this.localPort = socket.localPort ?? 0
  }

  get unsentBytes(): number {
    return this.#unsentBytes
  }

  get isReading(): boolean {
    return this.#reading
  }

  write(chunks: readonly Uint8Array[], sizeBytes: number, sent: (() => void) | undefined, drained: () => void): void {
    if (this.#ended || chunks.length === 0) {
      sent?.()
      return
    }
    this.#unsentBytes += sizeBytes
    const done = (): void => {
      this.#unsentBytes -= sizeBytes
      sent?.()
      if (this.#unsentBytes === 0) drained()
    }
    const last = chunks.length - 1
    if (last === 0) {
      this.#socket.write(chunks[0]!, done)
      return
    }
    this.#socket.cork()
    for (let i = 0; i < last; i++) this.#socket.write(chunks[i]!)
    this.#socket.write(chunks[last]!, done)
    this.#socket.uncork()
  }

  retarget(): void {
    this.#retarget?.()
  }

  pauseReading(): void {
    if (!this.#reading) return
    this.#reading = false
    this.#socket.pause()
  }

  resumeReading(): void {
    if (this.#reading || this.#ended) return
    this.#reading = true
    this.#socket.resume()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#socket.end()
  }

  destroy(): void {
    this.#ended = true
    this.#socket.destroy()
  }
}

export interface NetServer {
  readonly host: string
  readonly port: number
  readonly mode: ReadMode
  connectionCount(): number
  /** Stops accepting. Open connections stay; closing them is the receivers' business. */
  close(): Promise<void>
}

export const listen: Listen = (options, accept) => {
  const connectionsMax = options.connectionsMax ?? Infinity
  const perAddressMax = options.connectionsPerAddressMax ?? Infinity
  const addresses = new Map<string, number>()
  let count = 0
  let mode: ReadMode = options.mode ?? (process.platform === 'win32' ? 'data' : 'direct')

  const server = net.createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true }, (accepted) => {
    const address = accepted.remoteAddress
    if (address === undefined) {
      accepted.destroy()
      return
    }
    const ofAddress = addresses.get(address) ?? 0
    if (count >= connectionsMax || ofAddress >= perAddressMax) {
      options.onRefused?.(
        address,
        count >= connectionsMax
          ? `more than ${connectionsMax} connections (max.connections)`
          : `more than ${perAddressMax} connections from one address (max.connections.per.ip)`,
      )
      accepted.destroy()
      return
    }
    count++
    addresses.set(address, ofAddress + 1)
    const gone = (): void => {
      count--
      const left = addresses.get(address)! - 1
      if (left === 0) addresses.delete(address)
      else addresses.set(address, left)
    }
    if (mode === 'direct' && !hasMovableHandle(accepted)) mode = 'data'
    if (mode === 'direct') receiveDirect(server, accepted, accept, gone)
    else receiveData(accepted, accept, gone)
  })

  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(listenError(options.host, options.port, error))
    server.once('error', failed)
    server.once('listening', () => {
      server.off('error', failed)
      // An error after this point is one of accepting (EMFILE): the listener lives on, the client retries.
      server.on('error', (error) => options.onRefused?.('unknown', error.message))
      const address = server.address() as net.AddressInfo
      resolve({
        host: options.host,
        port: address.port,
        get mode() {
          return mode
        },
        connectionCount: () => count,
        close: () =>
          new Promise((closed) => {
            server.close()
            // The event waits for connections too; the handle itself stops accepting right here.
            setImmediate(closed)
          }),
      })
    })
    startListening(server, options)
  })
}

/** `server.listen`, without what it does for names, for IPv6 and for workers of `cluster`, where none of them is in play. */
function startListening(server: net.Server, { host, port, backlog = 511 }: ListenOptions): void {
  const { _listen2: listenHere } = server as unknown as Partial<Undocumented>
  const isWorker = process.env['NODE_UNIQUE_ID'] !== undefined
  if (typeof listenHere === 'function' && !isWorker && net.isIPv4(host)) {
    listenHere.call(server, host, port, 4, backlog, undefined, 0)
  } else server.listen({ host, port, backlog })
}

/** The parts of sockets and servers that Node does not document. */
interface Undocumented {
  _listen2: (host: string, port: number, family: 4 | 6, backlog: number, fd: undefined, flags: number) => void
  _handle: { readStart?: unknown; useUserBuffer?: unknown } | null
  _server: net.Server | null
}

function hasMovableHandle(socket: net.Socket): boolean {
  const handle = (socket as unknown as Undocumented)._handle
  return typeof handle?.readStart === 'function' && typeof handle.useUserBuffer === 'function'
}

function receiveDirect(
  server: net.Server,
  accepted: net.Socket,
  accept: (socket: AcceptedSocket) => SocketReceiver,
  gone: () => void,
): void {
  const inner = accepted as unknown as Undocumented
  const handle = inner._handle
  inner._handle = null
  inner._server = null
  const slot: { receiver?: SocketReceiver } = {}
  const early = new Uint8Array(1)
  const socket = new net.Socket({
    handle,
    readable: true,
    writable: true,
    manualStart: true,
    onread: {
      // Asked once while the socket is being made, before there is a receiver; that region is replaced below.
      buffer: () => slot.receiver?.readTarget() ?? early,
      callback: (sizeBytes: number) => {
        slot.receiver!.received(sizeBytes)
        // `false` would stop the reading; a receiver that wants that has paused by itself.
        return true
      },
    },
  } as unknown as net.SocketConstructorOpts)
  ;(socket as unknown as Undocumented)._server = server
  const serverSocket = new ServerSocket(socket, () => {
    const current = (socket as unknown as Undocumented)._handle as { useUserBuffer(target: Uint8Array): void } | null
    current?.useUserBuffer(slot.receiver!.readTarget())
  })
  const receiver = accept(serverSocket)
  slot.receiver = receiver
  serverSocket.retarget()
  watch(socket, receiver, gone)
  if (serverSocket.isReading) socket.resume()
}

function receiveData(socket: net.Socket, accept: (socket: AcceptedSocket) => SocketReceiver, gone: () => void): void {
  const serverSocket = new ServerSocket(socket)
  const receiver = accept(serverSocket)
  socket.on('data', (chunk: Buffer) => {
    let at = 0
    while (at < chunk.length) {
      const target = receiver.readTarget()
      const sizeBytes = Math.min(target.length, chunk.length - at)
      target.set(chunk.subarray(at, at + sizeBytes))
      at += sizeBytes
      receiver.received(sizeBytes)
    }
  })
  watch(socket, receiver, gone)
  if (serverSocket.isReading) socket.resume()
  else socket.pause()
}

function watch(socket: net.Socket, receiver: SocketReceiver, gone: () => void): void {
  let failure: Error | undefined
  socket.on('error', (error) => {
    failure = error
  })
  socket.once('close', () => {
    gone()
    receiver.closed(failure)
  })
}
