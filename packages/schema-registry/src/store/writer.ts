/**
 * Writes, one after another: decide on the state as it is, append under this process's term, wait until the records have come back,
 * answer if they count.
 *
 * Invariants: between `decide` and the moment its records are applied here nothing else is decided, so no id and no version is given
 * out twice by one process; what another process has decided meanwhile under a higher term makes ours not count (`core/terms.ts`), so
 * none is by two. An append whose outcome is unknown ends the term: what comes of it after the next claim does not count.
 */
import { refuse, RegistryErrorCode, type Outcome } from '../core/errors.ts'
import type { RegistryMachine, ResponseOf, WriteRequest } from '../core/registry.ts'
import type { RegistryRecord } from '../core/record.ts'
import type { Appended, SchemasLog } from './schemas-log.ts'

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
  /** Claimed by this process, and good until proved otherwise. */
  #term: number | undefined

  constructor(machine: RegistryMachine, log: SchemasLog) {
    this.#machine = machine
    this.#log = log
  }

  /**
   * Claims a term; everything that was written before has been read when this resolves.
   * @returns false when another process was faster
   */
  async claim(): Promise<boolean> {
    return await this.exclusively(async () => await this.#claim())
  }

  /** Puts right in the topic what stale records say there. Does nothing without a term. */
  async correct(): Promise<void> {
    await this.exclusively(async () => {
      if (this.#term !== undefined) await this.#correct(this.#term)
    })
  }

  /**
   * @param mayWrite asked right before anything is decided: false when leadership went while the request waited
   * @returns 'not leader' when nothing was written that counts
   */
  async write<R extends WriteRequest>(
    request: R,
    mayWrite: () => boolean,
  ): Promise<Written<ResponseOf<R>> | 'not leader'> {
    if (this.#waiting >= QUEUE_MAX) {
      return { response: refuse(RegistryErrorCode.OPERATION_TIMED_OUT, 'Too many writes are waiting'), offset: -1 }
    }
    return await this.exclusively(async () => {
      if (!mayWrite()) return 'not leader'
      if (this.#term === undefined && !(await this.#claim())) return 'not leader'
      const term = this.#term!
      if (!(await this.#correct(term))) return 'not leader'
      const { records, response } = this.#machine.decide(request)
      if (records.length === 0) return { response, offset: this.#log.position - 1 }
      const { offset, isAccepted } = await this.#append(records, term)
      return isAccepted ? { response, offset } : 'not leader'
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

  async #claim(): Promise<boolean> {
    const term = this.#machine.term + 1
    const { isAccepted } = await this.#append([{ kind: 'NOOP' }], term)
    if (isAccepted) this.#term = term
    return isAccepted && (await this.#correct(term))
  }

  async #correct(term: number): Promise<boolean> {
    const corrections = this.#machine.corrections()
    if (corrections.length === 0) return true
    return (await this.#append(corrections, term)).isAccepted
  }

  /** The term lasts only as long as every append is known to have been made, and to count. */
  async #append(records: readonly RegistryRecord[], term: number): Promise<Appended> {
    this.#term = undefined
    const appended = await this.#log.append(records, term)
    if (appended.isAccepted) this.#term = term
    return appended
  }
}
