/**
 * What serves one API: a range of versions and a function.
 *
 * Produce and Fetch take the bytes as they lie in the receive buffer. All other APIs are declared with `api`: their
 * request is copied out and decoded, and whatever the function returns is encoded in the version of the request.
 */
import type { Slab } from '@braidlog/runtime'
import {
  apiByKey,
  encodeResponse,
  Reader,
  type Fields,
  type InferFields,
  type Input,
  type Message,
} from '@braidlog/protocol'
import { assert } from '@braidlog/base'
import type { Access, Guard } from './access.ts'
import type { Exchange } from './exchange.ts'
import { failedAnswer } from './failed-answer.ts'

export interface ApiHandler {
  readonly key: number
  readonly name: string
  /** What is served. */
  readonly versionMin: number
  readonly versionMax: number
  /** What ApiVersions says is served; differs for Produce only. */
  readonly advertisedMin: number
  /** Further requests of the connection may be taken up before this one is answered. */
  readonly pipelined: boolean
  /** Whether it asks what the client may do; all do but ApiVersions. */
  readonly authorized: boolean
  /**
   * Serves one request, now or later; the exchange must be answered exactly once.
   * @param at where the body begins
   * @throws ProtocolError when the body is malformed: the connection is closed
   */
  handle(exchange: Exchange, bytes: Uint8Array, at: number, end: number, owner: Slab | undefined): void
  /**
   * Serves a request that came inside an Envelope. Only APIs that are declared with `api` can.
   * @param reader at the body; what it reads from must not change later
   * @returns the whole response frame
   * @throws ProtocolError when the body is malformed
   */
  serveInner?(reader: Reader, correlationId: number, context: RequestContext): Promise<Uint8Array[]>
}

/** Where a decoded request comes from. */
export interface RequestContext {
  readonly apiVersion: number
  readonly clientId: string
  /** Address of the client, without port. */
  readonly clientHost: string
  /** The listener on which it came in: its clients get addresses of the same listener. */
  readonly listenerName: string
  /** What the client may do; `undefined`: everything, there is no authorizer. */
  readonly access: Access | undefined
  /** The request itself, for who parks it. */
  readonly exchange: Exchange
}

export interface ApiOptions<Request, Response> {
  readonly versionMin?: number
  readonly versionMax?: number
  /**
   * What the client must be allowed to do. `in handler`: the handler asks, because it depends on what it finds;
   * `everyone`: the request is for those, too, who may do nothing.
   */
  readonly guard: Guard<Request, Response> | 'in handler' | 'everyone'
}

/** A handler of decoded requests. A promise it returns must be bounded by the request's own timeout. */
export function api<Request extends Fields, Response extends Fields>(
  request: Message<Request>,
  response: Message<Response>,
  handle: (
    body: InferFields<Request>,
    context: RequestContext,
  ) => Input<InferFields<Response>> | Promise<Input<InferFields<Response>>>,
  options: ApiOptions<InferFields<Request>, Input<InferFields<Response>>>,
): ApiHandler {
  const known = apiByKey(request.key!)
  assert(known !== undefined, `${request.name} has no API key`)
  const { guard } = options
  const versionMin = options.versionMin ?? known.versionMin
  const answerTo = (body: InferFields<Request>, context: RequestContext) => {
    const { access, apiVersion } = context
    return access === undefined || typeof guard === 'string'
      ? handle(body, context)
      : guard(body, access, async (allowed) => handle(allowed, context), apiVersion)
  }
  return {
    key: known.key,
    name: known.name,
    versionMin,
    versionMax: options.versionMax ?? known.versionMaxStable,
    advertisedMin: versionMin,
    pipelined: false,
    authorized: guard !== 'everyone',
    handle(exchange, bytes, at, end) {
      // The buffer is reused as soon as this returns, and decoded values hold views of it. Bytes after the message are
      // not looked at, as in Apache Kafka: librdkafka leaves three behind when it asks for all topics.
      const body = request.read(new Reader(Uint8Array.prototype.slice.call(bytes, at, end)), exchange.apiVersion)
      const { connection, access } = exchange
      const context: RequestContext = {
        apiVersion: exchange.apiVersion,
        clientId: exchange.clientId,
        clientHost: connection.socket.remoteAddress,
        listenerName: connection.listenerName,
        access,
        exchange,
      }
      const answer = answerTo(body, context)
      const respond = (value: Input<InferFields<Response>>): void => {
        try {
          exchange.respondWith(response, value)
        } catch (error) {
          // A value that its message cannot carry is our mistake, not a malformed request.
          exchange.failed(error)
        }
      }
      if (answer instanceof Promise) {
        answer.then(respond, (error: unknown) => {
          const failed = failedAnswer(known.key, body, error)
          if (failed === undefined) exchange.failed(error)
          else respond(failed as Input<InferFields<Response>>)
        })
      } else respond(answer)
    },
    async serveInner(reader, correlationId, context) {
      const { apiVersion } = context
      const body = request.read(reader, apiVersion)
      return encodeResponse(response, { apiVersion, correlationId }, await answerTo(body, context))
    },
  }
}
