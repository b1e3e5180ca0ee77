/**
 * A broker's life towards the active controller, as a machine: when it registers, what its heartbeats say, when it may
 * serve and when it may stop. `SPEC.md` has the table of states and events.
 *
 * Invariants:
 * - One request is under way at a time.
 * - A heartbeat asks to be unfenced only when the broker has seen its own registration and is ready.
 * - The broker is told to stop once, and sends nothing after that.
 *
 * Source: KIP-631, KIP-841; `BrokerLifecycleManager` and `BrokerRegistrationTracker` of Apache Kafka. Where it differs:
 * what the metadata tells is not asked for, so a start takes as many heartbeats as there is news, not one per interval.
 */
import { assert } from '@braidlog/base'
import { ErrorCode, errorName } from '@braidlog/model'

export type BrokerLifecycleState =
  /** Registering, or waiting to see the own registration in the metadata. */
  | 'starting'
  /** It has seen all that was committed before it registered, and brings its partitions in line. */
  | 'recovery'
  /** It serves. */
  | 'running'
  /** Its partitions go to others. */
  | 'pending-controlled-shutdown'
  /** Nothing is asked of it any more. */
  | 'shutting-down'

export interface BrokerLifecycleConfig {
  /** `broker.heartbeat.interval.ms` */
  readonly heartbeatIntervalMs: number
  /** `initial.broker.registration.timeout.ms` */
  readonly registrationTimeoutMs: number
  /** How long the others may take to take over. */
  readonly shutdownTimeoutMs: number
  /** How long a broker that wants to leave waits for a word of a controller. */
  readonly shutdownSilenceMs: number
}

export type BrokerLifecycleInput =
  | { readonly type: 'start'; readonly nowMs: number }
  /** `errorCode` is undefined when no answer came. */
  | {
      readonly type: 'registered'
      readonly nowMs: number
      readonly errorCode: number | undefined
      readonly brokerEpoch: number
    }
  | {
      readonly type: 'heartbeat-answered'
      readonly nowMs: number
      readonly errorCode: number | undefined
      readonly isFenced: boolean
      readonly shouldShutDown: boolean
    }
  /** The metadata, up to `offset`, has this registration of the node; undefined: none. */
  | {
      readonly type: 'metadata'
      readonly nowMs: number
      readonly offset: number
      readonly registration: { readonly epoch: number; readonly ours: boolean; readonly fenced: boolean } | undefined
    }
  /** The partitions are in line with the metadata. */
  | { readonly type: 'ready'; readonly nowMs: number }
  /** The directory failed: the broker must lead nothing any more. */
  | { readonly type: 'directory-failed'; readonly nowMs: number }
  | { readonly type: 'shut-down'; readonly nowMs: number }
  /** Another controller is active: whatever waits is worth trying now. */
  | { readonly type: 'controller-changed'; readonly nowMs: number }
  | { readonly type: 'tick'; readonly nowMs: number }

export type BrokerLifecycleEffect =
  | { readonly type: 'register' }
  | {
      readonly type: 'heartbeat'
      readonly brokerEpoch: number
      readonly wantFence: boolean
      readonly wantShutDown: boolean
    }
  | { readonly type: 'state'; readonly state: BrokerLifecycleState }
  /** The broker may stop. */
  | { readonly type: 'stop' }
  /** The cluster will not have this broker. */
  | { readonly type: 'fatal'; readonly reason: string }

const BACKOFF_MIN_MS = 50
const BACKOFF_MAX_MS = 1_000
/** Heartbeats follow each other faster while a broker waits to leave. */
const LEAVING_INTERVAL_MS = 100

export class BrokerLifecycle {
  readonly #config: BrokerLifecycleConfig
  #state: BrokerLifecycleState = 'starting'
  #isRegistered = false
  #epoch = -1
  /** The metadata has come as far as the registration. */
  #hasSeenRegistration = false
  #isReady = false
  #isFenced = true
  #hasFailed = false
  #isWaiting = false
  #isOver = false
  #failures = 0
  #nextMs = Infinity
  /** When the state that it is in must have ended. */
  #deadlineMs = Infinity
  #shutdownMs = Infinity

  constructor(config: BrokerLifecycleConfig) {
    this.#config = config
  }

  get state(): BrokerLifecycleState {
    return this.#state
  }

  /** -1 before the first registration. */
  get brokerEpoch(): number {
    return this.#epoch
  }

  nextDeadlineMs(): number {
    if (this.#isOver) return Infinity
    return Math.min(this.#isWaiting ? Infinity : this.#nextMs, this.#deadlineMs)
  }

  step(input: BrokerLifecycleInput, out: BrokerLifecycleEffect[]): void {
    if (this.#isOver) return
    const { nowMs } = input
    switch (input.type) {
      case 'start':
        this.#deadlineMs = nowMs + this.#config.registrationTimeoutMs
        this.#nextMs = nowMs
        break
      case 'registered':
        this.#registered(input, out)
        break
      case 'heartbeat-answered':
        this.#answered(input, out)
        break
      case 'metadata':
        this.#metadata(input, out)
        break
      case 'ready':
        this.#isReady = true
        this.#nextMs = nowMs
        break
      case 'directory-failed':
        this.#hasFailed = true
        this.#nextMs = nowMs
        break
      case 'shut-down':
        this.#shutDown(nowMs, out)
        break
      case 'controller-changed':
        if (this.#failures > 0) this.#nextMs = nowMs
        // It may take a moment until it answers: what follows follows quickly.
        this.#failures = 0
        break
      case 'tick':
        break
      default:
        return input satisfies never
    }
    this.#proceed(nowMs, out)
  }

  /** Called after every step in tests. */
  invariants(): void {
    assert(!this.#hasSeenRegistration || this.#isRegistered, 'what was not registered cannot be seen')
    assert(this.#state !== 'running' || this.#isReady, 'only a broker that is ready serves')
    assert(!this.#isOver || this.#state === 'shutting-down', 'it is over when it may stop')
  }

  #proceed(nowMs: number, out: BrokerLifecycleEffect[]): void {
    if (this.#isOver) return
    if (nowMs >= this.#deadlineMs) return this.#timedOut(out)
    if (this.#isWaiting || nowMs < this.#nextMs) return
    this.#isWaiting = true
    if (!this.#isRegistered) {
      out.push({ type: 'register' })
      return
    }
    out.push({
      type: 'heartbeat',
      brokerEpoch: this.#epoch,
      wantFence: this.#hasFailed || !this.#isReady || !this.#hasSeenRegistration,
      wantShutDown: this.#state === 'pending-controlled-shutdown',
    })
  }

  #registered(
    input: Extract<BrokerLifecycleInput, { readonly type: 'registered' }>,
    out: BrokerLifecycleEffect[],
  ): void {
    this.#isWaiting = false
    const { errorCode, brokerEpoch, nowMs } = input
    if (errorCode === ErrorCode.NONE) {
      this.#isRegistered = true
      this.#epoch = brokerEpoch
      this.#hasSeenRegistration = false
      this.#isFenced = true
      this.#failures = 0
      // The next thing to say is that it has caught up, which the metadata will tell.
      this.#nextMs = nowMs + this.#config.heartbeatIntervalMs
      return
    }
    const reason = errorCode === undefined ? undefined : REFUSALS.get(errorCode)
    if (reason !== undefined) return this.#fatal(reason, out)
    this.#retry(nowMs)
  }

  #answered(
    input: Extract<BrokerLifecycleInput, { readonly type: 'heartbeat-answered' }>,
    out: BrokerLifecycleEffect[],
  ): void {
    this.#isWaiting = false
    const { errorCode, isFenced, shouldShutDown, nowMs } = input
    if (errorCode === undefined || errorCode === ErrorCode.NOT_CONTROLLER) return this.#retry(nowMs)
    if (errorCode === ErrorCode.STALE_BROKER_EPOCH || errorCode === ErrorCode.BROKER_ID_NOT_REGISTERED) {
      return this.#registerAgain(nowMs, out)
    }
    if (errorCode !== ErrorCode.NONE) return this.#retry(nowMs)
    this.#failures = 0
    this.#isFenced = isFenced
    const leaves = this.#state === 'pending-controlled-shutdown'
    this.#nextMs = nowMs + (leaves ? LEAVING_INTERVAL_MS : this.#config.heartbeatIntervalMs)
    if (leaves && shouldShutDown) return this.#stop(out)
    if (leaves) this.#deadlineMs = Math.min(this.#shutdownMs, nowMs + this.#config.shutdownSilenceMs)
    if (this.#state === 'recovery' && this.#isReady && !isFenced) {
      this.#deadlineMs = Infinity
      this.#moveTo('running', out)
    } else if (this.#isFenced && this.#isReady && this.#hasSeenRegistration && !this.#hasFailed) {
      // Fenced for its silence, or asked before it was ready: the next heartbeat changes that.
      this.#nextMs = nowMs + BACKOFF_MIN_MS
    }
  }

  #metadata(input: Extract<BrokerLifecycleInput, { readonly type: 'metadata' }>, out: BrokerLifecycleEffect[]): void {
    const { registration, offset, nowMs } = input
    if (!this.#isRegistered || offset < this.#epoch) return
    const isOurs = registration !== undefined && registration.ours && registration.epoch === this.#epoch
    if (isOurs && !this.#hasSeenRegistration) {
      this.#hasSeenRegistration = true
      this.#nextMs = nowMs
      if (this.#state === 'starting') {
        this.#moveTo('recovery', out)
        // How long recovery takes is a matter of the disk; only finding the cluster is bounded.
        this.#deadlineMs = Infinity
        if (!this.#isReady) this.#nextMs = nowMs + this.#config.heartbeatIntervalMs
      }
    } else if (registration !== undefined && !registration.ours && registration.epoch > this.#epoch) {
      this.#fatal('another process has registered with the same node id; one of the two must go', out)
    } else if (!isOurs && this.#hasSeenRegistration) this.#registerAgain(nowMs, out)
  }

  #registerAgain(nowMs: number, out: BrokerLifecycleEffect[]): void {
    // Who is not known has nothing to hand over.
    if (this.#state === 'pending-controlled-shutdown') return this.#stop(out)
    this.#isRegistered = false
    this.#hasSeenRegistration = false
    this.#isFenced = true
    this.#nextMs = nowMs
  }

  #shutDown(nowMs: number, out: BrokerLifecycleEffect[]): void {
    if (this.#state === 'pending-controlled-shutdown' || this.#state === 'shutting-down') return
    if (!this.#isRegistered) return this.#stop(out)
    this.#moveTo('pending-controlled-shutdown', out)
    this.#shutdownMs = nowMs + this.#config.shutdownTimeoutMs
    this.#deadlineMs = Math.min(this.#shutdownMs, nowMs + this.#config.shutdownSilenceMs)
    this.#nextMs = nowMs
  }

  #timedOut(out: BrokerLifecycleEffect[]): void {
    if (this.#state === 'pending-controlled-shutdown') return this.#stop(out)
    this.#fatal(
      `the broker could not register within ${this.#config.registrationTimeoutMs} ms ` +
        '(initial.broker.registration.timeout.ms); look at controller.quorum.bootstrap.servers or ' +
        'controller.quorum.voters, and whether a controller is active',
      out,
    )
  }

  #retry(nowMs: number): void {
    this.#nextMs = nowMs + Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(this.#failures, 10))
    this.#failures++
  }

  #moveTo(state: BrokerLifecycleState, out: BrokerLifecycleEffect[]): void {
    this.#state = state
    out.push({ type: 'state', state })
  }

  #stop(out: BrokerLifecycleEffect[]): void {
    this.#moveTo('shutting-down', out)
    this.#isOver = true
    out.push({ type: 'stop' })
  }

  #fatal(reason: string, out: BrokerLifecycleEffect[]): void {
    this.#moveTo('shutting-down', out)
    this.#isOver = true
    out.push({ type: 'fatal', reason })
  }
}

/** Answers that asking again will not change. */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [
    ErrorCode.INCONSISTENT_CLUSTER_ID,
    'the controllers belong to another cluster than the data directory (cluster.id in meta.properties)',
  ],
  [
    ErrorCode.INVALID_REGISTRATION,
    `the controller refused the registration (${errorName(ErrorCode.INVALID_REGISTRATION)}): another broker has the ` +
      'same directory.id; a copied data directory needs a new one',
  ],
  [
    ErrorCode.UNSUPPORTED_VERSION,
    'the cluster uses features that this release does not know (see `braidlog cluster features`)',
  ],
  [ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'the controller does not allow this broker to register (CLUSTER_ACTION)'],
])
