/**
 * Sockets as an interface, so that tests and the simulator can put a broker on the other end without a port; and the
 * real ones.
 */
import { connect } from 'node:net'

export interface SocketEvents {
  opened(): void
  /** `chunk[0, size)` is valid during the call only. */
  received(chunk: Uint8Array, size: number): void
  /** Called exactly once. No error: the peer closed. */
  closed(error: Error | undefined): void
}

export interface ClientSocket {
  /** Sends the chunks in order, in one system call where that is possible. The chunks must not change afterwards. */
  write(chunks: readonly Uint8Array[]): void
  /** Drops the connection; `closed` follows. */
  destroy(): void
}

export interface Network {
  /** Host names are resolved anew with every call. */
  connect(address: { readonly host: string; readonly port: number }, events: SocketEvents): ClientSocket
}

const READ_SIZE_BYTES = 64 << 10

export const nodeNetwork: Network = {
  connect({ host, port }, events) {
    const socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      // All addresses of the name are tried, IPv6 and IPv4 in turn (RFC 8305).
      autoSelectFamily: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_SIZE_BYTES),
        callback(size, buffer) {
          events.received(buffer, size)
          return true
        },
      },
    })
    let failure: Error | undefined
    socket.on('connect', () => events.opened())
    socket.on('error', (error) => (failure = error))
    socket.on('close', () => events.closed(failure))
    // The other side ending its half ends the connection: requests in flight will not be answered.
    socket.on('end', () => socket.destroy())
    return {
      write(chunks) {
        if (chunks.length === 1) {
          socket.write(chunks[0]!)
          return
        }
        socket.cork()
        for (const chunk of chunks) socket.write(chunk)
        socket.uncork()
      },
      destroy: () => socket.destroy(),
    }
  },
}
