/**
 * One connection to another node: versions are agreed on first, then requests go out and are answered in order.
 *
 *     connecting ─ opened ─► agreeing ─ ApiVersions ─► ready ─► closed
 *
 * Invariant: every call ends exactly once. After `closed` nothing is sent and no call is left.
 */
import { assert } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import {
  API_VERSIONS_KEY,
  apiByName,
  ApiVersionsRequest,
  ApiVersionsResponse,
  decodeResponse,
  encodeRequest,
  ProtocolError,
  type Api,
} from '@braidlog/protocol'
import { PeerError, type PeerAddress } from '@braidlog/raft'
import type { Dial, DialedSocket } from '@braidlog/runtime'
import { AnswerFrames } from './answer-frames.ts'

/** One request and who waits for its answer. */
export interface PeerCall {
  readonly api: Api
  readonly body: object
  readonly versionMax: number
  /** Earlier answers on the connection are not looked at any more. */
  readonly releasesAnswers: boolean
  /** Nobody waits any more: the answer is dropped, and a call that was not sent yet is not. */
  readonly isOver: boolean
  answered(response: unknown): void
  failed(error: PeerError): void
}

export interface PeerConnectionOptions {
  readonly address: PeerAddress
  readonly dial: Dial
  readonly clientId: string
  /** The connection is of no use any more; `error` says why, and whether it ever was. */
  readonly onClosed: (connection: PeerConnection, error: PeerError, wasReady: boolean) => void
}

interface InFlight {
  readonly correlationId: number
  readonly version: number
  readonly call: PeerCall
}

/** Largest response that is taken: Apache Kafka's `socket.request.max.bytes`, for want of a limit on responses. */
const FRAME_SIZE_BYTES_MAX = 100 * 1024 * 1024
/** Of ApiVersions: the first with features whose range begins at 0. */
const API_VERSIONS_VERSION = 4
const SOFTWARE = { clientSoftwareName: 'braidlog', clientSoftwareVersion: '0.1.0' }

export class PeerConnection {
  readonly #options: PeerConnectionOptions
  readonly #socket: DialedSocket
  readonly #frames = new AnswerFrames(FRAME_SIZE_BYTES_MAX)
  #state: 'agreeing' | 'closed' | 'connecting' | 'ready' = 'connecting'
  #versions = new Map<number, { readonly min: number; readonly max: number }>()
  #waiting: PeerCall[] = []
  #inFlight: InFlight[] = []
  #apiVersionsVersion = API_VERSIONS_VERSION
  #nextCorrelationId = 0
  #wasReady = false

  constructor(options: PeerConnectionOptions) {
    this.#options = options
    this.#socket = options.dial(options.address, {
      opened: () => this.#agree(API_VERSIONS_VERSION),
      received: (chunk) => this.#received(chunk),
      closed: (error) => this.#lost(error),
    })
  }

  /** Calls that wait to be sent or for their answer. */
  get callCount(): number {
    return this.#waiting.length + this.#inFlight.length
  }

  /** The connection has been made, and versions are agreed on. */
  get isReady(): boolean {
    return this.#state === 'ready'
  }

  send(call: PeerCall): void {
    assert(this.#state !== 'closed', 'a closed connection takes no calls')
    if (this.#state === 'ready') this.#write(call)
    else this.#waiting.push(call)
  }

  /** Fails all calls. */
  close(error: PeerError): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#socket.destroy()
    const { onClosed } = this.#options
    const calls = [...this.#inFlight.map((each) => each.call), ...this.#waiting]
    this.#inFlight = []
    this.#waiting = []
    onClosed(this, error, this.#wasReady)
    for (const call of calls) call.failed(error)
  }

  #agree(version: number): void {
    if (this.#state === 'closed') return
    this.#state = 'agreeing'
    this.#apiVersionsVersion = version
    const correlationId = this.#nextCorrelationId++
    const { clientId } = this.#options
    this.#socket.write(encodeRequest(ApiVersionsRequest, { apiVersion: version, correlationId, clientId }, SOFTWARE))
  }

  #agreed(frame: Uint8Array): void {
    const version = this.#apiVersionsVersion
    const isRefused = readErrorCode(frame) === ErrorCode.UNSUPPORTED_VERSION
    const { body } = decodeResponse(ApiVersionsResponse, isRefused ? 0 : version, frame)
    if (isRefused) {
      // Who does not know the version says so in version 0, and which ones it knows.
      const own = body.apiKeys.find((each) => each.apiKey === API_VERSIONS_KEY)
      const lower = Math.min(own?.maxVersion ?? 0, version - 1)
      if (lower < 0) throw new ProtocolError('UNSUPPORTED_VERSION', 'no version of ApiVersions is spoken')
      this.#agree(lower)
      return
    }
    for (const { apiKey, minVersion, maxVersion } of body.apiKeys)
      this.#versions.set(apiKey, { min: minVersion, max: maxVersion })
    this.#state = 'ready'
    this.#wasReady = true
    for (const call of this.#waiting.splice(0)) if (!call.isOver) this.#write(call)
  }

  #write(call: PeerCall): void {
    const { api } = call
    const version = this.#versionOf(call)
    if (version === undefined) {
      call.failed(new PeerError('UNSUPPORTED_VERSION', `${this.#name} speaks no version of ${api.name} that we do`))
      return
    }
    const correlationId = this.#nextCorrelationId++
    let frame: Uint8Array[]
    try {
      const { clientId } = this.#options
      frame = encodeRequest(api.request, { apiVersion: version, correlationId, clientId }, call.body)
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause
      const message = `${api.name} version ${version}, the newest of ${this.#name}, cannot say it: ${cause.message}`
      call.failed(new PeerError('UNSUPPORTED_VERSION', message, { cause }))
      return
    }
    if (call.releasesAnswers && this.#inFlight.length === 0) this.#frames.reuse()
    this.#inFlight.push({ correlationId, version, call })
    this.#socket.write(frame)
  }

  #versionOf({ api, versionMax }: PeerCall): number | undefined {
    const theirs = this.#versions.get(api.key)
    if (theirs === undefined) return undefined
    const version = Math.min(theirs.max, api.versionMaxStable, versionMax)
    return version >= Math.max(theirs.min, api.versionMin) ? version : undefined
  }

  #received(chunk: Uint8Array): void {
    if (this.#state === 'closed') return
    try {
      for (const frame of this.#frames.push(chunk)) {
        if (this.#state === 'ready') this.#answered(frame)
        else if (this.#state === 'agreeing') this.#agreed(frame)
        else return
      }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      this.close(new PeerError('MALFORMED', `${this.#name} answered what cannot be read: ${reason}`, { cause }))
    }
  }

  #answered(frame: Uint8Array): void {
    const next = this.#inFlight[0]
    if (next === undefined) throw new ProtocolError('INVALID_VALUE', 'an answer that nobody waits for')
    const { call, correlationId, version } = next
    if (readCorrelationId(frame) !== correlationId)
      throw new ProtocolError('INVALID_VALUE', `answer ${readCorrelationId(frame)} instead of ${correlationId}`)
    const body = call.isOver ? undefined : decodeResponse(call.api.response, version, frame).body
    this.#inFlight.shift()
    call.answered(body)
  }

  #lost(error: Error | undefined): void {
    const reason = error?.message ?? 'it has closed the connection'
    const code = this.#wasReady ? 'DISCONNECTED' : 'UNREACHABLE'
    this.close(new PeerError(code, `${this.#name} cannot be reached: ${reason}`, { cause: error }))
  }

  get #name(): string {
    const { id, host, port } = this.#options.address
    return id >= 0 ? `node ${id} at ${host}:${port}` : `${host}:${port}`
  }
}

/** @throws ProtocolError for a name that is no API's */
export function peerApi(name: string): Api {
  const api = apiByName(name)
  assert(api !== undefined, `${name} is an API`)
  return api
}

const CORRELATION_ID_SIZE_BYTES = 4

function readCorrelationId(frame: Uint8Array): number {
  if (frame.length < CORRELATION_ID_SIZE_BYTES) throw new ProtocolError('INVALID_LENGTH', 'an answer without a header')
  return new DataView(frame.buffer, frame.byteOffset).getInt32(0)
}

/** Of an ApiVersions response, whose header is always version 0. */
function readErrorCode(frame: Uint8Array): number {
  if (frame.length < CORRELATION_ID_SIZE_BYTES + 2)
    throw new ProtocolError('INVALID_LENGTH', 'an answer without a body')
  return new DataView(frame.buffer, frame.byteOffset).getInt16(CORRELATION_ID_SIZE_BYTES)
}
