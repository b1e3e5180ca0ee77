/** What consumer and reader have in common towards the application: iteration, pausing, positions. */
import { Readable } from 'node:stream'
import type { Cluster } from './cluster.ts'
import type { LocateTarget, Start } from './core/fetch-partition.ts'
import type { DeliveredBatch } from './delivered-batch.ts'
import type { DeliveredRecord } from './delivered-record.ts'
import { brokerError, KafkaError } from './errors.ts'
import type { FetchLoop } from './fetch-loop.ts'
import type { CallOptions, ConsumerBatch, ConsumerRecord, OffsetInput, TopicPartition } from './record.ts'

export type SeekTarget = OffsetInput | 'beginning' | 'end' | { readonly timestamp: number }

export interface IterateOptions {
  /** Ends the iteration; what was delivered stays delivered. */
  readonly signal?: AbortSignal | undefined
}

export interface PartitionLag extends TopicPartition {
  readonly position: bigint | null
  readonly committed: bigint | null
  readonly endOffset: bigint | null
  /** Records between the committed (else the next delivered) offset and the end; `null` when unknown yet. */
  readonly lag: number | null
}

/** What consumer and reader share. */
export interface Reading<K, V> extends AsyncIterable<ConsumerRecord<K, V>>, AsyncDisposable {
  batches(options?: IterateOptions): AsyncIterableIterator<ConsumerBatch<K, V>>
  records(options?: IterateOptions): AsyncIterableIterator<ConsumerRecord<K, V>>
  readable(): Readable
  webReadable(): ReadableStream<ConsumerBatch<K, V>>
  pause(partitions?: readonly TopicPartition[]): void
  resume(partitions?: readonly TopicPartition[]): void
  paused(): TopicPartition[]
  assignment(): TopicPartition[]
  seek(partition: TopicPartition, target: SeekTarget): void
  position(partition: TopicPartition): bigint | null
  lag(options?: CallOptions): Promise<PartitionLag[]>
  close(options?: CallOptions): Promise<void>
}

/** What the application asks for, as the fetcher understands it. */
export function startOf(target: SeekTarget): Start {
  if (typeof target === 'object' || target === 'beginning' || target === 'end') return target satisfies LocateTarget
  const offset = Number(target)
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new KafkaError('INVALID_OPTION', `${String(target)} is no offset; offsets are integers from 0 on`)
  }
  return { offset, epoch: -1 }
}

export type NextBatch = (signal: AbortSignal) => Promise<DeliveredBatch | undefined>

/**
 * An iteration over batches. Written by hand because a generator that waits for a batch cannot be ended from outside:
 * its `return` would wait as well. Calls of `next` are answered one after another.
 */
export class BatchIterator implements AsyncIterableIterator<ConsumerBatch<unknown, unknown>> {
  readonly #next: NextBatch
  readonly #finished: () => void
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  #pending: Promise<unknown> = Promise.resolve()
  #isOver = false

  /** @param finished told once, when the iteration is over for whatever reason */
  constructor(next: NextBatch, signal: AbortSignal | undefined, finished: () => void = () => {}) {
    this.#next = next
    this.#finished = finished
    this.#signal = signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal])
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<DeliveredBatch, undefined>> {
    const turn = this.#pending.then(async () => await this.#take())
    this.#pending = turn.catch(() => {})
    return await turn
  }

  async return(): Promise<IteratorResult<DeliveredBatch, undefined>> {
    this.#stop.abort()
    this.#end()
    return OVER
  }

  async throw(error: unknown): Promise<never> {
    await this.return()
    throw error
  }

  async #take(): Promise<IteratorResult<DeliveredBatch, undefined>> {
    if (this.#isOver) return OVER
    try {
      const batch = await this.#next(this.#signal)
      if (batch !== undefined) return { value: batch, done: false }
    } catch (error) {
      this.#end()
      throw error
    }
    this.#end()
    return OVER
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#finished()
  }
}

const OVER = { value: undefined, done: true } as const

/**
 * An iteration over records. Asking for the next one tells `done` about the one before. A record that is there already is
 * answered at once: no function of this path is `async`, so that a record costs one promise.
 */
export class RecordIterator implements AsyncIterableIterator<ConsumerRecord<unknown, unknown>> {
  readonly #batches: BatchIterator
  readonly #done: (record: DeliveredRecord, isLastOfBatch: boolean) => void
  #isAborted = false
  #batch: DeliveredBatch | undefined
  #records: Iterator<DeliveredRecord> | undefined
  #previous: DeliveredRecord | undefined
  /** The last of those that wait for a batch; whoever asks meanwhile comes after it. */
  #tail: Promise<unknown> | undefined

  constructor(
    next: NextBatch,
    done: (record: DeliveredRecord, isLastOfBatch: boolean) => void,
    signal: AbortSignal | undefined,
    finished: () => void = () => {},
  ) {
    this.#batches = new BatchIterator(next, signal, () => {
      signal?.removeEventListener('abort', this.#onAbort)
      finished()
    })
    this.#done = done
    if (signal?.aborted === true) this.#isAborted = true
    else signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<DeliveredRecord, undefined>> {
    if (this.#tail !== undefined) return this.#queue(this.#tail.then(this.#take, this.#take))
    try {
      const record = this.#nextHere()
      if (record !== undefined) return Promise.resolve({ value: record, done: false })
    } catch (error) {
      return Promise.reject(error as Error)
    }
    return this.#queue(this.#nextBatch())
  }

  async return(): Promise<IteratorResult<DeliveredRecord, undefined>> {
    this.#records = undefined
    await this.#batches.return()
    return OVER
  }

  async throw(error: unknown): Promise<never> {
    await this.return()
    throw error
  }

  readonly #onAbort = (): void => {
    this.#isAborted = true
  }

  #queue<T>(answer: Promise<T>): Promise<T> {
    const clear = (): void => {
      if (this.#tail === answer) this.#tail = undefined
    }
    this.#tail = answer
    answer.then(clear, clear)
    return answer
  }

  readonly #take = async (): Promise<IteratorResult<DeliveredRecord, undefined>> => {
    const record = this.#nextHere()
    return record === undefined ? await this.#nextBatch() : { value: record, done: false }
  }

  /** The next record of the present batch. */
  #nextHere(): DeliveredRecord | undefined {
    if (this.#records === undefined || this.#isAborted) return undefined
    return this.#advance(this.#batch!, this.#records)
  }

  async #nextBatch(): Promise<IteratorResult<DeliveredRecord, undefined>> {
    for (;;) {
      this.#records = undefined
      const { value: batch } = await this.#batches.next()
      if (batch === undefined) return OVER
      this.#batch = batch
      this.#records = batch[Symbol.iterator]()
      const record = this.#advance(batch, this.#records)
      if (record !== undefined) return { value: record, done: false }
    }
  }

  #advance(batch: DeliveredBatch, records: Iterator<DeliveredRecord>): DeliveredRecord | undefined {
    const { value: record } = records.next() as IteratorResult<DeliveredRecord, undefined>
    const previous = this.#previous
    this.#previous = undefined
    if (previous !== undefined) this.#done(previous, record === undefined)
    else if (record === undefined) batch.done()
    // Taken away while the application was busy: the rest of the batch is somebody else's.
    if (record === undefined || batch.isTakenAway) return undefined
    this.#previous = record
    return record
  }
}

export function readableOf(batches: AsyncIterable<unknown>): Readable {
  return Readable.from(batches, { objectMode: true, highWaterMark: 1 })
}

export function webReadableOf<T>(batches: AsyncIterableIterator<T>): ReadableStream<T> {
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const { value, done } = await batches.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await batches.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/** Pauses or resumes; all partitions unless given. */
export function setPaused(loop: FetchLoop, partitions: readonly TopicPartition[] | undefined, isPaused: boolean): void {
  for (const { topic, partition } of partitions ?? loop.fetcher.partitions) {
    const state = loop.fetcher.partition(topic, partition)
    if (state === undefined) throw notAssigned(topic, partition)
    state.isPaused = isPaused
  }
  loop.wake()
}

export function notAssigned(topic: string, partition: number): KafkaError {
  return new KafkaError('NOT_ASSIGNED', `${topic}-${partition} is not assigned to this consumer`)
}

/** End offsets of partitions, from their leaders. */
export async function endOffsets(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  isReadCommitted: boolean,
  options: CallOptions | undefined,
): Promise<Map<string, number>> {
  return await cluster.call('end offsets', options, async (call) => {
    return await cluster.retrying(call, async () => {
      const byLeader = new Map<
        number,
        Map<string, { partitionIndex: number; currentLeaderEpoch: number; timestamp: number }[]>
      >()
      for (const { topic, partition } of partitions) {
        const metadata = await cluster.topic(topic, call)
        const { leader = -1, leaderEpoch = -1 } = metadata.partitions[partition] ?? {}
        if (leader < 0) throw new KafkaError('LEADER_NOT_AVAILABLE', `${topic}-${partition} has no leader`)
        const topics =
          byLeader.get(leader) ??
          new Map<string, { partitionIndex: number; currentLeaderEpoch: number; timestamp: number }[]>()
        byLeader.set(leader, topics)
        const list = topics.get(topic) ?? []
        topics.set(topic, list)
        list.push({ partitionIndex: partition, currentLeaderEpoch: leaderEpoch, timestamp: -1 })
      }
      const ends = new Map<string, number>()
      await Promise.all(
        [...byLeader].map(async ([node, topics]) => {
          const body = {
            replicaId: -1,
            isolationLevel: isReadCommitted ? 1 : 0,
            topics: [...topics].map(([name, list]) => ({ name, partitions: list })),
          }
          const response = await cluster.request({ node }, 'ListOffsets', body, call)
          for (const topic of response.topics) {
            for (const each of topic.partitions) {
              if (each.errorCode !== 0) throw brokerError(each.errorCode, `${topic.name}-${each.partitionIndex}`)
              ends.set(`${topic.name}/${each.partitionIndex}`, each.offset)
            }
          }
        }),
      )
      return ends
    })
  })
}
