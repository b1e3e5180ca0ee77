/** Virtual time: events in order of time, then of scheduling. Nothing else orders anything in a simulation. */

interface Event {
  readonly atMs: number
  readonly sequence: number
  readonly run: () => void
}

export class Scheduler {
  nowMs = 0
  #heap: Event[] = []
  #sequence = 0

  after(delayMs: number, run: () => void): void {
    const heap = this.#heap
    heap.push({ atMs: this.nowMs + delayMs, sequence: this.#sequence++, run })
    let child = heap.length - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (before(heap[parent]!, heap[child]!)) break
      ;[heap[parent], heap[child]] = [heap[child]!, heap[parent]!]
      child = parent
    }
  }

  /** Runs the next event. @returns false when it would be after `untilMs` */
  step(untilMs: number): boolean {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined || first.atMs > untilMs) {
      this.nowMs = untilMs
      return false
    }
    const last = heap.pop()!
    if (heap.length > 0) {
      heap[0] = last
      let parent = 0
      for (;;) {
        let child = parent * 2 + 1
        if (child >= heap.length) break
        if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
        if (before(heap[parent]!, heap[child]!)) break
        ;[heap[parent], heap[child]] = [heap[child]!, heap[parent]!]
        parent = child
      }
    }
    this.nowMs = first.atMs
    first.run()
    return true
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence)
}
