/**
 * What to read from which broker, and what to make of the answers.
 *
 * A machine: `plan` says which requests to send now, the `on…` methods take what became of them, and what was
 * fetched is taken from the partitions in turn. One Fetch, one ListOffsets and one OffsetForLeaderEpoch is in flight per broker at most.
 *
 * Bounds: per partition `CHUNKS_AHEAD_MAX` answers; over all partitions that are not paused `prefetchBytes` (or this
 * reader's share of the client's memory), of which every broker has an equal part. Whole answers are counted, from their
 * arrival until the application asks for more than their last record; an answer may overshoot by one batch, which brokers
 * send whatever its size. A paused partition keeps what it has, in memory of its own, and is not fetched.
 */
import { ErrorCode, ZERO_UUID } from '@braidlog/model/nouns'
import type { FetchResponse, ListOffsetsResponse, OffsetForLeaderEpochResponse } from '@braidlog/protocol'
import { brokerError, errorNameOf, isRetriable, KafkaError } from '../errors.ts'
import { FetchedChunk } from './fetched-chunk.ts'
import { FetchedFrame } from './fetched-frame.ts'
import { FetchPartition, type LocateTarget, type Start } from './fetch-partition.ts'
import { FetchSession, type SessionPartition, type SessionRequest } from './fetch-session.ts'
import type { MetadataCache } from './metadata-cache.ts'

export type ResetPolicy = 'earliest' | 'latest' | 'none' | { readonly durationMs: number }

export interface FetcherOptions {
  readonly metadata: MetadataCache
  readonly isReadCommitted: boolean
  readonly autoOffsetReset: ResetPolicy
  readonly minBytes: number
  readonly maxWaitMs: number
  readonly maxBytes: number
  readonly maxPartitionBytes: number
  readonly prefetchBytes: number
  /** What the client's memory budget allows, at most. */
  readonly shareBytes: () => number
  /** How long a leader's word counts that another replica is to be read from. */
  readonly preferredMaxAgeMs: number
  readonly backoffMs: (failures: number) => number
  /** Wall clock, for `autoOffsetReset: { durationMs }`. */
  readonly wallClockMs: () => number
}

/** A partition in a request, with the version it had then. */
interface Asked {
  readonly state: FetchPartition
  readonly version: number
  readonly currentLeaderEpoch: number
}

export interface FetchPlan {
  readonly kind: 'fetch'
  readonly node: number
  readonly asked: readonly Asked[]
  readonly maxBytes: number
  /** Built when the version of the connection is known; to be called once. */
  readonly build: (hasSessions: boolean) => SessionRequest
}

export interface LocatePlan {
  readonly kind: 'locate'
  readonly node: number
  readonly asked: readonly (Asked & { readonly timestamp: number })[]
}

export interface ValidatePlan {
  readonly kind: 'validate'
  readonly node: number
  readonly asked: readonly (Asked & { readonly leaderEpoch: number })[]
}

export type Plan = FetchPlan | LocatePlan | ValidatePlan

const EARLIEST = -2
const LATEST = -1
const CHUNKS_AHEAD_MAX = 2

export class Fetcher {
  readonly #options: FetcherOptions
  readonly #partitions = new Map<string, FetchPartition>()
  /** Order of handing out; the first one comes next. */
  #turns: FetchPartition[] = []
  readonly #sessions = new Map<number, FetchSession>()
  /** `fetch/3`: a request of that kind to that node is in flight. */
  readonly #inFlight = new Set<string>()
  #needsMetadata = false

  constructor(options: FetcherOptions) {
    this.#options = options
  }

  /** @returns whether the metadata is known to be stale; asked once */
  takeNeedsMetadata(): boolean {
    const needs = this.#needsMetadata
    this.#needsMetadata = false
    return needs
  }

  get partitions(): readonly FetchPartition[] {
    return this.#turns
  }

  /** Memory of the answers of which something is buffered or with the application, but for paused partitions. */
  get heldBytes(): number {
    const frames = new Set<FetchedFrame>()
    let heldBytes = 0
    const hold = (frame: FetchedFrame): void => {
      if (frames.has(frame)) return
      frames.add(frame)
      heldBytes += frame.sizeBytes
    }
    for (const { isPaused, chunks, handedOut } of this.#turns) {
      if (handedOut !== undefined) hold(handedOut)
      if (!isPaused) for (const { frame } of chunks) hold(frame)
    }
    return heldBytes
  }

  partition(topic: string, partition: number): FetchPartition | undefined {
    return this.#partitions.get(`${topic}/${partition}`)
  }

  add(topic: string, partition: number, start: Start): FetchPartition {
    const state = new FetchPartition(topic, partition)
    state.moveTo(start)
    this.#partitions.set(`${topic}/${partition}`, state)
    this.#turns.push(state)
    return state
  }

  /** Forgets a partition and what was fetched of it. */
  remove(topic: string, partition: number): void {
    const key = `${topic}/${partition}`
    const state = this.#partitions.get(key)
    if (state === undefined) return
    state.version++
    state.moves++
    this.#partitions.delete(key)
    this.#turns = this.#turns.filter((each) => each !== state)
  }

  /** Where to start when there is no offset, or an error where the policy says to give up. */
  resetTarget(topic: string, partition: number, why: string): LocateTarget | KafkaError {
    const policy = this.#options.autoOffsetReset
    if (policy === 'earliest') return 'beginning'
    if (policy === 'latest') return 'end'
    if (policy === 'none') {
      return new KafkaError('NO_OFFSET', `${topic}-${partition}: ${why}, and autoOffsetReset is 'none'`, {
        details: [{ item: `${topic}-${partition}`, topic, partition, error: null }],
      })
    }
    return { timestamp: this.#options.wallClockMs() - policy.durationMs }
  }

  /** The partition whose turn it is among those that have something and are not paused; its turn is over then. */
  nextReady(isEligible: (state: FetchPartition) => boolean): FetchPartition | undefined {
    for (let i = 0; i < this.#turns.length; i++) {
      const state = this.#turns[i]!
      if (!isEligible(state)) continue
      this.#turns.splice(i, 1)
      this.#turns.push(state)
      return state
    }
    return undefined
  }

  /** A partition that cannot go on; each is reported once. */
  takeError(): KafkaError | undefined {
    for (const state of this.#turns) {
      if (state.error === undefined || state.chunks.length > 0 || state.isPaused) continue
      const { error } = state
      state.error = undefined
      return error
    }
    return undefined
  }

  /** Requests to send now. */
  plan(nowMs: number): Plan[] {
    const locate = new Map<number, FetchPartition[]>()
    const validate = new Map<number, FetchPartition[]>()
    const fetch = new Map<number, FetchPartition[]>()
    for (const state of this.#turns) {
      const metadata = this.#options.metadata.partition(state.topic, state.partition)
      if (metadata === undefined || metadata.leader < 0) {
        if (state.phase !== 'failed') this.#needsMetadata = true
        continue
      }
      this.#forgetPreferred(state, nowMs)
      // Asked at a broker that serves it no longer, which may be gone and never answer.
      const { busyWith } = state
      if (busyWith !== undefined && busyWith.node !== metadata.leader && busyWith.node !== state.preferred?.node) {
        state.busyWith = undefined
        state.version++
      }
      if (state.isPaused) for (const chunk of state.chunks) chunk.leaveFrame()
      state.topicId = this.#options.metadata.topic(state.topic)!.topicId
      if (state.phase === 'fetching' && state.fetchEpoch >= 0 && metadata.leaderEpoch > state.validatedEpoch) {
        state.phase = 'validating'
        state.version++
      }
      if (state.phase === 'validating' && metadata.leaderEpoch < 0) state.phase = 'fetching'
      if (state.busyWith !== undefined || state.retryAtMs > nowMs) continue
      switch (state.phase) {
        case 'locating':
          push(locate, metadata.leader, state)
          break
        case 'validating':
          push(validate, metadata.leader, state)
          break
        case 'fetching':
          push(fetch, state.preferred?.node ?? metadata.leader, state)
          break
        case 'failed':
          break
        default:
          state.phase satisfies never
      }
    }
    const plans: Plan[] = []
    for (const [node, states] of locate) this.#planLocate(node, states, plans)
    for (const [node, states] of validate) this.#planValidate(node, states, plans)
    const share = Math.floor(this.#limitBytes / Math.max(1, fetch.size))
    for (const [node, states] of fetch) this.#planFetch(node, states, share, plans)
    return plans
  }

  /** When `plan` will have something to do by itself. */
  nextDeadlineMs(nowMs: number): number {
    let next = Infinity
    for (const state of this.#turns) {
      if (state.phase === 'failed' || state.busyWith !== undefined || state.retryAtMs <= nowMs) continue
      next = Math.min(next, state.retryAtMs)
    }
    return next
  }

  /** @returns partitions whose answer carries a leader that the caller should learn (KIP-951) */
  onFetch(
    plan: FetchPlan,
    response: FetchResponse,
    nowMs: number,
  ): { topic: string; partition: number; leader: { leaderId: number; leaderEpoch: number } }[] {
    this.#landed(plan)
    const leaders: { topic: string; partition: number; leader: { leaderId: number; leaderEpoch: number } }[] = []
    const session = this.#sessionOf(plan.node)
    if (!session.answered(response.errorCode, response.sessionId)) {
      if (isUnexpected(response.errorCode)) this.#retry(plan.asked, nowMs)
      return leaders
    }
    let frame: FetchedFrame | undefined
    const asked = new Map(plan.asked.map((each) => [`${each.state.topic}/${each.state.partition}`, each]))
    for (const topic of response.responses) {
      const name = topic.topicId === ZERO_UUID ? topic.topic : this.#nameOf(topic.topicId, plan)
      if (name === undefined) continue
      for (const answer of topic.partitions) {
        const question = asked.get(`${name}/${answer.partitionIndex}`)
        if (question === undefined || question.version !== question.state.version) continue
        if (answer.errorCode !== ErrorCode.NONE && answer.currentLeader.leaderId >= 0) {
          leaders.push({ topic: name, partition: answer.partitionIndex, leader: answer.currentLeader })
        }
        if (answer.records !== null) frame ??= new FetchedFrame(answer.records.buffer.byteLength)
        if (answer.errorCode !== ErrorCode.NONE && this.#turnToLeader(question, nowMs)) continue
        this.#onPartition(question, answer, frame, nowMs)
      }
    }
    return leaders
  }

  /** The leader is known now: no reason to pause. */
  retryNow(topic: string, partition: number): void {
    const state = this.partition(topic, partition)
    if (state !== undefined) state.retryAtMs = -Infinity
  }

  /** There was no answer. */
  onFailed(plan: Plan, nowMs: number): void {
    this.#landed(plan)
    if (plan.kind === 'fetch') {
      this.#sessionOf(plan.node).failed()
      for (const { state } of plan.asked) if (state.preferred?.node === plan.node) state.preferred = undefined
    }
    this.#retry(plan.asked, nowMs)
    this.#needsMetadata = true
  }

  /** The broker does not serve OffsetForLeaderEpoch: positions are taken on trust. */
  onCannotValidate(plan: ValidatePlan): void {
    this.#landed(plan)
    for (const { state, version, currentLeaderEpoch } of plan.asked) {
      if (state.version === version) this.#validated(state, currentLeaderEpoch)
    }
  }

  onLocated(plan: LocatePlan, response: ListOffsetsResponse, nowMs: number): void {
    this.#landed(plan)
    for (const question of plan.asked) {
      const { state } = question
      if (state.version !== question.version) continue
      const answer = response.topics
        .find((each) => each.name === state.topic)
        ?.partitions.find((each) => each.partitionIndex === state.partition)
      if (answer === undefined || answer.errorCode !== ErrorCode.NONE) {
        this.#onError(state, answer?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR, nowMs)
      } else if (answer.offset < 0) {
        // No record is that late: the end it is.
        state.locate('end')
      } else {
        state.located(answer.offset, answer.leaderEpoch)
        state.validatedEpoch = question.currentLeaderEpoch
      }
    }
  }

  onValidated(plan: ValidatePlan, response: OffsetForLeaderEpochResponse, nowMs: number): void {
    this.#landed(plan)
    for (const question of plan.asked) {
      const { state } = question
      if (state.version !== question.version || state.phase !== 'validating') continue
      const answer = response.topics
        .find((each) => each.topic === state.topic)
        ?.partitions.find((each) => each.partition === state.partition)
      if (answer === undefined || answer.errorCode !== ErrorCode.NONE) {
        this.#onError(state, answer?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR, nowMs)
      } else if (answer.endOffset < 0 || answer.leaderEpoch < 0) {
        this.#reset(state, 'the leader knows nothing of the epoch that was read last')
      } else if (answer.endOffset < state.fetchOffset) {
        this.#truncated(state, answer.endOffset, answer.leaderEpoch)
      } else this.#validated(state, question.currentLeaderEpoch)
    }
  }

  #onPartition(
    { state, currentLeaderEpoch }: Asked,
    answer: FetchResponse['responses'][number]['partitions'][number],
    frame: FetchedFrame | undefined,
    nowMs: number,
  ): void {
    if (answer.errorCode !== ErrorCode.NONE) return this.#onError(state, answer.errorCode, nowMs)
    state.failures = 0
    state.highWatermark = answer.highWatermark
    state.lastStableOffset = answer.lastStableOffset
    state.logStartOffset = answer.logStartOffset
    const { divergingEpoch } = answer
    if (divergingEpoch.epoch >= 0 && divergingEpoch.endOffset >= 0) {
      return this.#truncated(state, divergingEpoch.endOffset, divergingEpoch.epoch)
    }
    // The leader of that epoch has what we asked for: nothing was cut off below.
    state.validatedEpoch = Math.max(state.validatedEpoch, currentLeaderEpoch)
    if (answer.preferredReadReplica >= 0) {
      state.preferred = { node: answer.preferredReadReplica, untilMs: nowMs + this.#options.preferredMaxAgeMs }
    }
    if (answer.records === null || answer.records.length === 0 || frame === undefined) return
    const chunk = new FetchedChunk({
      topic: state.topic,
      partition: state.partition,
      bytes: answer.records,
      frame,
      fetchOffset: state.fetchOffset,
      highWatermark: answer.highWatermark,
      aborted: this.#options.isReadCommitted ? (answer.abortedTransactions ?? []) : undefined,
    })
    if (chunk.sizeBytes > 0) return state.push(chunk)
    state.fail(
      new KafkaError(
        'CORRUPT_BATCH',
        `${state.topic}-${state.partition}: no whole batch at offset ${state.fetchOffset}`,
      ),
    )
  }

  #onError(state: FetchPartition, code: number, nowMs: number): void {
    if (code === ErrorCode.OFFSET_OUT_OF_RANGE) {
      return this.#reset(state, `offset ${state.fetchOffset} is out of range`)
    }
    const name = errorNameOf(code)
    if (isRetriable(name) || code === ErrorCode.UNKNOWN_SERVER_ERROR) {
      state.failures++
      state.retryAtMs = nowMs + this.#options.backoffMs(state.failures)
      this.#needsMetadata = true
      return
    }
    const { topic, partition } = state
    state.fail(
      brokerError(code, `${topic}-${partition}`, null, {
        details: [{ item: `${topic}-${partition}`, topic, partition, error: null }],
      }),
    )
  }

  /** From time to time the leader is asked anew, and whenever the other replica is not there. */
  #forgetPreferred(state: FetchPartition, nowMs: number): void {
    const { preferred } = state
    if (preferred === undefined) return
    const isGone = !this.#options.metadata.brokers.has(preferred.node)
    // A request under way is not lost because time is up.
    if (isGone || (preferred.untilMs <= nowMs && state.busyWith === undefined)) state.preferred = undefined
  }

  /**
   * What another replica cannot serve, the leader may: a follower that lags behind does not have every offset.
   * @returns false: the leader itself has been asked
   */
  #turnToLeader({ state }: Asked, nowMs: number): boolean {
    if (state.preferred === undefined) return false
    state.preferred = undefined
    state.failures++
    state.retryAtMs = nowMs + this.#options.backoffMs(state.failures)
    this.#needsMetadata = true
    return true
  }

  #reset(state: FetchPartition, why: string): void {
    const target = this.resetTarget(state.topic, state.partition, why)
    if (KafkaError.is(target)) state.fail(target)
    else state.locate(target)
  }

  /** The log ends, for the epoch that was read last, before our position: records that we have read are gone (KIP-320). */
  #truncated(state: FetchPartition, endOffset: number, epoch: number): void {
    if (this.#options.autoOffsetReset === 'none') {
      const { topic, partition } = state
      const message = `${topic}-${partition}: the log was truncated to ${endOffset}, below ${state.fetchOffset}`
      const details = [{ item: `${topic}-${partition}`, topic, partition, offset: BigInt(endOffset), error: null }]
      return state.fail(new KafkaError('LOG_TRUNCATED', message, { details }))
    }
    state.truncate(endOffset, epoch)
  }

  #validated(state: FetchPartition, epoch: number): void {
    state.validatedEpoch = epoch
    state.phase = 'fetching'
    state.failures = 0
  }

  #planLocate(node: number, states: readonly FetchPartition[], plans: Plan[]): void {
    if (this.#inFlight.has(`locate/${node}`)) return
    const asked = states.map((state) => ({ ...this.#ask(state), timestamp: timestampOf(state.target) }))
    this.#depart({ kind: 'locate', node, asked }, plans)
  }

  #planValidate(node: number, states: readonly FetchPartition[], plans: Plan[]): void {
    if (this.#inFlight.has(`validate/${node}`)) return
    const asked = states.map((state) => ({ ...this.#ask(state), leaderEpoch: state.fetchEpoch }))
    this.#depart({ kind: 'validate', node, asked }, plans)
  }

  get #limitBytes(): number {
    return Math.min(this.#options.prefetchBytes, this.#options.shareBytes())
  }

  /** How much may be fetched now by a broker with that share. */
  #freeBytes(shareBytes: number, neededBytes: number): number {
    const limitBytes = this.#limitBytes
    let freeBytes = Math.min(shareBytes, limitBytes - this.heldBytes)
    if (freeBytes >= neededBytes) return freeBytes
    // What is left of large answers need not hold all of them.
    for (const { chunks } of this.#turns) for (const chunk of chunks) chunk.leaveFrame()
    freeBytes = Math.min(shareBytes, limitBytes - this.heldBytes)
    return freeBytes
  }

  #planFetch(node: number, states: readonly FetchPartition[], shareBytes: number, plans: Plan[]): void {
    if (this.#inFlight.has(`fetch/${node}`)) return
    const wanted = states.filter((state) => !state.isPaused && state.chunks.length < CHUNKS_AHEAD_MAX)
    if (wanted.length === 0) return
    const maxPartitionBytes = Math.min(this.#options.maxPartitionBytes, shareBytes)
    const freeBytes = this.#freeBytes(shareBytes, maxPartitionBytes)
    if (freeBytes < maxPartitionBytes) return
    const session = this.#sessionOf(node)
    const asked = wanted.map((state) => this.#ask(state))
    const partitions = wanted.map((state): SessionPartition => ({
      topic: state.topic,
      topicId: state.topicId,
      partition: state.partition,
      fetchOffset: state.fetchOffset,
      currentLeaderEpoch: this.#leaderEpochOf(state),
      // A follower may lag behind without its log being another one.
      lastFetchedEpoch: state.preferred === undefined ? state.fetchEpoch : -1,
      partitionMaxBytes: maxPartitionBytes,
    }))
    this.#depart(
      {
        kind: 'fetch',
        node,
        asked,
        maxBytes: Math.min(this.#options.maxBytes, freeBytes),
        build: (hasSessions) => session.build(partitions, hasSessions),
      },
      plans,
    )
  }

  #depart(plan: Plan, plans: Plan[]): void {
    this.#inFlight.add(`${plan.kind}/${plan.node}`)
    for (const { state } of plan.asked) state.busyWith = plan
    plans.push(plan)
  }

  #landed(plan: Plan): void {
    this.#inFlight.delete(`${plan.kind}/${plan.node}`)
    for (const { state } of plan.asked) if (state.busyWith === plan) state.busyWith = undefined
  }

  #retry(asked: readonly Asked[], nowMs: number): void {
    for (const { state, version } of asked) {
      if (state.version !== version) continue
      state.failures++
      state.retryAtMs = nowMs + this.#options.backoffMs(state.failures)
    }
  }

  #sessionOf(node: number): FetchSession {
    let session = this.#sessions.get(node)
    if (session === undefined) this.#sessions.set(node, (session = new FetchSession()))
    return session
  }

  #ask(state: FetchPartition): Asked {
    return { state, version: state.version, currentLeaderEpoch: this.#leaderEpochOf(state) }
  }

  #leaderEpochOf(state: FetchPartition): number {
    return this.#options.metadata.partition(state.topic, state.partition)?.leaderEpoch ?? -1
  }

  #nameOf(topicId: FetchPartition['topicId'], plan: FetchPlan): string | undefined {
    return plan.asked.find((each) => each.state.topicId === topicId)?.state.topic
  }
}

function timestampOf(target: LocateTarget): number {
  if (target === 'beginning') return EARLIEST
  if (target === 'end') return LATEST
  return target.timestamp
}

/** Everything but the two that only mean "start the session over". */
function isUnexpected(code: number): boolean {
  return code !== ErrorCode.FETCH_SESSION_ID_NOT_FOUND && code !== ErrorCode.INVALID_FETCH_SESSION_EPOCH
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
