/**
 * What a producer does once records are in batches: it has them compressed, sends what the {@link Accumulator} drains, and
 * tells it what became of each batch. Decides nothing about batches, order or numbering.
 *
 * Runs in turns of the event loop: whatever happens asks for one by `schedule`, and all that happened meanwhile is dealt
 * with at once.
 */
import { ErrorCode } from '@braidlog/model/nouns'
import type { ProduceResponse } from '@braidlog/protocol'
import type { Alarm } from './alarms.ts'
import type { Cluster } from './cluster.ts'
import type { Purpose } from './connection.ts'
import type { Accumulator, Slots } from './core/accumulator.ts'
import { lookPauseMs, OpenRequests, type OpenRequest } from './core/open-requests.ts'
import type { ProducerBatch } from './core/producer-batch.ts'
import { errorNameOf, isRetriable, KafkaError } from './errors.ts'
import { isObserved, observe, type Hooks } from './hooks.ts'
import { sendError } from './outgoing.ts'
import { answerOf, requestBody } from './produce-request.ts'
import { newProducerIdentity } from './producer-identity.ts'
import type { ResolvedProducerOptions } from './producer-options.ts'

/** What the sender asks the producer for in each turn. */
export interface TurnOwner {
  /** Moves records that waited into batches, as far as there is room. */
  admit(nowMs: number): void
  /** Records are on their way to a batch. */
  hasWaiting(): boolean
  /** Somebody waits: nothing lingers. */
  isHurried(): boolean
  /** When `admit` has something to give up. */
  deadlineMs(): number
  /** The turn is over. */
  turned(): void
}

/** A request that may be given up before its answer. */
interface AwaitedRequest extends OpenRequest {
  readonly batches: readonly ProducerBatch[]
  /** Set while an answer is awaited. */
  giveUp: ((error: KafkaError) => void) | undefined
}

/** After this part of the request timeout, but no more than that, others are asked who leads. */
const PATIENCE_PART = 1 / 10
const PATIENCE_MS_MAX = 1_000
/** The last version of Produce that names topics; the next one wants their ids. */
const PRODUCE_VERSION_BY_NAME_MAX = 12

export class Sender {
  readonly #cluster: Cluster
  readonly #options: ResolvedProducerOptions
  readonly #accumulator: Accumulator
  readonly #hooks: Hooks | undefined
  readonly #owner: TurnOwner
  readonly #purpose: Purpose
  readonly #inFlight = new Map<number, number>()
  readonly #awaited: OpenRequests<AwaitedRequest>
  readonly #connecting = new Set<number>()
  #isScheduled = false
  #isEnded = false
  #identityRequested = false
  #hasEverRequestedIdentity = false
  #alarm: Alarm | undefined
  #alarmAtMs = Infinity

  constructor(
    cluster: Cluster,
    options: ResolvedProducerOptions,
    accumulator: Accumulator,
    hooks: Hooks | undefined,
    owner: TurnOwner,
  ) {
    this.#cluster = cluster
    this.#options = options
    this.#accumulator = accumulator
    this.#hooks = hooks
    this.#owner = owner
    this.#purpose = `produce-${cluster.newOwner()}`
    this.#awaited = new OpenRequests(Math.min(PATIENCE_MS_MAX, cluster.options.requestTimeoutMs * PATIENCE_PART))
  }

  /** A turn is due. */
  schedule(): void {
    if (this.#isScheduled || this.#isEnded) return
    this.#isScheduled = true
    this.#cluster.environment.nextTurn(() => {
      this.#isScheduled = false
      this.#turn()
    })
  }

  end(): void {
    this.#isEnded = true
    this.#cluster.alarms.cancel(this.#alarm)
    this.#cluster.disconnect(this.#purpose)
  }

  /** Sends what can be sent. */
  #turn(): void {
    if (this.#isEnded) return
    const nowMs = this.#cluster.nowMs()
    const accumulator = this.#accumulator
    accumulator.expire(nowMs)
    this.#lookForLeaders(nowMs)
    // The first time beside the metadata of the first topic: one round trip less until the first record is there.
    if (this.#options.idempotence && !this.#hasEverRequestedIdentity && this.#owner.hasWaiting()) {
      this.#requestIdentity()
    }
    for (;;) {
      this.#owner.admit(nowMs)
      if (accumulator.needsIdentity) {
        this.#requestIdentity()
        for (const node of accumulator.nodes()) this.#isConnected(node)
        break
      }
      const { requests, leaderless } = accumulator.drain(nowMs, this.#slots, this.#owner.isHurried())
      for (const { node, batches } of requests) void this.#send(node, batches)
      if (leaderless.size > 0) this.#cluster.refreshSoon()
      if (requests.length === 0) break
    }
    for (const batch of accumulator.takeUncompressed()) void this.#compress(batch)
    this.#owner.turned()
    this.#arm(nowMs)
  }

  readonly #slots: Slots = {
    isFree: (node) => this.#isConnected(node) && (this.#inFlight.get(node) ?? 0) < this.#options.maxInFlight,
    take: (node) => this.#inFlight.set(node, (this.#inFlight.get(node) ?? 0) + 1),
  }

  /**
   * A batch is bound to a broker only when there is a connection: while one that is gone does not answer, the leader may
   * be known to be elsewhere already.
   */
  #isConnected(node: number): boolean {
    if (this.#cluster.openConnection(node, this.#purpose) !== undefined) return true
    if (!this.#connecting.has(node)) void this.#connect(node)
    return false
  }

  /** Never rejects. */
  async #connect(node: number): Promise<void> {
    this.#connecting.add(node)
    const startedMs = this.#cluster.nowMs()
    // Attempts to connect are made ever less often; a new leader is known long before the old one is back.
    const look = (): Alarm =>
      this.#cluster.alarms.after(lookPauseMs(this.#cluster.nowMs() - startedMs), () => {
        this.#cluster.refreshSoon({ isDoubtful: true })
        looking = look()
      })
    let looking = look()
    try {
      const timeoutMs = this.#cluster.options.requestTimeoutMs
      await this.#cluster.call('produce', { timeoutMs }, async (call) => {
        await this.#cluster.connect({ node }, this.#purpose, call)
      })
    } catch (error) {
      this.#accumulator.unreachable(node, sendError(error))
      if (!this.#cluster.isClosed) this.#cluster.refreshSoon({ isDoubtful: true })
    }
    this.#cluster.alarms.cancel(looking)
    this.#connecting.delete(node)
    this.schedule()
  }

  /** Never rejects. */
  async #compress(batch: ProducerBatch): Promise<void> {
    try {
      this.#accumulator.compressed(batch, await batch.builder!.compressRecords())
    } catch (error) {
      this.#accumulator.compressed(batch, sendError(error))
    }
    this.schedule()
  }

  /** Sends one Produce request and reports what becomes of each batch. Never rejects. */
  async #send(node: number, batches: readonly ProducerBatch[]): Promise<void> {
    try {
      const timeoutMs = this.#cluster.options.requestTimeoutMs
      const { acks } = this.#options
      const { codecs } = this.#cluster.environment
      const records = batches.map((batch) => batch.seal(codecs))
      const connection =
        this.#cluster.openConnection(node, this.#purpose) ??
        (await this.#cluster.call('produce', { timeoutMs }, async (call) => {
          return await this.#cluster.connect({ node }, this.#purpose, call)
        }))
      const { body, hasIds } = requestBody(batches, records, this.#cluster.metadata)
      const versionMax = hasIds ? Infinity : PRODUCE_VERSION_BY_NAME_MAX
      if (acks === 0) {
        connection.send('Produce', { ...body, acks, timeoutMs })
        for (const batch of batches) this.#accumulator.acknowledged(batch, -1, -1)
        return
      }
      const answer = connection.request('Produce', { ...body, acks, timeoutMs }, { timeoutMs, versionMax })
      this.#settle(batches, await this.#await(node, batches, answer))
    } catch (error) {
      this.#unanswered(batches, sendError(error))
    } finally {
      this.#inFlight.set(node, this.#inFlight.get(node)! - 1)
      this.schedule()
    }
  }

  /** The answer, unless the request is given up before. */
  async #await(
    node: number,
    batches: readonly ProducerBatch[],
    answer: Promise<ProduceResponse>,
  ): Promise<ProduceResponse> {
    // Without idempotence a second request might double what the first one has stored.
    if (!this.#options.idempotence) return await answer
    const request: AwaitedRequest = { node, sentMs: this.#cluster.nowMs(), batches, giveUp: undefined }
    this.#awaited.add(request)
    try {
      return await new Promise((resolve, reject) => {
        request.giveUp = reject
        answer.then(resolve, reject)
      })
    } finally {
      this.#awaited.delete(request)
    }
  }

  /** Asks who leads while answers are overdue, and gives up what waits for a broker that does not lead any more. */
  #lookForLeaders(nowMs: number): void {
    const { isOverdue, moved } = this.#awaited.look(nowMs, this.#leaderOf)
    if (isOverdue) this.#cluster.refreshSoon({ isDoubtful: true })
    for (const { node, sentMs, giveUp } of moved) {
      const waitedMs = Math.round(nowMs - sentMs)
      giveUp?.(
        new KafkaError('TIMED_OUT', `Produce to broker ${node}: no answer for ${waitedMs} ms, and it leads no more`),
      )
    }
  }

  readonly #leaderOf = (topic: string, partition: number): number =>
    this.#cluster.metadata.partition(topic, partition)?.leader ?? -1

  #settle(batches: readonly ProducerBatch[], response: ProduceResponse): void {
    const nowMs = this.#cluster.nowMs()
    let isStale = false
    for (const batch of batches) {
      const answer = answerOf(batch, response, this.#cluster.metadata)
      if (answer === undefined) {
        const error = new KafkaError('PROTOCOL_VIOLATION', `Produce: no answer about ${batch.topic}-${batch.partition}`)
        this.#accumulator.unanswered(batch, error, nowMs)
        continue
      }
      const { errorCode } = answer
      if (errorCode === ErrorCode.NONE) {
        this.#observe(batch, undefined)
        this.#accumulator.acknowledged(batch, answer.baseOffset, answer.logAppendTimeMs)
        continue
      }
      const { topic, partition } = batch
      const hasNewLeader =
        answer.currentLeader.leaderId >= 0 &&
        this.#cluster.learnLeader(topic, partition, answer.currentLeader, response.nodeEndpoints)
      if (!hasNewLeader && isRetriable(errorNameOf(errorCode))) isStale = true
      this.#observe(batch, errorNameOf(errorCode))
      this.#cluster.options.logger.debug('produce refused', {
        topic: batch.topic,
        partition: batch.partition,
        code: errorNameOf(errorCode),
        attempts: batch.attempts,
      })
      this.#accumulator.rejected(
        batch,
        { code: errorCode, message: answer.errorMessage, recordErrors: answer.recordErrors, hasNewLeader },
        nowMs,
      )
    }
    if (isStale) this.#cluster.refreshSoon({ isDoubtful: true })
  }

  #unanswered(batches: readonly ProducerBatch[], error: KafkaError): void {
    const nowMs = this.#cluster.nowMs()
    for (const batch of batches) {
      this.#observe(batch, error.code)
      this.#accumulator.unanswered(batch, error, nowMs)
    }
    if (error.retriable && !this.#cluster.isClosed) this.#cluster.refreshSoon({ isDoubtful: true })
  }

  #observe(batch: ProducerBatch, error: string | undefined): void {
    if (!isObserved(this.#hooks, 'produced')) return
    const { topic, partition, recordCount, sizeBytes, attempts } = batch
    observe(this.#hooks, 'produced', { topic, partition, records: recordCount, sizeBytes, attempts, error })
  }

  #requestIdentity(): void {
    if (this.#identityRequested) return
    this.#identityRequested = true
    this.#hasEverRequestedIdentity = true
    newProducerIdentity(this.#cluster, this.#options.deliveryTimeoutMs)
      .then(
        (identity) => this.#accumulator.setIdentity(identity),
        (error: unknown) => {
          // Without an id nothing can be sent; what waits says why, what comes later tries again.
          if (!this.#isEnded) this.#accumulator.failAll(sendError(error))
        },
      )
      .finally(() => {
        this.#identityRequested = false
        this.schedule()
      })
      .catch(() => {})
  }

  #arm(nowMs: number): void {
    const atMs = Math.min(this.#accumulator.nextDeadlineMs(nowMs), this.#owner.deadlineMs(), this.#awaited.nextLookMs)
    if (atMs === this.#alarmAtMs && atMs > nowMs) return
    this.#cluster.alarms.cancel(this.#alarm)
    this.#alarm = undefined
    this.#alarmAtMs = atMs
    if (atMs === Infinity) return
    this.#alarm = this.#cluster.alarms.after(Math.max(0, atMs - nowMs), () => {
      this.#alarmAtMs = Infinity
      this.#turn()
    })
  }
}
