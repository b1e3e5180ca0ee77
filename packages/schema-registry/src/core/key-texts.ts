/**
 * The texts that a key was found under. Records are told apart by meaning, but compaction compares bytes: what one registry wrote under
 * `{"keytype":"CONFIG","subject":"a","magic":0}` and another under `{"subject":"a","magic":0,"keytype":"CONFIG"}` is one configuration
 * and two records. Whatever is written or taken back is so under all of them, or the forgotten one would come back after a restart.
 *
 * Versions of schemas keep their texts themselves (`Entry.keyTexts`).
 */
import { encodeRecord, keyOf, type RegistryRecord } from './record.ts'
import { canonicalSubject, scopeAsWritten } from './subject.ts'

export class KeyTexts {
  /** The text that we write → others that mean the same. */
  readonly #others = new Map<string, Set<string>>()

  /** Told of every record that is applied. */
  learn(record: RegistryRecord): void {
    if (record.kind === 'SCHEMA' || record.kind === 'NOOP') return
    const keyText = record.keyText ?? keyOf(record)
    const meaning = meaningOf(record)
    if (keyText === meaning) return
    const others = this.#others.get(meaning)
    if (others === undefined) this.#others.set(meaning, new Set([keyText]))
    else others.add(keyText)
  }

  /** @returns the record, and the same under every other text of its key */
  everywhere(record: RegistryRecord): RegistryRecord[] {
    if (this.#others.size === 0 || record.kind === 'SCHEMA' || record.kind === 'NOOP') return [record]
    const others = this.#others.get(meaningOf(record)) ?? []
    const { key } = encodeRecord(record)
    return [record, ...[...others].filter((text) => text !== key).map((keyText) => ({ ...record, keyText }))]
  }
}

/** The key's text as we write it, whatever spelling of the subject the record has. */
function meaningOf(record: RegistryRecord): string {
  switch (record.kind) {
    case 'CONFIG':
    case 'MODE':
    case 'CLEAR_SUBJECT':
      return keyOf({ ...record, subject: scopeAsWritten(record.subject) })
    case 'DELETE_SUBJECT':
      return keyOf({ ...record, subject: canonicalSubject(record.subject) })
    default:
      return keyOf(record)
  }
}
