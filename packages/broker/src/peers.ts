/**
 * `Peers` over sockets: one connection for each node and purpose, made when it is first needed and again after it broke,
 * with a pause that doubles while the node cannot be reached.
 *
 * Invariant: every request ends within its timeout, and at most once. A request that was not answered in time closes its
 * connection: what would come after it on that connection cannot be trusted to come in time either.
 */
import { below, type Clock, type Logger, type Random, type Timer, type Timers } from '@braidlog/base'
import {
  PeerError,
  type CancelSignal,
  type PeerAddress,
  type PeerApi,
  type PeerOptions,
  type PeerRequest,
  type PeerResponse,
  type Peers,
} from '@braidlog/raft'
import { dial, type Dial } from '@braidlog/runtime'
import { peerApi, PeerConnection, type PeerCall } from './peer-connection.ts'

export interface SocketPeersOptions {
  readonly nodeId: number
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger
  /** Default: TCP. */
  readonly dial?: Dial
}

/** Requests to one node for one purpose that wait or are under way. */
const CALLS_MAX = 256
/** Nodes and purposes at once; with all of them in use, further ones are refused. */
const LINES_MAX = 4096
const BACKOFF_MIN_MS = 20
const BACKOFF_MAX_MS = 500

/** The way to one node for one purpose. */
interface Line {
  connection: PeerConnection | undefined
  failures: number
  notBeforeMs: number
  lastError: PeerError | undefined
}

export class SocketPeers implements Peers {
  readonly #options: SocketPeersOptions
  readonly #lines = new Map<string, Line>()
  #closed = false

  constructor(options: SocketPeersOptions) {
    this.#options = options
  }

  request<N extends PeerApi>(
    node: PeerAddress,
    api: N,
    body: PeerRequest<N>,
    options: PeerOptions,
  ): Promise<PeerResponse<N>> {
    return new Promise((resolve, reject) => {
      const refused = (error: PeerError): void => reject(error)
      if (this.#closed) return refused(new PeerError('CLOSED', 'this node is shutting down'))
      if (options.signal?.aborted === true) return refused(aborted())
      const line = this.#lineTo(node, options.purpose ?? '')
      if (line === undefined) return refused(new PeerError('QUEUE_FULL', `more than ${LINES_MAX} connections to nodes`))
      const connection = line.connection ?? this.#connect(line, node)
      if (connection === undefined) return refused(notYet(line, node))
      if (connection.callCount >= CALLS_MAX)
        return refused(new PeerError('QUEUE_FULL', `${CALLS_MAX} requests to node ${node.id} wait already`))
      const call = new Call({
        api,
        body: body as object,
        options,
        timers: this.#options.timers,
        resolve: resolve as (response: unknown) => void,
        reject,
        onTimeout: (error) => connection.close(error),
      })
      connection.send(call)
    })
  }

  /** Fails what is under way and closes all connections. */
  async close(): Promise<void> {
    this.#closed = true
    const error = new PeerError('CLOSED', 'this node is shutting down')
    for (const line of this.#lines.values()) line.connection?.close(error)
    this.#lines.clear()
  }

  #lineTo({ host, port }: PeerAddress, purpose: string): Line | undefined {
    const name = `${host}:${port} ${purpose}`
    let line = this.#lines.get(name)
    if (line !== undefined) return line
    if (this.#lines.size >= LINES_MAX) this.#forgetUnused()
    if (this.#lines.size >= LINES_MAX) return undefined
    line = { connection: undefined, failures: 0, notBeforeMs: 0, lastError: undefined }
    this.#lines.set(name, line)
    return line
  }

  #forgetUnused(): void {
    for (const [name, line] of this.#lines) if (line.connection === undefined) this.#lines.delete(name)
  }

  /** @returns `undefined` while the node is left alone after a failure */
  #connect(line: Line, address: PeerAddress): PeerConnection | undefined {
    const { clock, logger, nodeId, random } = this.#options
    if (clock.monotonicMs() < line.notBeforeMs) return undefined
    line.connection = new PeerConnection({
      address,
      dial: this.#options.dial ?? dial,
      clientId: `node-${nodeId}`,
      onClosed: (connection, error, wasReady) => {
        if (line.connection === connection) line.connection = undefined
        if (error.code === 'CLOSED') return
        line.failures = wasReady ? 0 : line.failures + 1
        line.lastError = error
        const pauseMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** line.failures)
        line.notBeforeMs = wasReady ? 0 : clock.monotonicMs() + pauseMs / 2 + below(random, Math.ceil(pauseMs / 2))
        logger.debug('connection to a node ended', { node: address.id, address, reason: error.message })
      },
    })
    return line.connection
  }
}

interface CallOptions {
  readonly api: PeerApi
  readonly body: object
  readonly options: PeerOptions
  readonly timers: Timers
  readonly resolve: (response: unknown) => void
  readonly reject: (error: PeerError) => void
  readonly onTimeout: (error: PeerError) => void
}

class Call implements PeerCall {
  readonly api: PeerCall['api']
  readonly body: object
  readonly versionMax: number
  readonly releasesAnswers: boolean
  isOver = false
  readonly #call: CallOptions
  readonly #timer: Timer
  readonly #signal: CancelSignal | undefined

  constructor(call: CallOptions) {
    const { options } = call
    this.api = peerApi(call.api)
    this.body = call.body
    this.versionMax = options.versionMax ?? Infinity
    this.releasesAnswers = options.releasesAnswers ?? false
    this.#call = call
    this.#signal = options.signal
    this.#signal?.addEventListener('abort', this.#onAbort)
    this.#timer = call.timers.after(options.timeoutMs, () => {
      const error = new PeerError('TIMED_OUT', `no answer to ${call.api} within ${options.timeoutMs} ms`)
      this.failed(error)
      call.onTimeout(error)
    })
  }

  answered(response: unknown): void {
    if (this.#end()) this.#call.resolve(response)
  }

  failed(error: PeerError): void {
    if (this.#end()) this.#call.reject(error)
  }

  readonly #onAbort = (): void => this.failed(aborted())

  #end(): boolean {
    if (this.isOver) return false
    this.isOver = true
    this.#timer.cancel()
    this.#signal?.removeEventListener('abort', this.#onAbort)
    return true
  }
}

function aborted(): PeerError {
  return new PeerError('ABORTED', 'the caller stopped waiting; the node may still act on the request')
}

function notYet(line: Line, node: PeerAddress): PeerError {
  const reason = line.lastError?.message ?? `node ${node.id} at ${node.host}:${node.port} cannot be reached`
  return new PeerError('UNREACHABLE', `${reason}; tried again shortly`, { cause: line.lastError })
}
