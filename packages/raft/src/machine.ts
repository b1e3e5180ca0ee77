/**
 * KRaft as a machine: inputs in, ordered effects out; no I/O, clock or randomness. So far for a quorum of one voter,
 * which elects itself; the shape (epochs, votes, roles, high watermark) is that of the whole protocol.
 *
 *     role        input               effects                                        next role
 *     unattached  start               persist the vote for oneself in epoch + 1      candidate
 *     candidate   persisted           persist leadership, begin the epoch, flush     leader
 *     leader      appended            flush                                          leader
 *     leader      flushed             high watermark moves                           leader
 *     leader      resign              none: the epoch stays this node's              resigned
 *
 * Invariants: epochs only grow; nothing is appended before the vote is durable; the high watermark never goes back,
 * never passes what is durable, and first moves past the start of the leader's own epoch (Raft 5.4.2).
 *
 * Source: KIP-595; Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm".
 */
import { assert } from '@braidlog/base'
import type { Uuid } from '@braidlog/model'
import { NO_NODE, UNATTACHED, type ElectionState } from './election-state.ts'

export type RaftInput =
  /** The log and the stored vote have been read. */
  | {
      readonly type: 'start'
      readonly election: ElectionState
      /** Epoch of the last batch in the log, or of the snapshot before it. */
      readonly lastEpoch: number
      readonly endOffset: number
    }
  /** The last `persist` is durable. */
  | { readonly type: 'persisted' }
  /** The log has grown to `endOffset`; its newest bytes are not durable yet. */
  | { readonly type: 'appended'; readonly endOffset: number }
  /** Everything below `endOffset` is durable. */
  | { readonly type: 'flushed'; readonly endOffset: number }
  | { readonly type: 'resign' }

export type RaftEffect =
  | { readonly type: 'persist'; readonly election: ElectionState }
  /** Append the first batch of the epoch: LEADER_CHANGE, with the quorum's version and voters where they are due. */
  | { readonly type: 'begin-epoch'; readonly epoch: number }
  | { readonly type: 'flush' }
  | { readonly type: 'high-watermark'; readonly offset: number }

export type RaftRole = 'candidate' | 'leader' | 'resigned' | 'unattached'

export interface LocalVoter {
  readonly nodeId: number
  readonly directoryId: Uuid
}

export class RaftMachine {
  readonly #local: LocalVoter
  #role: RaftRole = 'unattached'
  #election: ElectionState | undefined
  #endOffset = 0
  #durableOffset = 0
  #epochStartOffset = 0
  #highWatermark = 0

  constructor(local: LocalVoter) {
    this.#local = local
  }

  get role(): RaftRole {
    return this.#role
  }

  get epoch(): number {
    return this.#election?.leaderEpoch ?? 0
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  /** A quorum of one has nobody to wait for. */
  nextDeadlineMs(): number {
    return Infinity
  }

  step(input: RaftInput, out: RaftEffect[]): void {
    switch (input.type) {
      case 'start':
        return this.#start(input.election, input.lastEpoch, input.endOffset, out)
      case 'persisted':
        return this.#persisted(out)
      case 'appended':
        assert(this.#role === 'leader', 'only a leader appends')
        assert(input.endOffset > this.#endOffset, 'the log grows')
        this.#endOffset = input.endOffset
        out.push({ type: 'flush' })
        return
      case 'flushed':
        return this.#flushed(input.endOffset, out)
      case 'resign':
        if (this.#role === 'leader') this.#role = 'resigned'
        return
      default:
        return input satisfies never
    }
  }

  /** Called after every step in tests. */
  invariants(): void {
    assert(this.#highWatermark <= this.#durableOffset, 'the high watermark passes only what is durable')
    assert(this.#durableOffset <= this.#endOffset, 'no more is durable than there is')
    if (this.#role === 'leader') {
      assert(this.#election?.leaderId === this.#local.nodeId, 'a leader has noted that it leads')
      assert(
        this.#highWatermark === 0 || this.#highWatermark > this.#epochStartOffset,
        'a leader commits nothing before its own epoch began',
      )
    }
  }

  #start(election: ElectionState, lastEpoch: number, endOffset: number, out: RaftEffect[]): void {
    assert(this.#role === 'unattached' && this.#election === undefined, 'a machine starts once')
    this.#endOffset = endOffset
    this.#becomeCandidate(Math.max(election.leaderEpoch, lastEpoch) + 1, out)
  }

  #becomeCandidate(epoch: number, out: RaftEffect[]): void {
    this.#role = 'candidate'
    this.#election = {
      leaderEpoch: epoch,
      leaderId: NO_NODE,
      votedId: this.#local.nodeId,
      votedDirectoryId: this.#local.directoryId,
    }
    out.push({ type: 'persist', election: this.#election })
  }

  /** Its own vote is all the votes there are. */
  #persisted(out: RaftEffect[]): void {
    if (this.#role !== 'candidate') return
    // An epoch that has its leader needs nobody's vote any more.
    const election: ElectionState = { ...UNATTACHED, leaderEpoch: this.epoch, leaderId: this.#local.nodeId }
    this.#role = 'leader'
    this.#election = election
    this.#epochStartOffset = this.#endOffset
    out.push({ type: 'persist', election })
    out.push({ type: 'begin-epoch', epoch: election.leaderEpoch })
  }

  #flushed(endOffset: number, out: RaftEffect[]): void {
    assert(endOffset >= this.#durableOffset, 'what is durable stays durable')
    this.#durableOffset = endOffset
    this.#maybeAdvanceHighWatermark(out)
  }

  #maybeAdvanceHighWatermark(out: RaftEffect[]): void {
    if (this.#role !== 'leader') return
    const candidate = this.#durableOffset
    if (candidate <= this.#epochStartOffset || candidate <= this.#highWatermark) return
    this.#highWatermark = candidate
    out.push({ type: 'high-watermark', offset: candidate })
  }
}
