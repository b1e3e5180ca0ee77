/**
 * LeaveGroup (API key 13): members go at once instead of when their sessions end. One request may name several, which is
 * how an administrator removes static members by their instance id alone (KIP-345).
 */
import { ErrorCode } from '@braidlog/model'
import type { LeaveGroupRequest, LeaveGroupResponse } from '@braidlog/protocol'
import type { ClassicGroup } from './classic-group.ts'
import { validateMember } from './membership.ts'
import { dismiss, maybeCompleteJoin, prepareRebalance } from './rebalance.ts'
import type { Step } from './step.ts'

type LeavingMember = LeaveGroupRequest['members'][number]

export function leaveGroup(step: Step, group: ClassicGroup, request: LeaveGroupRequest): LeaveGroupResponse {
  let anyoneLeft = false
  const members = request.members.map((leaving) => {
    const errorCode = leave(step, group, leaving)
    if (errorCode === ErrorCode.NONE) anyoneLeft = true
    return { memberId: leaving.memberId, groupInstanceId: leaving.groupInstanceId, errorCode }
  })
  if (anyoneLeft) {
    switch (group.state()) {
      case 'Stable':
      case 'CompletingRebalance':
        prepareRebalance(step, group)
        break
      case 'PreparingRebalance':
        maybeCompleteJoin(step, group)
        break
      case 'Empty':
        break
    }
  }
  return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, members }
}

function leave(step: Step, group: ClassicGroup, leaving: LeavingMember): ErrorCode {
  const { groupInstanceId } = leaving
  if (group.pendingJoins.has(leaving.memberId)) {
    group.remove(leaving.memberId)
    return ErrorCode.NONE
  }
  let { memberId } = leaving
  if (memberId === '') {
    const named = groupInstanceId === null ? undefined : group.staticMemberId(groupInstanceId)
    if (named === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    memberId = named
  }
  const error = validateMember(group, memberId, groupInstanceId)
  if (error !== ErrorCode.NONE) return error
  dismiss(step, group, group.member(memberId)!)
  return ErrorCode.NONE
}
