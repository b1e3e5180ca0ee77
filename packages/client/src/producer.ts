/**
 * The producer: records in, acknowledgements out. Decides nothing about batches, order or numbering; that is the
 * {@link Accumulator}. This shell serializes, waits for metadata and memory, sends what is drained and tells the
 * accumulator what became of it.
 */
import type { Writable } from 'node:stream'
import type { Clock } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import type { ProduceResponse } from '@braidlog/protocol'
import type { Payload } from '@braidlog/records'
import type { Alarm } from './alarms.ts'
import { abortable } from './calls.ts'
import type { Cluster } from './cluster.ts'
import type { Purpose } from './connection.ts'
import { Accumulator } from './core/accumulator.ts'
import type { Completion, ProducerBatch } from './core/producer-batch.ts'
import {
  BatchDelivery,
  CallbackDelivery,
  LoggedDelivery,
  PromisedDelivery,
  type DeliveryCallback,
} from './deliveries.ts'
import { errorNameOf, isRetriable, KafkaError } from './errors.ts'
import { isObserved, observe, type Hooks } from './hooks.ts'
import { headersOf, isTopic, sendError, serialize, whenDone } from './outgoing.ts'
import { answerOf, requestBody } from './produce-request.ts'
import type { ResolvedProducerOptions } from './producer-options.ts'
import { producerWebWritable, producerWritable, sendAll } from './producer-streams.ts'
import { ProducerTopic } from './producer-topic.ts'
import type { CallOptions, OutgoingRecord, OutgoingValue, RecordMetadata } from './record.ts'
import type { Serializer } from './serde.ts'
import { UnpreparedRecords } from './unprepared.ts'
import type { Topic } from './topic.ts'
import { checkTopicName } from './validate.ts'
import { RecordQueue, type WaitingRecord } from './waiting-records.ts'

export type { DeliveryCallback } from './deliveries.ts'

export interface SendAllOptions<K, V> extends CallOptions {
  /** Topic of records that name none. */
  readonly topic?: string | Topic<K, V> | undefined
  /** Records on their way at once. Default 10,000. */
  readonly concurrency?: number | undefined
  readonly onResult?: ((metadata: RecordMetadata) => void) | undefined
}

/** A record, or a record of the topic that the call names. */
export type RecordOrValue<K, V> = OutgoingRecord<K, V> | OutgoingValue<K, V>

/** Records that wait for memory or for the metadata of their topic; beyond, `send` fails with `BUFFER_FULL`. */
const WAITING_RECORDS_MAX = 1_000_000
/** `enqueue` says false while more than this part of the memory is in use, */
const HIGH_WATER = 0.75
/** and `drained` waits until so much less is: who waits should not have to wait again after a few records. */
const DRAINED_PART = 1 / 32
/** Compression of a batch of that size goes to another thread. */
const ASYNC_COMPRESSION_SIZE_BYTES = 256 << 10

export class Producer<K, V> implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #options: ResolvedProducerOptions
  readonly #key: Serializer<K>
  readonly #value: Serializer<V>
  readonly #hooks: Hooks | undefined
  readonly #accumulator: Accumulator
  readonly #clock: Clock
  readonly #topics = new Map<string, ProducerTopic>()
  /** Records for which there was no memory. */
  readonly #forMemory = new RecordQueue()
  /** Records whose serdes fetch something first. */
  readonly #unprepared = new UnpreparedRecords()
  /** Records without a place in a batch, whatever they wait for. */
  #waitingCount = 0
  readonly #unobserved: LoggedDelivery
  /** Of the last callback that `enqueue` was given: most often it is the same one again. */
  #callbackDelivery: CallbackDelivery | undefined
  readonly #inFlight = new Map<number, number>()
  readonly #connecting = new Set<number>()
  #pumpScheduled = false
  #alarm: Alarm | undefined
  #alarmAtMs = Infinity
  #identityRequested = false
  #closing = false
  #fatal: KafkaError | undefined
  #drainedListeners: (() => void)[] = []
  #idleListeners: (() => void)[] = []
  readonly #stopWanting: (() => void)[] = []
  readonly #onClosed: () => void
  readonly #purpose: Purpose

  constructor(
    cluster: Cluster,
    options: ResolvedProducerOptions,
    serializers: { readonly key: Serializer<K>; readonly value: Serializer<V> },
    hooks: Hooks | undefined,
    onClosed: () => void,
  ) {
    this.#cluster = cluster
    this.#options = options
    this.#key = serializers.key
    this.#value = serializers.value
    this.#hooks = hooks
    this.#onClosed = onClosed
    this.#clock = cluster.environment.clock
    this.#unobserved = new LoggedDelivery(cluster.options.logger)
    this.#purpose = `produce-${cluster.newOwner()}`
    this.#accumulator = new Accumulator({
      ...options,
      shareBytes: () => cluster.memory.shareBytes,
      codecs: cluster.environment.codecs,
      backoffMs: (attempts) => cluster.backoffMs(attempts),
      leaderOf: (topic, partition) => this.#leaderOf(topic, partition),
    })
    const stop = cluster.onMetadata(() => {
      for (const topic of this.#topics.values()) if (topic.isWanted) topic.metadata = cluster.metadata.topic(topic.name)
      this.#schedulePump()
    })
    this.#stopWanting.push(stop, cluster.memory.join())
  }

  /** Sends one record. Resolves once it is acknowledged; waits first while `bufferMemoryBytes` is full. */
  send(record: OutgoingRecord<K, V>, options?: CallOptions): Promise<RecordMetadata>
  send<TK, TV>(topic: Topic<TK, TV>, record: OutgoingValue<TK, TV>, options?: CallOptions): Promise<RecordMetadata>
  send(
    first: OutgoingRecord<K, V> | Topic<unknown, unknown>,
    second?: CallOptions | OutgoingValue<unknown, unknown>,
    third?: CallOptions,
  ): Promise<RecordMetadata> {
    const typed = isTopic(first)
    const record = (typed ? second : first) as OutgoingValue<unknown, unknown>
    const options = (typed ? third : second) as CallOptions | undefined
    const delivery = new PromisedDelivery()
    try {
      if (options?.signal?.aborted) options.signal.throwIfAborted()
      if (typed) this.#put(first.name, record, first.key, first.value, delivery, 0)
      else this.#put((first as OutgoingRecord<K, V>).topic, record, this.#key, this.#value, delivery, 0)
    } catch (error) {
      delivery.failed(0, sendError(error))
    }
    return options === undefined ? delivery.promise : this.#bounded('send', delivery.promise, options)
  }

  /** Sends records of one topic; one promise, results in the order of the records. Rejects with `details` per record. */
  sendBatch(topic: string, records: readonly OutgoingValue<K, V>[], options?: CallOptions): Promise<RecordMetadata[]>
  sendBatch<TK, TV>(
    topic: Topic<TK, TV>,
    records: readonly OutgoingValue<TK, TV>[],
    options?: CallOptions,
  ): Promise<RecordMetadata[]>
  sendBatch(
    topic: string | Topic<unknown, unknown>,
    records: readonly OutgoingValue<unknown, unknown>[],
    options?: CallOptions,
  ): Promise<RecordMetadata[]> {
    const name = typeof topic === 'string' ? topic : topic.name
    const key = (typeof topic === 'string' ? this.#key : topic.key) as Serializer<unknown>
    const value = (typeof topic === 'string' ? this.#value : topic.value) as Serializer<unknown>
    const delivery = new BatchDelivery(name, records.length)
    for (let i = 0; i < records.length; i++) {
      try {
        this.#put(name, records[i]!, key, value, delivery, i)
      } catch (error) {
        delivery.failed(i, sendError(error))
      }
    }
    return options === undefined ? delivery.promise : this.#bounded('sendBatch', delivery.promise, options)
  }

  /**
   * Sends without a promise. @returns false when the buffer is above its high-water mark: the record is taken all the
   * same, and `await producer.drained()` is due before many more. Without a callback a failure is only logged.
   */
  enqueue(record: OutgoingRecord<K, V>, callback?: DeliveryCallback): boolean {
    const completion = callback === undefined ? this.#unobserved : this.#deliveryOf(callback)
    try {
      this.#put(record.topic, record, this.#key, this.#value, completion, 0)
    } catch (error) {
      completion.failed(0, sendError(error))
    }
    return !this.#isAboveHighWater()
  }

  /** Resolves when `enqueue` would return true. */
  async drained(options?: CallOptions): Promise<void> {
    if (!this.#isAboveHighWater()) return
    await this.#cluster.call('drained', { timeoutMs: this.#options.deliveryTimeoutMs, ...options }, async (call) => {
      do {
        const drained = new Promise<void>((resolve) => this.#drainedListeners.push(resolve))
        this.#schedulePump()
        await call.wait(drained)
      } while (this.#isAboveHighWater())
    })
  }

  /** Resolves when every record sent so far is acknowledged or has failed. Nothing lingers meanwhile. */
  async flush(options?: CallOptions): Promise<void> {
    await this.#cluster.call('flush', { timeoutMs: this.#options.deliveryTimeoutMs, ...options }, async (call) => {
      const batches = this.#accumulator.startFlush()
      try {
        // Records that wait for memory or metadata have no batch yet: flush until they have none to wait for.
        let pending = this.#waitingCount > 0 ? undefined : batches
        this.#schedulePump()
        while (pending === undefined) {
          await call.wait(new Promise<void>((resolve) => this.#idleListeners.push(resolve)))
          if (this.#waitingCount > 0) continue
          this.#accumulator.endFlush()
          pending = this.#accumulator.startFlush()
        }
        await call.wait(Promise.all(pending.map((batch) => whenDone(batch))))
      } finally {
        this.#accumulator.endFlush()
      }
    })
  }

  /** Sends everything an iterable yields, with backpressure. @returns how many records were acknowledged. */
  async sendAll(
    records: AsyncIterable<RecordOrValue<K, V>> | Iterable<RecordOrValue<K, V>>,
    options: SendAllOptions<K, V> = {},
  ): Promise<number> {
    return await sendAll(this, records, options)
  }

  /** Node stream in object mode; finishes when everything is acknowledged, errors with the first failure. */
  writable(options: { readonly topic?: string | Topic<K, V> } = {}): Writable {
    return producerWritable(this, options.topic)
  }

  webWritable(options: { readonly topic?: string | Topic<K, V> } = {}): WritableStream<RecordOrValue<K, V>> {
    return producerWebWritable(this, options.topic)
  }

  /** Flushes, then closes; what is not acknowledged within the bound fails with `CLOSED`. */
  async close(options?: CallOptions): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    try {
      if (!this.#cluster.isClosed && this.#fatal === undefined) {
        await this.flush({ timeoutMs: 10_000, ...options })
      }
    } catch (error) {
      this.#cluster.options.logger.warn('producer closed before everything was acknowledged', { error })
    } finally {
      this.#end(new KafkaError('CLOSED', 'the producer is closed'))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Ends at once; what is under way fails with `error`. */
  abort(error: KafkaError): void {
    this.#closing = true
    this.#end(error)
  }

  #end(error: KafkaError): void {
    this.#fatal ??= error
    for (const stop of this.#stopWanting.splice(0)) stop()
    this.#cluster.alarms.cancel(this.#alarm)
    this.#failWaiting(error)
    this.#accumulator.failAll(error)
    this.#announceDrained()
    this.#cluster.disconnect(this.#purpose)
    this.#onClosed()
  }

  #deliveryOf(callback: DeliveryCallback): CallbackDelivery {
    const last = this.#callbackDelivery
    if (last?.callback === callback) return last
    return (this.#callbackDelivery = new CallbackDelivery(callback))
  }

  /** Serializes a record and puts it into its batch, or into a queue in front of it. @throws what is wrong with it */
  #put<RK, RV>(
    topic: string,
    record: OutgoingValue<RK, RV>,
    keySerde: Serializer<RK>,
    valueSerde: Serializer<RV>,
    completion: Completion,
    tag: number,
  ): void {
    if (this.#closing || this.#fatal !== undefined)
      throw this.#fatal ?? new KafkaError('CLOSED', 'the producer is closed')
    if (record.value === undefined)
      throw new KafkaError('INVALID_OPTION', 'a record needs a value; null is a tombstone')
    if (this.#unprepared.isNeeded(topic, keySerde, valueSerde)) {
      const preparation = this.#unprepared.preparationOf(topic, record, keySerde, valueSerde)
      if (preparation !== undefined) {
        this.#countWaiting()
        return this.#unprepared.add(topic, preparation, (error) => {
          this.#waitingCount--
          try {
            if (error !== undefined) throw error
            this.#putPrepared(topic, record, keySerde, valueSerde, completion, tag)
          } catch (cause) {
            completion.failed(tag, sendError(cause))
          }
          this.#schedulePump()
        })
      }
    }
    this.#putPrepared(topic, record, keySerde, valueSerde, completion, tag)
  }

  #putPrepared<RK, RV>(
    name: string,
    record: OutgoingValue<RK, RV>,
    keySerde: Serializer<RK>,
    valueSerde: Serializer<RV>,
    completion: Completion,
    tag: number,
  ): void {
    const topic = this.#topics.get(name) ?? this.#newTopic(name)
    const { context } = topic
    const { partition } = record
    context.added = undefined
    const key: Payload =
      record.key === undefined || record.key === null ? null : serialize(keySerde, record.key, context, true)
    const value: Payload = record.value === null ? null : serialize(valueSerde, record.value, context, false)
    let headers = record.headers === undefined ? undefined : headersOf(record.headers)
    if (context.added !== undefined) headers = headers === undefined ? context.added : [...headers, ...context.added]
    const timestamp = record.timestamp ?? this.#clock.nowMs()
    if (topic.metadata !== undefined && this.#waitingCount === 0) {
      const chosen = topic.choice.choose(topic.metadata, key, value, partition)
      const accumulator = this.#accumulator
      if (
        accumulator.appendOpen(name, chosen, key, value, headers, timestamp, completion, tag) ||
        accumulator.append(name, chosen, key, value, headers, timestamp, completion, tag, this.#cluster.nowMs()) !==
          'full'
      ) {
        if (key === null && partition === undefined) topic.choice.used(value)
        return this.#schedulePump()
      }
    }
    this.#countWaiting()
    const deadlineMs = this.#cluster.nowMs() + this.#options.deliveryTimeoutMs
    this.#wait({ topic, key, value, headers, timestamp, partition, completion, tag, deadlineMs })
  }

  #newTopic(name: string): ProducerTopic {
    checkTopicName(name)
    const topic = new ProducerTopic(name, this.#options, this.#cluster.environment.random)
    this.#topics.set(name, topic)
    return topic
  }

  /** One more record waits. @throws KafkaError `BUFFER_FULL` */
  #countWaiting(): void {
    if (this.#waitingCount >= WAITING_RECORDS_MAX) {
      throw new KafkaError('BUFFER_FULL', `${WAITING_RECORDS_MAX} records wait for memory, metadata or schemas already`)
    }
    this.#waitingCount++
  }

  #wait(record: WaitingRecord): void {
    const { topic } = record
    if (topic.forMetadata !== undefined) topic.forMetadata.push(record)
    else if (topic.metadata !== undefined) this.#forMemory.push(record)
    else {
      topic.forMetadata = [record]
      void this.#learnTopic(topic)
    }
    this.#schedulePump()
  }

  async #learnTopic(topic: ProducerTopic): Promise<void> {
    const { name } = topic
    try {
      const metadata = await this.#cluster.call(
        'metadata of a topic',
        { timeoutMs: this.#options.deliveryTimeoutMs },
        async (call) => await this.#cluster.topic(name, call, { create: true }),
      )
      if (this.#fatal !== undefined) return
      topic.metadata = metadata
      if (!topic.isWanted) {
        topic.isWanted = true
        this.#stopWanting.push(this.#cluster.want([name]))
      }
      for (const record of topic.forMetadata ?? []) this.#forMemory.push(record)
      topic.forMetadata = undefined
    } catch (error) {
      const records = topic.forMetadata ?? []
      topic.forMetadata = undefined
      this.#waitingCount -= records.length
      if (!topic.isWanted) this.#topics.delete(name)
      for (const record of records) record.completion.failed(record.tag, sendError(error))
    }
    this.#schedulePump()
  }

  /** Moves records that waited for memory into batches, in order, until one does not fit. */
  #admit(nowMs: number): void {
    for (let record = this.#forMemory.first; record !== undefined; record = this.#forMemory.first) {
      const { topic, key, value, headers, timestamp, partition, completion, tag } = record
      const { name, metadata, choice } = topic
      try {
        if (record.deadlineMs <= nowMs) {
          throw new KafkaError('TIMED_OUT', `${name}: no memory within ${this.#options.deliveryTimeoutMs} ms`)
        }
        if (metadata === undefined) {
          throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `topic ${name} is gone`, { retriable: false })
        }
        const chosen = choice.choose(metadata, key, value, partition)
        const accumulator = this.#accumulator
        if (accumulator.append(name, chosen, key, value, headers, timestamp, completion, tag, nowMs) === 'full') break
        if (key === null && partition === undefined) choice.used(value)
      } catch (error) {
        completion.failed(tag, sendError(error))
      }
      this.#forMemory.shift()
      this.#waitingCount--
    }
  }

  #failWaiting(error: KafkaError): void {
    this.#unprepared.failAll(error)
    const queues = [this.#forMemory.clear()]
    for (const topic of this.#topics.values()) {
      if (topic.forMetadata !== undefined) queues.push(topic.forMetadata)
      topic.forMetadata = undefined
    }
    this.#waitingCount = 0
    for (const queue of queues) for (const record of queue) record.completion.failed(record.tag, error)
  }

  #schedulePump(): void {
    if (this.#pumpScheduled || this.#fatal !== undefined) return
    this.#pumpScheduled = true
    this.#cluster.environment.nextTurn(() => {
      this.#pumpScheduled = false
      this.#pump()
    })
  }

  /** Sends what can be sent. */
  #pump(): void {
    if (this.#fatal !== undefined) return
    const nowMs = this.#cluster.nowMs()
    this.#accumulator.expire(nowMs)
    for (;;) {
      this.#admit(nowMs)
      if (this.#accumulator.needsIdentity) {
        this.#requestIdentity()
        for (const node of this.#accumulator.nodes()) this.#isConnected(node)
        break
      }
      const hurry = this.#closing || this.#forMemory.first !== undefined || this.#drainedListeners.length > 0
      const { requests, leaderless } = this.#accumulator.drain(nowMs, this.#takeSlot, hurry)
      for (const { node, batches } of requests) void this.#sendRequest(node, batches)
      if (leaderless.size > 0) this.#cluster.refreshSoon()
      if (requests.length === 0) break
    }
    this.#announceDrained()
    this.#arm(nowMs)
  }

  /**
   * A batch is bound to a broker only when there is a connection: while one that is gone does not answer, the leader may
   * be known to be elsewhere already.
   */
  #isConnected(node: number): boolean {
    if (this.#cluster.openConnection(node, this.#purpose) !== undefined) return true
    if (!this.#connecting.has(node)) void this.#connect(node)
    return false
  }

  /** Never rejects. */
  async #connect(node: number): Promise<void> {
    this.#connecting.add(node)
    try {
      const timeoutMs = this.#cluster.options.requestTimeoutMs
      await this.#cluster.call('produce', { timeoutMs }, async (call) => {
        await this.#cluster.connect({ node }, this.#purpose, call)
      })
    } catch (error) {
      this.#accumulator.unreachable(node, sendError(error))
      if (!this.#cluster.isClosed) this.#cluster.refreshSoon()
    }
    this.#connecting.delete(node)
    this.#schedulePump()
  }

  readonly #takeSlot = (node: number): boolean => {
    if (!this.#isConnected(node)) return false
    const used = this.#inFlight.get(node) ?? 0
    if (used >= this.#options.maxInFlight) return false
    this.#inFlight.set(node, used + 1)
    return true
  }

  #arm(nowMs: number): void {
    let atMs = this.#accumulator.nextDeadlineMs(nowMs)
    const { first } = this.#forMemory
    if (first !== undefined) atMs = Math.min(atMs, first.deadlineMs)
    if (atMs === this.#alarmAtMs && atMs > nowMs) return
    this.#cluster.alarms.cancel(this.#alarm)
    this.#alarm = undefined
    this.#alarmAtMs = atMs
    if (atMs === Infinity) return
    this.#alarm = this.#cluster.alarms.after(Math.max(0, atMs - nowMs), () => {
      this.#alarmAtMs = Infinity
      this.#pump()
    })
  }

  /** Sends one Produce request and reports what becomes of each batch. Never rejects. */
  async #sendRequest(node: number, batches: readonly ProducerBatch[]): Promise<void> {
    try {
      const timeoutMs = this.#cluster.options.requestTimeoutMs
      const { acks } = this.#options
      const open = this.#cluster.openConnection(node, this.#purpose)
      const sealing = this.#seal(batches)
      const records = sealing instanceof Promise ? await sealing : sealing
      const connection =
        open ??
        (await this.#cluster.call('produce', { timeoutMs }, async (call) => {
          return await this.#cluster.connect({ node }, this.#purpose, call)
        }))
      const { body, hasIds } = requestBody(batches, records, this.#cluster.metadata)
      const versionMax = hasIds ? Infinity : PRODUCE_VERSION_BY_NAME_MAX
      if (acks === 0) {
        connection.send('Produce', { ...body, acks, timeoutMs })
        for (const batch of batches) this.#accumulator.acknowledged(batch, -1, -1)
        return
      }
      const response = await connection.request('Produce', { ...body, acks, timeoutMs }, { timeoutMs, versionMax })
      this.#settle(batches, response)
    } catch (error) {
      this.#unanswered(batches, sendError(error))
    } finally {
      this.#inFlight.set(node, this.#inFlight.get(node)! - 1)
      this.#schedulePump()
    }
  }

  /** The bytes of each batch; a promise only when some compression is worth a thread. */
  #seal(batches: readonly ProducerBatch[]): Uint8Array[] | Promise<Uint8Array[]> {
    const { codecs } = this.#cluster.environment
    const isLarge = (batch: ProducerBatch): boolean => !batch.isSealed && batch.sizeBytes > ASYNC_COMPRESSION_SIZE_BYTES
    if (this.#options.compression === 'none' || !batches.some(isLarge)) {
      return batches.map((batch) => batch.seal(codecs))
    }
    return Promise.all(
      batches.map(async (batch) => {
        if (isLarge(batch)) batch.sealedAs(await batch.builder!.buildAsync(batch.identity))
        return batch.seal(codecs)
      }),
    )
  }

  #settle(batches: readonly ProducerBatch[], response: ProduceResponse): void {
    const nowMs = this.#cluster.nowMs()
    let isStale = false
    for (const batch of batches) {
      const answer = answerOf(batch, response, this.#cluster.metadata)
      if (answer === undefined) {
        const error = new KafkaError('PROTOCOL_VIOLATION', `Produce: no answer about ${batch.topic}-${batch.partition}`)
        this.#accumulator.unanswered(batch, error, nowMs)
        continue
      }
      const { errorCode } = answer
      if (errorCode === ErrorCode.NONE) {
        this.#observe(batch, undefined)
        this.#accumulator.acknowledged(batch, answer.baseOffset, answer.logAppendTimeMs)
        continue
      }
      const { topic, partition } = batch
      const hasNewLeader =
        answer.currentLeader.leaderId >= 0 &&
        this.#cluster.learnLeader(topic, partition, answer.currentLeader, response.nodeEndpoints)
      if (!hasNewLeader && isRetriable(errorNameOf(errorCode))) isStale = true
      this.#observe(batch, errorNameOf(errorCode))
      this.#cluster.options.logger.debug('produce refused', {
        topic: batch.topic,
        partition: batch.partition,
        code: errorNameOf(errorCode),
        attempts: batch.attempts,
      })
      this.#accumulator.rejected(
        batch,
        { code: errorCode, message: answer.errorMessage, recordErrors: answer.recordErrors, hasNewLeader },
        nowMs,
      )
    }
    if (isStale) this.#cluster.refreshSoon()
  }

  #unanswered(batches: readonly ProducerBatch[], error: KafkaError): void {
    const nowMs = this.#cluster.nowMs()
    for (const batch of batches) {
      this.#observe(batch, error.code)
      this.#accumulator.unanswered(batch, error, nowMs)
    }
    if (error.retriable && !this.#cluster.isClosed) this.#cluster.refreshSoon()
  }

  #observe(batch: ProducerBatch, error: string | undefined): void {
    if (!isObserved(this.#hooks, 'produced')) return
    const { topic, partition, recordCount, sizeBytes, attempts } = batch
    observe(this.#hooks, 'produced', { topic, partition, records: recordCount, sizeBytes, attempts, error })
  }

  #requestIdentity(): void {
    if (this.#identityRequested) return
    this.#identityRequested = true
    this.#cluster
      .call('InitProducerId', { timeoutMs: this.#options.deliveryTimeoutMs }, async (call) => {
        return await this.#cluster.retrying(call, async () => {
          const body = { transactionalId: null, transactionTimeoutMs: 0x7fffffff, producerId: -1, producerEpoch: -1 }
          const response = await this.#cluster.request('any', 'InitProducerId', body, call)
          if (response.errorCode === ErrorCode.NONE) return response
          throw new KafkaError(errorNameOf(response.errorCode), `InitProducerId: ${errorNameOf(response.errorCode)}`)
        })
      })
      .then(
        (response) => this.#accumulator.setIdentity({ id: response.producerId, epoch: response.producerEpoch }),
        (error: unknown) => {
          // Without an id nothing can be sent; what waits says why, what comes later tries again.
          if (this.#fatal === undefined) this.#accumulator.failAll(sendError(error))
        },
      )
      .finally(() => {
        this.#identityRequested = false
        this.#schedulePump()
      })
      .catch(() => {})
  }

  #leaderOf(topic: string, partition: number): number {
    const leader = this.#cluster.metadata.partition(topic, partition)?.leader ?? -1
    if (leader < 0) this.#topics.get(topic)?.choice.leave(partition)
    return this.#cluster.metadata.brokers.has(leader) ? leader : -1
  }

  #isAboveHighWater(): boolean {
    return this.#waitingCount > 0 || this.#accumulator.usedBytes > this.#accumulator.memoryBytes * HIGH_WATER
  }

  #isDrained(): boolean {
    const enoughBytes = this.#accumulator.memoryBytes * (HIGH_WATER - DRAINED_PART)
    return this.#waitingCount === 0 && this.#accumulator.usedBytes <= enoughBytes
  }

  #announceDrained(): void {
    if (this.#drainedListeners.length > 0 && (this.#isDrained() || this.#fatal !== undefined)) {
      for (const listener of this.#drainedListeners.splice(0)) listener()
    }
    if (this.#idleListeners.length > 0 && this.#waitingCount === 0) {
      for (const listener of this.#idleListeners.splice(0)) listener()
    }
  }

  async #bounded<T>(name: string, result: Promise<T>, options: CallOptions): Promise<T> {
    return await this.#cluster.call(name, { timeoutMs: this.#options.deliveryTimeoutMs, ...options }, async (call) => {
      return await abortable(result, call.signal)
    })
  }
}

/** The last version of Produce that names topics; the next one wants their ids. */
const PRODUCE_VERSION_BY_NAME_MAX = 12
