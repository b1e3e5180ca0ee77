/**
 * The controller as the rest of a node sees it: the quorum's log, the machine on top of it and the committed image, opened
 * on one directory. A node without the controller role has it too: it observes the log and never becomes active.
 *
 *     const controller = await openController({ storage, directory, … })
 *     controller.subscribe(listener)                        // called at once with the whole image
 *     await controller.submit('createTopics', request)      // durable, and visible in `controller.image`
 *     await controller.close()
 *
 * Requests are decided one after the other on everything appended so far, and answered when what they decided on is
 * committed; meanwhile the next ones are decided, and share the next fdatasync.
 *
 * The machine exists only while this node leads the quorum: it is made from the committed image when leadership is won and
 * thrown away when it is lost, and with it whatever was decided but not committed.
 */
import { assert, type Clock, type Logger, type Random, type Storage, type Timer, type Timers } from '@braidlog/base'
import {
  activationRecords,
  controllerRecord,
  MetadataError,
  metadataRecord,
  MetadataLoader,
  readBootstrapFile,
  readMetaProperties,
  writeMetaProperties,
  type ImageView,
  type MetadataBatch,
  type MetadataListener,
  type MetadataRecord,
  type VoterEndpoint,
} from '@braidlog/metadata'
import {
  BROKER_CONFIGS,
  KRAFT_VERSION_FEATURE,
  parseConfigs,
  randomUuid,
  SUPPORTED_FEATURES,
  ZERO_UUID,
  type BrokerConfigs,
  type Uuid,
} from '@braidlog/model'
import type { DescribeConfigsRequest, DescribeConfigsResponse } from '@braidlog/protocol'
import {
  RaftError,
  RaftNode,
  type Appended,
  type CancelSignal,
  type LeaderAndEpoch,
  type QuorumLeader,
  type RaftNetwork,
  type RaftNodeOptions,
  type Voter,
} from '@braidlog/raft'
import type { Codecs } from '@braidlog/records'
import { Controller } from './controller.ts'
import { describeConfigs } from './describe-configs.ts'
import { CONTROLLER_REGISTRATION_LEVEL } from './controller-registration.ts'
import { ControllerError } from './errors.ts'
import type { ControllerRequestName, DecidedRequestName, QuorumRequestName, RequestOf, ResponseOf } from './requests.ts'
import type { ControllerSettings, DecisionContext } from './state.ts'

export interface ControllerOptions {
  readonly storage: Storage
  /** The formatted log directory; the quorum's log is `<directory>/__cluster_metadata-0`. */
  readonly directory: string
  readonly codecs: Codecs
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger
  /** Shared with the other logs of the process. */
  readonly resources?: RaftNodeOptions['resources']
  readonly nodeId: number
  readonly clusterId: string
  /** Where the controller listens; empty without the controller role. */
  readonly endpoints: readonly VoterEndpoint[]
  /** Default: true. Without the role this node follows the log and decides nothing. */
  readonly isController?: boolean
  /** `controller.quorum.voters`, for a directory that was formatted for a static quorum; by default this node alone. */
  readonly staticVoters?: readonly Voter[]
  /** Without it this node is the only voter. */
  readonly network?: RaftNetwork
  /** server.properties and environment as text, by Kafka's keys; checked by the caller. */
  readonly configs: ReadonlyMap<string, string>
  /** The metadata log failed and nothing can be changed any more: the node must stop. Called at most once. */
  readonly onFailure: (error: ControllerError) => void
}

export interface SubmitOptions {
  /** An `AbortSignal`. Ends the waiting, not the request. */
  readonly signal?: CancelSignal
  /** Where the request came from. */
  readonly from?: { readonly apiVersion: number }
}

const SEEN_TIMEOUT_MS = 1_000
/** After a change that time called for and that could not be appended. */
const EXPIRE_RETRY_MS = 500
/** Requests decided but not committed; above it new ones are turned away. */
const PENDING_REQUESTS_MAX = 4096

export class ControllerNode {
  readonly #options: ControllerOptions
  readonly #configs: BrokerConfigs
  readonly #settings: ControllerSettings
  readonly #loader = new MetadataLoader()
  readonly #directoryId: Uuid
  readonly #leaderListeners = new Set<() => void>()
  /** Called whenever the image has moved. */
  readonly #watchers = new Set<() => void>()
  #raft: RaftNode | undefined
  /** While this node leads the quorum. */
  #controller: Controller | undefined
  #lastAppended: Appended | undefined
  #deadline: Timer | undefined
  #deadlineMs = Infinity
  #pendingCount = 0
  #lastSnapshotMs: number
  #closed = false

  private constructor(options: ControllerOptions, directoryId: Uuid) {
    this.#options = options
    this.#directoryId = directoryId
    this.#configs = parseConfigs(BROKER_CONFIGS, options.configs).values
    this.#lastSnapshotMs = options.clock.nowMs()
    this.#settings = {
      nodeId: options.nodeId,
      clusterId: options.clusterId,
      staticConfigs: options.configs,
      configs: this.#configs,
    }
  }

  /** See {@link openController}. */
  static async open(options: ControllerOptions): Promise<ControllerNode> {
    const node = new ControllerNode(options, await checkDirectory(options))
    await node.#start()
    return node
  }

  /** The committed picture. Always this object; it moves. */
  get image(): ImageView {
    return this.#loader.image
  }

  /** Whether requests are decided here. */
  get isActive(): boolean {
    return this.#controller !== undefined
  }

  /** The active controller as far as this node knows. */
  get leader(): QuorumLeader | undefined {
    return this.#running.leader
  }

  get leaderEpoch(): number {
    return this.#running.epoch
  }

  /** First offset that is not committed. */
  get highWatermark(): number {
    return this.#running.highWatermark
  }

  /** The quorum's log, for DescribeQuorum and DescribeLogDirs. */
  get raft(): RaftNode {
    return this.#running
  }

  /** `directory.id` of the log directory. */
  get directoryId(): Uuid {
    return this.#directoryId
  }

  /** Finalized levels as ApiVersions shows them, kraft.version included, and the offset that they are of. */
  finalizedFeatures(): { readonly levels: ReadonlyMap<string, number>; readonly epoch: number } {
    const levels = new Map(this.image.features)
    const { kraftVersion } = this.#running
    if (kraftVersion > 0) levels.set(KRAFT_VERSION_FEATURE, kraftVersion)
    return { levels, epoch: this.image.offset }
  }

  /** @returns a function that ends the subscription. The listener is called at once with the image as it is. */
  subscribe(listener: MetadataListener): () => void {
    return this.#loader.subscribe(listener)
  }

  /**
   * Resolves when the image shows something, or after a second: what another controller has acknowledged comes here a
   * moment later.
   */
  untilSeen(isSeen: () => boolean): Promise<void> {
    if (isSeen()) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel()
        this.#watchers.delete(check)
        resolve()
      }
      const check = (): void => {
        if (isSeen()) end()
      }
      const timer = this.#options.timers.after(SEEN_TIMEOUT_MS, end)
      this.#watchers.add(check)
    })
  }

  /** @param listener is called when another controller, this one or none became active. @returns ends it */
  onLeaderChange(listener: () => void): () => void {
    this.#leaderListeners.add(listener)
    return () => this.#leaderListeners.delete(listener)
  }

  /** DescribeConfigs from the committed image. Topics, brokers, groups and client metrics; not log levels. */
  describeConfigs(request: DescribeConfigsRequest): DescribeConfigsResponse {
    return describeConfigs(request, this.image, this.#settings)
  }

  /**
   * Decides, appends, waits until it is committed and applied, answers. Whether the caller may ask is the caller's to
   * check.
   * @throws ControllerError
   */
  async submit<N extends ControllerRequestName>(
    name: N,
    request: RequestOf<N>,
    options: SubmitOptions = {},
  ): Promise<ResponseOf<N>> {
    if (this.#closed) throw new ControllerError('CLOSED', 'the controller is closed')
    if (options.signal?.aborted === true) throw aborted()
    if (isQuorumRequest(name)) return (await this.#askQuorum(name, request as never, options)) as ResponseOf<N>
    return (await this.#decide(
      name as DecidedRequestName,
      request as RequestOf<DecidedRequestName>,
      options,
    )) as ResponseOf<N>
  }

  async #decide<N extends DecidedRequestName>(
    name: N,
    request: RequestOf<N>,
    options: SubmitOptions,
  ): Promise<ResponseOf<N>> {
    if (this.#pendingCount >= PENDING_REQUESTS_MAX) {
      throw new ControllerError('QUEUE_FULL', `${this.#pendingCount} changes are waiting to become durable`)
    }
    const controller = this.#controller
    if (controller === undefined) throw notController()
    const { kraftVersion, records, response } = controller.decide(name, request, this.#context())
    if (kraftVersion !== undefined) this.#upgradeQuorum(kraftVersion)
    const decidedOn = records.length > 0 ? this.#append(records) : this.#lastAppended
    this.#watchDeadline()
    if (decidedOn === undefined || decidedOn.lastOffset < this.highWatermark) return response
    this.#pendingCount++
    try {
      await orAborted(decidedOn.committed, options.signal)
    } catch (error) {
      throw toControllerError(error)
    } finally {
      this.#pendingCount--
    }
    return response
  }

  async #askQuorum<N extends QuorumRequestName>(
    name: N,
    request: RequestOf<N>,
    options: SubmitOptions,
  ): Promise<ResponseOf<N>> {
    if (this.#controller === undefined) throw notController()
    const { api, version } = QUORUM_REQUESTS[name]
    const answer = await this.#running.handleRequest(api, request, options.from?.apiVersion ?? version)
    return answer as ResponseOf<N>
  }

  /** Writes a snapshot of the committed image now. */
  async createSnapshot(): Promise<void> {
    assert(!this.#loader.inTransaction, 'no snapshot inside a metadata transaction')
    this.#lastSnapshotMs = this.#options.clock.nowMs()
    await this.#running.createSnapshot(this.image.records())
  }

  /** @param options `handOver: false`: the other controllers find out for themselves, as after a crash */
  async close(options: { readonly handOver?: boolean } = {}): Promise<void> {
    this.#closed = true
    this.#deadline?.cancel()
    await this.#raft?.close(options)
  }

  get #running(): RaftNode {
    assert(this.#raft !== undefined, 'the controller has started')
    return this.#raft
  }

  async #start(): Promise<void> {
    const options = this.#options
    const configs = this.#configs
    this.#raft = await RaftNode.open({
      ...options,
      directoryId: this.#directoryId,
      canVote: options.isController ?? true,
      staticVoters: options.staticVoters ?? [
        { id: options.nodeId, directoryId: ZERO_UUID, endpoints: options.endpoints },
      ],
      segmentBytes: configs['metadata.log.segment.bytes'],
      segmentMs: configs['metadata.log.segment.ms'],
      retention: {
        retentionBytes: configs['metadata.max.retention.bytes'],
        retentionMs: configs['metadata.max.retention.ms'],
      },
      listener: {
        handleLoadSnapshot: (snapshot) => this.#loader.loadSnapshot(snapshot),
        handleCommit: (batch) => this.#commit(batch),
        handleLeaderChange: (leader) => this.#leaderChanged(leader),
      },
      onFailure: (error) => options.onFailure(toControllerError(error)),
    })
    try {
      this.#checkFeatures()
      // A quorum of one has its leader already; it is worth waiting for.
      if (this.#raft.role === 'leader') await this.#activate()
    } catch (error) {
      await this.#raft.close()
      throw error
    }
  }

  #leaderChanged({ leaderId, epoch }: LeaderAndEpoch): void {
    this.#options.logger.debug('the quorum has another leader', { leaderId, epoch })
    // While it opens, the quorum is not to be written to yet.
    if (this.#raft === undefined) return
    const leads = leaderId === this.#options.nodeId
    if (leads && this.#controller === undefined) {
      this.#activate().catch((error: unknown) => {
        // Whoever took over meanwhile does what had to be done.
        if (toControllerError(error).code !== 'NOT_CONTROLLER') this.#options.onFailure(toControllerError(error))
      })
    } else if (!leads && this.#controller !== undefined) this.#deactivate()
    for (const listener of this.#leaderListeners) listener()
  }

  /**
   * Takes up the work: everything that was committed before this epoch has been seen. Writes an end to a transaction left
   * open, and what the log lacks.
   */
  async #activate(): Promise<void> {
    const { storage, directory, codecs, logger } = this.#options
    const controller = new Controller(this.#settings)
    for (const record of this.image.records()) controller.apply(record)
    this.#controller = controller
    this.#lastAppended = undefined
    logger.info('this controller is active', { epoch: this.leaderEpoch, offset: this.image.offset })
    const records: MetadataRecord[] = []
    if (this.#loader.inTransaction) {
      records.push(metadataRecord('AbortTransaction', { reason: 'another controller became active' }))
    }
    if (controller.state.metadataVersion < 0) {
      const bootstrap = readBootstrapFile(storage, directory, codecs)
      records.push(...activationRecords(bootstrap, this.#configs['min.insync.replicas']))
    }
    controller.activate(this.#context())
    this.#watchDeadline()
    if (records.length > 0) await this.#append(records).committed
    const registration = this.#controllerRegistration()
    if (registration !== undefined) await this.#append([registration]).committed
  }

  /** What was decided but not committed is forgotten: the committed image knows nothing of it. */
  #deactivate(): void {
    this.#controller = undefined
    this.#lastAppended = undefined
    this.#deadline?.cancel()
    this.#deadline = undefined
    this.#options.logger.info('this controller is no longer active', { epoch: this.leaderEpoch })
  }

  /** @returns the record that registers this controller, unless the image has it already */
  #controllerRegistration(): MetadataRecord | undefined {
    const { nodeId, endpoints, random } = this.#options
    const known = [...this.image.controllers()].find((each) => each.id === nodeId)
    const registration = {
      id: nodeId,
      incarnationId: known?.incarnationId ?? randomUuid(random),
      zkMigrationReady: false,
      endpoints: endpoints.map((endpoint) => ({ ...endpoint, securityProtocol: 0 })),
      features: SUPPORTED_FEATURES,
    }
    if (this.image.metadataVersion < CONTROLLER_REGISTRATION_LEVEL) return undefined
    if (known !== undefined && JSON.stringify(known.endpoints) === JSON.stringify(registration.endpoints))
      return undefined
    return controllerRecord(registration)
  }

  #context(): DecisionContext {
    const { random, clock } = this.#options
    const raft = this.#running
    const quorum = {
      kraftVersion: raft.kraftVersion,
      voterIds: raft.voters.map((voter) => voter.id),
      upgradeProblem: (kraftVersion: number) => raft.upgradeProblem(kraftVersion),
    }
    return { random, nowMs: clock.monotonicMs(), nextOffset: raft.endOffset, quorum }
  }

  #upgradeQuorum(kraftVersion: number): void {
    try {
      this.#running.upgradeVersion(kraftVersion)
    } catch (error) {
      throw toControllerError(error)
    }
    this.#options.logger.info('the quorum is dynamic from here on', { kraftVersion, offset: this.#running.endOffset })
  }

  #append(records: readonly MetadataRecord[]): Appended {
    const controller = this.#controller
    if (controller === undefined) throw notController()
    let appended: Appended
    try {
      appended = this.#running.append(records)
    } catch (error) {
      throw toControllerError(error)
    }
    for (const record of records) controller.apply(record)
    this.#lastAppended = appended
    return appended
  }

  /** One timer for whatever the machine waits for next; a request may have brought it nearer. */
  #watchDeadline(notBeforeMs = 0): void {
    const controller = this.#controller
    if (controller === undefined) return
    const dueMs = Math.max(controller.nextDeadlineMs(), notBeforeMs)
    if (this.#deadline !== undefined && this.#deadlineMs <= dueMs) return
    this.#deadline?.cancel()
    this.#deadline = undefined
    if (dueMs === Infinity) return
    this.#deadlineMs = dueMs
    this.#deadline = this.#options.timers.after(Math.max(0, dueMs - this.#options.clock.monotonicMs()), () => {
      this.#deadline = undefined
      this.#expire(controller)
    })
  }

  #expire(controller: Controller): void {
    if (this.#closed || this.#controller !== controller) return
    const { records } = controller.expire(this.#context())
    try {
      // What cannot be appended now is decided anew by the controller that comes next.
      if (records.length > 0) this.#append(records)
    } catch (error) {
      this.#options.logger.warn('a change that time called for was not made', { error })
      // It is due all the same: without a pause this would be all that the node does until it has stopped.
      return this.#watchDeadline(this.#options.clock.monotonicMs() + EXPIRE_RETRY_MS)
    }
    this.#watchDeadline()
  }

  #commit(batch: MetadataBatch): void {
    this.#loader.commit(batch)
    for (const check of this.#watchers) check()
    this.#maybeSnapshot()
  }

  #maybeSnapshot(): void {
    if (this.#raft === undefined || this.#loader.inTransaction) return
    const bytesMax = this.#configs['metadata.log.max.record.bytes.between.snapshots']
    const intervalMs = this.#configs['metadata.log.max.snapshot.interval.ms']
    const age = this.#options.clock.nowMs() - this.#lastSnapshotMs
    const due = this.#raft.sizeBytesSinceSnapshot >= bytesMax || (intervalMs > 0 && age >= intervalMs)
    if (!due) return
    const { logger } = this.#options
    this.createSnapshot().then(
      () => logger.debug('metadata snapshot written', { endOffset: this.#raft?.latestSnapshotId?.endOffset }),
      (error: unknown) => logger.error('metadata snapshot failed', { error }),
    )
  }

  #checkFeatures(): void {
    for (const [name, level] of this.image.features) {
      const range = SUPPORTED_FEATURES.find((each) => each.name === name)
      if (range !== undefined && level <= range.levelMax && level >= Math.min(range.levelMin, level)) continue
      throw new MetadataError(
        'UNSUPPORTED_FEATURE',
        `the cluster uses ${name} at level ${level}; this release has ${range === undefined ? 'none' : `${range.levelMin} to ${range.levelMax}`}`,
      )
    }
  }
}

/**
 * Opens the controller: recovers the metadata log, becomes leader of the quorum of one, writes the bootstrap records into
 * an empty log.
 * @throws MetadataError `NOT_FORMATTED`, `MISMATCH`, `CORRUPT`, `UNKNOWN_RECORD`, `UNSUPPORTED_FEATURE`; RaftError;
 * StorageError
 */
export function openController(options: ControllerOptions): Promise<ControllerNode> {
  return ControllerNode.open(options)
}

/** @returns the directory's id; one that has none, being older than directory ids, gets one */
async function checkDirectory(options: ControllerOptions): Promise<Uuid> {
  const { storage, directory, nodeId, clusterId } = options
  const properties = readMetaProperties(storage, directory)
  if (properties === undefined) {
    throw new MetadataError('NOT_FORMATTED', `${directory} is not formatted; run storage format first`)
  }
  if (properties.nodeId !== nodeId || properties.clusterId !== clusterId) {
    throw new MetadataError(
      'MISMATCH',
      `${directory} belongs to node ${properties.nodeId} of cluster ${properties.clusterId}, ` +
        `not to node ${nodeId} of cluster ${clusterId}`,
    )
  }
  if (properties.directoryId !== undefined) return properties.directoryId
  const directoryId = randomUuid(options.random)
  await writeMetaProperties(storage, directory, { ...properties, directoryId })
  return directoryId
}

/** By name: the API, and the version of a request that does not come from a client. */
const QUORUM_REQUESTS = {
  addRaftVoter: { api: 'AddRaftVoter', version: 1 },
  describeQuorum: { api: 'DescribeQuorum', version: 2 },
  removeRaftVoter: { api: 'RemoveRaftVoter', version: 0 },
} as const

function isQuorumRequest(name: ControllerRequestName): name is QuorumRequestName {
  return name in QUORUM_REQUESTS
}

function notController(): ControllerError {
  return new ControllerError('NOT_CONTROLLER', 'this node is not the active controller')
}

function aborted(): ControllerError {
  return new ControllerError('ABORTED', 'the caller stopped waiting; the change may still take effect')
}

function orAborted(promise: Promise<void>, signal: CancelSignal | undefined): Promise<void> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const stop = () => reject(aborted())
    signal.addEventListener('abort', stop)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

function toControllerError(error: unknown): ControllerError {
  if (error instanceof ControllerError) return error
  if (error instanceof RaftError && (error.code === 'CLOSED' || error.code === 'NOT_LEADER')) {
    const code = error.code === 'CLOSED' ? 'CLOSED' : 'NOT_CONTROLLER'
    return new ControllerError(code, error.message, { cause: error })
  }
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof RaftError && error.code === 'WRONG_CLUSTER' ? error.code : 'STORAGE_FAILED'
  return new ControllerError(code, message, { cause: error })
}
