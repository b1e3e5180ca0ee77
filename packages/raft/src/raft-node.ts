/**
 * A node of the metadata quorum, as its owner sees it: appends, requests of other nodes, snapshots, the state of things.
 * It runs over injected interfaces, in the simulator too; `raft-driver.ts` performs what the machine decides.
 *
 *     append → page cache → (end of turn) fdatasync → high watermark → listener → `committed` resolves
 *
 * Invariant: the listener sees every batch once, in order, and only when it is committed; `committed` resolves after the
 * listener has seen it.
 * Source: `KafkaRaftClient` of Apache Kafka (KIP-595).
 */
import { assert, type DurationHistogram } from '@braidlog/base'
import type { MetadataRecord, SnapshotId } from '@braidlog/metadata'
import { ErrorCode } from '@braidlog/model'
import { describeQuorum } from './describe-quorum.ts'
import { NO_NODE } from './election-state.ts'
import { RaftError } from './errors.ts'
import type { RaftRole } from './machine/roles.ts'
import { matches } from './machine/voter-history.ts'
import { MetadataLog } from './metadata-log.ts'
import type { Appended, QuorumApi, QuorumLeader, RaftNodeOptions } from './raft-node-options.ts'
import { RaftDriver } from './raft-driver.ts'
import { checkVoters, storedQuorum } from './stored-quorum.ts'
import { votersRecord, type Voter } from './voters.ts'
import { errorResponse, formatAnswer, type QuorumResponse } from './wire-answers.ts'
import { parseRequest, type MachineApi, type QuorumRequest } from './wire-requests.ts'

/** A leader that closes waits so long for the others to take notice. */
const RESIGN_WAIT_MAX_MS = 1000

export class RaftNode {
  readonly #options: RaftNodeOptions
  readonly #log: MetadataLog
  readonly #driver: RaftDriver
  #snapshotting: Promise<void> | undefined

  private constructor(options: RaftNodeOptions, log: MetadataLog) {
    this.#options = options
    this.#log = log
    this.#driver = new RaftDriver(options, log)
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
      const isAlone = quorum.voters.length === 1 && matches(quorum.voters[0]!, node.#driver.local)
      // What was recovered may not be on the disk, and this node is about to tell others that it is.
      if (!isAlone) await log.flush()
      const snapshot = log.takeLoadedSnapshot()
      if (snapshot !== undefined) node.#driver.committed.load(snapshot)
      const election = log.readElectionState()
      node.#driver.step({ type: 'start', election, log: log.contents, quorum: base, quorumBatches: batches })
      if (isAlone && node.#driver.local.canVote)
        await node.#driver.until(() => node.#driver.told.leaderId === options.nodeId)
      return node
    } catch (error) {
      await log.close()
      throw error
    }
  }

  get role(): RaftRole {
    return this.#driver.machine.role
  }

  /** Whether the voters in force name this node. */
  get isVoter(): boolean {
    return this.#driver.machine.isVoter
  }

  get epoch(): number {
    return this.#driver.machine.epoch
  }

  /** `undefined` while nobody is known to lead. */
  get leader(): QuorumLeader | undefined {
    const { epoch, leaderEndpoints: endpoints, leaderId: id, role } = this.#driver.machine
    if (id === NO_NODE || (id === this.#options.nodeId && role !== 'leader')) return undefined
    const name = this.#options.endpoints[0]?.name
    const endpoint = endpoints.find((each) => each.name === name) ?? endpoints[0]
    const address = endpoint && { id, host: endpoint.host, port: endpoint.port }
    return { id, epoch, endpoints, address }
  }

  /** First offset that is not committed, as far as this node knows. */
  get highWatermark(): number {
    return this.#driver.machine.highWatermark
  }

  get endOffset(): number {
    return this.#log.endOffset
  }

  get startOffset(): number {
    return this.#log.startOffset
  }

  /** End offset and epoch of what the listener has seen. */
  get applied(): SnapshotId {
    return this.#driver.committed.applied
  }

  get kraftVersion(): number {
    return this.#driver.machine.quorum.kraftVersion
  }

  get voters(): readonly Voter[] {
    return this.#driver.machine.quorum.voters
  }

  get latestSnapshotId(): SnapshotId | undefined {
    return this.#log.latestSnapshotId
  }

  /** Bytes of committed batches that no snapshot covers yet. */
  get sizeBytesSinceSnapshot(): number {
    return this.#driver.committed.sizeBytesSinceSnapshot
  }

  /** Timestamp of the last record that the listener has seen. */
  get appliedTimestampMs(): number {
    return this.#driver.committed.timestampMs
  }

  /**
   * How late the timer of the quorum was called back: how long other work has kept elections waiting. `undefined` for a
   * quorum of one without network.
   */
  get timerLateness(): DurationHistogram | undefined {
    return this.#driver.lateness
  }

  /**
   * Appends records: all of them take effect, or none. What is too much for one batch becomes a metadata transaction over
   * several, which needs metadata.version 3.6-IV1.
   * @throws RaftError `NOT_LEADER`; `STORAGE_FAILED`: nothing is appended any more; `CLOSED`
   */
  append(records: readonly MetadataRecord[]): Appended {
    this.#assertUsable()
    assert(records.length > 0, 'there is something to append')
    if (!this.#driver.mayAppend) throw this.#driver.notLeader()
    const batch = this.#writing(() => this.#driver.own.records(records, this.epoch))
    const { baseOffset, lastOffset, epoch } = batch
    const committed = this.#driver.committed.waitFor(lastOffset)
    this.#driver.step({ type: 'appended', batch })
    return { baseOffset, lastOffset, epoch, committed }
  }

  /**
   * Serves a request of another node, or of an operator. Bounded by the request's own wait, at most the fetch wait.
   * @param version of the request: what it cannot say is left out of the response
   */
  handleRequest<N extends QuorumApi>(api: N, body: QuorumRequest<N>, version: number): Promise<QuorumResponse<N>> {
    if (this.#driver.isClosed || this.#driver.failure !== undefined || this.#driver.replies.isFull)
      return Promise.resolve(errorResponse(ErrorCode.BROKER_NOT_AVAILABLE) as QuorumResponse<N>)
    if (api === 'DescribeQuorum') {
      const request = body as QuorumRequest<'DescribeQuorum'>
      return Promise.resolve(
        describeQuorum(
          this.#driver.machine,
          this.#driver.local,
          this.#options.clock,
          request,
          version,
        ) as QuorumResponse<N>,
      )
    }
    const parsed = parseRequest(api as MachineApi, body as QuorumRequest<MachineApi>, this.#options.clusterId)
    if ('error' in parsed) return Promise.resolve(errorResponse(parsed.error) as QuorumResponse<N>)
    return new Promise((resolve) => {
      const token = this.#driver.replies.add({
        answer: (answer) => resolve(formatAnswer(answer, version) as QuorumResponse<N>),
        refuse: (error) => resolve(errorResponse(error) as QuorumResponse<N>),
      })
      this.#driver.step({ type: 'request', token, request: parsed.request })
    })
  }

  /** Why this node cannot raise kraft.version now, as a sentence without its end; `undefined`: it can. */
  upgradeProblem(kraftVersion: number): string | undefined {
    return this.#driver.machine.upgradeProblem(kraftVersion)
  }

  /**
   * Makes the static quorum a dynamic one: appends the version and the voters. In force at once; what is appended next is
   * committed only with it.
   * @throws RaftError as `append`; AssertionError when {@link upgradeProblem} has something to say
   */
  upgradeVersion(kraftVersion: number): void {
    this.#assertUsable()
    if (!this.#driver.mayAppend) throw this.#driver.notLeader()
    this.#writing(() => this.#driver.step({ type: 'upgrade-version', kraftVersion }))
    assert(this.kraftVersion === kraftVersion, 'a leader that may append has nothing else to do first')
  }

  /** Gives up leadership, if there is any; another voter should take over. */
  resign(): void {
    if (this.#driver.machine.role === 'leader') this.#driver.step({ type: 'resign' })
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
    if (this.#driver.isClosed) return
    await this.#driver.settled()
    if (options.handOver !== false) await this.#handOver()
    this.#driver.close(new RaftError('CLOSED', 'the metadata log is closed'))
    await this.#snapshotting?.catch(() => {})
    await this.#driver.settled()
    try {
      await this.#log.close()
    } catch (error) {
      // A log that has failed cannot be closed properly, and that it failed has been said already.
      if (this.#driver.failure === undefined) throw error
    }
  }

  /** Tells the other voters that this leader goes, so that they need not wait for it to be missed. */
  async #handOver(): Promise<void> {
    const { network } = this.#options
    if (network === undefined || this.#driver.machine.role !== 'leader' || this.#driver.failure !== undefined) return
    if (this.voters.every((voter) => voter.id === this.#options.nodeId)) return
    this.#driver.step({ type: 'resign' })
    let isOver = false
    const timer = network.timers.after(RESIGN_WAIT_MAX_MS, () => {
      isOver = true
      this.#driver.watch()
    })
    await this.#driver.until(() => isOver || this.#driver.machine.untoldCount === 0).catch(() => {})
    timer.cancel()
  }

  async #writeSnapshot(records: Iterable<MetadataRecord>): Promise<void> {
    this.#assertUsable()
    const id = this.applied
    if (this.latestSnapshotId?.endOffset === id.endOffset) return
    const { kraftVersion, voters } = this.#driver.machine.quorumAt(id.endOffset)
    const coveredBytes = this.sizeBytesSinceSnapshot
    try {
      const isNewest = await this.#log.writeSnapshot(id, {
        lastContainedLogTimestampMs: this.appliedTimestampMs,
        records,
        quorum:
          kraftVersion === 0
            ? undefined
            : { kraftVersion: { version: 0, kRaftVersion: kraftVersion }, voters: votersRecord(voters) },
      })
      if (!isNewest) return
      this.#driver.committed.snapshotWritten(coveredBytes)
      this.#driver.step({ type: 'snapshot-created', id })
      const start = await this.#log.clean(this.#options.retention)
      if (start !== undefined) this.#driver.step({ type: 'log-cleaned', start })
    } catch (cause) {
      // The log still has everything: a snapshot that cannot be written costs disk space, not metadata.
      throw new RaftError('STORAGE_FAILED', `the snapshot at offset ${id.endOffset} could not be written`, { cause })
    }
  }

  /** A failed write fails the node, and says so to whoever appends. */
  #writing<T>(write: () => T): T {
    try {
      return write()
    } catch (cause) {
      throw this.#driver.fail('could not be written', cause)
    }
  }

  #assertUsable(): void {
    if (this.#driver.failure !== undefined) throw this.#driver.failure
    if (this.#driver.isClosed) throw new RaftError('CLOSED', 'the metadata log is closed')
  }
}
