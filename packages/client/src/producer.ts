/**
 * The producer: records in, acknowledgements out. Decides nothing about batches, order or numbering; that is the
 * {@link Accumulator}. Here records are serialized, get their partition and their place: in a batch, or in the
 * {@link Backlog} in front of it. The {@link Sender} does the rest.
 */
import type { Writable } from 'node:stream'
import type { Clock } from '@braidlog/base'
import type { Payload } from '@braidlog/records'
import { abortable } from './calls.ts'
import { Backlog } from './backlog.ts'
import type { Cluster } from './cluster.ts'
import { Accumulator } from './core/accumulator.ts'
import type { Completion } from './core/producer-batch.ts'
import {
  BatchDelivery,
  CallbackDelivery,
  LoggedDelivery,
  PromisedDelivery,
  type DeliveryCallback,
} from './deliveries.ts'
import { KafkaError } from './errors.ts'
import type { Hooks } from './hooks.ts'
import { headersOf, isTopic, sendError, serialize, whenDone } from './outgoing.ts'
import type { ResolvedProducerOptions } from './producer-options.ts'
import { producerWebWritable, producerWritable, sendAll } from './producer-streams.ts'
import { ProducerTopics } from './producer-topic.ts'
import type { CallOptions, OutgoingRecord, OutgoingValue, RecordMetadata } from './record.ts'
import { Sender } from './sender.ts'
import type { Serializer } from './serde.ts'
import type { Topic } from './topic.ts'
import { UnpreparedRecords } from './unprepared.ts'

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

/** `enqueue` says false while more than this part of the memory is in use, */
const HIGH_WATER = 0.75
/** and `drained` waits until so much less is: who waits should not have to wait again after a few records. */
const DRAINED_PART = 1 / 32

export class Producer<K, V> implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #options: ResolvedProducerOptions
  readonly #key: Serializer<K>
  readonly #value: Serializer<V>
  readonly #clock: Clock
  readonly #topics: ProducerTopics
  readonly #accumulator: Accumulator
  readonly #backlog: Backlog
  readonly #sender: Sender
  /** Records whose serdes fetch something first. */
  readonly #unprepared = new UnpreparedRecords()
  readonly #unobserved: LoggedDelivery
  /** Of the last callback that `enqueue` was given: most often it is the same one again. */
  #callbackDelivery: CallbackDelivery | undefined
  #closing = false
  #fatal: KafkaError | undefined
  #drainedListeners: (() => void)[] = []
  #idleListeners: (() => void)[] = []
  readonly #stopListening: (() => void)[]
  readonly #onClosed: () => void

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
    this.#onClosed = onClosed
    this.#clock = cluster.environment.clock
    this.#unobserved = new LoggedDelivery(cluster.options.logger)
    this.#topics = new ProducerTopics(cluster, options)
    this.#accumulator = new Accumulator({
      ...options,
      shareBytes: () => cluster.memory.shareBytes,
      codecs: cluster.environment.codecs,
      offloadSizeBytes: cluster.environment.offloadSizeBytes,
      backoffMs: (attempts) => cluster.backoffMs(attempts),
      leaderOf: (topic, partition) => this.#topics.leaderOf(topic, partition),
    })
    this.#sender = new Sender(cluster, options, this.#accumulator, hooks, {
      admit: (nowMs) => this.#backlog.admit(nowMs),
      hasWaiting: () => this.#backlog.count > 0,
      isHurried: () => this.#closing || this.#backlog.isShortOfMemory || this.#drainedListeners.length > 0,
      deadlineMs: () => this.#backlog.deadlineMs,
      turned: () => this.#announce(),
    })
    this.#backlog = new Backlog(this.#topics, this.#accumulator, () => this.#sender.schedule())
    const stop = cluster.onMetadata(() => {
      this.#topics.refresh()
      this.#sender.schedule()
    })
    this.#stopListening = [stop, cluster.memory.join()]
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
        this.#sender.schedule()
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
        let pending = this.#backlog.count > 0 ? undefined : batches
        this.#sender.schedule()
        while (pending === undefined) {
          await call.wait(new Promise<void>((resolve) => this.#idleListeners.push(resolve)))
          if (this.#backlog.count > 0) continue
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
    for (const stop of this.#stopListening.splice(0)) stop()
    this.#topics.end()
    this.#sender.end()
    this.#unprepared.failAll(error)
    this.#backlog.failAll(error)
    this.#accumulator.failAll(error)
    this.#announce()
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
        this.#backlog.countIn()
        return this.#unprepared.add(topic, preparation, (error) => {
          this.#backlog.countOut()
          try {
            if (error !== undefined) throw error
            this.#putPrepared(topic, record, keySerde, valueSerde, completion, tag)
          } catch (cause) {
            completion.failed(tag, sendError(cause))
          }
          this.#sender.schedule()
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
    const topic = this.#topics.of(name)
    const { context } = topic
    const { partition } = record
    context.added = undefined
    const key: Payload =
      record.key === undefined || record.key === null ? null : serialize(keySerde, record.key, context, true)
    const value: Payload = record.value === null ? null : serialize(valueSerde, record.value, context, false)
    let headers = record.headers === undefined ? undefined : headersOf(record.headers)
    if (context.added !== undefined) headers = headers === undefined ? context.added : [...headers, ...context.added]
    const timestamp = record.timestamp ?? this.#clock.nowMs()
    if (topic.metadata !== undefined && this.#backlog.count === 0) {
      const chosen = topic.choice.choose(topic.metadata, key, value, partition)
      const accumulator = this.#accumulator
      if (
        accumulator.appendOpen(name, chosen, key, value, headers, timestamp, completion, tag) ||
        accumulator.append(name, chosen, key, value, headers, timestamp, completion, tag, this.#cluster.nowMs()) !==
          'full'
      ) {
        if (key === null && partition === undefined) topic.choice.used(value)
        return this.#sender.schedule()
      }
    }
    this.#backlog.countIn()
    const deadlineMs = this.#cluster.nowMs() + this.#options.deliveryTimeoutMs
    this.#backlog.push({ topic, key, value, headers, timestamp, partition, completion, tag, deadlineMs })
  }

  #isAboveHighWater(): boolean {
    return this.#backlog.count > 0 || this.#accumulator.usedBytes > this.#accumulator.memoryBytes * HIGH_WATER
  }

  #isDrained(): boolean {
    const enoughBytes = this.#accumulator.memoryBytes * (HIGH_WATER - DRAINED_PART)
    return this.#backlog.count === 0 && this.#accumulator.usedBytes <= enoughBytes
  }

  /** Tells those who wait for memory, or for every record to be in a batch. */
  #announce(): void {
    if (this.#drainedListeners.length > 0 && (this.#isDrained() || this.#fatal !== undefined)) {
      for (const listener of this.#drainedListeners.splice(0)) listener()
    }
    if (this.#idleListeners.length > 0 && this.#backlog.count === 0) {
      for (const listener of this.#idleListeners.splice(0)) listener()
    }
  }

  async #bounded<T>(name: string, result: Promise<T>, options: CallOptions): Promise<T> {
    return await this.#cluster.call(name, { timeoutMs: this.#options.deliveryTimeoutMs, ...options }, async (call) => {
      return await abortable(result, call.signal)
    })
  }
}
