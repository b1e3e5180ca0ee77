/**
 * All groups of one partition of `__consumer_offsets`: a replicated machine.
 *
 * Two layers of state:
 * - *replicated*: group metadata records, committed offsets, and the keys of records of other group protocols. Written
 *   by `apply` and `endTransaction` only, so replaying the log gives the same state (test: "replay equals live").
 * - *soft*: {@link ClassicGroup}s, with members in the middle of a rebalance, waiting tickets and deadlines. Written by
 *   `decide` and `expire`; rebuilt from the replicated layer by `activate`. (`apply` only makes the living form of an
 *   offset-only group.)
 *
 * Invariant: a group that is Stable is, member for member, the group of its record; one that is Empty has no members in
 * its record. In between, the record still shows the last finished generation, and that is what survives a crash.
 */
import { ErrorCode, ZERO_UUID } from '@braidlog/model'
import type { GroupMetadataValue } from '@braidlog/protocol'
import { ClassicGroup } from './classic-group.ts'
import type { Ticket } from './classic-member.ts'
import type { GroupCoordinatorConfig } from './config.ts'
import { DeadlineQueue } from './deadline-queue.ts'
import { ForeignGroups } from './foreign-groups.ts'
import { deleteGroups, describeGroups, listGroups } from './group-admin.ts'
import type { DeletedTopic, GroupDecision, GroupRequest, GroupResponse, JoinRequest } from './group-messages.ts'
import type { GroupRecord } from './group-record.ts'
import type { Instant } from './instant.ts'
import { joinGroup } from './join-group.ts'
import { leaveGroup } from './leave-group.ts'
import { expireOffsets } from './offset-expiry.ts'
import { offsetCommit, offsetDelete, offsetFetch } from './offset-requests.ts'
import { Offsets } from './offsets.ts'
import { expireDeadlines, prepareRebalance, restartSession } from './rebalance.ts'
import type { ReplicatedMachine } from './replicated-machine.ts'
import { Step } from './step.ts'
import { heartbeat, syncGroup } from './sync-group.ts'

type Requested<A extends GroupRequest['api']> = Extract<GroupRequest, { readonly api: A }>

export class GroupShard implements ReplicatedMachine<GroupRequest, GroupResponse, GroupRecord> {
  readonly #config: GroupCoordinatorConfig
  // Replicated
  readonly #metadata = new Map<string, GroupMetadataValue>()
  readonly #offsets = new Offsets()
  readonly #foreign = new ForeignGroups()
  // Soft
  readonly #groups = new Map<string, ClassicGroup>()
  readonly #deadlines = new DeadlineQueue()
  #cleanupDeadlineMs = Infinity
  #isActive = false

  constructor(config: GroupCoordinatorConfig) {
    this.#config = config
  }

  // Replicated state

  apply(record: GroupRecord, recordOffset: number, producerId = -1): void {
    switch (record.kind) {
      case 'group':
        if (record.value === null) this.#metadata.delete(record.groupId)
        else this.#metadata.set(record.groupId, record.value)
        return
      case 'offset':
        if (record.value === null) this.#offsets.delete(record)
        else {
          this.#offsets.commit(record, record.value, recordOffset, producerId)
          this.#keepOffsetsGroup(record.groupId)
        }
        return
      case 'foreign':
        this.#foreign.apply(record)
        return
      default:
        record satisfies never
    }
  }

  endTransaction(producerId: number, committed: boolean): void {
    for (const groupId of this.#offsets.endTransaction(producerId, committed)) this.#keepOffsetsGroup(groupId)
  }

  /** Records that rebuild the replicated state, except for open transactions and other group protocols. */
  *snapshot(): Generator<GroupRecord> {
    for (const [groupId, value] of this.#metadata) yield { kind: 'group', groupId, value }
    for (const groupId of this.#offsets.groupIds()) {
      for (const [topic, partitions] of this.#offsets.of(groupId) ?? []) {
        for (const [partition, { recordOffset: _, ...value }] of partitions) {
          yield { kind: 'offset', groupId, topic, partition, value }
        }
      }
    }
  }

  // Steps

  activate(now: Instant): GroupDecision {
    const step = new Step(now, this.#config)
    for (const [groupId, value] of this.#metadata) {
      if (this.#foreign.has(groupId)) continue
      const group = ClassicGroup.fromRecord(groupId, value)
      this.#groups.set(groupId, group)
      for (const member of group.members()) restartSession(step, member)
      // The limit has been lowered: everybody may come again, until there is no room.
      if (group.size() > this.#config.groupSizeMax) prepareRebalance(step, group)
      this.#watch(group)
    }
    this.#isActive = true
    for (const groupId of this.#offsets.groupIds()) this.#keepOffsetsGroup(groupId)
    this.#cleanupDeadlineMs = now.monotonicMs + this.#config.offsetsRetentionCheckIntervalMs
    return step
  }

  decide(request: GroupRequest, ticket: Ticket, now: Instant): GroupDecision {
    const step = new Step(now, this.#config)
    switch (request.api) {
      case 'joinGroup':
        this.#join(step, request, ticket)
        break
      case 'syncGroup':
        this.#sync(step, request, ticket)
        break
      case 'heartbeat':
        this.#heartbeat(step, request, ticket)
        break
      case 'leaveGroup':
        this.#leave(step, request, ticket)
        break
      case 'offsetCommit':
        this.#commit(step, request, ticket)
        break
      case 'offsetFetch':
        step.answer(request.api, ticket, offsetFetch(this.#offsets, request.group, request.requireStable))
        break
      case 'offsetDelete': {
        const group = this.#groups.get(request.request.groupId)
        step.answer(request.api, ticket, offsetDelete(step, this.#offsets, group, request.request))
        break
      }
      case 'listGroups':
        step.answer(request.api, ticket, listGroups(this.#groups, this.#foreign, request))
        break
      case 'describeGroups':
        step.answer(request.api, ticket, describeGroups(this.#groups, request))
        break
      case 'deleteGroups':
        this.#delete(step, request, ticket)
        break
      case 'topicsDeleted':
        this.#forgetTopics(step, request.topics)
        step.answer(request.api, ticket, null)
        break
      default:
        request satisfies never
    }
    return step
  }

  nextDeadlineMs(): number {
    return Math.min(this.#deadlines.nextMs(), this.#cleanupDeadlineMs)
  }

  expire(now: Instant): GroupDecision {
    const step = new Step(now, this.#config)
    for (;;) {
      const groupId = this.#deadlines.take(now.monotonicMs)
      if (groupId === undefined) break
      const group = this.#groups.get(groupId)
      if (group === undefined) continue
      expireDeadlines(step, group)
      // A deadline that is still due (a timeout of 0 was asked for) waits for the next round.
      this.#deadlines.schedule(groupId, Math.max(group.nextDeadlineMs(), now.monotonicMs + 1))
    }
    if (this.#cleanupDeadlineMs <= now.monotonicMs) {
      this.#cleanup(step)
      this.#cleanupDeadlineMs = now.monotonicMs + this.#config.offsetsRetentionCheckIntervalMs
    }
    return step
  }

  invariants(): string[] {
    const broken: string[] = []
    for (const [groupId, group] of this.#groups) {
      broken.push(...group.invariants())
      const record = this.#metadata.get(groupId)
      const recorded = record?.members.length ?? 0
      if (group.state() === 'Empty' && recorded > 0) broken.push(`group ${groupId} is Empty, its record is not`)
      if (group.state() === 'Stable' && !isRecordOf(group, record)) broken.push(`record of Stable group ${groupId}`)
      if (this.#deadlines.atMs(groupId) > group.nextDeadlineMs() + 1) broken.push(`nobody watches group ${groupId}`)
    }
    for (const groupId of [...this.#metadata.keys(), ...this.#offsets.groupIds()]) {
      if (!this.#groups.has(groupId) && !this.#foreign.has(groupId)) broken.push(`group ${groupId} has no living state`)
    }
    return broken
  }

  // Requests

  #join(step: Step, join: JoinRequest, ticket: Ticket): void {
    const { groupId, memberId } = join.request
    const existing = this.#groups.get(groupId)
    if (existing === undefined && memberId !== '') {
      step.answerJoin(ticket, ErrorCode.UNKNOWN_MEMBER_ID, memberId)
      return
    }
    if (this.#foreign.protocolOf(groupId) === 'share') {
      step.answerJoin(ticket, ErrorCode.INCONSISTENT_GROUP_PROTOCOL, '')
      return
    }
    const group = existing ?? new ClassicGroup(groupId, 'Empty', step.now.wallMs)
    joinGroup(step, group, join, ticket)
    if (existing === undefined) {
      const isRefused = group.size() === 0 && group.pendingJoins.size === 0
      if (isRefused) return
      step.records.unshift(...this.#foreign.tombstones(groupId), emptyGroupRecord(groupId, step.now.wallMs))
      this.#groups.set(groupId, group)
    }
    this.#watch(group)
  }

  #sync(step: Step, { request }: Requested<'syncGroup'>, ticket: Ticket): void {
    const group = this.#groups.get(request.groupId)
    if (group === undefined) {
      step.answerSync(ticket, ErrorCode.UNKNOWN_MEMBER_ID)
      return
    }
    syncGroup(step, group, request, ticket)
    this.#watch(group)
  }

  #heartbeat(step: Step, { request }: Requested<'heartbeat'>, ticket: Ticket): void {
    const group = this.#groups.get(request.groupId)
    const errorCode = group === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : heartbeat(step, group, request)
    step.answer('heartbeat', ticket, { throttleTimeMs: 0, errorCode })
    if (group !== undefined) this.#watchMember(group, request.memberId)
  }

  #leave(step: Step, { request }: Requested<'leaveGroup'>, ticket: Ticket): void {
    const group = this.#groups.get(request.groupId)
    if (group === undefined) {
      const errorCode = ErrorCode.UNKNOWN_MEMBER_ID
      const members = request.members.map(({ memberId, groupInstanceId }) => ({ memberId, groupInstanceId, errorCode }))
      step.answer('leaveGroup', ticket, { throttleTimeMs: 0, errorCode: ErrorCode.NONE, members })
      return
    }
    step.answer('leaveGroup', ticket, leaveGroup(step, group, request))
    this.#watch(group)
  }

  #commit(step: Step, { request, apiVersion }: Requested<'offsetCommit'>, ticket: Ticket): void {
    const group = this.#groups.get(request.groupId)
    step.answer('offsetCommit', ticket, offsetCommit(step, group, request, apiVersion))
    if (group !== undefined) this.#watchMember(group, request.memberId)
  }

  #delete(step: Step, { groupIds }: Requested<'deleteGroups'>, ticket: Ticket): void {
    const { results, deleted } = deleteGroups(this.#groups, this.#foreign, groupIds)
    for (const groupId of deleted) {
      const seen = new Set<string>()
      for (const [topic, partitions] of this.#offsets.of(groupId) ?? []) {
        for (const partition of partitions.keys()) {
          seen.add(`${partition} ${topic}`)
          step.records.push({ kind: 'offset', groupId, topic, partition, value: null })
        }
      }
      for (const { topic, partition } of this.#offsets.pendingOf(groupId)) {
        if (seen.has(`${partition} ${topic}`)) continue
        seen.add(`${partition} ${topic}`)
        step.records.push({ kind: 'offset', groupId, topic, partition, value: null })
      }
      this.#forgetGroup(step, groupId)
    }
    step.answer('deleteGroups', ticket, results)
  }

  #forgetTopics(step: Step, topics: readonly DeletedTopic[]): void {
    for (const groupId of this.#offsets.groupIds()) {
      for (const { name, topicId } of topics) {
        for (const [partition, offset] of this.#offsets.of(groupId)?.get(name) ?? []) {
          // An offset committed for a later topic of the same name stays (KIP-516); old records do not say.
          if (offset.topicId !== ZERO_UUID && offset.topicId !== topicId) continue
          step.records.push({ kind: 'offset', groupId, topic: name, partition, value: null })
        }
      }
    }
  }

  /** Groups without members and offsets go too, except while somebody has been offered a member id. */
  #cleanup(step: Step): void {
    for (const [groupId, group] of this.#groups) {
      const hasNoOffsets = expireOffsets(step, this.#offsets, group)
      if (hasNoOffsets && group.state() === 'Empty' && group.pendingJoins.size === 0) this.#forgetGroup(step, groupId)
    }
  }

  #forgetGroup(step: Step, groupId: string): void {
    step.records.push(...this.#foreign.tombstones(groupId), { kind: 'group', groupId, value: null })
    this.#groups.delete(groupId)
    this.#deadlines.forget(groupId)
  }

  /** Offsets without members: an offset-only ("simple") group, which has no record of its own but is listed. */
  #keepOffsetsGroup(groupId: string): void {
    if (!this.#isActive || this.#groups.has(groupId) || this.#foreign.has(groupId)) return
    this.#groups.set(groupId, new ClassicGroup(groupId))
  }

  #watch(group: ClassicGroup): void {
    this.#deadlines.schedule(group.groupId, group.nextDeadlineMs())
  }

  /** Enough after a step that at most put off one member's deadline. */
  #watchMember(group: ClassicGroup, memberId: string): void {
    this.#deadlines.schedule(group.groupId, group.member(memberId)?.sessionDeadlineMs ?? Infinity)
  }
}

/** Written when somebody first asks to join, so that the group is known to the next coordinator. */
function emptyGroupRecord(groupId: string, wallMs: number): GroupRecord {
  return {
    kind: 'group',
    groupId,
    value: {
      protocolType: '',
      generation: 0,
      protocol: null,
      leader: null,
      currentStateTimestamp: wallMs,
      members: [],
    },
  }
}

function isRecordOf(group: ClassicGroup, record: GroupMetadataValue | undefined): boolean {
  return (
    record !== undefined &&
    record.generation === group.generation &&
    record.protocol === group.protocolName &&
    record.leader === group.leaderId &&
    record.members.length === group.size() &&
    record.members.every(({ memberId, groupInstanceId, assignment }) => {
      const member = group.member(memberId)
      return member?.groupInstanceId === groupInstanceId && sameBytes(member.assignment, assignment)
    })
  )
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
