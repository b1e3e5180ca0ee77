/**
 * Membership of the group that elects the writing instance.
 *
 * | step      | what happens                                            | leadership meanwhile                         |
 * |-----------|---------------------------------------------------------|----------------------------------------------|
 * | joining   | JoinGroup is parked until all members have come         | nobody's: `onRevoked` was awaited before     |
 * | syncing   | the group's leader (not ours) computes the assignment   | nobody's                                     |
 * | stable    | heartbeats                                              | the assigned member's, for as long as its    |
 * |           |                                                         | lease lasts                                  |
 *
 * Invariant: two instances never write at once. A leader stops writing before it joins anew, and when its lease is over: a lease is
 * the session timeout less the time that a write may take, from the moment the last acknowledged heartbeat was *sent*; the
 * coordinator gives the session away no earlier. (A network that delivers a request after its sender gave up on it can break this,
 * as it can for every registry that elects through the group protocol.)
 *
 * Source: KIP-62 and KIP-394 for the membership; the blobs are described in `protocol.ts`.
 */
import type { Logger } from '@braidlog/base'
import { KafkaError, type Kafka } from '@braidlog/client'
import { ErrorCode } from '@braidlog/model'
import { pause } from '../store/topic.ts'
import {
  decodeAssignment,
  decodeIdentity,
  elect,
  encodeAssignment,
  encodeIdentity,
  PROTOCOL_NAME,
  PROTOCOL_TYPE,
  type Assignment,
  type Identity,
} from './protocol.ts'

export interface ElectionOptions {
  /** Of its own: a parked JoinGroup holds up its connection. */
  readonly kafka: Kafka
  readonly groupId: string
  readonly identity: Omit<Identity, 'isLeader'>
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  /** How long a write may be under way: what a lease is shorter than the session by. */
  readonly writeTimeoutMs: number
  readonly nowMs: () => number
  readonly logger: Logger
  /** The group has settled. `isSelf`: this instance leads from now on. */
  readonly onAssigned: (assignment: Assignment, isSelf: boolean) => void
  /** Nobody leads until the next `onAssigned`; awaited, so that writes under way can end. */
  readonly onRevoked: () => Promise<void>
}

const PAUSE_MS = 200
const REBALANCE_TIMEOUT_MS = 10_000
const LEAVE_TIMEOUT_MS = 2_000

interface Membership {
  readonly memberId: string
  readonly generationId: number
  readonly coordinator: number
}

export class Election {
  readonly #options: ElectionOptions
  readonly #closing = new AbortController()
  #memberId = ''
  #isLeader = false
  #leaseUntilMs = -Infinity
  #membership: Membership | undefined
  #running: Promise<void> | undefined

  constructor(options: ElectionOptions) {
    this.#options = options
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Whether this instance may begin a write now. */
  get mayWrite(): boolean {
    return this.#isLeader && this.#options.nowMs() < this.#leaseUntilMs
  }

  /** Leaves the group, so that the others need not wait for the session to end. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(new Error('the election is closed'))
    await this.#running
    const membership = this.#membership
    this.#isLeader = false
    await this.#options.onRevoked()
    if (membership === undefined) return
    const { groupId, kafka, logger } = this.#options
    await kafka
      .request(
        'LeaveGroup',
        { groupId, memberId: membership.memberId },
        { broker: membership.coordinator, version: 2, timeoutMs: LEAVE_TIMEOUT_MS },
      )
      .catch((error: unknown) => logger.debug('LeaveGroup failed; the session will expire', { groupId, error }))
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    const { logger, groupId } = this.#options
    while (!signal.aborted) {
      try {
        this.#membership = await this.#join()
        if (this.#membership !== undefined) await this.#heartbeats(this.#membership)
      } catch (error) {
        if (signal.aborted) break
        logger.warn('the group of registries cannot be reached', { groupId, error })
        await pause(PAUSE_MS, signal)
      }
      // The lease may have gone on without us; nothing is written from here to the next assignment.
      if (!signal.aborted) await this.#revoke()
    }
  }

  async #revoke(): Promise<void> {
    await this.#options.onRevoked()
    // Only now: whether it led is what the next metadata says.
    this.#leaseUntilMs = -Infinity
  }

  /** @returns undefined when it has to be tried again */
  async #join(): Promise<Membership | undefined> {
    const { kafka, groupId, identity, sessionTimeoutMs, logger } = this.#options
    const { signal } = this.#closing
    const coordinator = await this.#findCoordinator()
    const metadata = encodeIdentity({ ...identity, isLeader: this.#isLeader })
    const sentMs = this.#options.nowMs()
    const joined = await kafka.request(
      'JoinGroup',
      {
        groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
        memberId: this.#memberId,
        protocolType: PROTOCOL_TYPE,
        protocols: [{ name: PROTOCOL_NAME, metadata }],
      },
      { broker: coordinator, signal, timeoutMs: REBALANCE_TIMEOUT_MS + sessionTimeoutMs },
    )
    if (joined.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
      this.#memberId = joined.memberId
      return undefined
    }
    if (!(await this.#isFine('JoinGroup', joined.errorCode))) return undefined
    this.#memberId = joined.memberId
    const { generationId, memberId } = joined
    const members = new Map<string, Identity>()
    for (const member of joined.members) {
      const decoded = decodeIdentity(member.metadata)
      if (decoded !== undefined) members.set(member.memberId, decoded)
    }
    const assignment = encodeAssignment(elect(members))
    const synced = await kafka.request(
      'SyncGroup',
      {
        groupId,
        generationId,
        memberId,
        assignments:
          joined.leader === memberId ? joined.members.map((member) => ({ memberId: member.memberId, assignment })) : [],
      },
      { broker: coordinator, signal, timeoutMs: REBALANCE_TIMEOUT_MS, version: 3 },
    )
    if (!(await this.#isFine('SyncGroup', synced.errorCode))) return undefined
    const assigned = decodeAssignment(synced.assignment)
    if (assigned.hasDuplicates) {
      logger.error('two registries have the same URL; nobody leads until one of them goes', { groupId, ...identity })
    }
    this.#isLeader = assigned.leaderId === memberId
    this.#extendLease(sentMs)
    logger.info('registries have elected', { groupId, leader: assigned.leader, isSelf: this.#isLeader, generationId })
    this.#options.onAssigned(assigned, this.#isLeader)
    return { memberId, generationId, coordinator }
  }

  /** Until the group rebalances or this member is thrown out. */
  async #heartbeats({ memberId, generationId, coordinator }: Membership): Promise<void> {
    const { kafka, groupId, heartbeatIntervalMs, sessionTimeoutMs } = this.#options
    const { signal } = this.#closing
    let failedSinceMs: number | undefined
    while (!signal.aborted) {
      await pause(heartbeatIntervalMs, signal)
      if (signal.aborted) return
      const sentMs = this.#options.nowMs()
      try {
        const { errorCode } = await kafka.request(
          'Heartbeat',
          { groupId, generationId, memberId },
          { broker: coordinator, signal, timeoutMs: Math.max(heartbeatIntervalMs, 1_000) },
        )
        failedSinceMs = undefined
        if (errorCode === ErrorCode.NONE) this.#extendLease(sentMs)
        else {
          await this.#isFine('Heartbeat', errorCode)
          return
        }
      } catch (error) {
        failedSinceMs ??= sentMs
        // The broker may be restarting; past the session there is nothing to keep, and the coordinator may be another one.
        if (this.#options.nowMs() - failedSinceMs > sessionTimeoutMs / 2) throw error
      }
    }
  }

  #extendLease(sentMs: number): void {
    const { sessionTimeoutMs, writeTimeoutMs } = this.#options
    this.#leaseUntilMs = Math.max(this.#leaseUntilMs, sentMs + sessionTimeoutMs - writeTimeoutMs)
  }

  /** @returns false after an error that calls for joining anew @throws KafkaError for one that will not go away */
  async #isFine(api: string, code: number): Promise<boolean> {
    switch (code) {
      case ErrorCode.NONE:
        return true
      case ErrorCode.REBALANCE_IN_PROGRESS:
        return false
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.ILLEGAL_GENERATION:
      case ErrorCode.FENCED_INSTANCE_ID:
        this.#memberId = ''
        this.#isLeader = false
        return false
      case ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
      case ErrorCode.COORDINATOR_NOT_AVAILABLE:
      case ErrorCode.NOT_COORDINATOR:
        await pause(PAUSE_MS, this.#closing.signal)
        return false
      default:
        throw new KafkaError('PROTOCOL_VIOLATION', `${api} of group ${this.#options.groupId} failed with code ${code}`)
    }
  }

  async #findCoordinator(): Promise<number> {
    const { kafka, groupId } = this.#options
    const { signal } = this.#closing
    for (;;) {
      const found = await kafka.request('FindCoordinator', { key: groupId, keyType: 0 }, { signal, version: 3 })
      if (found.errorCode === ErrorCode.NONE) return found.nodeId
      if (found.errorCode !== ErrorCode.COORDINATOR_NOT_AVAILABLE) {
        throw new KafkaError('PROTOCOL_VIOLATION', `FindCoordinator of ${groupId} failed with code ${found.errorCode}`)
      }
      await pause(PAUSE_MS, signal)
      signal.throwIfAborted()
    }
  }
}
