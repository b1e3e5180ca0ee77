/**
 * Commits ever larger offsets for a group without members, and looks them up: a commit that was acknowledged is never
 * forgotten, whoever coordinates the group. One whose outcome is not known may take effect later, over a newer one, as
 * nothing in the protocol orders the two.
 *
 * A coordinator that has been replaced and does not know it yet, since it was cut off or paused, may still answer with what
 * it knew, as in Apache Kafka: while a node like that is about, an older offset is no news.
 */
import type { Kafka } from '@braidlog/client'
import type { World } from '../world/world.ts'
import type { SimulatedNode } from './node.ts'

export interface LedgerOptions {
  readonly world: World
  readonly kafka: Kafka
  readonly topic: string
  readonly nodes: readonly SimulatedNode[]
  readonly pauseMs: number
  readonly onViolation: (message: string) => void
}

const GROUP = 'simulated-ledger'
const TIMEOUT_MS = 4_000
const OFFSETS_TOPIC = '__consumer_offsets'

export class Ledger {
  readonly #options: LedgerOptions
  #acknowledged = 0
  #next = 1
  readonly #unknown = new Set<number>()
  #stopping = false
  isDone = true

  constructor(options: LedgerOptions) {
    this.#options = options
  }

  start(): void {
    this.isDone = false
    void this.#run()
  }

  /** Commits nothing more; ends once the last state has been looked up. */
  stop(): void {
    this.#stopping = true
  }

  async #run(): Promise<void> {
    const { world, pauseMs } = this.#options
    while (!this.#stopping) {
      await world.delay(pauseMs)
      await this.#commit()
      await this.#lookUp()
    }
    while (!(await this.#lookUp())) await world.delay(pauseMs)
    this.isDone = true
  }

  async #commit(): Promise<void> {
    const { kafka, topic, world } = this.#options
    const number = this.#next++
    this.#unknown.add(number)
    try {
      await kafka
        .admin()
        .alterGroupOffsets(GROUP, [{ topic, partition: 0, offset: BigInt(number) }], { timeoutMs: TIMEOUT_MS })
      this.#unknown.delete(number)
      this.#acknowledged = number
    } catch (error) {
      world.trace(`ledger: ${number} may be committed: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** @returns whether there was an answer */
  async #lookUp(): Promise<boolean> {
    const { kafka, topic, onViolation } = this.#options
    const coordinatorsBefore = this.#coordinators()
    try {
      const offsets = await kafka.admin().listGroupOffsets(GROUP, [{ topic, partition: 0 }], { timeoutMs: TIMEOUT_MS })
      const found = Number(offsets[0]?.offset ?? 0)
      const isCertain = Math.max(coordinatorsBefore, this.#coordinators()) <= 1
      if (found < this.#acknowledged && !this.#unknown.has(found) && isCertain) {
        onViolation(`the group's offset is ${found}, and ${this.#acknowledged} was committed`)
      }
      // What has been seen once is committed, whatever became of its request.
      if (found > this.#acknowledged) this.#acknowledged = found
      return true
    } catch {
      return false
    }
  }

  /** How many nodes take themselves for the coordinator. */
  #coordinators(): number {
    return this.#options.nodes.filter(({ parts }) =>
      [...(parts?.partitions?.all() ?? [])].some(({ leads, log }) => leads && log.topic === OFFSETS_TOPIC),
    ).length
  }
}
