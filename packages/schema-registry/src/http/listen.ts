/** The HTTP server: listening, bounds on connections, and an end that waits for the requests at work. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { RegistryError } from '../errors.ts'

export interface Listener {
  readonly port: number
  readonly host: string
  /** Takes no new connections, lets the requests at work end, then closes what is left at `timeoutMs`. */
  close(timeoutMs: number): Promise<void>
}

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly fetch: (request: Request) => Response | Promise<Response>
}

/** A client has this long to send its headers, and its whole request. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 60_000
/** A connection on which nothing moves, not even an answer that the client does not read. */
const IDLE_TIMEOUT_MS = 120_000
const KEEP_ALIVE_TIMEOUT_MS = 30_000
const CONNECTIONS_MAX = 10_000

/** @throws RegistryError LISTEN_FAILED */
export async function listen({ host, port, fetch }: ListenOptions): Promise<Listener> {
  // The globals of this process are its own business.
  const answer = getRequestListener(fetch, { overrideGlobalObjects: false })
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: HEADERS_TIMEOUT_MS / 2,
    },
    (incoming, outgoing) => void answer(incoming, outgoing),
  )
  server.timeout = IDLE_TIMEOUT_MS
  server.maxConnections = CONNECTIONS_MAX
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'the port is taken' : error.message
      reject(new RegistryError('LISTEN_FAILED', `cannot listen on ${host}:${port}: ${why}`, { cause: error }))
    })
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  return { port: address.port, host: address.address, close: async (timeoutMs) => await close(server, timeoutMs) }
}

async function close(server: Server, timeoutMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), timeoutMs)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })
}
