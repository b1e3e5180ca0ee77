/**
 * Soft and permanent deletion of versions, subjects and contexts.
 *
 * Invariant: what is permanently deleted has a tombstone under every key it was ever found under, so that compaction cannot bring it
 * back; the DELETE_SUBJECT record of a subject goes with its last version.
 */
import { refused, type Core, type Decision } from './core.ts'
import {
  done,
  refuse,
  referenceExists,
  RegistryErrorCode,
  subjectNotFound,
  subjectNotSoftDeleted,
  subjectSoftDeleted,
  versionNotFound,
  versionNotSoftDeleted,
  versionSoftDeleted,
} from './errors.ts'
import type { RegistryRecord } from './record.ts'
import { effectiveMode, isReadOnly, readOnly, tombstones } from './settings.ts'
import type { Entry } from './state.ts'
import { canonicalSubject, contextOf, DEFAULT_CONTEXT } from './subject.ts'

export function decideDeleteSubject(core: Core, text: string, permanent: boolean): Decision<number[]> {
  const { state } = core
  const subject = canonicalSubject(text)
  if (isReadOnly(effectiveMode(core, subject))) return refused(readOnly(subject))
  const entries = state.versions(subject)
  if (entries.length === 0) return refused(subjectNotFound(subject))
  const live = entries.filter((entry) => !entry.deleted)
  if (permanent && live.length > 0) return refused(subjectNotSoftDeleted(subject))
  if (!permanent && live.length === 0) return refused(subjectSoftDeleted(subject))
  const deleted = permanent ? entries : live
  const referred = deleted.find((entry) => isReferred(core, entry, deleted))
  if (referred !== undefined) return refused(referenceExists(keyOf(referred)))
  const records: RegistryRecord[] = permanent
    ? [...entries.flatMap(tombstones), { kind: 'DELETE_SUBJECT', subject, version: null }]
    : [{ kind: 'DELETE_SUBJECT', subject, version: live.at(-1)!.version }, ...settingsOf(core, subject)]
  return { records, response: done(deleted.map((entry) => entry.version)) }
}

export function decideDeleteVersion(
  core: Core,
  text: string,
  version: number | 'latest',
  permanent: boolean,
): Decision<number> {
  const { state } = core
  const subject = canonicalSubject(text)
  if (isReadOnly(effectiveMode(core, subject))) return refused(readOnly(subject))
  const entries = state.versions(subject)
  if (entries.length === 0) return refused(subjectNotFound(subject))
  const entry = version === 'latest' ? latestOf(entries, permanent) : state.version(subject, version)
  if (entry === undefined) return refused(versionNotFound(version))
  if (permanent && !entry.deleted) return refused(versionNotSoftDeleted(subject, entry.version))
  if (!permanent && entry.deleted) return refused(versionSoftDeleted(subject, entry.version))
  if (isReferred(core, entry, [])) return refused(referenceExists(keyOf(entry)))
  const others = entries.filter((each) => each !== entry)
  const isLastLive = others.every((each) => each.deleted)
  const records: RegistryRecord[] = permanent
    ? [
        ...tombstones(entry),
        ...(others.length === 0 ? [{ kind: 'DELETE_SUBJECT', subject, version: null } as const] : []),
      ]
    : [
        ...entry.keyTexts.map((keyText) => softDeleted(entry, keyText)),
        ...(isLastLive ? settingsOf(core, subject) : []),
      ]
  return { records, response: done(entry.version) }
}

/** Forgets a context of which nothing is left. */
export function decideDeleteContext(core: Core, context: string): Decision<null> {
  const { state } = core
  if (context === DEFAULT_CONTEXT || !state.contexts().includes(context)) {
    return refused(refuse(RegistryErrorCode.SUBJECT_NOT_FOUND, `Context '${context}' not found.`))
  }
  if (state.subjects().some((subject) => contextOf(subject) === context)) {
    return refused(refuse(RegistryErrorCode.CONTEXT_NOT_EMPTY, `The specified context '${context}' is not empty.`))
  }
  return {
    records: [...settingsOf(core, `:${context}:`), { kind: 'CONTEXT', tenant: 'default', context, isSet: false }],
    response: done(null),
  }
}

/** Configuration and mode go with the last live version. */
function settingsOf({ state }: Core, subject: string): RegistryRecord[] {
  return [
    ...(state.mode(subject) === undefined ? [] : [{ kind: 'MODE', subject, value: null } as const]),
    ...(state.config(subject) === undefined ? [] : [{ kind: 'CONFIG', subject, value: null } as const]),
  ]
}

function softDeleted({ subject, version, value }: Entry, keyText: string): RegistryRecord {
  return { kind: 'SCHEMA', subject, version, keyText, value: { ...value, deleted: true } }
}

/** Whether a live schema refers to it that is not about to go as well. */
function isReferred({ state }: Core, entry: Entry, going: readonly Entry[]): boolean {
  return state.referrers(entry.subject, entry.version).some((referrer) => !going.includes(referrer))
}

/** The newest version that the call can be about. */
function latestOf(entries: readonly Entry[], permanent: boolean): Entry | undefined {
  return entries.findLast((entry) => entry.deleted === permanent) ?? entries.at(-1)
}

const keyOf = ({ subject, version }: Entry): string => `{magic=1,keytype=SCHEMA,subject=${subject},version=${version}}`
