/**
 * Which leader epoch began where: the answer to "up to which offset do our logs agree" (KIP-101, KIP-279).
 *
 * Invariant: epochs and start offsets both ascend strictly; the first start offset is at least the log start offset, the
 * last one at most the log end offset.
 */
import { assert } from '@braidlog/base'
import type { EpochStart } from './checkpoint.ts'

export interface EpochEndOffset {
  /** -1: not known */
  readonly leaderEpoch: number
  /** -1: not known */
  readonly endOffset: number
}

const UNKNOWN: EpochEndOffset = { leaderEpoch: -1, endOffset: -1 }

export class LeaderEpochs {
  readonly #entries: EpochStart[] = []

  constructor(entries: readonly EpochStart[] = []) {
    for (const { epoch, startOffset } of entries) this.assign(epoch, startOffset)
  }

  entries(): readonly EpochStart[] {
    return this.#entries
  }

  /** -1 when there is none. */
  get latestEpoch(): number {
    return this.#entries.at(-1)?.epoch ?? -1
  }

  /**
   * `epoch` begins at `startOffset`. Entries that contradict it (a later or equal epoch, or a later or equal start: left
   * by a leader whose records were truncated) go.
   * @returns whether anything changed
   */
  assign(epoch: number, startOffset: number): boolean {
    assert(startOffset >= 0, 'an epoch starts at an offset')
    const latest = this.#entries.at(-1)
    if (epoch < 0 || (latest !== undefined && latest.epoch === epoch && latest.startOffset <= startOffset)) return false
    while (this.#entries.length > 0) {
      const last = this.#entries.at(-1)!
      if (last.epoch < epoch && last.startOffset < startOffset) break
      this.#entries.pop()
    }
    this.#entries.push({ epoch, startOffset })
    return true
  }

  /** Forgets epochs that start at or after `endOffset`. */
  truncateFromEnd(endOffset: number): boolean {
    const before = this.#entries.length
    while (this.#entries.length > 0 && this.#entries.at(-1)!.startOffset >= endOffset) this.#entries.pop()
    return this.#entries.length !== before
  }

  /** Forgets epochs that end at or before `startOffset`, and lets the one that spans it begin there. */
  truncateFromStart(startOffset: number): boolean {
    const index = this.#floorIndex(startOffset)
    if (index < 0) return false
    const spanning = this.#entries[index]!
    if (index === 0 && spanning.startOffset === startOffset) return false
    this.#entries.splice(0, index + 1, { epoch: spanning.epoch, startOffset })
    return true
  }

  clear(): void {
    this.#entries.length = 0
  }

  /** Epoch of the record at `offset`; -1: not known. */
  epochAt(offset: number): number {
    return this.#entries[this.#floorIndex(offset)]?.epoch ?? -1
  }

  /** @returns the largest epoch that is at most `epoch`, and where it ends */
  endOffsetFor(epoch: number, logEndOffset: number): EpochEndOffset {
    if (epoch < 0) return UNKNOWN
    if (epoch === this.latestEpoch) return { leaderEpoch: epoch, endOffset: logEndOffset }
    const higher = this.#entries.findIndex((entry) => entry.epoch > epoch)
    if (higher < 0) return UNKNOWN
    const floor = this.#entries[higher - 1]
    return { leaderEpoch: floor?.epoch ?? epoch, endOffset: this.#entries[higher]!.startOffset }
  }

  /** Index of the last entry that starts at or before `offset`; -1: none. */
  #floorIndex(offset: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[middle]!.startOffset <= offset) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
