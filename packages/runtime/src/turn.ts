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
  armed = false
  const work = working
  working = []
  let send: (() => void)[] = []
  try {
    callAll(work)
    send = sending
    sending = []
    callAll(send)
  } finally {
    // One that threw takes nobody with it: those behind it are the first of the next turn.
    if (work.length > 0) working = work.concat(working)
    if (send.length > 0) sending = send.concat(sending)
    if (working.length > 0 || sending.length > 0) arm()
  }
}

/** Calls all, and takes out of the array whom it has called. */
function callAll(callbacks: (() => void)[]): void {
  let called = 0
  try {
    while (called < callbacks.length) callbacks[called++]!()
  } finally {
    callbacks.splice(0, called)
  }
}
