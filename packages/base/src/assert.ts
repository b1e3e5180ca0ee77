/** Assertions for programmer errors. They stay on in production: a broken invariant must stop before it does harm. */

/** A broken invariant: a bug in Braidlog, never bad input. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** The end of a `switch` over a union: the compiler shows what is missing, the running program names it. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`)
}
