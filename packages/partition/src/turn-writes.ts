/**
 * Appends of one turn to the same partition reach its file together: the first is written at once, so that a single one
 * waits for nothing, those that follow are gathered and written at the end of the turn.
 * Nothing is acknowledged before it is written. Bound: one entry per partition appended to in the turn.
 */

export interface TurnWriter {
  /** The turn in which it was added has ended. @returns whether there was something to do */
  onTurnEnd(): boolean
}

export interface TurnWritesOptions {
  /** Calls back at the end of the turn. */
  readonly defer: (callback: () => void) => void
  /** After all have been told, if any had something to do: what that has completed can be answered. */
  readonly onEnd: () => void
}

export class TurnWrites {
  readonly #options: TurnWritesOptions
  #writers: TurnWriter[] = []

  constructor(options: TurnWritesOptions) {
    this.#options = options
  }

  /** Tells `writer` once, at the end of this turn. */
  add(writer: TurnWriter): void {
    if (this.#writers.length === 0) this.#options.defer(this.#end)
    this.#writers.push(writer)
  }

  readonly #end = (): void => {
    const writers = this.#writers
    this.#writers = []
    let done = false
    for (const writer of writers) if (writer.onTurnEnd()) done = true
    if (done) this.#options.onEnd()
  }
}
