/**
 * The `_schemas` topic as the registry's log: everything that happens comes in through the one reader, in order, whoever wrote it;
 * what this process writes it reads back before it answers.
 *
 * Invariants: `onRecord` is called once per record and in order of offset; `position` is the offset after the last one applied (or
 * passed over), and never goes back.
 */
import type { Logger } from '@braidlog/base'
import type { ConsumerBatch, Kafka, Producer, Reader, RecordHeaders } from '@braidlog/client'
import { decodeRecord, encodeRecord, type RegistryRecord } from '../core/record.ts'
import { TERM_HEADER } from '../core/terms.ts'
import { RegistryError } from '../errors.ts'
import { ensureTopic, pause } from './topic.ts'

export interface SchemasLogOptions {
  readonly kafka: Kafka
  readonly topic: string
  readonly replicationFactor?: number | undefined
  /** Bound of the first load. */
  readonly loadTimeoutMs: number
  /** Bound of one append, retries included. */
  readonly appendTimeoutMs: number
  readonly logger: Logger
  /** @returns whether it counts */
  readonly onRecord: (record: RegistryRecord, term: number | undefined) => boolean
}

export interface Appended {
  /** Of the last of the records. */
  readonly offset: number
  /** Whether all of them count: false when another process had claimed a higher term before them. */
  readonly isAccepted: boolean
}

/** Waits for offsets at the same time; more are refused. */
const WAITERS_MAX = 10_000
const READ_AGAIN_MS = 500
/** Offsets that are remembered until whoever wrote there has looked: one write is under way at a time. */
const REFUSED_MAX = 10_000
/** How many records that are not understood are logged one by one. */
const LOGGED_MAX = 10

interface Waiter {
  readonly offset: number
  readonly resolve: () => void
}

export class SchemasLog {
  readonly #options: SchemasLogOptions
  readonly #producer: Producer<string, string>
  readonly #closing = new AbortController()
  readonly #waiters = new Set<Waiter>()
  readonly #decoder = new TextDecoder()
  /** Offsets of records that were read lately and do not count. */
  readonly #refused = new Set<number>()
  #position = 0
  #recordCount = 0
  #passedOver = 0
  #following: Promise<void> = Promise.resolve()
  #isReading = false

  constructor(options: SchemasLogOptions) {
    this.#options = options
    this.#producer = options.kafka.producer<string, string>({
      acks: 'all',
      idempotence: true,
      deliveryTimeoutMs: options.appendTimeoutMs,
      // One write is one batch: its records become visible together.
      batchSizeBytes: 1 << 20,
    })
  }

  /** The offset after the last record that was applied. */
  get position(): number {
    return this.#position
  }

  /** Whether the topic is being followed: false between a failure of the reader and its next attempt. */
  get isReading(): boolean {
    return this.#isReading
  }

  get recordCount(): number {
    return this.#recordCount
  }

  /** Creates the topic if need be, applies all there is, and follows it from then on. */
  async start(): Promise<void> {
    const { kafka, topic, replicationFactor, loadTimeoutMs, logger } = this.#options
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(loadTimeoutMs)])
    const startedMs = performance.now()
    try {
      await ensureTopic(kafka, { topic, replicationFactor, logger, signal, timeoutMs: loadTimeoutMs })
      await this.#load(signal)
    } catch (error) {
      if (error instanceof RegistryError) throw error
      if (signal.aborted && !this.#closing.signal.aborted) {
        throw new RegistryError(
          'STORE_TIMED_OUT',
          `topic ${topic} was not read to its end within ${loadTimeoutMs} ms (${this.#recordCount} records so far)`,
          { cause: error },
        )
      }
      throw new RegistryError('STORE_FAILED', `topic ${topic} cannot be read: ${(error as Error).message}`, {
        cause: error,
      })
    }
    logger.info('schemas loaded', {
      topic,
      records: this.#recordCount,
      passedOver: this.#passedOver,
      elapsedMs: Math.round(performance.now() - startedMs),
    })
    this.#following = this.#follow()
  }

  /**
   * Appends the records as one batch, on the disks of all in-sync replicas and read back when this resolves; so is whatever anybody
   * appended before.
   * @throws RegistryError STORE_FAILED when it is not certain that they were written
   */
  async append(records: readonly RegistryRecord[], term: number): Promise<Appended> {
    const { topic, appendTimeoutMs } = this.#options
    const headers = { [TERM_HEADER]: String(term) }
    const values = records.map((record) => ({ ...encodeRecord(record), headers, partition: 0 }))
    let offsets: number[]
    try {
      const written = await this.#producer.sendBatch(topic, values)
      offsets = written.map(({ offset }) => Number(offset))
    } catch (error) {
      throw new RegistryError('STORE_FAILED', `topic ${topic} cannot be written: ${(error as Error).message}`, {
        cause: error,
      })
    }
    const offset = Math.max(...offsets)
    await this.applied(offset, appendTimeoutMs)
    return { offset, isAccepted: !offsets.some((each) => this.#refused.has(each)) }
  }

  /** Resolves once the record at `offset` has been applied. @throws RegistryError STORE_TIMED_OUT */
  async applied(offset: number, timeoutMs: number): Promise<void> {
    if (this.#position > offset) return
    if (this.#waiters.size >= WAITERS_MAX)
      throw new RegistryError('STORE_TIMED_OUT', 'too many requests wait for the log')
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeoutMs)])
    let waiter: Waiter | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        waiter = { offset, resolve }
        this.#waiters.add(waiter)
        signal.addEventListener(
          'abort',
          () =>
            reject(
              this.#closing.signal.aborted
                ? new RegistryError('CLOSED', 'the registry is closed')
                : new RegistryError('STORE_TIMED_OUT', `offset ${offset} was not read within ${timeoutMs} ms`),
            ),
          { once: true },
        )
      })
    } finally {
      if (waiter !== undefined) this.#waiters.delete(waiter)
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(new RegistryError('CLOSED', 'the registry is closed'))
    await this.#producer.close({ timeoutMs: 1_000 }).catch(() => {})
    await this.#following
  }

  async #load(signal: AbortSignal): Promise<void> {
    const reader = this.#reader({ until: 'end' })
    try {
      for await (const batch of reader.batches({ signal })) this.#apply(batch)
      signal.throwIfAborted()
      // The end may lie behind batches that hold no records for us: markers of transactions, what compaction has emptied.
      const end = reader.position({ topic: this.#options.topic, partition: 0 })
      if (end !== null) this.#advance(Number(end))
    } finally {
      await reader.close()
    }
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      const reader = this.#reader({})
      try {
        this.#isReading = true
        for await (const batch of reader.batches({ signal })) this.#apply(batch)
      } catch (error) {
        this.#options.logger.error('the topic of the schemas cannot be followed; trying again', { error })
      } finally {
        this.#isReading = false
        await reader.close()
      }
      await pause(READ_AGAIN_MS, signal)
    }
  }

  #reader(options: { readonly until?: 'end' }): Reader<Buffer, Buffer> {
    const { kafka, topic } = this.#options
    return kafka.reader({
      assign: [{ topic, partition: 0, offset: this.#position }],
      fetch: { maxPartitionBytes: 4 << 20 },
      ...options,
    })
  }

  #apply(batch: ConsumerBatch<Buffer, Buffer>): void {
    for (const record of batch) {
      const { rawKey, rawValue, offset } = record
      // A batch that a failed reader had begun may come again.
      if (Number(offset) < this.#position) continue
      this.#recordCount++
      if (rawKey === null) {
        this.#passOver(offset, 'no key')
        continue
      }
      const value = rawValue === null ? null : this.#decoder.decode(rawValue)
      const decoded = decodeRecord(this.#decoder.decode(rawKey), value)
      if (!decoded.ok) this.#passOver(offset, decoded.reason)
      else if (!this.#options.onRecord(decoded.record, termOf(record))) this.#refuse(Number(offset))
    }
    this.#advance(Number(batch.lastOffset) + 1)
  }

  #refuse(offset: number): void {
    this.#refused.add(offset)
    if (this.#refused.size > REFUSED_MAX) this.#refused.delete(this.#refused.values().next().value!)
    this.#options.logger.warn('a record of a leader that had been succeeded does not count', {
      topic: this.#options.topic,
      offset,
    })
  }

  #passOver(offset: bigint, reason: string): void {
    this.#passedOver++
    if (this.#passedOver > LOGGED_MAX) return
    this.#options.logger.warn('a record of the schemas is not understood and is passed over', {
      topic: this.#options.topic,
      offset: Number(offset),
      reason,
    })
  }

  #advance(position: number): void {
    if (position <= this.#position) return
    this.#position = position
    for (const waiter of this.#waiters) {
      if (waiter.offset >= position) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
  }
}

/** The term in a record's header; undefined when it has none, or none of ours. */
function termOf({ headers }: { readonly headers: RecordHeaders }): number | undefined {
  const text = headers.size === 0 ? undefined : headers.text(TERM_HEADER)
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
