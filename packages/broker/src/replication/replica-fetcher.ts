/**
 * Follows one leader: fetches what this node's followers lack, makes it durable, and fetches on. One request at a time,
 * for all partitions that follow this leader together.
 *
 *     fetch from each log's end → append, in the order received → fdatasync → fetch from the new ends
 *
 * The next fetch tells the leader how far this node has come. It leaves after the fdatasync, so that with the durable
 * default the leader counts only what would survive a power cut here.
 * Bound: one request in flight, `replica.fetch.response.max.bytes` of it in memory.
 * Source: `ReplicaFetcherThread` and `AbstractFetcherThread` of Apache Kafka; KIP-101, KIP-279, KIP-320, KIP-903.
 */
import type { Clock, Logger, Timer, Timers } from '@braidlog/base'
import { ErrorCode, errorName, type Uuid } from '@braidlog/model'
import {
  afterOutOfRange,
  EARLIEST_LOCAL_TIMESTAMP,
  LATEST_TIMESTAMP,
  type FollowerDecision,
  type FollowerPosition,
  type Partition,
} from '@braidlog/partition'
import type { FetchResponse, Input, FetchRequest } from '@braidlog/protocol'
import { PeerError, type PeerAddress, type Peers } from '@braidlog/raft'
import { FetcherSession, type SessionPartition } from './fetcher-session.ts'
import type { Throttle } from './throttles.ts'

export interface ReplicaFetcherOptions {
  readonly nodeId: number
  readonly brokerEpoch: () => number
  readonly peers: Peers
  /** Where the leader listens for other brokers; `undefined`: it does not, for now. */
  readonly leaderAddress: () => PeerAddress | undefined
  /** Newest Fetch and ListOffsets versions at the cluster's metadata.version. */
  readonly versions: () => { readonly fetch: number; readonly listOffsets: number }
  readonly settings: ReplicaFetchSettings
  /** Holds catching up back. */
  readonly throttle: Throttle
  /** Fetchers of one leader have connections of their own. */
  readonly purpose: string
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
}

export interface ReplicaFetchSettings {
  /** `replica.fetch.max.bytes`, for each partition */
  readonly partitionMaxBytes: number
  /** `replica.fetch.response.max.bytes` */
  readonly responseMaxBytes: number
  /** `replica.fetch.min.bytes` */
  readonly minBytes: number
  /** `replica.fetch.wait.max.ms` */
  readonly waitMaxMs: number
  /** `replica.fetch.backoff.ms` */
  readonly backoffMs: number
  /** `replica.socket.timeout.ms` */
  readonly requestTimeoutMs: number
  /** `num.replica.fetchers`: connections to each leader */
  readonly fetchersPerLeader: number
}

interface Followed {
  readonly partition: Partition
  /** Not fetched before, in the time of `Clock.monotonicMs`. */
  notBeforeMs: number
  /** The leader knows of another epoch: the metadata will tell. */
  awaitsMetadata: boolean
  /** It lacks what is committed, as far as is known. */
  isBehind: boolean
}

type FetchedPartition = FetchResponse['responses'][number]['partitions'][number]

/** From here on a follower says with which epoch it is registered (KIP-903). */
const REPLICA_STATE_MIN_VERSION = 15
const NO_RECORDS = new Uint8Array(0)

export class ReplicaFetcher {
  readonly #options: ReplicaFetcherOptions
  /** By `topic id partition`. */
  readonly #followed = new Map<string, Followed>()
  readonly #session = new FetcherSession()
  #running = false
  #stopped = false
  #round: Promise<void> = Promise.resolve()
  /** Ends a pause. */
  #wake: (() => void) | undefined

  constructor(options: ReplicaFetcherOptions) {
    this.#options = options
  }

  /** Partitions that are followed. */
  get size(): number {
    return this.#followed.size
  }

  /** Follows the partition from where its log ends; for one that is followed already, there is news of its leader. */
  follow(partition: Partition): void {
    this.#followed.set(keyOf(partition), { partition, notBeforeMs: -Infinity, awaitsMetadata: false, isBehind: true })
    this.#wake?.()
    if (!this.#running && !this.#stopped) void this.#run()
  }

  unfollow(partition: Partition): void {
    this.#followed.delete(keyOf(partition))
  }

  /** Resolves when the fetch that is under way has been answered, or given up. */
  async settled(): Promise<void> {
    await this.#round
  }

  stop(): void {
    this.#stopped = true
    this.#followed.clear()
    this.#wake?.()
  }

  async #run(): Promise<void> {
    this.#running = true
    try {
      while (!this.#stopped && this.#followed.size > 0) {
        await this.#settle()
        const wanted = this.#wanted()
        if (wanted.length === 0) await this.#pause(this.#nextMs() - this.#options.clock.monotonicMs())
        else await (this.#round = this.#fetchRound(wanted))
      }
    } finally {
      this.#running = false
    }
  }

  /**
   * What this node has appended as the leader, or as a follower of another one, may not be on its disk yet, and a fetch
   * from behind it would say that it is.
   */
  async #settle(): Promise<void> {
    const unsettled: Partition[] = []
    for (const { partition } of this.#followed.values()) if (!partition.isStored) unsettled.push(partition)
    if (unsettled.length > 0) await Promise.allSettled(unsettled.map((partition) => partition.settleStored()))
  }

  /** One fetch and all that follows from it. Errors end in a pause, never in an exception. */
  async #fetchRound(wanted: readonly SessionPartition[]): Promise<void> {
    const { logger, settings } = this.#options
    let response: FetchResponse | undefined
    try {
      response = await this.#fetch(wanted)
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      logger.debug('a leader could not be fetched from', { code: error.code, error })
    }
    if (response === undefined || response.errorCode !== ErrorCode.NONE) {
      this.#session.reset()
      if (response !== undefined && isSessionError(response.errorCode)) return
      await this.#pause(settings.backoffMs)
      return
    }
    this.#session.answered(response.sessionId)
    const appended: Partition[] = []
    for (const { topicId, partitions } of response.responses) {
      for (const fetched of partitions) {
        const asked = this.#session.get(topicId, fetched.partitionIndex)
        const followed = asked && this.#followed.get(`${topicId} ${fetched.partitionIndex}`)
        if (asked === undefined || followed === undefined) continue
        const { partition } = followed
        const endBefore = partition.log.logEndOffset
        const decision = partition.followed(asked.position, answerOf(fetched))
        this.#noteLag(followed, fetched)
        if (partition.log.logEndOffset > endBefore) appended.push(partition)
        if (decision.action !== 'append') await this.#act(followed, asked.position, decision, fetched.errorCode)
      }
    }
    // A failed disk is noticed by whoever owns it.
    await Promise.allSettled(appended.map((partition) => partition.settleStored()))
  }

  #noteLag(followed: Followed, { highWatermark, records }: FetchedPartition): void {
    const { throttle } = this.#options
    const { topic, partition, logEndOffset } = followed.partition.log
    if (followed.isBehind && throttle.covers(topic, partition)) throttle.record(records?.length ?? 0)
    followed.isBehind = highWatermark > logEndOffset
  }

  #isThrottled({ isBehind, partition: { log } }: Followed): boolean {
    const { throttle } = this.#options
    return isBehind && throttle.isExceeded && throttle.covers(log.topic, log.partition)
  }

  async #act(
    followed: Followed,
    position: FollowerPosition,
    decision: FollowerDecision,
    errorCode: number,
  ): Promise<void> {
    const { clock, logger, settings } = this.#options
    const { partition } = followed
    const { topic, partition: number } = partition.log
    switch (decision.action) {
      case 'truncate':
        logger.info('cutting off what the leader does not have', { topic, partition: number, offset: decision.offset })
        await this.#guarded(followed, () => partition.truncateFollower(position.leaderEpoch, decision.offset))
        return
      case 'find-range':
        await this.#guarded(followed, () => this.#findRange(followed, position))
        return
      case 'await-metadata':
        followed.awaitsMetadata = true
        return
      case 'retry':
        logger.debug('a partition could not be fetched', { topic, partition: number, error: errorName(errorCode) })
        followed.notBeforeMs = clock.monotonicMs() + settings.backoffMs
        return
      case 'append':
      case 'ask-again':
        return
      default:
        decision satisfies never
    }
  }

  /** What fails here is tried again after a pause. */
  async #guarded(followed: Followed, work: () => Promise<void>): Promise<void> {
    const { clock, logger, settings } = this.#options
    try {
      await work()
    } catch (error) {
      logger.warn('a follower could not be brought in line with its leader', {
        topic: followed.partition.log.topic,
        partition: followed.partition.log.partition,
        error,
      })
      followed.notBeforeMs = clock.monotonicMs() + settings.backoffMs
    }
  }

  async #findRange(followed: Followed, position: FollowerPosition): Promise<void> {
    const { partition } = followed
    const leader = {
      startOffset: await this.#listOffset(partition, position, EARLIEST_LOCAL_TIMESTAMP),
      endOffset: await this.#listOffset(partition, position, LATEST_TIMESTAMP),
    }
    const next = afterOutOfRange(leader, partition.log.logEndOffset)
    if (next === undefined) return
    const { topic, partition: number } = partition.log
    this.#options.logger.warn(`following again: ${next.action} at ${next.offset}`, { topic, partition: number })
    if (next.action === 'truncate') await partition.truncateFollower(position.leaderEpoch, next.offset)
    else await partition.restartFollower(position.leaderEpoch, next.offset)
  }

  async #listOffset(partition: Partition, position: FollowerPosition, timestamp: number): Promise<number> {
    const { nodeId, peers, purpose, settings, versions } = this.#options
    const { topic, partition: partitionIndex } = partition.log
    const response = await peers.request(
      this.#address(),
      'ListOffsets',
      {
        replicaId: nodeId,
        isolationLevel: 0,
        topics: [
          { name: topic, partitions: [{ partitionIndex, currentLeaderEpoch: position.leaderEpoch, timestamp }] },
        ],
      },
      { timeoutMs: settings.requestTimeoutMs, purpose, versionMax: versions().listOffsets },
    )
    const found = response.topics[0]?.partitions[0]
    if (found === undefined || found.errorCode !== ErrorCode.NONE || found.offset < 0) {
      throw new PeerError('MALFORMED', `the leader tells no offset: ${errorName(found?.errorCode ?? -1)}`)
    }
    return found.offset
  }

  async #fetch(wanted: readonly SessionPartition[]): Promise<FetchResponse> {
    const { nodeId, brokerEpoch, peers, purpose, settings, versions } = this.#options
    const address = this.#address()
    const versionMax = versions().fetch
    const { sessionId, sessionEpoch, fetched, forgotten } = this.#session.next(wanted)
    const request: Input<FetchRequest> = {
      ...(versionMax >= REPLICA_STATE_MIN_VERSION
        ? { replicaState: { replicaId: nodeId, replicaEpoch: brokerEpoch() } }
        : { replicaId: nodeId }),
      maxWaitMs: settings.waitMaxMs,
      minBytes: settings.minBytes,
      maxBytes: settings.responseMaxBytes,
      isolationLevel: 0,
      sessionId,
      sessionEpoch,
      topics: byTopic(fetched, ({ partition, position }) => ({
        partition,
        currentLeaderEpoch: position.leaderEpoch,
        fetchOffset: position.fetchOffset,
        lastFetchedEpoch: position.lastFetchedEpoch,
        logStartOffset: position.logStartOffset,
        partitionMaxBytes: settings.partitionMaxBytes,
      })),
      forgottenTopicsData: byTopic(forgotten, ({ partition }) => partition),
    }
    const timeoutMs = settings.requestTimeoutMs + settings.waitMaxMs
    // One round after the other: what the last one brought has been appended.
    return await peers.request(address, 'Fetch', request, { timeoutMs, purpose, versionMax, releasesAnswers: true })
  }

  #address(): PeerAddress {
    const address = this.#options.leaderAddress()
    if (address === undefined) throw new PeerError('UNREACHABLE', 'the leader does not listen for other brokers')
    return address
  }

  #wanted(): SessionPartition[] {
    const nowMs = this.#options.clock.monotonicMs()
    const wanted: SessionPartition[] = []
    for (const followed of this.#followed.values()) {
      const { partition, notBeforeMs, awaitsMetadata } = followed
      if (awaitsMetadata || notBeforeMs > nowMs || !partition.isStored || this.#isThrottled(followed)) continue
      const position = partition.followerPosition()
      const { topicId, partition: number } = partition.log
      if (position !== undefined) wanted.push({ topicId, partition: number, position })
    }
    return wanted
  }

  #nextMs(): number {
    const { clock, throttle } = this.#options
    let nextMs = Infinity
    for (const followed of this.#followed.values()) {
      if (followed.awaitsMetadata) continue
      const throttledMs = this.#isThrottled(followed) ? clock.monotonicMs() + throttle.delayMs : -Infinity
      nextMs = Math.min(nextMs, Math.max(followed.notBeforeMs, throttledMs))
    }
    return nextMs
  }

  /** Until there is news, or `delayMs` have passed. */
  async #pause(delayMs: number): Promise<void> {
    if (this.#stopped) return
    let timer: Timer | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      if (delayMs !== Infinity) timer = this.#options.timers.after(Math.max(delayMs, 1), resolve)
    })
    timer?.cancel()
    this.#wake = undefined
  }
}

function answerOf({ errorCode, highWatermark, logStartOffset, divergingEpoch, records }: FetchedPartition) {
  const diverges = divergingEpoch.epoch >= 0 || divergingEpoch.endOffset >= 0
  return {
    errorCode,
    highWatermark,
    logStartOffset,
    divergingEpoch: diverges ? { leaderEpoch: divergingEpoch.epoch, endOffset: divergingEpoch.endOffset } : undefined,
    records: records ?? NO_RECORDS,
  }
}

function keyOf({ log }: Partition): string {
  return `${log.topicId} ${log.partition}`
}

function isSessionError(errorCode: number): boolean {
  return (
    errorCode === ErrorCode.FETCH_SESSION_ID_NOT_FOUND ||
    errorCode === ErrorCode.INVALID_FETCH_SESSION_EPOCH ||
    errorCode === ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR
  )
}

function byTopic<T extends { readonly topicId: Uuid }, P>(
  partitions: readonly T[],
  one: (partition: T) => P,
): { topicId: Uuid; partitions: P[] }[] {
  const topics = new Map<Uuid, P[]>()
  for (const each of partitions) {
    const known = topics.get(each.topicId)
    if (known === undefined) topics.set(each.topicId, [one(each)])
    else known.push(one(each))
  }
  return [...topics].map(([topicId, group]) => ({ topicId, partitions: group }))
}
