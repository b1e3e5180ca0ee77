/**
 * What must hold after every step of every replica; named as in Apache Kafka's own simulation of its raft client.
 *
 * MonotonicEpoch, SingleLeader, VoteIsDurable, MonotonicHighWatermark, ConsistentCommittedData, MajorityReachedHighWatermark,
 * LeaderHasAllCommitted, SnapshotAtLogStart, LeaderNeverLoadsSnapshot. Of ours: CommittedVersionStays, VotersHaveDirectories.
 */
import assert from 'node:assert/strict'
import type { SnapshotId } from '@braidlog/metadata'
import type { RaftEffect } from '../../src/machine/effects.ts'
import type { Answer, InboundRequest } from '../../src/machine/messages.ts'
import type { SimSnapshot } from './disk.ts'
import type { SimNode } from './node.ts'
import type { World } from './world.ts'

/** A run has some ten thousand steps; more means that replicas spin. */
const STEPS_MAX = 300_000

interface Seen {
  epoch: number
  role: string
  highWatermark: number
  machine: object | undefined
}

export class Checker {
  readonly #world: World
  readonly #leaders = new Map<number, number>()
  readonly #seen = new Map<number, Seen>()
  /** Contents of committed batches by base offset, and the end of what is known to be committed. */
  readonly #committed = new Map<number, number>()
  committedEnd = 0
  /** The greatest that was committed. */
  kraftVersion = 0
  readonly #snapshots = new Map<string, SimSnapshot>()
  hash = 0
  steps = 0

  constructor(world: World) {
    this.#world = world
  }

  stepped(node: SimNode, effects: readonly RaftEffect[]): void {
    this.steps++
    assert.ok(this.steps < STEPS_MAX, `liveness: ${STEPS_MAX} steps in ${this.#world.scheduler.nowMs} ms`)
    const machine = node.machine!
    const seen = this.#seen.get(node.id) ?? { epoch: 0, role: '', highWatermark: 0, machine: undefined }
    const { epoch, highWatermark, role } = machine
    // A moment that has passed would be waited for again and again, without time going on.
    assert.ok(machine.nextDeadlineMs() > this.#world.scheduler.nowMs, `a deadline of node ${node.id} has passed`)
    this.#note(node.id, epoch, highWatermark, machine.endOffset, effects.length, this.#world.scheduler.nowMs * 10)
    if (seen.machine === machine) {
      assert.ok(epoch >= seen.epoch, `MonotonicEpoch: node ${node.id} went from ${seen.epoch} to ${epoch}`)
      assert.ok(highWatermark >= seen.highWatermark, `MonotonicHighWatermark: node ${node.id}`)
    }
    if (role === 'leader') {
      const leader = this.#leaders.get(epoch)
      assert.ok(leader === undefined || leader === node.id, `SingleLeader: ${leader} and ${node.id} in epoch ${epoch}`)
      this.#leaders.set(epoch, node.id)
      for (const { type } of effects)
        assert.ok(type !== 'install-snapshot' && type !== 'truncate', `LeaderNeverLoadsSnapshot: node ${node.id}`)
      if (seen.role !== 'leader' || seen.machine !== machine) this.#hasAllCommitted(node)
    }
    const { disk } = node
    if (disk.startOffset > 0)
      assert.ok(
        disk.snapshots.some((each) => each.id.endOffset === disk.startOffset),
        `SnapshotAtLogStart: node ${node.id}`,
      )
    this.#checkVoters(node)
    this.#seen.set(node.id, { epoch, role, highWatermark, machine })
  }

  /** A dynamic quorum knows the directory of each voter, and none of a disk that is another's. */
  #checkVoters(node: SimNode): void {
    const { kraftVersion, voters } = node.machine!.quorum
    if (kraftVersion === 0) return
    for (const voter of voters) {
      const { directoryId } = this.#world.nodes.find((each) => each.id === voter.id)!
      assert.equal(voter.directoryId, directoryId, `VotersHaveDirectories: voter ${voter.id} as of node ${node.id}`)
    }
  }

  answered(node: SimNode, request: InboundRequest, answer: Answer): void {
    if (answer.type !== 'vote') return
    this.#note(node.id, answer.granted ? 1 : 2)
    if (!answer.granted || request.type !== 'vote' || request.preVote) return
    const { leaderEpoch, votedId } = node.disk.election
    const isKept = leaderEpoch > request.epoch || (leaderEpoch === request.epoch && votedId === request.candidate.id)
    assert.ok(isKept, `VoteIsDurable: node ${node.id} answers ${request.candidate.id} before its vote is on the disk`)
  }

  /** The high watermark of `node` has reached `endOffset`. */
  committed(node: SimNode, endOffset: number): void {
    const { disk } = node
    for (const batch of disk.batches) {
      if (batch.lastOffset >= endOffset) break
      const known = this.#committed.get(batch.baseOffset)
      assert.ok(
        known === undefined || known === batch.contents,
        `ConsistentCommittedData: node ${node.id} has ${batch.contents} at offset ${batch.baseOffset}, not ${known}`,
      )
      this.#committed.set(batch.baseOffset, batch.contents)
    }
    if (endOffset <= this.committedEnd) return
    this.committedEnd = endOffset
    const { kraftVersion } = node.machine!.quorumAt(endOffset)
    assert.ok(kraftVersion >= this.kraftVersion, `CommittedVersionStays: node ${node.id} is back at ${kraftVersion}`)
    this.kraftVersion = kraftVersion
    const { voters } = node.machine!.quorum
    const holders = voters.filter((voter) => {
      const holder = this.#world.nodes.find((each) => each.id === voter.id)
      return holder !== undefined && holder.disk.durableOffset >= endOffset
    })
    if (node.machine!.role === 'leader')
      assert.ok(
        holders.length > voters.length / 2,
        `MajorityReachedHighWatermark: ${endOffset} is on ${holders.map((each) => each.id).join()} only`,
      )
  }

  snapshotWritten(snapshot: SimSnapshot): void {
    const name = nameOf(snapshot.id)
    const known = this.#snapshots.get(name)
    if (known !== undefined)
      assert.deepEqual(snapshot.covers, known.covers, `ConsistentCommittedData: snapshots ${name} differ`)
    this.#snapshots.set(name, snapshot)
  }

  snapshot(id: SnapshotId): SimSnapshot {
    return this.#snapshots.get(nameOf(id))!
  }

  #hasAllCommitted(node: SimNode): void {
    const end = Math.min(this.committedEnd, Infinity)
    assert.ok(node.machine!.endOffset >= end, `LeaderHasAllCommitted: node ${node.id} lacks up to ${end}`)
    const here = new Map(node.disk.batches.map((batch) => [batch.baseOffset, batch.contents]))
    for (const [offset, contents] of this.#committed)
      if (offset >= node.disk.startOffset)
        assert.equal(here.get(offset), contents, `LeaderHasAllCommitted: node ${node.id} at offset ${offset}`)
  }

  #note(...values: number[]): void {
    for (const value of values) this.hash = (Math.imul(this.hash, 31) + Math.round(value)) | 0
  }
}

function nameOf(id: SnapshotId): string {
  return `${id.endOffset}-${id.epoch}`
}
