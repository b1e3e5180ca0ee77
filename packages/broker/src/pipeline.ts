/**
 * From the bytes of a frame to the handler of its API: header, version rules, and the places where authentication,
 * authorization and quotas are asked.
 *
 * Rules, as in Apache Kafka: ApiVersions in a version we do not speak is answered in version 0 with
 * UNSUPPORTED_VERSION; an unknown API key, any other unknown version and a malformed request close the connection,
 * because no response could be understood.
 */
import { ANONYMOUS_PRINCIPAL, type Authorizer, ErrorCode } from '@braidlog/model'
import {
  API_VERSIONS_KEY,
  apiByKey,
  ApiVersionsResponse,
  encodeResponse,
  ProtocolError,
  Reader,
  requestHeaderVersion,
} from '@braidlog/protocol'
import type { Slab } from '@braidlog/runtime'
import { Access } from './access.ts'
import type { Connection } from './connection.ts'
import { Exchange } from './exchange.ts'
import type { ApiHandler } from './handler.ts'
import type { BrokerMetrics } from './metrics.ts'

/** Key, version and correlation id: what every header begins with. */
const HEADER_SIZE_MIN_BYTES = 8

export class Pipeline {
  readonly #handlers: (ApiHandler | undefined)[] = []
  readonly #metrics: BrokerMetrics
  readonly #authorizer: Authorizer | undefined

  /** @param authorizer without one, everyone may do everything and nothing is asked */
  constructor(handlers: readonly ApiHandler[], metrics: BrokerMetrics, authorizer?: Authorizer) {
    for (const handler of handlers) this.#handlers[handler.key] = handler
    this.#metrics = metrics
    this.#authorizer = authorizer
  }

  /** Takes up the request in `bytes[start, end)`. */
  take(
    connection: Connection,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    owner: Slab | undefined,
  ): void {
    if (end - start < HEADER_SIZE_MIN_BYTES) {
      connection.refuse(`a request of ${end - start} bytes is too short for a header`)
      return
    }
    const apiKey = view.getInt16(start)
    const apiVersion = view.getInt16(start + 2)
    const correlationId = view.getInt32(start + 4)
    const handler = apiKey >= 0 ? this.#handlers[apiKey] : undefined
    if (handler === undefined) {
      const name = apiByKey(apiKey)?.name
      connection.refuse(
        name === undefined ? `unknown API key ${apiKey}` : `${name} (API key ${apiKey}) is not served here`,
      )
      return
    }
    const metrics = this.#metrics
    metrics.requests++
    const counters = metrics.apis[handler.name]!
    counters.requests++
    if (apiVersion < handler.versionMin || apiVersion > handler.versionMax) {
      counters.errors++
      if (apiKey === API_VERSIONS_KEY)
        this.#answerUnsupportedApiVersions(connection, handler, apiVersion, correlationId)
      else
        connection.refuse(
          `${handler.name} version ${apiVersion} is outside ${handler.versionMin}-${handler.versionMax}`,
        )
      return
    }
    let exchange: Exchange | undefined
    try {
      const reader = new Reader(bytes, start + HEADER_SIZE_MIN_BYTES, end, view)
      const clientId = reader.nullableString() ?? ''
      if (requestHeaderVersion(apiKey, apiVersion) === 2) skipTaggedFields(reader)
      const { pipelined } = handler
      const access = this.#accessOf(connection)
      exchange = new Exchange(connection, { apiKey, apiVersion, correlationId, clientId, pipelined, access })
      connection.opened(exchange)
      handler.handle(exchange, bytes, reader.at, end, owner)
    } catch (error) {
      counters.errors++
      if (error instanceof ProtocolError) connection.refuse(`malformed ${handler.name} request: ${error.message}`)
      else if (exchange === undefined) throw error
      else exchange.failed(error)
    }
  }

  /** Nobody has authenticated on a connection in plain text. */
  #accessOf(connection: Connection): Access | undefined {
    const authorizer = this.#authorizer
    if (authorizer === undefined) return undefined
    return new Access(authorizer, ANONYMOUS_PRINCIPAL, connection.socket.remoteAddress)
  }

  #answerUnsupportedApiVersions(
    connection: Connection,
    handler: ApiHandler,
    apiVersion: number,
    correlationId: number,
  ): void {
    const exchange = new Exchange(connection, {
      apiKey: handler.key,
      apiVersion,
      correlationId,
      clientId: '',
      pipelined: false,
      access: undefined,
    })
    connection.opened(exchange)
    exchange.respond(
      encodeResponse(
        ApiVersionsResponse,
        { apiVersion: 0, correlationId },
        {
          errorCode: ErrorCode.UNSUPPORTED_VERSION,
          apiKeys: [{ apiKey: handler.key, minVersion: handler.versionMin, maxVersion: handler.versionMax }],
        },
      ),
    )
  }
}

/** Tagged fields of a request header: none is known so far. */
export function skipTaggedFields(reader: Reader): void {
  for (let left = reader.uvarint(); left > 0; left--) {
    reader.uvarint()
    reader.skip(reader.uvarint())
  }
}
