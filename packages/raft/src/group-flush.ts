/**
 * Group commit: the flush begins at the end of the turn, so that all appends of the turn share it; what is asked for while
 * it runs shares the next.
 */
export class GroupFlush {
  readonly #flush: () => Promise<void>
  readonly #failed: (cause: unknown) => void
  #isNeeded = false
  #running: Promise<void> | undefined

  /** @param flush rejects: nothing is flushed any more */
  constructor(flush: () => Promise<void>, failed: (cause: unknown) => void) {
    this.#flush = flush
    this.#failed = failed
  }

  request(): void {
    this.#isNeeded = true
    this.#running ??= this.#run()
  }

  /** Resolves when all that was asked for is done, or has failed. */
  async settled(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      while (this.#isNeeded) {
        await Promise.resolve()
        this.#isNeeded = false
        await this.#flush()
      }
    } catch (cause) {
      this.#failed(cause)
    } finally {
      // In the same turn as the last look at `#isNeeded`: a request that comes later starts a flush of its own.
      this.#running = undefined
    }
  }
}
