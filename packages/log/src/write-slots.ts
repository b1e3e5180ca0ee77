/**
 * How much may be on its way to files off the event loop, over all logs of a process: writes under way, and bytes that
 * are kept in memory for them.
 *
 * Two writes: more of them gain nothing on the same disk, and the thread pool has cold reads and syncs to do as well.
 * Beyond the bytes, appends are written where they are, which holds up the loop and so those who send them.
 */
import { assert } from '@braidlog/base'
import type { WriteQueue } from './write-queue.ts'

export interface WriteSlotsOptions {
  readonly writesMax: number
  readonly sizeBytesMax: number
  /** An append is handed over from this size on. */
  readonly queuedSizeBytesMin: number
}

export class WriteSlots {
  readonly queuedSizeBytesMin: number
  readonly #sizeBytesMax: number
  #free: number
  #sizeBytes = 0
  /** In the order of asking; each at most once. */
  readonly #waiting: WriteQueue[] = []

  constructor({ writesMax, sizeBytesMax, queuedSizeBytesMin }: WriteSlotsOptions) {
    this.#free = writesMax
    this.#sizeBytesMax = sizeBytesMax
    this.queuedSizeBytesMin = queuedSizeBytesMin
  }

  /** Bytes of memory that is kept for writes. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** @returns false: there is no room */
  take(sizeBytes: number): boolean {
    if (this.#sizeBytes + sizeBytes > this.#sizeBytesMax) return false
    this.#sizeBytes += sizeBytes
    return true
  }

  give(sizeBytes: number): void {
    this.#sizeBytes -= sizeBytes
    assert(this.#sizeBytes >= 0, 'no more is given back than was taken')
  }

  /** Calls `begin` of the queue when a write may begin, maybe at once. */
  ask(queue: WriteQueue): void {
    this.#waiting.push(queue)
    this.#begin()
  }

  /** A write has ended. */
  ended(): void {
    this.#free++
    this.#begin()
  }

  #begin(): void {
    while (this.#free > 0 && this.#waiting.length > 0) {
      this.#free--
      if (!this.#waiting.shift()!.begin()) this.#free++
    }
  }
}
