/**
 * Writes, one after another: decide on the state as it is, append, wait until the records have come back, answer.
 *
 * Invariant: between `decide` and the moment its records are applied here nothing else is decided; so no id and no version is given
 * out twice by one process, and the election sees to it that one process writes at a time.
 */
import { refuse, RegistryErrorCode, type Outcome } from '../core/errors.ts'
import type { RegistryMachine, ResponseOf, WriteRequest } from '../core/registry.ts'
import type { SchemasLog } from './schemas-log.ts'

export interface Written<T> {
  readonly response: Outcome<T>
  /** The offset up to which a reader must have come to see what this answer says. */
  readonly offset: number
}

/** Writes that may wait; more are refused with 50002. */
const QUEUE_MAX = 1_000

export class Writer {
  readonly #machine: RegistryMachine
  readonly #log: SchemasLog
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(machine: RegistryMachine, log: SchemasLog) {
    this.#machine = machine
    this.#log = log
  }

  /** @param mayWrite asked right before the append: false when leadership went while the request waited */
  async write<R extends WriteRequest>(
    request: R,
    mayWrite: () => boolean,
  ): Promise<Written<ResponseOf<R>> | 'not leader'> {
    if (this.#waiting >= QUEUE_MAX) {
      return { response: refuse(RegistryErrorCode.OPERATION_TIMED_OUT, 'Too many writes are waiting'), offset: -1 }
    }
    return await this.exclusively(async () => {
      if (!mayWrite()) return 'not leader'
      const { records, response } = this.#machine.decide(request)
      if (records.length === 0) return { response, offset: this.#log.position - 1 }
      return { response, offset: await this.#log.append(records) }
    })
  }

  /** Runs when every write before has ended, and holds those behind. */
  async exclusively<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting++
    const turn = this.#tail.then(task)
    this.#tail = turn.catch(() => {})
    try {
      return await turn
    } finally {
      this.#waiting--
    }
  }
}
