/**
 * The link of a node that is not alone: what the active controller has to decide is decided here while it is in this
 * process, and sent to it otherwise; a client's request in an Envelope, with the client's principal, a broker's own
 * request as it is.
 *
 * Invariant: every request ends within its time. Until then it is repeated when the controller said that it is none any
 * more, could not be reached, or was lost before it answered. Like a client that asks again, the repetition may find that
 * the first attempt took effect (TOPIC_ALREADY_EXISTS); Apache Kafka's brokers do the same.
 */
import type { Clock, Timers } from '@braidlog/base'
import {
  ControllerError,
  type ControllerNode,
  type ControllerRequestName,
  type RequestOf,
  type ResponseOf,
} from '@braidlog/controller'
import type { ImageView, MetadataListener } from '@braidlog/metadata'
import { ErrorCode, errorName } from '@braidlog/model'
import {
  apiByName,
  decodeResponse,
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
  type Message,
} from '@braidlog/protocol'
import { PeerError, type PeerAddress, type PeerApi, type PeerRequest, type Peers } from '@braidlog/raft'
import type { ClusterLink, LinkOptions } from './cluster-link.ts'
import { encodeAddress, encodePrincipal, innerRequest } from './envelope.ts'

export interface NodeLinkOptions {
  readonly controller: ControllerNode
  readonly peers: Peers
  readonly clock: Clock
  readonly timers: Timers
}

/** How long a request waits for an active controller and its answer. */
const TIMEOUT_MS = 30_000
/** Between attempts, when it is known where the controller should be but it does not answer. */
const BACKOFF_MS = 50
/** Heartbeats must not wait behind what users ask for. */
const PURPOSES: Readonly<Record<string, string>> = {
  brokerHeartbeat: 'lifecycle',
  brokerRegistration: 'lifecycle',
  controllerRegistration: 'lifecycle',
  alterPartition: 'replication',
}
const FORWARDING = 'forwarding'

export class NodeLink implements ClusterLink {
  readonly #options: NodeLinkOptions

  constructor(options: NodeLinkOptions) {
    this.#options = options
  }

  get image(): ImageView {
    return this.#options.controller.image
  }

  subscribe(listener: MetadataListener): () => void {
    return this.#options.controller.subscribe(listener)
  }

  untilSeen(isSeen: () => boolean): Promise<void> {
    return this.#options.controller.untilSeen(isSeen)
  }

  finalizedFeatures(): ReturnType<ClusterLink['finalizedFeatures']> {
    return this.#options.controller.finalizedFeatures()
  }

  describeConfigs(request: DescribeConfigsRequest): DescribeConfigsResponse {
    return this.#options.controller.describeConfigs(request)
  }

  async submit<N extends ControllerRequestName>(
    name: N,
    request: RequestOf<N>,
    options: LinkOptions = {},
  ): Promise<ResponseOf<N>> {
    const { clock } = this.#options
    const deadlineMs = clock.monotonicMs() + (options.timeoutMs ?? TIMEOUT_MS)
    for (;;) {
      const leftMs = deadlineMs - clock.monotonicMs()
      if (leftMs <= 0) throw new ControllerError('TIMED_OUT', 'no active controller answered in time')
      try {
        return await this.#attempt(name, request, { ...options, timeoutMs: leftMs })
      } catch (error) {
        if (!isWorthRepeating(error) || options.once === true) throw toControllerError(error)
      }
      await this.#pause(Math.min(BACKOFF_MS, leftMs))
    }
  }

  #attempt<N extends ControllerRequestName>(
    name: N,
    request: RequestOf<N>,
    options: LinkOptions & { readonly timeoutMs: number },
  ): Promise<ResponseOf<N>> {
    const { controller } = this.#options
    if (controller.isActive) return controller.submit(name, request, options)
    const address = controller.leader?.address
    if (address === undefined) throw new ControllerError('NOT_CONTROLLER', 'no controller is active')
    return options.from === undefined
      ? this.#ask(address, name, request, options)
      : this.#forward(address, name, request, { ...options, from: options.from })
  }

  async #ask<N extends ControllerRequestName>(
    address: PeerAddress,
    name: N,
    request: RequestOf<N>,
    options: LinkOptions & { readonly timeoutMs: number },
  ): Promise<ResponseOf<N>> {
    const { timeoutMs, signal, once = false } = options
    const abandoned = new AbortController()
    const abandon = (): void => abandoned.abort()
    signal?.addEventListener('abort', abandon)
    if (signal?.aborted === true) abandon()
    const unsubscribe = once ? this.#onSuccessor(address, abandon) : undefined
    const response = await this.#options.peers
      .request(address, apiNameOf(name), request as unknown as PeerRequest<PeerApi>, {
        timeoutMs,
        purpose: PURPOSES[name] ?? FORWARDING,
        signal: abandoned.signal,
      })
      .finally(() => {
        unsubscribe?.()
        signal?.removeEventListener('abort', abandon)
      })
    if ((response as { errorCode?: number }).errorCode === ErrorCode.NOT_CONTROLLER) {
      throw new ControllerError('NOT_CONTROLLER', `node ${address.id} is not the active controller`)
    }
    return response as ResponseOf<N>
  }

  async #forward<N extends ControllerRequestName>(
    address: PeerAddress,
    name: N,
    request: RequestOf<N>,
    options: LinkOptions & { readonly timeoutMs: number; readonly from: NonNullable<LinkOptions['from']> },
  ): Promise<ResponseOf<N>> {
    const { timeoutMs, signal, from } = options
    const api = apiByName(apiNameOf(name))!
    const { apiVersion, clientId, clientHost, access } = from
    const { errorCode, responseData } = await this.#options.peers.request(
      address,
      'Envelope',
      {
        requestData: innerRequest(api.request, { apiVersion, correlationId: 0, clientId }, request),
        requestPrincipal: encodePrincipal(access?.principal),
        clientHostAddress: encodeAddress(clientHost),
      },
      { timeoutMs, purpose: FORWARDING, ...(signal !== undefined && { signal }) },
    )
    if (errorCode === ErrorCode.NOT_CONTROLLER) {
      throw new ControllerError('NOT_CONTROLLER', `node ${address.id} is not the active controller`)
    }
    if (errorCode !== ErrorCode.NONE || responseData === null) {
      throw new ControllerError('REFUSED', `the controller refused to take the request: ${errorName(errorCode)}`)
    }
    return decodeResponse(api.response as Message, apiVersion, responseData).body as unknown as ResponseOf<N>
  }

  /** Another controller than the one that was asked is known to be active. */
  #onSuccessor(asked: PeerAddress, listener: () => void): () => void {
    const { controller } = this.#options
    return controller.onLeaderChange(() => {
      const { leader } = controller
      if (leader !== undefined && leader.address?.id !== asked.id) listener()
    })
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel()
        unsubscribe()
        resolve()
      }
      const timer = this.#options.timers.after(delayMs, wake)
      const unsubscribe = this.#options.controller.onLeaderChange(wake)
    })
  }
}

/** `createTopics` is CreateTopics. */
function apiNameOf(name: ControllerRequestName): PeerApi {
  return (name[0]!.toUpperCase() + name.slice(1)) as PeerApi
}

/** Whether another controller, or this one a little later, may take the request. */
function isWorthRepeating(error: unknown): boolean {
  if (error instanceof ControllerError) return error.code === 'NOT_CONTROLLER' || error.code === 'QUEUE_FULL'
  if (!(error instanceof PeerError)) return false
  return error.code === 'UNREACHABLE' || error.code === 'DISCONNECTED' || error.code === 'QUEUE_FULL'
}

function toControllerError(error: unknown): unknown {
  if (!(error instanceof PeerError)) return error
  const code = error.code === 'ABORTED' || error.code === 'CLOSED' ? error.code : 'TIMED_OUT'
  return new ControllerError(code, error.message, { cause: error })
}
