/**
 * Serves the metrics of a node by HTTP: `GET /metrics`, for Prometheus. Nothing else, and nobody has to say who he is:
 * on loopback unless the operator says otherwise.
 *
 * Bounds: {@link CONNECTIONS_MAX} connections, each closed after a request; a request that takes long is cut off.
 */
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { listenError } from '@braidlog/runtime'
import { METRICS_CONTENT_TYPE } from './prometheus-text.ts'

const CONNECTIONS_MAX = 16
const REQUEST_TIMEOUT_MS = 5_000

export interface MetricsEndpoint {
  readonly url: string
  close(): Promise<void>
}

/**
 * @param metrics the text; `undefined`: not yet
 * @throws ListenError
 */
export async function openMetricsEndpoint(
  { host, port }: { readonly host: string; readonly port: number },
  metrics: () => string | undefined,
): Promise<MetricsEndpoint> {
  const server: HttpServer = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    response.setHeader('connection', 'close')
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('metrics are at /metrics\n')
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
    } else {
      const text = metrics()
      if (text === undefined) response.writeHead(503, { 'content-type': 'text/plain' }).end('the node is starting\n')
      else response.writeHead(200, { 'content-type': METRICS_CONTENT_TYPE }).end(text)
    }
  })
  server.maxConnections = CONNECTIONS_MAX
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(host, port, error)))
    server.listen(port, host, resolve)
  })
  // Whoever scrapes does not keep a node alive.
  server.unref()
  const address = server.address() as AddressInfo
  const shown = address.address.includes(':') ? `[${address.address}]` : address.address
  return {
    url: `http://${shown}:${address.port}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
