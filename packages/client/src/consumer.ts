/**
 * The consumer: partitions of a group, delivered batch by batch. Ties together the group member (who owns what), the
 * fetcher (what is there), and the watermarks (what is done).
 *
 * Invariants: a record of a partition is handed out only between the end of `onAssigned` and the start of its
 * revocation; an offset is committed only of partitions owned at that moment, and only when everything before it is
 * done; the revocation of a partition waits for the application to give back what it works on, up to
 * `rebalanceTimeoutMs`.
 */
import type { Readable } from 'node:stream'
import type { Alarm } from './alarms.ts'
import type { Assigned } from './assigned.ts'
import { Assignment } from './assignment.ts'
import type { Cluster } from './cluster.ts'
import { Commits } from './commits.ts'
import { resolveConsumerOptions, type ResolvedConsumerOptions } from './consumer-options.ts'
import { bury } from './dead-letter.ts'
import type { DeliveredBatch } from './delivered-batch.ts'
import type { DeliveredRecord } from './delivered-record.ts'
import { KafkaError } from './errors.ts'
import { FetchLoop } from './fetch-loop.ts'
import { leaveCall } from './leavable-call.ts'
import { GroupSession } from './group-session.ts'
import type { Hooks } from './hooks.ts'
import { fetchOffsets, type Commit } from './offset-commits.ts'
import type { ConsumerOptions, RunOptions } from './options.ts'
import type { Producer } from './producer.ts'
import { decodingsOf, resolveReadOptions, type ResolvedReadOptions } from './read-options.ts'
import {
  BatchIterator,
  endOffsets,
  notAssigned,
  readableOf,
  RecordIterator,
  startOf,
  webReadableOf,
  type IterateOptions,
  type NextBatch,
  type PartitionLag,
  type Reading,
  type SeekTarget,
} from './reading.ts'
import type { CallOptions, ConsumerBatch, ConsumerRecord, OffsetInput, TopicPartition } from './record.ts'
import { runHandlers, type Handler, type RunSource } from './run.ts'

export interface CommittedOffset extends TopicPartition {
  /** The next offset to read. */
  readonly offset: bigint
  readonly leaderEpoch: number | null
  readonly metadata: string | null
}

export interface OffsetToCommit extends TopicPartition {
  /** The next offset to read. */
  readonly offset: OffsetInput
  readonly leaderEpoch?: number | undefined
  readonly metadata?: string | undefined
}

export interface PartitionStream<K, V> extends TopicPartition, AsyncIterable<ConsumerBatch<K, V>> {
  /** Aborted when the partition is revoked or lost, and when the consumer closes. */
  readonly signal: AbortSignal
}

/** How often a topic of the subscription that does not exist is looked for. */
const MISSING_TOPIC_INTERVAL_MS = 1_000
const CLOSE_TIMEOUT_MS = 10_000

export class Consumer<K, V> implements Reading<K, V> {
  readonly #cluster: Cluster
  readonly #group: ResolvedConsumerOptions
  readonly #read: ResolvedReadOptions
  readonly #loop: FetchLoop
  readonly #session: GroupSession
  readonly #assignment: Assignment
  readonly #commits: Commits
  readonly #closing = new AbortController()
  readonly #deadLetterProducer: () => Producer<Uint8Array | string, Uint8Array | string>
  #isStarted = false
  #topics: readonly string[] = []
  #missingAlarm: Alarm | undefined
  #failure: KafkaError | undefined
  #hasJoined = false
  #joinedListeners: (() => void)[] = []
  readonly #stops: (() => void)[] = []
  readonly #onClosed: () => void
  /** Of the close that is under way. */
  #closeBound: { readonly signal: AbortSignal; readonly handlersMs: number } | undefined

  constructor(
    cluster: Cluster,
    options: ConsumerOptions<K, V>,
    hooks: Hooks | undefined,
    deadLetterProducer: () => Producer<Uint8Array | string, Uint8Array | string>,
    onClosed: () => void,
  ) {
    this.#cluster = cluster
    this.#group = resolveConsumerOptions(options)
    this.#read = resolveReadOptions(options)
    this.#deadLetterProducer = deadLetterProducer
    this.#onClosed = onClosed
    this.#loop = new FetchLoop(cluster, this.#read, decodingsOf(options, options.topics), hooks, {
      done: (batch) => this.#done(batch),
      commit: async (batch, bounds) => await this.#commitBatch(batch, bounds),
      signalOf: (topic, partition) => this.#assignment.get(topic, partition)?.signal ?? this.#closing.signal,
      passed: (topic, partition, nextOffset, epoch) =>
        this.#assignment.get(topic, partition)?.watermark.pass(nextOffset, epoch),
      delivered: (batch) => this.#assignment.get(batch.topic, batch.partition)?.delivered(batch),
      bury: async (record, topic, error) => await bury(this.#deadLetterProducer(), topic, record, error),
    })
    this.#commits = new Commits(cluster, {
      identity: () => this.#session.member.identity,
      generation: () => this.generation,
      assigned: (topic, partition) => this.#assignment.get(topic, partition),
      fenced: (code) => this.#session.onCommitFenced(code),
    })
    this.#assignment = new Assignment(cluster, this.#group, options, hooks, {
      loop: this.#loop,
      commits: this.#commits,
      closing: this.#closing.signal,
      closeBound: () => this.#closeBound,
      generation: () => this.generation,
      failed: (error) => this.#fail(error),
    })
    this.#session = new GroupSession(cluster, this.#group, {
      acquire: async (partitions) => await this.#assignment.acquire(partitions),
      release: async (partitions, lost) => await this.#assignment.release(partitions, lost),
      failed: (error) => this.#fail(error),
      settled: () => this.#joined(),
    })
  }

  get groupId(): string {
    return this.#group.groupId
  }

  /** Empty until the coordinator has given one. */
  get memberId(): string {
    return this.#session.member.memberId
  }

  /** -1 while not a member. */
  get generation(): number {
    return this.#session.member.generation
  }

  /** Joins the group; iterating does it as well. Resolves once there is a first assignment, which may be empty. */
  async joined(options?: CallOptions): Promise<void> {
    this.#start()
    await this.#cluster.call('join', { timeoutMs: this.#group.rebalanceTimeoutMs, ...options }, async (call) => {
      while (!this.#hasJoined) {
        if (this.#failure !== undefined) throw this.#failure
        this.#closing.signal.throwIfAborted()
        await call.wait(new Promise<void>((resolve) => this.#joinedListeners.push(resolve)))
      }
    })
  }

  /**
   * Batches as they come, one partition each. One loop at a time. Asking for the next one does not mark the last one
   * done: call `done()` or `commit()` on it.
   */
  batches(options: IterateOptions = {}): AsyncIterableIterator<ConsumerBatch<K, V>> {
    const source = this.#source()
    return new BatchIterator(source.next, options.signal, source.finished) as AsyncIterableIterator<ConsumerBatch<K, V>>
  }

  /** Record by record; asking for the next one marks the last one done. */
  records(options: IterateOptions = {}): AsyncIterableIterator<ConsumerRecord<K, V>> {
    const source = this.#source()
    const done = (record: DeliveredRecord, isLast: boolean): void => this.#recordDone(record, isLast)
    const records = new RecordIterator(source.next, done, options.signal, source.finished)
    return records as AsyncIterableIterator<ConsumerRecord<K, V>>
  }

  [Symbol.asyncIterator](): AsyncIterator<ConsumerRecord<K, V>> {
    return this.records()
  }

  /**
   * Calls the handler for every record until the consumer closes or `signal` aborts; offsets are committed as records
   * finish. Rejects when a handler fails for good.
   */
  async run(options: RunOptions, handler: Handler<K, V>): Promise<void>
  async run(handler: Handler<K, V>): Promise<void>
  async run(first: RunOptions | Handler<K, V>, second?: Handler<K, V>): Promise<void> {
    const [options, handler] = typeof first === 'function' ? [{}, first] : [first, second!]
    this.#start()
    const source: RunSource = {
      next: async (signal, isFree) => {
        const batch = await this.#next(signal, isFree)
        const assigned = batch && this.#ownerOf(batch)
        return batch === undefined ? undefined : { batch, finished: assigned?.occupy(true) ?? ((): void => {}) }
      },
      add: (record) => {
        const span = record.batch.delivery?.span
        const index = span?.add(record.offsetNumber)
        return () => {
          if (span !== undefined) span.finishRecord(index!)
        }
      },
      done: (batch) => this.#done(batch),
      commit: async (batch, bounds) => await this.#commitOf(batch, bounds),
      deadLetterProducer: this.#deadLetterProducer,
      sleep: async (delayMs, signal) => await this.#cluster.alarms.sleep(delayMs, signal),
      closing: this.#closing.signal,
    }
    await runHandlers(source, options, handler as Handler<unknown, unknown>)
  }

  /** One independent stream of batches per assigned partition, as they are assigned; each ends when it is revoked. */
  async *partitions(options: IterateOptions = {}): AsyncGenerator<PartitionStream<K, V>, void, void> {
    this.#start()
    const waiting: Assigned[] = []
    let wake: (() => void) | undefined
    const listener = (assigned: Assigned): void => {
      waiting.push(assigned)
      wake?.()
    }
    const onAbort = (): void => wake?.()
    const stopListening = this.#assignment.onReading(listener)
    for (const assigned of this.#assignment.all())
      if (this.#loop.fetcher.partition(assigned.topic, assigned.partition)) waiting.push(assigned)
    const signals = [this.#closing.signal, ...(options.signal === undefined ? [] : [options.signal])]
    const ended = AbortSignal.any(signals)
    ended.addEventListener('abort', onAbort, { once: true })
    try {
      while (!ended.aborted) {
        if (this.#failure !== undefined) throw this.#failure
        const assigned = waiting.shift()
        if (assigned === undefined) await new Promise<void>((resolve) => (wake = resolve))
        else if (!assigned.isGone) yield this.#streamOf(assigned, options.signal)
      }
    } finally {
      stopListening()
      ended.removeEventListener('abort', onAbort)
    }
  }

  /** Node stream of batches in object mode. */
  readable(): Readable {
    return readableOf(this.batches())
  }

  webReadable(): ReadableStream<ConsumerBatch<K, V>> {
    return webReadableOf(this.batches())
  }

  /** All partitions unless given. What is fetched already is kept. A partition that is assigned anew is not paused. */
  pause(partitions?: readonly TopicPartition[]): void {
    this.#assignment.setPaused(partitions, true)
  }

  resume(partitions?: readonly TopicPartition[]): void {
    this.#assignment.setPaused(partitions, false)
  }

  paused(): TopicPartition[] {
    return this.#assignment.list().filter((each) => this.#assignment.require(each).isPaused)
  }

  assignment(): TopicPartition[] {
    return this.#assignment.list()
  }

  /** Moves the position; what was fetched is dropped, what was delivered stays delivered but is not committed. */
  seek(partition: TopicPartition, target: SeekTarget): void {
    const assigned = this.#assignment.require(partition)
    const start = startOf(target)
    assigned.watermark.restart(typeof start === 'object' && 'offset' in start ? start.offset : -1)
    const state = this.#loop.fetcher.partition(assigned.topic, assigned.partition)
    if (state === undefined) assigned.start = start
    else state.moveTo(start)
    this.#loop.wake()
  }

  /** The next offset to be delivered; `null` while it is being looked up. */
  position({ topic, partition }: TopicPartition): bigint | null {
    this.#assignment.require({ topic, partition })
    const state = this.#loop.fetcher.partition(topic, partition)
    const position = state === undefined ? -1 : this.#loop.positionOf(state)
    return position < 0 ? null : BigInt(position)
  }

  /** Commits what is done, or the given offsets. */
  async commit(offsets?: readonly OffsetToCommit[], options?: CallOptions): Promise<void> {
    if (offsets === undefined) return await this.#commits.commitDone(() => this.#assignment.all(), options)
    const commits = offsets.map(({ topic, partition, offset, leaderEpoch, metadata }): Commit => ({
      topic,
      partition,
      offset: Number(offset),
      leaderEpoch: leaderEpoch ?? -1,
      metadata: metadata ?? null,
    }))
    for (const each of commits) this.#assignment.require(each)
    await this.#commits.commit(() => commits, options)
  }

  /** What the group has committed; partitions without a committed offset are left out. */
  async committed(partitions: readonly TopicPartition[], options?: CallOptions): Promise<CommittedOffset[]> {
    return await this.#cluster.call('committed', options, async (call) => {
      return await this.#cluster.retrying(call, async () => {
        return await fetchOffsets(this.#cluster, this.groupId, partitions, false, call)
      })
    })
  }

  /** How far each assigned partition is behind its end. */
  async lag(options?: CallOptions): Promise<PartitionLag[]> {
    const assigned = [...this.#assignment.all()]
    const ends = await endOffsets(this.#cluster, assigned, this.#read.isReadCommitted, options)
    return assigned.map(({ topic, partition, key, committedOffset }) => {
      const isOurs = this.#assignment.get(topic, partition) !== undefined
      const position = isOurs ? this.position({ topic, partition }) : null
      const end = ends.get(key)
      const from = committedOffset >= 0 ? committedOffset : position === null ? undefined : Number(position)
      return {
        topic,
        partition,
        position,
        committed: committedOffset < 0 ? null : BigInt(committedOffset),
        endOffset: end === undefined ? null : BigInt(end),
        lag: end === undefined || from === undefined ? null : Math.max(0, end - from),
      }
    })
  }

  /**
   * Lets running handlers finish (their signals are aborted), commits what is done, leaves the group. Bounded: default
   * 10 s, of which handlers have three quarters; what is not done by then is left to the next member. A handler or hook
   * that calls it is not waited for: a handler's own record is committed only if it called `commit` before.
   */
  async close(options: CallOptions = {}): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(new KafkaError('CLOSED', 'the consumer is closed'))
    leaveCall(this.#closing.signal)
    this.#commits.stopPeriodic()
    this.#loop.stopDelivery()
    const timeoutMs = options.timeoutMs ?? CLOSE_TIMEOUT_MS
    const timeout = new AbortController()
    const alarm = this.#cluster.alarms.after(timeoutMs, () => timeout.abort())
    const bound = options.signal === undefined ? timeout.signal : AbortSignal.any([timeout.signal, options.signal])
    this.#closeBound = { signal: bound, handlersMs: timeoutMs * 0.75 }
    try {
      if (this.#isStarted && !this.#cluster.isClosed) await this.#session.leave(bound)
    } finally {
      this.#cluster.alarms.cancel(alarm)
      this.#end()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #end(): void {
    this.#session.close()
    this.#loop.close()
    this.#commits.stopPeriodic()
    this.#cluster.alarms.cancel(this.#missingAlarm)
    for (const stop of this.#stops.splice(0)) stop()
    this.#assignment.end()
    this.#wakeJoined()
    this.#onClosed()
  }

  #start(): void {
    if (this.#closing.signal.aborted) throw new KafkaError('CLOSED', 'the consumer is closed')
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isStarted) return
    this.#isStarted = true
    const { names, patterns, commit, commitIntervalMs } = this.#group
    this.#stops.push(this.#cluster.want(names))
    if (patterns.length > 0) this.#stops.push(this.#cluster.wantAll())
    this.#stops.push(this.#cluster.onMetadata(() => this.#resubscribe()))
    if (commit === 'after') this.#commits.startPeriodic(commitIntervalMs, () => this.#assignment.all())
    this.#begin().catch((error: unknown) => this.#fail(error as KafkaError))
  }

  async #begin(): Promise<void> {
    const { names, patterns } = this.#group
    // Unbounded on purpose: a consumer that starts before its cluster waits for it. `joined` and `close` have bounds.
    await this.#cluster.call('join', { timeoutMs: Infinity, signal: this.#closing.signal }, async (call) => {
      await this.#cluster.retrying(call, async () => {
        await this.#cluster.refresh(call, { topics: names, all: patterns.length > 0 })
      })
    })
    this.#topics = this.#subscription()
    this.#lookForMissing()
    this.#session.start(this.#topics)
  }

  /** Topics to subscribe to: all that are named, and those that match now. Internal topics match no pattern. */
  #subscription(): string[] {
    const { names, patterns } = this.#group
    const matching = [...this.#cluster.metadata.topics.values()]
      .filter((each) => !each.internal && patterns.some((pattern) => pattern.test(each.name)))
      .map((each) => each.name)
    return [...new Set([...names, ...matching])].sort()
  }

  #resubscribe(): void {
    if (this.#group.patterns.length === 0 || this.#session.member.phase === 'idle') return
    const topics = this.#subscription()
    if (topics.length === this.#topics.length && topics.every((each, i) => each === this.#topics[i])) return
    this.#topics = topics
    this.#session.subscriptionChanged(topics)
  }

  #lookForMissing(): void {
    const missing = this.#group.names.filter((name) => this.#cluster.metadata.topic(name) === undefined)
    if (missing.length === 0 || this.#closing.signal.aborted) return
    this.#cluster.options.logger.debug('waiting for topics to be created', { topics: missing })
    this.#missingAlarm = this.#cluster.alarms.after(MISSING_TOPIC_INTERVAL_MS, () => {
      this.#cluster.refreshSoon()
      this.#lookForMissing()
    })
  }

  /** One iteration: tells the consumer, by asking for the next batch, that the last one is no longer worked on. */
  #source(): { readonly next: NextBatch; readonly finished: () => void } {
    let finished: () => void = () => {}
    return {
      next: async (signal) => {
        finished()
        this.#start()
        const batch = await this.#next(signal)
        finished = (batch && this.#ownerOf(batch)?.occupy(false)) ?? ((): void => {})
        return batch
      },
      finished: () => finished(),
    }
  }

  async #next(
    signal: AbortSignal,
    only?: (topic: string, partition: number) => boolean,
  ): Promise<DeliveredBatch | undefined> {
    const isEligible = only && ((state: TopicPartition): boolean => only(state.topic, state.partition))
    for (;;) {
      const batch = await this.#loop.next(signal, isEligible)
      if (batch === undefined || this.#group.commit !== 'before') return batch
      // At most once: what is handed out is committed first, and what cannot be committed is not handed out.
      this.#done(batch)
      await this.#commitBatch(batch, { signal }).catch((error: unknown) => {
        if (!batch.signal.aborted) throw error
      })
      if (!batch.signal.aborted) return batch
    }
  }

  #streamOf(assigned: Assigned, signal: AbortSignal | undefined): PartitionStream<K, V> {
    const { topic, partition } = assigned
    const ended = signal === undefined ? assigned.signal : AbortSignal.any([signal, assigned.signal])
    let finished: () => void = () => {}
    const next: NextBatch = async (stop) => {
      finished()
      const batch = await this.#next(stop, (t, p) => t === topic && p === partition)
      finished = batch === undefined ? (): void => {} : assigned.occupy(false)
      return batch
    }
    return {
      topic,
      partition,
      signal: assigned.signal,
      [Symbol.asyncIterator]: () =>
        new BatchIterator(next, ended, () => finished()) as AsyncIterableIterator<ConsumerBatch<K, V>>,
    }
  }

  #ownerOf(batch: DeliveredBatch): Assigned | undefined {
    const assigned = this.#assignment.get(batch.topic, batch.partition)
    return assigned?.signal === batch.signal ? assigned : undefined
  }

  #done(batch: DeliveredBatch): void {
    batch.delivery?.watermark.finish(batch.delivery.span)
  }

  #recordDone(record: DeliveredRecord, isLast: boolean): void {
    const { delivery } = record.batch
    if (delivery === undefined) return
    if (isLast) delivery.watermark.finish(delivery.span)
    else delivery.span.finishTo(record.offsetNumber + 1)
  }

  async #commitBatch(batch: DeliveredBatch, options: CallOptions | undefined): Promise<void> {
    this.#done(batch)
    await this.#commitOf(batch, options)
  }

  /** Commits what is done of the batch's partition. */
  async #commitOf(batch: DeliveredBatch, options: CallOptions | undefined): Promise<void> {
    const assigned = this.#ownerOf(batch)
    if (assigned === undefined || assigned.isGone) throw notAssigned(batch.topic, batch.partition)
    await this.#commits.commitDone(() => [assigned], options)
  }

  #fail(error: KafkaError): void {
    if (this.#closing.signal.aborted) return
    this.#failure ??= error
    this.#loop.fail(error)
    this.#wakeJoined()
  }

  #joined(): void {
    this.#hasJoined = true
    this.#wakeJoined()
  }

  #wakeJoined(): void {
    for (const listener of this.#joinedListeners.splice(0)) listener()
  }
}
