/**
 * Which records of the log count, when more than one process may have taken itself for the leader.
 *
 * A leader begins with a NOOP that claims a term, one more than any it has read; every record that it writes carries its term, in the
 * header `braidlog.term`. Keys and values stay as other registries write and read them.
 *
 * | the record                    | comes with a term that is | then                                                        |
 * |-------------------------------|---------------------------|-------------------------------------------------------------|
 * | claim (NOOP)                  | higher than the current   | it is the current one: whoever wrote this leads             |
 * | claim (NOOP)                  | not higher                | somebody was faster: nothing                                |
 * | any other                     | lower than the current    | stale: its writer had been succeeded. It does not count     |
 * | any other                     | the current, or higher    | it counts                                                   |
 * | any (of another registry)     | none                      | it counts                                                   |
 *
 * Invariants: every reader of the log comes to the same verdict about every record; a term is claimed by one process at most; between
 * a claim and a record of its term that counts, no record of another term counts.
 *
 * A stale record still lies in the topic, where a registry that knows no terms would take it for true. So the leader writes, under the
 * key of each, what is true (`corrections`), and compaction removes it.
 */
import { encodeRecord, type RegistryRecord } from './record.ts'
import { isInScope, type RegistryState } from './state.ts'

export const TERM_HEADER = 'braidlog.term'

/** More stale records than this are not remembered one by one; the oldest are left as they are. */
const STALE_MAX = 10_000

export class Terms {
  #current = 0
  /** By the text of their keys. */
  readonly #stale = new Map<string, RegistryRecord>()

  get current(): number {
    return this.#current
  }

  /** @returns whether the record counts; of a claim, whether it has succeeded */
  admit(record: RegistryRecord, term: number | undefined): boolean {
    if (term !== undefined) {
      const isClaim = record.kind === 'NOOP'
      if (isClaim ? term <= this.#current : term < this.#current) {
        if (!isClaim) this.#remember(record)
        return false
      }
      this.#current = term
    }
    if (this.#stale.size > 0) this.#stale.delete(encodeRecord(record).key)
    return true
  }

  /** What is true, under the keys of records that are not; empty when there are none. */
  corrections(state: RegistryState): RegistryRecord[] {
    return [...this.#stale.values()].flatMap((stale) => truthAbout(stale, state))
  }

  #remember(record: RegistryRecord): void {
    const { key } = encodeRecord(record)
    this.#stale.delete(key)
    this.#stale.set(key, record)
    if (this.#stale.size > STALE_MAX) this.#stale.delete(this.#stale.keys().next().value!)
  }
}

function truthAbout(stale: RegistryRecord, state: RegistryState): RegistryRecord[] {
  switch (stale.kind) {
    case 'SCHEMA': {
      const value = state.versionAsWritten(stale.subject, stale.version)
      return [{ ...stale, value }]
    }
    case 'CONFIG':
      return [{ ...stale, value: state.config(stale.subject) ?? null }]
    case 'MODE':
      return [{ ...stale, value: state.mode(stale.subject) ?? null }]
    // What they would have deleted is written anew, as it is, and they themselves are taken back.
    case 'DELETE_SUBJECT':
      return [{ ...stale, version: null }, ...schemasOf(state, stale.subject)]
    case 'CLEAR_SUBJECT':
      return [{ ...stale, isSet: false }, ...schemasOf(state, stale.subject)]
    case 'CONTEXT':
      return [{ ...stale, isSet: state.isNamedContext(stale.context) }]
    case 'ACL':
      return [{ ...stale, isSet: state.hasAcl(stale.acl) }]
    case 'NOOP':
      return []
    default:
      return stale satisfies never
  }
}

function schemasOf(state: RegistryState, scope: string | null): RegistryRecord[] {
  return state
    .subjects()
    .filter((subject) => isInScope(subject, scope))
    .flatMap((subject) => state.versions(subject))
    .flatMap(({ subject, version, value, keyTexts }) =>
      keyTexts.map((keyText) => ({ kind: 'SCHEMA' as const, subject, version, value, keyText })),
    )
}
