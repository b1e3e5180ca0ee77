/**
 * One consumer's way through the keys: it reads each key forward and leaves nothing out, as long as the key is its own.
 *
 * A position is forgotten when the assignment changes, and when a poll ended without its result being known: what the
 * consumer then went past, nobody can say. With a group subscription partitions come and go between polls, so only the
 * order within one poll is checked.
 */
import type { Report } from './check.ts'
import type { CompletedOperation, Operation } from './event.ts'
import type { KeyHistory } from './key-history.ts'

type Poll = Extract<Operation, { kind: 'poll' }>

export class ReaderPositions {
  readonly #process: number
  readonly #keyOf: (key: number) => KeyHistory
  readonly #report: Report
  #positions = new Map<number, number>()
  #subscribed = false

  constructor(process: number, keyOf: (key: number) => KeyHistory, report: Report) {
    this.#process = process
    this.#keyOf = keyOf
    this.#report = report
  }

  reassigned(subscribed: boolean): void {
    this.#positions.clear()
    this.#subscribed = subscribed
  }

  /** @returns how old the oldest record is that this poll could have returned and did not, in ms */
  poll({ type, invokedMs }: CompletedOperation, operation: Poll): number {
    const rebalanced = operation.rebalanced
    const within = new Map<number, number>()
    for (const { key, offset, value } of operation.polls) {
      const last = within.get(key)
      if (!(rebalanced?.includes(key) ?? false)) {
        const before = last ?? (this.#subscribed ? undefined : this.#positions.get(key))
        if (before !== undefined) this.#checkStep(key, value, before, offset, last !== undefined)
      }
      within.set(key, offset)
    }
    if (type !== 'ok') {
      this.#positions.clear()
      return 0
    }
    for (const key of rebalanced ?? []) this.#positions.delete(key)
    for (const [key, offset] of within) this.#positions.set(key, offset)
    return this.#subscribed ? 0 : this.#lagMs(invokedMs)
  }

  #checkStep(key: number, value: number, before: number, offset: number, within: boolean): void {
    if (offset <= before) {
      const name = within ? 'int-nonmonotonic-poll' : 'nonmonotonic-poll'
      this.#report(name, key, value, () => `process ${this.#process} polled offset ${offset} after ${before}`)
      return
    }
    if (offset === before + 1) return
    const next = this.#keyOf(key).nextOffset(before)
    if (next >= offset) return
    const name = within ? 'int-poll-skip' : 'poll-skip'
    this.#report(
      name,
      key,
      value,
      () => `process ${this.#process} polled offset ${offset} after ${before}, not ${next}`,
    )
  }

  #lagMs(invokedMs: number): number {
    let worstMs = 0
    for (const [key, position] of this.#positions) {
      const lagMs = invokedMs - this.#keyOf(key).knownBehindSinceMs(position)
      if (lagMs > worstMs) worstMs = lagMs
    }
    return worstMs
  }
}
