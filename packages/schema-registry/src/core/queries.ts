/** What REST can read: lists, versions, schemas by id and GUID, lookups and compatibility, as plain values in REST's order. */
import type { RuleSet, SchemaReference, SchemaVersion } from './entities.ts'
import {
  done,
  refuse,
  RegistryErrorCode,
  schemaIdNotFound,
  schemaNotFound,
  subjectNotFound,
  versionNotFound,
  type Outcome,
} from './errors.ts'
import { checkAgainst, type CompatibilityVerdict } from './compatibility.ts'
import type { Core } from './core.ts'
import type { SchemaEntity } from './formats.ts'
import { findVersion } from './lookup.ts'
import { parsedOf, prepare, type SchemaRequest } from './prepare.ts'
import { effectiveConfig } from './settings.ts'
import type { Entry } from './state.ts'
import {
  canonicalSubject,
  contextOf,
  DEFAULT_CONTEXT,
  parseSubject,
  qualify,
  referredSubject,
  WILDCARD_CONTEXT,
} from './subject.ts'

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

/** Ids of schemas that refer to a version, ascending. */
export function referencedBy(
  { state }: Core,
  entry: Pick<SchemaVersion, 'subject' | 'version'>,
  deleted: boolean,
): number[] {
  return ascending(state.referrers(entry.subject, entry.version, deleted).map(({ id }) => id))
}

const ascending = (ids: readonly number[]): number[] => [...new Set(ids)].sort((a, b) => a - b)

export interface ListedSchemas {
  readonly prefix: string
  readonly deleted: boolean
  readonly latestOnly: boolean
  /** Subjects that have an alias with the prefix count as well. */
  readonly aliases: boolean
  /** Only schemas with a rule of that type. */
  readonly ruleType: string | undefined
}

export function listSchemas(core: Core, question: ListedSchemas): Entry[] {
  const { prefix, deleted, latestOnly, aliases, ruleType } = question
  const { state } = core
  const matches = prefixMatcher(prefix)
  const isWanted = (subject: string): boolean =>
    (deleted || state.hasLive(subject)) && (matches(subject) || (aliases && state.aliasesOf(subject).some(matches)))
  return state
    .subjects()
    .filter(isWanted)
    .flatMap((subject) => {
      const entries = state.versions(subject).filter((entry) => deleted || !entry.deleted)
      return latestOnly ? entries.slice(-1) : entries
    })
    .filter(({ ruleSet }) => ruleType === undefined || hasRuleOfType(ruleSet, ruleType))
}

function hasRuleOfType(ruleSet: RuleSet | null, type: string): boolean {
  const { migrationRules = [], domainRules = [], encodingRules = [] } = ruleSet ?? {}
  return [...migrationRules, ...domainRules, ...encodingRules].some((rule) => rule.type === type)
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

/** Whether who asks may know of a subject. */
export type Visible = (subject: string) => boolean

export function getById(core: Core, id: number, subject: string | undefined, isVisible: Visible): Outcome<Entry> {
  const entries = seen(entriesOfId(core, id, subject), String(id), isVisible)
  return entries.ok ? done(entries.value[0]!) : entries
}

/** Those of the entries that may be seen; at least one. */
function seen(entries: readonly Entry[], what: string, isVisible: Visible): Outcome<readonly Entry[]> {
  if (entries.length === 0) return schemaIdNotFound(what)
  const visible = entries.filter((entry) => isVisible(entry.subject))
  return visible.length === 0
    ? refuse(RegistryErrorCode.NOT_AUTHORIZED, `Not authorized to see schema ${what} in any subject that has it`)
    : done(visible)
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
  options: { readonly deleted: boolean; readonly isVisible: Visible },
): Outcome<SubjectVersion[]> {
  const { deleted, isVisible } = options
  const entries = seen(entriesOfId(core, id, subject), String(id), isVisible)
  if (!entries.ok) return entries
  return done(
    entries.value
      .filter((entry) => deleted || !entry.deleted)
      .map((entry) => ({ subject: entry.subject, version: entry.version })),
  )
}

/** The first entry of a GUID, the default context before others. */
export function getByGuid(core: Core, guid: string, isVisible: Visible): Outcome<Entry> {
  const entries = seen(entriesOfGuid(core, guid), guid, isVisible)
  return entries.ok ? done(entries.value[0]!) : entries
}

export function idsOfGuid(core: Core, guid: string, isVisible: Visible): Outcome<{ context: string; id: number }[]> {
  const entries = seen(entriesOfGuid(core, guid), guid, isVisible)
  if (!entries.ok) return entries
  const byContext = new Map(entries.value.map(({ subject, id }) => [contextOf(subject), id]))
  return done([...byContext].map(([context, id]) => ({ context, id })))
}

function entriesOfGuid({ state }: Core, guid: string): Entry[] {
  return contextsDefaultFirst(state.contexts()).flatMap((context) => {
    const id = state.idOf(context, guid)
    return id === undefined ? [] : state.withId(context, id)
  })
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
    // Nothing is newest where there is nothing, and what is first is compatible.
    if (!entry.ok && options.version !== 'latest') return entry
    entries = entry.ok ? [entry.value] : []
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

/**
 * The subject that answers for this one: what its own configuration names as its alias, else itself. An alias without a context
 * belongs to the context of the subject; the alias of an alias is not followed.
 */
export function actualSubject({ state }: Core, text: string): string {
  const subject = canonicalSubject(text)
  const alias = parseSubject(subject).name === '' ? undefined : state.config(subject)?.alias
  return alias === undefined || alias === '' ? subject : referredSubject(subject, alias)
}

/** A version's references; `qualified`: their subjects with the context they belong to. */
export function referencesOf({ subject, references }: Entry, format: string | undefined): readonly SchemaReference[] {
  if (format !== 'qualified') return references
  return references.map((reference) => ({ ...reference, subject: referredSubject(subject, reference.subject) }))
}

/** An entity of a schema and those of its tags that were asked for. */
export interface TaggedEntity {
  readonly kind: SchemaEntity['kind']
  readonly path: string
  readonly tags: readonly string[]
}

/** What is tagged, in the schema or in its metadata, with one of the tags; `*` stands for any. */
export function taggedEntities(core: Core, entry: Entry, wanted: readonly string[]): TaggedEntity[] {
  const isWanted = (tag: string): boolean => wanted.includes('*') || wanted.includes(tag)
  const byMetadata = entry.metadata?.tags ?? {}
  const found: TaggedEntity[] = []
  for (const { kind, path, tags } of parsedOf(core, entry)?.entities() ?? []) {
    const all = new Set([...tags, ...(Object.hasOwn(byMetadata, path) ? byMetadata[path]! : [])])
    const asked = [...all].filter(isWanted)
    if (asked.length > 0) found.push({ kind, path, tags: asked })
  }
  return found
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
