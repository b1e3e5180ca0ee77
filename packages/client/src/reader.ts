/** The reader: a consumer without a group. Fixed partitions, own positions, nothing committed. */
import type { Readable } from 'node:stream'
import type { Cluster } from './cluster.ts'
import type { FetchPartition } from './core/fetch-partition.ts'
import type { DeliveredBatch } from './delivered-batch.ts'
import { KafkaError } from './errors.ts'
import { FetchLoop } from './fetch-loop.ts'
import type { Hooks } from './hooks.ts'
import type { ReaderOptions, ReaderStart } from './options.ts'
import { decodingsOf, READ_KEYS, resolveReadOptions, type ResolvedReadOptions } from './read-options.ts'
import {
  BatchIterator,
  endOffsets,
  notAssigned,
  readableOf,
  RecordIterator,
  setPaused,
  startOf,
  webReadableOf,
  type IterateOptions,
  type PartitionLag,
  type Reading,
  type SeekTarget,
} from './reading.ts'
import type { CallOptions, ConsumerBatch, ConsumerRecord, TopicPartition } from './record.ts'
import { checkKeys, choiceOption } from './validate.ts'

export class Reader<K, V> implements Reading<K, V> {
  readonly #cluster: Cluster
  readonly #options: ReaderOptions<K, V>
  readonly #resolved: ResolvedReadOptions
  readonly #loop: FetchLoop
  readonly #closing = new AbortController()
  #stopWanting: (() => void) | undefined
  #started: Promise<void> | undefined
  /** Where each partition ends for `until: 'end'`. */
  #ends: ReadonlyMap<string, number> | undefined
  readonly #onClosed: () => void

  constructor(cluster: Cluster, options: ReaderOptions<K, V>, hooks: Hooks | undefined, onClosed: () => void) {
    checkKeys('reader', options, [...READ_KEYS, 'assign', 'until'])
    if (!Array.isArray(options.assign) || options.assign.length === 0) {
      throw new KafkaError('INVALID_OPTION', 'reader: assign must name at least one topic or partition')
    }
    if (options.until !== undefined) choiceOption('until', options.until, 'end', ['end'])
    this.#cluster = cluster
    this.#options = options
    this.#onClosed = onClosed
    // Without a group there is no committed offset to miss: what is out of range starts at the beginning.
    this.#resolved = resolveReadOptions({ autoOffsetReset: 'earliest', ...options })
    if (typeof options.onDeserializationError === 'object') {
      throw new KafkaError('INVALID_OPTION', 'reader: only a consumer sends records to a dead letter topic')
    }
    this.#loop = new FetchLoop(cluster, this.#resolved, decodingsOf(options, options.assign), hooks, {
      done: () => {},
      commit: async () => {
        throw new KafkaError('INVALID_OPTION', 'a reader has no group to commit to; use a consumer')
      },
      signalOf: () => this.#closing.signal,
      endOf: (topic, partition) => this.#ends?.get(`${topic}/${partition}`) ?? Infinity,
      passed: () => {},
      delivered: () => {},
    })
  }

  /** Looks up the partitions and starts to fetch; iterating does it as well. */
  async start(options?: CallOptions): Promise<void> {
    this.#started ??= this.#start(options).catch((error: unknown) => {
      this.#started = undefined
      throw error
    })
    await this.#started
  }

  /** Batches as they come, one partition each. One loop at a time. */
  batches(options: IterateOptions = {}): AsyncIterableIterator<ConsumerBatch<K, V>> {
    return new BatchIterator(this.#next, options.signal) as AsyncIterableIterator<ConsumerBatch<K, V>>
  }

  records(options: IterateOptions = {}): AsyncIterableIterator<ConsumerRecord<K, V>> {
    return new RecordIterator(this.#next, () => {}, options.signal) as AsyncIterableIterator<ConsumerRecord<K, V>>
  }

  [Symbol.asyncIterator](): AsyncIterator<ConsumerRecord<K, V>> {
    return this.records()
  }

  /** Node stream of batches in object mode. */
  readable(): Readable {
    return readableOf(this.batches())
  }

  webReadable(): ReadableStream<ConsumerBatch<K, V>> {
    return webReadableOf(this.batches())
  }

  /** All partitions unless given. What is fetched already is kept. */
  pause(partitions?: readonly TopicPartition[]): void {
    setPaused(this.#loop, partitions, true)
  }

  resume(partitions?: readonly TopicPartition[]): void {
    setPaused(this.#loop, partitions, false)
  }

  paused(): TopicPartition[] {
    return this.#loop.fetcher.partitions.filter((each) => each.isPaused).map(identify)
  }

  assignment(): TopicPartition[] {
    return this.#loop.fetcher.partitions.map(identify)
  }

  /** Moves the position; what was fetched is dropped, what was delivered stays delivered. */
  seek({ topic, partition }: TopicPartition, target: SeekTarget): void {
    this.#stateOf(topic, partition).moveTo(startOf(target))
    this.#loop.wake()
  }

  /** The next offset to be delivered; `null` while it is being looked up. */
  position({ topic, partition }: TopicPartition): bigint | null {
    const end = this.#ends?.get(`${topic}/${partition}`) ?? Infinity
    // The batch that holds the end may go on behind it.
    const position = Math.min(end, this.#loop.positionOf(this.#stateOf(topic, partition)))
    return position < 0 ? null : BigInt(position)
  }

  async lag(options?: CallOptions): Promise<PartitionLag[]> {
    await this.start(options)
    const ends = await endOffsets(this.#cluster, this.assignment(), this.#resolved.isReadCommitted, options)
    return this.assignment().map(({ topic, partition }) => {
      const position = this.position({ topic, partition })
      const end = ends.get(`${topic}/${partition}`)
      return {
        topic,
        partition,
        position,
        committed: null,
        endOffset: end === undefined ? null : BigInt(end),
        lag: end === undefined || position === null ? null : Math.max(0, end - Number(position)),
      }
    })
  }

  async close(_options?: CallOptions): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(new KafkaError('CLOSED', 'the reader is closed'))
    this.#loop.close()
    this.#stopWanting?.()
    this.#onClosed()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  readonly #next = async (signal: AbortSignal): Promise<DeliveredBatch | undefined> => {
    if (this.#closing.signal.aborted || signal.aborted) return undefined
    try {
      await this.start({ signal })
    } catch (error) {
      if (signal.aborted || this.#closing.signal.aborted) return undefined
      throw error
    }
    const ends = this.#ends
    if (ends === undefined) return await this.#loop.next(signal)
    return await this.#loop.next(signal, undefined, () =>
      this.#loop.fetcher.partitions.every((each) => this.#isAtEnd(each, ends)),
    )
  }

  #isAtEnd(state: FetchPartition, ends: ReadonlyMap<string, number>): boolean {
    const position = this.#loop.positionOf(state)
    const isAtEnd = position >= 0 && position >= ends.get(`${state.topic}/${state.partition}`)!
    // Nothing more is wanted of it.
    if (isAtEnd) state.isPaused = true
    return isAtEnd
  }

  async #start(options: CallOptions | undefined): Promise<void> {
    await this.#cluster.call('reader', options, async (call) => {
      const starts: Required<ReaderStart>[] = []
      for (const each of this.#options.assign) {
        const name = typeof each === 'string' ? each : 'name' in each ? each.name : each.topic
        const metadata = await this.#cluster.topic(name, call)
        if (typeof each === 'object' && 'partition' in each) {
          if (metadata.partitions[each.partition] === undefined) {
            throw new KafkaError(
              'UNKNOWN_TOPIC_OR_PARTITION',
              `${name} has ${metadata.partitions.length} partitions, no partition ${each.partition}`,
              { retriable: false },
            )
          }
          starts.push({ topic: name, partition: each.partition, offset: each.offset ?? 'beginning' })
          continue
        }
        for (const { partition } of metadata.partitions) starts.push({ topic: name, partition, offset: 'beginning' })
      }
      if (this.#options.until === 'end') {
        this.#ends = await endOffsets(this.#cluster, starts, this.#resolved.isReadCommitted, {
          signal: call.signal,
          timeoutMs: call.remainingMs(),
        })
      }
      call.check()
      this.#stopWanting = this.#cluster.want(starts.map((each) => each.topic))
      for (const { topic, partition, offset } of starts) this.#loop.fetcher.add(topic, partition, startOf(offset!))
      this.#loop.wake()
    })
  }

  #stateOf(topic: string, partition: number): FetchPartition {
    const state = this.#loop.fetcher.partition(topic, partition)
    if (state === undefined) throw notAssigned(topic, partition)
    return state
  }
}

function identify({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition }
}
