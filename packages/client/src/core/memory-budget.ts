/**
 * The memory of one client, divided equally among the producers, consumers and readers that are open. Each keeps within its
 * own option and its share, so that together they keep within the budget, however many there are.
 */
export class MemoryBudget {
  readonly limitBytes: number
  #holders = 0
  #shareBytes: number

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
    this.#shareBytes = limitBytes
  }

  /** What each holder may have now. */
  get shareBytes(): number {
    return this.#shareBytes
  }

  /** One more holds memory. @returns how to end that */
  join(): () => void {
    this.#change(1)
    let hasLeft = false
    return () => {
      if (!hasLeft) this.#change(-1)
      hasLeft = true
    }
  }

  #change(by: 1 | -1): void {
    this.#holders += by
    this.#shareBytes = Math.floor(this.limitBytes / Math.max(1, this.#holders))
  }
}
