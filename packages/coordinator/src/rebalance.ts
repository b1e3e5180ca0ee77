/**
 * How a classic group moves from one generation to the next: what starts a rebalance, what ends its join phase, and what
 * happens when a deadline passes.
 *
 * Every function takes the step it belongs to, mutates the living group and leaves records and answers in the step.
 *
 * Invariant: a member that waits for a join or a sync is answered before it leaves the group or changes its id.
 */
import { assert } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import { isSilenceExcused, type ClassicMember } from './classic-member.ts'
import type { ClassicGroup } from './classic-group.ts'
import type { Step } from './step.ts'

const NO_ASSIGNMENT = new Uint8Array(0)
/** A rebalance that nobody came to is looked at again no sooner than this, whatever timeout its members asked for. */
const JOIN_RETRY_MIN_MS = 100

/** Starts a rebalance, or, when one is under way, looks whether it can end now. */
export function rebalance(step: Step, group: ClassicGroup): void {
  if (group.canRebalance()) prepareRebalance(step, group)
  else maybeCompleteJoin(step, group)
}

export function prepareRebalance(step: Step, group: ClassicGroup): void {
  if (group.state() === 'CompletingRebalance') failSyncs(step, group, ErrorCode.REBALANCE_IN_PROGRESS)
  endSyncPhase(group)
  const { initialRebalanceDelayMs } = step.config
  const isInitial = group.state() === 'Empty'
  group.transitionTo('PreparingRebalance', step.now.wallMs)
  if (isInitial) {
    group.joinTimer = {
      kind: 'initial',
      atMs: step.now.monotonicMs + initialRebalanceDelayMs,
      delayMs: initialRebalanceDelayMs,
      remainingMs: Math.max(group.rebalanceTimeoutMs() - initialRebalanceDelayMs, 0),
    }
  } else {
    startJoinTimer(step, group)
    if (group.haveAllJoined()) completeJoin(step, group)
  }
}

/** Ends the join phase if everybody is there. Never that of an initial rebalance, whose delay is meant to be waited. */
export function maybeCompleteJoin(step: Step, group: ClassicGroup): void {
  if (group.state() !== 'PreparingRebalance' || group.previousState() === 'Empty') return
  if (group.haveAllJoined()) completeJoin(step, group)
}

/** Ends the join phase with whoever is there. */
export function completeJoin(step: Step, group: ClassicGroup): void {
  for (const member of group.members()) {
    // A static member that is away keeps its place until its session ends.
    if (member.joinTicket === undefined && member.groupInstanceId === null) group.remove(member.memberId)
  }
  if (!group.electJoinedLeader() && group.size() > 0) {
    // Static members only, all of them away: wait until they return or their sessions end.
    startJoinTimer(step, group, JOIN_RETRY_MIN_MS)
    return
  }
  group.joinTimer = undefined
  group.newMemberAdded = false
  group.nextGeneration(step.now.wallMs)
  if (group.state() === 'Empty') {
    step.records.push({ kind: 'group', groupId: group.groupId, value: group.toRecord() })
    return
  }
  for (const member of group.members()) {
    const ticket = member.joinTicket
    if (ticket !== undefined) {
      group.setJoinTicket(member, undefined)
      step.answerJoined(ticket, group, member.memberId)
    }
    member.isNew = false
    restartSession(step, member)
    group.pendingSyncs.add(member.memberId)
  }
  group.syncDeadlineMs = step.now.monotonicMs + group.rebalanceTimeoutMs()
}

/**
 * The leader has assigned: the generation is stable and everybody who waits gets its part.
 * @param assignments member id → bytes owned by the group from now on; members that are missing get nothing
 */
export function completeSync(step: Step, group: ClassicGroup, assignments: ReadonlyMap<string, Uint8Array>): void {
  assert(group.state() === 'CompletingRebalance', `group ${group.groupId} completes a rebalance`)
  for (const member of group.members()) member.assignment = assignments.get(member.memberId) ?? NO_ASSIGNMENT
  step.records.push({ kind: 'group', groupId: group.groupId, value: group.toRecord() })
  group.transitionTo('Stable', step.now.wallMs)
  for (const member of group.members()) {
    const ticket = member.syncTicket
    if (ticket === undefined) continue
    member.syncTicket = undefined
    step.answerSynced(ticket, group, member)
    restartSession(step, member)
  }
}

/** The assignment could not be kept: whoever waits for it must join again. */
export function failSyncs(step: Step, group: ClassicGroup, error: ErrorCode): void {
  for (const member of group.members()) {
    member.assignment = NO_ASSIGNMENT
    const ticket = member.syncTicket
    if (ticket === undefined) continue
    member.syncTicket = undefined
    step.answerSync(ticket, error)
    restartSession(step, member)
  }
}

export function restartSession(step: Step, member: ClassicMember, timeoutMs = member.sessionTimeoutMs): void {
  member.sessionDeadlineMs = step.now.monotonicMs + timeoutMs
}

/** Answers a waiting join so that the client tries again under a new id, and takes the member out. */
export function dismiss(step: Step, group: ClassicGroup, member: ClassicMember): void {
  const { joinTicket, syncTicket } = member
  if (joinTicket !== undefined) {
    group.setJoinTicket(member, undefined)
    step.answerJoin(joinTicket, ErrorCode.UNKNOWN_MEMBER_ID, '')
  }
  if (syncTicket !== undefined) {
    member.syncTicket = undefined
    step.answerSync(syncTicket, ErrorCode.UNKNOWN_MEMBER_ID)
  }
  group.remove(member.memberId)
}

/** A member has asked for its assignment; when all have, nobody has to be watched for it. */
export function syncReceived(group: ClassicGroup, memberId: string): void {
  group.pendingSyncs.delete(memberId)
  if (group.pendingSyncs.size === 0) group.syncDeadlineMs = Infinity
}

// Deadlines

/** Does whatever is due in this group. Deadlines that passed together are handled in their order. */
export function expireDeadlines(step: Step, group: ClassicGroup): void {
  const nowMs = step.now.monotonicMs
  // Each round takes one deadline away or moves it past now, except where a timeout of 0 was asked for.
  let roundsLeft = 4 * (group.size() + group.pendingJoins.size + 2)
  for (; roundsLeft > 0; roundsLeft--) {
    const atMs = group.nextDeadlineMs()
    if (atMs > nowMs) return
    expireOne(step, group, atMs)
  }
}

function expireOne(step: Step, group: ClassicGroup, atMs: number): void {
  if (group.joinTimer?.atMs === atMs) {
    joinTimerRang(step, group)
    return
  }
  if (group.syncDeadlineMs === atMs) {
    syncDeadlinePassed(step, group)
    return
  }
  for (const [memberId, deadlineMs] of group.pendingJoins) {
    if (deadlineMs !== atMs) continue
    group.remove(memberId)
    if (group.state() === 'PreparingRebalance' && group.haveAllJoined()) completeJoin(step, group)
    return
  }
  for (const member of group.members()) {
    if (member.sessionDeadlineMs !== atMs) continue
    sessionEnded(step, group, member)
    return
  }
}

/**
 * The initial delay is measured again while new members keep coming, up to the rebalance timeout in total: a fleet that
 * starts together gets one rebalance instead of one per process (KIP-134).
 */
function joinTimerRang(step: Step, group: ClassicGroup): void {
  const timer = group.joinTimer
  assert(timer !== undefined, `group ${group.groupId} has a join timer`)
  if (timer.kind === 'initial' && group.newMemberAdded && timer.remainingMs > 0) {
    group.newMemberAdded = false
    const delayMs = Math.min(step.config.initialRebalanceDelayMs, timer.remainingMs)
    group.joinTimer = {
      kind: 'initial',
      atMs: step.now.monotonicMs + delayMs,
      delayMs,
      remainingMs: Math.max(timer.remainingMs - timer.delayMs, 0),
    }
    return
  }
  completeJoin(step, group)
}

/** Members that know their generation but never fetched their part are gone: assign anew without them. */
function syncDeadlinePassed(step: Step, group: ClassicGroup): void {
  for (const memberId of group.pendingSyncs) dismiss(step, group, group.member(memberId)!)
  prepareRebalance(step, group)
}

function sessionEnded(step: Step, group: ClassicGroup, member: ClassicMember): void {
  member.sessionDeadlineMs = Infinity
  if (isSilenceExcused(member)) return
  dismiss(step, group, member)
  if (group.state() === 'Stable' || group.state() === 'CompletingRebalance') prepareRebalance(step, group)
  else if (group.state() === 'PreparingRebalance' && group.haveAllJoined()) completeJoin(step, group)
}

function startJoinTimer(step: Step, group: ClassicGroup, timeoutMinMs = 0): void {
  const timeoutMs = Math.max(group.rebalanceTimeoutMs(), timeoutMinMs)
  group.joinTimer = { kind: 'rebalance', atMs: step.now.monotonicMs + timeoutMs }
}

function endSyncPhase(group: ClassicGroup): void {
  group.pendingSyncs.clear()
  group.syncDeadlineMs = Infinity
}
