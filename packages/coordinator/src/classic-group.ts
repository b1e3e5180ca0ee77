/**
 * The living state of one classic group: who is in it, which generation, what it waits for.
 *
 * This class keeps counts and sets consistent; *when* a group moves is decided in `rebalance.ts`, `join-group.ts`,
 * `sync-group.ts` and `leave-group.ts`. The transitions (`SPEC.md` has the table):
 *
 * ```
 *            join                all joined, or time is up            leader syncs
 *   Empty ─────────► PreparingRebalance ─────────► CompletingRebalance ─────────► Stable
 *     ▲                   │   ▲                            │                         │
 *     └── nobody is left ─┘   └── join, leave, expiry ─────┴─────────────────────────┘
 * ```
 *
 * Dead has no object: a group that does not exist is reported as Dead.
 *
 * Source: the classic group protocol of Apache Kafka 4.3; KIP-62, KIP-134, KIP-345, KIP-394.
 */
import { assert } from '@braidlog/base'
import type { GroupMetadataValue, JoinGroupResponse } from '@braidlog/protocol'
import { metadataFor, type ClassicMember, type MemberProtocols, type Ticket } from './classic-member.ts'
import { CONSUMER_PROTOCOL_TYPE, subscribedTopics } from './subscription.ts'

export type ClassicGroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

const PREVIOUS_STATES: Record<ClassicGroupState, readonly ClassicGroupState[]> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['Stable', 'CompletingRebalance', 'Empty'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
}

/** What a rebalance waits for: the first one of an empty group may be put off again while members keep coming. */
export type JoinTimer =
  | { readonly kind: 'initial'; readonly atMs: number; readonly delayMs: number; readonly remainingMs: number }
  | { readonly kind: 'rebalance'; readonly atMs: number }

export class ClassicGroup {
  readonly groupId: string
  generation = 0
  /** Undefined: an offset-only ("simple") group, or one that nobody has joined yet. */
  protocolType: string | undefined
  protocolName: string | undefined
  leaderId: string | undefined
  /** Wall clock; `undefined` in groups written by releases before 2.1. */
  stateTimestampMs: number | undefined
  /** Topics of all members' subscriptions in the current generation; `undefined` when they could not be read. */
  topics: ReadonlySet<string> | undefined
  /** Somebody joined since the initial delay was last measured. */
  newMemberAdded = false
  joinTimer: JoinTimer | undefined
  /** Until when every member must have fetched its assignment. */
  syncDeadlineMs = Infinity
  /** Ids given out to dynamic members that have to come back with them (KIP-394) → when that offer ends. */
  readonly pendingJoins = new Map<string, number>()
  /** Members that have not asked for their assignment in this generation. */
  readonly pendingSyncs = new Set<string>()
  #state: ClassicGroupState
  #previousState: ClassicGroupState
  readonly #members = new Map<string, ClassicMember>()
  /** Instance id → member id. */
  readonly #staticMembers = new Map<string, string>()
  /** Protocol name → members that speak it. */
  readonly #protocolCounts = new Map<string, number>()
  #awaitingJoinCount = 0

  constructor(groupId: string, state: ClassicGroupState = 'Empty', stateTimestampMs?: number) {
    this.groupId = groupId
    this.#state = state
    this.#previousState = state
    this.stateTimestampMs = stateTimestampMs
  }

  /** The group that a record describes: stable when it has members, empty otherwise. */
  static fromRecord(groupId: string, value: GroupMetadataValue): ClassicGroup {
    const timestampMs = value.currentStateTimestamp === -1 ? undefined : value.currentStateTimestamp
    const group = new ClassicGroup(groupId, value.members.length === 0 ? 'Empty' : 'Stable', timestampMs)
    group.generation = value.generation
    group.protocolType = value.protocolType === '' ? undefined : value.protocolType
    group.protocolName = value.protocol ?? undefined
    for (const member of value.members) {
      group.add({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        rebalanceTimeoutMs: member.rebalanceTimeout === -1 ? member.sessionTimeout : member.rebalanceTimeout,
        sessionTimeoutMs: member.sessionTimeout,
        protocols: [{ name: value.protocol ?? '', metadata: member.subscription }],
        assignment: member.assignment,
        isNew: false,
        joinTicket: undefined,
        syncTicket: undefined,
        sessionDeadlineMs: Infinity,
      })
    }
    if (value.leader !== null && group.#members.has(value.leader)) group.leaderId = value.leader
    group.refreshTopics()
    return group
  }

  state(): ClassicGroupState {
    return this.#state
  }

  previousState(): ClassicGroupState {
    return this.#previousState
  }

  transitionTo(state: ClassicGroupState, wallMs: number): void {
    assert(PREVIOUS_STATES[state].includes(this.#state), `group ${this.groupId} goes from ${this.#state} to ${state}`)
    this.#previousState = this.#state
    this.#state = state
    this.stateTimestampMs = wallMs
  }

  canRebalance(): boolean {
    return this.#state !== 'PreparingRebalance'
  }

  // Members

  size(): number {
    return this.#members.size
  }

  members(): IterableIterator<ClassicMember> {
    return this.#members.values()
  }

  member(memberId: string): ClassicMember | undefined {
    return this.#members.get(memberId)
  }

  staticMemberId(groupInstanceId: string): string | undefined {
    return this.#staticMembers.get(groupInstanceId)
  }

  add(member: ClassicMember): void {
    assert(!this.#members.has(member.memberId), `member ${member.memberId} is already in group ${this.groupId}`)
    if (member.groupInstanceId !== null) {
      const taken = this.#staticMembers.has(member.groupInstanceId)
      assert(!taken, `instance ${member.groupInstanceId} is already in group ${this.groupId}`)
      this.#staticMembers.set(member.groupInstanceId, member.memberId)
    }
    this.leaderId ??= member.memberId
    this.#members.set(member.memberId, member)
    this.#count(member.protocols, 1)
    if (member.joinTicket !== undefined) this.#awaitingJoinCount++
    this.pendingJoins.delete(member.memberId)
  }

  /** Takes a member, or an offered member id, out. Whatever the member waits for must have been answered. */
  remove(memberId: string): void {
    const member = this.#members.get(memberId)
    if (member !== undefined) {
      const waits = member.joinTicket !== undefined || member.syncTicket !== undefined
      assert(!waits, `member ${memberId} of ${this.groupId} leaves without an answer`)
      this.#members.delete(memberId)
      this.#count(member.protocols, -1)
      if (member.groupInstanceId !== null) this.#staticMembers.delete(member.groupInstanceId)
    }
    if (this.leaderId === memberId) this.leaderId = this.#members.keys().next().value
    this.pendingJoins.delete(memberId)
    this.pendingSyncs.delete(memberId)
  }

  /** A restarted static member takes the place of its former self, assignment included (KIP-345). */
  replaceStaticMember(oldMemberId: string, newMemberId: string): ClassicMember {
    const old = this.#members.get(oldMemberId)
    assert(old !== undefined && old.groupInstanceId !== null, `${oldMemberId} is a static member of ${this.groupId}`)
    const waits = old.joinTicket !== undefined || old.syncTicket !== undefined
    assert(!waits, `member ${oldMemberId} of ${this.groupId} is replaced without an answer`)
    const member: ClassicMember = { ...old, memberId: newMemberId, isNew: false }
    this.#members.delete(oldMemberId)
    this.#members.set(newMemberId, member)
    this.#staticMembers.set(old.groupInstanceId, newMemberId)
    if (this.leaderId === oldMemberId) this.leaderId = newMemberId
    if (this.pendingSyncs.delete(oldMemberId)) this.pendingSyncs.add(newMemberId)
    return member
  }

  updateProtocols(member: ClassicMember, protocols: MemberProtocols): void {
    this.#count(member.protocols, -1)
    member.protocols = protocols
    this.#count(protocols, 1)
  }

  // Joining

  setJoinTicket(member: ClassicMember, ticket: Ticket | undefined): void {
    if (member.joinTicket === undefined && ticket !== undefined) this.#awaitingJoinCount++
    if (member.joinTicket !== undefined && ticket === undefined) this.#awaitingJoinCount--
    member.joinTicket = ticket
  }

  awaitingJoinCount(): number {
    return this.#awaitingJoinCount
  }

  haveAllJoined(): boolean {
    return this.#awaitingJoinCount === this.#members.size && this.pendingJoins.size === 0
  }

  /** The longest that any member says its rebalance may take. */
  rebalanceTimeoutMs(): number {
    let timeoutMs = 0
    for (const member of this.#members.values()) timeoutMs = Math.max(timeoutMs, member.rebalanceTimeoutMs)
    return timeoutMs
  }

  /**
   * A leader that did not rejoin cannot assign: the first member that did takes its place.
   * @returns false when nobody has rejoined
   */
  electJoinedLeader(): boolean {
    const leader = this.leaderId === undefined ? undefined : this.#members.get(this.leaderId)
    if (leader === undefined) return false
    if (leader.joinTicket !== undefined) return true
    for (const member of this.#members.values()) {
      if (member.joinTicket === undefined) continue
      this.leaderId = member.memberId
      return true
    }
    return false
  }

  nextGeneration(wallMs: number): void {
    this.generation++
    this.protocolName = this.#members.size === 0 ? undefined : this.selectProtocol()
    this.refreshTopics()
    this.transitionTo(this.#members.size === 0 ? 'Empty' : 'CompletingRebalance', wallMs)
    this.pendingSyncs.clear()
  }

  // Protocols

  /** A newcomer must share the group's type and at least one protocol that every present member speaks. */
  supports(protocolType: string, protocols: MemberProtocols): boolean {
    if (this.#state === 'Empty') return protocolType !== '' && protocols.length > 0
    if (this.protocolType !== protocolType) return false
    return protocols.some(({ name }) => (this.#protocolCounts.get(name) ?? 0) === this.#members.size)
  }

  /**
   * Every member votes for its favourite among the protocols that all speak; most votes win. Equal votes: the one that
   * was voted for first, in the order in which members came (Apache Kafka leaves it to its hash map).
   */
  selectProtocol(): string {
    const votes = new Map<string, number>()
    for (const member of this.#members.values()) {
      const favourite = member.protocols.find(({ name }) => this.#protocolCounts.get(name) === this.#members.size)
      assert(favourite !== undefined, `members of group ${this.groupId} share a protocol`)
      votes.set(favourite.name, (votes.get(favourite.name) ?? 0) + 1)
    }
    let winner: string | undefined
    for (const [name, count] of votes) if (winner === undefined || count > votes.get(winner)!) winner = name
    assert(winner !== undefined, `group ${this.groupId} has members`)
    return winner
  }

  /** Reads the members' subscriptions again, after one of them has changed within a generation. */
  refreshTopics(): void {
    this.topics = this.#readTopics()
  }

  usesConsumerProtocol(): boolean {
    return this.protocolType === CONSUMER_PROTOCOL_TYPE
  }

  /** When subscriptions could not be read, a consumer group counts as subscribed to everything. */
  isSubscribedTo(topic: string): boolean {
    return this.topics?.has(topic) ?? this.usesConsumerProtocol()
  }

  // Views

  /** What the leader needs in order to assign. */
  joinedMembers(): JoinGroupResponse['members'] {
    return Array.from(this.#members.values(), (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: this.metadataOf(member),
    }))
  }

  metadataOf(member: ClassicMember): Uint8Array {
    const metadata = metadataFor(member, this.protocolName ?? '')
    assert(metadata !== undefined, `member ${member.memberId} speaks the group's protocol`)
    return metadata
  }

  /** The record of the current generation; `assignments` names what is not yet in the members. */
  toRecord(assignments?: ReadonlyMap<string, Uint8Array>): GroupMetadataValue {
    return {
      protocolType: this.protocolType ?? '',
      generation: this.generation,
      protocol: this.protocolName ?? null,
      leader: this.leaderId ?? null,
      currentStateTimestamp: this.stateTimestampMs ?? -1,
      members: Array.from(this.#members.values(), (member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        rebalanceTimeout: member.rebalanceTimeoutMs,
        sessionTimeout: member.sessionTimeoutMs,
        subscription: this.metadataOf(member),
        assignment: assignments?.get(member.memberId) ?? member.assignment,
      })),
    }
  }

  /** The earliest moment at which something of this group has to be looked at. */
  nextDeadlineMs(): number {
    let atMs = Math.min(this.joinTimer?.atMs ?? Infinity, this.syncDeadlineMs)
    for (const deadlineMs of this.pendingJoins.values()) atMs = Math.min(atMs, deadlineMs)
    for (const member of this.#members.values()) atMs = Math.min(atMs, member.sessionDeadlineMs)
    return atMs
  }

  /** @returns what is wrong with the counts and references, for tests and simulation. */
  invariants(): string[] {
    const broken: string[] = []
    const check = (holds: boolean, what: string): void => {
      if (!holds) broken.push(`group ${this.groupId} in ${this.#state}: ${what}`)
    }
    const members = [...this.#members.values()]
    check(members.filter((member) => member.joinTicket !== undefined).length === this.#awaitingJoinCount, 'join count')
    check(this.leaderId === undefined ? members.length === 0 : this.#members.has(this.leaderId), 'leader is a member')
    for (const [instanceId, memberId] of this.#staticMembers) {
      check(this.#members.get(memberId)?.groupInstanceId === instanceId, `instance ${instanceId} points at its member`)
    }
    const instances = members.filter((member) => member.groupInstanceId !== null)
    check(instances.length === this.#staticMembers.size, 'one member per instance')
    for (const memberId of this.pendingSyncs) check(this.#members.has(memberId), `${memberId} may sync`)
    for (const memberId of this.pendingJoins.keys()) check(!this.#members.has(memberId), `${memberId} may join`)
    for (const [name, count] of this.#protocolCounts) {
      check(members.filter((member) => metadataFor(member, name) !== undefined).length === count, `count of ${name}`)
    }
    for (const member of members) {
      const { memberId } = member
      check(member.syncTicket === undefined || this.#state === 'CompletingRebalance', `${memberId} waits to sync`)
      check(member.joinTicket === undefined || this.#state === 'PreparingRebalance', `${memberId} waits to join`)
      const watched = member.sessionDeadlineMs !== Infinity || member.joinTicket !== undefined
      check(watched || member.syncTicket !== undefined, `${memberId} is watched`)
    }
    check((this.#state === 'PreparingRebalance') === (this.joinTimer !== undefined), 'a rebalance has a timer')
    check(this.#state !== 'Empty' || members.length === 0, 'empty')
    check(this.#state === 'Empty' || this.#state === 'PreparingRebalance' || members.length > 0, 'not empty')
    check(this.syncDeadlineMs === Infinity || this.pendingSyncs.size > 0, 'somebody is waited for')
    return broken
  }

  #count(protocols: MemberProtocols, by: 1 | -1): void {
    for (const { name } of protocols) {
      const count = (this.#protocolCounts.get(name) ?? 0) + by
      if (count === 0) this.#protocolCounts.delete(name)
      else this.#protocolCounts.set(name, count)
    }
  }

  #readTopics(): ReadonlySet<string> | undefined {
    if (!this.usesConsumerProtocol()) return undefined
    const all = new Set<string>()
    for (const member of this.#members.values()) {
      const topics = subscribedTopics(this.metadataOf(member))
      if (topics === undefined) return undefined
      for (const topic of topics) all.add(topic)
    }
    return all
  }
}
