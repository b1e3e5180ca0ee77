/**
 * A scripted cluster in memory, built from the protocol's own codecs: some brokers, topics with real batches, groups, and
 * faults on demand. It does what a test needs of a broker and no more; what it answers wrongly, it answers on purpose.
 */
import { randomUuid, ZERO_UUID, type Uuid } from '@braidlog/model'
import {
  API_VERSIONS_KEY,
  apiByKey,
  apiByName,
  APIS,
  encodeResponse,
  FrameSplitter,
  Reader,
  readRequestHeader,
  type RequestHeader,
} from '@braidlog/protocol'
import {
  batchBaseSequence,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeBytes,
  BatchBuilder,
  crc32c,
  openBatch,
  batchLastOffset,
  batchBaseOffset,
  batchCrc,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  viewOf,
} from '@braidlog/records'
import { nodeCodecs } from '@braidlog/runtime'
import { FakeGroup } from './fake-group.ts'
import type { ServerSide, ServerSocket, World } from './world.ts'

export interface FakePartition {
  leader: number
  leaderEpoch: number
  readonly batches: Uint8Array[]
  logStartOffset: number
  nextOffset: number
  /** Last epoch and sequence of each producer. */
  readonly producers: Map<
    number,
    { epoch: number; nextSequence: number; batches: { sequence: number; offset: number }[] }
  >
  aborted: { producerId: number; firstOffset: number; lastOffset: number }[]
}

export interface FakeTopic {
  readonly name: string
  readonly topicId: Uuid
  readonly partitions: FakePartition[]
}

/** What goes wrong with a request. */
export type Fault =
  /** Answered with this code in every place that has one for the item; nothing is done. */
  | { readonly kind: 'error'; readonly code: number }
  /** Done or not done, then the connection breaks without an answer. */
  | { readonly kind: 'drop'; readonly isDone: boolean }
  /** Answered so much later. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Taken and never answered. */
  | { readonly kind: 'silence' }

interface Scripted {
  readonly api: string
  readonly fault: Fault
  readonly node: number | undefined
  left: number
  readonly when: ((body: never) => boolean) | undefined
}

interface Request {
  readonly header: RequestHeader
  // The bodies of all APIs have different types; handlers know theirs.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any
  readonly node: number
}

const NONE = 0
const OFFSET_OUT_OF_RANGE = 1
const CORRUPT_MESSAGE = 2
const UNKNOWN_TOPIC_OR_PARTITION = 3
const NOT_LEADER_OR_FOLLOWER = 6
const UNSUPPORTED_VERSION = 35
const OUT_OF_ORDER_SEQUENCE_NUMBER = 45
const INVALID_PRODUCER_EPOCH = 47
const FETCH_SESSION_ID_NOT_FOUND = 70
const FENCED_LEADER_EPOCH = 74
const UNKNOWN_LEADER_EPOCH = 75

const SERVED = [
  'Produce',
  'Fetch',
  'ListOffsets',
  'Metadata',
  'OffsetCommit',
  'OffsetFetch',
  'FindCoordinator',
  'JoinGroup',
  'Heartbeat',
  'LeaveGroup',
  'SyncGroup',
  'ApiVersions',
  'InitProducerId',
  'OffsetForLeaderEpoch',
]

export class FakeCluster {
  readonly world: World
  readonly topics = new Map<string, FakeTopic>()
  readonly groups = new Map<string, FakeGroup>()
  /** Every request that arrived: name, version, node. */
  readonly requests: {
    readonly api: string
    readonly version: number
    readonly node: number
    readonly body: unknown
  }[] = []
  readonly #nodes = new Map<
    number,
    { host: string; sockets: Set<ServerSocket>; isUp: boolean; versions: Map<number, { min: number; max: number }> }
  >()
  readonly #faults: Scripted[] = []
  readonly #fetchers: { readonly attempt: () => boolean }[] = []
  readonly #sessions = new Map<
    number,
    { epoch: number; partitions: Map<string, { topic: string; topicId: Uuid; partition: object }> }
  >()
  /** Who led when a broker was cut off. */
  readonly #remembered = new Map<number, ReadonlyMap<FakePartition, { leaderId: number; leaderEpoch: number }>>()
  #producerIds = 1000
  #sessionIds = 0
  isCreatingTopics = false
  /** Who is not the leader says who is, and where (KIP-951). */
  isNamingLeaders = false
  /** By rack: the follower that serves its consumers (KIP-392), and how far it lags behind. */
  readonly nearby = new Map<string, { readonly node: number; lag: number }>()
  /** Bytes of records in answers to Fetch. */
  fetchedBytes = 0

  constructor(world: World, nodeCount = 1) {
    this.world = world
    for (let node = 1; node <= nodeCount; node++) this.addNode(node)
  }

  addNode(node: number, host = `broker${node}`): void {
    const versions = new Map(
      APIS.filter((api) => SERVED.includes(api.name)).map((api) => [
        api.key,
        { min: api.versionMin, max: api.versionMaxStable },
      ]),
    )
    this.#nodes.set(node, { host, sockets: new Set(), isUp: true, versions })
    this.world.listen(`${host}:9092`, (socket) => this.#accept(node, socket))
  }

  /** Limits what one broker serves, as an older release does; `undefined` takes the API away. */
  setVersions(node: number, api: string, range: { readonly min: number; readonly max: number } | undefined): void {
    const { key } = apiByName(api)!
    if (range === undefined) this.#nodes.get(node)!.versions.delete(key)
    else this.#nodes.get(node)!.versions.set(key, range)
  }

  stop(node: number): void {
    this.crash(node)
    this.#nodes.get(node)!.isUp = false
  }

  /** Its connections break, and new ones are refused; the cluster still names it. */
  crash(node: number): void {
    const entry = this.#nodes.get(node)!
    this.world.unlisten(`${entry.host}:9092`)
    for (const socket of entry.sockets) socket.close()
    entry.sockets.clear()
  }

  start(node: number): void {
    const entry = this.#nodes.get(node)!
    entry.isUp = true
    this.world.listen(`${entry.host}:9092`, (socket) => this.#accept(node, socket))
  }

  topic(name: string, partitionCount = 1): FakeTopic {
    const nodes = [...this.#nodes.keys()]
    const topic: FakeTopic = {
      name,
      topicId: randomUuid(this.world.random),
      partitions: Array.from({ length: partitionCount }, (_, i) => ({
        leader: nodes[i % nodes.length]!,
        leaderEpoch: 0,
        batches: [],
        logStartOffset: 0,
        nextOffset: 0,
        producers: new Map(),
        aborted: [],
      })),
    }
    this.topics.set(name, topic)
    return topic
  }

  /** The next `times` requests of that API (to that node, that satisfy `when`) meet the fault. */
  fault(
    api: string,
    fault: Fault,
    options: { times?: number; node?: number; when?: (body: never) => boolean } = {},
  ): void {
    this.#faults.push({ api, fault, node: options.node, left: options.times ?? 1, when: options.when })
  }

  /** Appends a batch as it is; its base offset and epoch are set, unless it is `raw`. */
  append(topic: string, partition: number, batch: Uint8Array): number {
    const target = this.topics.get(topic)!.partitions[partition]!
    const view = viewOf(batch)
    const baseOffset = target.nextOffset
    setBatchBaseOffset(view, 0, baseOffset)
    setBatchLeaderEpoch(view, 0, target.leaderEpoch)
    target.batches.push(batch)
    target.nextOffset = batchLastOffset(view, 0) + 1
    this.#tryFetches()
    return baseOffset
  }

  /** Appends one batch of values. */
  write(
    topic: string,
    partition: number,
    values: readonly string[],
    fields: Parameters<BatchBuilder['build']>[0] = {},
  ): number {
    const builder = new BatchBuilder({ codecs: nodeCodecs, sizeBytesMax: 1 << 20 })
    for (const value of values) builder.append(null, value, this.world.clock.nowMs())
    return this.append(topic, partition, builder.build(fields))
  }

  /** The values of a partition in order of offset. */
  values(topic: string, partition: number): string[] {
    return this.topics.get(topic)!.partitions[partition]!.batches.flatMap((batch) => {
      const values: string[] = []
      for (const record of batchRecords(batch)) values.push(record)
      return values
    })
  }

  /** Whatever listens elsewhere on behalf of a broker. */
  acceptor(node: number): (socket: ServerSocket) => ServerSide {
    return (socket) => this.#accept(node, socket)
  }

  forgetSessions(): void {
    this.#sessions.clear()
  }

  group(groupId: string): FakeGroup {
    let group = this.groups.get(groupId)
    if (group === undefined) this.groups.set(groupId, (group = new FakeGroup(this.world)))
    return group
  }

  count(api: string, node?: number): number {
    return this.requests.filter((each) => each.api === api && (node === undefined || each.node === node)).length
  }

  #accept(node: number, socket: ServerSocket): ServerSide {
    const splitter = new FrameSplitter(64 << 20)
    const queue: Uint8Array[] = []
    let isBusy = false
    let isOpen = true
    this.#nodes.get(node)!.sockets.add(socket)
    const close = (): void => {
      isOpen = false
      this.#nodes.get(node)!.sockets.delete(socket)
      socket.close()
    }
    // One request after another, as brokers do.
    const next = async (): Promise<void> => {
      if (isBusy) return
      isBusy = true
      for (let frame = queue.shift(); frame !== undefined && isOpen; frame = queue.shift()) {
        const response = await this.#answer(node, frame)
        if (response === 'close') close()
        else if (response !== undefined && isOpen) socket.send(response)
      }
      isBusy = false
    }
    return {
      received: (bytes) => {
        for (const frame of splitter.push(bytes.slice())) queue.push(frame)
        void next()
      },
      closed: () => {
        isOpen = false
        this.#nodes.get(node)!.sockets.delete(socket)
      },
    }
  }

  async #answer(node: number, frame: Uint8Array): Promise<Uint8Array | 'close' | undefined> {
    const reader = new Reader(frame)
    const header = readRequestHeader(reader)
    const api = apiByKey(header.requestApiKey)!
    const range = this.#nodes.get(node)!.versions.get(api.key)
    const version = header.requestApiVersion
    if (range === undefined || version < range.min || version > range.max) {
      if (api.key !== API_VERSIONS_KEY) return 'close'
      this.requests.push({ api: api.name, version, node, body: {} })
      return this.#encode(header, 0, { errorCode: UNSUPPORTED_VERSION, apiKeys: this.#apiKeys(node) })
    }
    const request: Request = { header, body: api.request.readToEnd(reader, version), node }
    this.requests.push({ api: api.name, version, node, body: request.body })
    const fault = this.#takeFault(api.name, node, request.body)
    if (fault?.kind === 'silence') return await new Promise<never>(() => {})
    if (fault?.kind === 'drop' && !fault.isDone) return 'close'
    if (fault?.kind === 'error') return this.#encode(header, version, this.#refusal(request, fault.code))
    const body = await this.#handle(request)
    if (fault?.kind === 'drop') return 'close'
    if (fault?.kind === 'delay') await this.world.sleep(fault.delayMs)
    if (api.name === 'Produce' && request.body.acks === 0) return undefined
    return this.#encode(header, version, body)
  }

  #encode(header: RequestHeader, apiVersion: number, body: object): Uint8Array {
    const api = apiByKey(header.requestApiKey)!
    return Buffer.concat(encodeResponse(api.response, { apiVersion, correlationId: header.correlationId }, body))
  }

  #takeFault(api: string, node: number, body: unknown): Fault | undefined {
    const scripted = this.#faults.find(
      (each) =>
        each.api === api && each.left > 0 && (each.node ?? node) === node && each.when?.(body as never) !== false,
    )
    if (scripted === undefined) return undefined
    scripted.left--
    return scripted.fault
  }

  /** An answer in which every item has the code. */
  #refusal({ header, body }: Request, code: number): object {
    switch (apiByKey(header.requestApiKey)!.name) {
      case 'Produce':
        return {
          responses: body.topicData.map(
            (topic: { name: string; topicId: Uuid; partitionData: { index: number }[] }) => ({
              name: topic.name,
              topicId: topic.topicId,
              partitionResponses: topic.partitionData.map(({ index }) => ({ index, errorCode: code, baseOffset: -1 })),
            }),
          ),
        }
      case 'Fetch':
        return {
          sessionId: body.sessionId,
          responses: body.topics.map(
            (topic: { topic: string; topicId: Uuid; partitions: { partition: number }[] }) => ({
              topic: topic.topic,
              topicId: topic.topicId,
              partitions: topic.partitions.map(({ partition }) => ({
                partitionIndex: partition,
                errorCode: code,
                highWatermark: -1,
                records: null,
              })),
            }),
          ),
        }
      case 'OffsetCommit':
        return {
          topics: body.topics.map((topic: { name: string; partitions: { partitionIndex: number }[] }) => ({
            name: topic.name,
            partitions: topic.partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: code })),
          })),
        }
      case 'FindCoordinator':
        return {
          coordinators: body.coordinatorKeys.map((key: string) => ({
            key,
            errorCode: code,
            nodeId: -1,
            host: '',
            port: -1,
          })),
        }
      case 'JoinGroup':
        return { errorCode: code, memberId: body.memberId }
      case 'SyncGroup':
        return { errorCode: code, assignment: new Uint8Array(0) }
      case 'OffsetFetch':
        return {
          groups: body.groups.map(({ groupId }: { groupId: string }) => ({ groupId, topics: [], errorCode: code })),
        }
      default:
        return { errorCode: code }
    }
  }

  async #handle(request: Request): Promise<object> {
    const { body } = request
    switch (apiByKey(request.header.requestApiKey)!.name) {
      case 'ApiVersions':
        return { apiKeys: this.#apiKeys(request.node) }
      case 'Metadata':
        return this.#metadata(body, request.node)
      case 'Produce':
        return this.#produce(request)
      case 'Fetch':
        return await this.#fetch(request)
      case 'ListOffsets':
        return this.#listOffsets(request)
      case 'OffsetForLeaderEpoch':
        return this.#offsetForLeaderEpoch(request)
      case 'InitProducerId':
        return { producerId: this.#producerIds++, producerEpoch: 0 }
      case 'FindCoordinator': {
        const node = this.#coordinator()
        const { host } = this.#nodes.get(node)!
        if (body.coordinatorKeys.length === 0) return { nodeId: node, host, port: 9092 }
        return { coordinators: body.coordinatorKeys.map((key: string) => ({ key, nodeId: node, host, port: 9092 })) }
      }
      case 'JoinGroup':
        return await this.group(body.groupId).join(body)
      case 'SyncGroup':
        return await this.group(body.groupId).sync(body)
      case 'Heartbeat':
        return { errorCode: this.group(body.groupId).heartbeat(body.memberId, body.generationId) }
      case 'LeaveGroup':
        for (const member of body.members) this.group(body.groupId).leave(member.memberId)
        return {}
      case 'OffsetCommit':
        return this.#offsetCommit(body)
      case 'OffsetFetch':
        return this.#offsetFetch(body)
      default:
        throw new Error(`the fake does not serve API ${request.header.requestApiKey}`)
    }
  }

  #apiKeys(node: number): object[] {
    return [...this.#nodes.get(node)!.versions].map(([apiKey, { min, max }]) => ({
      apiKey,
      minVersion: min,
      maxVersion: max,
    }))
  }

  #coordinator(): number {
    return [...this.#nodes].find(([, entry]) => entry.isUp)![0]
  }

  #metadata(body: { topics: { name: string | null }[] | null; allowAutoTopicCreation: boolean }, node: number): object {
    const remembered = this.#remembered.get(node)
    const names = body.topics === null ? [...this.topics.keys()] : body.topics.map((each) => each.name!)
    return {
      brokers: [...this.#nodes]
        .filter(([, entry]) => entry.isUp)
        .map(([nodeId, { host }]) => ({ nodeId, host, port: 9092 })),
      clusterId: 'fake',
      controllerId: 1,
      topics: names.map((name) => {
        if (!this.topics.has(name) && this.isCreatingTopics && body.allowAutoTopicCreation) this.topic(name)
        const topic = this.topics.get(name)
        if (topic === undefined) return { errorCode: UNKNOWN_TOPIC_OR_PARTITION, name, partitions: [] }
        return {
          name,
          topicId: topic.topicId,
          partitions: topic.partitions.map((each, partitionIndex) => ({
            partitionIndex,
            ...(remembered?.get(each) ?? { leaderId: each.leader, leaderEpoch: each.leaderEpoch }),
            replicaNodes: [...this.#nodes.keys()],
            isrNodes: [...this.#nodes.keys()],
          })),
        }
      }),
    }
  }

  #find(name: string, topicId: Uuid): FakeTopic | undefined {
    return topicId === ZERO_UUID
      ? this.topics.get(name)
      : [...this.topics.values()].find((each) => each.topicId === topicId)
  }

  #leaderHint({ leader, leaderEpoch }: FakePartition): object {
    return this.isNamingLeaders ? { currentLeader: { leaderId: leader, leaderEpoch } } : {}
  }

  /** Of every broker: who is asked about one may name any. */
  #nodeEndpoints(): object[] {
    if (!this.isNamingLeaders) return []
    return [...this.#nodes].map(([nodeId, { host }]) => ({ nodeId, host, port: 9092, rack: null }))
  }

  #produce({ body, node }: Request): object {
    return {
      nodeEndpoints: this.#nodeEndpoints(),
      responses: body.topicData.map(
        (data: { name: string; topicId: Uuid; partitionData: { index: number; records: Uint8Array }[] }) => {
          const topic = this.#find(data.name, data.topicId)
          return {
            name: data.name,
            topicId: data.topicId,
            partitionResponses: data.partitionData.map(({ index, records }) => ({
              index,
              ...this.#appendProduced(topic, index, records.slice(), node),
            })),
          }
        },
      ),
    }
  }

  #appendProduced(topic: FakeTopic | undefined, index: number, batch: Uint8Array, node: number): object {
    const partition = topic?.partitions[index]
    if (partition === undefined) return { errorCode: UNKNOWN_TOPIC_OR_PARTITION, baseOffset: -1 }
    if (partition.leader !== node) {
      return { errorCode: NOT_LEADER_OR_FOLLOWER, baseOffset: -1, ...this.#leaderHint(partition) }
    }
    const view = viewOf(batch)
    if (batchSizeBytes(view, 0) !== batch.length || crc32c(batch, 21, batch.length) !== batchCrc(view, 0)) {
      return { errorCode: CORRUPT_MESSAGE, baseOffset: -1 }
    }
    const id = batchProducerId(view, 0)
    if (id < 0) return { errorCode: NONE, baseOffset: this.append(topic!.name, index, batch) }
    const epoch = batchProducerEpoch(view, 0)
    const sequence = batchBaseSequence(view, 0)
    const state = partition.producers.get(id)
    if (state !== undefined && epoch < state.epoch) return { errorCode: INVALID_PRODUCER_EPOCH, baseOffset: -1 }
    const duplicate = state?.epoch === epoch ? state.batches.find((each) => each.sequence === sequence) : undefined
    if (duplicate !== undefined) return { errorCode: NONE, baseOffset: duplicate.offset }
    const expected = state === undefined ? sequence : state.epoch === epoch ? state.nextSequence : 0
    if (sequence !== expected) return { errorCode: OUT_OF_ORDER_SEQUENCE_NUMBER, baseOffset: -1 }
    const baseOffset = this.append(topic!.name, index, batch)
    const batches = [...(state?.epoch === epoch ? state.batches : []), { sequence, offset: baseOffset }].slice(-5)
    partition.producers.set(id, { epoch, nextSequence: sequence + batchRecordCount(view, 0), batches })
    return { errorCode: NONE, baseOffset }
  }

  async #fetch(request: Request): Promise<object> {
    const { body, node } = request
    let sessionId = 0
    let wanted: { topic: string; topicId: Uuid; partition: FetchAsk }[] = body.topics.flatMap(
      (topic: { topic: string; topicId: Uuid; partitions: FetchAsk[] }) =>
        topic.partitions.map((partition) => ({ topic: topic.topic, topicId: topic.topicId, partition })),
    )
    if (body.sessionEpoch >= 0) {
      const key = (each: { topic: string; topicId: Uuid; partition: FetchAsk }): string =>
        `${each.topic}${each.topicId}/${each.partition.partition}`
      if (body.sessionEpoch === 0) {
        sessionId = ++this.#sessionIds
        this.#sessions.set(sessionId, { epoch: 1, partitions: new Map(wanted.map((each) => [key(each), each])) })
      } else {
        const session = this.#sessions.get(body.sessionId)
        if (session === undefined || session.epoch !== body.sessionEpoch)
          return { errorCode: FETCH_SESSION_ID_NOT_FOUND, responses: [] }
        sessionId = body.sessionId
        session.epoch++
        for (const { topic, topicId, partitions } of body.forgottenTopicsData) {
          for (const partition of partitions) session.partitions.delete(`${topic}${topicId}/${partition}`)
        }
        for (const each of wanted) session.partitions.set(key(each), each)
        wanted = [...session.partitions.values()] as typeof wanted
      }
    }
    const answerNow = (): { responses: object[]; hasNews: boolean } => {
      let hasNews = false
      const responses: object[] = []
      let leftBytes: number = body.maxBytes
      for (const { topic, topicId, partition } of wanted) {
        const ask = { ...partition, partitionMaxBytes: Math.min(partition.partitionMaxBytes, leftBytes) }
        let answer = this.#read(this.#find(topic, topicId), ask, node, body.rackId)
        // The first batch is sent whatever its size, those of further partitions as far as there is room.
        if (leftBytes < body.maxBytes && answer.records.length > leftBytes) {
          answer = { ...answer, records: new Uint8Array(0) }
        }
        leftBytes -= answer.records.length
        const { divergingEpoch, preferredReadReplica } = answer
        if (
          answer.errorCode !== NONE ||
          answer.records.length > 0 ||
          (divergingEpoch ?? preferredReadReplica) !== undefined
        )
          hasNews = true
        else if (body.sessionEpoch > 0) continue
        responses.push({ topic, topicId, partitions: [answer] })
      }
      return { responses, hasNews }
    }
    const first = answerNow()
    if (first.hasNews || body.maxWaitMs === 0) {
      this.#countFetched(first.responses)
      return { sessionId, responses: first.responses, nodeEndpoints: this.#nodeEndpoints() }
    }
    return await new Promise<object>((resolve) => {
      let isDone = false
      const finish = (responses: object[]): void => {
        if (isDone) return
        isDone = true
        this.#countFetched(responses)
        this.#fetchers.splice(this.#fetchers.indexOf(entry), 1)
        resolve({ sessionId, responses, nodeEndpoints: this.#nodeEndpoints() })
      }
      const entry = {
        attempt: (): boolean => {
          const now = answerNow()
          if (now.hasNews) finish(now.responses)
          return now.hasNews
        },
      }
      this.#fetchers.push(entry)
      this.world.timers.after(body.maxWaitMs, () => finish(answerNow().responses))
    })
  }

  #countFetched(responses: readonly object[]): void {
    for (const topic of responses as readonly { readonly partitions: readonly FetchAnswer[] }[]) {
      for (const each of topic.partitions) this.fetchedBytes += each.records.length
    }
  }

  /** Another broker leads the partition from now on; fetches that wait are looked at again. */
  moveLeader(topic: string, partition: number, leader: number): void {
    const target = this.topics.get(topic)!.partitions[partition]!
    target.leader = leader
    target.leaderEpoch++
    this.#tryFetches()
  }

  /**
   * The broker is cut off from the others, not from clients: it says for ever who leads now, and answers no produce, since
   * nobody fetches from it.
   */
  cutOff(node: number): void {
    const partitions = [...this.topics.values()].flatMap((topic) => topic.partitions)
    const leaders = partitions.map((each) => [each, { leaderId: each.leader, leaderEpoch: each.leaderEpoch }] as const)
    this.#remembered.set(node, new Map(leaders))
    this.fault('Produce', { kind: 'silence' }, { node, times: Infinity })
  }

  /** Broker and host are gone without a word: connections stay open and silent, new ones are not answered. */
  vanish(node: number): void {
    const entry = this.#nodes.get(node)!
    entry.isUp = false
    this.world.vanish(`${entry.host}:9092`)
    for (const api of SERVED) this.fault(api, { kind: 'silence' }, { node, times: Infinity })
  }

  #tryFetches(): void {
    for (const fetcher of this.#fetchers.slice()) fetcher.attempt()
  }

  #read(topic: FakeTopic | undefined, ask: FetchAsk, node: number, rackId: string): FetchAnswer {
    const partitionIndex = ask.partition
    const partition = topic?.partitions[partitionIndex]
    const refuse = (errorCode: number): FetchAnswer => ({
      partitionIndex,
      errorCode,
      highWatermark: -1,
      records: new Uint8Array(0),
    })
    if (partition === undefined) return refuse(UNKNOWN_TOPIC_OR_PARTITION)
    const follower = [...this.nearby.values()].find((each) => each.node === node && partition.leader !== node)
    if (partition.leader !== node && follower === undefined)
      return { ...refuse(NOT_LEADER_OR_FOLLOWER), ...this.#leaderHint(partition) }
    if (ask.currentLeaderEpoch >= 0 && ask.currentLeaderEpoch < partition.leaderEpoch)
      return refuse(FENCED_LEADER_EPOCH)
    if (ask.currentLeaderEpoch > partition.leaderEpoch) return refuse(UNKNOWN_LEADER_EPOCH)
    if (ask.lastFetchedEpoch >= 0) {
      const end = this.#epochEnd(partition, ask.lastFetchedEpoch)
      if (end.endOffset < ask.fetchOffset) {
        return {
          ...refuse(NONE),
          highWatermark: partition.nextOffset,
          divergingEpoch: { epoch: end.leaderEpoch, endOffset: end.endOffset },
        }
      }
    }
    const nextOffset = partition.nextOffset - (follower?.lag ?? 0)
    if (ask.fetchOffset > nextOffset || ask.fetchOffset < partition.logStartOffset) return refuse(OFFSET_OUT_OF_RANGE)
    const nearby = this.nearby.get(rackId)
    if (follower === undefined && nearby !== undefined && this.#nodes.get(nearby.node)!.isUp) {
      return { ...refuse(NONE), highWatermark: nextOffset, preferredReadReplica: nearby.node }
    }
    const chosen: Uint8Array[] = []
    let sizeBytes = 0
    for (const batch of partition.batches) {
      if (batchLastOffset(viewOf(batch), 0) < ask.fetchOffset) continue
      if (batchLastOffset(viewOf(batch), 0) >= nextOffset) break
      if (chosen.length > 0 && sizeBytes + batch.length > ask.partitionMaxBytes) break
      chosen.push(batch)
      sizeBytes += batch.length
    }
    const upTo = chosen.length === 0 ? ask.fetchOffset : batchLastOffset(viewOf(chosen.at(-1)!), 0)
    return {
      partitionIndex,
      errorCode: NONE,
      highWatermark: partition.nextOffset,
      lastStableOffset: partition.nextOffset,
      logStartOffset: partition.logStartOffset,
      records: Buffer.concat(chosen),
      abortedTransactions: partition.aborted
        .filter((each) => each.lastOffset >= ask.fetchOffset && each.firstOffset <= upTo)
        .map(({ producerId, firstOffset }) => ({ producerId, firstOffset })),
    }
  }

  /** The largest epoch up to the one asked for, and where it ends. */
  #epochEnd(partition: FakePartition, epoch: number): { leaderEpoch: number; endOffset: number } {
    let leaderEpoch = -1
    let endOffset = 0
    for (const batch of partition.batches) {
      const batchEpoch = viewOf(batch).getInt32(12)
      if (batchEpoch > epoch) break
      leaderEpoch = batchEpoch
      endOffset = batchLastOffset(viewOf(batch), 0) + 1
    }
    return { leaderEpoch, endOffset }
  }

  #listOffsets({ body, node }: Request): object {
    return {
      topics: body.topics.map(
        ({ name, partitions }: { name: string; partitions: { partitionIndex: number; timestamp: number }[] }) => ({
          name,
          partitions: partitions.map(({ partitionIndex, timestamp }) => {
            const partition = this.topics.get(name)?.partitions[partitionIndex]
            if (partition === undefined) return { partitionIndex, errorCode: UNKNOWN_TOPIC_OR_PARTITION }
            if (partition.leader !== node) return { partitionIndex, errorCode: NOT_LEADER_OR_FOLLOWER }
            const offset =
              timestamp === -2
                ? partition.logStartOffset
                : timestamp === -1
                  ? partition.nextOffset
                  : this.#byTime(partition, timestamp)
            return { partitionIndex, errorCode: NONE, offset, timestamp: -1, leaderEpoch: partition.leaderEpoch }
          }),
        }),
      ),
    }
  }

  #byTime(partition: FakePartition, timestamp: number): number {
    const batch = partition.batches.find((each) => Number(viewOf(each).getBigInt64(35)) >= timestamp)
    return batch === undefined ? -1 : batchBaseOffset(viewOf(batch), 0)
  }

  #offsetForLeaderEpoch({ body, node }: Request): object {
    return {
      topics: body.topics.map(
        ({ topic, partitions }: { topic: string; partitions: { partition: number; leaderEpoch: number }[] }) => ({
          topic,
          partitions: partitions.map(({ partition, leaderEpoch }) => {
            const state = this.topics.get(topic)!.partitions[partition]!
            if (state.leader !== node) return { partition, errorCode: NOT_LEADER_OR_FOLLOWER }
            return { partition, errorCode: NONE, ...this.#epochEnd(state, leaderEpoch) }
          }),
        }),
      ),
    }
  }

  #offsetCommit(body: {
    groupId: string
    memberId: string
    generationIdOrMemberEpoch: number
    topics: {
      name: string
      partitions: {
        partitionIndex: number
        committedOffset: number
        committedLeaderEpoch: number
        committedMetadata: string | null
      }[]
    }[]
  }): object {
    const group = this.group(body.groupId)
    return {
      topics: body.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map((each) => ({
          partitionIndex: each.partitionIndex,
          errorCode: group.commit(
            body.memberId,
            body.generationIdOrMemberEpoch,
            `${name}/${each.partitionIndex}`,
            each.committedOffset,
            each.committedLeaderEpoch,
            each.committedMetadata,
          ),
        })),
      })),
    }
  }

  #offsetFetch(body: {
    groups: { groupId: string; topics: { name: string; partitionIndexes: number[] }[] | null }[]
  }): object {
    return {
      groups: body.groups.map(({ groupId, topics }) => {
        const { offsets } = this.group(groupId)
        return {
          groupId,
          topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
            name,
            partitions: partitionIndexes.map((partitionIndex) => {
              const committed = offsets.get(`${name}/${partitionIndex}`)
              return {
                partitionIndex,
                committedOffset: committed?.offset ?? -1,
                committedLeaderEpoch: committed?.epoch ?? -1,
                metadata: committed?.metadata ?? '',
              }
            }),
          })),
        }
      }),
    }
  }
}

interface FetchAsk {
  readonly partition: number
  readonly currentLeaderEpoch: number
  readonly lastFetchedEpoch: number
  readonly fetchOffset: number
  readonly partitionMaxBytes: number
}

interface FetchAnswer {
  readonly partitionIndex: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset?: number
  readonly logStartOffset?: number
  readonly divergingEpoch?: { readonly epoch: number; readonly endOffset: number }
  readonly preferredReadReplica?: number
  readonly abortedTransactions?: readonly { readonly producerId: number; readonly firstOffset: number }[]
  readonly records: Uint8Array
}

function* batchRecords(batch: Uint8Array): Generator<string> {
  for (const record of openBatch(batch, viewOf(batch), 0, { codecs: nodeCodecs }))
    yield Buffer.from(record.value ?? []).toString()
}
