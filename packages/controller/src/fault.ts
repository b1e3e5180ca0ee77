/** An expected failure of one item of a request: the code and the sentence that go into the response. */
import { ErrorCode, type ErrorName } from '@braidlog/model'

export interface Fault {
  readonly errorCode: number
  readonly errorMessage: string | null
}

export const NO_FAULT: Fault = { errorCode: ErrorCode.NONE, errorMessage: null }

export function fault(name: ErrorName, errorMessage: string): Fault {
  return { errorCode: ErrorCode[name], errorMessage }
}

/** @returns the values that occur more than once */
export function duplicatesOf<T>(values: Iterable<T>): Set<T> {
  const seen = new Set<T>()
  const twice = new Set<T>()
  for (const value of values) (seen.has(value) ? twice : seen).add(value)
  return twice
}
