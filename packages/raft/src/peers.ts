/**
 * Requests from node to node, as an interface: sockets in the broker package, a simulated network in tests.
 *
 * Invariant: every request ends within its timeout, with the response or with a `PeerError`. Requests to one node with one
 * purpose are answered in order, so what may wait long at the other side (a fetch) travels under a purpose of its own.
 * After an error nobody knows whether the node has acted on the request; all requests between nodes may be repeated.
 */
import type { Input } from '@braidlog/protocol'
import type * as protocol from '@braidlog/protocol'

type Named = typeof protocol

/** Apache Kafka's names of all APIs, such as `Fetch`. */
export type PeerApi = {
  [K in keyof Named]: K extends `${infer N}Request` ? (`${N}Response` extends keyof Named ? N : never) : never
}[keyof Named]

export type PeerRequest<N extends PeerApi> = Input<DecodedOf<`${N}Request`>>
/** As decoded: bytes in it are views of the received frame, which is the caller's. */
export type PeerResponse<N extends PeerApi> = DecodedOf<`${N}Response`>

/** The decoded value of a message by its name, such as `VoteRequest`. */
export type DecodedOf<K extends string> = K extends keyof Named
  ? Named[K] extends { decode(bytes: Uint8Array, version: number): infer D }
    ? D
    : never
  : never

export interface PeerAddress {
  /** Node id; below -1 for an address whose node is not known yet (a bootstrap server). */
  readonly id: number
  readonly host: string
  readonly port: number
}

/** What is needed of an `AbortSignal`, which packages without Node and DOM types cannot name. */
export interface CancelSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export interface PeerOptions {
  /** From the call to the response, connecting and waiting for the turn included. */
  readonly timeoutMs: number
  /** Requests of one purpose share a connection, in order. Default: `''`. */
  readonly purpose?: string
  /**
   * What earlier requests of this purpose were answered with, bytes above all, is not looked at any more: its memory may be
   * used again. Without it, an answer belongs to whoever asked.
   */
  readonly releasesAnswers?: boolean
  /** The newest version to use; the newest that both sides speak when left out. */
  readonly versionMax?: number
  /** An `AbortSignal`. Ends the waiting, not the request. */
  readonly signal?: CancelSignal
}

export interface Peers {
  /** @throws PeerError */
  request<N extends PeerApi>(
    node: PeerAddress,
    api: N,
    body: PeerRequest<N>,
    options: PeerOptions,
  ): Promise<PeerResponse<N>>
}

/**
 * - `UNREACHABLE`: no connection could be made; the request was not sent
 * - `DISCONNECTED`: the connection broke; the node may have acted on the request
 * - `TIMED_OUT`: no answer in time; the node may have acted on the request
 * - `UNSUPPORTED_VERSION`: the node does not speak the API, or no version that can carry the request; it was not sent
 * - `QUEUE_FULL`: too many requests to this node are waiting; it was not sent
 * - `MALFORMED`: the answer could not be decoded; the connection was closed
 * - `ABORTED`: the caller stopped waiting
 * - `CLOSED`: this side is shutting down
 */
export type PeerErrorCode =
  | 'ABORTED'
  | 'CLOSED'
  | 'DISCONNECTED'
  | 'MALFORMED'
  | 'QUEUE_FULL'
  | 'TIMED_OUT'
  | 'UNREACHABLE'
  | 'UNSUPPORTED_VERSION'

export class PeerError extends Error {
  override readonly name = 'PeerError'
  readonly code: PeerErrorCode
  /** Worth trying again, at this node or another. */
  readonly retriable: boolean

  constructor(code: PeerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.retriable = code !== 'CLOSED' && code !== 'ABORTED' && code !== 'UNSUPPORTED_VERSION'
  }
}
