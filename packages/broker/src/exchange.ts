/**
 * One request and the place of its response.
 *
 * Invariant: an exchange is answered exactly once, by `respond`, `respondNothing` or the closing of its connection; the
 * connection sends responses in the order of their requests, whenever they become ready.
 */
import { assert } from '@braidlog/base'
import { encodeResponse, type Fields, type InferFields, type Input, type Message } from '@braidlog/protocol'
import type { Access } from './access.ts'
import type { Connection } from './connection.ts'

export class Exchange {
  readonly connection: Connection
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string
  /** Further requests of the connection may be taken up before this one is answered. */
  readonly pipelined: boolean
  /** What the client may do; `undefined`: everything, there is no authorizer. */
  readonly access: Access | undefined
  /** Monotonic time of the turn in which the connection took it up. */
  openedMs = 0
  /** Set by whoever parks the request: called when the connection is gone before the answer. */
  onClosed: (() => void) | undefined = undefined
  /** Whole frames; `undefined` until answered. */
  chunks: readonly Uint8Array[] | undefined = undefined
  sizeBytes = 0
  /** Called when the chunks have been sent, or never will be. */
  sent: (() => void) | undefined = undefined

  constructor(
    connection: Connection,
    request: {
      readonly apiKey: number
      readonly apiVersion: number
      readonly correlationId: number
      readonly clientId: string
      readonly pipelined: boolean
      readonly access: Access | undefined
    },
  ) {
    this.connection = connection
    this.apiKey = request.apiKey
    this.apiVersion = request.apiVersion
    this.correlationId = request.correlationId
    this.clientId = request.clientId
    this.pipelined = request.pipelined
    this.access = request.access
  }

  get answered(): boolean {
    return this.chunks !== undefined
  }

  /** @param chunks one whole frame, its size prefix included; must not change until `sent` */
  respond(chunks: readonly Uint8Array[], sent?: () => void): void {
    assert(this.chunks === undefined, 'a request is answered twice')
    let sizeBytes = 0
    for (const chunk of chunks) sizeBytes += chunk.length
    this.chunks = chunks
    this.sizeBytes = sizeBytes
    this.sent = sent
    this.onClosed = undefined
    this.connection.answered(this)
  }

  /** Encodes and sends a message in the version of the request. */
  respondWith<F extends Fields>(message: Message<F>, body: Input<InferFields<F>>): void {
    const { apiVersion, correlationId } = this
    this.respond(encodeResponse(message, { apiVersion, correlationId }, body))
  }

  /** Serving the request threw: a bug of ours. There is no response that every API could carry, so the connection ends. */
  failed(error: unknown): void {
    this.connection.failed(this, error)
  }

  /** The request wants no response (Produce with acks=0). */
  respondNothing(): void {
    this.respond([])
  }
}
