/**
 * Moves partitions from broker to broker while everything goes on: reassignments, others before the first has ended, some
 * called off. What is asked here may or may not happen; that in the end every partition has all its replicas in sync, and
 * that nothing is lost on the way, others check.
 */
import { below, type SeededRandom } from '@braidlog/base'
import type { Kafka } from '@braidlog/client'
import type { World } from '../world/world.ts'

export interface MoverOptions {
  readonly world: World
  readonly kafka: Kafka
  readonly topic: string
  readonly partitionCount: number
  readonly nodeIds: readonly number[]
  readonly replicationFactor: number
  /** Mean pause between two moves. */
  readonly pauseMs: number
}

const TIMEOUT_MS = 4_000
/** Of so many moves one is called off instead. */
const MOVES_PER_CANCELLATION = 6

export class Mover {
  readonly #options: MoverOptions
  readonly #random: SeededRandom
  #stopping = false
  isDone = true
  count = 0

  constructor(options: MoverOptions) {
    this.#options = options
    this.#random = options.world.randomFor('mover')
  }

  start(): void {
    this.isDone = false
    void this.#run()
  }

  stop(): void {
    this.#stopping = true
  }

  async #run(): Promise<void> {
    const { world, pauseMs } = this.#options
    for (;;) {
      await world.delay(below(this.#random, 2 * pauseMs))
      if (this.#stopping) break
      await this.#move()
    }
    this.isDone = true
  }

  async #move(): Promise<void> {
    const { world, kafka, topic, partitionCount } = this.#options
    const partition = below(this.#random, partitionCount)
    const replicas = below(this.#random, MOVES_PER_CANCELLATION) === 0 ? null : this.#drawReplicas()
    try {
      await kafka.admin().alterPartitionReassignments([{ topic, partition, replicas }], { timeoutMs: TIMEOUT_MS })
      this.count++
      world.trace(`mover: partition ${partition} goes to ${replicas?.join() ?? 'where it was'}`)
    } catch (error) {
      world.trace(`mover: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #drawReplicas(): number[] {
    const { nodeIds, replicationFactor } = this.#options
    const left = [...nodeIds]
    return Array.from({ length: replicationFactor }, () => left.splice(below(this.#random, left.length), 1)[0]!)
  }
}
