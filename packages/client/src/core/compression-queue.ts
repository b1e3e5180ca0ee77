/**
 * Closed batches that are compressed off the event loop, oldest first whatever their partition, some at a time.
 *
 * Batches may come back in any order; they leave in the order of their partition all the same, because a
 * {@link PartitionQueue} gives out nothing behind one that awaits its compression.
 */
import { assert } from '@braidlog/base'
import type { ProducerBatch } from './producer-batch.ts'

/**
 * Compressions under way at once: enough that no thread of the pool (libuv's has four) waits for the event loop, few
 * enough that what else the application asks of the pool gets its turn.
 */
export const COMPRESSIONS_MAX = 8

export class CompressionQueue {
  readonly #waiting: ProducerBatch[] = []
  #runningCount = 0

  add(batch: ProducerBatch): void {
    batch.awaitsCompression = true
    this.#waiting.push(batch)
  }

  /** Batches to compress now; each is to be reported by `ended`. */
  take(): ProducerBatch[] {
    const taken: ProducerBatch[] = []
    while (this.#runningCount < COMPRESSIONS_MAX && this.#waiting.length > 0) {
      const batch = this.#waiting.shift()!
      // It has failed meanwhile.
      if (batch.settled) continue
      this.#runningCount++
      taken.push(batch)
    }
    return taken
  }

  ended(): void {
    assert(this.#runningCount > 0, 'what ends was under way')
    this.#runningCount--
  }
}
