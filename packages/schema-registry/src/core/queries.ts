/** What REST can read: lists, versions, schemas by id and GUID, lookups and compatibility, as plain values in REST's order. */
import type { SchemaVersion } from './entities.ts'
import {
  done,
  refuse,
  RegistryErrorCode,
  schemaNotFound,
  subjectNotFound,
  versionNotFound,
  type Outcome,
} from './errors.ts'
import { checkAgainst, type CompatibilityVerdict } from './compatibility.ts'
import type { Core } from './core.ts'
import { findVersion } from './lookup.ts'
import { parsedOf, prepare, type SchemaRequest } from './prepare.ts'
import { effectiveConfig } from './settings.ts'
import type { Entry } from './state.ts'
import { canonicalSubject, contextOf, DEFAULT_CONTEXT, parseSubject, qualify, WILDCARD_CONTEXT } from './subject.ts'

/** Which versions count: live ones, all, or only soft-deleted ones. */
export type Deleted = 'no' | 'also' | 'only'

const counts = (entry: Entry, deleted: Deleted): boolean => deleted === 'also' || entry.deleted === (deleted === 'only')

export function listSubjects({ state }: Core, prefix: string, deleted: Deleted): string[] {
  const matches = prefixMatcher(prefix)
  return state.subjects().filter((subject) => {
    if (!matches(subject)) return false
    if (deleted === 'also') return true
    return state.hasLive(subject) === (deleted === 'no')
  })
}

/** `:*:abc` matches in every context; what has no context, in the default one. */
function prefixMatcher(prefix: string): (subject: string) => boolean {
  const wildcard = `:${WILDCARD_CONTEXT}:`
  if (prefix === wildcard) return () => true
  if (prefix.startsWith(wildcard)) {
    const name = prefix.slice(wildcard.length)
    return (subject) => parseSubject(subject).name.startsWith(name)
  }
  const { context, name } = parseSubject(prefix)
  return (text) => {
    const subject = parseSubject(text)
    return subject.context === context && subject.name.startsWith(name)
  }
}

export function listVersions({ state }: Core, text: string, deleted: Deleted): Outcome<number[]> {
  const subject = canonicalSubject(text)
  const versions = state.versions(subject).filter((entry) => counts(entry, deleted))
  if (versions.length > 0) return done(versions.map(({ version }) => version))
  return subjectNotFound(subject)
}

export function getVersion(
  { state }: Core,
  text: string,
  version: number | 'latest',
  deleted: boolean,
): Outcome<Entry> {
  const subject = canonicalSubject(text)
  const entries = state.versions(subject).filter((entry) => deleted || !entry.deleted)
  if (entries.length === 0) return subjectNotFound(subject)
  const entry = version === 'latest' ? entries.at(-1) : entries.find((each) => each.version === version)
  return entry === undefined ? versionNotFound(version) : done(entry)
}

/** Ids of live schemas that refer to a version, ascending. */
export function referencedBy({ state }: Core, entry: Pick<SchemaVersion, 'subject' | 'version'>): number[] {
  return ascending(state.referrers(entry.subject, entry.version).map(({ id }) => id))
}

const ascending = (ids: readonly number[]): number[] => [...new Set(ids)].sort((a, b) => a - b)

export interface ListedSchemas {
  readonly prefix: string
  readonly deleted: boolean
  readonly latestOnly: boolean
}

export function listSchemas(core: Core, { prefix, deleted, latestOnly }: ListedSchemas): Entry[] {
  return listSubjects(core, prefix, deleted ? 'also' : 'no').flatMap((subject) => {
    const entries = core.state.versions(subject).filter((entry) => deleted || !entry.deleted)
    return latestOnly ? entries.slice(-1) : entries
  })
}

/** Entries with an id: in the context of the subject, if that is qualified; else in the default one, else in any other. */
export function entriesOfId({ state }: Core, id: number, subject: string | undefined): Entry[] {
  const { context, name } = parseSubject(subject ?? '')
  if (context !== DEFAULT_CONTEXT || subject?.startsWith(':.') === true) {
    const entries = state.withId(context, id)
    return name === '' ? entries : ofSubject(entries, qualify(context, name))
  }
  const entries = ofSubject(state.withId(DEFAULT_CONTEXT, id), name)
  if (entries.length > 0) return entries
  const elsewhere = state.contexts().filter((each) => each !== DEFAULT_CONTEXT)
  const found = elsewhere
    .map((each) => (name === '' ? state.withId(each, id) : ofSubject(state.withId(each, id), qualify(each, name))))
    .find((each) => each.length > 0)
  // A subject that does not have the id still says which context is meant.
  return found ?? state.withId(DEFAULT_CONTEXT, id)
}

function ofSubject(entries: readonly Entry[], subject: string): Entry[] {
  return subject === '' ? [...entries] : entries.filter((entry) => entry.subject === subject)
}

export function getById(core: Core, id: number, subject: string | undefined): Outcome<Entry> {
  const [entry] = entriesOfId(core, id, subject)
  return entry === undefined ? refuse(RegistryErrorCode.SCHEMA_NOT_FOUND, `Schema ${id} not found`) : done(entry)
}

export interface SubjectVersion {
  readonly subject: string
  readonly version: number
}

/** Where an id is in use; 40403 when nowhere, not even soft-deleted. */
export function versionsOfId(
  core: Core,
  id: number,
  subject: string | undefined,
  deleted: boolean,
): Outcome<SubjectVersion[]> {
  const entries = entriesOfId(core, id, subject)
  if (entries.length === 0) return refuse(RegistryErrorCode.SCHEMA_NOT_FOUND, `Schema ${id} not found`)
  return done(
    entries
      .filter((entry) => deleted || !entry.deleted)
      .map((entry) => ({ subject: entry.subject, version: entry.version })),
  )
}

/** The first entry of a GUID, the default context before others. */
export function getByGuid({ state }: Core, guid: string): Outcome<Entry> {
  for (const context of contextsDefaultFirst(state.contexts())) {
    const id = state.idOf(context, guid)
    if (id !== undefined) return done(state.withId(context, id)[0]!)
  }
  return refuse(RegistryErrorCode.SCHEMA_NOT_FOUND, `Schema ${guid} not found`)
}

export function idsOfGuid({ state }: Core, guid: string): Outcome<{ context: string; id: number }[]> {
  const ids = contextsDefaultFirst(state.contexts()).flatMap((context) => {
    const id = state.idOf(context, guid)
    return id === undefined ? [] : [{ context, id }]
  })
  return ids.length === 0 ? refuse(RegistryErrorCode.SCHEMA_NOT_FOUND, `Schema ${guid} not found`) : done(ids)
}

const contextsDefaultFirst = (contexts: readonly string[]): string[] => [
  DEFAULT_CONTEXT,
  ...contexts.filter((context) => context !== DEFAULT_CONTEXT),
]

export interface LookupOptions {
  readonly normalize: boolean
  readonly deleted: boolean
}

export function lookUp(core: Core, text: string, body: SchemaRequest, options: LookupOptions): Outcome<Entry> {
  const subject = canonicalSubject(text)
  const entries = core.state.versions(subject)
  if (entries.every((entry) => entry.deleted && !options.deleted)) return subjectNotFound(subject)
  const normalize = options.normalize || effectiveConfig(core, subject).normalize === true
  const prepared = prepare(core, subject, body, { normalize, validate: false })
  if (!prepared.ok) return prepared
  const found = findVersion(core, subject, prepared.value, options)
  return found === undefined ? schemaNotFound() : done(found)
}

export interface CheckOptions {
  /** Only that version; all that the level looks at, unless given. */
  readonly version?: number | 'latest' | undefined
  readonly normalize: boolean
}

export function checkCompatibilityOf(
  core: Core,
  text: string,
  body: SchemaRequest,
  options: CheckOptions,
): Outcome<CompatibilityVerdict> {
  const subject = canonicalSubject(text)
  let entries: Entry[]
  if (options.version === undefined) {
    entries = core.state
      .versions(subject)
      .filter((entry) => !entry.deleted)
      .reverse()
  } else {
    const entry = getVersion(core, subject, options.version, false)
    if (!entry.ok) return entry
    entries = [entry.value]
  }
  const normalize = options.normalize || effectiveConfig(core, subject).normalize === true
  const prepared = prepare(core, subject, body, { normalize, validate: true })
  if (!prepared.ok) return prepared
  const { parsed, content } = prepared.value
  return done(checkAgainst(core, { subject, parsed, metadata: content.metadata }, entries))
}

/** The newest version whose metadata has all the given properties. */
export function latestWithMetadata(
  { state }: Core,
  text: string,
  properties: Readonly<Record<string, string>>,
  deleted: boolean,
): Outcome<Entry> {
  const subject = canonicalSubject(text)
  const entries = state.versions(subject).filter((entry) => deleted || !entry.deleted)
  if (entries.length === 0) return subjectNotFound(subject)
  const found = entries.findLast((entry) =>
    Object.entries(properties).every(([key, value]) => entry.metadata?.properties?.[key] === value),
  )
  return found === undefined ? schemaNotFound() : done(found)
}

/** The text in the rendering that `format` asks for. */
export function rendered(core: Core, entry: Entry, format: string | undefined): string {
  if (format === undefined || format === '') return entry.schema
  return parsedOf(core, entry)?.format(format) ?? entry.schema
}

export function listContexts({ state }: Core, prefix: string): string[] {
  return state.contexts().filter((context) => context.startsWith(prefix))
}

/** Highest id of the context that a subject belongs to. */
export const idMaxOf = ({ state }: Core, subject: string | undefined): number => state.idMax(contextOf(subject ?? ''))
