/**
 * SyncGroup (API key 14) and Heartbeat (12): the leader hands in the assignment, everybody fetches their part and then
 * says from time to time that they are alive.
 */
import { ErrorCode } from '@braidlog/model'
import type { HeartbeatRequest, SyncGroupRequest } from '@braidlog/protocol'
import type { Ticket } from './classic-member.ts'
import type { ClassicGroup } from './classic-group.ts'
import { encodeGroupRecord } from './group-record.ts'
import { validateMember } from './membership.ts'
import { completeSync, failSyncs, rebalance, restartSession, syncReceived } from './rebalance.ts'
import type { Step } from './step.ts'

export function syncGroup(step: Step, group: ClassicGroup, request: SyncGroupRequest, ticket: Ticket): void {
  const error = validateSync(group, request)
  const member = group.member(request.memberId)
  if (error !== ErrorCode.NONE || member === undefined) {
    step.answerSync(ticket, error)
    return
  }
  switch (group.state()) {
    case 'Empty':
      step.answerSync(ticket, ErrorCode.UNKNOWN_MEMBER_ID)
      return
    case 'PreparingRebalance':
      step.answerSync(ticket, ErrorCode.REBALANCE_IN_PROGRESS)
      return
    case 'CompletingRebalance':
      // An earlier sync of the same member, whose connection is probably gone.
      if (member.syncTicket !== undefined) step.answerSync(member.syncTicket, ErrorCode.REBALANCE_IN_PROGRESS)
      member.syncTicket = ticket
      syncReceived(group, member.memberId)
      if (group.leaderId === member.memberId) syncOfLeader(step, group, request)
      return
    case 'Stable':
      syncReceived(group, member.memberId)
      step.answerSynced(ticket, group, member)
  }
}

function syncOfLeader(step: Step, group: ClassicGroup, request: SyncGroupRequest): void {
  const assignments = new Map(request.assignments.map(({ memberId, assignment }) => [memberId, assignment]))
  const record = { kind: 'group', groupId: group.groupId, value: group.toRecord(assignments) } as const
  if (encodeGroupRecord(record).value!.length > step.config.appendBatchSizeMaxBytes) {
    // No log takes it. The members try again, perhaps with fewer partitions.
    failSyncs(step, group, ErrorCode.UNKNOWN_SERVER_ERROR)
    rebalance(step, group)
    return
  }
  completeSync(step, group, assignments)
}

function validateSync(group: ClassicGroup, request: SyncGroupRequest): ErrorCode {
  const error = validateMember(group, request.memberId, request.groupInstanceId)
  if (error !== ErrorCode.NONE) return error
  if (request.generationId !== group.generation) return ErrorCode.ILLEGAL_GENERATION
  const { protocolType, protocolName } = request
  const sameType = protocolType === null || group.protocolType === undefined || protocolType === group.protocolType
  const sameName = protocolName === null || group.protocolName === undefined || protocolName === group.protocolName
  return sameType && sameName ? ErrorCode.NONE : ErrorCode.INCONSISTENT_GROUP_PROTOCOL
}

/** @returns REBALANCE_IN_PROGRESS when the member should join again. */
export function heartbeat(step: Step, group: ClassicGroup, request: HeartbeatRequest): ErrorCode {
  const error = validateMember(group, request.memberId, request.groupInstanceId)
  const member = group.member(request.memberId)
  if (error !== ErrorCode.NONE || member === undefined) return error
  if (request.generationId !== group.generation) return ErrorCode.ILLEGAL_GENERATION
  restartSession(step, member)
  return group.state() === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
}
