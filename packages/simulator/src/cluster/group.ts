/**
 * A consumer group in a simulated cluster: members come and go, and whatever happens, in the end the group has seen every
 * record of every partition. What its members poll goes into the history; since partitions move between them, only the order
 * within a batch is theirs to answer for.
 */
import { below, type SeededRandom } from '@braidlog/base'
import type { Consumer } from '@braidlog/client'
import type { World } from '../world/world.ts'
import type { Tempo } from './tempo.ts'
import type { SimulatedClient, Workload } from './workload.ts'

export interface GroupOptions {
  readonly world: World
  readonly workload: Workload
  readonly topic: string
  readonly memberCount: number
  readonly tempo: Tempo
  /** A client of its own for every incarnation of a member. */
  readonly clientOf: (member: number, incarnation: number) => SimulatedClient
}

const GROUP = 'simulated-group'
/** Numbers of members among the processes of the history. */
const FIRST_PROCESS = 100
const REBALANCE_TIMEOUT_MS = 8_000
const COMMIT_MS = 700
/** A member leaves after about so long, and comes back. */
const LIFETIME_MS = 25_000
const PAUSE_MS = 500
/** A member works on a batch for so long at most. */
const WORK_MS = 150

export class SimulatedGroup {
  readonly #options: GroupOptions
  readonly #random: SeededRandom
  readonly #seen = new Map<number, Set<number>>()
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

  /** @returns which of these offsets the group has not seen, by partition */
  missing(offsets: ReadonlyMap<number, ReadonlySet<number>>): string[] {
    return [...offsets].flatMap(([partition, all]) => {
      const seen = this.#seen.get(partition) ?? new Set()
      const missing = [...all].filter((offset) => !seen.has(offset)).toSorted((a, b) => a - b)
      return missing.length === 0 ? [] : [`partition ${partition}: ${missing.length} from offset ${missing[0]}`]
    })
  }

  async #live(member: number): Promise<void> {
    const { world, clientOf, topic } = this.#options
    this.#running++
    for (let incarnation = 1; !this.#stopping; incarnation++) {
      const { kafka, crash } = clientOf(member, incarnation)
      const consumer = kafka.consumer({
        groupId: GROUP,
        topics: [topic],
        autoOffsetReset: 'earliest',
        sessionTimeoutMs: this.#options.tempo.groupSessionMs,
        heartbeatIntervalMs: this.#options.tempo.groupHeartbeatMs,
        rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
        commitIntervalMs: COMMIT_MS,
        fetch: { maxWaitMs: this.#options.tempo.fetchMaxWaitMs },
      })
      const life = { isOver: false }
      // Every other one leaves in order, the others die over their work.
      const crashed = new Promise<void>((resolve) => {
        world.after(below(this.#random, 2 * LIFETIME_MS), () => {
          if (life.isOver) return
          if (below(this.#random, 2) === 0) return void kafka.close({ timeoutMs: 2_000 })
          world.trace(`member ${member} dies`)
          life.isOver = true
          crash()
          resolve()
        })
      })
      const consuming = this.#consume(member, consumer, life).catch((error: unknown) => {
        world.trace(`member ${member} failed: ${error instanceof Error ? error.message : String(error)}`)
      })
      await Promise.race([consuming, crashed])
      if (!life.isOver) {
        life.isOver = true
        await kafka.close({ timeoutMs: 2_000 }).catch(() => {})
      }
      await world.delay(below(this.#random, PAUSE_MS))
    }
    this.#running--
  }

  async #consume(member: number, consumer: Consumer<unknown, unknown>, life: { isOver: boolean }): Promise<void> {
    const { workload, topic, world } = this.#options
    const process = FIRST_PROCESS + member
    workload.note(process, 'invoke', { kind: 'subscribe', keys: [] })
    workload.note(process, 'ok', { kind: 'subscribe', keys: [] })
    for await (const batch of consumer.batches()) {
      const polls = [...batch].map(({ partition, offset, value }) => ({
        key: partition,
        offset: Number(offset),
        value: Number(new TextDecoder().decode(value as Uint8Array)),
      }))
      await world.delay(below(this.#random, WORK_MS))
      if (life.isOver) return
      workload.note(process, 'invoke', { kind: 'poll', polls: [] })
      workload.note(process, 'ok', { kind: 'poll', polls })
      for (const { key, offset } of polls) {
        const seen = this.#seen.get(key)
        if (seen === undefined) this.#seen.set(key, new Set([offset]))
        else seen.add(offset)
      }
      batch.done()
      if (this.#stopping) return
    }
    world.trace(`member ${member} of ${topic} has left`)
  }
}
