/**
 * From role to role. Whoever is in a new role has persisted what others will rely on, expects no old answers, and has
 * turned away who waited at the old one.
 *
 *     unattached ─ election timeout ─► prospective ─ majority would ─► candidate ─ majority ─► leader
 *         ▲                             │    ▲                            │                      │
 *         └── lost, leader not known ───┘    └──────── time is up ────────┘        resign, no majority fetches
 *     follower ─ fetch timeout ──────────────► prospective                                       ▼
 *     any ─ greater epoch ─► unattached or follower          unattached (epoch + 1) ◄──────── resigned
 *
 * Source: KIP-595, KIP-996.
 */
import { assert } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import { NO_NODE } from '../election-state.ts'
import type { VoterEndpoint } from '../voters.ts'
import { keyOf, type ReplicaKey } from './messages.ts'
import type { Role, VoterChange } from './roles.ts'
import type { RaftState } from './state.ts'

/** Nobody to follow is known in `epoch`, or not where. */
export function becomeUnattached(raft: RaftState, epoch: number): void {
  assert(epoch >= raft.epoch, 'epochs only grow')
  // An election that is due soon stays due: else a stream of greater epochs could put it off for ever.
  const { role } = raft
  const electionDeadlineMs =
    'electionDeadlineMs' in role && role.electionDeadlineMs > raft.nowMs
      ? role.electionDeadlineMs
      : raft.randomElectionDeadlineMs()
  const known = epoch === raft.epoch
  enterEpoch(raft, epoch, known ? raft.leaderId : NO_NODE, known ? raft.leaderEndpoints : [])
  enter(raft, { name: 'unattached', electionDeadlineMs })
}

export function becomeFollower(
  raft: RaftState,
  epoch: number,
  leaderId: number,
  endpoints: readonly VoterEndpoint[],
): void {
  assert(leaderId !== raft.local.id, 'nobody follows itself')
  enterEpoch(raft, epoch, leaderId, endpoints)
  enter(raft, {
    name: 'follower',
    fetchDeadlineMs: raft.nowMs + raft.timeouts.fetchTimeoutMs,
    hasFetched: false,
    snapshot: undefined,
    updateVoterAtMs: raft.nowMs + raft.timeouts.fetchTimeoutMs,
    hasTold: false,
  })
}

/** Asks the others first whether they would vote, so that a replica cut off does not raise everybody's epoch. */
export function becomeProspective(raft: RaftState): void {
  assert(raft.mayLead, 'only voters want to lead')
  const votes = new Map([[raft.local.id, true]])
  enter(raft, { name: 'prospective', electionDeadlineMs: raft.randomElectionDeadlineMs(), votes })
  maybeWinElection(raft)
}

export function becomeCandidate(raft: RaftState): void {
  assert(raft.mayLead, 'only voters want to lead')
  enterEpoch(raft, raft.epoch + 1, NO_NODE, [])
  raft.voted = { id: raft.local.id, directoryId: raft.local.directoryId }
  const votes = new Map([[raft.local.id, true]])
  enter(raft, { name: 'candidate', electionDeadlineMs: raft.randomElectionDeadlineMs(), votes })
  maybeWinElection(raft)
}

/** A majority is enough; its votes are durable where they were given. */
export function maybeWinElection(raft: RaftState): void {
  const { role } = raft
  if (role.name !== 'candidate' && role.name !== 'prospective') return
  const granted = raft.voters.voters.filter((voter) => role.votes.get(voter.id) === true)
  if (granted.length < raft.majority) return
  if (role.name === 'prospective') becomeCandidate(raft)
  else becomeLeader(raft, granted.map(keyOf))
}

function becomeLeader(raft: RaftState, grantedBy: readonly ReplicaKey[]): void {
  raft.leaderId = raft.local.id
  raft.leaderEndpoints = raft.local.endpoints
  enter(raft, {
    name: 'leader',
    epochStartOffset: raft.log.endOffset,
    replicas: [],
    parked: [],
    checkQuorumDeadlineMs: raft.nowMs + checkQuorumTimeoutMs(raft),
    heardFrom: new Set(),
    beginEpochAtMs: new Map(),
    told: new Map(),
    change: undefined,
  })
  raft.emit({ type: 'begin-epoch', epoch: raft.epoch, grantedBy })
}

/** A follower gives up after the fetch timeout; the leader a little later, so that it does not give up first. */
export function checkQuorumTimeoutMs(raft: RaftState): number {
  return raft.timeouts.fetchTimeoutMs * 1.5
}

/** @param candidates who should lead next, best first */
export function becomeResigned(raft: RaftState, candidates: readonly ReplicaKey[]): void {
  const untold = new Set(raft.otherVoters.map((voter) => voter.id))
  enter(raft, { name: 'resigned', electionDeadlineMs: raft.randomElectionDeadlineMs(), candidates, untold })
}

/**
 * Somebody says who leads in `epoch`, or that an epoch has begun.
 * @returns false when it contradicts what is known: two leaders in one epoch. That is another's bug; it is not followed.
 */
export function heardOf(
  raft: RaftState,
  epoch: number,
  leaderId: number,
  endpoints: readonly VoterEndpoint[],
): boolean {
  if (epoch < raft.epoch) return true
  const known = epoch === raft.epoch ? raft.leaderId : NO_NODE
  if (known !== NO_NODE && leaderId !== NO_NODE && known !== leaderId) return false
  if (leaderId === raft.local.id) {
    // Of this epoch: old news of when this replica led. Of a greater one: another replica has had our id.
    if (epoch > raft.epoch) becomeUnattached(raft, epoch)
    return true
  }
  const addressed = leaderId !== NO_NODE ? endpointsOf(raft, leaderId, endpoints) : []
  if (epoch > raft.epoch) {
    if (leaderId !== NO_NODE && addressed.length > 0) becomeFollower(raft, epoch, leaderId, addressed)
    else becomeUnattached(raft, epoch)
  } else if (leaderId !== NO_NODE && addressed.length > 0 && mayFollow(raft)) {
    becomeFollower(raft, epoch, leaderId, addressed)
  }
  return true
}

/** Who has an epoch's leader already, or is asking the others because of that leader's silence, stays as it is. */
function mayFollow(raft: RaftState): boolean {
  const { name } = raft.role
  if (name === 'unattached' || name === 'candidate') return true
  return name === 'prospective' && raft.leaderId === NO_NODE
}

/** Those of the message, else of the voter set. */
function endpointsOf(raft: RaftState, id: number, endpoints: readonly VoterEndpoint[]): readonly VoterEndpoint[] {
  if (endpoints.length > 0) return endpoints
  return raft.voters.voters.find((voter) => voter.id === id)?.endpoints ?? []
}

function enterEpoch(raft: RaftState, epoch: number, leaderId: number, endpoints: readonly VoterEndpoint[]): void {
  assert(epoch >= raft.epoch, 'epochs only grow')
  if (epoch > raft.epoch) raft.voted = undefined
  else assert(raft.leaderId === NO_NODE || raft.leaderId === leaderId, 'an epoch has one leader')
  raft.epoch = epoch
  raft.leaderId = leaderId
  raft.leaderEndpoints = endpoints
}

function enter(raft: RaftState, role: Role): void {
  const { leader } = raft
  raft.role = role
  raft.outbox.forgetAll()
  raft.persist()
  raft.emit({ type: 'leader-changed' })
  if (leader === undefined) return
  for (const { token } of leader.parked)
    raft.answer(token, {
      type: 'fetch',
      ...raft.view(ErrorCode.NOT_LEADER_OR_FOLLOWER),
      highWatermark: -1,
      logStartOffset: -1,
    })
  if (leader.change !== undefined)
    endChange(raft, leader.change, ErrorCode.NOT_LEADER_OR_FOLLOWER, 'the leader has resigned')
}

/** Answers who asked for the change; the next one may come. */
export function endChange(raft: RaftState, change: VoterChange, error: ErrorCode, message?: string): void {
  const { leader } = raft
  if (leader?.change === change) leader.change = undefined
  const { request, token } = change
  if (request.type === 'upgradeVersion' || token === undefined) return
  if (request.type === 'updateVoter') raft.answer(token, { type: 'updateVoter', ...raft.view(error) })
  else raft.answer(token, { type: request.type, error, message })
}
