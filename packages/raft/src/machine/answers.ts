/** What is checked of every request and every answer before anything else. */
import { ErrorCode } from '@braidlog/model'
import type { QuorumView } from './messages.ts'
import type { Outgoing } from './outbox.ts'
import type { RaftState } from './state.ts'
import { heardOf } from './transitions.ts'

/** For requests to voters by somebody who leads or wants to. */
export function voterOnlyError(raft: RaftState, epoch: number, senderId: number): ErrorCode {
  if (epoch < raft.epoch) return ErrorCode.FENCED_LEADER_EPOCH
  return senderId < 0 ? ErrorCode.INVALID_REQUEST : ErrorCode.NONE
}

/** For requests that only the leader of exactly this epoch can serve. */
export function leaderOnlyError(raft: RaftState, epoch: number): ErrorCode {
  if (epoch < raft.epoch) return ErrorCode.FENCED_LEADER_EPOCH
  if (epoch > raft.epoch) return ErrorCode.UNKNOWN_LEADER_EPOCH
  return raft.role.name === 'leader' ? ErrorCode.NONE : ErrorCode.NOT_LEADER_OR_FOLLOWER
}

/**
 * Learns from an answer who leads.
 * @returns whether the answer is one of our own epoch and without error, so that its contents count
 */
export function followsLeader(raft: RaftState, asked: Outgoing, response: QuorumView): boolean {
  const { request, to } = asked
  const before = raft.epoch
  if (response.epoch >= raft.epoch) heardOf(raft, response.epoch, response.leaderId, response.leaderEndpoints)
  if (response.error !== ErrorCode.NONE) {
    // Who could not help and has told nothing new is asked again only after a pause.
    if (raft.epoch === before) raft.outbox.failed(to, request.type, raft.nowMs)
    return false
  }
  if (response.epoch !== before || raft.epoch !== before) return false
  raft.outbox.succeeded(to, request.type)
  return true
}
