/**
 * The shell around {@link RaftMachine}: performs its effects in order on the log directory and through `Peers`, groups
 * appends into one fdatasync, and hands committed batches to the listener. It runs over injected interfaces, in the
 * simulator too.
 *
 *     append → page cache → (end of turn) fdatasync → high watermark → listener → `committed` resolves
 *
 * Invariant: the listener sees every batch once, in order, and only when it is committed; `committed` resolves after the
 * listener has seen it. An effect is performed when the one before is done.
 * Source: `KafkaRaftClient` of Apache Kafka (KIP-595).
 */
import { assert } from '@braidlog/base'
import type { MetadataRecord, SnapshotId } from '@braidlog/metadata'
import { ErrorCode } from '@braidlog/model'
import { Committed } from './committed.ts'
import { Deadline } from './deadline.ts'
import { describeQuorum } from './describe-quorum.ts'
import { NO_NODE } from './election-state.ts'
import { RaftError } from './errors.ts'
import { GroupFlush } from './group-flush.ts'
import type { RaftEffect, RaftInput } from './machine/effects.ts'
import { RaftMachine } from './machine/machine.ts'
import type { Answer } from './machine/messages.ts'
import type { RaftRole } from './machine/roles.ts'
import type { LocalReplica } from './machine/state.ts'
import { matches } from './machine/voter-history.ts'
import { MetadataLog } from './metadata-log.ts'
import { OwnBatches } from './own-batches.ts'
import {
  DEFAULT_RAFT_TIMEOUTS,
  type Appended,
  type LeaderAndEpoch,
  type QuorumApi,
  type QuorumLeader,
  type RaftNodeOptions,
} from './raft-node-options.ts'
import { Replies } from './replies.ts'
import { checkVoters, storedQuorum } from './stored-quorum.ts'
import { votersRecord, type Voter } from './voters.ts'
import { errorResponse, formatAnswer, type QuorumResponse, type WireAnswer } from './wire-answers.ts'
import { QuorumPeers, type FetchedBatch } from './wire-peers.ts'
import { parseRequest, type MachineApi, type QuorumRequest } from './wire-requests.ts'

/** A leader that closes waits so long for the others to take notice. */
const RESIGN_WAIT_MAX_MS = 1000

type Effect<T extends RaftEffect['type']> = RaftEffect & { readonly type: T }

export class RaftNode {
  readonly #options: RaftNodeOptions
  readonly #local: LocalReplica
  readonly #log: MetadataLog
  readonly #machine: RaftMachine
  readonly #committed: Committed
  readonly #own: OwnBatches
  readonly #peers: QuorumPeers | undefined
  /** Effects to be performed, in order. */
  readonly #effects: RaftEffect[] = []
  #performing = false
  readonly #replies = new Replies()
  readonly #flush: GroupFlush
  readonly #deadline: Deadline | undefined
  #performedTruncations = 0
  /** The epoch whose first batch this leader has appended. */
  #begunEpoch = -1
  #told: LeaderAndEpoch = { leaderId: undefined, epoch: -1 }
  #snapshotting: Promise<void> | undefined
  /** Called after every step. */
  readonly #watchers = new Set<() => void>()
  #failure: RaftError | undefined
  #closed = false

  private constructor(options: RaftNodeOptions, log: MetadataLog) {
    const { nodeId: id, directoryId, endpoints, network } = options
    this.#options = options
    this.#local = { id, directoryId, endpoints, canVote: options.canVote ?? true }
    this.#log = log
    this.#committed = new Committed(log, options.listener)
    this.#machine = new RaftMachine({
      local: this.#local,
      bootstrap: (network?.bootstrapServers ?? []).map(({ host, port }, i) => ({ id: -2 - i, host, port })),
      timeouts: network?.timeouts ?? DEFAULT_RAFT_TIMEOUTS,
      random: options.random,
    })
    this.#own = new OwnBatches({ ...options, log, committed: this.#committed })
    this.#flush = new GroupFlush(
      () => this.#flushLog(),
      (cause) => this.#fail('could not be made durable', cause),
    )
    this.#deadline = network && new Deadline(options.clock, network.timers, () => this.#stepSafely({ type: 'tick' }))
    this.#peers =
      network &&
      new QuorumPeers({
        peers: network.peers,
        codecs: options.codecs,
        clusterId: options.clusterId,
        listenerName: endpoints[0]?.name ?? 'CONTROLLER',
      })
  }

  /**
   * Recovers the log and takes part in the quorum. A quorum of one has its leader, and everything that is committed is with
   * the listener, when this resolves; otherwise that comes later.
   * @throws RaftError `SEVERAL_VOTERS` and `NOT_A_VOTER` without a network, `CORRUPT`; MetadataError, LogError, StorageError
   */
  static async open(options: RaftNodeOptions): Promise<RaftNode> {
    const log = await MetadataLog.open(options)
    try {
      const { base, batches, quorum } = storedQuorum(log, options)
      if (options.network === undefined) checkVoters(quorum, options)
      const node = new RaftNode(options, log)
      const isAlone = quorum.voters.length === 1 && matches(quorum.voters[0]!, node.#local)
      // What was recovered may not be on the disk, and this node is about to tell others that it is.
      if (!isAlone) await log.flush()
      const snapshot = log.takeLoadedSnapshot()
      if (snapshot !== undefined) node.#committed.load(snapshot)
      const election = log.readElectionState()
      node.#step({ type: 'start', election, log: log.contents, quorum: base, quorumBatches: batches })
      if (isAlone && node.#local.canVote) await node.#until(() => node.#told.leaderId === options.nodeId)
      return node
    } catch (error) {
      await log.close()
      throw error
    }
  }

  get role(): RaftRole {
    return this.#machine.role
  }

  /** Whether the voters in force name this node. */
  get isVoter(): boolean {
    return this.#machine.isVoter
  }

  get epoch(): number {
    return this.#machine.epoch
  }

  /** `undefined` while nobody is known to lead. */
  get leader(): QuorumLeader | undefined {
    const { epoch, leaderEndpoints: endpoints, leaderId: id, role } = this.#machine
    if (id === NO_NODE || (id === this.#options.nodeId && role !== 'leader')) return undefined
    const name = this.#options.endpoints[0]?.name
    const endpoint = endpoints.find((each) => each.name === name) ?? endpoints[0]
    const address = endpoint && { id, host: endpoint.host, port: endpoint.port }
    return { id, epoch, endpoints, address }
  }

  /** First offset that is not committed, as far as this node knows. */
  get highWatermark(): number {
    return this.#machine.highWatermark
  }

  get endOffset(): number {
    return this.#log.endOffset
  }

  get startOffset(): number {
    return this.#log.startOffset
  }

  /** End offset and epoch of what the listener has seen. */
  get applied(): SnapshotId {
    return this.#committed.applied
  }

  get kraftVersion(): number {
    return this.#machine.quorum.kraftVersion
  }

  get voters(): readonly Voter[] {
    return this.#machine.quorum.voters
  }

  get latestSnapshotId(): SnapshotId | undefined {
    return this.#log.latestSnapshotId
  }

  /** Bytes of committed batches that no snapshot covers yet. */
  get sizeBytesSinceSnapshot(): number {
    return this.#committed.sizeBytesSinceSnapshot
  }

  /** Timestamp of the last record that the listener has seen. */
  get appliedTimestampMs(): number {
    return this.#committed.timestampMs
  }

  /** The most that a timer of the quorum was late: how long other work has kept elections and heartbeats waiting. */
  get timerLatenessMaxMs(): number {
    return this.#deadline?.latenessMaxMs ?? 0
  }

  /**
   * Appends records: all of them take effect, or none. What is too much for one batch becomes a metadata transaction over
   * several, which needs metadata.version 3.6-IV1.
   * @throws RaftError `NOT_LEADER`; `STORAGE_FAILED`: nothing is appended any more; `CLOSED`
   */
  append(records: readonly MetadataRecord[]): Appended {
    this.#assertUsable()
    assert(records.length > 0, 'there is something to append')
    if (!this.#mayAppend(this.#begunEpoch)) throw this.#notLeader()
    const batch = this.#writing(() => this.#own.records(records, this.epoch))
    const { baseOffset, lastOffset, epoch } = batch
    const committed = this.#committed.waitFor(lastOffset)
    this.#step({ type: 'appended', batch })
    return { baseOffset, lastOffset, epoch, committed }
  }

  /**
   * Serves a request of another node, or of an operator. Bounded by the request's own wait, at most the fetch wait.
   * @param version of the request: what it cannot say is left out of the response
   */
  handleRequest<N extends QuorumApi>(api: N, body: QuorumRequest<N>, version: number): Promise<QuorumResponse<N>> {
    if (this.#closed || this.#failure !== undefined || this.#replies.isFull)
      return Promise.resolve(errorResponse(ErrorCode.BROKER_NOT_AVAILABLE) as QuorumResponse<N>)
    if (api === 'DescribeQuorum') {
      const request = body as QuorumRequest<'DescribeQuorum'>
      return Promise.resolve(
        describeQuorum(this.#machine, this.#local, this.#options.clock, request) as QuorumResponse<N>,
      )
    }
    const parsed = parseRequest(api as MachineApi, body as QuorumRequest<MachineApi>, this.#options.clusterId)
    if ('error' in parsed) return Promise.resolve(errorResponse(parsed.error) as QuorumResponse<N>)
    return new Promise((resolve) => {
      const token = this.#replies.add({
        answer: (answer) => resolve(formatAnswer(answer, version) as QuorumResponse<N>),
        refuse: (error) => resolve(errorResponse(error) as QuorumResponse<N>),
      })
      this.#step({ type: 'request', token, request: parsed.request })
    })
  }

  /** Gives up leadership, if there is any; another voter should take over. */
  resign(): void {
    if (this.#machine.role === 'leader') this.#step({ type: 'resign' })
  }

  /**
   * Writes a snapshot of everything that the listener has seen, then deletes what the retention limits give up.
   * One at a time: a call while one is being written waits for that one and writes none; nor is one written when nothing
   * has changed since the last.
   * @param records the state, read before this returns to the event loop
   */
  createSnapshot(records: Iterable<MetadataRecord>): Promise<void> {
    this.#snapshotting ??= this.#writeSnapshot(records).finally(() => (this.#snapshotting = undefined))
    return this.#snapshotting
  }

  /**
   * Hands leadership over, makes durable what was appended, stops, closes the files. Safe to call twice.
   * @param options `handOver: false`: the others find out for themselves, as after a crash
   */
  async close(options: { readonly handOver?: boolean } = {}): Promise<void> {
    if (this.#closed) return
    await this.#flush.settled()
    if (options.handOver !== false) await this.#handOver()
    this.#closed = true
    this.#deadline?.cancel()
    await this.#snapshotting?.catch(() => {})
    await this.#flush.settled()
    this.#end(new RaftError('CLOSED', 'the metadata log is closed'))
    try {
      await this.#log.close()
    } catch (error) {
      // A log that has failed cannot be closed properly, and that it failed has been said already.
      if (this.#failure === undefined) throw error
    }
  }

  /** Tells the other voters that this leader goes, so that they need not wait for it to be missed. */
  async #handOver(): Promise<void> {
    const { network } = this.#options
    if (network === undefined || this.#machine.role !== 'leader' || this.#failure !== undefined) return
    if (this.voters.every((voter) => voter.id === this.#options.nodeId)) return
    this.#step({ type: 'resign' })
    let isOver = false
    const timer = network.timers.after(RESIGN_WAIT_MAX_MS, () => {
      isOver = true
      this.#watch()
    })
    await this.#until(() => isOver || this.#machine.untoldCount === 0).catch(() => {})
    timer.cancel()
  }

  #mayAppend(epoch: number): boolean {
    return this.#machine.role === 'leader' && this.#machine.epoch === epoch
  }

  /** Performs nothing itself: effects are queued, and performed as far as none has to be waited for. */
  #step(input: RaftInput): void {
    if (this.#closed) return
    this.#machine.step(input, this.#options.clock.monotonicMs(), this.#effects)
    this.#perform()
    this.#watch()
    this.#deadline?.moveTo(this.#closed || this.#failure !== undefined ? Infinity : this.#machine.nextDeadlineMs())
  }

  #perform(): void {
    if (this.#performing) return
    this.#performing = true
    try {
      for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift()) {
        if (this.#closed || this.#failure !== undefined) return
        const work = this.#begin(effect)
        if (work === undefined) continue
        work.then(
          () => this.#resume(),
          (cause: unknown) => this.#fail('could not be written', cause),
        )
        return
      }
    } catch (cause) {
      throw this.#fail('could not be written', cause)
    }
    this.#performing = false
  }

  #resume(): void {
    this.#performing = false
    try {
      this.#perform()
    } catch {
      // Told to `onFailure`.
    }
    this.#watch()
  }

  /** @returns what the next effect has to wait for */
  #begin(effect: RaftEffect): Promise<void> | undefined {
    switch (effect.type) {
      case 'persist': {
        if (this.#isOvertaken()) return undefined
        const { kraftVersion, voters } = this.#machine.quorum
        return this.#log.writeElectionState(
          effect.election,
          kraftVersion,
          voters.map((voter) => voter.id),
        )
      }
      case 'send':
        this.#send(effect)
        return undefined
      case 'answer':
        this.#replies.answer(effect.token, this.#withRecords(effect.answer))
        return undefined
      case 'answer-snapshot':
        this.#answerSnapshot(effect)
        return undefined
      case 'begin-epoch':
        if (this.#mayAppend(effect.epoch)) this.#beginEpoch(effect)
        return undefined
      case 'append-voters':
        if (this.#mayAppend(effect.epoch))
          this.#step({ type: 'appended', batch: this.#own.voters(effect.voters, effect.epoch) })
        return undefined
      case 'append':
        for (const batch of effect.batches as readonly FetchedBatch[]) this.#log.append(batch.bytes)
        return undefined
      case 'truncate':
        this.#performedTruncations++
        return this.#log.truncateTo(effect.offset)
      case 'flush':
        this.#flush.request()
        return undefined
      case 'high-watermark':
        this.#committed.advance(effect.offset)
        this.#tellLeader()
        return undefined
      case 'write-snapshot':
        this.#log.writeSnapshotPiece(effect.id, effect.position, effect.bytes)
        return undefined
      case 'install-snapshot':
        return this.#installSnapshot(effect.id)
      case 'leader-changed':
        if (this.#machine.role !== 'leader' || this.#begunEpoch !== this.epoch)
          this.#committed.reject(this.#notLeader())
        this.#tellLeader()
        return undefined
      default:
        return effect satisfies never
    }
  }

  /** Another vote is to be persisted and nothing that others see comes before it: one write is enough. */
  #isOvertaken(): boolean {
    const next = this.#effects.find((effect) => effect.type !== 'leader-changed')
    return next?.type === 'persist'
  }

  #send({ request, timeoutMs, to, token }: Effect<'send'>): void {
    assert(this.#peers !== undefined, 'a quorum of one sends nothing')
    void this.#peers
      .send(to, request, timeoutMs)
      .then((response) => this.#stepSafely({ type: 'response', token, response }))
  }

  #withRecords(answer: Answer): WireAnswer {
    if (answer.type === 'fetchSnapshot') return { ...answer, piece: undefined }
    if (answer.type !== 'fetch') return answer
    const { read } = answer
    const records =
      read === undefined
        ? new Uint8Array(0)
        : this.#log.readBytes(read.fromOffset, read.upToOffset, Math.min(read.maxBytes, READ_SIZE_BYTES_MAX))
    return { ...answer, records }
  }

  #answerSnapshot({ request, token }: Effect<'answer-snapshot'>): void {
    const { maxBytes, position, snapshotId: id } = request
    const found = this.#log.readSnapshotPiece(id, position, maxBytes)
    const error =
      found === undefined
        ? ErrorCode.SNAPSHOT_NOT_FOUND
        : found.bytes.length === 0
          ? ErrorCode.POSITION_OUT_OF_RANGE
          : ErrorCode.NONE
    const { epoch, leaderEndpoints, leaderId } = this.#machine
    const piece = error === ErrorCode.NONE ? { id, position, ...found! } : undefined
    this.#replies.answer(token, { type: 'fetchSnapshot', error, epoch, leaderId, leaderEndpoints, piece })
  }

  #beginEpoch({ epoch, grantedBy }: Effect<'begin-epoch'>): void {
    const { directoryId, endpoints, nodeId: id } = this.#options
    this.#begunEpoch = epoch
    const { quorum } = this.#machine
    const batch = this.#own.epochStart({ epoch, leader: { id, directoryId, endpoints }, quorum, grantedBy })
    this.#step({ type: 'appended', batch })
  }

  async #installSnapshot(id: SnapshotId): Promise<void> {
    const snapshot = await this.#log.installSnapshot(id)
    const quorum = snapshot && storedQuorum(this.#log, this.#options, snapshot).base
    if (snapshot !== undefined) {
      this.#performedTruncations++
      this.#committed.load(snapshot)
    }
    this.#step({ type: 'installed', id, quorum })
  }

  async #flushLog(): Promise<void> {
    const truncations = this.#performedTruncations
    await this.#log.flush()
    // Of what was there before a truncation nothing is known now.
    if (truncations !== this.#performedTruncations || this.#failure !== undefined) return
    this.#step({ type: 'flushed', endOffset: this.#log.durableOffset, truncations })
  }

  /** Who leads; and that this node does only after the listener has seen what earlier leaders have committed. */
  #tellLeader(): void {
    const { epoch, epochStartOffset, leaderId: id, role } = this.#machine
    const isOurs = id === this.#options.nodeId
    if (isOurs && role === 'leader' && this.applied.endOffset <= epochStartOffset!) return
    const leaderId = id === NO_NODE || (isOurs && role !== 'leader') ? undefined : id
    if (this.#told.leaderId === leaderId && this.#told.epoch === epoch) return
    this.#told = { leaderId, epoch }
    this.#options.listener.handleLeaderChange?.(this.#told)
  }

  /** For callbacks, which nobody catches: the failure has been told to `onFailure`. */
  #stepSafely(input: RaftInput): void {
    if (this.#failure !== undefined) return
    try {
      this.#step(input)
    } catch (cause) {
      this.#fail('could not go on', cause)
    }
  }

  #watch(): void {
    for (const watcher of this.#watchers) watcher()
  }

  /** Resolves when `condition` holds after a step; rejects when the node fails. */
  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#failure === undefined && !condition()) return
        this.#watchers.delete(look)
        if (this.#failure === undefined) resolve()
        else reject(this.#failure)
      }
      this.#watchers.add(look)
      look()
    })
  }

  async #writeSnapshot(records: Iterable<MetadataRecord>): Promise<void> {
    this.#assertUsable()
    const id = this.applied
    if (this.latestSnapshotId?.endOffset === id.endOffset) return
    const { kraftVersion, voters } = this.#machine.quorumAt(id.endOffset)
    const coveredBytes = this.sizeBytesSinceSnapshot
    try {
      await this.#log.writeSnapshot(id, {
        lastContainedLogTimestampMs: this.appliedTimestampMs,
        records,
        quorum:
          kraftVersion === 0
            ? undefined
            : { kraftVersion: { version: 0, kRaftVersion: kraftVersion }, voters: votersRecord(voters) },
      })
      this.#committed.snapshotWritten(coveredBytes)
      this.#step({ type: 'snapshot-created', id })
      const start = await this.#log.clean(this.#options.retention)
      if (start !== undefined) this.#step({ type: 'log-cleaned', start })
    } catch (cause) {
      // The log still has everything: a snapshot that cannot be written costs disk space, not metadata.
      throw new RaftError('STORAGE_FAILED', `the snapshot at offset ${id.endOffset} could not be written`, { cause })
    }
  }

  #notLeader(): RaftError {
    const { leader } = this
    const now = leader === undefined ? 'nobody is known to lead' : `node ${leader.id} leads`
    return new RaftError('NOT_LEADER', `node ${this.#options.nodeId} does not lead the quorum; ${now}`)
  }

  /** A failed write fails the node, and says so to whoever appends. */
  #writing<T>(write: () => T): T {
    try {
      return write()
    } catch (cause) {
      throw this.#fail('could not be written', cause)
    }
  }

  #fail(what: string, cause: unknown): RaftError {
    if (this.#failure !== undefined) return this.#failure
    const reason = cause instanceof Error ? cause.message : String(cause)
    this.#failure = new RaftError('STORAGE_FAILED', `the metadata log ${what}: ${reason}; restart the node`, { cause })
    this.#deadline?.cancel()
    this.#end(this.#failure)
    this.#options.onFailure(this.#failure)
    this.#watch()
    return this.#failure
  }

  #end(error: RaftError): void {
    this.#committed.reject(error)
    this.#replies.refuseAll(ErrorCode.BROKER_NOT_AVAILABLE)
  }

  #assertUsable(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#closed) throw new RaftError('CLOSED', 'the metadata log is closed')
  }
}

/** Of one answer to a fetch, whatever was asked for. */
const READ_SIZE_BYTES_MAX = 8 * 1024 * 1024
