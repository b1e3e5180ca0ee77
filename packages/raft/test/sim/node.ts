/** One simulated replica: the machine, its disk, and a shell that performs effects in order, taking its time. */
import { below, type Random } from '@braidlog/base'
import { ErrorCode, type Uuid } from '@braidlog/model'
import type { RaftEffect, RaftInput } from '../../src/machine/effects.ts'
import type { RaftMachine } from '../../src/machine/machine.ts'
import type { InboundRequest, LogBatch, Received } from '../../src/machine/messages.ts'
import type { ControlRecord } from '@braidlog/records'
import type { QuorumConfiguration } from '../../src/voters.ts'
import { votersRecord } from '../../src/voters.ts'
import { SimDisk, type SimBatch, type SimSnapshot } from './disk.ts'
import type { World } from './world.ts'

/** "Bytes" in a piece of a snapshot: few, so that copying takes several turns. */
const PIECE_BYTES_MAX = 4

export class SimNode {
  readonly id: number
  readonly directoryId: Uuid
  readonly disk = new SimDisk()
  readonly #world: World
  readonly #random: Random
  readonly #base: QuorumConfiguration
  machine: RaftMachine | undefined
  /** Counts starts: what was begun before a crash ends in nothing. */
  #life = 0
  #queue: RaftEffect[] = []
  #busy = false
  #performedTruncations = 0
  #begunEpoch = -1
  #timerAtMs = Infinity
  #replies = new Map<number, { readonly request: InboundRequest; readonly reply: (response: Received) => void }>()
  #nextReply = 1
  pausedUntilMs = 0

  constructor(world: World, id: number, base: QuorumConfiguration, random: Random) {
    this.#world = world
    this.id = id
    this.directoryId = `directory-${id}` as Uuid
    this.#base = base
    this.#random = random
  }

  get alive(): boolean {
    return this.machine !== undefined
  }

  /** May take appends. */
  get leads(): boolean {
    return this.machine?.role === 'leader' && this.#begunEpoch === this.machine.epoch
  }

  start(): void {
    const { world } = this
    this.#life++
    this.#queue = []
    this.#busy = false
    this.#performedTruncations = 0
    this.#begunEpoch = -1
    this.#timerAtMs = Infinity
    this.#replies.clear()
    this.machine = new world.Machine({
      local: { id: this.id, directoryId: this.directoryId, endpoints: world.endpointsOf(this.id), canVote: true },
      bootstrap: world.bootstrap,
      timeouts: world.timeouts,
      random: this.#random,
    })
    const snapshot = this.disk.newestSnapshot
    this.step({
      type: 'start',
      election: this.disk.election,
      log: this.disk.contents,
      quorum: snapshot?.quorum ?? this.#base,
      quorumBatches: this.disk.batches.filter((batch) => batch.baseOffset >= (snapshot?.id.endOffset ?? 0)),
    })
  }

  crash(): void {
    this.machine = undefined
    this.#life++
    this.disk.crash(this.#random)
  }

  /** Runs `work` when the process runs, in the same life. */
  later(delayMs: number, work: () => void): void {
    const life = this.#life
    const run = (): void => {
      if (life !== this.#life || !this.alive) return
      const { nowMs } = this.world.scheduler
      if (this.pausedUntilMs > nowMs) this.world.scheduler.after(this.pausedUntilMs - nowMs, run)
      else work()
    }
    this.world.scheduler.after(delayMs, run)
  }

  get world(): World {
    return this.#world
  }

  step(input: RaftInput): void {
    const machine = this.machine!
    const effects: RaftEffect[] = []
    machine.step(input, this.world.scheduler.nowMs, effects)
    machine.invariants()
    this.#queue.push(...effects)
    this.world.checker.stepped(this, effects)
    this.#pump()
    this.#arm()
  }

  request(request: InboundRequest, reply: (response: Received) => void): void {
    const token = this.#nextReply++
    this.#replies.set(token, { request, reply })
    this.step({ type: 'request', token, request })
  }

  /** A client of the leader appends. */
  append(): void {
    const { endOffset } = this.disk
    this.#append({
      baseOffset: endOffset,
      lastOffset: endOffset + below(this.#random, 3),
      epoch: this.machine!.epoch,
      controls: [],
      contents: this.world.nextContents(),
    })
  }

  /** The state machine on top writes a snapshot of what it has, and perhaps deletes the log before it. */
  snapshot(clean: boolean): void {
    const machine = this.machine!
    const endOffset = machine.highWatermark
    const last = this.disk.batches.findLast((batch) => batch.lastOffset < endOffset)
    if (last === undefined || last.lastOffset + 1 !== endOffset) return
    if (endOffset <= (this.disk.newestSnapshot?.id.endOffset ?? 0)) return
    const id = { endOffset, epoch: last.epoch }
    const snapshot: SimSnapshot = {
      id,
      quorum: machine.quorumAt(endOffset),
      covers: this.disk.contentsBelow(endOffset),
    }
    this.world.checker.snapshotWritten(snapshot)
    this.disk.snapshots.push(snapshot)
    this.step({ type: 'snapshot-created', id })
    if (!clean) return
    this.disk.clean()
    this.step({ type: 'log-cleaned', start: id })
  }

  #append(batch: SimBatch): void {
    this.disk.append(batch)
    this.step({ type: 'appended', batch })
  }

  #arm(): void {
    const { scheduler } = this.world
    const atMs = Math.max(this.machine!.nextDeadlineMs(), scheduler.nowMs)
    if (atMs >= this.#timerAtMs || atMs === Infinity) return
    this.#timerAtMs = atMs
    this.later(atMs - scheduler.nowMs, () => {
      if (this.#timerAtMs !== atMs) return
      this.#timerAtMs = Infinity
      this.step({ type: 'tick' })
    })
  }

  #pump(): void {
    while (!this.#busy) {
      const effect = this.#queue.shift()
      if (effect === undefined) return
      this.#perform(effect)
    }
  }

  /** Blocks the queue for as long as the disk takes. */
  #blocking(work: () => void): void {
    this.#busy = true
    this.later(this.world.diskDelayMs(), () => {
      work()
      this.#busy = false
      this.#pump()
    })
  }

  #perform(effect: RaftEffect): void {
    const { disk, machine, world } = this
    switch (effect.type) {
      case 'persist':
        return this.#blocking(() => {
          if (world.options.skip !== 'persist') disk.election = effect.election
        })
      case 'send':
        return world.network.request(this, effect.to, effect.request, effect.timeoutMs, (response) =>
          this.step({ type: 'response', token: effect.token, response }),
        )
      case 'answer': {
        const { answer } = effect
        const asked = this.#replies.get(effect.token)?.request
        if (asked !== undefined) world.checker.answered(this, asked, answer)
        if (answer.type === 'vote' && answer.granted) world.voted(this)
        if (answer.type === 'fetch') {
          const { read, ...rest } = answer
          this.#reply(effect.token, {
            ...rest,
            batches: read === undefined ? [] : this.#read(read.fromOffset, read.upToOffset),
          })
        } else if (answer.type === 'fetchSnapshot') {
          const nothing = {
            snapshotId: { endOffset: -1, epoch: -1 },
            sizeBytes: 0,
            position: 0,
            bytes: new Uint8Array(0),
          }
          this.#reply(effect.token, { ...answer, ...nothing, type: 'fetchSnapshot' })
        } else if (answer.type === 'addVoter' || answer.type === 'removeVoter') {
          this.#replies.delete(effect.token)
        } else this.#reply(effect.token, answer as Received)
        return
      }
      case 'answer-snapshot':
        return this.#answerSnapshot(effect)
      case 'begin-epoch':
        if (machine!.role !== 'leader' || machine!.epoch !== effect.epoch) return
        this.#begunEpoch = effect.epoch
        return this.#append(this.#control(this.#epochStart()))
      case 'append-voters':
        if (machine!.role !== 'leader' || machine!.epoch !== effect.epoch) return
        return this.#append(this.#control(votersControls(effect)))
      case 'append':
        for (const batch of effect.batches) disk.append(batch as SimBatch)
        return
      case 'truncate':
        return this.#blocking(() => {
          this.#performedTruncations++
          if (world.options.skip !== 'truncate') disk.truncateTo(effect.offset)
        })
      case 'flush':
        return this.#flush()
      case 'write-snapshot':
        return
      case 'install-snapshot':
        return this.#blocking(() => {
          const snapshot = world.checker.snapshot(effect.id)
          this.#performedTruncations++
          disk.install(snapshot)
          this.step({ type: 'installed', id: effect.id, quorum: snapshot.quorum })
        })
      case 'high-watermark':
        return world.checker.committed(this, effect.offset)
      case 'leader-changed':
        return
      default:
        return effect satisfies never
    }
  }

  #flush(): void {
    const { endOffset } = this.disk
    const truncations = this.#performedTruncations
    const report = (): void => {
      if (truncations === this.#performedTruncations && this.world.options.skip !== 'flush')
        this.disk.durableOffset = Math.max(this.disk.durableOffset, endOffset)
      this.step({ type: 'flushed', endOffset, truncations })
    }
    this.later(this.world.diskDelayMs(), report)
  }

  #epochStart(): LogBatch['controls'] {
    const { kraftVersion, voters: all, votersOffset } = this.machine!.quorum
    const leaderChange: ControlRecord = {
      type: 'leaderChange',
      message: { version: 0, leaderId: this.id, voters: [], grantingVoters: [] },
    }
    if (kraftVersion === 0 || votersOffset >= 0) return [leaderChange]
    return [
      leaderChange,
      { type: 'kraftVersion', message: { version: 0, kRaftVersion: kraftVersion } },
      { type: 'kraftVoters', message: voters(all) },
    ]
  }

  #control(controls: LogBatch['controls']): SimBatch {
    const baseOffset = this.disk.endOffset
    const lastOffset = baseOffset + controls.length - 1
    return { baseOffset, lastOffset, epoch: this.machine!.epoch, controls, contents: this.world.nextContents() }
  }

  #read(fromOffset: number, upToOffset: number): SimBatch[] {
    const from = this.disk.batches.findIndex((batch) => batch.lastOffset >= fromOffset)
    const batches = from < 0 ? [] : this.disk.batches.slice(from, from + this.world.fetchBatchesMax)
    return batches.filter((batch) => batch.lastOffset < upToOffset)
  }

  #answerSnapshot({ request, token }: RaftEffect & { type: 'answer-snapshot' }): void {
    const { snapshotId: id, position } = request
    const found = this.disk.snapshots.find((each) => each.id.endOffset === id.endOffset && each.id.epoch === id.epoch)
    const machine = this.machine!
    const sizeBytes = found === undefined ? 0 : found.covers.length + 1
    this.#reply(token, {
      type: 'fetchSnapshot',
      error: found === undefined ? ErrorCode.SNAPSHOT_NOT_FOUND : ErrorCode.NONE,
      epoch: machine.epoch,
      leaderId: machine.leaderId,
      leaderEndpoints: machine.leaderEndpoints,
      snapshotId: id,
      sizeBytes,
      position,
      bytes: new Uint8Array(Math.min(PIECE_BYTES_MAX, Math.max(sizeBytes - position, 0))),
    })
  }

  #reply(token: number, response: Received): void {
    const waiting = this.#replies.get(token)
    this.#replies.delete(token)
    waiting?.reply(response)
  }
}

function votersControls({ kraftVersion, voters: all }: RaftEffect & { type: 'append-voters' }): ControlRecord[] {
  const record: ControlRecord = { type: 'kraftVoters', message: voters(all) }
  if (kraftVersion === undefined) return [record]
  return [{ type: 'kraftVersion', message: { version: 0, kRaftVersion: kraftVersion } }, record]
}

function voters(all: QuorumConfiguration['voters']) {
  const record = votersRecord(all)
  return {
    version: record.version,
    voters: record.voters.map((voter) => ({ ...voter, endpoints: [...voter.endpoints] })),
  }
}
