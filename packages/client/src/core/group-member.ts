/**
 * One member of a classic consumer group, as a machine: what the coordinator answers and what the application has
 * finished goes in, requests and calls of hooks come out, in order.
 *
 * | phase     | meaning                                         | leaves it by                                           |
 * |-----------|-------------------------------------------------|--------------------------------------------------------|
 * | idle      | not started, left, or failed                    | `start` → joining                                      |
 * | releasing | the application lets go of partitions           | `hookDone` → joining (or stable, after a cooperative   |
 * |           |                                                 | assignment took some away: then joining again)         |
 * | joining   | JoinGroup is parked at the coordinator          | its answer → syncing, joining again, or failed         |
 * | syncing   | SyncGroup is sent (by the leader: once it has   | its answer → acquiring, or joining again               |
 * |           | computed the assignment)                        |                                                        |
 * | acquiring | the application takes over partitions           | `hookDone` → stable                                    |
 * | stable    | consuming                                       | a rebalance → releasing                                |
 * | leaving   | the application lets go for good                | `hookDone` → idle                                      |
 *
 * Heartbeats go on in every phase in which the coordinator counts on them (releasing, syncing, acquiring, stable),
 * whatever the application's handlers do.
 *
 * Invariants: `owned` is what the application was told; a partition is revoked or lost before another generation begins
 * without it; nothing is announced twice; after `lost` nothing of it is committed.
 *
 * Source: KIP-62 (heartbeats), KIP-394 (member ids), KIP-345 (static members), KIP-429 (cooperative rebalancing).
 */
import { assert } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model/nouns'
import type { HeartbeatResponse, JoinGroupResponse, SyncGroupResponse } from '@braidlog/protocol'
import { brokerError, errorNameOf, isRetriable, KafkaError } from '../errors.ts'
import type { Assignment, Assignor, AssignorMember, PartitionsByTopic, TopicPartition } from './assignors/assignor.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  PROTOCOL_TYPE,
} from './consumer-protocol.ts'

export interface GroupMemberOptions {
  readonly groupId: string
  readonly groupInstanceId: string | null
  readonly assignors: readonly Assignor[]
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly backoffMs: (failures: number) => number
}

export interface JoinRequest {
  readonly groupId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly protocolType: string
  readonly protocols: readonly { readonly name: string; readonly metadata: Uint8Array }[]
  readonly reason: string
}

export interface SyncRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly protocolType: string
  readonly protocolName: string
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[]
}

export interface MemberIdentity {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

export type MemberEffect =
  | { readonly kind: 'join'; readonly request: JoinRequest; readonly notBeforeMs: number }
  /** The leader needs the partition counts of these topics to go on. */
  | { readonly kind: 'describe'; readonly topics: readonly string[] }
  | { readonly kind: 'sync'; readonly request: SyncRequest }
  | { readonly kind: 'heartbeat'; readonly request: MemberIdentity }
  /** Call the hook and report `hookDone`. `lost`: the partitions are gone already. */
  | { readonly kind: 'release'; readonly partitions: readonly TopicPartition[]; readonly lost: boolean }
  | { readonly kind: 'acquire'; readonly partitions: readonly TopicPartition[] }
  | { readonly kind: 'leave'; readonly request: MemberIdentity }
  /** The coordinator is another broker, or not there: look for it before the next request. */
  | { readonly kind: 'findCoordinator' }
  | { readonly kind: 'fail'; readonly error: KafkaError }

export type MemberPhase = 'idle' | 'releasing' | 'joining' | 'syncing' | 'acquiring' | 'stable' | 'leaving'

export class GroupMember {
  readonly #options: GroupMemberOptions
  readonly #isCooperative: boolean
  #phase: MemberPhase = 'idle'
  #memberId = ''
  #generation = -1
  #protocolName = ''
  #isLeader = false
  #members: AssignorMember[] = []
  #topics: readonly string[] = []
  #owned: TopicPartition[] = []
  /** The assignment to take over once what it takes away is released. */
  #next: TopicPartition[] = []
  /** What the sticky assignor should know of the past. */
  #lastOwned: readonly TopicPartition[] = []
  #lastGeneration = -1
  /** Why to join again as soon as the present step is over. */
  #rejoin: string | undefined
  #failures = 0
  #heartbeatAtMs = Infinity
  #isHeartbeatInFlight = false
  /** Hooks that were asked for and have not reported. They run one after another. */
  #hooks = 0
  /** Without a sign of the coordinator until then, our partitions are somebody else's. */
  #sessionEndMs = Infinity
  #out: MemberEffect[] = []

  constructor(options: GroupMemberOptions) {
    assert(options.assignors.length > 0, 'a member has an assignor')
    this.#options = options
    // As long as one of the offered assignors is eager the group may choose it: give everything up first.
    this.#isCooperative = options.assignors.every((each) => each.rebalanceProtocol === 'cooperative')
  }

  get phase(): MemberPhase {
    return this.#phase
  }

  get memberId(): string {
    return this.#memberId
  }

  get generation(): number {
    return this.#generation
  }

  get isLeader(): boolean {
    return this.#isLeader
  }

  get owned(): readonly TopicPartition[] {
    return this.#owned
  }

  get identity(): MemberIdentity {
    return {
      groupId: this.#options.groupId,
      generationId: this.#generation,
      memberId: this.#memberId,
      groupInstanceId: this.#options.groupInstanceId,
    }
  }

  /** When `tick` is due. */
  nextDeadlineMs(): number {
    return Math.min(this.#heartbeatAtMs, this.#sessionEndMs)
  }

  /** Effects since the last call, to be carried out in order. */
  takeEffects(): MemberEffect[] {
    const effects = this.#out
    this.#out = []
    return effects
  }

  start(topics: readonly string[], nowMs: number): void {
    assert(this.#phase === 'idle', 'a member starts once')
    this.#topics = topics
    this.#join('first join', nowMs)
  }

  /** The subscription names other topics now. */
  subscriptionChanged(topics: readonly string[], reason: string, nowMs: number): void {
    this.#topics = topics
    this.#requestRejoin(reason, nowMs)
  }

  /** For the leader: topics of the group came, went, or have other partition counts. */
  metadataChanged(nowMs: number): void {
    if (this.#isLeader) this.#requestRejoin('topics of the group changed', nowMs)
  }

  tick(nowMs: number): void {
    if (this.#sessionEndMs <= nowMs) return this.#sessionExpired(nowMs)
    if (this.#heartbeatAtMs > nowMs) return
    this.#heartbeatAtMs = nowMs + this.#options.heartbeatIntervalMs
    if (this.#isHeartbeatInFlight || !this.#isCountedOn()) return
    this.#isHeartbeatInFlight = true
    this.#out.push({ kind: 'heartbeat', request: this.identity })
  }

  onJoin(response: JoinGroupResponse, nowMs: number): void {
    if (this.#phase !== 'joining') return
    const { errorCode } = response
    switch (errorCode) {
      case ErrorCode.NONE:
        break
      case ErrorCode.MEMBER_ID_REQUIRED:
        this.#memberId = response.memberId
        return this.#sendJoin('the coordinator assigned a member id', nowMs)
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.ILLEGAL_GENERATION:
        return this.#startOver(errorNameOf(errorCode), nowMs)
      default:
        return this.#onJoinError(errorCode, nowMs)
    }
    this.#failures = 0
    this.#memberId = response.memberId
    this.#generation = response.generationId
    this.#protocolName = response.protocolName ?? ''
    this.#isLeader = response.leader === response.memberId
    this.#phase = 'syncing'
    this.#alive(nowMs)
    this.#heartbeatAtMs = nowMs + this.#options.heartbeatIntervalMs
    if (!this.#isLeader || response.skipAssignment) {
      // A static leader that came back still has to know the group's topics, to notice when they change.
      if (this.#isLeader) this.#members = this.#decodeMembers(response)
      return this.#sendSync([])
    }
    this.#members = this.#decodeMembers(response)
    this.#out.push({ kind: 'describe', topics: this.groupTopics() })
  }

  /** Topics that some member of the group subscribes to; of use to the leader. */
  groupTopics(): string[] {
    return [...new Set([...this.#topics, ...this.#members.flatMap((each) => each.topics)])]
  }

  /** The answer to `describe`. */
  onDescribed(partitionsByTopic: PartitionsByTopic, _nowMs: number): void {
    if (this.#phase !== 'syncing') return
    const assignor = this.#options.assignors.find((each) => each.name === this.#protocolName)
    if (assignor === undefined) {
      return this.#fail(
        new KafkaError(
          'INCONSISTENT_GROUP_PROTOCOL',
          `group ${this.#options.groupId} chose the assignor '${this.#protocolName}', which we did not offer`,
        ),
      )
    }
    let assignment: Assignment
    try {
      assignment = assignor.assign(this.#members, partitionsByTopic)
    } catch (cause) {
      const message = `group ${this.#options.groupId}: the assignor ${assignor.name} failed`
      return this.#fail(new KafkaError('UNKNOWN_SERVER_ERROR', message, { cause, retriable: false, fatal: true }))
    }
    this.#sendSync(
      [...assignment].map(([memberId, partitions]) => ({ memberId, assignment: encodeAssignment(partitions) })),
    )
  }

  onSync(response: SyncGroupResponse, nowMs: number): void {
    if (this.#phase !== 'syncing') return
    const { errorCode } = response
    switch (errorCode) {
      case ErrorCode.NONE:
        break
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.ILLEGAL_GENERATION:
        return this.#startOver(errorNameOf(errorCode), nowMs)
      case ErrorCode.REBALANCE_IN_PROGRESS:
        return this.#join('the group rebalances again', nowMs)
      default:
        return this.#onJoinError(errorCode, nowMs)
    }
    this.#alive(nowMs)
    this.#assigned(decodeAssignment(response.assignment), nowMs)
  }

  onHeartbeat(response: HeartbeatResponse, nowMs: number): void {
    this.#isHeartbeatInFlight = false
    if (!this.#isCountedOn()) return
    const { errorCode } = response
    switch (errorCode) {
      case ErrorCode.NONE:
        return this.#alive(nowMs)
      case ErrorCode.REBALANCE_IN_PROGRESS:
        this.#alive(nowMs)
        return this.#phase === 'syncing' ? undefined : this.#requestRejoin('the group rebalances', nowMs)
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.ILLEGAL_GENERATION:
        return this.#startOver(errorNameOf(errorCode), nowMs)
      case ErrorCode.FENCED_INSTANCE_ID:
        return this.#fail(this.#errorOf(errorCode))
      default:
        if (isRetriable(errorNameOf(errorCode))) return this.onHeartbeatFailed(nowMs)
        return this.#fail(this.#errorOf(errorCode))
    }
  }

  /** The heartbeat got no answer, or the coordinator has moved. */
  onHeartbeatFailed(nowMs: number): void {
    this.#isHeartbeatInFlight = false
    this.#out.push({ kind: 'findCoordinator' })
    this.#heartbeatAtMs = Math.min(this.#heartbeatAtMs, nowMs + this.#options.backoffMs(1))
  }

  /** JoinGroup or SyncGroup got no answer. */
  onRequestFailed(nowMs: number): void {
    if (this.#phase !== 'joining' && this.#phase !== 'syncing') return
    this.#failures++
    this.#out.push({ kind: 'findCoordinator' })
    this.#sendJoin('the last request was not answered', nowMs, this.#options.backoffMs(this.#failures))
  }

  /** The application has let go of, or taken over, what the last effect named. */
  onHookDone(nowMs: number): void {
    assert(this.#hooks > 0, 'a hook was running')
    // A later event has asked for another one: the step is over when the last one is.
    if (--this.#hooks > 0) return undefined
    switch (this.#phase) {
      case 'releasing':
        return this.#released(nowMs)
      case 'acquiring':
        this.#phase = 'stable'
        return this.#continueRejoin(nowMs)
      case 'leaving':
        return this.#left()
      case 'idle':
      case 'joining':
      case 'syncing':
      case 'stable':
        return undefined
      default:
        return this.#phase satisfies never
    }
  }

  /** Begins to leave: the application lets go of everything, then the coordinator is told. */
  leave(): void {
    if (this.#phase === 'idle' || this.#phase === 'leaving') return
    const owned = this.#owned
    this.#phase = 'leaving'
    this.#rejoin = undefined
    if (owned.length > 0) {
      this.#owned = []
      this.#hook({ kind: 'release', partitions: owned, lost: this.#generation < 0 })
    } else if (this.#hooks === 0) this.#left()
  }

  /** Commit offsets under an old generation or a wrong member was refused: what we own is gone. */
  onCommitFenced(code: number, nowMs: number): void {
    if (!this.#isCountedOn()) return
    if (code === ErrorCode.FENCED_INSTANCE_ID) return this.#fail(this.#errorOf(code))
    this.#startOver(errorNameOf(code), nowMs)
  }

  invariants(): void {
    const keys = new Set(this.#owned.map((each) => `${each.topic}/${each.partition}`))
    assert(keys.size === this.#owned.length, 'a partition is owned once')
    if (this.#phase === 'idle') assert(this.#heartbeatAtMs === Infinity, 'an idle member is silent')
  }

  /** The coordinator expects heartbeats: it knows the generation that we are in. */
  #isCountedOn(): boolean {
    return this.#generation >= 0 && this.#phase !== 'joining' && this.#phase !== 'idle'
  }

  #alive(nowMs: number): void {
    this.#sessionEndMs = nowMs + this.#options.sessionTimeoutMs
  }

  #requestRejoin(reason: string, nowMs: number): void {
    switch (this.#phase) {
      case 'stable':
        return this.#join(reason, nowMs)
      case 'releasing':
      case 'acquiring':
      case 'joining':
      case 'syncing':
        this.#rejoin ??= reason
        return undefined
      case 'idle':
      case 'leaving':
        return undefined
      default:
        return this.#phase satisfies never
    }
  }

  #continueRejoin(nowMs: number): void {
    const reason = this.#rejoin
    if (reason === undefined) return
    this.#rejoin = undefined
    this.#join(reason, nowMs)
  }

  /** Lets go of what the next generation may give to others, then joins. */
  #join(reason: string, nowMs: number): void {
    const keeps = this.#isCooperative && this.#generation >= 0
    const subscribed = new Set(this.#topics)
    const released = keeps ? this.#owned.filter((each) => !subscribed.has(each.topic)) : this.#owned
    if (released.length > 0) {
      this.#rejoin = reason
      return this.#release(released, this.#generation < 0)
    }
    this.#rejoin = undefined
    this.#sendJoin(reason, nowMs)
  }

  #release(partitions: readonly TopicPartition[], lost: boolean): void {
    this.#remember(this.#owned)
    const gone = new Set(partitions.map((each) => `${each.topic}/${each.partition}`))
    this.#owned = this.#owned.filter((each) => !gone.has(`${each.topic}/${each.partition}`))
    this.#phase = 'releasing'
    this.#hook({ kind: 'release', partitions, lost })
  }

  #hook(effect: MemberEffect): void {
    this.#hooks++
    this.#out.push(effect)
  }

  #remember(owned: readonly TopicPartition[]): void {
    if (owned.length === 0 || this.#generation < 0) return
    this.#lastOwned = owned
    this.#lastGeneration = this.#generation
  }

  #released(nowMs: number): void {
    if (this.#next.length > 0 || this.#rejoin === undefined) return this.#acquire(nowMs)
    this.#continueRejoin(nowMs)
  }

  /** The assignment of this generation. */
  #assigned(partitions: TopicPartition[], nowMs: number): void {
    const now = new Set(partitions.map((each) => `${each.topic}/${each.partition}`))
    const revoked = this.#owned.filter((each) => !now.has(`${each.topic}/${each.partition}`))
    this.#next = partitions
    if (revoked.length === 0) return this.#acquire(nowMs)
    // Cooperative: what is taken away here goes to its next owner in a generation that we have to ask for.
    this.#rejoin ??= 'partitions were revoked'
    this.#release(revoked, false)
  }

  #acquire(nowMs: number): void {
    const before = new Set(this.#owned.map((each) => `${each.topic}/${each.partition}`))
    const added = this.#next.filter((each) => !before.has(`${each.topic}/${each.partition}`))
    this.#owned = [...this.#owned, ...added]
    this.#next = []
    this.#remember(this.#owned)
    this.#phase = 'acquiring'
    this.#heartbeatAtMs = Math.min(this.#heartbeatAtMs, nowMs + this.#options.heartbeatIntervalMs)
    this.#hook({ kind: 'acquire', partitions: added })
  }

  #sendJoin(reason: string, nowMs: number, delayMs = 0): void {
    const { groupId, sessionTimeoutMs, rebalanceTimeoutMs, groupInstanceId, assignors } = this.#options
    this.#phase = 'joining'
    this.#heartbeatAtMs = Infinity
    // The parked request stands for heartbeats.
    this.#sessionEndMs = Infinity
    this.#next = []
    const protocols = assignors.map((assignor) => ({
      name: assignor.name,
      metadata: encodeSubscription({
        topics: this.#topics,
        owned: this.#owned,
        generation: this.#owned.length > 0 ? this.#generation : -1,
        userData: assignor.userData(this.#lastOwned, this.#lastGeneration),
      }),
    }))
    this.#out.push({
      kind: 'join',
      notBeforeMs: nowMs + delayMs,
      request: {
        groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId: this.#memberId,
        groupInstanceId,
        protocolType: PROTOCOL_TYPE,
        protocols,
        reason,
      },
    })
  }

  #sendSync(assignments: SyncRequest['assignments']): void {
    this.#out.push({
      kind: 'sync',
      request: {
        ...this.identity,
        protocolType: PROTOCOL_TYPE,
        protocolName: this.#protocolName,
        assignments,
      },
    })
  }

  #decodeMembers(response: JoinGroupResponse): AssignorMember[] {
    return response.members.map(({ memberId, groupInstanceId, metadata }) => ({
      memberId,
      groupInstanceId,
      ...decodeSubscription(metadata),
    }))
  }

  #onJoinError(code: number, nowMs: number): void {
    if (!isRetriable(errorNameOf(code))) return this.#fail(this.#errorOf(code))
    this.onRequestFailed(nowMs)
  }

  /** The coordinator does not know us: what we own is lost, and we join as somebody new. */
  #startOver(reason: string, nowMs: number): void {
    if (this.#phase === 'leaving') return
    this.#remember(this.#owned)
    const lost = this.#owned
    this.#owned = []
    this.#next = []
    this.#generation = -1
    if (reason === 'UNKNOWN_MEMBER_ID') this.#memberId = ''
    this.#heartbeatAtMs = Infinity
    this.#sessionEndMs = Infinity
    if (lost.length > 0) this.#hook({ kind: 'release', partitions: lost, lost: true })
    if (this.#hooks === 0) return this.#sendJoin(reason, nowMs)
    // Joins once the hooks are through; one that takes over partitions may still be running.
    this.#phase = 'releasing'
    this.#rejoin = reason
  }

  #sessionExpired(nowMs: number): void {
    this.#sessionEndMs = Infinity
    // It may be gone, and the group with another broker.
    this.#out.push({ kind: 'findCoordinator' })
    this.#startOver('no heartbeat was answered within the session timeout', nowMs)
  }

  #left(): void {
    const isMember = this.#memberId !== '' && this.#options.groupInstanceId === null
    const { identity } = this
    this.#silence()
    // A static member keeps its place: it is expected back within the session timeout (KIP-345).
    if (isMember) this.#out.push({ kind: 'leave', request: identity })
  }

  #fail(error: KafkaError): void {
    const lost = this.#owned
    this.#owned = []
    this.#silence()
    if (lost.length > 0) this.#hook({ kind: 'release', partitions: lost, lost: true })
    this.#out.push({ kind: 'fail', error })
  }

  #silence(): void {
    this.#phase = 'idle'
    this.#generation = -1
    this.#heartbeatAtMs = Infinity
    this.#sessionEndMs = Infinity
    this.#rejoin = undefined
    this.#next = []
  }

  #errorOf(code: number): KafkaError {
    return brokerError(code, `group ${this.#options.groupId}`, null, { fatal: true, retriable: false })
  }
}
