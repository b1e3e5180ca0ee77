/**
 * A broker's membership in the cluster: performs what `BrokerLifecycle` decides. It registers, sends heartbeats, follows
 * its own registration in the metadata, and leaves in order.
 *
 *     const membership = new ClusterMembership({ link, …})
 *     await membership.join()        // registered, and the metadata has come as far as that
 *     await membership.unfence()     // partitions are in line: others may see this broker
 *     await membership.leave()       // its partitions have gone to others, or there is no more time to wait for that
 */
import { DurationHistogram, type Clock, type Logger, type Timer, type Timers } from '@braidlog/base'
import {
  BrokerLifecycle,
  ControllerError,
  type BrokerLifecycleEffect,
  type BrokerLifecycleInput,
} from '@braidlog/controller'
import type { EndpointRegistration } from '@braidlog/metadata'
import { errorName, ErrorCode, SUPPORTED_FEATURES, type Uuid } from '@braidlog/model'
import type { ClusterLink } from './cluster-link.ts'

export interface MembershipOptions {
  readonly link: ClusterLink
  readonly nodeId: number
  readonly clusterId: string
  /** A new one for every start of the process. */
  readonly incarnationId: Uuid
  readonly listeners: readonly EndpointRegistration[]
  readonly rack: string | null
  readonly logDirs: readonly Uuid[]
  /** Epoch of the last registration, if all that was promised under it is still here; -1: not known. */
  readonly previousBrokerEpoch: number
  /** Called for the first registration and for every later one. */
  readonly onRegistered?: (brokerEpoch: number) => void
  readonly heartbeatIntervalMs: number
  readonly registrationTimeoutMs: number
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  /** The cluster will not have this broker: the node must stop. */
  readonly onFailure: (error: Error) => void
}

/** A request to the controller that takes longer is given up, and sent again. */
const REQUEST_TIMEOUT_MS = 4_500
const SHUTDOWN_TIMEOUT_MS = 15_000
/** The last nodes of a cluster that stops as a whole have no controller any more. */
const SHUTDOWN_SILENCE_MS = 2_000

export class ClusterMembership {
  /** How late the timer of heartbeats was called back: how long other work has kept them waiting. */
  readonly timerLateness = new DurationHistogram()
  readonly #options: MembershipOptions
  readonly #lifecycle: BrokerLifecycle
  readonly #joined = new Signal()
  readonly #unfenced = new Signal()
  readonly #left = new Signal()
  #unsubscribe: () => void = () => {}
  #timer: Timer | undefined
  #incarnationId: Uuid
  #previousBrokerEpoch: number
  #hasFailedDirectory = false
  #isClosed = false

  constructor(options: MembershipOptions) {
    this.#options = options
    this.#incarnationId = options.incarnationId
    this.#previousBrokerEpoch = options.previousBrokerEpoch
    this.#lifecycle = new BrokerLifecycle({
      heartbeatIntervalMs: options.heartbeatIntervalMs,
      registrationTimeoutMs: options.registrationTimeoutMs,
      shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS,
      shutdownSilenceMs: SHUTDOWN_SILENCE_MS,
    })
  }

  /** -1 before the first registration. */
  get brokerEpoch(): number {
    return this.#lifecycle.brokerEpoch
  }

  get state(): BrokerLifecycle['state'] {
    return this.#lifecycle.state
  }

  /** @throws ControllerError `REFUSED`: the cluster will not have this broker, or no controller answers */
  join(): Promise<void> {
    this.#step({ type: 'start', nowMs: this.#nowMs() })
    this.#unsubscribe = this.#options.link.subscribe({ onImage: () => this.#metadataMoved() })
    return this.#joined.promise
  }

  /**
   * The disk turned out to lack what this broker had: it registers anew, as one that has lost everything, before others see
   * it. The controller takes it out of all in-sync and eligible replicas.
   */
  startOver(incarnationId: Uuid): void {
    this.#incarnationId = incarnationId
    this.#previousBrokerEpoch = -1
    this.#metadataMoved()
  }

  /** Resolves when the metadata shows this broker to the others. */
  async unfence(): Promise<void> {
    this.#step({ type: 'ready', nowMs: this.#nowMs() })
    this.#metadataMoved()
    await this.#unfenced.promise
  }

  /** The data directory failed: the controller is told, and what this broker leads goes to others. */
  directoryFailed(): void {
    this.#hasFailedDirectory = true
    this.#step({ type: 'directory-failed', nowMs: this.#nowMs() })
  }

  /** Another controller became active, or none is. */
  controllerChanged(): void {
    this.#step({ type: 'controller-changed', nowMs: this.#nowMs() })
  }

  /** Bounded: resolves at the latest after a controlled shutdown's time. */
  leave(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#step({ type: 'shut-down', nowMs: this.#nowMs() })
    return this.#left.promise
  }

  /** Says nothing more. */
  close(): void {
    this.#isClosed = true
    this.#unsubscribe()
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs()
  }

  #metadataMoved(): void {
    const { nodeId, link } = this.#options
    const broker = link.image.broker(nodeId)
    const registration = broker && {
      epoch: broker.epoch,
      ours: broker.incarnationId === this.#incarnationId,
      fenced: broker.fenced,
    }
    this.#step({ type: 'metadata', nowMs: this.#nowMs(), offset: link.image.offset, registration })
    if (registration?.ours === true && !registration.fenced && this.#lifecycle.state === 'running') {
      this.#unfenced.resolve()
    }
  }

  #step(input: BrokerLifecycleInput): void {
    if (this.#isClosed) return
    const effects: BrokerLifecycleEffect[] = []
    this.#lifecycle.step(input, effects)
    for (const effect of effects) this.#perform(effect)
    this.#watchDeadline()
  }

  #perform(effect: BrokerLifecycleEffect): void {
    const { logger } = this.#options
    switch (effect.type) {
      case 'register':
        void this.#register()
        return
      case 'heartbeat':
        void this.#heartbeat(effect)
        return
      case 'state':
        logger.debug('broker state', { state: effect.state, brokerEpoch: this.brokerEpoch })
        if (effect.state === 'recovery') this.#joined.resolve()
        // The image may have come first.
        else if (effect.state === 'running') this.#metadataMoved()
        return
      case 'stop':
        this.close()
        this.#left.resolve()
        return
      case 'fatal': {
        const error = new ControllerError('REFUSED', effect.reason)
        this.close()
        this.#left.resolve()
        this.#joined.reject(error)
        this.#unfenced.reject(error)
        this.#options.onFailure(error)
        return
      }
      default:
        return effect satisfies never
    }
  }

  async #register(): Promise<void> {
    const { link, nodeId, clusterId, listeners, rack, logDirs } = this.#options
    let answer: { readonly errorCode: number | undefined; readonly brokerEpoch: number }
    try {
      answer = await link.submit(
        'brokerRegistration',
        {
          brokerId: nodeId,
          clusterId,
          incarnationId: this.#incarnationId,
          listeners: listeners.map((listener) => ({ ...listener })),
          features: SUPPORTED_FEATURES.map((feature) => ({
            name: feature.name,
            minSupportedVersion: feature.levelMin,
            maxSupportedVersion: feature.levelMax,
          })),
          rack,
          isMigratingZkBroker: false,
          logDirs: [...logDirs],
          previousBrokerEpoch: this.#previousBrokerEpoch,
        },
        { timeoutMs: REQUEST_TIMEOUT_MS, once: true },
      )
    } catch (error) {
      this.#options.logger.debug('the registration was not answered', { error })
      answer = { errorCode: undefined, brokerEpoch: -1 }
    }
    const { errorCode, brokerEpoch } = answer
    if (errorCode !== undefined && errorCode !== ErrorCode.NONE) {
      this.#options.logger.warn('the controller refused the registration', { error: errorName(errorCode) })
    }
    this.#step({ type: 'registered', nowMs: this.#nowMs(), errorCode, brokerEpoch })
    if (errorCode === ErrorCode.NONE) this.#options.onRegistered?.(brokerEpoch)
    if (errorCode === ErrorCode.NONE) this.#metadataMoved()
  }

  async #heartbeat(effect: Extract<BrokerLifecycleEffect, { readonly type: 'heartbeat' }>): Promise<void> {
    const { link, nodeId, logDirs, logger } = this.#options
    const { brokerEpoch, wantFence, wantShutDown } = effect
    try {
      const { errorCode, isFenced, shouldShutDown } = await link.submit(
        'brokerHeartbeat',
        {
          brokerId: nodeId,
          brokerEpoch,
          currentMetadataOffset: link.image.offset,
          wantFence,
          wantShutDown,
          offlineLogDirs: this.#hasFailedDirectory ? [...logDirs] : [],
          cordonedLogDirs: null,
        },
        { timeoutMs: REQUEST_TIMEOUT_MS, once: true },
      )
      this.#step({ type: 'heartbeat-answered', nowMs: this.#nowMs(), errorCode, isFenced, shouldShutDown })
    } catch (error) {
      logger.debug('a heartbeat was not answered', { error })
      const nowMs = this.#nowMs()
      this.#step({ type: 'heartbeat-answered', nowMs, errorCode: undefined, isFenced: true, shouldShutDown: false })
    }
  }

  #watchDeadline(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const dueMs = this.#isClosed ? Infinity : this.#lifecycle.nextDeadlineMs()
    if (dueMs === Infinity) return
    this.#timer = this.#options.timers.after(Math.max(0, dueMs - this.#nowMs()), () => {
      this.#timer = undefined
      const nowMs = this.#nowMs()
      this.timerLateness.record(nowMs - dueMs)
      this.#step({ type: 'tick', nowMs })
    })
  }
}

/** Something that happens once. */
class Signal {
  readonly promise: Promise<void>
  resolve: () => void = () => {}
  reject: (error: Error) => void = () => {}

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    // Not everybody waits for everything.
    this.promise.catch(() => {})
  }
}
