/**
 * A shard without a host: decides, applies at once, checks the invariants after every step, and can be replaced by
 * another one that has replayed its records.
 */
import assert from 'node:assert/strict'
import { decodeGroupRecord, encodeGroupRecord, GroupShard } from '@braidlog/coordinator'
import { defaultGroupCoordinatorConfig, type GroupCoordinatorConfig, type GroupRecord } from '@braidlog/coordinator'
import type { GroupDecision, GroupRequest, GroupResponses } from '../src/group-messages.ts'

export const WALL_START_MS = 1_700_000_000_000

export class ShardDriver {
  readonly config: GroupCoordinatorConfig
  /** All records ever written, as the log would hold them. */
  readonly log: GroupRecord[] = []
  shard: GroupShard
  #elapsedMs = 0
  #ticket = 0
  #suffix = 0

  constructor(config: Partial<GroupCoordinatorConfig> = {}) {
    this.config = { ...defaultGroupCoordinatorConfig, ...config }
    this.shard = new GroupShard(this.config)
    this.take(this.shard.activate(this.now()))
  }

  now() {
    return { wallMs: WALL_START_MS + this.#elapsedMs, monotonicMs: this.#elapsedMs }
  }

  /** @returns the decision and the ticket that the request got */
  decide(request: GroupRequest): GroupDecision & { readonly ticket: number } {
    const ticket = ++this.#ticket
    return { ...this.take(this.shard.decide(request, ticket, this.now())), ticket }
  }

  /** For requests that are answered at once. */
  ask<A extends keyof GroupResponses>(request: Extract<GroupRequest, { readonly api: A }>): GroupResponses[A] {
    const { answers, ticket } = this.decide(request)
    const answer = answers.find((one) => one.ticket === ticket)
    assert.ok(answer, 'the request is answered at once')
    return answer.response as GroupResponses[A]
  }

  suffix(): string {
    return String(++this.#suffix)
  }

  /** Lets time pass from deadline to deadline. @returns what happened, with the time since the start of the wait */
  pass(durationMs: number): { readonly afterMs: number; readonly decision: GroupDecision }[] {
    const startMs = this.#elapsedMs
    const happened: { readonly afterMs: number; readonly decision: GroupDecision }[] = []
    for (;;) {
      const nextMs = this.shard.nextDeadlineMs()
      if (nextMs > startMs + durationMs) break
      this.#elapsedMs = Math.max(this.#elapsedMs, nextMs)
      const decision = this.take(this.shard.expire(this.now()))
      happened.push({ afterMs: this.#elapsedMs - startMs, decision })
      assert.ok(this.shard.nextDeadlineMs() > nextMs, 'time moves on')
    }
    this.#elapsedMs = startMs + durationMs
    return happened
  }

  /** The next coordinator: everything that was only in memory is gone. */
  reload(): void {
    this.shard = this.replayed()
    this.take(this.shard.activate(this.now()))
  }

  /** Another shard with the same log, through its bytes. */
  replayed(): GroupShard {
    const shard = new GroupShard(this.config)
    this.log.forEach((record, offset) => {
      const { key, value } = encodeGroupRecord(record)
      const decoded = decodeGroupRecord(key, value)
      if (decoded !== undefined) shard.apply(decoded, offset)
    })
    return shard
  }

  take(decision: GroupDecision): GroupDecision {
    for (const record of decision.records) {
      this.shard.apply(record, this.log.length)
      this.log.push(record)
    }
    assert.deepEqual(this.shard.invariants(), [])
    return decision
  }
}
