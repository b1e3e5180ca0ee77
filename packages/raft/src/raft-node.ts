/**
 * The shell around {@link RaftMachine}: performs its effects in order on the log directory, groups appends into one
 * fdatasync, and hands committed batches to the listener. It runs over injected interfaces, in the simulator too.
 *
 *     append → page cache → (end of turn) fdatasync → high watermark → listener → `committed` resolves
 *
 * Invariant: the listener sees every batch once, in order, and only when it is durable; `committed` resolves after the
 * listener has seen it.
 * Source: `KafkaRaftClient` of Apache Kafka (KIP-595).
 */
import { assert } from '@braidlog/base'
import {
  MetadataBatchWriter,
  metadataRecord,
  type LoadedSnapshot,
  type MetadataBatch,
  type MetadataRecord,
  type SnapshotId,
} from '@braidlog/metadata'
import type { ControlRecord } from '@braidlog/records'
import { epochStartBatch } from './epoch-start.ts'
import { RaftError } from './errors.ts'
import { RaftMachine, type RaftEffect, type RaftInput, type RaftRole } from './machine.ts'
import { MetadataLog } from './metadata-log.ts'
import type { Appended, QuorumLeader, RaftNodeOptions } from './raft-node-options.ts'
import { applyControls, staticQuorum, votersRecord, type QuorumConfiguration, type Voter } from './voters.ts'

interface CommitWaiter {
  readonly lastOffset: number
  readonly resolve: () => void
  readonly reject: (error: RaftError) => void
}

export class RaftNode {
  readonly #options: RaftNodeOptions
  readonly #log: MetadataLog
  readonly #machine: RaftMachine
  readonly #writer: MetadataBatchWriter
  #quorum: QuorumConfiguration
  /** Appended, not committed yet, in order. */
  readonly #uncommitted: MetadataBatch[] = []
  readonly #waiters: CommitWaiter[] = []
  /** Offset and epoch up to which the listener has seen everything. */
  #applied: SnapshotId = { endOffset: 0, epoch: 0 }
  #appliedTimestampMs = 0
  #sizeBytesSinceSnapshot = 0
  #flushNeeded = false
  #flushing: Promise<void> | undefined
  #snapshotting: Promise<void> | undefined
  #failure: RaftError | undefined
  #closed = false

  private constructor(options: RaftNodeOptions, log: MetadataLog, quorum: QuorumConfiguration) {
    this.#options = options
    this.#log = log
    this.#quorum = quorum
    this.#machine = new RaftMachine(options)
    this.#writer = new MetadataBatchWriter(options.codecs)
  }

  /**
   * Recovers the log, becomes leader in a new epoch and hands everything that is committed to the listener.
   * @throws RaftError `SEVERAL_VOTERS`, `NOT_A_VOTER`, `CORRUPT`; MetadataError, LogError, StorageError
   */
  static async open(options: RaftNodeOptions): Promise<RaftNode> {
    const log = await MetadataLog.open(options)
    try {
      const quorum = storedQuorum(log, options)
      checkVoters(quorum, options)
      const node = new RaftNode(options, log, quorum)
      await node.#start()
      return node
    } catch (error) {
      await log.close()
      throw error
    }
  }

  get role(): RaftRole {
    return this.#machine.role
  }

  get epoch(): number {
    return this.#machine.epoch
  }

  /** `undefined` while nobody is known to lead. */
  get leader(): QuorumLeader | undefined {
    if (this.#machine.role !== 'leader') return undefined
    const { nodeId: id, endpoints } = this.#options
    const first = endpoints[0]
    const address = first && { id, host: first.host, port: first.port }
    return { id, epoch: this.epoch, endpoints, address }
  }

  /** First offset that is not committed. */
  get highWatermark(): number {
    return this.#machine.highWatermark
  }

  get endOffset(): number {
    return this.#log.endOffset
  }

  get startOffset(): number {
    return this.#log.startOffset
  }

  get kraftVersion(): number {
    return this.#quorum.kraftVersion
  }

  get voters(): readonly Voter[] {
    return this.#quorum.voters
  }

  get latestSnapshotId(): SnapshotId | undefined {
    return this.#log.latestSnapshotId
  }

  /** Bytes of committed batches that no snapshot covers yet. */
  get sizeBytesSinceSnapshot(): number {
    return this.#sizeBytesSinceSnapshot
  }

  /** Timestamp of the last record that the listener has seen. */
  get appliedTimestampMs(): number {
    return this.#appliedTimestampMs
  }

  /**
   * Appends records: all of them take effect, or none. What is too much for one batch becomes a metadata transaction over
   * several, which needs metadata.version 3.6-IV1.
   * @throws RaftError `STORAGE_FAILED`: nothing is appended any more; `CLOSED`
   */
  append(records: readonly MetadataRecord[]): Appended {
    this.#assertUsable()
    assert(records.length > 0, 'there is something to append')
    assert(this.#machine.role === 'leader', 'only a leader appends')
    const baseOffset = this.#log.endOffset
    const { epoch } = this
    const timestampMs = this.#options.clock.nowMs()
    const position = { baseOffset, epoch, timestampMs }
    let group = records
    let built = this.#writer.write(group, position)
    if (built.length > 1) {
      group = [metadataRecord('BeginTransaction', {}), ...records, metadataRecord('EndTransaction', {})]
      built = this.#writer.write(group, position)
    }
    try {
      for (const batch of built) this.#log.append(batch)
    } catch (cause) {
      throw this.#fail('could not be written', cause)
    }
    const lastOffset = this.#log.endOffset - 1
    const sizeBytes = built.reduce((size, batch) => size + batch.length, 0)
    this.#uncommitted.push({ baseOffset, lastOffset, epoch, timestampMs, sizeBytes, records: group, controls: [] })
    const committed = new Promise<void>((resolve, reject) => this.#waiters.push({ lastOffset, resolve, reject }))
    // A caller that does not wait must not make the process fail on an unhandled rejection.
    committed.catch(() => {})
    this.#step({ type: 'appended', endOffset: this.#log.endOffset })
    return { baseOffset, lastOffset, epoch, committed }
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

  /** Makes durable what was appended, stops, closes the files. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#flushing
    await this.#snapshotting?.catch(() => {})
    this.#rejectWaiters(new RaftError('CLOSED', 'the metadata log is closed'))
    this.#step({ type: 'resign' })
    try {
      await this.#log.close()
    } catch (error) {
      // A log that has failed cannot be closed properly, and that it failed has been said already.
      if (this.#failure === undefined) throw error
    }
  }

  async #start(): Promise<void> {
    const recoveredEnd = this.#log.endOffset
    const snapshot = this.#log.takeLoadedSnapshot()
    await this.#startMachine({
      type: 'start',
      election: this.#log.readElectionState(),
      lastEpoch: this.#log.lastEpoch,
      endOffset: recoveredEnd,
    })
    await this.#log.flush()
    // What was recovered is committed as soon as the epoch's first batch is; it is read back, not held in memory.
    if (snapshot !== undefined) this.#loadSnapshot(snapshot)
    for (const batch of this.#log.read(this.#applied.endOffset)) {
      if (batch.baseOffset >= recoveredEnd) break
      this.#deliver(batch)
    }
    this.#step({ type: 'flushed', endOffset: this.#log.durableOffset })
    assert(this.highWatermark === this.#log.endOffset, 'a new leader of a quorum of one commits all that it has')
    this.#options.listener.handleLeaderChange?.({ leaderId: this.#options.nodeId, epoch: this.epoch })
  }

  /** The steps before leadership, whose effects must be durable one after the other. */
  async #startMachine(input: RaftInput): Promise<void> {
    const effects: RaftEffect[] = []
    this.#machine.step(input, effects)
    for (let effect = effects.shift(); effect !== undefined; effect = effects.shift()) {
      if (effect.type === 'persist') {
        const voterIds = this.#quorum.voters.map((voter) => voter.id)
        await this.#log.writeElectionState(effect.election, this.#quorum.kraftVersion, voterIds)
        this.#machine.step({ type: 'persisted' }, effects)
      } else if (effect.type === 'begin-epoch') {
        this.#beginEpoch(effect.epoch, effects)
      } else assert(effect.type === 'flush', 'nothing is committed before the epoch began')
    }
  }

  #beginEpoch(epoch: number, effects: RaftEffect[]): void {
    const { codecs, clock, nodeId, directoryId, endpoints } = this.#options
    const baseOffset = this.#log.endOffset
    const { bytes, controls } = epochStartBatch({
      codecs,
      baseOffset,
      epoch,
      timestampMs: clock.nowMs(),
      leader: { id: nodeId, directoryId, endpoints },
      quorum: this.#quorum,
    })
    this.#log.append(bytes)
    this.#quorum = applyControls(this.#quorum, controls, baseOffset)
    const lastOffset = this.#log.endOffset - 1
    const position = { baseOffset, lastOffset, epoch, timestampMs: clock.nowMs(), sizeBytes: bytes.length }
    this.#uncommitted.push({ ...position, records: [], controls })
    this.#machine.step({ type: 'appended', endOffset: this.#log.endOffset }, effects)
  }

  #step(input: RaftInput): void {
    const effects: RaftEffect[] = []
    this.#machine.step(input, effects)
    for (const effect of effects) {
      if (effect.type === 'flush') this.#requestFlush()
      else if (effect.type === 'high-watermark') this.#deliverCommitted(effect.offset)
      else assert(false, `a running leader has no effect ${effect.type}`)
    }
  }

  /** The flush begins at the end of the turn, so that all appends of the turn share it. */
  #requestFlush(): void {
    this.#flushNeeded = true
    this.#flushing ??= this.#flush()
  }

  async #flush(): Promise<void> {
    try {
      while (this.#flushNeeded && this.#failure === undefined) {
        await Promise.resolve()
        this.#flushNeeded = false
        await this.#log.flush()
        this.#step({ type: 'flushed', endOffset: this.#log.durableOffset })
      }
    } catch (cause) {
      this.#fail('could not be made durable', cause)
    } finally {
      // In the same turn as the last look at `#flushNeeded`: a request that comes later starts a flush of its own.
      this.#flushing = undefined
    }
  }

  #deliverCommitted(highWatermark: number): void {
    let count = 0
    for (const batch of this.#uncommitted) {
      if (batch.lastOffset >= highWatermark) break
      this.#deliver(batch)
      count++
    }
    this.#uncommitted.splice(0, count)
    const waiting = this.#waiters.findIndex((waiter) => waiter.lastOffset >= highWatermark)
    for (const waiter of this.#waiters.splice(0, waiting === -1 ? this.#waiters.length : waiting)) waiter.resolve()
  }

  #loadSnapshot(snapshot: LoadedSnapshot): void {
    this.#applied = snapshot.id
    this.#appliedTimestampMs = snapshot.lastContainedLogTimestampMs
    this.#options.listener.handleLoadSnapshot(snapshot)
  }

  #deliver(batch: MetadataBatch): void {
    // Before the listener is called, since it may ask for a snapshot of what it has just taken in.
    this.#applied = { endOffset: batch.lastOffset + 1, epoch: batch.epoch }
    this.#appliedTimestampMs = batch.timestampMs
    this.#sizeBytesSinceSnapshot += batch.sizeBytes
    this.#options.listener.handleCommit(batch)
  }

  async #writeSnapshot(records: Iterable<MetadataRecord>): Promise<void> {
    this.#assertUsable()
    const id = this.#applied
    if (this.latestSnapshotId?.endOffset === id.endOffset) return
    const { kraftVersion, voters } = this.#quorum
    const coveredBytes = this.#sizeBytesSinceSnapshot
    try {
      await this.#log.writeSnapshot(id, {
        lastContainedLogTimestampMs: this.#appliedTimestampMs,
        records,
        quorum:
          kraftVersion === 0
            ? undefined
            : { kraftVersion: { version: 0, kRaftVersion: kraftVersion }, voters: votersRecord(voters) },
      })
      this.#sizeBytesSinceSnapshot -= coveredBytes
      await this.#log.clean(this.#options.retention)
    } catch (cause) {
      // The log still has everything: a snapshot that cannot be written costs disk space, not metadata.
      throw new RaftError('STORAGE_FAILED', `the snapshot at offset ${id.endOffset} could not be written`, { cause })
    }
  }

  #fail(what: string, cause: unknown): RaftError {
    if (this.#failure !== undefined) return this.#failure
    const reason = cause instanceof Error ? cause.message : String(cause)
    this.#failure = new RaftError('STORAGE_FAILED', `the metadata log ${what}: ${reason}; restart the node`, { cause })
    this.#rejectWaiters(this.#failure)
    this.#options.onFailure(this.#failure)
    return this.#failure
  }

  #rejectWaiters(error: RaftError): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error)
  }

  #assertUsable(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#closed) throw new RaftError('CLOSED', 'the metadata log is closed')
  }
}

/** The quorum as snapshot and log have it; the configured static one when they say nothing. */
function storedQuorum(log: MetadataLog, options: RaftNodeOptions): QuorumConfiguration {
  let quorum = staticQuorum(options.staticVoters)
  const snapshot = log.loadedSnapshot
  // Offset 0 is no place in the log: such a snapshot is what formatting left.
  if (snapshot !== undefined) quorum = applyControls(quorum, snapshot.controls, snapshot.id.endOffset - 1)
  for (const [offset, controls] of log.readControls(snapshot?.id.endOffset ?? 0)) {
    quorum = applyControls(quorum, controls satisfies readonly ControlRecord[], offset)
  }
  return quorum
}

function checkVoters(quorum: QuorumConfiguration, options: RaftNodeOptions): void {
  const { voters, kraftVersion } = quorum
  const names = voters.map((voter) => voter.id).join(', ')
  if (voters.length > 1) {
    throw new RaftError('SEVERAL_VOTERS', `the quorum has the voters ${names}; only a quorum of one node can be run`)
  }
  const voter = voters[0]
  const isUs = voter?.id === options.nodeId && (kraftVersion === 0 || voter.directoryId === options.directoryId)
  if (isUs) return
  const us = `node ${options.nodeId}${kraftVersion === 0 ? '' : ` with directory ${options.directoryId}`}`
  throw new RaftError(
    'NOT_A_VOTER',
    voter === undefined
      ? `no voter is known: set controller.quorum.voters, or format the directory for a quorum of its own`
      : `the voter is node ${names} with directory ${voter.directoryId}, not ${us}`,
  )
}
