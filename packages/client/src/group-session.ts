/**
 * Carries out what a {@link GroupMember} decides: sends its requests to the coordinator, keeps its heartbeats going, and
 * calls the consumer's hooks one after another.
 */
import { ErrorCode } from '@braidlog/model/nouns'
import type { Alarm } from './alarms.ts'
import type { Cluster } from './cluster.ts'
import type { Purpose } from './connection.ts'
import type { Assignor, TopicPartition } from './core/assignors/assignor.ts'
import {
  GroupMember,
  type GroupMemberOptions,
  type JoinRequest,
  type MemberEffect,
  type SyncRequest,
} from './core/group-member.ts'
import { KafkaError } from './errors.ts'

export interface GroupHooks {
  /** Awaited before the next step of the rebalance. */
  release(partitions: readonly TopicPartition[], lost: boolean): Promise<void>
  acquire(partitions: readonly TopicPartition[]): Promise<void>
  /** The member cannot go on. */
  failed(error: KafkaError): void
  /** A rebalance is over. */
  settled(): void
}

export interface GroupSessionOptions extends Omit<GroupMemberOptions, 'backoffMs'> {
  readonly assignors: readonly Assignor[]
}

/** How much longer than the rebalance the coordinator may take to answer JoinGroup. */
const JOIN_SLACK_MS = 5_000

export class GroupSession {
  readonly member: GroupMember
  readonly #cluster: Cluster
  readonly #options: GroupSessionOptions
  readonly #hooks: GroupHooks
  /** Partition counts of the group's topics as they were when we, as leader, assigned them. */
  #assignedCounts: ReadonlyMap<string, number> | undefined
  #stopWanting: (() => void) | undefined
  #alarm: Alarm | undefined
  #hookChain: Promise<void> = Promise.resolve()
  #left: (() => void) | undefined
  readonly #purpose: Purpose
  readonly #lifetime = new AbortController()
  readonly #stopListening: () => void

  constructor(cluster: Cluster, options: GroupSessionOptions, hooks: GroupHooks) {
    this.#cluster = cluster
    this.#options = options
    this.#hooks = hooks
    this.#purpose = `group-${cluster.newOwner()}`
    this.member = new GroupMember({ ...options, backoffMs: (failures) => cluster.backoffMs(failures) })
    this.#stopListening = cluster.onMetadata(() => this.#checkCounts())
  }

  start(topics: readonly string[]): void {
    this.member.start(topics, this.#cluster.nowMs())
    this.#proceed()
  }

  subscriptionChanged(topics: readonly string[]): void {
    this.member.subscriptionChanged(topics, 'the subscription changed', this.#cluster.nowMs())
    this.#proceed()
  }

  /** A commit was refused because the coordinator thinks of us as somebody else. */
  onCommitFenced(code: number): void {
    this.member.onCommitFenced(code, this.#cluster.nowMs())
    this.#proceed()
  }

  /** Lets the application release everything, tells the coordinator, and ends. Bounded by `signal`. */
  async leave(signal: AbortSignal): Promise<void> {
    if (this.member.phase !== 'idle') {
      const left = new Promise<void>((resolve) => (this.#left = resolve))
      this.member.leave()
      this.#proceed()
      await Promise.race([left, aborted(signal)])
    }
    await Promise.race([this.#hookChain, aborted(signal)])
    this.close()
  }

  /** Ends at once. */
  close(): void {
    if (this.#lifetime.signal.aborted) return
    this.#lifetime.abort(new KafkaError('CLOSED', 'the consumer is closed'))
    this.#stopListening()
    this.#stopWanting?.()
    this.#cluster.alarms.cancel(this.#alarm)
    this.#cluster.disconnect(this.#purpose)
  }

  #proceed(): void {
    for (const effect of this.member.takeEffects()) this.#carryOut(effect)
    if (this.member.phase === 'idle') {
      const left = this.#left
      this.#left = undefined
      left?.()
    }
    this.#arm()
  }

  #arm(): void {
    this.#cluster.alarms.cancel(this.#alarm)
    this.#alarm = undefined
    const atMs = this.member.nextDeadlineMs()
    if (atMs === Infinity || this.#lifetime.signal.aborted) return
    this.#alarm = this.#cluster.alarms.after(Math.max(0, atMs - this.#cluster.nowMs()), () => {
      this.member.tick(this.#cluster.nowMs())
      this.#proceed()
    })
  }

  #carryOut(effect: MemberEffect): void {
    switch (effect.kind) {
      case 'join':
        void this.#join(effect.request, effect.notBeforeMs)
        break
      case 'describe':
        void this.#describe(effect.topics)
        break
      case 'sync':
        void this.#sync(effect.request)
        break
      case 'heartbeat':
        void this.#heartbeat()
        break
      case 'release':
        this.#runHook(async () => await this.#hooks.release(effect.partitions, effect.lost))
        break
      case 'acquire':
        this.#runHook(async () => {
          await this.#hooks.acquire(effect.partitions)
          this.#hooks.settled()
        })
        break
      case 'leave':
        this.#leaveSoon(effect.request.memberId)
        break
      case 'findCoordinator':
        this.#cluster.forgetCoordinator(this.#options.groupId)
        this.#cluster.refreshSoon()
        break
      case 'fail':
        this.#hooks.failed(effect.error)
        break
      default:
        effect satisfies never
    }
  }

  /** Hooks never overlap, and never reject: what goes wrong in them is the consumer's to report. */
  #runHook(hook: () => Promise<void>): void {
    this.#hookChain = this.#hookChain.then(hook).catch((error: unknown) => {
      this.#cluster.options.logger.error('rebalance hook failed', { groupId: this.#options.groupId, error })
    })
    this.#hookChain
      .then(() => {
        this.member.onHookDone(this.#cluster.nowMs())
        this.#proceed()
      })
      .catch(() => {})
  }

  async #join(request: JoinRequest, notBeforeMs: number): Promise<void> {
    const { rebalanceTimeoutMs } = this.#options
    const timeoutMs = Math.max(this.#cluster.options.requestTimeoutMs, rebalanceTimeoutMs + JOIN_SLACK_MS)
    try {
      await this.#cluster.alarms.sleep(notBeforeMs - this.#cluster.nowMs(), this.#lifetime.signal)
      const response = await this.#request('JoinGroup', withoutNull(request), this.#purpose, timeoutMs)
      this.member.onJoin(response, this.#cluster.nowMs())
    } catch (error) {
      this.#onRequestFailed('JoinGroup', error)
    }
    this.#proceed()
  }

  async #describe(topics: readonly string[]): Promise<void> {
    try {
      const counts = await this.#cluster.call(
        'topics of the group',
        { signal: this.#lifetime.signal },
        async (call) => {
          await this.#cluster.retrying(call, async () => await this.#cluster.refresh(call, { topics }))
          return this.#countsOf(topics)
        },
      )
      this.#stopWanting?.()
      this.#stopWanting = this.#cluster.want(topics)
      this.#assignedCounts = counts
      this.member.onDescribed(counts, this.#cluster.nowMs())
    } catch (error) {
      this.#onRequestFailed('Metadata', error)
    }
    this.#proceed()
  }

  async #sync(request: SyncRequest): Promise<void> {
    const { rebalanceTimeoutMs } = this.#options
    const timeoutMs = Math.max(this.#cluster.options.requestTimeoutMs, rebalanceTimeoutMs + JOIN_SLACK_MS)
    try {
      const response = await this.#request('SyncGroup', withoutNull(request), this.#purpose, timeoutMs)
      this.member.onSync(response, this.#cluster.nowMs())
    } catch (error) {
      this.#onRequestFailed('SyncGroup', error)
    }
    this.#proceed()
  }

  async #heartbeat(): Promise<void> {
    const { sessionTimeoutMs } = this.#options
    try {
      const timeoutMs = Math.min(this.#cluster.options.requestTimeoutMs, sessionTimeoutMs)
      const response = await this.#request('Heartbeat', withoutNull(this.member.identity), 'main', timeoutMs)
      this.member.onHeartbeat(response, this.#cluster.nowMs())
    } catch (error) {
      if (this.#lifetime.signal.aborted) return
      this.#cluster.options.logger.debug('heartbeat failed', { error })
      this.member.onHeartbeatFailed(this.#cluster.nowMs())
    }
    this.#proceed()
  }

  #leaveSoon(memberId: string): void {
    const { groupId } = this.#options
    const leaving = this.#cluster.call('LeaveGroup', { timeoutMs: 3_000 }, async (call) => {
      const connection = await this.#cluster.connect({ group: groupId }, 'main', call)
      const several = connection.versionFor('LeaveGroup') >= 3
      const body = several
        ? { groupId, members: [{ memberId, reason: 'the consumer is closing' }] }
        : { groupId, memberId }
      const response = await connection.request('LeaveGroup', body, {
        signal: call.signal,
        timeoutMs: call.remainingMs(),
      })
      if (response.errorCode !== ErrorCode.NONE) {
        this.#cluster.options.logger.debug('LeaveGroup refused', { groupId, code: response.errorCode })
      }
    })
    this.#hookChain = this.#hookChain
      .then(async () => await leaving)
      .catch((error: unknown) => {
        this.#cluster.options.logger.debug('LeaveGroup failed; the session will expire', { groupId, error })
      })
  }

  async #request<N extends 'JoinGroup' | 'SyncGroup' | 'Heartbeat'>(
    name: N,
    body: Parameters<Cluster['request']>[2],
    purpose: Purpose,
    timeoutMs: number,
  ) {
    let alarm: Alarm | undefined
    // A coordinator may take minutes to answer a join, and one that is gone never does: the metadata tells them apart, for the
    // connections of a broker that has left are dropped.
    const look = (): void => {
      this.#cluster.refreshSoon()
      alarm = this.#cluster.alarms.after(this.#options.sessionTimeoutMs, look)
    }
    alarm = this.#cluster.alarms.after(this.#options.sessionTimeoutMs, look)
    try {
      return await this.#cluster.call(name, { timeoutMs, signal: this.#lifetime.signal }, async (call) => {
        return await this.#cluster.request({ group: this.#options.groupId }, name, body as never, call, {
          purpose,
          bounds: { timeoutMs },
        })
      })
    } finally {
      this.#cluster.alarms.cancel(alarm)
    }
  }

  #onRequestFailed(name: string, error: unknown): void {
    if (this.#lifetime.signal.aborted) return
    this.#cluster.options.logger.debug(`${name} failed`, { groupId: this.#options.groupId, error })
    if (KafkaError.is(error) && !error.retriable) {
      this.#hooks.failed(error)
      return
    }
    this.member.onRequestFailed(this.#cluster.nowMs())
  }

  /** As leader: topics of the group that came, went or grew since the last assignment call for a new one. */
  #checkCounts(): void {
    const before = this.#assignedCounts
    if (before === undefined || !this.member.isLeader || this.member.phase === 'idle') return
    const now = this.#countsOf(this.member.groupTopics())
    if (now.size === before.size && [...now].every(([name, count]) => before.get(name) === count)) return
    this.#assignedCounts = now
    this.member.metadataChanged(this.#cluster.nowMs())
    this.#proceed()
  }

  #countsOf(topics: readonly string[]): Map<string, number> {
    const counts = new Map<string, number>()
    for (const name of topics) {
      const topic = this.#cluster.metadata.topic(name)
      if (topic !== undefined) counts.set(name, topic.partitions.length)
    }
    return counts
  }
}

/** A dynamic member leaves its instance id out, for brokers that do not know the field. */
function withoutNull<T extends { readonly groupInstanceId: string | null }>(request: T): object {
  if (request.groupInstanceId !== null) return request
  const { groupInstanceId: _, ...rest } = request
  return rest
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
