/** From a request's schema to what would be stored: references resolved, text parsed and made canonical. */
import {
  SCHEMA_TYPES,
  type Metadata,
  type RuleSet,
  type SchemaContent,
  type SchemaReference,
  type SchemaType,
} from './entities.ts'
import { done, refuse, RegistryErrorCode, type Outcome } from './errors.ts'
import type { ParsedSchema, ResolvedReference } from './formats.ts'
import type { Core } from './core.ts'
import type { EntityTags } from './tagging.ts'
import type { Entry } from './state.ts'
import { referredSubject } from './subject.ts'

/** Body of register, lookup and compatibility check. */
export interface SchemaRequest {
  readonly schema?: string | undefined
  readonly schemaType?: string | undefined
  readonly references?: readonly SchemaReference[] | undefined
  readonly metadata?: Metadata | null | undefined
  readonly ruleSet?: RuleSet | null | undefined
  readonly id?: number | undefined
  readonly version?: number | undefined
  readonly tagsToAdd?: readonly EntityTags[] | undefined
  readonly tagsToRemove?: readonly EntityTags[] | undefined
  /** Take over the tags of the version before. */
  readonly propagatesTags?: boolean | undefined
}

export interface Prepared {
  readonly content: SchemaContent
  readonly parsed: ParsedSchema
}

export interface PrepareOptions {
  readonly normalize: boolean
  readonly validate: boolean
}

export function prepare(core: Core, subject: string, body: SchemaRequest, options: PrepareOptions): Outcome<Prepared> {
  const type = body.schemaType ?? 'AVRO'
  if (!(SCHEMA_TYPES as readonly string[]).includes(type)) return invalid(`Invalid schema type ${type}`)
  const schemaType = type as SchemaType
  const { schema } = body
  if (schema === undefined || schema.trim() === '') return invalid('Empty schema')
  if (core.settings.schemaSizeMaxBytes < schema.length) {
    return tooLarge(
      `The schema has ${schema.length} characters, at most ${core.settings.schemaSizeMaxBytes} are allowed`,
    )
  }
  const resolved = resolveReferences(core, subject, body.references ?? [], { live: true })
  if (!resolved.ok) return resolved
  const outcome = core.formats.parse({ schemaType, schema, references: resolved.value, validate: options.validate })
  if (!outcome.ok) {
    return outcome.isTooLarge
      ? tooLarge(outcome.message)
      : invalid(`Invalid schema of type ${schemaType}, details: ${outcome.message}`)
  }
  const { parsed } = outcome
  const references = resolved.value.map(({ name, subject: referred, version }) => ({
    name,
    subject: referred,
    version,
  }))
  return done({
    parsed,
    content: {
      schema: options.normalize ? parsed.normalized() : parsed.canonical,
      schemaType,
      references: options.normalize ? sortedByName(references) : references,
      metadata: body.metadata ?? null,
      ruleSet: body.ruleSet ?? null,
    },
  })
}

/** The parsed schema of a stored version; parsed once, while it is in use. A stored schema that does not parse is `undefined`. */
export function parsedOf(core: Core, entry: Entry): ParsedSchema | undefined {
  const known = core.state.parsed.get(entry)
  if (known !== undefined) return known
  const resolved = resolveReferences(core, entry.subject, entry.references, { live: false })
  if (!resolved.ok) return undefined
  const { schema, schemaType } = entry
  const outcome = core.formats.parse({ schemaType, schema, references: resolved.value, validate: false })
  if (!outcome.ok) return undefined
  core.state.parsed.set(entry, outcome.parsed)
  return outcome.parsed
}

/** @param options.live whether a soft-deleted version can be referred to (it can by what was registered before) */
export function resolveReferences(
  core: Core,
  parent: string,
  references: readonly SchemaReference[],
  options: { readonly live: boolean },
): Outcome<ResolvedReference[]> {
  const { state } = core
  /** Shared subtrees are resolved once: a chain of diamonds would grow without bound otherwise. */
  const seen = new Map<Entry, Outcome<ResolvedReference[]> | 'open'>()

  const resolveAll = (from: string, list: readonly SchemaReference[], live: boolean): Outcome<ResolvedReference[]> => {
    const resolved: ResolvedReference[] = []
    for (const reference of list) {
      const subject = referredSubject(from, reference.subject)
      const entry = reference.version === -1 ? state.latest(subject) : state.version(subject, reference.version)
      if (entry === undefined || (live && entry.deleted)) {
        return invalid(`No schema reference found for subject "${reference.subject}" and version ${reference.version}`)
      }
      const inner = seen.get(entry) ?? enter(entry)
      if (inner === 'open')
        return invalid(`The references of subject "${subject}" version ${entry.version} form a circle`)
      if (!inner.ok) return inner
      const { schema } = entry
      const { name } = reference
      resolved.push({ name, subject: reference.subject, version: entry.version, schema, references: inner.value })
    }
    return done(resolved)
  }
  const enter = (entry: Entry): Outcome<ResolvedReference[]> => {
    seen.set(entry, 'open')
    const inner = resolveAll(entry.subject, entry.references, false)
    seen.set(entry, inner)
    return inner
  }
  return resolveAll(parent, references, options.live)
}

const invalid = (message: string) => refuse(RegistryErrorCode.INVALID_SCHEMA, message)
const tooLarge = (message: string) => refuse(RegistryErrorCode.SCHEMA_TOO_LARGE, message)

function sortedByName(references: readonly SchemaReference[]): SchemaReference[] {
  const byName = new Map(references.map((reference) => [reference.name, reference]))
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}
