/**
 * The end of an event-loop turn: after all sockets that had something to say have been read, before the loop sleeps.
 * Whatever is done once per turn is asked for here.
 *
 * Two phases: work first (a group commit begins, what waited is called back), then sending (responses leave, those of
 * the work just done with them).
 */

let working: (() => void)[] = []
let sending: (() => void)[] = []
let armed = false

/** Calls back once, at the end of the turn, in the order of asking. What is asked for meanwhile waits for the next turn. */
export function atEndOfTurn(callback: () => void): void {
  working.push(callback)
  arm()
}

/** Like `atEndOfTurn`, but after all of its callbacks of this turn; those may still ask. */
export function afterEndOfTurn(callback: () => void): void {
  sending.push(callback)
  arm()
}

function arm(): void {
  if (armed) return
  armed = true
  setImmediate(run)
}

function run(): void {
  const work = working
  working = []
  try {
    for (const callback of work) callback()
  } finally {
    const send = sending
    sending = []
    armed = false
    if (working.length > 0) arm()
    for (const callback of send) callback()
  }
}
