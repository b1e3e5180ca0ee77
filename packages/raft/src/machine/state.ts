/**
 * The state of one replica in the quorum, shared by the functions that hold the rules of each role.
 *
 * Invariants: the epoch never goes back; in one epoch there is at most one vote and at most one leader; the high watermark
 * never goes back and never passes the end of the log.
 * Source: KIP-595, KIP-853, KIP-996.
 */
import { assert, below, type Random } from '@braidlog/base'
import { ErrorCode, ZERO_UUID } from '@braidlog/model'
import { NO_NODE, type ElectionState } from '../election-state.ts'
import type { RaftTimeouts } from '../raft-node-options.ts'
import type { Voter, VoterEndpoint } from '../voters.ts'
import type { RaftEffect } from './effects.ts'
import { LogView } from './log-view.ts'
import { sameReplica, type Answer, type OutboundRequest, type QuorumView, type ReplicaKey } from './messages.ts'
import { Outbox, type Destination } from './outbox.ts'
import type { Leader, Role } from './roles.ts'
import { matches, VoterHistory } from './voter-history.ts'

export interface LocalReplica extends ReplicaKey {
  /** Listeners for controllers, the one that others connect to first. */
  readonly endpoints: readonly VoterEndpoint[]
  /** It has the controller role. */
  readonly canVote: boolean
}

export interface RaftSettings {
  readonly local: LocalReplica
  /** Addresses to look for the quorum at; ids below -1. */
  readonly bootstrap: readonly Destination[]
  readonly timeouts: RaftTimeouts
  readonly random: Random
}

const EMPTY_LOG = {
  start: { endOffset: 0, epoch: 0 },
  endOffset: 0,
  durableOffset: 0,
  epochs: [],
  latestSnapshot: undefined,
}

export class RaftState {
  readonly local: LocalReplica
  readonly bootstrap: readonly Destination[]
  readonly timeouts: RaftTimeouts
  readonly random: Random
  readonly outbox: Outbox
  log = new LogView(EMPTY_LOG)
  voters = new VoterHistory({ kraftVersion: 0, voters: [], votersOffset: -1 })
  role: Role = { name: 'unattached', electionDeadlineMs: 0 }
  epoch = 0
  leaderId: number = NO_NODE
  leaderEndpoints: readonly VoterEndpoint[] = []
  voted: ReplicaKey | undefined
  highWatermark = 0
  /** Truncations and installed snapshots so far: a flush that began before one says nothing of what is after it. */
  truncations = 0
  /** A fetched snapshot is being put in place; until then the log takes nothing. */
  installing = false
  nowMs = 0
  out: RaftEffect[] = []
  /** What the last `persist` said. */
  #persisted: ElectionState | undefined

  constructor(settings: RaftSettings) {
    this.local = settings.local
    this.bootstrap = settings.bootstrap
    this.timeouts = settings.timeouts
    this.random = settings.random
    this.outbox = new Outbox(settings.random, settings.timeouts.retryBackoffMs)
  }

  get isVoter(): boolean {
    return this.local.canVote && this.voters.isVoter(this.local)
  }

  /**
   * Whether this replica may stand for election: as a voter, or as one that its own log has removed by a record that may
   * not be committed. Nobody else may have that record, and then nobody else can win (Ongaro's thesis, 4.2.2; Apache
   * Kafka's observers do not stand, and such a quorum stands still).
   */
  get mayLead(): boolean {
    if (this.isVoter) return true
    if (!this.local.canVote || this.voters.quorum.votersOffset < this.highWatermark) return false
    return this.voters.quorumAt(this.highWatermark).voters.some((voter) => matches(voter, this.local))
  }

  get isOnlyVoter(): boolean {
    return this.isVoter && this.voters.voters.length === 1
  }

  /** More than half of the voters. */
  get majority(): number {
    return Math.floor(this.voters.voters.length / 2) + 1
  }

  get otherVoters(): readonly Voter[] {
    return this.voters.voters.filter((voter) => voter.id !== this.local.id)
  }

  get leader(): Leader | undefined {
    return this.role.name === 'leader' ? this.role : undefined
  }

  get election(): ElectionState {
    return {
      leaderEpoch: this.epoch,
      leaderId: this.leaderId,
      votedId: this.voted?.id ?? NO_NODE,
      votedDirectoryId: this.voted?.directoryId ?? ZERO_UUID,
    }
  }

  emit(effect: RaftEffect): void {
    this.out.push(effect)
  }

  /** What was read from the disk at the start. */
  restore(election: ElectionState): void {
    this.#persisted = election
    this.epoch = election.leaderEpoch
    this.leaderId = election.leaderId
    if (election.votedId !== NO_NODE) this.voted = { id: election.votedId, directoryId: election.votedDirectoryId }
  }

  /** Epoch, vote and leader become durable before any effect that comes later. */
  persist(): void {
    const { election } = this
    if (this.#persisted !== undefined && sameElection(this.#persisted, election)) return
    this.#persisted = election
    this.emit({ type: 'persist', election })
  }

  /** Voters with a replica's key; the id alone names a voter in a static quorum. */
  votedFor(candidate: ReplicaKey): boolean {
    const { voted } = this
    if (voted === undefined || voted.id !== candidate.id) return false
    return voted.directoryId === ZERO_UUID || sameReplica(voted, candidate)
  }

  /** [election timeout, twice that), so that not all begin at once. */
  randomElectionDeadlineMs(): number {
    const { electionTimeoutMs } = this.timeouts
    return this.nowMs + electionTimeoutMs + below(this.random, electionTimeoutMs)
  }

  view(error: ErrorCode = ErrorCode.NONE): QuorumView {
    return { error, epoch: this.epoch, leaderId: this.leaderId, leaderEndpoints: this.leaderEndpoints }
  }

  answer(token: number, answer: Answer): void {
    this.emit({ type: 'answer', token, answer })
  }

  /** Sends unless a request to that node is under way or it is being left alone. @returns whether it was sent */
  send(to: Destination | undefined, request: OutboundRequest): boolean {
    if (to === undefined || !this.outbox.isReady(to, request.type, this.nowMs)) return false
    const token = this.outbox.sent(to, request)
    this.emit({ type: 'send', token, to, request, timeoutMs: this.timeouts.requestTimeoutMs })
    return true
  }

  destinationOf(voter: Voter): Destination | undefined {
    return this.addressOf(voter.id, voter.endpoints)
  }

  get leaderDestination(): Destination | undefined {
    if (this.leaderId === NO_NODE || this.leaderId === this.local.id) return undefined
    return this.addressOf(this.leaderId, this.leaderEndpoints)
  }

  /** The endpoint with the name of our own first listener, else the first. */
  addressOf(id: number, endpoints: readonly VoterEndpoint[]): Destination | undefined {
    const name = this.local.endpoints[0]?.name
    const endpoint = endpoints.find((each) => each.name === name) ?? endpoints[0]
    return endpoint && { id, host: endpoint.host, port: endpoint.port }
  }

  invariants(): void {
    this.log.invariants()
    this.voters.invariants()
    assert(this.highWatermark <= this.log.endOffset, 'the high watermark stays inside the log')
    assert(this.log.lastEpoch <= this.epoch, 'no record is of a later epoch than the replica')
    const { role } = this
    if (role.name === 'leader') {
      assert(this.leaderId === this.local.id, 'a leader has noted that it leads')
      assert(role.epochStartOffset <= this.log.endOffset, 'a leader never truncates')
    }
    if (role.name === 'candidate')
      assert(this.votedFor(this.local) && this.leaderId === NO_NODE, 'a candidate has voted for itself')
    if (role.name === 'follower')
      assert(this.leaderId !== NO_NODE && this.leaderId !== this.local.id, 'a follower follows another')
    if (role.name === 'resigned') assert(this.leaderId === this.local.id, 'who resigned has led')
  }
}

function sameElection(a: ElectionState, b: ElectionState): boolean {
  return (
    a.leaderEpoch === b.leaderEpoch &&
    a.leaderId === b.leaderId &&
    a.votedId === b.votedId &&
    a.votedDirectoryId === b.votedDirectoryId
  )
}
