/**
 * The producer: records in, acknowledgements out. Decides nothing about batches, order or numbering; that is the
 * {@link Accumulator}. This shell serializes, waits for metadata and memory, sends what is drained and tells the
 * accumulator what became of it.
 */
import type { Writable } from 'node:stream'
import { ErrorCode } from '@braidlog/model'
import type { ProduceResponse } from '@braidlog/protocol'
import type { HeaderInput, Payload } from '@braidlog/records'
import type { Alarm } from './alarms.ts'
import { abortable } from './calls.ts'
import type { Cluster } from './cluster.ts'
import type { Purpose } from './connection.ts'
import { Accumulator } from './core/accumulator.ts'
import type { Completion, ProducerBatch } from './core/producer-batch.ts'
import type { TopicMetadata } from './core/metadata-cache.ts'
import { errorNameOf, isRetriable, KafkaError } from './errors.ts'
import { isObserved, observe, type Hooks } from './hooks.ts'
import { batchError, headersOf, isTopic, OutgoingContext, sendError, serialize, whenDone } from './outgoing.ts'
import { PartitionChoice } from './partition-choice.ts'
import { answerOf, requestBody } from './produce-request.ts'
import type { ResolvedProducerOptions } from './producer-options.ts'
import { producerWebWritable, producerWritable, sendAll } from './producer-streams.ts'
import type { CallOptions, OutgoingRecord, OutgoingValue, RecordMetadata } from './record.ts'
import type { Serializer } from './serde.ts'
import { UnpreparedRecords } from './unprepared.ts'
import type { Topic } from './topic.ts'
import { checkTopicName } from './validate.ts'

export type DeliveryCallback = (error: KafkaError | null, metadata: RecordMetadata | null) => void

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
/** `enqueue` says false while more than this part of the memory is in use. */
const HIGH_WATER = 0.75
/** Compression of a batch of that size goes to another thread. */
const ASYNC_COMPRESSION_SIZE_BYTES = 256 << 10

interface WaitingRecord {
  readonly topic: string
  readonly key: Payload
  readonly value: Payload
  readonly headers: readonly HeaderInput[] | undefined
  readonly timestamp: number
  readonly partition: number | undefined
  readonly completion: Completion | undefined
  readonly tag: number
  readonly deadlineMs: number
}

export class Producer<K, V> implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #options: ResolvedProducerOptions
  readonly #key: Serializer<K>
  readonly #value: Serializer<V>
  readonly #hooks: Hooks | undefined
  readonly #accumulator: Accumulator
  readonly #topics = new Map<string, PartitionChoice>()
  /** First in, first out: records for which there was no memory. */
  readonly #forMemory: WaitingRecord[] = []
  #forMemoryFirst = 0
  readonly #forMetadata = new Map<string, WaitingRecord[]>()
  /** Records whose serdes fetch something first. */
  readonly #unprepared = new UnpreparedRecords()
  #waitingCount = 0
  readonly #inFlight = new Map<number, number>()
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
    this.#purpose = `produce-${cluster.newOwner()}`
    this.#accumulator = new Accumulator({
      ...options,
      codecs: cluster.environment.codecs,
      backoffMs: (attempts) => cluster.backoffMs(attempts),
      leaderOf: (topic, partition) => this.#leaderOf(topic, partition),
    })
    const stop = cluster.onMetadata(() => this.#schedulePump())
    this.#stopWanting.push(stop)
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
    const result = new Promise<RecordMetadata>((resolve, reject) => {
      const completion: Completion = {
        acknowledged: (_tag, topic, partition, offset, timestamp) =>
          resolve({ topic, partition, offset: BigInt(offset), timestamp }),
        failed: (_tag, error) => reject(error),
      }
      try {
        if (options?.signal?.aborted) options.signal.throwIfAborted()
        if (typed) this.#put(first.name, record, first.key, first.value, completion, 0)
        else this.#put((first as OutgoingRecord<K, V>).topic, record, this.#key, this.#value, completion, 0)
      } catch (error) {
        reject(sendError(error))
      }
    })
    return options === undefined ? result : this.#bounded('send', result, options)
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
    const result = new Promise<RecordMetadata[]>((resolve, reject) => {
      const results: (RecordMetadata | KafkaError)[] = []
      let left = records.length
      let failures = 0
      if (left === 0) return resolve([])
      const settle = (): void => {
        if (--left > 0) return
        if (failures === 0) resolve(results as RecordMetadata[])
        else reject(batchError(name, results))
      }
      const completion: Completion = {
        acknowledged(tag, topic, partition, offset, timestamp) {
          results[tag] = { topic, partition, offset: BigInt(offset), timestamp }
          settle()
        },
        failed(tag, error) {
          results[tag] = error
          failures++
          settle()
        },
      }
      for (let i = 0; i < records.length; i++) {
        try {
          this.#put(name, records[i]!, key, value, completion, i)
        } catch (error) {
          completion.failed(i, sendError(error))
        }
      }
    })
    return options === undefined ? result : this.#bounded('sendBatch', result, options)
  }

  /**
   * Sends without a promise. @returns false when the buffer is above its high-water mark: the record is taken all the
   * same, and `await producer.drained()` is due before many more. Without a callback a failure is only logged.
   */
  enqueue(record: OutgoingRecord<K, V>, callback?: DeliveryCallback): boolean {
    const completion: Completion = {
      acknowledged: (_tag, topic, partition, offset, timestamp) =>
        callback?.(null, { topic, partition, offset: BigInt(offset), timestamp }),
      failed: (_tag, error) => {
        if (callback !== undefined) callback(error, null)
        else this.#cluster.options.logger.error('an enqueued record was not delivered', { error })
      },
    }
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
      while (this.#isAboveHighWater()) {
        await call.wait(new Promise<void>((resolve) => this.#drainedListeners.push(resolve)))
      }
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

  /** Serializes a record and puts it into its batch, or into a queue in front of it. @throws what is wrong with it */
  #put<RK, RV>(
    topic: string,
    record: OutgoingValue<RK, RV>,
    keySerde: Serializer<RK>,
    valueSerde: Serializer<RV>,
    completion: Completion | undefined,
    tag: number,
  ): void {
    if (this.#closing || this.#fatal !== undefined)
      throw this.#fatal ?? new KafkaError('CLOSED', 'the producer is closed')
    if (record.value === undefined)
      throw new KafkaError('INVALID_OPTION', 'a record needs a value; null is a tombstone')
    if (this.#unprepared.isNeeded(topic, keySerde, valueSerde)) {
      const preparation = this.#unprepared.preparationOf(topic, record, keySerde, valueSerde)
      if (preparation !== undefined) {
        if (this.#waitingCount >= WAITING_RECORDS_MAX) {
          throw new KafkaError(
            'BUFFER_FULL',
            `${WAITING_RECORDS_MAX} records wait for memory, metadata or schemas already`,
          )
        }
        this.#waitingCount++
        return this.#unprepared.add(topic, preparation, (error) => {
          this.#waitingCount--
          try {
            if (error !== undefined) throw error
            this.#putPrepared(topic, record, keySerde, valueSerde, completion, tag)
          } catch (cause) {
            completion?.failed(tag, sendError(cause))
          }
          this.#schedulePump()
        })
      }
    }
    this.#putPrepared(topic, record, keySerde, valueSerde, completion, tag)
  }

  #putPrepared<RK, RV>(
    topic: string,
    record: OutgoingValue<RK, RV>,
    keySerde: Serializer<RK>,
    valueSerde: Serializer<RV>,
    completion: Completion | undefined,
    tag: number,
  ): void {
    const context = new OutgoingContext(topic)
    const key: Payload =
      record.key === undefined || record.key === null ? null : serialize(keySerde, record.key, context, true)
    const value: Payload = record.value === null ? null : serialize(valueSerde, record.value, context, false)
    let headers = record.headers === undefined ? undefined : headersOf(record.headers)
    if (context.added !== undefined) headers = headers === undefined ? context.added : [...headers, ...context.added]
    const timestamp = record.timestamp ?? this.#cluster.environment.clock.nowMs()
    const metadata = this.#cluster.metadata.topic(topic)
    const nowMs = this.#cluster.nowMs()
    if (metadata !== undefined && this.#topics.has(topic) && this.#waitingCount === 0) {
      const outcome = this.#append(metadata, key, value, headers, timestamp, record.partition, completion, tag, nowMs)
      if (outcome === 'appended') return this.#schedulePump()
    }
    this.#wait(topic, metadata !== undefined, {
      topic,
      key,
      value,
      headers,
      timestamp,
      partition: record.partition,
      completion,
      tag,
      deadlineMs: nowMs + this.#options.deliveryTimeoutMs,
    })
  }

  #append(
    metadata: TopicMetadata,
    key: Payload,
    value: Payload,
    headers: readonly HeaderInput[] | undefined,
    timestamp: number,
    partition: number | undefined,
    completion: Completion | undefined,
    tag: number,
    nowMs: number,
  ): 'appended' | 'full' {
    const topic = metadata.name
    const chosen = this.#topics.get(topic)!.choose(metadata, key, value, partition)
    const outcome = this.#accumulator.append(topic, chosen, key, value, headers, timestamp, completion, tag, nowMs)
    if (outcome === 'appended' && key === null && partition === undefined) this.#topics.get(topic)!.used(value)
    return outcome
  }

  #wait(topic: string, isKnown: boolean, record: WaitingRecord): void {
    if (this.#waitingCount >= WAITING_RECORDS_MAX) {
      throw new KafkaError('BUFFER_FULL', `${WAITING_RECORDS_MAX} records wait for memory or metadata already`)
    }
    this.#waitingCount++
    const queue = this.#forMetadata.get(topic)
    if (queue !== undefined) queue.push(record)
    else if (isKnown && this.#topics.has(topic)) this.#forMemory.push(record)
    else {
      this.#forMetadata.set(topic, [record])
      void this.#learnTopic(topic)
    }
    this.#schedulePump()
  }

  async #learnTopic(topic: string): Promise<void> {
    try {
      checkTopicName(topic)
      await this.#cluster.call('metadata of a topic', { timeoutMs: this.#options.deliveryTimeoutMs }, async (call) => {
        await this.#cluster.topic(topic, call, { create: true })
      })
      if (this.#fatal !== undefined) return
      if (!this.#topics.has(topic)) {
        this.#topics.set(topic, new PartitionChoice(this.#options, this.#cluster.environment.random))
        this.#stopWanting.push(this.#cluster.want([topic]))
      }
      for (const record of this.#forMetadata.get(topic) ?? []) this.#forMemory.push(record)
      this.#forMetadata.delete(topic)
    } catch (error) {
      const records = this.#forMetadata.get(topic) ?? []
      this.#forMetadata.delete(topic)
      this.#waitingCount -= records.length
      for (const record of records) record.completion?.failed(record.tag, sendError(error))
    }
    this.#schedulePump()
  }

  /** Moves records that waited for memory into batches, in order, until one does not fit. */
  #admit(nowMs: number): void {
    const queue = this.#forMemory
    while (this.#forMemoryFirst < queue.length) {
      const record = queue[this.#forMemoryFirst]!
      const { topic, completion, tag } = record
      try {
        const metadata = this.#cluster.metadata.topic(topic)
        if (record.deadlineMs <= nowMs) {
          throw new KafkaError('TIMED_OUT', `${topic}: no memory within ${this.#options.deliveryTimeoutMs} ms`)
        }
        if (metadata === undefined) {
          throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `topic ${topic} is gone`, { retriable: false })
        }
        const { key, value, headers, timestamp, partition } = record
        if (this.#append(metadata, key, value, headers, timestamp, partition, completion, tag, nowMs) === 'full') break
      } catch (error) {
        completion?.failed(tag, sendError(error))
      }
      this.#forMemoryFirst++
      this.#waitingCount--
    }
    if (this.#forMemoryFirst === queue.length) {
      queue.length = 0
      this.#forMemoryFirst = 0
    } else if (this.#forMemoryFirst > 1024) {
      queue.splice(0, this.#forMemoryFirst)
      this.#forMemoryFirst = 0
    }
  }

  #failWaiting(error: KafkaError): void {
    this.#unprepared.failAll(error)
    const records = [...this.#forMemory.slice(this.#forMemoryFirst), ...[...this.#forMetadata.values()].flat()]
    this.#forMemory.length = 0
    this.#forMemoryFirst = 0
    this.#forMetadata.clear()
    this.#waitingCount = 0
    for (const record of records) record.completion?.failed(record.tag, error)
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
        break
      }
      const isShort = this.#forMemoryFirst < this.#forMemory.length
      const { requests, leaderless } = this.#accumulator.drain(nowMs, this.#takeSlot, isShort || this.#closing)
      for (const { node, batches } of requests) void this.#sendRequest(node, batches)
      if (leaderless.size > 0) this.#cluster.refreshSoon()
      if (requests.length === 0) break
    }
    this.#announceDrained()
    this.#arm(nowMs)
  }

  readonly #takeSlot = (node: number): boolean => {
    const used = this.#inFlight.get(node) ?? 0
    if (used >= this.#options.maxInFlight) return false
    this.#inFlight.set(node, used + 1)
    return true
  }

  #arm(nowMs: number): void {
    let atMs = this.#accumulator.nextDeadlineMs(nowMs)
    const first = this.#forMemory[this.#forMemoryFirst]
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
      if (answer.currentLeader.leaderId >= 0) {
        this.#cluster.learnLeader(batch.topic, batch.partition, answer.currentLeader, response.nodeEndpoints)
      } else if (isRetriable(errorNameOf(errorCode))) isStale = true
      this.#observe(batch, errorNameOf(errorCode))
      this.#cluster.options.logger.debug('produce refused', {
        topic: batch.topic,
        partition: batch.partition,
        code: errorNameOf(errorCode),
        attempts: batch.attempts,
      })
      this.#accumulator.rejected(
        batch,
        { code: errorCode, message: answer.errorMessage, recordErrors: answer.recordErrors },
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
    if (leader < 0) this.#topics.get(topic)?.leave(partition)
    return this.#cluster.metadata.brokers.has(leader) ? leader : -1
  }

  #isAboveHighWater(): boolean {
    return this.#waitingCount > 0 || this.#accumulator.usedBytes > this.#options.bufferMemoryBytes * HIGH_WATER
  }

  #announceDrained(): void {
    if (this.#drainedListeners.length > 0 && (!this.#isAboveHighWater() || this.#fatal !== undefined)) {
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
