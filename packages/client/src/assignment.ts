/**
 * What of the group is ours: partitions are taken on (hook, committed offsets, then reading) and given back (reading ends,
 * the application hands back what it works on, last commit, hook). Rebalances come one after another.
 *
 * Invariant: a record of a partition is handed out only between the end of `onAssigned` and the start of its revocation.
 */
import { Assigned } from './assigned.ts'
import { abortable } from './calls.ts'
import type { Cluster } from './cluster.ts'
import type { Commits } from './commits.ts'
import type { ResolvedConsumerOptions } from './consumer-options.ts'
import { KafkaError } from './errors.ts'
import type { FetchLoop } from './fetch-loop.ts'
import { isObserved, observe, type Hooks } from './hooks.ts'
import { fetchOffsets } from './offset-commits.ts'
import type { ConsumerOptions, RebalanceHook } from './options.ts'
import { notAssigned } from './reading.ts'
import type { TopicPartition } from './record.ts'
import { callLeavable } from './leavable-call.ts'

export type RebalanceHooks = Pick<ConsumerOptions<unknown, unknown>, 'onAssigned' | 'onRevoked' | 'onLost'>

export interface AssignmentOwner {
  readonly loop: FetchLoop
  readonly commits: Commits
  /** Aborted when the consumer closes. */
  readonly closing: AbortSignal
  /** Of the close that is under way. */
  closeBound(): { readonly signal: AbortSignal; readonly handlersMs: number } | undefined
  generation(): number
  /** Reading cannot begin. */
  failed(error: KafkaError): void
}

export class Assignment {
  readonly #cluster: Cluster
  readonly #group: ResolvedConsumerOptions
  readonly #hooks: RebalanceHooks
  readonly #observers: Hooks | undefined
  readonly #owner: AssignmentOwner
  readonly #assigned = new Map<string, Assigned>()
  #listeners: ((assigned: Assigned) => void)[] = []
  /** Of the topics of assigned partitions, which a pattern may have found. */
  #stopWanting: (() => void) | undefined

  constructor(
    cluster: Cluster,
    group: ResolvedConsumerOptions,
    hooks: RebalanceHooks,
    observers: Hooks | undefined,
    owner: AssignmentOwner,
  ) {
    this.#cluster = cluster
    this.#group = group
    this.#hooks = hooks
    this.#observers = observers
    this.#owner = owner
  }

  get(topic: string, partition: number): Assigned | undefined {
    return this.#assigned.get(`${topic}/${partition}`)
  }

  /** @throws KafkaError `NOT_ASSIGNED` */
  require({ topic, partition }: TopicPartition): Assigned {
    const assigned = this.get(topic, partition)
    if (assigned === undefined) throw notAssigned(topic, partition)
    return assigned
  }

  all(): Iterable<Assigned> {
    return this.#assigned.values()
  }

  list(): TopicPartition[] {
    return [...this.#assigned.values()].map(identify)
  }

  /** Calls back when reading of a partition begins. @returns how to stop */
  onReading(listener: (assigned: Assigned) => void): () => void {
    this.#listeners.push(listener)
    return () => {
      this.#listeners = this.#listeners.filter((each) => each !== listener)
    }
  }

  setPaused(partitions: readonly TopicPartition[] | undefined, isPaused: boolean): void {
    const { loop } = this.#owner
    for (const each of partitions ?? this.list()) {
      const assigned = this.require(each)
      assigned.isPaused = isPaused
      const state = loop.fetcher.partition(assigned.topic, assigned.partition)
      if (state !== undefined) state.isPaused = isPaused
    }
    loop.wake()
  }

  /** Partitions are ours now: hook, committed offsets, then fetching. */
  async acquire(partitions: readonly TopicPartition[]): Promise<void> {
    const added = partitions.map(({ topic, partition }) => new Assigned(topic, partition))
    for (const assigned of added) this.#assigned.set(assigned.key, assigned)
    if (added.length === 0) return
    this.#observe('assigned', added)
    const stopWanting = this.#stopWanting
    this.#stopWanting = this.#cluster.want([...this.#assigned.values()].map((each) => each.topic))
    stopWanting?.()
    await this.#callHook('onAssigned', this.#hooks.onAssigned, added)
    // Not part of the rebalance: looking positions up may take as long as the coordinator needs to answer.
    this.#startReading(added).catch((error: unknown) => {
      if (!this.#owner.closing.aborted) this.#owner.failed(error as KafkaError)
    })
  }

  /** Partitions go: stop delivering, let handlers finish, commit, hook. After `lost` there is nothing to commit. */
  async release(partitions: readonly TopicPartition[], lost: boolean): Promise<void> {
    const gone = partitions.flatMap(({ topic, partition }) => this.get(topic, partition) ?? [])
    if (gone.length === 0) return
    const { loop, commits } = this.#owner
    const reason = new KafkaError(
      'ABORTED',
      lost ? 'the partition was lost to another member' : 'the partition was revoked',
    )
    for (const assigned of gone) {
      loop.remove(assigned.topic, assigned.partition)
      if (lost) assigned.isGone = true
      assigned.abort(reason)
    }
    this.#observe(lost ? 'lost' : 'revoked', gone)
    if (lost) {
      for (const assigned of gone) this.#assigned.delete(assigned.key)
      await this.#callHook('onLost', this.#hooks.onLost, gone)
      return
    }
    await this.#handBack(gone)
    await this.#callHook('onRevoked', this.#hooks.onRevoked, gone)
    if (this.#group.commit !== 'manual') {
      const bounds = { timeoutMs: this.#group.rebalanceTimeoutMs, signal: this.#owner.closeBound()?.signal }
      await commits
        .commitDone(() => gone, bounds)
        .catch((error: unknown) => {
          this.#cluster.options.logger.warn('commit before the revocation failed; records will be delivered again', {
            error,
          })
        })
    }
    for (const assigned of gone) {
      drop(assigned, reason)
      this.#assigned.delete(assigned.key)
    }
  }

  /**
   * Waits for the application to hand back what it works on. Once the consumer closes, only for handlers: a loop of the
   * application may be what called `close`.
   */
  async #handBack(gone: readonly Assigned[]): Promise<void> {
    const { closing } = this.#owner
    const { rebalanceTimeoutMs } = this.#group
    const idle = async (onlyHandlers: boolean): Promise<void> => {
      await Promise.all(gone.map(async (each) => await each.idle(onlyHandlers)))
    }
    if (!closing.aborted) {
      await this.#within(rebalanceTimeoutMs, Promise.race([idle(false), whenAborted(closing)]))
      if (!closing.aborted) return
    }
    await this.#within(Math.min(rebalanceTimeoutMs, this.#owner.closeBound()?.handlersMs ?? Infinity), idle(true))
  }

  /** The consumer is closed: nothing is ours any more. */
  end(): void {
    this.#stopWanting?.()
    for (const assigned of this.#assigned.values()) drop(assigned, new KafkaError('CLOSED', 'the consumer is closed'))
    this.#assigned.clear()
  }

  async #startReading(added: readonly Assigned[]): Promise<void> {
    await this.#startPositions(added)
    const { loop } = this.#owner
    for (const assigned of added) {
      if (assigned.signal.aborted || assigned.start === undefined) continue
      const state = loop.fetcher.add(assigned.topic, assigned.partition, assigned.start)
      state.isPaused = assigned.isPaused
      for (const listener of this.#listeners) listener(assigned)
    }
    loop.wake()
  }

  /** Reads the committed offsets of partitions that the application has not moved, for as long as they are ours. */
  async #startPositions(added: readonly Assigned[]): Promise<void> {
    const unknown = (): Assigned[] => added.filter((each) => each.start === undefined && !each.signal.aborted)
    if (unknown().length === 0) return
    const offsets = await this.#cluster.call(
      'committed offsets',
      { timeoutMs: Infinity, signal: this.#owner.closing },
      async (call) => {
        return await this.#cluster.retrying(call, async () => {
          const partitions = unknown()
          if (partitions.length === 0) return []
          return await fetchOffsets(this.#cluster, this.#group.groupId, partitions, true, call)
        })
      },
    )
    const byKey = new Map(offsets.map((each) => [`${each.topic}/${each.partition}`, each]))
    for (const assigned of unknown()) {
      const committed = byKey.get(assigned.key)
      if (committed !== undefined) {
        const offset = Number(committed.offset)
        assigned.start = { offset, epoch: committed.leaderEpoch ?? -1 }
        assigned.committedOffset = offset
        assigned.watermark.restart(offset)
        continue
      }
      const { topic, partition } = assigned
      const target = this.#owner.loop.fetcher.resetTarget(topic, partition, 'the group has no committed offset')
      if (KafkaError.is(target)) throw target
      assigned.start = target
    }
  }

  /** Calls a hook of the application within the rebalance timeout; its failure is logged and stops nothing. */
  async #callHook(name: string, hook: RebalanceHook | undefined, assigned: readonly Assigned[]): Promise<void> {
    if (hook === undefined) return
    const { groupId, rebalanceTimeoutMs } = this.#group
    const controller = new AbortController()
    const { signal } = controller
    const context = {
      signal,
      commit: async (): Promise<void> => await this.#owner.commits.commitDone(() => assigned, { signal }),
    }
    try {
      // A hook that closes its consumer would wait for itself: from then on it is not waited for.
      const running = new Promise<unknown>((resolve, reject) => {
        const result = callLeavable(
          this.#owner.closing,
          () => resolve(undefined),
          hook,
          assigned.map(identify),
          context,
        )
        Promise.resolve(result).then(resolve, reject)
      })
      const isInTime = await this.#within(rebalanceTimeoutMs, running)
      if (isInTime) return
      controller.abort(new KafkaError('TIMED_OUT', `${name} did not finish within the rebalance timeout`))
      this.#cluster.options.logger.warn(`${name} did not finish within the rebalance timeout`, { groupId })
    } catch (error) {
      this.#cluster.options.logger.error(`${name} failed`, { groupId, error })
    }
  }

  /** @returns whether `promise` settled in time; a rejection is passed on */
  async #within(timeoutMs: number, promise: Promise<unknown>): Promise<boolean> {
    const timeout = new AbortController()
    const alarm = this.#cluster.alarms.after(timeoutMs, () => timeout.abort(TIMEOUT))
    try {
      await abortable(promise, timeout.signal)
      return true
    } catch (error) {
      if (error === TIMEOUT) return false
      throw error
    } finally {
      this.#cluster.alarms.cancel(alarm)
    }
  }

  #observe(kind: 'assigned' | 'revoked' | 'lost', assigned: readonly Assigned[]): void {
    const { groupId } = this.#group
    const generation = this.#owner.generation()
    this.#cluster.options.logger.info(`partitions ${kind}`, {
      groupId,
      generation,
      partitions: assigned.map((each) => `${each.topic}-${each.partition}`),
    })
    if (!isObserved(this.#observers, 'rebalanced')) return
    observe(this.#observers, 'rebalanced', { groupId, kind, generation, partitions: assigned.map(identify) })
  }
}

const TIMEOUT = new Error('timeout')

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function drop(assigned: Assigned, reason: KafkaError): void {
  assigned.isGone = true
  assigned.abort(reason)
}

function identify({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition }
}
