/** Planted bugs of the client: the order of a producer's batches, and what a consumer commits. */
import type { Mutant } from './mutant.ts'

const accumulator = 'client/src/core/accumulator.ts'
const queue = 'client/src/core/partition-queue.ts'

export const CLIENT_MUTANTS: readonly Mutant[] = [
  {
    name: 'a producer gives the number of a record that may be stored to another one',
    file: accumulator,
    find: 'if (!isAbsentAfter(code)) batch.mayBeStored = true',
    replace: 'batch.mayBeStored = !isAbsentAfter(code)',
    seed: 142,
  },
  {
    name: 'a batch overtakes the first one of its numbering',
    file: queue,
    find: 'if (!this.#isEstablished && this.inFlight.length > 0) return undefined',
    replace: '',
  },
  {
    name: 'retries overtake each other',
    file: queue,
    find: 'return this.#isOldest(batch) ? batch : undefined',
    replace: 'return batch',
  },
  {
    name: 'a retry goes behind what is waiting',
    file: queue,
    find: 'this.waiting.splice(at, 0, batch)',
    replace: 'this.waiting.push(batch)',
  },
  {
    name: 'a batch that was not answered is given a number of its own',
    file: accumulator,
    find: '    queue.retry(batch, nowMs + this.#options.backoffMs(batch.attempts))\n    return true',
    replace:
      '    batch.baseSequence = -1\n    queue.retry(batch, nowMs + this.#options.backoffMs(batch.attempts))\n    return true',
  },
  {
    name: 'the numbering begins again while batches are in flight',
    file: queue,
    find: 'return this.needsReset && this.inFlight.length === 0',
    replace: 'return this.needsReset',
  },
  {
    name: 'a batch that was given up leaves its number unused',
    file: queue,
    find: 'else if (isCurrent) this.needsReset = true',
    replace: '',
  },
  {
    name: 'what is handed out is committed, done or not',
    file: 'client/src/core/commit-watermark.ts',
    find: 'while (this.#first < spans.length && spans[this.#first]!.isDone) {',
    replace: 'while (this.#first < spans.length) {',
  },
  {
    name: 'a consumer does not look up what its group has committed',
    file: 'client/src/assignment.ts',
    find: 'if (committed !== undefined) {',
    replace: 'if (committed !== undefined && committed.offset < 0) {',
  },
]
