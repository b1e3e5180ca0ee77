/** Planted bugs of the client: the order of a producer's batches, and what a consumer commits. */
import type { Mutant } from './mutant.ts'

const accumulator = 'client/src/core/accumulator.ts'

export const CLIENT_MUTANTS: readonly Mutant[] = [
  {
    name: 'a batch that was not answered is given a number of its own',
    file: accumulator,
    find: '    queue.retry(batch, nowMs + this.#options.backoffMs(batch.attempts))\n    return true',
    replace:
      '    batch.baseSequence = -1\n    queue.retry(batch, nowMs + this.#options.backoffMs(batch.attempts))\n    return true',
    seed: 1,
  },
  {
    name: 'what was not answered gives its number to another batch',
    file: accumulator,
    find: '    batch.mayBeStored = true\n    if (batch.settled) {\n      this.#give(queue, batch, false)',
    replace: '    if (batch.settled) {\n      this.#give(queue, batch, true)',
    seed: 26,
  },
]
