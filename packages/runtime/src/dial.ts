/**
 * Outgoing TCP connections, for nodes that talk to nodes.
 *
 * All of them read into the same memory: a fresh buffer for every chunk is what V8 counts and collects most.
 *
 * Non-obvious: see `net-server.ts` for why connections may share a region on POSIX systems, and not on Windows.
 */
import * as net from 'node:net'

export interface DialEvents {
  opened(): void
  /** The chunk is valid during the call only. */
  received(chunk: Uint8Array): void
  /** Called exactly once; nothing comes after it. No error: the other side has closed. */
  closed(error: Error | undefined): void
}

export interface DialedSocket {
  /** Sends the chunks in order with one gathered write. They must not change afterwards. */
  write(chunks: readonly Uint8Array[]): void
  /** Drops the connection; `closed` follows. */
  destroy(): void
}

export type Dial = (address: { readonly host: string; readonly port: number }, events: DialEvents) => DialedSocket

const LANDING_SIZE_BYTES = 256 << 10
let landing: Buffer | undefined

/** Host names are resolved anew with every call. */
export const dial: Dial = ({ host, port }, events) => {
  const options = { host, port, noDelay: true, keepAlive: true, autoSelectFamily: true }
  const socket =
    process.platform === 'win32'
      ? net.connect(options).on('data', (chunk: Buffer) => events.received(chunk))
      : net.connect({
          ...options,
          onread: {
            buffer: (landing ??= Buffer.allocUnsafeSlow(LANDING_SIZE_BYTES)),
            callback(sizeBytes, buffer) {
              events.received(buffer.subarray(0, sizeBytes))
              return true
            },
          },
        })
  let failure: Error | undefined
  socket.on('connect', () => events.opened())
  socket.on('error', (error) => (failure = error))
  socket.on('close', () => events.closed(failure))
  // The other side ending its half ends the connection: what is in flight will not be answered.
  socket.on('end', () => socket.destroy())
  return {
    write(chunks) {
      socket.cork()
      for (const chunk of chunks) socket.write(chunk)
      socket.uncork()
    },
    destroy: () => socket.destroy(),
  }
}
