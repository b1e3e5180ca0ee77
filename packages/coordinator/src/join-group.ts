/**
 * JoinGroup (API key 11): a consumer asks to be in the group.
 *
 * A dynamic member is first given an id and told to come back with it (v4+, KIP-394): a client that loses the answer
 * then leaves no ghost behind. A static member is known by its instance id: it takes the place of its former self, and
 * in a stable group without a rebalance (KIP-345). The answer to everybody else waits until the join phase ends.
 */
import { ErrorCode } from '@braidlog/model'
import { hasProtocols, type ClassicMember, type MemberProtocols, type Ticket } from './classic-member.ts'
import type { ClassicGroup } from './classic-group.ts'
import type { JoinRequest } from './group-messages.ts'
import { validateMember } from './membership.ts'
import { dismiss, maybeCompleteJoin, prepareRebalance, rebalance, restartSession } from './rebalance.ts'
import type { Step } from './step.ts'

/** Versions from which a dynamic member must know its id, and from which an assignment may be skipped (KIP-814). */
const KNOWN_MEMBER_ID_VERSION = 4
const SKIP_ASSIGNMENT_VERSION = 9

export function joinGroup(step: Step, group: ClassicGroup, join: JoinRequest, ticket: Ticket): void {
  const { request } = join
  const { memberId } = request
  if (!hasRoomFor(step, group, memberId)) {
    const member = group.member(memberId)
    if (member === undefined) group.remove(memberId)
    else dismiss(step, group, member)
    step.answerJoin(ticket, ErrorCode.GROUP_MAX_SIZE_REACHED, '')
  } else if (!group.supports(request.protocolType, request.protocols)) {
    step.answerJoin(ticket, ErrorCode.INCONSISTENT_GROUP_PROTOCOL, memberId)
  } else if (memberId === '') {
    joinAsNewMember(step, group, join, ticket)
  } else {
    joinAsKnownMember(step, group, join, ticket)
  }
}

/**
 * During a rebalance those who have rejoined count, not those who are listed: after the limit was lowered the last to
 * come back are the ones who find no room.
 */
function hasRoomFor(step: Step, group: ClassicGroup, memberId: string): boolean {
  const { groupSizeMax } = step.config
  switch (group.state()) {
    case 'Empty':
      return true
    case 'PreparingRebalance':
      return group.member(memberId)?.joinTicket !== undefined || group.awaitingJoinCount() < groupSizeMax
    case 'CompletingRebalance':
    case 'Stable':
      return group.member(memberId) !== undefined || group.size() < groupSizeMax
  }
}

function joinAsNewMember(step: Step, group: ClassicGroup, join: JoinRequest, ticket: Ticket): void {
  const { request } = join
  if (request.groupInstanceId !== null) {
    const newMemberId = `${request.groupInstanceId}-${join.memberIdSuffix}`
    const oldMemberId = group.staticMemberId(request.groupInstanceId)
    if (oldMemberId === undefined) addMember(step, group, join, newMemberId, ticket)
    else replaceStaticMember(step, group, join, { oldMemberId, newMemberId, ticket })
    return
  }
  const newMemberId = `${join.clientId}-${join.memberIdSuffix}`
  if (join.apiVersion < KNOWN_MEMBER_ID_VERSION) {
    addMember(step, group, join, newMemberId, ticket)
    return
  }
  group.pendingJoins.set(newMemberId, step.now.monotonicMs + request.sessionTimeoutMs)
  step.answerJoin(ticket, ErrorCode.MEMBER_ID_REQUIRED, newMemberId)
}

function joinAsKnownMember(step: Step, group: ClassicGroup, join: JoinRequest, ticket: Ticket): void {
  const { request } = join
  const { memberId } = request
  if (group.pendingJoins.has(memberId) && request.groupInstanceId === null) {
    addMember(step, group, join, memberId, ticket)
    return
  }
  const error = validateMember(group, memberId, request.groupInstanceId)
  const member = group.member(memberId)
  if (error !== ErrorCode.NONE || member === undefined) {
    step.answerJoin(ticket, error, memberId)
    return
  }
  if (isAnsweredFromState(group, member, request.protocols)) {
    step.answerJoined(ticket, group, memberId)
    return
  }
  update(step, group, member, join, ticket)
  rebalance(step, group)
}

/**
 * A member that joins again with nothing new to say has lost an answer. Only the leader of a stable group is taken at
 * its word: it has seen something (new partitions, say) that asks for a new assignment.
 */
function isAnsweredFromState(group: ClassicGroup, member: ClassicMember, protocols: MemberProtocols): boolean {
  switch (group.state()) {
    case 'Empty':
    case 'PreparingRebalance':
      return false
    case 'CompletingRebalance':
      return hasProtocols(member, protocols)
    case 'Stable':
      return group.leaderId !== member.memberId && hasProtocols(member, protocols)
  }
}

function addMember(step: Step, group: ClassicGroup, join: JoinRequest, memberId: string, ticket: Ticket): void {
  const { request } = join
  if (group.state() === 'PreparingRebalance' && group.previousState() === 'Empty') group.newMemberAdded = true
  if (group.size() === 0) group.protocolType = request.protocolType
  const member: ClassicMember = {
    memberId,
    groupInstanceId: request.groupInstanceId,
    clientId: join.clientId,
    clientHost: join.clientHost,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    sessionTimeoutMs: request.sessionTimeoutMs,
    protocols: request.protocols,
    assignment: new Uint8Array(0),
    isNew: true,
    joinTicket: ticket,
    syncTicket: undefined,
    sessionDeadlineMs: Infinity,
  }
  group.add(member)
  // It cannot heartbeat before it is told its id, and it may be a leftover of a client that gave up waiting.
  restartSession(step, member, step.config.newMemberJoinTimeoutMs)
  rebalance(step, group)
}

/** Takes over what the member says of itself, and leaves the request waiting for the end of the join phase. */
function update(step: Step, group: ClassicGroup, member: ClassicMember, join: JoinRequest, ticket: Ticket): void {
  const { request } = join
  group.updateProtocols(member, request.protocols)
  member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
  member.sessionTimeoutMs = request.sessionTimeoutMs
  // An earlier join of the same member, whose connection is probably gone: it would never be answered otherwise.
  if (member.joinTicket !== undefined) {
    step.answerJoin(member.joinTicket, ErrorCode.REBALANCE_IN_PROGRESS, member.memberId)
  }
  group.setJoinTicket(member, ticket)
}

interface Replacement {
  readonly oldMemberId: string
  readonly newMemberId: string
  readonly ticket: Ticket
}

function replaceStaticMember(step: Step, group: ClassicGroup, join: JoinRequest, replacement: Replacement): void {
  const { oldMemberId, newMemberId, ticket } = replacement
  const leaderBefore = group.leaderId
  fence(step, group, group.member(oldMemberId)!)
  const member = group.replaceStaticMember(oldMemberId, newMemberId)
  update(step, group, member, join, ticket)
  restartSession(step, member)
  switch (group.state()) {
    case 'Stable':
      if (group.selectProtocol() !== group.protocolName) {
        rebalance(step, group)
        return
      }
      group.setJoinTicket(member, undefined)
      group.refreshTopics()
      step.records.push({ kind: 'group', groupId: group.groupId, value: group.toRecord() })
      answerReplacement(step, group, join, { ...replacement, leaderBefore })
      return
    case 'CompletingRebalance':
      // The leader may already be assigning to the old id.
      prepareRebalance(step, group)
      return
    case 'Empty':
    case 'PreparingRebalance':
      maybeCompleteJoin(step, group)
  }
}

/**
 * The group goes on without a rebalance. Should the member have been the leader, an old client must not take itself for
 * it (it would assign): it is told the leader's former id. Since v9 it may know, and is told not to assign.
 */
function answerReplacement(
  step: Step,
  group: ClassicGroup,
  join: JoinRequest,
  replaced: Replacement & { readonly leaderBefore: string | undefined },
): void {
  const { newMemberId, ticket, leaderBefore } = replaced
  const maySkip = join.apiVersion >= SKIP_ASSIGNMENT_VERSION
  const isLeader = maySkip && group.leaderId === newMemberId
  step.answer('joinGroup', ticket, {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    generationId: group.generation,
    protocolType: group.protocolType ?? null,
    protocolName: group.protocolName ?? null,
    leader: (maySkip ? group.leaderId : leaderBefore) ?? '',
    skipAssignment: isLeader,
    memberId: newMemberId,
    members: isLeader ? group.joinedMembers() : [],
  })
}

/** Two processes with one instance id: the older one must stop. */
function fence(step: Step, group: ClassicGroup, member: ClassicMember): void {
  const { joinTicket, syncTicket } = member
  if (joinTicket !== undefined) {
    group.setJoinTicket(member, undefined)
    step.answerJoin(joinTicket, ErrorCode.FENCED_INSTANCE_ID, member.memberId)
  }
  if (syncTicket !== undefined) {
    member.syncTicket = undefined
    step.answerSync(syncTicket, ErrorCode.FENCED_INSTANCE_ID)
  }
}
