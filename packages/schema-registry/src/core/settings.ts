/**
 * Configurations and modes: what is in force for a subject, and their changes.
 *
 * In force is what the subject sets, else its context (`:.ctx:`), else everything (`:.__GLOBAL:`), else the process's defaults; member
 * by member for configurations.
 */
import { COMPATIBILITY_LEVELS, COMPATIBILITY_POLICIES, MODES, type Config, type Mode } from './entities.ts'
import {
  configNotFound,
  done,
  modeNotFound,
  notPermitted,
  refuse,
  RegistryErrorCode,
  subjectNotFound,
  type Outcome,
} from './errors.ts'
import { refused, type Core, type Decision } from './core.ts'
import type { RegistryRecord } from './record.ts'
import { isInScope } from './state.ts'
import { contextOf, parseSubject, scopeAsWritten } from './subject.ts'

/** `null` members take a setting back; absent ones leave it. */
export type ConfigChange = { readonly [K in keyof Config]?: Config[K] | null }

/** From the narrowest scope to the widest. */
function scopesOf(subject: string | null): (string | null)[] {
  if (subject === null) return [null]
  const { name } = parseSubject(subject)
  const context = `:${contextOf(subject)}:`
  return name === '' ? [context, null] : [subject, context, null]
}

export interface EffectiveConfig extends Config {
  readonly compatibilityLevel: NonNullable<Config['compatibilityLevel']>
}

export function effectiveConfig({ state, settings }: Core, subject: string | null): EffectiveConfig {
  const set = scopesOf(subject).map((scope) => state.config(scope) ?? {})
  return Object.assign({ compatibilityLevel: settings.compatibility }, ...set.reverse()) as EffectiveConfig
}

export function effectiveMode({ state, settings }: Core, subject: string | null): Mode {
  if (state.mode(null) === 'READONLY_OVERRIDE') return 'READONLY_OVERRIDE'
  for (const scope of scopesOf(subject)) {
    const mode = state.mode(scope)
    if (mode !== undefined) return mode
  }
  return settings.mode
}

export const isReadOnly = (mode: Mode): boolean => mode === 'READONLY' || mode === 'READONLY_OVERRIDE'

/** The configuration of a scope; with `isInherited`, what is in force where it has none. */
export function readConfig(core: Core, subject: string | null, isInherited: boolean): Outcome<Config> {
  if (subject === null || isInherited) return done(effectiveConfig(core, subject))
  const config = core.state.config(subject)
  return config === undefined ? configNotFound(subject) : done(config)
}

export function readMode(core: Core, subject: string | null, isInherited: boolean): Outcome<Mode> {
  if (subject === null || isInherited) return done(effectiveMode(core, subject))
  const mode = core.state.mode(subject)
  return mode === undefined ? modeNotFound(subject) : done(mode)
}

export function decideSetConfig(core: Core, subject: string | null, change: ConfigChange): Decision<ConfigChange> {
  const invalid = configProblem(change)
  if (invalid !== undefined) return refused(refuse(RegistryErrorCode.INVALID_COMPATIBILITY_LEVEL, invalid))
  if (isReadOnly(effectiveMode(core, subject))) return refused(readOnly(subject))
  const value = Object.fromEntries(
    Object.entries({ ...core.state.config(subject), ...change }).filter(([, member]) => member !== null),
  ) as Config
  return { records: [{ kind: 'CONFIG', subject: scopeAsWritten(subject), value }], response: done(change) }
}

export function decideDeleteConfig(core: Core, subject: string | null): Decision<Config> {
  const before = core.state.config(subject)
  if (subject !== null && before === undefined) return refused(subjectNotFound(subject))
  if (isReadOnly(effectiveMode(core, subject))) return refused(readOnly(subject))
  return {
    records: before === undefined ? [] : [{ kind: 'CONFIG', subject: scopeAsWritten(subject), value: null }],
    response: done(before ?? effectiveConfig(core, subject)),
  }
}

export function decideSetMode(core: Core, subject: string | null, mode: string, force: boolean): Decision<Mode> {
  const { state, settings } = core
  if (!(MODES as readonly string[]).includes(mode)) {
    return refused(
      refuse(
        RegistryErrorCode.INVALID_MODE,
        `Invalid mode. Valid values are ${MODES.filter((each) => each !== 'READONLY_OVERRIDE').join(', ')}`,
      ),
    )
  }
  const wanted = mode as Mode
  if (!settings.modeMutability) return refused(notPermitted('Mode changes are not allowed'))
  const scope = scopeAsWritten(subject)
  const set: RegistryRecord = { kind: 'MODE', subject: scope, value: wanted }
  if (wanted !== 'IMPORT' || force || effectiveMode(core, subject) === 'IMPORT') {
    return { records: [set], response: done(wanted) }
  }
  const subjects = state.subjects().filter((each) => isInScope(each, subject))
  if (subjects.some((each) => state.hasLive(each))) {
    return refused(notPermitted('Cannot import since found existing subjects'))
  }
  // What was soft-deleted holds ids that the import may want; it goes for good, under the bytes it was written with.
  const leftovers = subjects.flatMap((each) => state.versions(each)).flatMap(tombstones)
  const clear: RegistryRecord[] = leftovers.length === 0 ? [] : [{ kind: 'CLEAR_SUBJECT', subject: scope, isSet: true }]
  return { records: [...clear, ...leftovers, set], response: done(wanted) }
}

export function decideDeleteMode(core: Core, subject: string | null, recursive: boolean): Decision<Mode> {
  const { state, settings } = core
  if (!settings.modeMutability) return refused(notPermitted('Mode changes are not allowed'))
  const before = state.mode(subject)
  const scopes = recursive
    ? state.modeScopes().filter((scope) => isInScope(scope, subject) || isSame(scope, subject))
    : before === undefined
      ? []
      : [subject]
  if (subject !== null && before === undefined && scopes.length === 0) return refused(modeNotFound(subject))
  return {
    records: scopes.map((scope) => ({ kind: 'MODE', subject: scopeAsWritten(scope), value: null })),
    response: done(before ?? effectiveMode(core, subject)),
  }
}

/** One tombstone for each key that an entry was found under. */
export function tombstones(entry: {
  readonly subject: string
  readonly version: number
  readonly keyTexts: readonly string[]
}): RegistryRecord[] {
  const { subject, version, keyTexts } = entry
  return keyTexts.map((keyText) => ({ kind: 'SCHEMA', subject, version, value: null, keyText }))
}

export const readOnly = (subject: string | null) =>
  notPermitted(subject === null ? 'The registry is in read-only mode' : `Subject ${subject} is in read-only mode`)

const isSame = (a: string | null, b: string | null): boolean => (a ?? ':.__GLOBAL:') === (b ?? ':.__GLOBAL:')

function configProblem({ compatibilityLevel, compatibilityPolicy }: ConfigChange): string | undefined {
  if (!COMPATIBILITY_LEVELS.includes(compatibilityLevel ?? 'NONE')) {
    return `Invalid compatibility level. Valid values are ${COMPATIBILITY_LEVELS.join(', ')}`
  }
  if (!COMPATIBILITY_POLICIES.includes(compatibilityPolicy ?? 'STRICT')) {
    return `Invalid compatibility policy. Valid values are ${COMPATIBILITY_POLICIES.join(', ')}`
  }
  return undefined
}
