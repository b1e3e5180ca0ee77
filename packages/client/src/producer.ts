/** The producer: records in, acknowledgements out. */
import type { Writable } from 'node:stream'
import type { CallOptions, OutgoingRecord, OutgoingValue, RecordMetadata } from './record.ts'
import type { Topic } from './topic.ts'
import type { KafkaError } from './errors.ts'

export type DeliveryCallback = (error: KafkaError | null, metadata: RecordMetadata | null) => void

export interface SendAllOptions<K, V> extends CallOptions {
  /** Topic of records that name none. */
  readonly topic?: string | Topic<K, V> | undefined
  /** Records on their way at once. Default: bounded by `bufferMemoryBytes` only. */
  readonly concurrency?: number | undefined
  readonly onResult?: ((metadata: RecordMetadata) => void) | undefined
}

export interface Producer<K, V> extends AsyncDisposable {
  /** Sends one record. Resolves once it is acknowledged; waits first while `bufferMemoryBytes` is full. */
  send(record: OutgoingRecord<K, V>, options?: CallOptions): Promise<RecordMetadata>
  send<TK, TV>(topic: Topic<TK, TV>, record: OutgoingValue<TK, TV>, options?: CallOptions): Promise<RecordMetadata>
  /** Sends records of one topic; one promise, results in the order of the records. */
  sendBatch(topic: string, records: readonly OutgoingValue<K, V>[], options?: CallOptions): Promise<RecordMetadata[]>
  sendBatch<TK, TV>(
    topic: Topic<TK, TV>,
    records: readonly OutgoingValue<TK, TV>[],
    options?: CallOptions,
  ): Promise<RecordMetadata[]>
  /**
   * Sends without a promise. @returns false when the buffer is above its high-water mark: the record is taken all the
   * same, and `await producer.flush()` or `await producer.drained()` is due before many more.
   */
  enqueue(record: OutgoingRecord<K, V>, callback?: DeliveryCallback): boolean
  /** Resolves when `enqueue` would return true. */
  drained(options?: CallOptions): Promise<void>
  /** Resolves when every record sent so far is acknowledged or has failed. Skips `lingerMs`. */
  flush(options?: CallOptions): Promise<void>
  /** Sends everything an iterable yields, with backpressure. @returns how many records were acknowledged. */
  sendAll(
    records:
      | AsyncIterable<OutgoingRecord<K, V> | OutgoingValue<K, V>>
      | Iterable<OutgoingRecord<K, V> | OutgoingValue<K, V>>,
    options?: SendAllOptions<K, V>,
  ): Promise<number>
  /** Node stream in object mode; finishes when everything is acknowledged, errors with the first failure. */
  writable(options?: { readonly topic?: string | Topic<K, V> }): Writable
  webWritable(options?: {
    readonly topic?: string | Topic<K, V>
  }): WritableStream<OutgoingRecord<K, V> | OutgoingValue<K, V>>
  /** Flushes, then closes; what is not acknowledged within the bound fails with `CLOSED`. */
  close(options?: CallOptions): Promise<void>
}
