/** Whether a request comes from who it says it does. */
import { ErrorCode } from '@braidlog/model'
import type { ClassicGroup } from './classic-group.ts'

/** An instance id must be the member's own: whoever holds it under another member id has been replaced (KIP-345). */
export function validateMember(group: ClassicGroup, memberId: string, groupInstanceId: string | null): ErrorCode {
  if (groupInstanceId !== null) {
    const current = group.staticMemberId(groupInstanceId)
    if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    if (current !== memberId) return ErrorCode.FENCED_INSTANCE_ID
  }
  return group.member(memberId) === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : ErrorCode.NONE
}
