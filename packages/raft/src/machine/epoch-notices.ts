/** BeginQuorumEpoch and EndQuorumEpoch, both sides. Source: KIP-595, KIP-853. */
import { ErrorCode } from '@braidlog/model'
import { followsLeader, voterOnlyError } from './answers.ts'
import type { BeginEpochRequest, EndEpochRequest, Received, ReplicaKey } from './messages.ts'
import type { Outgoing } from './outbox.ts'
import type { Leader, Resigned } from './roles.ts'
import type { RaftState } from './state.ts'
import { becomeUnattached, heardOf } from './transitions.ts'
import { isMeant } from './voting.ts'

export function handleBeginEpoch(raft: RaftState, token: number, request: BeginEpochRequest): void {
  let error = voterOnlyError(raft, request.epoch, request.leaderId)
  if (error === ErrorCode.NONE && !heardOf(raft, request.epoch, request.leaderId, request.endpoints))
    error = ErrorCode.INVALID_REQUEST
  if (error === ErrorCode.NONE && !isMeant(raft, request.voter)) error = ErrorCode.INVALID_VOTER_KEY
  raft.answer(token, { type: 'beginEpoch', ...raft.view(error) })
}

export function handleEndEpoch(raft: RaftState, token: number, request: EndEpochRequest): void {
  let error = voterOnlyError(raft, request.epoch, request.leaderId)
  if (error === ErrorCode.NONE && !heardOf(raft, request.epoch, request.leaderId, request.endpoints))
    error = ErrorCode.INVALID_REQUEST
  const { role } = raft
  if (error === ErrorCode.NONE && role.name === 'follower' && raft.leaderId === request.leaderId) {
    role.fetchDeadlineMs = raft.nowMs + successionDelayMs(raft, request.candidates)
    // The leader itself says that it is gone: a pre-vote against it is in order.
    role.hasFetched = false
  }
  raft.answer(token, { type: 'endEpoch', ...raft.view(error) })
}

/** The best candidate begins at once, each further one later, so that they do not split the votes. */
function successionDelayMs(raft: RaftState, candidates: readonly ReplicaKey[]): number {
  const { electionBackoffMaxMs } = raft.timeouts
  const position = candidates.findIndex((each) => each.id === raft.local.id)
  if (position < 0) return electionBackoffMaxMs
  if (position === 0) return 0
  const baseMs = Math.floor(electionBackoffMaxMs / 2 ** (candidates.length - 1))
  return Math.min(electionBackoffMaxMs, baseMs * 2 ** (position - 1))
}

/** Voters that do not fetch are told who leads, again and again. */
export function sendBeginEpoch(raft: RaftState, leader: Leader): void {
  for (const voter of raft.otherVoters) {
    if (raft.nowMs < (leader.beginEpochAtMs.get(voter.id) ?? 0)) continue
    raft.send(raft.destinationOf(voter), {
      type: 'beginEpoch',
      leaderId: raft.local.id,
      epoch: raft.epoch,
      voter: { id: voter.id, directoryId: voter.directoryId },
      endpoints: raft.local.endpoints,
    })
  }
}

export function handleBeginEpochResponse(
  raft: RaftState,
  asked: Outgoing,
  response: Received & { type: 'beginEpoch' | 'endEpoch' | 'updateVoter' },
): void {
  if (!followsLeader(raft, asked, response)) return
  raft.leader?.beginEpochAtMs.set(asked.to.id, raft.nowMs + beginEpochIntervalMs(raft))
}

export function beginEpochIntervalMs(raft: RaftState): number {
  return raft.timeouts.fetchTimeoutMs / 2
}

/** Tells all voters of the resignation; a new epoch is this replica's next chance. */
export function pollResigned(raft: RaftState, role: Resigned): void {
  if (raft.nowMs >= role.electionDeadlineMs) {
    becomeUnattached(raft, raft.epoch + 1)
    return
  }
  for (const voter of raft.otherVoters) {
    if (!role.untold.has(voter.id)) continue
    raft.send(raft.destinationOf(voter), {
      type: 'endEpoch',
      leaderId: raft.local.id,
      epoch: raft.epoch,
      candidates: role.candidates,
      endpoints: raft.local.endpoints,
    })
  }
}

export function handleEndEpochResponse(
  raft: RaftState,
  asked: Outgoing,
  response: Received & { type: 'beginEpoch' | 'endEpoch' | 'updateVoter' },
): void {
  if (followsLeader(raft, asked, response) && raft.role.name === 'resigned') raft.role.untold.delete(asked.to.id)
}
