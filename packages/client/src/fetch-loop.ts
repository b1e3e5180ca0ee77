/**
 * Drives a {@link Fetcher}: sends what it plans, feeds back the answers, and turns chunks into batches for delivery.
 * Shared by consumer and reader, which decide what the partitions are and what becomes of what is delivered.
 */
import { openBatchAsync, type RecordBatch } from '@braidlog/records'
import type { Alarm } from './alarms.ts'
import { abortable } from './calls.ts'
import type { Cluster } from './cluster.ts'
import type { Purpose } from './connection.ts'
import { Fetcher, type FetchPlan, type LocatePlan, type Plan, type ValidatePlan } from './core/fetcher.ts'
import type { FetchPartition } from './core/fetch-partition.ts'
import type { FetchedChunk } from './core/fetched-chunk.ts'
import { DeliveredBatch, type BatchOwner, type Decoding } from './delivered-batch.ts'
import type { DeliveredRecord } from './delivered-record.ts'
import { KafkaError } from './errors.ts'
import { isObserved, observe, type Hooks } from './hooks.ts'
import { needsPreparation, prepareBatch } from './prepare-batch.ts'
import type { ResolvedReadOptions } from './read-options.ts'

/** A batch is handed out once it holds this much, decompressed; what is left of the chunk follows. */
const DELIVERY_SIZE_BYTES = 1 << 20
/** The application has records and does not ask for more for that long: a `stalled` event. */
const STALLED_AFTER_MS = 30_000
const FETCH_VERSION_BY_NAME_MAX = 12
const FETCH_VERSION_SESSIONS_MIN = 7
const FETCH_VERSION_RACK_MIN = 11
const FETCH_VERSION_EPOCHS_MIN = 12

export interface LoopOwner extends BatchOwner {
  /** Aborted when the partition is taken away. */
  signalOf(topic: string, partition: number): AbortSignal
  /** Where delivery of the partition ends; left out where it does not. */
  endOf?(topic: string, partition: number): number
  /** The position passed offsets that hold nothing for the application. */
  passed(topic: string, partition: number, nextOffset: number, leaderEpoch: number): void
  delivered(batch: DeliveredBatch): void
  /** Sends a record that cannot be read elsewhere; resolves when that is acknowledged. */
  readonly bury?: (record: DeliveredRecord, topic: string, error: unknown) => Promise<void>
}

export class FetchLoop {
  readonly fetcher: Fetcher
  readonly #cluster: Cluster
  readonly #options: ResolvedReadOptions
  readonly #decodingOf: (topic: string) => Decoding
  readonly #hooks: Hooks | undefined
  readonly #owner: LoopOwner
  /** Chunks of which a part is delivered. */
  readonly #open = new Map<FetchPartition, { readonly chunk: FetchedChunk; readonly moves: number }>()
  #turnScheduled = false
  #isStopped = false
  #alarm: Alarm | undefined
  #waiters: (() => void)[] = []
  readonly #lifetime = new AbortController()
  readonly #stopListening: () => void
  readonly #leaveBudget: () => void
  /** Of the last batch that was handed out. */
  #handedOutOf: FetchPartition | undefined
  #handedOutMs = 0
  /** Goes off when the application has not asked for more for a while. */
  #stallAlarm: Alarm | undefined
  #fatal: KafkaError | undefined
  readonly #purpose: Purpose

  constructor(
    cluster: Cluster,
    options: ResolvedReadOptions,
    decodingOf: (topic: string) => Decoding,
    hooks: Hooks | undefined,
    owner: LoopOwner,
  ) {
    this.#cluster = cluster
    this.#options = options
    this.#decodingOf = decodingOf
    this.#hooks = hooks
    this.#owner = owner
    this.#purpose = `fetch-${cluster.newOwner()}`
    this.fetcher = new Fetcher({
      ...options,
      metadata: cluster.metadata,
      preferredMaxAgeMs: cluster.options.metadataMaxAgeMs,
      shareBytes: () => cluster.memory.shareBytes,
      backoffMs: (failures) => cluster.backoffMs(failures),
      wallClockMs: () => cluster.environment.clock.nowMs(),
    })
    this.#stopListening = cluster.onMetadata(() => this.wake())
    this.#leaveBudget = cluster.memory.join()
  }

  get isClosed(): boolean {
    return this.#lifetime.signal.aborted
  }

  /** Something changed: look for requests to send, and for deliveries that became possible. */
  wake(): void {
    if (this.#turnScheduled || this.isClosed) return
    this.#turnScheduled = true
    this.#cluster.environment.nextTurn(() => {
      this.#turnScheduled = false
      this.#turn()
    })
    this.#wakeWaiters()
  }

  /** The reading cannot go on; whoever waits for a batch gets the error. */
  fail(error: KafkaError): void {
    this.#fatal ??= error
    this.#wakeWaiters()
  }

  /** Forgets everything about a partition. */
  remove(topic: string, partition: number): void {
    const state = this.fetcher.partition(topic, partition)
    if (state !== undefined) this.#open.delete(state)
    this.fetcher.remove(topic, partition)
    this.wake()
  }

  /** The next offset that will be delivered; -1 while it is looked up. */
  positionOf(state: FetchPartition): number {
    const open = this.#open.get(state)
    if (open !== undefined && open.moves === state.moves) return open.chunk.cursor
    return state.position
  }

  /**
   * The next batch, of any partition or of the given one.
   * @returns `undefined` once the loop is closed or stopped, `signal` aborts, or `isEnd` says so
   * @throws KafkaError what keeps a partition from going on
   */
  async next(
    signal: AbortSignal,
    only?: (state: FetchPartition) => boolean,
    isEnd?: () => boolean,
  ): Promise<DeliveredBatch | undefined> {
    const last = this.#handedOutOf
    this.#handedOutOf = undefined
    if (last?.handedOut !== undefined && !this.#open.has(last)) {
      last.handedOut = undefined
      this.wake()
    }
    for (;;) {
      if (this.isClosed || this.#isStopped || signal.aborted) return undefined
      if (this.#fatal !== undefined) throw this.#fatal
      const ready = this.fetcher.nextReady(
        (state) => !state.isPaused && (only === undefined || only(state)) && this.#hasSomething(state),
      )
      if (ready !== undefined) {
        const batch = await this.#assemble(ready)
        this.wake()
        if (batch === undefined) continue
        this.#owner.delivered(batch)
        this.#handedOutOf = ready
        this.#watchForStall()
        return batch
      }
      const error = this.fetcher.takeError()
      if (error !== undefined) throw error
      if (isEnd?.() === true) return undefined
      const woken = new Promise<void>((resolve) => this.#waiters.push(resolve))
      await abortable(woken, signal).catch(() => {})
    }
  }

  /** Hands out nothing more; positions and assignments stay. */
  stopDelivery(): void {
    this.#isStopped = true
    this.#wakeWaiters()
  }

  close(): void {
    if (this.isClosed) return
    this.#lifetime.abort(new KafkaError('CLOSED', 'the consumer is closed'))
    this.#stopListening()
    this.#cluster.alarms.cancel(this.#alarm)
    this.#cluster.alarms.cancel(this.#stallAlarm)
    this.#leaveBudget()
    this.#open.clear()
    this.#cluster.disconnect(this.#purpose)
    this.#wakeWaiters()
  }

  /** The application has a batch from now on. One alarm serves many batches: it looks how long the last one takes. */
  #watchForStall(): void {
    this.#handedOutMs = this.#cluster.nowMs()
    this.#stallAlarm ??= this.#cluster.alarms.after(STALLED_AFTER_MS, this.#lookForStall)
  }

  /** Tells, once for each batch, when the application leaves what is ready where it is. */
  readonly #lookForStall = (): void => {
    this.#stallAlarm = undefined
    if (this.#handedOutOf === undefined) return
    const durationMs = this.#cluster.nowMs() - this.#handedOutMs
    const waiting = this.fetcher.partitions.filter((state) => !state.isPaused && this.#hasSomething(state))
    if (durationMs < STALLED_AFTER_MS || waiting.length === 0) {
      const leftMs = durationMs < STALLED_AFTER_MS ? STALLED_AFTER_MS - durationMs : STALLED_AFTER_MS
      this.#stallAlarm = this.#cluster.alarms.after(leftMs, this.#lookForStall)
      return
    }
    const { heldBytes } = this.fetcher
    this.#cluster.options.logger.warn('the application has not asked for records', { durationMs, heldBytes })
    if (!isObserved(this.#hooks, 'stalled')) return
    const partitions = waiting.map(({ topic, partition }) => ({ topic, partition }))
    observe(this.#hooks, 'stalled', { partitions, heldBytes, durationMs })
  }

  #hasSomething(state: FetchPartition): boolean {
    if (!this.#open.has(state) && state.chunks.length === 0) return false
    const end = this.#owner.endOf?.(state.topic, state.partition)
    return end === undefined || this.positionOf(state) < end
  }

  /** Opens batches of the partition's chunk until there is enough for a delivery. */
  async #assemble(state: FetchPartition): Promise<DeliveredBatch | undefined> {
    let open = this.#open.get(state)
    if (open === undefined || open.moves !== state.moves) {
      this.#open.delete(state)
      const chunk = state.take()
      if (chunk === undefined) return undefined
      open = { chunk, moves: state.moves }
      this.#open.set(state, open)
    }
    const { chunk, moves } = open
    const fromOffset = chunk.cursor
    const toOffset = this.#owner.endOf?.(state.topic, state.partition) ?? Infinity
    const batches: RecordBatch[] = []
    let sizeBytes = 0
    let leaderEpoch = -1
    while (sizeBytes < DELIVERY_SIZE_BYTES && chunk.cursor < toOffset) {
      const opening = this.#openNext(chunk)
      const batch = opening instanceof Promise ? await opening : opening
      // A seek or a revocation while a large batch was decompressed.
      if (state.moves !== moves) return undefined
      if (batch === undefined) break
      if (KafkaError.is(batch)) {
        if (batches.length > 0) break
        return this.#corrupt(state, chunk, batch)
      }
      // Compaction may have left nothing between the position and the end.
      if (batch.baseOffset >= toOffset) break
      batches.push(batch)
      sizeBytes += batch.recordsSizeBytes
      leaderEpoch = batch.leaderEpoch
    }
    if (chunk.isExhausted) this.#open.delete(state)
    if (batches.length === 0) {
      this.#owner.passed(state.topic, state.partition, chunk.cursor, chunk.lastEpoch)
      return undefined
    }
    const delivery = new DeliveredBatch({
      topic: state.topic,
      partition: state.partition,
      batches,
      fromOffset,
      toOffset,
      nextOffset: chunk.cursor,
      leaderEpoch,
      highWatermark: Math.max(chunk.highWatermark, state.highWatermark),
      sizeBytes,
      signal: this.#owner.signalOf(state.topic, state.partition),
      decoding: this.#decodingOf(state.topic),
      owner: this.#owner,
    })
    if (!needsPreparation(delivery.decoding)) return delivery
    try {
      await prepareBatch(delivery, this.#owner.bury)
    } catch (error) {
      if (state.moves !== moves) return undefined
      // The same records again when the application goes on.
      this.#open.delete(state)
      state.moveTo({ offset: fromOffset, epoch: -1 })
      throw error
    }
    return state.moves === moves ? delivery : undefined
  }

  /** An error is a value here: damage behind good batches is met again once those are delivered. */
  #openNext(chunk: FetchedChunk): RecordBatch | KafkaError | undefined | Promise<RecordBatch | KafkaError | undefined> {
    const { codecs } = this.#cluster.environment
    try {
      const next = chunk.next(codecs)
      if (next === undefined || !('kind' in next)) return next
      return openBatchAsync(next.bytes, next.view, next.at, { codecs }).then(
        (batch) => chunk.opened(batch),
        (error: unknown) => corruptError(chunk, error),
      )
    } catch (error) {
      return corruptError(chunk, error)
    }
  }

  #corrupt(state: FetchPartition, chunk: FetchedChunk, error: KafkaError): undefined {
    if (this.#options.onCorruptBatch === 'skip') {
      const { from, to } = chunk.skip()
      this.#cluster.options.logger.error('a corrupt batch was skipped', {
        topic: state.topic,
        partition: state.partition,
        fromOffset: from,
        toOffset: to,
        error,
      })
      if (chunk.isExhausted) this.#open.delete(state)
      this.#owner.passed(state.topic, state.partition, chunk.cursor, chunk.lastEpoch)
      return undefined
    }
    // Fetched anew when the application goes on: the damage may have happened on the way.
    this.#open.delete(state)
    state.moveTo({ offset: chunk.cursor, epoch: -1 })
    throw error
  }

  #turn(): void {
    if (this.isClosed) return
    const nowMs = this.#cluster.nowMs()
    for (const plan of this.fetcher.plan(nowMs)) void this.#carryOut(plan)
    if (this.fetcher.takeNeedsMetadata()) this.#cluster.refreshSoon()
    this.#cluster.alarms.cancel(this.#alarm)
    const nextMs = this.fetcher.nextDeadlineMs(nowMs)
    this.#alarm =
      nextMs === Infinity ? undefined : this.#cluster.alarms.after(Math.max(0, nextMs - nowMs), () => this.#turn())
  }

  /** Sends a planned request. Never rejects. */
  async #carryOut(plan: Plan): Promise<void> {
    try {
      switch (plan.kind) {
        case 'fetch':
          await this.#fetch(plan)
          break
        case 'locate':
          await this.#locate(plan)
          break
        case 'validate':
          await this.#validate(plan)
          break
        default:
          plan satisfies never
      }
    } catch (error) {
      this.fetcher.onFailed(plan, this.#cluster.nowMs())
      if (!this.isClosed) {
        this.#cluster.options.logger.debug(`${plan.kind} failed`, { node: plan.node, error })
        if (KafkaError.is(error) && error.code === 'UNSUPPORTED_API') this.fail(error)
      }
    }
    this.wake()
  }

  async #fetch(plan: FetchPlan): Promise<void> {
    const { maxWaitMs, minBytes, isReadCommitted, clientRack } = this.#options
    const timeoutMs = this.#cluster.options.requestTimeoutMs + maxWaitMs
    await this.#cluster.call('fetch', { timeoutMs, signal: this.#lifetime.signal }, async (call) => {
      const connection = await this.#cluster.connect({ node: plan.node }, this.#purpose, call)
      const highest = connection.versionFor('Fetch')
      const request = plan.build(highest >= FETCH_VERSION_SESSIONS_MIN)
      const version = request.hasIds ? highest : Math.min(highest, FETCH_VERSION_BY_NAME_MAX)
      const topics = request.topics.map(({ topic, topicId, partitions }) => ({
        topic,
        topicId,
        partitions: partitions.map((each) => ({
          partition: each.partition,
          currentLeaderEpoch: each.currentLeaderEpoch,
          fetchOffset: each.fetchOffset,
          partitionMaxBytes: each.partitionMaxBytes,
          ...(version >= FETCH_VERSION_EPOCHS_MIN ? { lastFetchedEpoch: each.lastFetchedEpoch } : {}),
        })),
      }))
      const body = {
        maxWaitMs,
        minBytes,
        maxBytes: plan.maxBytes,
        isolationLevel: isReadCommitted ? 1 : 0,
        sessionId: request.sessionId,
        sessionEpoch: request.sessionEpoch,
        topics,
        ...(clientRack === '' || version < FETCH_VERSION_RACK_MIN ? {} : { rackId: clientRack }),
        ...(version >= FETCH_VERSION_SESSIONS_MIN ? { forgottenTopicsData: request.forgottenTopicsData } : {}),
      }
      const response = await connection.request('Fetch', body, { signal: call.signal, timeoutMs, version })
      const leaders = this.fetcher.onFetch(plan, response, this.#cluster.nowMs())
      for (const { topic, partition, leader } of leaders) {
        const isNews = this.#cluster.learnLeader(topic, partition, leader, response.nodeEndpoints)
        if (isNews) this.fetcher.retryNow(topic, partition)
      }
      this.#observe(plan)
    })
  }

  async #locate(plan: LocatePlan): Promise<void> {
    const { isReadCommitted } = this.#options
    await this.#cluster.call('listOffsets', { signal: this.#lifetime.signal }, async (call) => {
      const topics = grouped(plan.asked, ({ state, timestamp, currentLeaderEpoch }) => ({
        partitionIndex: state.partition,
        currentLeaderEpoch,
        timestamp,
      }))
      const body = { replicaId: -1, isolationLevel: isReadCommitted ? 1 : 0, topics }
      const response = await this.#cluster.request({ node: plan.node }, 'ListOffsets', body, call)
      this.fetcher.onLocated(plan, response, this.#cluster.nowMs())
    })
  }

  async #validate(plan: ValidatePlan): Promise<void> {
    await this.#cluster.call('offsetForLeaderEpoch', { signal: this.#lifetime.signal }, async (call) => {
      const connection = await this.#cluster.connect({ node: plan.node }, 'main', call)
      if (connection.versionsOf(OFFSET_FOR_LEADER_EPOCH_KEY) === undefined) return this.fetcher.onCannotValidate(plan)
      const topics = grouped(plan.asked, ({ state, leaderEpoch, currentLeaderEpoch }) => ({
        partition: state.partition,
        currentLeaderEpoch,
        leaderEpoch,
      })).map(({ name, partitions }) => ({ topic: name, partitions }))
      const body = { replicaId: -1, topics }
      const response = await connection.request('OffsetForLeaderEpoch', body, { signal: call.signal })
      this.fetcher.onValidated(plan, response, this.#cluster.nowMs())
    })
  }

  #observe(plan: FetchPlan): void {
    if (!isObserved(this.#hooks, 'fetched')) return
    for (const { state } of plan.asked) {
      const { topic, partition, bufferedBytes, highWatermark } = state
      if (bufferedBytes > 0)
        observe(this.#hooks, 'fetched', { topic, partition, sizeBytes: bufferedBytes, highWatermark })
    }
  }

  #wakeWaiters(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter()
  }
}

const OFFSET_FOR_LEADER_EPOCH_KEY = 23

function grouped<A extends { readonly state: FetchPartition }, P>(
  asked: readonly A[],
  make: (each: A) => P,
): { name: string; partitions: P[] }[] {
  const topics = new Map<string, P[]>()
  for (const each of asked) {
    const partitions = topics.get(each.state.topic)
    if (partitions === undefined) topics.set(each.state.topic, [make(each)])
    else partitions.push(make(each))
  }
  return [...topics].map(([name, partitions]) => ({ name, partitions }))
}

function corruptError(chunk: FetchedChunk, cause: unknown): KafkaError {
  const { topic, partition } = chunk
  const item = `${topic}-${partition}@${chunk.cursor}`
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new KafkaError('CORRUPT_BATCH', `${item}: ${reason}`, {
    cause,
    details: [{ item, topic, partition, offset: BigInt(chunk.cursor), error: null }],
  })
}
