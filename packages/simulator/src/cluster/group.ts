/**
 * A consumer group in a simulated cluster: members come and go, and whatever happens, in the end the group has seen every
 * partition to its end. What its members poll goes into the history; since partitions move between them, only the order
 * within a batch is theirs to answer for.
 */
import { below, type SeededRandom } from '@braidlog/base'
import type { Consumer, Kafka } from '@braidlog/client'
import type { World } from '../world/world.ts'
import type { Workload } from './workload.ts'

export interface GroupOptions {
  readonly world: World
  readonly workload: Workload
  readonly topic: string
  readonly memberCount: number
  /** A client of its own for every incarnation of a member. */
  readonly kafkaOf: (member: number, incarnation: number) => Kafka
}

const GROUP = 'simulated-group'
/** Numbers of members among the processes of the history. */
const FIRST_PROCESS = 100
const SESSION_TIMEOUT_MS = 6_000
const HEARTBEAT_MS = 1_000
const REBALANCE_TIMEOUT_MS = 8_000
const COMMIT_MS = 700
/** A member leaves after about so long, and comes back. */
const LIFETIME_MS = 25_000
const PAUSE_MS = 500

export class SimulatedGroup {
  readonly #options: GroupOptions
  readonly #random: SeededRandom
  readonly #reached = new Map<number, number>()
  #running = 0
  #stopping = false
  rebalances = 0

  constructor(options: GroupOptions) {
    this.#options = options
    this.#random = options.world.randomFor('group')
  }

  get isIdle(): boolean {
    return this.#running === 0
  }

  start(): void {
    for (let member = 0; member < this.#options.memberCount; member++) void this.#live(member)
  }

  stop(): void {
    this.#stopping = true
  }

  /** Whether the group has seen every partition up to these offsets. */
  hasReached(offsets: ReadonlyMap<number, number>): boolean {
    return [...offsets].every(([partition, offset]) => (this.#reached.get(partition) ?? -1) >= offset)
  }

  describe(): string {
    return JSON.stringify([...this.#reached])
  }

  async #live(member: number): Promise<void> {
    const { world, kafkaOf } = this.#options
    this.#running++
    for (let incarnation = 1; !this.#stopping; incarnation++) {
      const kafka = kafkaOf(member, incarnation)
      const consumer = kafka.consumer({
        groupId: GROUP,
        topics: [this.#options.topic],
        autoOffsetReset: 'earliest',
        sessionTimeoutMs: SESSION_TIMEOUT_MS,
        heartbeatIntervalMs: HEARTBEAT_MS,
        rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
        commitIntervalMs: COMMIT_MS,
        fetch: { maxWaitMs: 200 },
      })
      const lifetime = world.after(below(this.#random, 2 * LIFETIME_MS), () => void kafka.close({ timeoutMs: 2_000 }))
      try {
        await this.#consume(member, consumer)
      } catch (error) {
        world.trace(`member ${member} failed: ${error instanceof Error ? error.message : String(error)}`)
      }
      lifetime.cancel()
      await kafka.close({ timeoutMs: 2_000 }).catch(() => {})
      await world.delay(below(this.#random, PAUSE_MS))
    }
    this.#running--
  }

  async #consume(member: number, consumer: Consumer<unknown, unknown>): Promise<void> {
    const { workload, topic } = this.#options
    const process = FIRST_PROCESS + member
    workload.note(process, 'invoke', { kind: 'subscribe', keys: [] })
    workload.note(process, 'ok', { kind: 'subscribe', keys: [] })
    for await (const batch of consumer.batches()) {
      const polls = [...batch].map(({ partition, offset, value }) => ({
        key: partition,
        offset: Number(offset),
        value: Number(new TextDecoder().decode(value as Uint8Array)),
      }))
      workload.note(process, 'invoke', { kind: 'poll', polls: [] })
      workload.note(process, 'ok', { kind: 'poll', polls })
      const last = polls.at(-1)
      if (last !== undefined) this.#reached.set(last.key, Math.max(last.offset, this.#reached.get(last.key) ?? -1))
      batch.done()
      if (this.#stopping) return
    }
    this.#options.world.trace(`member ${member} of ${topic} has left`)
  }
}
