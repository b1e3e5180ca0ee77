/**
 * The registry's state: what is left of `_schemas` when its records are applied in order. `apply` is its only writer, live and in
 * replay; entries are immutable and replaced.
 *
 * Invariants (`invariants()`): every version of a subject is an entry of its context's ids; all entries of one id have the same GUID,
 * unless the topic itself says otherwise; `idMax` is no less than any id that was ever applied; what an entry refers to can be found
 * in `referrers`.
 */
import { assert } from '@braidlog/base'
import type { Acl } from './acl.ts'
import type { Config, Mode, SchemaVersion } from './entities.ts'
import type { Md5 } from './formats.ts'
import { guidOf } from './identity.ts'
import { ParsedCache } from './parsed-cache.ts'
import { schemaKeyText, type RegistryRecord, type StoredSchema } from './record.ts'
import {
  canonicalSubject,
  contextOf,
  DEFAULT_CONTEXT,
  GLOBAL_SUBJECT,
  parseSubject,
  referredSubject,
} from './subject.ts'

/** One version, with what the topic knows about it beyond REST. */
export interface Entry extends SchemaVersion {
  readonly value: StoredSchema
  /** Texts of every key that this version has been found under; compaction has to match each of them. */
  readonly keyTexts: readonly string[]
}

interface ContextState {
  /** Entries by id, live and soft-deleted. */
  readonly ids: Map<number, Set<Entry>>
  /** GUID → the id that was first given to it. */
  readonly idByGuid: Map<string, number>
  idMax: number
}

/** `null` in a record's subject, `:.__GLOBAL:` and the default context as a whole are the same scope. */
const scopeOf = (subject: string | null): string =>
  subject === null ? GLOBAL_SUBJECT : canonicalSubject(subject) || GLOBAL_SUBJECT

export class RegistryState {
  readonly #md5: Md5
  readonly #contexts = new Map<string, ContextState>()
  /** Contexts that have a CONTEXT record. */
  readonly #named = new Set<string>()
  readonly #subjects = new Map<string, Map<number, Entry>>()
  readonly #configs = new Map<string, Config>()
  readonly #modes = new Map<string, Mode>()
  readonly #acls = new Map<string, Acl>()
  #aclRevision = 0
  /** `subject\0version` → entries that refer to it, soft-deleted ones among them. */
  readonly #referrers = new Map<string, Set<Entry>>()
  readonly parsed = new ParsedCache()

  constructor(md5: Md5) {
    this.#md5 = md5
  }

  apply(record: RegistryRecord): void {
    switch (record.kind) {
      case 'SCHEMA':
        this.#applySchema(record)
        break
      case 'CONFIG':
        set(this.#configs, scopeOf(record.subject), record.value)
        break
      case 'MODE':
        set(this.#modes, scopeOf(record.subject), record.value)
        break
      case 'DELETE_SUBJECT':
        if (record.version !== null) this.#softDelete(canonicalSubject(record.subject), record.version)
        break
      case 'CLEAR_SUBJECT':
        if (record.isSet) this.#clear(record.subject)
        break
      case 'CONTEXT':
        if (record.isSet) this.#named.add(record.context)
        else this.#named.delete(record.context)
        break
      case 'NOOP':
        break
      case 'ACL':
        set(this.#acls, JSON.stringify(record.acl), record.isSet ? record.acl : null)
        this.#aclRevision++
        break
      default:
        record satisfies never
    }
  }

  /** Sorted by UTF-16 code units, as Java sorts. */
  subjects(): string[] {
    return [...this.#subjects.keys()].sort()
  }

  /** Versions in ascending order, soft-deleted ones among them. */
  versions(subject: string): Entry[] {
    const versions = this.#subjects.get(subject)
    return versions === undefined ? [] : [...versions.values()].sort((a, b) => a.version - b.version)
  }

  version(subject: string, version: number): Entry | undefined {
    return this.#subjects.get(subject)?.get(version)
  }

  /** The value under that version's key; null when there is none. @param subject in any spelling */
  versionAsWritten(subject: string, version: number): StoredSchema | null {
    return this.version(canonicalSubject(subject), version)?.value ?? null
  }

  /** The newest live version. */
  latest(subject: string): Entry | undefined {
    let latest: Entry | undefined
    for (const entry of this.#subjects.get(subject)?.values() ?? []) {
      if (!entry.deleted && (latest === undefined || entry.version > latest.version)) latest = entry
    }
    return latest
  }

  /** Highest version ever, soft-deleted or not; 0 when there is none. */
  versionMax(subject: string): number {
    let max = 0
    for (const version of this.#subjects.get(subject)?.keys() ?? []) max = Math.max(max, version)
    return max
  }

  hasLive(subject: string): boolean {
    return this.latest(subject) !== undefined
  }

  /** Sorted; the default context is always there. */
  contexts(): string[] {
    const all = new Set([DEFAULT_CONTEXT, ...this.#named])
    for (const [context, { ids }] of this.#contexts) if (ids.size > 0) all.add(context)
    return [...all].sort()
  }

  isNamedContext(context: string): boolean {
    return this.#named.has(context)
  }

  idMax(context: string): number {
    return this.#contexts.get(context)?.idMax ?? 0
  }

  /** Entries with that id: by subject, then version. */
  withId(context: string, id: number): Entry[] {
    return [...(this.#contexts.get(context)?.ids.get(id) ?? [])].sort(bySubjectAndVersion)
  }

  idOf(context: string, guid: string): number | undefined {
    return this.#contexts.get(context)?.idByGuid.get(guid)
  }

  /** Configuration set on exactly that scope; `null` is the global one. */
  config(subject: string | null): Config | undefined {
    return this.#configs.get(scopeOf(subject))
  }

  mode(subject: string | null): Mode | undefined {
    return this.#modes.get(scopeOf(subject))
  }

  /** Scopes with a mode of their own. */
  modeScopes(): string[] {
    return [...this.#modes.keys()].sort()
  }

  /** Entries that refer to that version: live ones, or all. */
  referrers(subject: string, version: number, deleted = false): Entry[] {
    return [...(this.#referrers.get(referenceKey(subject, version)) ?? [])]
      .filter((entry) => deleted || !entry.deleted)
      .sort(bySubjectAndVersion)
  }

  /** Subjects with a configuration of their own that makes them another name of `subject`. */
  aliasesOf(subject: string): string[] {
    return [...this.#configs]
      .filter(([scope, { alias }]) => alias !== undefined && alias !== '' && referredSubject(scope, alias) === subject)
      .map(([scope]) => scope)
      .sort()
  }

  acls(): Acl[] {
    return [...this.#acls].sort(byKey).map(([, acl]) => acl)
  }

  /** @param acl in its canonical spelling */
  hasAcl(acl: Acl): boolean {
    return this.#acls.has(JSON.stringify(acl))
  }

  /** Changes with every change of the access control entries. */
  get aclRevision(): number {
    return this.#aclRevision
  }

  counts(): { subjects: number; versions: number; deletedVersions: number; schemas: number } {
    let [versions, deletedVersions, schemas] = [0, 0, 0]
    for (const entries of this.#subjects.values()) {
      versions += entries.size
      for (const { deleted } of entries.values()) if (deleted) deletedVersions++
    }
    for (const { ids } of this.#contexts.values()) schemas += ids.size
    return { subjects: this.#subjects.size, versions, deletedVersions, schemas }
  }

  /** Records that make an empty state equal to this one. */
  *snapshot(): Iterable<RegistryRecord> {
    for (const context of [...this.#named].sort()) yield { kind: 'CONTEXT', tenant: 'default', context, isSet: true }
    for (const [scope, value] of [...this.#configs].sort(byKey)) {
      yield { kind: 'CONFIG', subject: scope === GLOBAL_SUBJECT ? null : scope, value }
    }
    for (const [scope, value] of [...this.#modes].sort(byKey)) {
      yield { kind: 'MODE', subject: scope === GLOBAL_SUBJECT ? null : scope, value }
    }
    for (const acl of this.acls()) yield { kind: 'ACL', acl, isSet: true }
    for (const subject of this.subjects()) {
      for (const { version, value, keyTexts } of this.versions(subject)) {
        for (const keyText of keyTexts) yield { kind: 'SCHEMA', subject, version, value, keyText }
      }
    }
  }

  invariants(): void {
    for (const [subject, versions] of this.#subjects) {
      assert(versions.size > 0, `subject ${subject} without versions`)
      for (const [version, entry] of versions) {
        assert(entry.subject === subject && entry.version === version, 'an entry stands under its own key')
        const context = this.#contexts.get(contextOf(subject))!
        assert(context.ids.get(entry.id)?.has(entry) === true, 'an entry can be found by its id')
        assert(entry.id <= context.idMax, 'idMax bounds every id')
        for (const key of referredKeys(entry)) {
          assert(this.#referrers.get(key)?.has(entry) === true, 'what an entry refers to knows of it')
        }
      }
    }
    for (const { ids } of this.#contexts.values()) {
      for (const entries of ids.values()) {
        assert(entries.size > 0, 'an id without entries')
        for (const entry of entries) {
          assert(this.version(entry.subject, entry.version) === entry, 'an id has only entries that exist')
        }
      }
    }
  }

  #applySchema(record: RegistryRecord & { readonly kind: 'SCHEMA' }): void {
    const subject = canonicalSubject(record.subject)
    const { version, value } = record
    const before = this.version(subject, version)
    if (before !== undefined) this.#remove(before)
    if (value === null) return
    const keyText = record.keyText ?? schemaKeyText(record.subject, version)
    const keyTexts =
      before === undefined
        ? [keyText]
        : before.keyTexts.includes(keyText)
          ? before.keyTexts
          : [...before.keyTexts, keyText]
    const { id, schema, schemaType, references, metadata, ruleSet, deleted } = value
    const guid = guidOf(value, this.#md5)
    this.#add({
      subject,
      version,
      id,
      guid,
      schema,
      schemaType,
      references,
      metadata,
      ruleSet,
      deleted,
      value,
      keyTexts,
    })
  }

  #add(entry: Entry): void {
    let versions = this.#subjects.get(entry.subject)
    if (versions === undefined) this.#subjects.set(entry.subject, (versions = new Map()))
    versions.set(entry.version, entry)
    const context = this.#context(contextOf(entry.subject))
    addTo(context.ids, entry.id, entry)
    if (!context.idByGuid.has(entry.guid)) context.idByGuid.set(entry.guid, entry.id)
    context.idMax = Math.max(context.idMax, entry.id)
    for (const key of referredKeys(entry)) addTo(this.#referrers, key, entry)
  }

  #remove(entry: Entry): void {
    this.parsed.delete(entry)
    const versions = this.#subjects.get(entry.subject)!
    versions.delete(entry.version)
    if (versions.size === 0) this.#subjects.delete(entry.subject)
    const context = this.#context(contextOf(entry.subject))
    removeFrom(context.ids, entry.id, entry)
    if (!context.ids.has(entry.id) && context.idByGuid.get(entry.guid) === entry.id) {
      context.idByGuid.delete(entry.guid)
    }
    for (const key of referredKeys(entry)) removeFrom(this.#referrers, key, entry)
  }

  #softDelete(subject: string, versionMax: number): void {
    for (const entry of this.versions(subject)) {
      if (entry.deleted || entry.version > versionMax) continue
      this.#remove(entry)
      this.#add({ ...entry, deleted: true, value: { ...entry.value, deleted: true } })
    }
  }

  /** Removes what is soft-deleted in a subject, a context (`:.ctx:`) or everywhere. */
  #clear(scope: string | null): void {
    for (const subject of this.subjects()) {
      if (!isInScope(subject, scope)) continue
      for (const entry of this.versions(subject)) if (entry.deleted) this.#remove(entry)
    }
  }

  #context(name: string): ContextState {
    let context = this.#contexts.get(name)
    if (context === undefined) {
      this.#contexts.set(name, (context = { ids: new Map(), idByGuid: new Map(), idMax: 0 }))
    }
    return context
  }
}

/** Whether a subject belongs to a scope: a subject, a context `:.ctx:`, or everything (null and `:.__GLOBAL:`). */
export function isInScope(subject: string, scope: string | null): boolean {
  if (scope === null || scope === '' || scope === GLOBAL_SUBJECT) return true
  const { context, name } = parseSubject(scope)
  return name === '' ? contextOf(subject) === context : subject === canonicalSubject(scope)
}

const referenceKey = (subject: string, version: number): string => `${subject}\0${version}`

function referredKeys(entry: Entry): string[] {
  return entry.references.map(({ subject, version }) => referenceKey(referredSubject(entry.subject, subject), version))
}

const bySubjectAndVersion = (a: Entry, b: Entry): number =>
  a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : a.version - b.version

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : a > b ? 1 : 0)

function set<V>(map: Map<string, V>, key: string, value: V | null): void {
  if (value === null) map.delete(key)
  else map.set(key, value)
}

function addTo<K>(map: Map<K, Set<Entry>>, key: K, entry: Entry): void {
  const entries = map.get(key)
  if (entries === undefined) map.set(key, new Set([entry]))
  else entries.add(entry)
}

function removeFrom<K>(map: Map<K, Set<Entry>>, key: K, entry: Entry): void {
  const entries = map.get(key)
  entries?.delete(entry)
  if (entries?.size === 0) map.delete(key)
}
