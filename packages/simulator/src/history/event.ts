/**
 * What clients did and saw, as a list of events: the input of the checker, from simulated clusters and real ones alike.
 *
 * A *key* is a topic partition, numbered from 0. A *value* is an integer that is sent at most once to its key. A *process*
 * is one logical client, a producer with a consumer, doing one operation at a time: an `invoke` is followed by exactly one
 * completion, and a process whose operation ended in `info` may go on as a new incarnation of itself.
 *
 *     invoke   the operation begins
 *     ok       it happened
 *     fail     it certainly did not happen
 *     info     nobody knows: a timeout, a lost connection
 *
 * Times come from one monotonic clock, and events are in the order of that clock.
 */

export type EventType = 'fail' | 'info' | 'invoke' | 'ok'

export interface Sent {
  readonly key: number
  readonly value: number
  /** Where the record was acknowledged; absent when it was not said. */
  readonly offset?: number
}

export interface Polled {
  readonly key: number
  readonly offset: number
  readonly value: number
}

export type Operation =
  /** Records sent one after the other by one producer. */
  | { readonly kind: 'send'; readonly sends: readonly Sent[] }
  /** Records in the order in which the consumer handed them out. `rebalanced`: keys won or lost meanwhile. */
  | { readonly kind: 'poll'; readonly polls: readonly Polled[]; readonly rebalanced?: readonly number[] }
  /** From now on these keys are read by this consumer alone: positions follow from what it did. */
  | { readonly kind: 'assign'; readonly keys: readonly number[] }
  /** From now on the group decides which of these keys this consumer reads. */
  | { readonly kind: 'subscribe'; readonly keys: readonly number[] }
  /** The client is torn down; its successor under the same process number begins with nothing. */
  | { readonly kind: 'crash' }

export interface HistoryEvent {
  readonly timeMs: number
  readonly process: number
  readonly type: EventType
  readonly operation: Operation
}

/** An invocation and how it ended. What never ended is `info`, with the time of the last event. */
export interface CompletedOperation {
  readonly process: number
  readonly invokedMs: number
  readonly completedMs: number
  readonly type: Exclude<EventType, 'invoke'>
  /** Of the completion: it carries the results. Of the invocation when there was no completion. */
  readonly operation: Operation
  /** Position of the invocation among the events. */
  readonly index: number
}

/** The events are no history: two operations of a process at once, a completion without an invocation, time going back. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError'
  readonly code = 'MALFORMED_HISTORY'
}

/**
 * Pairs invocations with completions, in the order of the invocations.
 * @throws HistoryError
 */
export function completedOperations(events: Iterable<HistoryEvent>): CompletedOperation[] {
  const operations: CompletedOperation[] = []
  const open = new Map<number, number>()
  let lastMs = -Infinity
  let index = 0
  for (const event of events) {
    const { timeMs, process, type, operation } = event
    if (timeMs < lastMs) throw new HistoryError(`event ${index} is of ${timeMs} ms, the one before of ${lastMs} ms`)
    lastMs = timeMs
    const at = open.get(process)
    if (type === 'invoke') {
      if (at !== undefined) throw new HistoryError(`event ${index}: process ${process} has an operation open already`)
      open.set(process, operations.length)
      operations.push({ process, invokedMs: timeMs, completedMs: Infinity, type: 'info', operation, index })
    } else {
      const invoked = at === undefined ? undefined : operations[at]
      if (at === undefined || invoked === undefined) {
        throw new HistoryError(`event ${index}: process ${process} completes what it did not begin`)
      }
      if (invoked.operation.kind !== operation.kind) {
        throw new HistoryError(
          `event ${index}: process ${process} completes a ${operation.kind} where it began a ${invoked.operation.kind}`,
        )
      }
      operations[at] = { ...invoked, completedMs: timeMs, type, operation }
      open.delete(process)
    }
    index++
  }
  for (const at of open.values()) operations[at] = { ...operations[at]!, completedMs: lastMs }
  return operations
}
