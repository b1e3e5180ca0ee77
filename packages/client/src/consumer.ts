/** The consumer: partitions of a group, delivered batch by batch. */
import type { Readable } from 'node:stream'
import type { RunOptions } from './options.ts'
import type { CallOptions, ConsumerBatch, ConsumerRecord, OffsetInput, TopicPartition } from './record.ts'

export interface CommittedOffset extends TopicPartition {
  /** The next offset to read. */
  readonly offset: bigint
  readonly leaderEpoch: number | null
  readonly metadata: string | null
}

export interface OffsetToCommit extends TopicPartition {
  readonly offset: OffsetInput
  readonly leaderEpoch?: number | undefined
  readonly metadata?: string | undefined
}

export interface PartitionLag extends TopicPartition {
  readonly position: bigint | null
  readonly committed: bigint | null
  readonly endOffset: bigint | null
  /** Records between the committed (else delivered) position and the end; `null` when unknown yet. */
  readonly lag: number | null
}

export interface HandlerContext {
  /** Aborted when the record's partition is revoked or lost, and when the consumer closes. */
  readonly signal: AbortSignal
  readonly attempt: number
  /** Commits up to the oldest unfinished record of this partition. */
  commit(options?: CallOptions): Promise<void>
}

export type SeekTarget = OffsetInput | 'beginning' | 'end' | { readonly timestamp: number }

/** What consumer and reader share: delivery and positions. */
export interface Reading<K, V> extends AsyncIterable<ConsumerRecord<K, V>>, AsyncDisposable {
  /** Batches as they come, one partition each. One loop at a time. Asking for the next one does not mark the last done. */
  batches(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterableIterator<ConsumerBatch<K, V>>
  /** Record by record; asking for the next one marks the last one done. */
  records(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterableIterator<ConsumerRecord<K, V>>
  /** Node stream of batches in object mode. */
  readable(): Readable
  webReadable(): ReadableStream<ConsumerBatch<K, V>>
  pause(partitions?: readonly TopicPartition[]): void
  resume(partitions?: readonly TopicPartition[]): void
  paused(): TopicPartition[]
  assignment(): TopicPartition[]
  /** Moves the position; what was fetched is dropped, what was delivered stays delivered. */
  seek(partition: TopicPartition, target: SeekTarget): void
  /** The next offset to be delivered; `null` while it is being looked up. */
  position(partition: TopicPartition): bigint | null
  lag(options?: CallOptions): Promise<PartitionLag[]>
  close(options?: CallOptions): Promise<void>
}

export interface Consumer<K, V> extends Reading<K, V> {
  readonly groupId: string
  /**
   * Calls the handler for every record until the consumer closes or `signal` aborts; offsets are committed as records
   * finish. Rejects when a handler fails for good.
   */
  run(options: RunOptions, handler: (record: ConsumerRecord<K, V>, context: HandlerContext) => unknown): Promise<void>
  run(handler: (record: ConsumerRecord<K, V>, context: HandlerContext) => unknown): Promise<void>
  /** One independent stream of batches per assigned partition, as they are assigned; each ends when revoked. */
  partitions(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterableIterator<PartitionStream<K, V>>
  /** Commits what is done, or the given offsets. */
  commit(offsets?: readonly OffsetToCommit[], options?: CallOptions): Promise<void>
  committed(partitions: readonly TopicPartition[], options?: CallOptions): Promise<CommittedOffset[]>
  /** Resolves once the member has its first assignment (which may be empty). */
  joined(options?: CallOptions): Promise<void>
  readonly memberId: string
  readonly generation: number
}

export interface PartitionStream<K, V> extends TopicPartition, AsyncIterable<ConsumerBatch<K, V>> {
  readonly signal: AbortSignal
}

/** A consumer without a group: fixed partitions, own positions, nothing committed. */
export interface Reader<K, V> extends Reading<K, V> {}
