/** One step of a {@link GroupShard} while it is being decided: the time, the rules, and what has come of it so far. */
import type { ErrorCode } from '@braidlog/model'
import type { ClassicMember, Ticket } from './classic-member.ts'
import type { ClassicGroup } from './classic-group.ts'
import type { GroupCoordinatorConfig } from './config.ts'
import { joinFailed, syncFailed } from './group-failures.ts'
import type { Answer, GroupApi, GroupResponses } from './group-messages.ts'
import type { GroupRecord } from './group-record.ts'
import type { Instant } from './instant.ts'

export class Step {
  readonly now: Instant
  readonly config: GroupCoordinatorConfig
  readonly records: GroupRecord[] = []
  readonly answers: Answer[] = []

  constructor(now: Instant, config: GroupCoordinatorConfig) {
    this.now = now
    this.config = config
  }

  answer<A extends GroupApi>(_api: A, ticket: Ticket, response: GroupResponses[A]): void {
    this.answers.push({ ticket, response })
  }

  answerJoin(ticket: Ticket, errorCode: ErrorCode, memberId: string): void {
    this.answer('joinGroup', ticket, joinFailed(errorCode, memberId))
  }

  /** The state of the group as the member should see it: only the leader gets the others' subscriptions. */
  answerJoined(ticket: Ticket, group: ClassicGroup, memberId: string): void {
    this.answer('joinGroup', ticket, {
      throttleTimeMs: 0,
      errorCode: 0,
      generationId: group.generation,
      protocolType: group.protocolType ?? null,
      protocolName: group.protocolName ?? null,
      leader: group.leaderId ?? '',
      skipAssignment: false,
      memberId,
      members: group.leaderId === memberId ? group.joinedMembers() : [],
    })
  }

  answerSync(ticket: Ticket, errorCode: ErrorCode): void {
    this.answer('syncGroup', ticket, syncFailed(errorCode))
  }

  answerSynced(ticket: Ticket, group: ClassicGroup, member: ClassicMember): void {
    this.answer('syncGroup', ticket, {
      throttleTimeMs: 0,
      errorCode: 0,
      protocolType: group.protocolType ?? null,
      protocolName: group.protocolName ?? null,
      assignment: member.assignment,
    })
  }
}
