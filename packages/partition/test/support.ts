/** What the tests of partitions share: a whole partition set over memory, with time and turns in the test's hand. */
import { MemoryStorage, SeededRandom, type Clock, type Timer, type Timers } from '@braidlog/base'
import { ErrorCode, type Uuid } from '@braidlog/model'
import { BatchBuilder, plainCodecs, type BatchFields, type Codecs } from '@braidlog/records'
import { defaultLogConfig, LogResources, type LogConfig, type LogResourceLimits } from '@braidlog/log'
import {
  openPartitionSet,
  type AppendOptions,
  type AppendResult,
  type FetchOptions,
  type FetchResult,
  type IsrProposal,
  type Partition,
  type PartitionAssignment,
  type PartitionSet,
  type PartitionSetOptions,
} from '@braidlog/partition'

export const TOPIC_ID = 'Ux7eQqSZTRuLXe5QX5ssFA' as Uuid
export const OTHER_TOPIC_ID = 'a-7eQqSZTRuLXe5QX5ssFA' as Uuid
export const NOW_MS = 1_700_000_000_000

export const NODE_ID = 1
export const REPLICA_LAG_TIME_MAX_MS = 30_000

/** The node leads, and nobody else has a copy. */
export function alone(leaderEpoch: number): PartitionAssignment {
  return { leader: NODE_ID, leaderEpoch, partitionEpoch: leaderEpoch, replicas: [NODE_ID], isr: [NODE_ID] }
}

/** Clock and timers that move only when told. */
export class VirtualTime implements Clock, Timers {
  now = NOW_MS
  readonly #pending = new Set<{ atMs: number; callback: () => void }>()
  nowMs = (): number => this.now
  monotonicMs = (): number => this.now

  after(delayMs: number, callback: () => void): Timer {
    const entry = { atMs: this.now + delayMs, callback }
    this.#pending.add(entry)
    return { cancel: () => void this.#pending.delete(entry) }
  }

  advance(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const next = [...this.#pending].sort((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined || next.atMs > end) break
      this.#pending.delete(next)
      this.now = Math.max(this.now, next.atMs)
      next.callback()
    }
    this.now = end
  }
}

export interface HarnessOptions extends Partial<
  Pick<
    PartitionSetOptions,
    | 'durability'
    | 'strictRecords'
    | 'tellFollowers'
    | 'path'
    | 'producerIdExpirationMs'
    | 'flushDurations'
    | 'cleanerConfig'
  >
> {
  readonly storage?: MemoryStorage
  readonly limits?: Partial<LogResourceLimits>
  readonly codecs?: Codecs
  readonly nodeId?: number
}

export class Harness {
  readonly storage: MemoryStorage
  readonly time = new VirtualTime()
  readonly offline: Error[] = []
  readonly proposals: { readonly partition: Partition; readonly proposal: IsrProposal }[] = []
  readonly fenced = new Set<number>()
  #turn: (() => void)[] = []
  partitions!: PartitionSet
  brokerEpoch = 7

  private constructor(storage: MemoryStorage) {
    this.storage = storage
  }

  static async open(options: HarnessOptions = {}): Promise<Harness> {
    const { storage = new MemoryStorage(), limits, codecs = plainCodecs, ...rest } = options
    const harness = new Harness(storage)
    harness.partitions = await openPartitionSet({
      storage,
      clock: harness.time,
      timers: harness.time,
      random: new SeededRandom(1),
      codecs,
      resources: new LogResources(limits),
      path: 'data',
      durability: 'durable',
      defer: (callback) => harness.#turn.push(callback),
      retentionCheckIntervalMs: 300_000,
      checkpointIntervalMs: 60_000,
      highWatermarkCheckpointIntervalMs: 5_000,
      producerIdExpirationMs: 86_400_000,
      initialTaskDelayMs: 30_000,
      cleanerEnabled: true,
      cleanerConfig: () => ({ backoffMs: 15_000, keysSizeBytesMax: 1024 * 1024 }),
      nodeId: NODE_ID,
      brokerEpoch: () => harness.brokerEpoch,
      replicaLagTimeMaxMs: REPLICA_LAG_TIME_MAX_MS,
      isEligible: (id) => !harness.fenced.has(id),
      onIsrProposal: (partition, proposal) => harness.proposals.push({ partition, proposal }),
      onOffline: (error) => harness.offline.push(error),
      ...rest,
    })
    return harness
  }

  partition(config: Partial<LogConfig> = {}, partition = 0, leaderEpoch = 3): Promise<Partition> {
    return this.partitions.open(
      { topic: 't', topicId: TOPIC_ID, partition },
      { ...defaultLogConfig, ...config },
      alone(leaderEpoch),
    )
  }

  /** Ends the turn: deferred work and all the promises it leads to, until nothing is left. */
  async turn(): Promise<void> {
    for (let idle = 0; idle < 3;) {
      await new Promise<void>((resolve) => setImmediate(resolve))
      const callbacks = this.#turn
      this.#turn = []
      for (const callback of callbacks) callback()
      idle = callbacks.length === 0 ? idle + 1 : 0
    }
  }

  /** Runs only what has been deferred until now. */
  endTurn(): void {
    const callbacks = this.#turn
    this.#turn = []
    for (const callback of callbacks) callback()
  }
}

export interface BatchOptions extends BatchFields {
  readonly records?: number
  readonly valueSizeBytes?: number
  readonly timestampMs?: number
  readonly keys?: readonly (string | null)[]
  readonly timestampsMs?: readonly number[]
}

/** A batch as a client sends it; the caller owns it. */
export function clientBatch(options: BatchOptions = {}): Uint8Array {
  const { records = 1, valueSizeBytes = 10, timestampMs = NOW_MS, keys, timestampsMs, ...fields } = options
  const builder = new BatchBuilder({ codecs: plainCodecs, sizeBytesMax: 100 * 1024 * 1024 })
  const count = keys?.length ?? timestampsMs?.length ?? records
  for (let i = 0; i < count; i++)
    builder.append(
      keys === undefined ? 'k' : keys[i]!,
      new Uint8Array(valueSizeBytes),
      timestampsMs?.[i] ?? timestampMs,
    )
  return builder.build(fields).slice()
}

export const FROM_CLIENT: AppendOptions = { acks: -1, origin: 'client' }

export function produce(
  partition: Partition,
  batch: BatchOptions | Uint8Array = {},
  options: AppendOptions = FROM_CLIENT,
): AppendResult {
  const bytes = batch instanceof Uint8Array ? batch : clientBatch(batch)
  return partition.append(bytes, 0, bytes.length, options)
}

export function fetchFrom(partition: Partition, options: Partial<FetchOptions> = {}): FetchResult {
  return partition.fetch({
    fetchOffset: 0,
    maxBytes: 1024 * 1024,
    minOneBatch: true,
    isolation: 'read-uncommitted',
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    ...options,
  })
}

/** `NONE`, … for readable tables. */
export function nameOf(code: ErrorCode): string {
  return Object.entries(ErrorCode).find(([, value]) => value === code)![0]
}
