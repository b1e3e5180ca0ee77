/**
 * Calls a handler for every record, several at a time, in the order that the application asked for.
 *
 * | order     | one at a time              | next batch of a partition                       |
 * |-----------|----------------------------|-------------------------------------------------|
 * | partition | records of a partition     | when the last one is done                       |
 * | key       | records with the same key  | when the last one is done                       |
 * | none      | -                          | as soon as there is a free place                |
 *
 * Bounds: `concurrency` handlers; batches are asked for only when a place is free, so what waits is one batch per
 * partition at most.
 */
import { bury } from './dead-letter.ts'
import type { DeliveredBatch } from './delivered-batch.ts'
import type { DeliveredRecord } from './delivered-record.ts'
import { KafkaError } from './errors.ts'
import { callLeavable } from './leavable-call.ts'
import type { Order, RunOptions } from './options.ts'
import type { Producer } from './producer.ts'
import type { CallOptions, ConsumerRecord } from './record.ts'
import { checkKeys, choiceOption, numberOption } from './validate.ts'

export interface HandlerContext {
  /**
   * Aborted when the record's partition is revoked or lost, and when the consumer closes. A handler that then stops
   * early must throw (`signal.throwIfAborted()`): the record goes to the next owner. One that returns has handled it.
   */
  readonly signal: AbortSignal
  /** 1 for the first call with this record. */
  readonly attempt: number
  /**
   * Commits what is done of this partition, this record included: call it after the work. Nothing is committed behind a
   * record that another handler has not finished. Without it this record counts as done when the handler returns.
   */
  readonly commit: (options?: CallOptions) => Promise<void>
}

export type Handler<K, V> = (record: ConsumerRecord<K, V>, context: HandlerContext) => unknown

/** What the consumer gives to a run. */
export interface RunSource {
  next(
    signal: AbortSignal,
    isFree: (topic: string, partition: number) => boolean,
  ): Promise<{ readonly batch: DeliveredBatch; readonly finished: () => void } | undefined>
  /** Announces a record. @returns to be called when it is done */
  add(record: DeliveredRecord): () => void
  done(batch: DeliveredBatch): void
  commit(batch: DeliveredBatch, options?: CallOptions): Promise<void>
  deadLetterProducer(): Producer<Uint8Array | string, Uint8Array | string>
  sleep(delayMs: number, signal: AbortSignal): Promise<void>
  readonly closing: AbortSignal
}

interface Resolved {
  readonly concurrency: number
  readonly order: Order
  readonly attempts: number
  readonly backoffMs: number
  readonly deadLetter: string | undefined
}

const BACKOFF_MAX_MS = 60_000

/** Resolves when the consumer closes or `signal` aborts, after running handlers have returned. */
export async function runHandlers(
  source: RunSource,
  options: RunOptions,
  handler: Handler<unknown, unknown>,
): Promise<void> {
  checkKeys('run', options, ['concurrency', 'order', 'retry', 'deadLetter', 'signal', 'timeoutMs'])
  const resolved: Resolved = {
    concurrency: numberOption('concurrency', options.concurrency, 1, { min: 1 }),
    order: choiceOption('order', options.order, 'partition', ['partition', 'key', 'none']),
    attempts: numberOption('retry.attempts', options.retry?.attempts, 1, { min: 1 }),
    backoffMs: numberOption('retry.backoffMs', options.retry?.backoffMs, 1_000, { min: 0 }),
    deadLetter: options.deadLetter?.topic,
  }
  const failed = new AbortController()
  const signals = [failed.signal, source.closing]
  if (options.signal !== undefined) signals.push(options.signal)
  if (options.timeoutMs !== undefined) signals.push(AbortSignal.timeout(options.timeoutMs))
  const ended = AbortSignal.any(signals)
  const run = new Run(source, resolved, handler, ended, failed)
  await run.all()
}

class Run {
  readonly #source: RunSource
  readonly #options: Resolved
  readonly #handler: Handler<unknown, unknown>
  readonly #ended: AbortSignal
  readonly #failed: AbortController
  #free: number
  #freeListeners: (() => void)[] = []
  readonly #busy = new Set<string>()
  readonly #tasks = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | undefined

  constructor(
    source: RunSource,
    options: Resolved,
    handler: Handler<unknown, unknown>,
    ended: AbortSignal,
    failed: AbortController,
  ) {
    this.#source = source
    this.#options = options
    this.#handler = handler
    this.#ended = ended
    this.#failed = failed
    this.#free = options.concurrency
  }

  async all(): Promise<void> {
    try {
      while (!this.#ended.aborted) {
        await this.#freePlace()
        // A partition that becomes free while we wait for another one's batch must be looked at again.
        const pause = new AbortController()
        this.#freeListeners.push(() => pause.abort())
        const signal = AbortSignal.any([this.#ended, pause.signal])
        const next = await this.#source.next(signal, (topic, partition) => !this.#busy.has(`${topic}/${partition}`))
        if (next === undefined) {
          if (!pause.signal.aborted) break
          continue
        }
        this.#begin(next.batch, next.finished)
      }
    } catch (error) {
      this.#fail(error)
    }
    await Promise.all(this.#tasks)
    if (this.#failure !== undefined) throw this.#failure.error
  }

  #begin(batch: DeliveredBatch, finished: () => void): void {
    const key = `${batch.topic}/${batch.partition}`
    if (this.#options.order !== 'none') this.#busy.add(key)
    const task = this.#batch(batch, finished)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#busy.delete(key)
        this.#tasks.delete(task)
        finished()
        this.#wake()
      })
    this.#tasks.add(task)
  }

  /** @param finished no handler works on the batch any more, but for those that have left */
  async #batch(batch: DeliveredBatch, finished: () => void): Promise<void> {
    const lanes = this.#lanesOf(batch)
    let open = lanes.length
    const outcomes = await Promise.all(
      lanes.map(async (lane) => {
        let isOpen = true
        const leave = (): void => {
          if (!isOpen) return
          isOpen = false
          if (--open === 0) finished()
        }
        try {
          return await this.#lane(lane, batch, leave)
        } finally {
          leave()
        }
      }),
    )
    if (outcomes.every(Boolean)) this.#source.done(batch)
  }

  /** Records that must come one after another, each with what to call when it is done. */
  #lanesOf(batch: DeliveredBatch): (readonly [DeliveredRecord, () => void])[][] {
    const records = [...batch].map((record) => [record, this.#source.add(record)] as const)
    if (this.#options.order === 'partition') return [records]
    if (this.#options.order === 'none') return records.map((each) => [each])
    const lanes = new Map<string, (readonly [DeliveredRecord, () => void])[]>()
    for (const each of records) {
      const key = each[0].rawKey?.toString('latin1') ?? ''
      const lane = lanes.get(key)
      if (lane === undefined) lanes.set(key, [each])
      else lane.push(each)
    }
    return [...lanes.values()]
  }

  /** @returns whether all records of the lane are done */
  async #lane(
    records: (readonly [DeliveredRecord, () => void])[],
    batch: DeliveredBatch,
    leave: () => void,
  ): Promise<boolean> {
    await this.#take()
    try {
      for (const [record, done] of records) {
        if (batch.signal.aborted || this.#ended.aborted) return false
        if (!(await this.#record(record, done, leave))) return false
        done()
      }
      return true
    } catch (error) {
      this.#fail(error)
      return false
    } finally {
      this.#give()
    }
  }

  /** @returns false when the record was given up because its partition is gone @throws the handler's last error */
  async #record(record: DeliveredRecord, done: () => void, leave: () => void): Promise<boolean> {
    const { batch } = record
    const { signal } = batch
    const commit = async (options?: CallOptions): Promise<void> => {
      done()
      await this.#source.commit(batch, options)
    }
    for (let attempt = 1; ; attempt++) {
      try {
        const context = { signal, attempt, commit }
        // Work that outlives the call must not speak for the next one.
        let isRunning = true
        const leaveCall = (): void => void (isRunning && leave())
        try {
          await callLeavable(this.#source.closing, leaveCall, this.#handler, record, context)
        } finally {
          isRunning = false
        }
        return true
      } catch (error) {
        if (signal.aborted) return false
        if (attempt >= this.#options.attempts) {
          if (this.#options.deadLetter === undefined) throw error
          await bury(this.#source.deadLetterProducer(), this.#options.deadLetter, record, error)
          return true
        }
        const delayMs = Math.min(BACKOFF_MAX_MS, this.#options.backoffMs * 2 ** (attempt - 1))
        const isCut = await this.#source.sleep(delayMs, AbortSignal.any([signal, this.#ended])).then(
          () => false,
          () => true,
        )
        if (isCut) return false
      }
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#failed.abort(new KafkaError('ABORTED', 'a handler failed', { cause: error }))
  }

  async #freePlace(): Promise<void> {
    while (this.#free <= 0 && !this.#ended.aborted) {
      await new Promise<void>((resolve) => {
        this.#freeListeners.push(resolve)
        if (this.#ended.aborted) resolve()
      })
    }
  }

  async #take(): Promise<void> {
    while (this.#free <= 0) await new Promise<void>((resolve) => this.#freeListeners.push(resolve))
    this.#free--
  }

  #give(): void {
    this.#free++
    this.#wake()
  }

  #wake(): void {
    for (const listener of this.#freeListeners.splice(0)) listener()
  }
}
