/** The producer as the end of a stream: Node's, the web's, or any iterable. */
import { Writable } from 'node:stream'
import { KafkaError } from './errors.ts'
import type { Producer, RecordOrValue, SendAllOptions } from './producer.ts'
import type { OutgoingRecord } from './record.ts'
import type { Topic } from './topic.ts'

const CONCURRENCY = 10_000

/** Sends what an iterable yields. The first failure ends it, after what is under way has settled. */
export async function sendAll<K, V>(
  producer: Producer<K, V>,
  records: AsyncIterable<RecordOrValue<K, V>> | Iterable<RecordOrValue<K, V>>,
  options: SendAllOptions<K, V>,
): Promise<number> {
  const { signal, onResult } = options
  const sink = new Sink(producer, options.topic, options.concurrency ?? CONCURRENCY, onResult)
  const deadline = options.timeoutMs === undefined ? undefined : AbortSignal.timeout(options.timeoutMs)
  for await (const record of records) {
    if (signal?.aborted) throw new KafkaError('ABORTED', 'sendAll: aborted by its signal', { cause: signal.reason })
    if (deadline?.aborted) throw new KafkaError('TIMED_OUT', `sendAll: not done within ${options.timeoutMs} ms`)
    const pause = sink.write(record)
    if (pause !== undefined) await pause
  }
  await sink.end({ signal, ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }) })
  return sink.acknowledged
}

export function producerWritable<K, V>(producer: Producer<K, V>, topic: string | Topic<K, V> | undefined): Writable {
  const sink = new Sink(producer, topic, CONCURRENCY)
  return new Writable({
    objectMode: true,
    highWaterMark: 1024,
    write(record: RecordOrValue<K, V>, _encoding, callback) {
      try {
        const pause = sink.write(record)
        if (pause === undefined) callback()
        else settle(pause, callback)
      } catch (error) {
        callback(error as Error)
      }
    },
    final(callback) {
      settle(sink.end({}), callback)
    },
  })
}

/** Tells a stream of the outcome, outside of the promise: what its listeners throw is not the promise's to catch. */
function settle(promise: Promise<void>, callback: (error?: Error | null) => void): void {
  promise.then(
    () => setImmediate(callback),
    (error: unknown) => setImmediate(callback, error as Error),
  )
}

export function producerWebWritable<K, V>(
  producer: Producer<K, V>,
  topic: string | Topic<K, V> | undefined,
): WritableStream<RecordOrValue<K, V>> {
  const sink = new Sink(producer, topic, CONCURRENCY)
  return new WritableStream({
    write: async (record) => {
      const pause = sink.write(record)
      if (pause !== undefined) await pause
    },
    close: async () => await sink.end({}),
  })
}

/** Sends records with a bound on how many are under way, and keeps the first failure. */
class Sink<K, V> {
  readonly #producer: Producer<K, V>
  readonly #topic: string | Topic<K, V> | undefined
  readonly #concurrency: number
  readonly #onResult: SendAllOptions<K, V>['onResult']
  #pending = 0
  #failure: KafkaError | undefined
  #resume: (() => void) | undefined
  acknowledged = 0

  constructor(
    producer: Producer<K, V>,
    topic: string | Topic<K, V> | undefined,
    concurrency: number,
    onResult?: SendAllOptions<K, V>['onResult'],
  ) {
    this.#producer = producer
    this.#topic = topic
    this.#concurrency = concurrency
    this.#onResult = onResult
  }

  /** @returns a promise when the caller should wait before the next one @throws the first failure */
  write(record: RecordOrValue<K, V>): Promise<void> | undefined {
    if (this.#failure !== undefined) throw this.#failure
    this.#pending++
    const isRoom = this.#send(record)
    if (this.#pending < this.#concurrency && isRoom) return undefined
    return this.#pending >= this.#concurrency
      ? new Promise<void>((resolve) => (this.#resume = resolve))
      : this.#producer.drained()
  }

  async end(options: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number }): Promise<void> {
    if (this.#pending > 0) await this.#producer.flush(options)
    if (this.#failure !== undefined) throw this.#failure
  }

  #send(record: RecordOrValue<K, V>): boolean {
    const topic = this.#topic
    if (typeof topic === 'object' && !('topic' in record)) {
      this.#producer.send(topic, record).then(this.#onMetadata, this.#onError)
      return true
    }
    const name = 'topic' in record ? record.topic : (topic as string | undefined)
    if (name === undefined) {
      this.#onError(new KafkaError('INVALID_OPTION', 'a record without a topic; give it one, or the stream'))
      return true
    }
    const named = 'topic' in record ? record : ({ ...record, topic: name } as OutgoingRecord<K, V>)
    return this.#producer.enqueue(named, (error, metadata) => {
      if (error === null) this.#onMetadata(metadata!)
      else this.#onError(error)
    })
  }

  readonly #onMetadata = (metadata: Parameters<NonNullable<SendAllOptions<K, V>['onResult']>>[0]): void => {
    this.acknowledged++
    this.#onResult?.(metadata)
    this.#settled()
  }

  readonly #onError = (error: unknown): void => {
    this.#failure ??= error as KafkaError
    this.#settled()
  }

  #settled(): void {
    this.#pending--
    if (this.#resume === undefined || this.#pending >= this.#concurrency) return
    const resume = this.#resume
    this.#resume = undefined
    resume()
  }
}
