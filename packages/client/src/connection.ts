/**
 * One connection to one broker. Requests are pipelined; the broker answers in order, so answers are matched to the queue
 * of what was sent, and the correlation id only confirms it.
 *
 * Invariant: whatever becomes of a request (answered, timed out, aborted), its answer is taken from the stream and only
 * then the next one is read: a late answer is dropped and the connection stays in step. A request that is still
 * unanswered after twice its timeout takes the connection with it.
 *
 * Every connection asks for the broker's versions before anything else (KIP-511), and again after every reconnect:
 * brokers of one cluster differ during an upgrade.
 */
import { assert } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model/nouns'
import type { ApiVersionsResponse } from '@braidlog/protocol'
import { API_VERSIONS_KEY, decodeResponse, encodeRequest, ProtocolError, type Api } from '@braidlog/protocol/wire'
import type { Alarm, Alarms } from './alarms.ts'
import type { ApiName, RequestOf, ResponseOf } from './apis.ts'
import { abortedError } from './calls.ts'
import { FrameReader } from './core/frame-reader.ts'
import { brokerError, KafkaError } from './errors.ts'
import { isObserved, observe, type Hooks } from './hooks.ts'
import { apiEntry, apiVersionsApi, loadApi, loadedApi } from './loaded-apis.ts'
import type { ClientSocket, Network } from './network.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/**
 * Connections are kept apart by what they carry and for whom: brokers answer a connection's requests one after another,
 * so a parked JoinGroup or a long poll holds up everything behind it. The number tells the owner.
 */
export type Purpose = 'main' | `${'produce' | 'fetch' | 'group'}-${number}`

export interface ConnectionEnvironment {
  readonly network: Network
  readonly alarms: Alarms
  readonly nowMs: () => number
  readonly clientId: string
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly responseSizeMaxBytes: number
  readonly hooks: Hooks | undefined
}

export interface RequestBounds {
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Instead of the highest version that both sides have. */
  readonly version?: number | undefined
  /** The highest version to use, where the caller cannot do with a newer one. */
  readonly versionMax?: number | undefined
}

export interface VersionRange {
  readonly min: number
  readonly max: number
}

/** Name and version under which the client introduces itself (ApiVersions v3+). */
const SOFTWARE = { clientSoftwareName: 'braidlog', clientSoftwareVersion: '0.1.0' }

interface Pending {
  readonly api: Api
  readonly version: number
  readonly correlationId: number
  readonly sentMs: number
  readonly requestSizeBytes: number
  resolve: (frame: Uint8Array) => void
  reject: (error: KafkaError) => void
  alarm: Alarm | undefined
  /** Nobody waits for the answer any more. */
  abandoned: boolean
  /** Its time ran out. */
  hasExpired: boolean
  stopListening: (() => void) | undefined
}

export class Connection {
  readonly address: Address
  readonly broker: string
  readonly purpose: Purpose
  readonly #environment: ConnectionEnvironment
  readonly #frames: FrameReader
  /** In the order of sending; `#first` is the oldest that is unanswered. */
  #pending: Pending[] = []
  #first = 0
  #socket: ClientSocket | undefined
  #correlationId = 0
  #versions = new Map<number, VersionRange>()
  #features: ApiVersionsResponse | undefined
  #failure: KafkaError | undefined
  #throttledUntilMs = 0
  readonly #closeListeners: ((error: KafkaError) => void)[] = []

  private constructor(address: Address, purpose: Purpose, environment: ConnectionEnvironment) {
    this.address = address
    this.broker = `${address.host}:${address.port}`
    this.purpose = purpose
    this.#environment = environment
    this.#frames = new FrameReader(environment.responseSizeMaxBytes)
  }

  /**
   * Connects and learns the broker's versions.
   * @throws KafkaError `CONNECTION_FAILED`, `PROTOCOL_VIOLATION`, or the reason of `signal`
   */
  static async open(
    address: Address,
    purpose: Purpose,
    environment: ConnectionEnvironment,
    signal: AbortSignal,
  ): Promise<Connection> {
    const connection = new Connection(address, purpose, environment)
    try {
      await connection.#connect(signal)
      await connection.#learnVersions(signal)
    } catch (error) {
      connection.close(error instanceof KafkaError ? error : undefined)
      throw error
    }
    return connection
  }

  /** Why the connection is of no use any more; `undefined` while it is. */
  get failure(): KafkaError | undefined {
    return this.#failure
  }

  /** What the broker said about itself when we connected. */
  get features(): ApiVersionsResponse | undefined {
    return this.#features
  }

  /** Requests without an answer, those that nobody waits for included. */
  get pendingCount(): number {
    return this.#pending.length - this.#first
  }

  /** Of the requests without an answer those whose time has run out: a broker that has gone silent has some. */
  get expiredCount(): number {
    let count = 0
    for (let i = this.#first; i < this.#pending.length; i++) if (this.#pending[i]!.hasExpired) count++
    return count
  }

  onClose(listener: (error: KafkaError) => void): void {
    this.#closeListeners.push(listener)
  }

  /** Versions of an API that the broker serves; `undefined` when it does not. */
  versionsOf(key: number): VersionRange | undefined {
    return this.#versions.get(key)
  }

  /**
   * The highest version that both sides have.
   * @throws KafkaError `UNSUPPORTED_API`
   */
  versionFor(name: ApiName, versionMax = Infinity): number {
    const api = apiEntry(name)
    const theirs = this.#versions.get(api.key)
    if (theirs === undefined) {
      throw new KafkaError('UNSUPPORTED_API', `${this.broker} does not serve ${name}`, { fatal: false })
    }
    const version = Math.min(theirs.max, api.versionMaxStable, versionMax)
    if (version < theirs.min || version < api.versionMin) {
      throw new KafkaError(
        'UNSUPPORTED_API',
        `${this.broker} serves ${name} ${theirs.min}-${theirs.max}, this client speaks ` +
          `${api.versionMin}-${Math.min(api.versionMaxStable, versionMax)}`,
        { fatal: false },
      )
    }
    return version
  }

  /**
   * Sends a request and waits for its answer. Error codes inside the answer are the caller's to look at.
   * @throws KafkaError `TIMED_OUT`, `ABORTED`, `CONNECTION_FAILED`, `UNSUPPORTED_API`, `PROTOCOL_VIOLATION`
   */
  async request<N extends ApiName>(name: N, body: RequestOf<N>, bounds: RequestBounds = {}): Promise<ResponseOf<N>> {
    const api = loadedApi(name) ?? (await loadApi(name))
    const version = bounds.version ?? this.versionFor(name, bounds.versionMax)
    const holdMs = this.#throttledUntilMs - this.#environment.nowMs()
    if (holdMs > 0) await this.#environment.alarms.sleep(holdMs, bounds.signal)
    const frame = await this.#exchange(api, version, body as object, bounds)
    return this.#decode(api, version, frame) as ResponseOf<N>
  }

  /** Sends a request that has no answer (Produce with acks=0). */
  send<N extends ApiName>(name: N, body: RequestOf<N>): void {
    if (this.#failure !== undefined) throw this.#failure
    const api = loadedApi(name)
    assert(api !== undefined, 'an API whose requests have no answer is loaded from the start')
    this.#write(api, this.versionFor(name), body as object)
  }

  /** Fails what is in flight and drops the socket. */
  close(error?: KafkaError): void {
    this.#fail(error ?? new KafkaError('CLOSED', `connection to ${this.broker} closed`, { fatal: false }))
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const { network, alarms, connectTimeoutMs, hooks } = this.#environment
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: KafkaError): void => {
        alarms.cancel(alarm)
        signal.removeEventListener('abort', onAbort)
        if (error === undefined) return resolve()
        this.#fail(error)
        reject(error)
      }
      const onAbort = (): void => settle(abortedError(`connect to ${this.broker}`, signal))
      const alarm = alarms.after(connectTimeoutMs, () =>
        settle(connectionError(this.broker, `no connection within ${connectTimeoutMs} ms`)),
      )
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      this.#socket = network.connect(this.address, {
        opened: () => settle(),
        received: (chunk, size) => this.#receive(chunk, size),
        closed: (cause) => {
          const error = connectionError(
            this.broker,
            cause === undefined ? 'closed by the broker' : reason(cause),
            cause,
          )
          if (this.#failure === undefined) this.#fail(error)
          settle(this.#failure)
        },
      })
      if (this.#failure !== undefined) this.#socket.destroy()
    })
    if (isObserved(hooks, 'connected')) {
      observe(hooks, 'connected', { broker: this.broker, purpose: this.purpose })
    }
  }

  async #learnVersions(signal: AbortSignal): Promise<void> {
    const api = apiVersionsApi
    const bounds = { signal, timeoutMs: this.#environment.connectTimeoutMs }
    let version = api.versionMax
    let frame = await this.#exchange(api, version, SOFTWARE, bounds)
    // A broker that does not know the version answers in version 0, whose code stands first after the correlation id.
    if (isUnsupportedVersion(frame)) {
      const answer = this.#decode(api, 0, frame) as ApiVersionsResponse
      const theirs = answer.apiKeys.find((each) => each.apiKey === API_VERSIONS_KEY)
      version = Math.max(0, Math.min(theirs?.maxVersion ?? 0, version - 1))
      frame = await this.#exchange(api, version, SOFTWARE, bounds)
    }
    const answer = this.#decode(api, version, frame) as ApiVersionsResponse
    if (answer.errorCode !== ErrorCode.NONE) throw brokerError(answer.errorCode, `ApiVersions to ${this.broker}`)
    this.#features = answer
    for (const { apiKey, minVersion, maxVersion } of answer.apiKeys) {
      this.#versions.set(apiKey, { min: minVersion, max: maxVersion })
    }
  }

  async #exchange(api: Api, version: number, body: object, bounds: RequestBounds): Promise<Uint8Array> {
    const { alarms, nowMs, requestTimeoutMs } = this.#environment
    const { signal } = bounds
    if (this.#failure !== undefined) throw this.#failure
    if (signal?.aborted) throw abortedError(api.name, signal)
    const timeoutMs = bounds.timeoutMs ?? requestTimeoutMs
    const { correlationId, sizeBytes } = this.#write(api, version, body)
    return await new Promise<Uint8Array>((resolve, reject) => {
      const pending: Pending = {
        api,
        version,
        correlationId,
        sentMs: nowMs(),
        requestSizeBytes: sizeBytes,
        resolve,
        reject,
        alarm: undefined,
        abandoned: false,
        hasExpired: false,
        stopListening: undefined,
      }
      if (timeoutMs !== Infinity) pending.alarm = alarms.after(timeoutMs, () => this.#expire(pending, timeoutMs))
      if (signal !== undefined) {
        const onAbort = (): void => {
          this.#abandon(pending, abortedError(api.name, signal))
        }
        signal.addEventListener('abort', onAbort, { once: true })
        pending.stopListening = () => signal.removeEventListener('abort', onAbort)
      }
      this.#pending.push(pending)
    })
  }

  #write(api: Api, version: number, body: object): { correlationId: number; sizeBytes: number } {
    const correlationId = this.#correlationId
    this.#correlationId = (correlationId + 1) & 0x7fffffff
    const { clientId } = this.#environment
    const chunks = encodeRequest(api.request, { apiVersion: version, correlationId, clientId }, body)
    let sizeBytes = 0
    for (const chunk of chunks) sizeBytes += chunk.length
    this.#socket!.write(chunks)
    return { correlationId, sizeBytes }
  }

  #expire(pending: Pending, timeoutMs: number): void {
    pending.hasExpired = true
    this.#abandon(
      pending,
      new KafkaError('TIMED_OUT', `${pending.api.name} to ${this.broker}: no answer within ${timeoutMs} ms`),
    )
    pending.alarm = this.#environment.alarms.after(timeoutMs, () => {
      this.#fail(connectionError(this.broker, `${pending.api.name} unanswered after ${2 * timeoutMs} ms`))
    })
  }

  /** Tells whoever waits; the answer will be dropped when it comes. */
  #abandon(pending: Pending, error: KafkaError): void {
    if (pending.abandoned) return
    pending.abandoned = true
    pending.stopListening?.()
    pending.reject(error)
    this.#observeRequest(pending, 0, 0, error)
  }

  #receive(chunk: Uint8Array, size: number): void {
    if (this.#failure !== undefined) return
    try {
      this.#frames.push(chunk, size, this.#onFrame)
    } catch (error) {
      this.#fail(protocolViolation(this.broker, error))
    }
  }

  readonly #onFrame = (frame: Uint8Array): void => {
    if (this.#failure !== undefined) return
    const correlationId = (frame[0]! << 24) | (frame[1]! << 16) | (frame[2]! << 8) | frame[3]!
    const pending = this.#pending[this.#first]
    if (pending === undefined || pending.correlationId !== correlationId) {
      const expected = pending === undefined ? 'none was asked for' : `${pending.correlationId} was due`
      throw new ProtocolError('INVALID_VALUE', `an answer with correlation id ${correlationId}; ${expected}`)
    }
    this.#first++
    if (this.#first === this.#pending.length) {
      this.#pending.length = 0
      this.#first = 0
    } else if (this.#first >= 64) {
      this.#pending = this.#pending.slice(this.#first)
      this.#first = 0
    }
    this.#environment.alarms.cancel(pending.alarm)
    pending.stopListening?.()
    if (pending.abandoned) return
    pending.resolve(frame)
    this.#observeRequest(pending, frame.length, 0, undefined)
  }

  #decode(api: Api, version: number, frame: Uint8Array): object {
    let body: object
    try {
      body = decodeResponse(api.response, version, frame).body
    } catch (error) {
      const violation = protocolViolation(this.broker, error, `${api.name} v${version}`)
      this.#fail(violation)
      throw violation
    }
    const throttleMs = (body as { readonly throttleTimeMs?: number }).throttleTimeMs
    // The broker has answered already and now ignores the connection for that long (KIP-219).
    if (throttleMs !== undefined && throttleMs > 0) this.#throttledUntilMs = this.#environment.nowMs() + throttleMs
    return body
  }

  #fail(error: KafkaError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    const { alarms, hooks } = this.#environment
    const pending = this.#pending.slice(this.#first)
    this.#pending = []
    this.#first = 0
    for (const each of pending) {
      alarms.cancel(each.alarm)
      this.#abandon(each, error)
    }
    this.#socket?.destroy()
    if (isObserved(hooks, 'disconnected')) {
      observe(hooks, 'disconnected', { broker: this.broker, purpose: this.purpose, error: error.message })
    }
    for (const listener of this.#closeListeners) listener(error)
  }

  #observeRequest(pending: Pending, sizeBytes: number, throttleMs: number, error: KafkaError | undefined): void {
    const { hooks, nowMs } = this.#environment
    if (!isObserved(hooks, 'request')) return
    observe(hooks, 'request', {
      api: pending.api.name,
      version: pending.version,
      broker: this.broker,
      requestSizeBytes: pending.requestSizeBytes,
      responseSizeBytes: sizeBytes,
      durationMs: nowMs() - pending.sentMs,
      throttleMs,
      error: error?.code,
    })
  }
}

function isUnsupportedVersion(frame: Uint8Array): boolean {
  return frame.length >= 6 && ((frame[4]! << 8) | frame[5]!) === ErrorCode.UNSUPPORTED_VERSION
}

function connectionError(broker: string, text: string, cause?: unknown): KafkaError {
  return new KafkaError('CONNECTION_FAILED', `${broker}: ${text}`, cause === undefined ? {} : { cause })
}

function protocolViolation(broker: string, cause: unknown, what = 'answer'): KafkaError {
  return new KafkaError('PROTOCOL_VIOLATION', `${broker}: ${what}: ${reason(cause)}`, { cause })
}

function reason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}
