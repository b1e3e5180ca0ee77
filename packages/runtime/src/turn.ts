/**
 * The end of an event-loop turn: after all sockets that had something to say have been read, before the loop sleeps.
 * Whatever is done once per turn (flushing responses, starting a group commit) is asked for here.
 */

let scheduled: (() => void)[] = []
let armed = false

/** Calls back once, at the end of the turn. Callbacks run in the order in which they were asked for. */
export function atEndOfTurn(callback: () => void): void {
  scheduled.push(callback)
  if (armed) return
  armed = true
  setImmediate(run)
}

function run(): void {
  const callbacks = scheduled
  scheduled = []
  armed = false
  for (const callback of callbacks) callback()
}
