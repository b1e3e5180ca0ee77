/**
 * The cluster as one client sees it: connections by broker and purpose, metadata, coordinators. Everything that a
 * producer, consumer or admin asks for goes through here.
 *
 * Nothing is retried for ever: every method takes a {@link Call} and ends with it. Brokers that cannot be reached are
 * tried again after a pause that doubles; when none of the known ones answers, the bootstrap addresses are resolved
 * anew and tried as well (KIP-899), so that a cluster that moved as a whole is found again.
 */
import { below, type Logger } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model/nouns'
import type { Alarm, Alarms } from './alarms.ts'
import type { ApiName, RequestOf, ResponseOf } from './apis.ts'
import { Call } from './calls.ts'
import { Connection, type Address, type ConnectionEnvironment, type Purpose, type RequestBounds } from './connection.ts'
import { backoffDelayMs, type BackoffBounds } from './core/backoff.ts'
import { MemoryBudget } from './core/memory-budget.ts'
import { MetadataCache, type MetadataChange, type TopicMetadata } from './core/metadata-cache.ts'
import type { Environment } from './environment.ts'
import { brokerError, errorNameOf, KafkaError } from './errors.ts'

export interface ClusterOptions {
  readonly bootstrap: readonly Address[]
  readonly backoff: BackoffBounds
  readonly metadataMaxAgeMs: number
  readonly requestTimeoutMs: number
  readonly memoryBytes: number
  readonly logger: Logger
}

/** Where a request goes. */
export type Target =
  | { readonly node: number }
  | 'any'
  /** The broker that takes changes of the cluster. */
  | 'controller'
  /** The coordinator of a group. */
  | { readonly group: string }

/** How long a topic that a broker says does not exist is asked for again: it may have been created a moment ago. */
const UNKNOWN_TOPIC_PATIENCE_MS = 3_000

/** A question that any broker can answer is put to another one after this part of the request timeout. */
const ANY_BROKER_PART = 1 / 6

/** Brokers that are asked for metadata at once, when one might not do. */
const DOUBTFUL_BROKERS_MAX = 3

interface Link {
  connection: Connection | undefined
  opening: Promise<Connection> | undefined
  failures: number
  retryAtMs: number
}

export type MetadataListener = (change: MetadataChange) => void

export class Cluster {
  readonly metadata = new MetadataCache()
  readonly memory: MemoryBudget
  readonly alarms: Alarms
  readonly environment: Environment
  readonly options: ClusterOptions
  readonly #connectionEnvironment: ConnectionEnvironment
  readonly #links = new Map<string, Link>()
  readonly #coordinators = new Map<string, number>()
  /** Topics that somebody uses, with how many do. */
  readonly #wanted = new Map<string, number>()
  #wantingAll = 0
  #owners = 0
  readonly #listeners = new Set<MetadataListener>()
  #refreshing: { readonly promise: Promise<void>; readonly topics: ReadonlySet<string> | 'all' } | undefined
  #nextRefresh: Alarm | undefined
  #refreshedMs = -Infinity
  /** `refreshSoon` has promised one: from the first wish until an answer is there. */
  #isRefreshDue = false
  /** The next refresh asks several brokers. */
  #isDoubtful = false
  readonly #lifetime = new AbortController()

  constructor(
    options: ClusterOptions,
    environment: Environment,
    alarms: Alarms,
    connectionEnvironment: ConnectionEnvironment,
  ) {
    this.options = options
    this.memory = new MemoryBudget(options.memoryBytes)
    this.environment = environment
    this.alarms = alarms
    this.#connectionEnvironment = connectionEnvironment
  }

  get isClosed(): boolean {
    return this.#lifetime.signal.aborted
  }

  /** Aborts when the client closes; its reason is the KafkaError to throw. */
  get signal(): AbortSignal {
    return this.#lifetime.signal
  }

  nowMs(): number {
    return this.environment.clock.monotonicMs()
  }

  /** Runs `body` within a bound. */
  async call<T>(
    name: string,
    options: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number | undefined } | undefined,
    body: (call: Call) => Promise<T>,
  ): Promise<T> {
    this.#lifetime.signal.throwIfAborted()
    using call = new Call(
      name,
      { alarms: this.alarms, nowMs: () => this.nowMs() },
      { ...options, closing: this.signal },
      this.options.requestTimeoutMs,
    )
    call.check()
    return await call.wait(body(call))
  }

  /**
   * Repeats `attempt` while it fails with something that may pass, with pauses in between, until the call ends.
   * After a failure the metadata is read anew: the usual reason is that a leader or coordinator moved.
   */
  async retrying<T>(call: Call, attempt: () => Promise<T>): Promise<T> {
    for (let failures = 0; ;) {
      call.check()
      try {
        return await attempt()
      } catch (error) {
        call.check()
        if (!KafkaError.is(error) || !error.retriable) throw error
        call.lastError = error
        failures++
        this.options.logger.debug(`${call.name}: ${error.message}; trying again`, { code: error.code, failures })
        await call.sleep(this.backoffMs(failures))
        if (isStaleMetadata(error)) await this.refresh(call, { topics: [...call.topics] }).catch(() => {})
      }
    }
  }

  backoffMs(failures: number): number {
    return backoffDelayMs(failures, this.options.backoff, this.environment.random)
  }

  /** One attempt: connects if need be, sends, waits for the answer. */
  async request<N extends ApiName>(
    target: Target,
    name: N,
    body: RequestOf<N>,
    call: Call,
    options: { readonly purpose?: Purpose; readonly bounds?: RequestBounds } = {},
  ): Promise<ResponseOf<N>> {
    const connection = await this.connect(target, options.purpose ?? 'main', call)
    const timeoutMs = Math.min(
      options.bounds?.timeoutMs ?? this.options.requestTimeoutMs,
      Math.max(1, call.remainingMs()),
    )
    return await connection.request(name, body, { signal: call.signal, ...options.bounds, timeoutMs })
  }

  async connect(target: Target, purpose: Purpose, call: Call): Promise<Connection> {
    if (target === 'any') return await this.#connectAny(purpose, call)
    if (target === 'controller') {
      if (this.metadata.brokers.size === 0) await this.refresh(call)
      const { controller } = this.metadata
      if (!this.metadata.brokers.has(controller)) return await this.#connectAny(purpose, call)
      return await this.#connectNode(controller, purpose, call)
    }
    const node = 'node' in target ? target.node : await this.coordinator(target.group, call)
    return await this.#connectNode(node, purpose, call)
  }

  /** An open connection, if there is one. */
  openConnection(node: number, purpose: Purpose): Connection | undefined {
    return this.#links.get(`${node}/${purpose}`)?.connection
  }

  /** The broker that coordinates a group. */
  async coordinator(groupId: string, call: Call): Promise<number> {
    const known = this.#coordinators.get(groupId)
    if (known !== undefined && this.metadata.brokers.has(known)) return known
    const connection = await this.#connectAny('main', call)
    const several = connection.versionFor('FindCoordinator') >= 4
    const response = await connection.request(
      'FindCoordinator',
      several ? { keyType: 0, coordinatorKeys: [groupId] } : { keyType: 0, key: groupId },
      { signal: call.signal, timeoutMs: this.#anyBrokerTimeoutMs(call) },
    )
    const answer = several ? response.coordinators[0] : response
    if (answer === undefined)
      throw new KafkaError('PROTOCOL_VIOLATION', 'FindCoordinator: an answer without coordinators')
    if (answer.errorCode !== ErrorCode.NONE) {
      throw brokerError(answer.errorCode, `coordinator of group ${groupId}`, answer.errorMessage)
    }
    if (!this.metadata.brokers.has(answer.nodeId)) await this.refresh(call)
    this.#coordinators.set(groupId, answer.nodeId)
    return answer.nodeId
  }

  forgetCoordinator(groupId: string): void {
    this.#coordinators.delete(groupId)
  }

  /** Keeps the metadata of these topics fresh. @returns how to stop */
  want(topics: Iterable<string>): () => void {
    const names = new Set(topics)
    for (const name of names) this.#wanted.set(name, (this.#wanted.get(name) ?? 0) + 1)
    let stopped = false
    return () => {
      if (stopped) return
      stopped = true
      for (const name of names) {
        const count = this.#wanted.get(name)! - 1
        if (count === 0) this.#wanted.delete(name)
        else this.#wanted.set(name, count)
      }
    }
  }

  /** Keeps the metadata of every topic fresh. @returns how to stop */
  wantAll(): () => void {
    this.#wantingAll++
    let stopped = false
    return () => {
      if (!stopped) this.#wantingAll--
      stopped = true
    }
  }

  /** @returns how to stop */
  onMetadata(listener: MetadataListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * The topic, from the cache or from a broker. A topic that does not exist is asked for again for a while.
   * @throws KafkaError `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_TOPIC_EXCEPTION`, `TOPIC_AUTHORIZATION_FAILED`, …
   */
  async topic(name: string, call: Call, options: { readonly create?: boolean } = {}): Promise<TopicMetadata> {
    call.topics.add(name)
    const known = this.metadata.topic(name)
    if (known !== undefined) return known
    const patienceEndMs = this.nowMs() + UNKNOWN_TOPIC_PATIENCE_MS
    return await this.retrying(call, async () => {
      await this.refresh(call, { topics: [name], create: options.create === true })
      const topic = this.metadata.topic(name)
      if (topic !== undefined) return topic
      const code = this.metadata.errorOf(name) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      const unknown = code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      const error = brokerError(code, `topic ${name}`, unknown ? 'there is no such topic' : null)
      if (unknown && this.nowMs() >= patienceEndMs) {
        throw new KafkaError(error.code, error.message, { retriable: false, fatal: false })
      }
      throw error
    })
  }

  /**
   * Reads the metadata anew: of the wanted topics and those given. Calls at the same time share one request.
   * @param options.create asks the broker to create the given topics when it is configured to
   */
  async refresh(
    call: Call,
    options: { readonly topics?: readonly string[]; readonly all?: boolean; readonly create?: boolean } = {},
  ): Promise<void> {
    for (;;) {
      const current = this.#refreshing
      if (current === undefined) break
      const { topics } = current
      const succeeded = await call.wait(
        current.promise.then(
          () => true,
          () => false,
        ),
      )
      if (!succeeded) continue
      const covered =
        topics === 'all' || (options.all !== true && (options.topics ?? []).every((each) => topics.has(each)))
      if (covered && options.create !== true) return
    }
    const all = options.all === true || this.#wantingAll > 0
    const names = new Set([...this.#wanted.keys(), ...(options.topics ?? [])])
    const create = options.create === true
    const topics: ReadonlySet<string> | 'all' = all && !create ? 'all' : names
    const refreshing = { promise: this.#refresh(call, topics, create), topics }
    this.#refreshing = refreshing
    try {
      await refreshing.promise
    } finally {
      if (this.#refreshing === refreshing) this.#refreshing = undefined
      this.#refreshedMs = this.nowMs()
      this.#scheduleRefresh()
    }
  }

  /**
   * Refreshes in the background: now, or a pause after the last time. Failures are tried again.
   * @param options.isDoubtful what one broker says may be worth nothing: some are silent, or refuse to lead what they say they
   *   lead, perhaps because they are cut off from the others; so several are asked
   */
  refreshSoon({ isDoubtful = false }: { readonly isDoubtful?: boolean } = {}): void {
    if (isDoubtful) this.#isDoubtful = true
    if (this.#isRefreshDue || this.isClosed) return
    this.#isRefreshDue = true
    const waitMs = this.#refreshedMs + this.options.backoff.backoffMs - this.nowMs()
    if (waitMs > 0) this.alarms.after(waitMs, this.#refreshDue)
    else this.#refreshDue()
  }

  /** The refresh that `refreshSoon` promised. It may share one that somebody else needs, which may end without success. */
  readonly #refreshDue = (): void => {
    if (this.isClosed) return
    const isDoubtful = this.#isDoubtful
    this.call('metadata', undefined, async (call) => {
      await this.retrying(call, async () => await this.refresh(call))
    }).then(
      () => {
        this.#isRefreshDue = false
      },
      (error: unknown) => {
        if (this.isClosed) return
        this.options.logger.warn('metadata cannot be refreshed', { error })
        if (KafkaError.is(error) && error.retriable) {
          // Whoever asked for it waits, and may have nothing else that would make it ask again.
          if (isDoubtful) this.#isDoubtful = true
          this.alarms.after(this.options.backoff.backoffMs, this.#refreshDue)
        } else this.#isRefreshDue = false
      },
    )
  }

  /** Takes a leader that an answer names (KIP-951). @returns whether that was news */
  learnLeader(
    topic: string,
    partition: number,
    leader: { readonly leaderId: number; readonly leaderEpoch: number },
    endpoints: readonly {
      readonly nodeId: number
      readonly host: string
      readonly port: number
      readonly rack: string | null
    }[],
  ): boolean {
    const before = this.metadata.brokers
    if (!this.metadata.learnLeader(topic, partition, leader, endpoints)) return false
    this.#dropMovedBrokers(before)
    this.#announce({ appeared: [], vanished: [], reshaped: [], moved: [topic] })
    return true
  }

  close(reason: KafkaError): void {
    if (this.isClosed) return
    this.#lifetime.abort(reason)
    this.alarms.cancel(this.#nextRefresh)
    for (const link of this.#links.values()) link.connection?.close(reason)
    this.#links.clear()
    this.#listeners.clear()
  }

  /** A number for the connections of one producer or consumer. */
  newOwner(): number {
    return this.#owners++
  }

  /** Drops the connections of one purpose, as their owner does on closing. */
  disconnect(purpose: Purpose): void {
    for (const [key, link] of this.#links) {
      if (!key.endsWith(`/${purpose}`)) continue
      this.#links.delete(key)
      link.connection?.close()
    }
  }

  async #refresh(call: Call, topics: ReadonlySet<string> | 'all', create: boolean): Promise<void> {
    if (!this.#isDoubtful || create || this.metadata.brokers.size < 2) {
      return await this.#refreshBy(await this.#connectAny('main', call), call, topics, create)
    }
    this.#isDoubtful = false
    const nodes = shuffled([...this.metadata.brokers.keys()], (bound) => below(this.environment.random, bound))
    // The first answer will do; the others are taken, too, when they come. What is out of date undoes nothing.
    const refreshed = nodes.slice(0, DOUBTFUL_BROKERS_MAX).map(async (node) => {
      await this.#refreshBy(await this.#connectNode(node, 'main', call, false), call, topics, create)
    })
    try {
      await Promise.any(refreshed)
    } catch (error) {
      throw (error as AggregateError).errors[0]
    }
  }

  async #refreshBy(
    connection: Connection,
    call: Call,
    topics: ReadonlySet<string> | 'all',
    create: boolean,
  ): Promise<void> {
    const version = connection.versionFor('Metadata')
    // Version 0 has no way to ask for nothing but the brokers: an empty list means every topic there.
    const complete = topics === 'all' || (version === 0 && topics.size === 0)
    const response = await connection.request(
      'Metadata',
      {
        topics: topics === 'all' ? (version === 0 ? [] : null) : [...topics].map((name) => ({ name })),
        ...(version >= 4 ? { allowAutoTopicCreation: create } : {}),
      },
      { signal: call.signal, timeoutMs: this.#anyBrokerTimeoutMs(call) },
    )
    if (response.errorCode === ErrorCode.REBOOTSTRAP_REQUIRED) {
      this.#forgetBrokers()
      throw new KafkaError('REBOOTSTRAP_REQUIRED', 'the broker asks for a new start from the bootstrap addresses', {
        retriable: true,
      })
    }
    if (response.errorCode !== ErrorCode.NONE) throw brokerError(response.errorCode, 'metadata')
    const before = this.metadata.brokers
    const change = this.metadata.apply(response, complete)
    this.#dropMovedBrokers(before)
    this.#adoptBootstrap()
    this.#announce(change)
  }

  #anyBrokerTimeoutMs(call: Call): number {
    return Math.max(1, Math.min(this.options.requestTimeoutMs * ANY_BROKER_PART, call.remainingMs()))
  }

  #announce(change: MetadataChange): void {
    for (const listener of this.#listeners) listener(change)
  }

  #scheduleRefresh(): void {
    this.alarms.cancel(this.#nextRefresh)
    if (this.isClosed) return
    this.#nextRefresh = this.alarms.after(this.options.metadataMaxAgeMs, () => this.refreshSoon())
  }

  /** A broker that now has another address is another connection. */
  #dropMovedBrokers(before: ReadonlyMap<number, Address>): void {
    for (const [node, old] of before) {
      const now = this.metadata.brokers.get(node)
      if (now !== undefined && now.host === old.host && now.port === old.port) continue
      for (const [key, link] of this.#links) {
        if (!key.startsWith(`${node}/`)) continue
        this.#links.delete(key)
        link.connection?.close(new KafkaError('CONNECTION_FAILED', `broker ${node} has left or has another address`))
      }
    }
  }

  /** A connection to a bootstrap address becomes that of the broker which has the address. */
  #adoptBootstrap(): void {
    for (const [node, { host, port }] of this.metadata.brokers) {
      if (this.#links.has(`${node}/main`)) continue
      const seed = this.options.bootstrap.findIndex((each) => each.host === host && each.port === port)
      const link = this.#links.get(`${-1 - seed}/main`)
      if (seed < 0 || link?.connection === undefined) continue
      this.#links.delete(`${-1 - seed}/main`)
      this.#links.set(`${node}/main`, link)
    }
  }

  #forgetBrokers(): void {
    const links = [...this.#links.values()]
    this.#links.clear()
    this.#coordinators.clear()
    const reason = new KafkaError('CONNECTION_FAILED', 'starting over from the bootstrap addresses')
    for (const link of links) link.connection?.close(reason)
    this.metadata.forgetBrokers()
  }

  /**
   * Any broker: of those that are connected the one with the fewest unanswered requests, so that one which has gone silent
   * is not asked again; else those known in random order, else the bootstrap addresses.
   */
  async #connectAny(purpose: Purpose, call: Call): Promise<Connection> {
    const nodes = shuffled([...this.metadata.brokers.keys()], (bound) => below(this.environment.random, bound))
    let best: Connection | undefined
    for (const node of nodes) {
      const open = this.openConnection(node, purpose)
      if (open !== undefined && (best === undefined || open.pendingCount < best.pendingCount)) best = open
    }
    if (best !== undefined && best.expiredCount === 0) return best
    const seeds = this.options.bootstrap.map((_, index) => -1 - index)
    if (nodes.length === 0) {
      for (const seed of seeds) {
        const open = this.openConnection(seed, purpose)
        if (open !== undefined) return open
      }
    }
    let last: unknown
    for (const node of [...nodes, ...seeds]) {
      try {
        const connection = await this.#connectNode(node, purpose, call, false)
        if (connection.expiredCount === 0) return connection
      } catch (error) {
        call.check()
        last = error
      }
    }
    if (best !== undefined) return best
    throw last
  }

  /** @param patient waits out the pause that a recent failure imposed; otherwise tries at once */
  async #connectNode(node: number, purpose: Purpose, call: Call, patient = true): Promise<Connection> {
    const key = `${node}/${purpose}`
    for (;;) {
      this.#lifetime.signal.throwIfAborted()
      let link = this.#links.get(key)
      if (link === undefined) {
        link = { connection: undefined, opening: undefined, failures: 0, retryAtMs: -Infinity }
        this.#links.set(key, link)
      }
      if (link.connection !== undefined) return link.connection
      if (link.opening === undefined) {
        const pauseMs = link.retryAtMs - this.nowMs()
        if (pauseMs > 0 && patient) {
          await call.sleep(pauseMs)
          continue
        }
        const address = node < 0 ? this.options.bootstrap[-1 - node]! : this.metadata.brokers.get(node)
        if (address === undefined) {
          throw new KafkaError('BROKER_NOT_AVAILABLE', `broker ${node} is not in the metadata`)
        }
        link.opening = this.#open(key, link, address, purpose)
        link.opening.catch(() => {})
      }
      return await call.wait(link.opening)
    }
  }

  async #open(key: string, link: Link, address: Address, purpose: Purpose): Promise<Connection> {
    try {
      const connection = await Connection.open(address, purpose, this.#connectionEnvironment, this.signal)
      if (this.#links.get(key) !== link) {
        connection.close(new KafkaError('CONNECTION_FAILED', `${connection.broker}: nobody needs this connection now`))
      }
      if (connection.failure !== undefined) throw connection.failure
      link.connection = connection
      link.failures = 0
      connection.onClose((error) => {
        if (link.connection !== connection) return
        link.connection = undefined
        if (error.code !== 'CLOSED') this.#broken(link, error)
      })
      return connection
    } catch (error) {
      this.#broken(link, error)
      throw error
    } finally {
      link.opening = undefined
    }
  }

  #broken(link: Link, error: unknown): void {
    link.failures++
    link.retryAtMs = this.nowMs() + this.backoffMs(link.failures)
    if (!this.isClosed) this.options.logger.debug('connection lost', { error, failures: link.failures })
  }
}

/** After these the leader, the coordinator or the controller is probably another broker than we think. */
function isStaleMetadata(error: KafkaError): boolean {
  return STALE.has(error.code)
}

const STALE = new Set<string>(
  [
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode.LEADER_NOT_AVAILABLE,
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
    ErrorCode.BROKER_NOT_AVAILABLE,
    ErrorCode.REPLICA_NOT_AVAILABLE,
    ErrorCode.NOT_CONTROLLER,
    ErrorCode.KAFKA_STORAGE_ERROR,
    ErrorCode.FENCED_LEADER_EPOCH,
    ErrorCode.UNKNOWN_LEADER_EPOCH,
    ErrorCode.LISTENER_NOT_FOUND,
    ErrorCode.UNKNOWN_TOPIC_ID,
  ]
    .map((code): string => errorNameOf(code))
    .concat('CONNECTION_FAILED', 'TIMED_OUT'),
)

function shuffled<T>(items: T[], random: (bound: number) => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random(i + 1)
    ;[items[i], items[j]] = [items[j]!, items[i]!]
  }
  return items
}
