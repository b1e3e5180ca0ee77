/**
 * Records as the application sees them: what goes into a producer, what comes back about it, what a consumer delivers.
 *
 * Offsets are `bigint` on the way out and `number | bigint` on the way in; timestamps are milliseconds as numbers.
 */
import type { KafkaError } from './errors.ts'

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export type OffsetInput = number | bigint

export type HeaderValue = Uint8Array | string | null
/** By name (a list sends the header several times), or as pairs where their order matters. */
export type HeadersInput =
  | { readonly [name: string]: HeaderValue | readonly HeaderValue[] | undefined }
  | readonly (readonly [name: string, value: HeaderValue])[]

/** A record without its topic. */
export interface OutgoingValue<K, V> {
  readonly key?: K | null | undefined
  /** `null` is a tombstone in a compacted topic. */
  readonly value: V | null
  readonly headers?: HeadersInput | undefined
  /** Milliseconds since the epoch; the moment of `send` unless given. */
  readonly timestamp?: number | undefined
  /** Overrides the partitioner. */
  readonly partition?: number | undefined
}

export interface OutgoingRecord<K, V> extends OutgoingValue<K, V> {
  readonly topic: string
}

/** Where a record was stored. `offset` is -1n when the producer asked for no acknowledgement (`acks: 0`). */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** The broker's append time where the topic is configured so, else the record's own timestamp. */
  readonly timestamp: number
}

/** Headers of a delivered record, in order. */
export interface RecordHeaders extends Iterable<readonly [name: string, value: Buffer | null]> {
  readonly size: number
  /** The last header of that name; `undefined` when there is none. */
  get(name: string): Buffer | null | undefined
  /** The last header of that name as UTF-8 text. */
  text(name: string): string | undefined
  getAll(name: string): (Buffer | null)[]
}

/**
 * One delivered record. `key`, `value` and `headers` are decoded on access, each time anew, from the bytes of the batch:
 * read them once. They stay valid while you hold them, and hold the whole fetched batch in memory; `detach()` makes a
 * copy that does not.
 */
export interface ConsumerRecord<K, V> {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: number
  /** `create`: set by the producer; `append`: set by the broker. */
  readonly timestampType: 'create' | 'append'
  readonly leaderEpoch: number
  readonly key: K | null
  readonly value: V | null
  readonly headers: RecordHeaders
  /** The bytes of the key and the value, views of the batch. */
  readonly rawKey: Buffer | null
  readonly rawValue: Buffer | null
  /** Why the key or the value is `null` although there are bytes; only with `onDeserializationError: 'raw'`. */
  readonly error: KafkaError | null
  detach(): ConsumerRecord<K, V>
}

/** Records of one partition, in order of offset. Iterating is synchronous and lazy, and may be repeated. */
export interface ConsumerBatch<K, V> extends Iterable<ConsumerRecord<K, V>> {
  readonly topic: string
  readonly partition: number
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  /** End of the partition when this batch was fetched: the offset after the last one that can be read. */
  readonly highWatermark: bigint
  /** Number of records. */
  readonly size: number
  readonly sizeBytes: number
  /** Aborted when the partition is revoked or lost, and when the consumer closes. */
  readonly signal: AbortSignal
  /** All records are handled: their offsets are committed with the next periodic commit. */
  done(): void
  /** `done()`, and commits now. */
  commit(options?: CallOptions): Promise<void>
}

/** Every asynchronous call takes these. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** Bound of the whole call, retries included. */
  readonly timeoutMs?: number | undefined
}
