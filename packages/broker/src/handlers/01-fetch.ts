/**
 * Fetch (API key 1): records of many partitions, waiting a while when there are too few.
 *
 * Reads are synchronous from the tail cache or the page cache; offsets far behind the end are read off the event loop.
 * A fetch that waits holds no bytes: it is one object in the waiting room and reads anew when it is called back.
 * At least one whole batch is returned even above the limits (KIP-74); sessions: KIP-227; leader hints: KIP-951; a consumer
 * may be sent to a follower in its rack: KIP-392.
 */
import { AclOperation, ErrorCode, ZERO_UUID } from '@braidlog/model'
import type {
  DelayedFetch,
  FetchOptions,
  FetchResult,
  Isolation,
  Partition,
  ReplicaFetchOptions,
} from '@braidlog/partition'
import { FetchRequest, Reader } from '@braidlog/protocol'
import { cachedViewOf } from '@braidlog/records'
import type { Access } from '../access.ts'
import type { BrokerContext } from '../context.ts'
import { asksForLeader, endpointsOfLeaders, leaderHint } from '../endpoints.ts'
import type { Exchange } from '../exchange.ts'
import { encodeFetchResponse, type FetchedPartition } from '../fetch-response.ts'
import type { FetchContext, FetchPartition } from '../fetch-session.ts'
import type { ApiHandler } from '../handler.ts'
import { preferredReadReplica } from '../replication/replica-selector.ts'

const TOPIC_IDS_MIN_VERSION = 13
/** From here on a consumer knows that a follower may answer it (KIP-392). */
const FOLLOWER_FETCH_MIN_VERSION = 11

export function fetchHandler(broker: BrokerContext): ApiHandler {
  return {
    key: 1,
    name: 'Fetch',
    versionMin: 4,
    versionMax: 18,
    advertisedMin: 4,
    pipelined: false,
    authorized: true,
    handle(exchange, bytes, at, end) {
      const request = FetchRequest.read(new Reader(bytes, at, end, cachedViewOf(bytes)), exchange.apiVersion)
      const usesTopicIds = exchange.apiVersion >= TOPIC_IDS_MIN_VERSION
      const context = broker.sessions.open(request, usesTopicIds, broker.turns.nowMs)
      broker.metrics.fetchSessions = broker.sessions.size
      broker.metrics.fetchSessionsEvicted = broker.sessions.evicted
      new Fetch(broker, exchange, request, context).start()
    },
  }
}

class Fetch {
  readonly #broker: BrokerContext
  readonly #exchange: Exchange
  readonly #context: FetchContext
  readonly #usesTopicIds: boolean
  /** Node id and epoch of the follower that asks; -1: a consumer, an epoch that was not said. */
  readonly #replicaId: number
  readonly #replicaEpoch: number
  /** Of a consumer; '': it does not say, or it makes no difference. */
  readonly #rackId: string
  readonly #isolation: Isolation
  readonly #maxBytes: number
  readonly #minBytes: number
  readonly #maxWaitMs: number
  /** One for each partition of the context, in its order, as far as they have been read. */
  #results: FetchResult[] = []
  /** Partitions that the follower has to wait for, by their number in the context; see {@link Throttle}. */
  #throttled: Set<number> | undefined = undefined
  /** Replicas in the rack of the consumer, by the number of the partition in the context. */
  #preferred: Map<number, number> | undefined = undefined
  #sizeBytes = 0
  /** Something that the client should hear of at once. */
  #urgent = false
  /** It has waited, and reads for the second time. */
  #hasWaited = false

  constructor(broker: BrokerContext, exchange: Exchange, request: FetchRequest, context: FetchContext) {
    this.#broker = broker
    this.#exchange = exchange
    this.#context = context
    this.#usesTopicIds = exchange.apiVersion >= TOPIC_IDS_MIN_VERSION
    this.#isolation = request.isolationLevel === 1 ? 'read-committed' : 'read-uncommitted'
    this.#maxBytes = Math.min(request.maxBytes, broker.settings.fetchSizeMaxBytes)
    this.#minBytes = request.minBytes
    this.#maxWaitMs = request.maxWaitMs
    this.#replicaId = Math.max(request.replicaId, request.replicaState.replicaId)
    this.#replicaEpoch = request.replicaState.replicaEpoch
    this.#rackId = this.#replicaId < 0 && broker.settings.readsFromOwnRack ? request.rackId : ''
  }

  start(): void {
    if (this.#context.errorCode !== ErrorCode.NONE) {
      this.#send([])
      return
    }
    this.#read(() => {
      if (this.#mayAnswer()) this.#answer()
      else this.#park()
    })
  }

  #mayAnswer(): boolean {
    return (
      this.#urgent || this.#maxWaitMs <= 0 || this.#sizeBytes >= this.#minBytes || this.#context.partitions.length === 0
    )
  }

  /** Waits until more bytes are there or the time is up; the waiting room calls back once. */
  #park(): void {
    this.#releaseAll()
    const { rooms } = this.#broker.partitions
    const operation = rooms.fetch<Fetch>(this, onComplete)
    const { partitions } = this.#context
    for (let i = 0; i < partitions.length; i++) {
      // There is something to read, which is not to be sent now.
      if (this.#throttled?.has(i) === true) continue
      const replica = this.#find(partitions[i]!)
      if (replica !== undefined) operation.watch(replica, partitions[i]!.fetchOffset, this.#replicaId >= 0)
    }
    const missingBytes = this.#minBytes - this.#sizeBytes
    this.#exchange.onClosed = () => rooms.cancel(operation)
    const parked = rooms.parkFetch(operation, missingBytes, this.#maxWaitMs)
    if (!parked) this.readAndAnswer()
  }

  readAndAnswer(): void {
    this.#exchange.onClosed = undefined
    this.#hasWaited = true
    if (this.#exchange.connection.isClosed) return
    this.#read(() => this.#answer())
  }

  /** Reads all partitions, synchronously unless one of them is cold. */
  #read(done: () => void): void {
    this.#results = []
    this.#preferred = undefined
    this.#throttled = undefined
    this.#sizeBytes = 0
    this.#urgent = false
    if (this.#readWarm()) done()
    else void this.#readRest(done)
  }

  async #readRest(done: () => void): Promise<void> {
    try {
      await this.#readCold()
      done()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** @returns false when it stopped at a partition whose bytes are on disk only */
  #readWarm(): boolean {
    const { partitions } = this.#context
    while (this.#results.length < partitions.length) {
      const partition = partitions[this.#results.length]!
      if (this.#exchange.access !== undefined && !this.#mayRead(this.#exchange.access, partition)) {
        this.#accept(missing(ErrorCode.TOPIC_AUTHORIZATION_FAILED))
        continue
      }
      const replica = this.#find(partition)
      if (replica === undefined) {
        this.#accept(missing(this.#missingError(partition)))
        continue
      }
      if (!replica.leads && this.#replicaId < 0 && this.#exchange.apiVersion < FOLLOWER_FETCH_MIN_VERSION) {
        this.#accept(missing(ErrorCode.NOT_LEADER_OR_FOLLOWER))
        continue
      }
      if (this.#rackId !== '' && this.#sendsElsewhere(partition, replica)) continue
      if (this.#replicaId >= 0 && this.#isThrottled(replica)) {
        this.#throttled ??= new Set()
        this.#throttled.add(this.#results.length)
        this.#accept(replica.fetchAsReplica({ ...this.#replicaOptionsFor(partition), maxBytes: 0, minOneBatch: false }))
        continue
      }
      const wantsBytes = this.#sizeBytes < this.#maxBytes
      if (wantsBytes && replica.isCold(partition.fetchOffset)) return false
      if (this.#replicaId < 0) this.#accept(replica.fetch(this.#optionsFor(partition)))
      else this.#acceptForReplica(partition, replica, replica.fetchAsReplica(this.#replicaOptionsFor(partition)))
    }
    return true
  }

  async #readCold(): Promise<void> {
    const { partitions } = this.#context
    while (!this.#readWarm()) {
      const partition = partitions[this.#results.length]!
      const replica = this.#find(partition)
      // Deleted while an earlier one was read: the next round of the warm path says so.
      if (replica === undefined) continue
      if (this.#replicaId < 0) this.#accept(await replica.fetchCold(this.#optionsFor(partition)))
      else
        this.#acceptForReplica(partition, replica, await replica.fetchColdAsReplica(this.#replicaOptionsFor(partition)))
    }
  }

  /** @returns whether a follower in the consumer's rack is to serve it, and the answer is to say so */
  #sendsElsewhere(partition: FetchPartition, replica: Partition): boolean {
    const { nodeId, image } = this.#broker
    if (!replica.leads || replica.replicas === undefined) return false
    const preferred = preferredReadReplica(image, nodeId, replica.replicas, {
      rackId: this.#rackId,
      fetchOffset: partition.fetchOffset,
      listenerName: this.#exchange.connection.listenerName,
    })
    if (preferred < 0) return false
    const result = replica.fetch({ ...this.#optionsFor(partition), maxBytes: 0, minOneBatch: false })
    if (result.errorCode === ErrorCode.NONE && result.divergingEpoch === undefined) {
      this.#preferred ??= new Map()
      this.#preferred.set(this.#results.length, preferred)
      this.#urgent = true
    }
    this.#accept(result)
    return true
  }

  #optionsFor(partition: FetchPartition): FetchOptions {
    const leftBytes = Math.max(0, this.#maxBytes - this.#sizeBytes)
    return {
      fetchOffset: partition.fetchOffset,
      maxBytes: Math.min(partition.maxBytes, leftBytes),
      minOneBatch: this.#sizeBytes === 0,
      isolation: this.#isolation,
      currentLeaderEpoch: partition.currentLeaderEpoch,
      lastFetchedEpoch: partition.lastFetchedEpoch,
    }
  }

  #replicaOptionsFor(partition: FetchPartition): ReplicaFetchOptions {
    return {
      ...this.#optionsFor(partition),
      replicaId: this.#replicaId,
      replicaEpoch: this.#replicaEpoch,
      logStartOffset: partition.logStartOffset,
      isRepeated: this.#hasWaited,
    }
  }

  #accept(result: FetchResult): void {
    this.#results.push(result)
    this.#sizeBytes += result.records?.sizeBytes ?? 0
    if (result.errorCode !== ErrorCode.NONE || result.divergingEpoch !== undefined) this.#urgent = true
  }

  /** A replica that is not in sync, of a partition that is listed, while more has been sent to such than may be. */
  #isThrottled(replica: Partition): boolean {
    return this.#broker.throttle.isExceeded && this.#catchesUp(replica)
  }

  #catchesUp({ log, replicas }: Partition): boolean {
    return this.#broker.throttle.covers(log.topic, log.partition) && replicas?.isr.includes(this.#replicaId) === false
  }

  /** A follower that serves consumers hears of commits at once; outside a session nobody knows what it has heard. */
  #acceptForReplica(partition: FetchPartition, replica: Partition, result: FetchResult): void {
    this.#accept(result)
    if (result.records !== undefined && this.#catchesUp(replica)) this.#broker.throttle.record(result.records.sizeBytes)
    const { incremental } = this.#context
    const { readsFromOwnRack } = this.#broker.settings
    if (readsFromOwnRack && incremental && result.highWatermark > partition.toldHighWatermark) this.#urgent = true
  }

  #answer(): void {
    const { partitions, incremental, sessionId } = this.#context
    const fetched: FetchedPartition[] = []
    for (let i = 0; i < partitions.length; i++) {
      const partition = partitions[i]!
      const result = this.#results[i]!
      const preferredReadReplica = this.#preferred?.get(i) ?? -1
      const isNews = tellsNews(partition, result) || preferredReadReplica >= 0
      if (isNews || !incremental) {
        const { topic, topicId } = partition
        fetched.push({
          topic,
          topicId,
          partition: partition.partition,
          result,
          preferredReadReplica,
          currentLeader: asksForLeader(result.errorCode) ? this.#leaderHint(partition) : undefined,
        })
      }
      if (sessionId !== 0 && (result.records?.sizeBytes ?? 0) > 0) this.#broker.sessions.rotate(sessionId, partition)
    }
    this.#broker.metrics.bytesFetched += this.#sizeBytes
    this.#send(fetched)
  }

  #send(partitions: readonly FetchedPartition[]): void {
    const { apiVersion, correlationId, connection } = this.#exchange
    const hints = partitions.map((each) => each.currentLeader)
    const chunks = encodeFetchResponse(
      { apiVersion, correlationId },
      {
        errorCode: this.#context.errorCode,
        sessionId: this.#context.sessionId,
        partitions,
        nodeEndpoints: endpointsOfLeaders(this.#broker.image, connection.listenerName, hints),
      },
    )
    this.#exchange.respond(chunks, this.#sizeBytes > 0 ? () => this.#releaseAll() : undefined)
  }

  #releaseAll(): void {
    for (const result of this.#results) result.records?.release()
    this.#results = []
  }

  #fail(error: unknown): void {
    this.#releaseAll()
    this.#exchange.failed(error)
  }

  /** Replicas read by their right to act as a part of the cluster. Of an id that is not known there is nothing to hide. */
  #mayRead(access: Access, { topic, topicId }: FetchPartition): boolean {
    if (this.#replicaId >= 0) return access.mayOnCluster(AclOperation.CLUSTER_ACTION)
    const name = this.#usesTopicIds ? this.#broker.image.topicById(topicId)?.name : topic
    return name === undefined || access.mayOnTopic(AclOperation.READ, name)
  }

  #find({ topic, topicId, partition }: FetchPartition): Partition | undefined {
    const { image, replicas } = this.#broker
    const id = this.#usesTopicIds ? topicId : image.topic(topic)?.id
    return id === undefined || id === ZERO_UUID ? undefined : replicas.get(id, partition)
  }

  #missingError({ topic, topicId, partition }: FetchPartition): ErrorCode {
    const { image, replicas } = this.#broker
    return this.#usesTopicIds
      ? replicas.errorById(image.topicById(topicId), partition)
      : replicas.errorByName(image.topic(topic), partition)
  }

  #leaderHint({ topic, topicId, partition }: FetchPartition) {
    const { image } = this.#broker
    return leaderHint(image, this.#usesTopicIds ? image.topicById(topicId)?.name : topic, partition)
  }
}

function onComplete(operation: DelayedFetch<Fetch>): void {
  operation.context.readAndAnswer()
}

/** Notes what the client is told. @returns whether an incremental response has to mention the partition */
function tellsNews(partition: FetchPartition, result: FetchResult): boolean {
  if (result.errorCode !== ErrorCode.NONE) {
    partition.toldHighWatermark = -1
    partition.toldLogStartOffset = -1
    return true
  }
  const isNews =
    (result.records?.sizeBytes ?? 0) > 0 ||
    result.divergingEpoch !== undefined ||
    result.highWatermark !== partition.toldHighWatermark ||
    result.logStartOffset !== partition.toldLogStartOffset
  partition.toldHighWatermark = result.highWatermark
  partition.toldLogStartOffset = result.logStartOffset
  return isNews
}

function missing(errorCode: ErrorCode): FetchResult {
  return {
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    records: undefined,
    abortedTransactions: null,
    divergingEpoch: undefined,
  }
}
