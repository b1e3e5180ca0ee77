/** When each partition acknowledged something: how long it stood still, and whether it goes on. */

export class Acknowledgements {
  readonly #times: number[][]

  constructor(partitionCount: number) {
    this.#times = Array.from({ length: partitionCount }, () => [])
  }

  note(partition: number, timeMs: number): void {
    this.#times[partition]!.push(timeMs)
  }

  get count(): number {
    return this.#times.reduce((sum, times) => sum + times.length, 0)
  }

  /** Partitions that have acknowledged nothing behind `sinceMs`. */
  silentSince(sinceMs: number): number[] {
    return this.#times.flatMap((times, partition) => ((times.at(-1) ?? -Infinity) > sinceMs ? [] : [partition]))
  }

  /**
   * The longest time between two acknowledgements of a partition of which some part lies within the two moments.
   * @returns Infinity when nothing was acknowledged behind the last of them
   */
  longestGapMs(partition: number, fromMs: number, untilMs: number): number {
    const times = this.#times[partition]!
    let longestMs = 0
    for (let at = firstBehind(times, fromMs); ; at++) {
      const earlierMs = times[at - 1] ?? fromMs
      if (earlierMs >= untilMs) return longestMs
      const laterMs = times[at] ?? Infinity
      longestMs = Math.max(longestMs, laterMs - earlierMs)
      if (laterMs >= untilMs) return longestMs
    }
  }
}

function firstBehind(times: readonly number[], timeMs: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (times[middle]! <= timeMs) low = middle + 1
    else high = middle
  }
  return low
}
