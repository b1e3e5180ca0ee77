/**
 * Outgoing TCP connections, for nodes that talk to nodes.
 *
 * Every chunk is memory of its own, so that what is cut out of it may be kept without a copy.
 */
import * as net from 'node:net'

export interface DialEvents {
  opened(): void
  /** The chunk belongs to the receiver. */
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

/** Host names are resolved anew with every call. */
export const dial: Dial = ({ host, port }, events) => {
  const socket = net.connect({ host, port, noDelay: true, keepAlive: true, autoSelectFamily: true })
  let failure: Error | undefined
  socket.on('connect', () => events.opened())
  socket.on('data', (chunk: Buffer) => events.received(chunk))
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
