/**
 * Calls of the application's code that its consumer waits for, and that may themselves close the consumer: whoever closes it
 * from inside such a call is not waited for from then on.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** The call that the present code runs in, and how its consumer stops waiting for it. */
interface LeavableCall {
  readonly closing: AbortSignal
  readonly leave: () => void
}

const present = new AsyncLocalStorage<LeavableCall>()

/** @param closing names the consumer: its closing signal */
export function callLeavable<A extends readonly unknown[]>(
  closing: AbortSignal,
  leave: () => void,
  call: (...args: A) => unknown,
  ...args: A
): unknown {
  return present.run({ closing, leave }, call, ...args)
}

/** Called where the consumer that `closing` belongs to closes: the call that does it is waited for no longer. */
export function leaveCall(closing: AbortSignal): void {
  const call = present.getStore()
  if (call?.closing === closing) call.leave()
}
