/**
 * Who gets a vote, and counting them.
 *
 * A vote is given once in an epoch, to a log at least as complete as one's own (Raft 5.4.1), and never in an epoch that
 * is known to have a leader. A pre-vote binds nobody: it says whether a vote would be given, and a follower that hears
 * from its leader refuses.
 * Source: KIP-595, KIP-853, KIP-996.
 */
import { ErrorCode, ZERO_UUID } from '@braidlog/model'
import { NO_NODE } from '../election-state.ts'
import type { Received, ReplicaKey, VoteRequest } from './messages.ts'
import type { Outgoing } from './outbox.ts'
import type { Candidate, Prospective } from './roles.ts'
import type { RaftState } from './state.ts'
import {
  becomeCandidate,
  becomeFollower,
  becomeProspective,
  becomeUnattached,
  maybeWinElection,
} from './transitions.ts'
import { followsLeader } from './answers.ts'

export function handleVote(raft: RaftState, token: number, request: VoteRequest): void {
  const error = voteError(raft, request)
  if (error !== ErrorCode.NONE) {
    raft.answer(token, { type: 'vote', ...raft.view(error), granted: false })
    return
  }
  if (request.epoch > raft.epoch) becomeUnattached(raft, request.epoch)
  const granted = canGrant(raft, request)
  if (granted && !request.preVote) grantVote(raft, request.candidate)
  raft.answer(token, { type: 'vote', ...raft.view(), granted })
}

function voteError(raft: RaftState, request: VoteRequest): ErrorCode {
  const { candidate, epoch, lastEpoch, lastOffset, preVote, voter } = request
  const epochs = preVote ? lastEpoch <= epoch : lastEpoch < epoch
  if (lastOffset < 0 || lastEpoch < 0 || !epochs) return ErrorCode.INVALID_REQUEST
  if (epoch < raft.epoch) return ErrorCode.FENCED_LEADER_EPOCH
  if (candidate.id < 0) return ErrorCode.INVALID_REQUEST
  if (!isMeant(raft, voter)) return ErrorCode.INVALID_VOTER_KEY
  return ErrorCode.NONE
}

/** The request is for this replica, not for one that had its address before. */
export function isMeant(raft: RaftState, voter: ReplicaKey | undefined): boolean {
  if (voter === undefined) return true
  if (voter.id !== raft.local.id) return false
  return voter.directoryId === ZERO_UUID || voter.directoryId === raft.local.directoryId
}

function canGrant(raft: RaftState, request: VoteRequest): boolean {
  const isComplete = raft.log.isAtMost(request.lastEpoch, request.lastOffset)
  const { role } = raft
  switch (role.name) {
    case 'unattached':
    case 'prospective':
      if (request.preVote) return isComplete
      if (raft.voted !== undefined) return raft.votedFor(request.candidate)
      return raft.leaderId === NO_NODE && isComplete
    case 'follower':
      return request.preVote && isComplete && !role.hasFetched
    case 'candidate':
    case 'resigned':
      return request.preVote && isComplete
    case 'leader':
      return false
    default:
      return role satisfies never
  }
}

function grantVote(raft: RaftState, candidate: ReplicaKey): void {
  if (raft.voted !== undefined) return
  raft.voted = candidate
  raft.persist()
  // Its own election can wait for the outcome of this one.
  if (raft.role.name === 'unattached')
    raft.role = { name: 'unattached', electionDeadlineMs: raft.randomElectionDeadlineMs() }
  else becomeUnattached(raft, raft.epoch)
}

/** Asks the voters that have not answered yet. */
export function pollElection(raft: RaftState, role: Candidate | Prospective): void {
  if (!raft.mayLead) {
    becomeUnattached(raft, raft.epoch)
    return
  }
  if (raft.nowMs >= role.electionDeadlineMs) {
    if (role.name === 'candidate') becomeProspective(raft)
    else giveUp(raft)
    return
  }
  for (const voter of raft.otherVoters) {
    if (role.votes.has(voter.id)) continue
    raft.send(raft.destinationOf(voter), {
      type: 'vote',
      candidate: { id: raft.local.id, directoryId: raft.local.directoryId },
      voter: { id: voter.id, directoryId: voter.directoryId },
      epoch: raft.epoch,
      lastEpoch: raft.log.lastEpoch,
      lastOffset: raft.log.endOffset,
      preVote: role.name === 'prospective',
    })
  }
}

export function handleVoteResponse(raft: RaftState, asked: Outgoing, response: Received & { type: 'vote' }): void {
  if (!followsLeader(raft, asked, response)) return
  const { role } = raft
  if (role.name !== 'candidate' && role.name !== 'prospective') return
  role.votes.set(asked.to.id, response.granted)
  if (response.granted) maybeWinElection(raft)
  else if (role.name === 'prospective' && isLost(raft, role)) giveUp(raft)
  // A candidate that has lost waits until its time is up: the others may be busy electing somebody.
}

/** A voter that knows nothing of pre-votes cannot say no. */
export function handlePreVoteUnsupported(raft: RaftState): void {
  if (raft.role.name === 'prospective') becomeCandidate(raft)
}

function isLost(raft: RaftState, role: Prospective): boolean {
  const open = raft.voters.voters.filter((voter) => role.votes.get(voter.id) !== false)
  return open.length < raft.majority
}

/** Back to the leader that is known, or to waiting for one. */
function giveUp(raft: RaftState): void {
  const { leaderId, leaderEndpoints, epoch } = raft
  if (leaderId !== NO_NODE && leaderEndpoints.length > 0) becomeFollower(raft, epoch, leaderId, leaderEndpoints)
  else becomeUnattached(raft, epoch)
}
