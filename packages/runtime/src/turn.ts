/**
 * The end of an event-loop turn: after all sockets that had something to say have been read, before the loop sleeps.
 * Whatever is done once per turn is asked for here.
 *
 * Two phases: work first (a group commit begins, what waited is called back), then sending (responses leave, those of
 * the work just done with them).
 */

export class Turns {
  readonly #schedule: (run: () => void) => void
  #working: (() => void)[] = []
  #sending: (() => void)[] = []
  #armed = false
  readonly #run = (): void => this.#end()

  /** @param schedule runs a callback once, when the turn has ended */
  constructor(schedule: (run: () => void) => void) {
    this.#schedule = schedule
  }

  /** Calls back once, at the end of the turn, in the order of asking. What is asked for meanwhile waits for the next turn. */
  atEnd(callback: () => void): void {
    this.#working.push(callback)
    if (!this.#armed) this.#arm()
  }

  /** Like `atEnd`, but after all of its callbacks of this turn; those may still ask. */
  afterEnd(callback: () => void): void {
    this.#sending.push(callback)
    if (!this.#armed) this.#arm()
  }

  #arm(): void {
    this.#armed = true
    this.#schedule(this.#run)
  }

  #end(): void {
    this.#armed = false
    const work = this.#working
    this.#working = []
    let send: (() => void)[] = []
    try {
      callAll(work)
      send = this.#sending
      this.#sending = []
      callAll(send)
    } finally {
      // One that threw takes nobody with it: those behind it are the first of the next turn.
      if (work.length > 0) this.#working = work.concat(this.#working)
      if (send.length > 0) this.#sending = send.concat(this.#sending)
      if (!this.#armed && (this.#working.length > 0 || this.#sending.length > 0)) this.#arm()
    }
  }
}

/** The turns of this process. */
export const systemTurns = new Turns((run) => {
  setImmediate(run)
})

/** Calls all, and takes out of the array whom it has called. */
function callAll(callbacks: (() => void)[]): void {
  let called = 0
  try {
    while (called < callbacks.length) callbacks[called++]!()
  } finally {
    callbacks.splice(0, called)
  }
}
