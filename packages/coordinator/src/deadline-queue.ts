/**
 * Which group has to be looked at next: a binary heap with one live entry per key.
 *
 * An entry may ring too early, never too late: putting a deadline off costs nothing (a heartbeat does it each time),
 * because the old entry stays, rings, and whoever owns the key then schedules the true deadline. Only an earlier
 * deadline is pushed. So a heartbeat is O(1), and the heap holds at most one stale entry per push.
 */

export class DeadlineQueue {
  #heap: { readonly key: string; readonly atMs: number }[] = []
  readonly #scheduled = new Map<string, number>()

  /** Makes `key` ring at `atMs` at the latest. */
  schedule(key: string, atMs: number): void {
    if (atMs === Infinity) return
    const before = this.#scheduled.get(key)
    if (before !== undefined && before <= atMs) return
    this.#scheduled.set(key, atMs)
    this.#push({ key, atMs })
  }

  /** @returns when something rings next; `Infinity` when nothing does. */
  nextMs(): number {
    for (;;) {
      const top = this.#heap[0]
      if (top === undefined) return Infinity
      if (this.#scheduled.get(top.key) === top.atMs) return top.atMs
      this.#pop()
    }
  }

  /** Takes out one key that rings at or before `nowMs`; its owner schedules it again if it still has a deadline. */
  take(nowMs: number): string | undefined {
    if (this.nextMs() > nowMs) return undefined
    const { key } = this.#pop()!
    this.#scheduled.delete(key)
    return key
  }

  /** When `key` rings; `Infinity` when it does not. */
  atMs(key: string): number {
    return this.#scheduled.get(key) ?? Infinity
  }

  forget(key: string): void {
    this.#scheduled.delete(key)
  }

  #push(entry: { readonly key: string; readonly atMs: number }): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (heap[parent]!.atMs <= entry.atMs) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = entry
  }

  #pop(): { readonly key: string; readonly atMs: number } | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return top
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.atMs < heap[child]!.atMs) child++
      if (heap[child]!.atMs >= last.atMs) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return top
  }
}
