/** What consumer and reader have in common towards the application: iteration, pausing, positions. */
import { Readable } from 'node:stream'
import type { Cluster } from './cluster.ts'
import type { LocateTarget, Start } from './core/fetch-partition.ts'
import type { DeliveredBatch, DeliveredRecord } from './delivered-batch.ts'
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

/** Batches of a loop, until `next` says there are no more. One iteration at a time. */
export async function* batchesOf(
  next: (signal: AbortSignal | undefined) => Promise<DeliveredBatch | undefined>,
  signal: AbortSignal | undefined,
): AsyncGenerator<ConsumerBatch<unknown, unknown>, void, void> {
  for (;;) {
    const batch = await next(signal)
    if (batch === undefined) return
    yield batch
  }
}

/** Records one by one. Asking for the next one tells `done` about the one before. */
export async function* recordsOf(
  next: (signal: AbortSignal | undefined) => Promise<DeliveredBatch | undefined>,
  done: (record: DeliveredRecord, isLastOfBatch: boolean) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<ConsumerRecord<unknown, unknown>, void, void> {
  for (;;) {
    const batch = await next(signal)
    if (batch === undefined) return
    let previous: DeliveredRecord | undefined
    for (const record of batch) {
      if (previous !== undefined) done(previous, false)
      // Taken away or moved while the application was busy: the rest of the batch is somebody else's.
      if (batch.signal.aborted) {
        previous = undefined
        break
      }
      if (signal?.aborted) return
      previous = record
      yield record
    }
    if (previous !== undefined) done(previous, true)
    else if (!batch.signal.aborted) batch.done()
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
