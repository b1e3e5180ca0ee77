/**
 * Incremental fetch sessions (KIP-227): the broker remembers what a consumer fetches, so that a request names only what
 * changed and a response only what is new.
 *
 * | request (session id, epoch) | meaning                                                             |
 * |-----------------------------|---------------------------------------------------------------------|
 * | any, -1                     | full fetch without a session; a session of that id ends             |
 * | any, 0                      | full fetch; a session of that id ends, a new one begins if it may   |
 * | id, n > 0                   | incremental; n must be the epoch the session expects, which grows   |
 *
 * Invariants: at most `sessionsMax` sessions; a session's partitions keep an order that rotates, what returned data goes
 * to the end, so that no partition starves another (KIP-74). A full cache makes room for a newcomer only by what has
 * not been used for two minutes, or by a smaller session that has lived that long; else the newcomer goes without.
 */
import { below, type Random } from '@braidlog/base'
import { ErrorCode, type Uuid } from '@braidlog/model'
import type { FetchRequest } from '@braidlog/protocol'

/** One partition as a fetch asks for it, and what its session has told the client. */
export interface FetchPartition {
  /** Name as asked for; '' when asked by id. */
  readonly topic: string
  /** Id as asked for; zero when asked by name. */
  readonly topicId: Uuid
  readonly partition: number
  fetchOffset: number
  maxBytes: number
  currentLeaderEpoch: number
  lastFetchedEpoch: number
  /** Of a follower's log. */
  logStartOffset: number
  /** What the last response said; -1: nothing, or an error. */
  toldHighWatermark: number
  toldLogStartOffset: number
}

interface Session {
  readonly id: number
  readonly usesTopicIds: boolean
  readonly partitions: Map<string, FetchPartition>
  readonly createdMs: number
  lastUsedMs: number
  nextEpoch: number
}

/** What one fetch request is to read, and how it is answered. */
export interface FetchContext {
  readonly errorCode: ErrorCode
  /** 0: none. */
  readonly sessionId: number
  /** In the order in which they are read. */
  readonly partitions: readonly FetchPartition[]
  /** Only what changed is answered. */
  readonly incremental: boolean
}

const FINAL_EPOCH = -1
const INITIAL_EPOCH = 0
/** How long a session is safe from being evicted for a newcomer. */
const EVICTION_MS = 120_000
const EPOCH_MAX = 2 ** 31 - 1

const NOTHING: readonly FetchPartition[] = []

export class FetchSessions {
  readonly #sessionsMax: number
  readonly #random: Random
  /** Least recently used first. */
  readonly #sessions = new Map<number, Session>()
  evicted = 0

  constructor(sessionsMax: number, random: Random) {
    this.#sessionsMax = sessionsMax
    this.#random = random
  }

  get size(): number {
    return this.#sessions.size
  }

  /** @param usesTopicIds the request names topics by id (v13+) */
  open(request: FetchRequest, usesTopicIds: boolean, nowMs: number): FetchContext {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      if (sessionId !== 0) this.#sessions.delete(sessionId)
      const partitions = partitionsOf(request)
      const id = sessionEpoch === INITIAL_EPOCH ? this.#create(partitions, usesTopicIds, nowMs) : 0
      return { errorCode: ErrorCode.NONE, sessionId: id, partitions, incremental: false }
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return failed(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    if (session.nextEpoch !== sessionEpoch) return failed(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
    if (session.usesTopicIds !== usesTopicIds) return failed(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
    update(session, request)
    this.#touch(session, nowMs)
    session.nextEpoch = session.nextEpoch === EPOCH_MAX ? 1 : session.nextEpoch + 1
    if (session.partitions.size === 0) {
      this.#sessions.delete(sessionId)
      return { errorCode: ErrorCode.NONE, sessionId: 0, partitions: NOTHING, incremental: false }
    }
    return { errorCode: ErrorCode.NONE, sessionId, partitions: [...session.partitions.values()], incremental: true }
  }

  /** The partition returned data: the others of its session come first next time. */
  rotate(sessionId: number, partition: FetchPartition): void {
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return
    const key = keyOf(partition.topic, partition.topicId, partition.partition)
    if (session.partitions.delete(key)) session.partitions.set(key, partition)
  }

  #create(partitions: readonly FetchPartition[], usesTopicIds: boolean, nowMs: number): number {
    if (partitions.length === 0 || !this.#makeRoom(partitions.length, nowMs)) return 0
    let id: number
    do id = 1 + below(this.#random, EPOCH_MAX - 1)
    while (this.#sessions.has(id))
    const byKey = new Map<string, FetchPartition>()
    for (const each of partitions) byKey.set(keyOf(each.topic, each.topicId, each.partition), each)
    this.#sessions.set(id, {
      id,
      usesTopicIds,
      partitions: byKey,
      createdMs: nowMs,
      lastUsedMs: nowMs,
      nextEpoch: 1,
    })
    return id
  }

  #makeRoom(partitionCount: number, nowMs: number): boolean {
    if (this.#sessions.size < this.#sessionsMax) return true
    const victim = this.#stale(nowMs) ?? this.#smaller(partitionCount, nowMs)
    if (victim === undefined) return false
    this.#sessions.delete(victim.id)
    this.evicted++
    return true
  }

  #stale(nowMs: number): Session | undefined {
    for (const oldest of this.#sessions.values()) return nowMs - oldest.lastUsedMs > EVICTION_MS ? oldest : undefined
    return undefined
  }

  #smaller(partitionCount: number, nowMs: number): Session | undefined {
    let smallest: Session | undefined
    for (const session of this.#sessions.values()) {
      if (nowMs - session.createdMs <= EVICTION_MS) continue
      if (smallest === undefined || session.partitions.size < smallest.partitions.size) smallest = session
    }
    return smallest !== undefined && smallest.partitions.size < partitionCount ? smallest : undefined
  }

  #touch(session: Session, nowMs: number): void {
    session.lastUsedMs = nowMs
    this.#sessions.delete(session.id)
    this.#sessions.set(session.id, session)
  }
}

function failed(errorCode: ErrorCode): FetchContext {
  return { errorCode, sessionId: 0, partitions: NOTHING, incremental: false }
}

function keyOf(topic: string, topicId: Uuid, partition: number): string {
  return topic === '' ? `${partition}/${topicId}` : `${partition}:${topic}`
}

type RequestedTopic = FetchRequest['topics'][number]
type RequestedPartition = RequestedTopic['partitions'][number]

function partitionOf(topic: RequestedTopic, requested: RequestedPartition): FetchPartition {
  return {
    topic: topic.topic,
    topicId: topic.topicId,
    partition: requested.partition,
    fetchOffset: requested.fetchOffset,
    maxBytes: requested.partitionMaxBytes,
    currentLeaderEpoch: requested.currentLeaderEpoch,
    lastFetchedEpoch: requested.lastFetchedEpoch,
    logStartOffset: requested.logStartOffset,
    toldHighWatermark: -1,
    toldLogStartOffset: -1,
  }
}

function partitionsOf(request: FetchRequest): FetchPartition[] {
  const partitions: FetchPartition[] = []
  for (const topic of request.topics) {
    for (const requested of topic.partitions) partitions.push(partitionOf(topic, requested))
  }
  return partitions
}

/**
 * A follower that has cut its log, or heard of another epoch, has not taken note of the answer that made it do so, and would
 * never be told the high watermark again if nothing came behind it.
 */
function hasTurned(known: FetchPartition, requested: RequestedPartition): boolean {
  return (
    requested.fetchOffset < known.fetchOffset ||
    requested.lastFetchedEpoch !== known.lastFetchedEpoch ||
    requested.currentLeaderEpoch !== known.currentLeaderEpoch
  )
}

function update(session: Session, request: FetchRequest): void {
  for (const topic of request.topics) {
    for (const requested of topic.partitions) {
      const key = keyOf(topic.topic, topic.topicId, requested.partition)
      const known = session.partitions.get(key)
      if (known === undefined) {
        session.partitions.set(key, partitionOf(topic, requested))
        continue
      }
      if (hasTurned(known, requested)) known.toldHighWatermark = known.toldLogStartOffset = -1
      known.fetchOffset = requested.fetchOffset
      known.maxBytes = requested.partitionMaxBytes
      known.currentLeaderEpoch = requested.currentLeaderEpoch
      known.lastFetchedEpoch = requested.lastFetchedEpoch
      known.logStartOffset = requested.logStartOffset
    }
  }
  for (const { topic, topicId, partitions } of request.forgottenTopicsData) {
    for (const partition of partitions) session.partitions.delete(keyOf(topic, topicId, partition))
  }
}
