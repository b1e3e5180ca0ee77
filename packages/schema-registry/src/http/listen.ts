/** The HTTP server, with TLS or without: listening, bounds on connections, and an end that waits for the requests at work. */
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { RegistryError } from '../errors.ts'
import type { RegistryTls } from '../options.ts'
import type { TlsFiles } from './tls.ts'

export interface Listener {
  readonly port: number
  readonly host: string
  /** Takes no new connections, lets the requests at work end, then closes what is left at `timeoutMs`. */
  close(timeoutMs: number): Promise<void>
}

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly tls: { readonly files: TlsFiles; readonly options: RegistryTls } | undefined
  readonly fetch: (request: Request, env: { readonly incoming: IncomingMessage }) => Response | Promise<Response>
}

/** A client has this long to agree on TLS, to send its headers, and its whole request. */
const HANDSHAKE_TIMEOUT_MS = 10_000
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 60_000
/** A connection on which nothing moves, not even an answer that the client does not read. */
const IDLE_TIMEOUT_MS = 120_000
const KEEP_ALIVE_TIMEOUT_MS = 30_000
const CONNECTIONS_MAX = 10_000

/** @throws RegistryError LISTEN_FAILED */
export async function listen({ host, port, tls, fetch }: ListenOptions): Promise<Listener> {
  // The globals of this process are its own business.
  const answer = getRequestListener(
    async (request, { incoming }) => await fetch(request, { incoming: incoming as IncomingMessage }),
    { overrideGlobalObjects: false },
  )
  const options: ServerOptions = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: HEADERS_TIMEOUT_MS / 2,
  }
  const server = tls === undefined ? createHttpServer(options) : createTlsServer(options, tls)
  server.on('request', (incoming, outgoing) => void answer(incoming, outgoing))
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
  return {
    port: address.port,
    host: address.address,
    async close(timeoutMs) {
      tls?.files.close()
      await close(server, timeoutMs)
    },
  }
}

function createTlsServer(options: ServerOptions, { files, options: tls }: NonNullable<ListenOptions['tls']>) {
  const { clientCertificates = 'none' } = tls
  const server = createHttpsServer({
    ...options,
    ...files.current,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    requestCert: clientCertificates !== 'none',
    // One that may come without a certificate and brings a wrong one is not `authorized`: it is nobody.
    rejectUnauthorized: clientCertificates === 'required',
  })
  files.watch(server)
  return server
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
