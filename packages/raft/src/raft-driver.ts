/**
 * Steps the machine and performs its effects, strictly in order: one is begun when the one before is done. Meanwhile the
 * machine may be stepped again; those effects queue up behind.
 *
 * Invariant: what was told to `onFailure` once ends everything: no further effect is performed, and whoever waits is told.
 */
import { assert, type DurationHistogram } from '@braidlog/base'
import type { SnapshotId } from '@braidlog/metadata'
import { ErrorCode } from '@braidlog/model'
import { Committed } from './committed.ts'
import { Deadline } from './deadline.ts'
import { NO_NODE } from './election-state.ts'
import { RaftError } from './errors.ts'
import { ForeignClusters, type Host } from './foreign-clusters.ts'
import { GroupFlush } from './group-flush.ts'
import type { RaftEffect, RaftInput } from './machine/effects.ts'
import { RaftMachine } from './machine/machine.ts'
import type { Answer, Received } from './machine/messages.ts'
import type { Destination } from './machine/outbox.ts'
import type { LocalReplica } from './machine/state.ts'
import type { MetadataLog } from './metadata-log.ts'
import { OwnBatches } from './own-batches.ts'
import { DEFAULT_RAFT_TIMEOUTS, type LeaderAndEpoch, type RaftNodeOptions } from './raft-node-options.ts'
import { Replies } from './replies.ts'
import { storedQuorum } from './stored-quorum.ts'
import type { WireAnswer } from './wire-answers.ts'
import { QuorumPeers, type FetchedBatch } from './wire-peers.ts'

type Effect<T extends RaftEffect['type']> = RaftEffect & { readonly type: T }

/** Of one answer to a fetch, whatever was asked for: what one turn may read. */
const READ_SIZE_BYTES_MAX = 1024 * 1024

export class RaftDriver {
  readonly machine: RaftMachine
  readonly committed: Committed
  readonly own: OwnBatches
  readonly replies = new Replies()
  readonly local: LocalReplica
  readonly #options: RaftNodeOptions
  readonly #log: MetadataLog
  readonly #peers: QuorumPeers | undefined
  readonly #foreign: ForeignClusters | undefined
  readonly #flush: GroupFlush
  readonly #deadline: Deadline | undefined
  /** Effects to be performed, in order. */
  readonly #effects: RaftEffect[] = []
  #performing = false
  /** The effect that the next one waits for. */
  #working: Promise<void> | undefined
  #performedTruncations = 0
  /** The epoch whose first batch this leader has appended. */
  #begunEpoch = -1
  #told: LeaderAndEpoch = { leaderId: undefined, epoch: -1 }
  /** Called after every step. */
  readonly #watchers = new Set<() => void>()
  #failure: RaftError | undefined
  #closed = false

  constructor(options: RaftNodeOptions, log: MetadataLog) {
    const { nodeId: id, directoryId, endpoints, network } = options
    this.#options = options
    this.local = { id, directoryId, endpoints, canVote: options.canVote ?? true }
    this.#log = log
    this.committed = new Committed(log, options.listener)
    this.machine = new RaftMachine({
      local: this.local,
      bootstrap: (network?.bootstrapServers ?? []).map(({ host, port }, i) => ({ id: -2 - i, host, port })),
      timeouts: network?.timeouts ?? DEFAULT_RAFT_TIMEOUTS,
      random: options.random,
    })
    this.own = new OwnBatches({ ...options, log, committed: this.committed })
    this.#flush = new GroupFlush(
      () => this.#flushLog(),
      (cause) => this.fail('could not be made durable', cause),
    )
    this.#foreign =
      network && (options.clusterId === undefined ? undefined : new ForeignClusters(network.peers, options.clusterId))
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

  /** Why nothing works any more. */
  get failure(): RaftError | undefined {
    return this.#failure
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** What the listener was told last. */
  get told(): LeaderAndEpoch {
    return this.#told
  }

  /** This node leads, and the epoch has begun in its log. */
  get mayAppend(): boolean {
    return this.#leadsIn(this.#begunEpoch)
  }

  get lateness(): DurationHistogram | undefined {
    return this.#deadline?.lateness
  }

  /** Performs nothing itself: effects are queued, and performed as far as none has to be waited for. */
  step(input: RaftInput): void {
    if (this.#closed) return
    this.machine.step(input, this.#options.clock.monotonicMs(), this.#effects)
    this.#perform()
    this.watch()
    this.#deadline?.moveTo(this.#closed || this.#failure !== undefined ? Infinity : this.machine.nextDeadlineMs())
  }

  #perform(): void {
    if (this.#performing) return
    this.#performing = true
    try {
      for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift()) {
        if (this.#closed || this.#failure !== undefined) return
        const work = this.#begin(effect)
        if (work === undefined) continue
        this.#working = work.then(
          () => this.#resume(),
          (cause: unknown) => void this.fail('could not be written', cause),
        )
        return
      }
    } catch (cause) {
      throw this.fail('could not be written', cause)
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
    this.watch()
  }

  /** @returns what the next effect has to wait for */
  #begin(effect: RaftEffect): Promise<void> | undefined {
    switch (effect.type) {
      case 'persist': {
        if (this.#isOvertaken()) return undefined
        const { kraftVersion, voters } = this.machine.quorum
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
        this.replies.answer(effect.token, this.#withRecords(effect.answer))
        return undefined
      case 'answer-snapshot':
        this.#answerSnapshot(effect)
        return undefined
      case 'begin-epoch':
        if (this.#leadsIn(effect.epoch)) this.#beginEpoch(effect)
        return undefined
      case 'append-voters':
        if (this.#leadsIn(effect.epoch)) this.step({ type: 'appended', batch: this.own.voters(effect) })
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
        this.committed.advance(effect.offset)
        this.#tellLeader()
        return undefined
      case 'write-snapshot':
        this.#log.writeSnapshotPiece(effect.id, effect.position, effect.bytes)
        return undefined
      case 'install-snapshot':
        return this.#installSnapshot(effect.id)
      case 'leader-changed':
        if (this.machine.role !== 'leader' || this.#begunEpoch !== this.machine.epoch)
          this.committed.reject(this.notLeader())
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
    void this.#peers.send(to, request, timeoutMs).then((response) => {
      this.#watchCluster(to, response)
      this.#stepSafely({ type: 'response', token, response })
    })
  }

  /** Whether the other node is of the same cluster; a node that none of the controllers takes for theirs has to stop. */
  #watchCluster(to: Destination, response: Received): void {
    if (this.#foreign === undefined || response.type === 'failed' || response.type === 'probe') return
    if (response.error !== ErrorCode.INCONSISTENT_CLUSTER_ID) {
      if (response.epoch >= 0) this.#foreign.met()
      return
    }
    void this.#foreign.refusedBy(to, this.#controllers()).then((reason) => {
      if (reason !== undefined && !this.#closed) this.#failWith(new RaftError('WRONG_CLUSTER', reason))
    })
  }

  /** Where other controllers may be: the voters, or where to look for them. */
  #controllers(): Host[] {
    const { network, nodeId, endpoints } = this.#options
    const voters = this.machine.quorum.voters.filter(({ id }) => id !== nodeId)
    if (voters.length > 0) return voters.flatMap((voter) => voter.endpoints.slice(0, 1))
    const isOwn = (other: Host) => endpoints.some(({ host, port }) => host === other.host && port === other.port)
    return (network?.bootstrapServers ?? []).filter((server) => !isOwn(server))
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
    const { epoch, leaderEndpoints, leaderId } = this.machine
    const piece = error === ErrorCode.NONE ? { id, position, ...found! } : undefined
    this.replies.answer(token, { type: 'fetchSnapshot', error, epoch, leaderId, leaderEndpoints, piece })
  }

  #beginEpoch({ epoch, grantedBy }: Effect<'begin-epoch'>): void {
    const { directoryId, endpoints, nodeId: id } = this.#options
    this.#begunEpoch = epoch
    const { quorum } = this.machine
    const batch = this.own.epochStart({ epoch, leader: { id, directoryId, endpoints }, quorum, grantedBy })
    this.step({ type: 'appended', batch })
  }

  async #installSnapshot(id: SnapshotId): Promise<void> {
    const snapshot = await this.#log.installSnapshot(id)
    const quorum = snapshot && storedQuorum(this.#log, this.#options, snapshot).base
    if (snapshot !== undefined) {
      this.#performedTruncations++
      this.committed.load(snapshot)
    }
    this.step({ type: 'installed', id, quorum })
  }

  async #flushLog(): Promise<void> {
    const truncations = this.#performedTruncations
    await this.#log.flush()
    // Of what was there before a truncation nothing is known now.
    if (truncations !== this.#performedTruncations || this.#failure !== undefined) return
    this.step({ type: 'flushed', endOffset: this.#log.durableOffset, truncations })
  }

  /** Who leads; and that this node does only after the listener has seen what earlier leaders have committed. */
  #tellLeader(): void {
    const { epoch, epochStartOffset, leaderId: id, role } = this.machine
    const isOurs = id === this.#options.nodeId
    if (isOurs && role === 'leader' && this.committed.applied.endOffset <= epochStartOffset!) return
    const leaderId = id === NO_NODE || (isOurs && role !== 'leader') ? undefined : id
    if (this.#told.leaderId === leaderId && this.#told.epoch === epoch) return
    this.#told = { leaderId, epoch }
    this.#options.listener.handleLeaderChange?.(this.#told)
  }

  /** For callbacks, which nobody catches: the failure has been told to `onFailure`. */
  #stepSafely(input: RaftInput): void {
    if (this.#failure !== undefined) return
    try {
      this.step(input)
    } catch (cause) {
      this.fail('could not go on', cause)
    }
  }

  /** Whoever waits looks again. */
  watch(): void {
    for (const watcher of this.#watchers) watcher()
  }

  /** Resolves when `condition` holds after a step; rejects when the node fails. */
  until(condition: () => boolean): Promise<void> {
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

  /** Resolves when what has begun is done, or has failed. */
  async settled(): Promise<void> {
    await this.#flush.settled()
    await this.#working
  }

  /** No effect is performed any more; whoever waits is told. */
  close(error: RaftError): void {
    this.#closed = true
    this.#deadline?.cancel()
    this.#end(error)
  }

  notLeader(): RaftError {
    const { leaderId } = this.machine
    const now = leaderId === NO_NODE ? 'nobody is known to lead' : `node ${leaderId} leads`
    return new RaftError('NOT_LEADER', `node ${this.local.id} does not lead the quorum; ${now}`)
  }

  /** Ends everything. @returns the failure to throw */
  fail(what: string, cause: unknown): RaftError {
    if (this.#failure !== undefined) return this.#failure
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `the metadata log ${what}: ${reason}; restart the node`
    return this.#failWith(new RaftError('STORAGE_FAILED', message, { cause }))
  }

  #failWith(failure: RaftError): RaftError {
    if (this.#failure !== undefined) return this.#failure
    this.#failure = failure
    this.#deadline?.cancel()
    this.#end(failure)
    this.#options.onFailure(failure)
    this.watch()
    return failure
  }

  #end(error: RaftError): void {
    this.committed.reject(error)
    this.replies.refuseAll(ErrorCode.BROKER_NOT_AVAILABLE)
  }

  #leadsIn(epoch: number): boolean {
    return this.machine.role === 'leader' && this.machine.epoch === epoch
  }
}
