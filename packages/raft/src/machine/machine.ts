/**
 * KRaft as a machine: inputs in, ordered effects out; no I/O, clock or randomness of its own. `SPEC.md` has the table of
 * roles and events; `effects.ts` says how effects are to be performed.
 *
 * Source: KIP-595, KIP-630, KIP-853, KIP-996; Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm".
 */
import { assert } from '@braidlog/base'
import { NO_NODE } from '../election-state.ts'
import type { QuorumConfiguration, VoterEndpoint } from '../voters.ts'
import type { RaftEffect, RaftInput } from './effects.ts'
import {
  handleBeginEpoch,
  handleBeginEpochResponse,
  handleEndEpoch,
  handleEndEpochResponse,
  pollResigned,
} from './epoch-notices.ts'
import {
  handleFetchResponse,
  handleFetchSnapshotResponse,
  handleInstalled,
  handleUnreachable,
  handleUpdateVoterResponse,
  handleUpdateVoterUnsupported,
  pollFollower,
  pollUnattached,
} from './following.ts'
import { LogView } from './log-view.ts'
import type { InboundRequest, Received } from './messages.ts'
import type { Outgoing } from './outbox.ts'
import type { Progress, RaftRole, Role } from './roles.ts'
import {
  handleAppended,
  handleFetch,
  handleFetchSnapshot,
  maybeAdvanceHighWatermark,
  pollLeader,
  resign,
} from './serving.ts'
import { RaftState, type RaftSettings } from './state.ts'
import { becomeCandidate, becomeFollower, becomeUnattached } from './transitions.ts'
import {
  handleAddVoter,
  handleProbeFailed,
  handleProbeResponse,
  handleRemoveVoter,
  handleUpdateVoter,
} from './voter-change.ts'
import { upgradeProblem, upgradeVersion } from './version-upgrade.ts'
import { VoterHistory } from './voter-history.ts'
import { handlePreVoteUnsupported, handleVote, handleVoteResponse, pollElection } from './voting.ts'

/** A step changes the role a few times at most: prospective, candidate, leader in a quorum of one. */
const ROLE_CHANGES_MAX = 8

export class RaftMachine {
  readonly #raft: RaftState
  #started = false

  constructor(settings: RaftSettings) {
    this.#raft = new RaftState(settings)
  }

  get role(): RaftRole {
    return this.#raft.role.name
  }

  get epoch(): number {
    return this.#raft.epoch
  }

  /** `NO_NODE` while nobody is known to lead. */
  get leaderId(): number {
    return this.#raft.leaderId
  }

  get leaderEndpoints(): readonly VoterEndpoint[] {
    return this.#raft.leaderEndpoints
  }

  get isVoter(): boolean {
    return this.#raft.isVoter
  }

  get highWatermark(): number {
    return this.#raft.highWatermark
  }

  /** Where the epoch of this leader begins in the log; `undefined` when it does not lead. */
  get epochStartOffset(): number | undefined {
    return this.#raft.leader?.epochStartOffset
  }

  get endOffset(): number {
    return this.#raft.log.endOffset
  }

  get durableOffset(): number {
    return this.#raft.log.durableOffset
  }

  get quorum(): QuorumConfiguration {
    return this.#raft.voters.quorum
  }

  /** Voters and kraft.version as of the record before `endOffset`. */
  quorumAt(endOffset: number): QuorumConfiguration {
    return this.#raft.voters.quorumAt(endOffset)
  }

  /** Truncations and installed snapshots so far; a flush is reported with the number of those that were performed. */
  get truncations(): number {
    return this.#raft.truncations
  }

  /** Who fetches from this leader. */
  get replicas(): readonly Readonly<Progress>[] {
    return this.#raft.leader?.replicas ?? []
  }

  /** Voters that a resigned leader has not reached yet. */
  get untoldCount(): number {
    const { role } = this.#raft
    return role.name === 'resigned' ? role.untold.size : 0
  }

  /** Why this replica cannot raise kraft.version now, as a sentence without its end. */
  upgradeProblem(kraftVersion: number): string | undefined {
    return upgradeProblem(this.#raft, kraftVersion)
  }

  /** When a `tick` is next useful; `Infinity`: never. */
  nextDeadlineMs(): number {
    return Math.min(deadlineOf(this.#raft, this.#raft.role), this.#raft.outbox.nextReadyMs(this.#raft.nowMs))
  }

  /** @param nowMs monotonic, never less than before */
  step(input: RaftInput, nowMs: number, out: RaftEffect[]): void {
    const raft = this.#raft
    assert(nowMs >= raft.nowMs, 'time does not go back')
    assert(this.#started === (input.type !== 'start'), 'a machine starts once, first')
    raft.nowMs = nowMs
    raft.out = out
    handle(raft, input)
    this.#started = true
    poll(raft)
  }

  /** Called after every step in tests and simulation. */
  invariants(): void {
    this.#raft.invariants()
  }
}

function handle(raft: RaftState, input: RaftInput): void {
  switch (input.type) {
    case 'start':
      return start(raft, input)
    case 'tick':
      return
    case 'request':
      return handleRequest(raft, input.token, input.request)
    case 'response': {
      const asked = raft.outbox.take(input.token)
      if (asked !== undefined) handleResponse(raft, asked, input.response)
      return
    }
    case 'appended':
      return handleAppended(raft, input.batch)
    case 'flushed':
      if (input.truncations !== raft.truncations) return
      raft.log.flushed(input.endOffset)
      return maybeAdvanceHighWatermark(raft)
    case 'snapshot-created':
      return raft.log.snapshotCreated(input.id)
    case 'log-cleaned':
      raft.log.raiseStart(input.start)
      return raft.voters.forgetBefore(input.start.endOffset)
    case 'installed':
      return handleInstalled(raft, input)
    case 'resign':
      return resign(raft)
    case 'upgrade-version':
      return upgradeVersion(raft, input.kraftVersion)
    default:
      return input satisfies never
  }
}

function start(raft: RaftState, input: RaftInput & { type: 'start' }): void {
  raft.log = new LogView(input.log)
  raft.voters = new VoterHistory(input.quorum)
  for (const batch of input.quorumBatches) raft.voters.append(batch)
  raft.highWatermark = input.log.latestSnapshot?.endOffset ?? 0
  raft.restore(input.election)
  const { lastEpoch } = raft.log
  if (raft.isOnlyVoter) {
    if (lastEpoch > raft.epoch) raft.epoch = lastEpoch
    becomeCandidate(raft)
  } else if (lastEpoch > raft.epoch) {
    becomeUnattached(raft, lastEpoch)
  } else if (raft.leaderId === raft.local.id) {
    restartAfterLeading(raft)
  } else {
    const leader = raft.voters.voters.find((voter) => voter.id === raft.leaderId)
    if (leader === undefined) becomeUnattached(raft, raft.epoch)
    else becomeFollower(raft, raft.epoch, leader.id, leader.endpoints)
  }
}

/**
 * What this leader had appended and not made durable is gone, others may have it: it must not append to its epoch again.
 * Who may not vote any more has no part in that.
 */
function restartAfterLeading(raft: RaftState): void {
  if (raft.isVoter) {
    const untold = new Set(raft.otherVoters.map((voter) => voter.id))
    const electionDeadlineMs = raft.randomElectionDeadlineMs()
    raft.role = { name: 'resigned', electionDeadlineMs, candidates: [], untold }
    raft.emit({ type: 'leader-changed' })
    return
  }
  raft.leaderId = NO_NODE
  becomeUnattached(raft, raft.epoch)
}

function handleRequest(raft: RaftState, token: number, request: InboundRequest): void {
  switch (request.type) {
    case 'vote':
      return handleVote(raft, token, request)
    case 'beginEpoch':
      return handleBeginEpoch(raft, token, request)
    case 'endEpoch':
      return handleEndEpoch(raft, token, request)
    case 'fetch':
      return handleFetch(raft, token, request)
    case 'fetchSnapshot':
      return handleFetchSnapshot(raft, token, request)
    case 'addVoter':
      return handleAddVoter(raft, token, request)
    case 'removeVoter':
      return handleRemoveVoter(raft, token, request)
    case 'updateVoter':
      return handleUpdateVoter(raft, token, request)
    default:
      return request satisfies never
  }
}

function handleResponse(raft: RaftState, asked: Outgoing, response: Received): void {
  switch (response.type) {
    case 'vote':
      return handleVoteResponse(raft, asked, response)
    case 'fetch':
      return handleFetchResponse(raft, asked, response)
    case 'fetchSnapshot':
      return handleFetchSnapshotResponse(raft, asked, response)
    case 'beginEpoch':
      return handleBeginEpochResponse(raft, asked, response)
    case 'endEpoch':
      return handleEndEpochResponse(raft, asked, response)
    case 'updateVoter':
      return handleUpdateVoterResponse(raft, asked, response)
    case 'probe':
      return handleProbeResponse(raft, asked.to.id, response)
    case 'failed': {
      const { request, to } = asked
      raft.outbox.failed(to, request.type, raft.nowMs)
      if (response.unreachable && request.type === 'fetch') handleUnreachable(raft, to)
      if (request.type === 'probe') handleProbeFailed(raft, to.id)
      if (request.type === 'updateVoter' && response.unsupported) handleUpdateVoterUnsupported(raft)
      if (request.type === 'vote' && request.preVote && response.unsupported) handlePreVoteUnsupported(raft)
      return
    }
    default:
      return response satisfies never
  }
}

/** What is due in the role, and in the role that this leads to. */
function poll(raft: RaftState): void {
  for (let changes = 0; changes <= ROLE_CHANGES_MAX; changes++) {
    const { role } = raft
    pollRole(raft, role)
    if (raft.role === role) return
  }
}

function pollRole(raft: RaftState, role: Role): void {
  switch (role.name) {
    case 'unattached':
      return pollUnattached(raft, role)
    case 'follower':
      return pollFollower(raft, role)
    case 'prospective':
    case 'candidate':
      return pollElection(raft, role)
    case 'leader':
      return pollLeader(raft, role)
    case 'resigned':
      return pollResigned(raft, role)
    default:
      return role satisfies never
  }
}

/** The next of these moments. What is past was looked at just now: it waits for something else than time. */
function nextOf(raft: RaftState, moments: readonly number[]): number {
  return moments.reduce((next, atMs) => (atMs > raft.nowMs && atMs < next ? atMs : next), Infinity)
}

function deadlineOf(raft: RaftState, role: Role): number {
  switch (role.name) {
    case 'unattached':
      return raft.mayLead ? nextOf(raft, [role.electionDeadlineMs]) : Infinity
    case 'follower':
      return nextOf(raft, [role.fetchDeadlineMs, role.updateVoterAtMs])
    case 'prospective':
    case 'candidate':
    case 'resigned':
      return nextOf(raft, [role.electionDeadlineMs])
    case 'leader':
      return nextOf(raft, [
        role.checkQuorumDeadlineMs,
        role.change?.deadlineMs ?? Infinity,
        ...role.parked.map((fetch) => fetch.deadlineMs),
        ...role.beginEpochAtMs.values(),
      ])
    default:
      return role satisfies never
  }
}
