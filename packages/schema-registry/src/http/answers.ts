/** Bodies of answers, in the order of members that Confluent's registry writes. */
import type { Config, Metadata, RuleSet, SchemaReference } from '../core/entities.ts'
import type { CompatibilityVerdict } from '../core/compatibility.ts'
import type { Incompatibility } from '../core/formats.ts'
import type { TaggedEntity } from '../core/queries.ts'
import type { ConfigChange } from '../core/settings.ts'

interface Described {
  readonly subject: string
  readonly version: number
  readonly id: number
  readonly guid: string
  readonly schema: string
  readonly schemaType: string
  readonly references: readonly SchemaReference[]
  readonly metadata: Metadata | null
  readonly ruleSet: RuleSet | null
  readonly deleted: boolean
}

/** How a schema is shown: its text, and what else was asked for. */
export interface Shown {
  readonly schema: string
  readonly references?: readonly SchemaReference[] | undefined
  readonly tagged?: readonly TaggedEntity[] | undefined
  readonly idMax?: number | undefined
  readonly aliases?: readonly string[] | undefined
}

const contentBody = (
  { schemaType, references: stored, metadata, ruleSet }: Described,
  { schema, references = stored, tagged }: Shown,
): object => ({
  schemaType,
  ...(references.length === 0 ? {} : { references }),
  ...(metadata === null ? {} : { metadata }),
  ...(ruleSet === null ? {} : { ruleSet }),
  schema,
  ...(tagged === undefined ? {} : { schemaTags: tagged.map(taggedBody) }),
})

const taggedBody = ({ kind, path, tags }: TaggedEntity): object => ({
  schemaEntity: { entityPath: path, entityType: `sr_${kind === 'message' ? 'record' : kind}` },
  tags,
})

/** A version of a subject. */
export const versionBody = (entry: Described, shown: Shown): object => ({
  subject: entry.subject,
  version: entry.version,
  id: entry.id,
  guid: entry.guid,
  ...contentBody(entry, shown),
  ...(entry.deleted ? { deleted: true } : {}),
  ...(shown.aliases === undefined ? {} : { aliases: shown.aliases }),
})

/**
 * What registering answers: the content only when a rendering of it was asked for. Clients take a schema that they are given here
 * for their own, and one that sent a Protobuf descriptor cannot read the text that it is stored as.
 */
export const registeredBody = (entry: Described, schema: string | undefined): object => ({
  id: entry.id,
  version: entry.version,
  guid: entry.guid,
  ...(schema === undefined ? {} : contentBody(entry, { schema })),
})

/** A schema by its id or GUID; whose version it is does not matter. */
export const schemaBody = (entry: Described, shown: Shown): object => ({
  guid: entry.guid,
  ...contentBody(entry, shown),
  ...(shown.idMax === undefined ? {} : { maxId: shown.idMax }),
})

/** A configuration on the way out: the level is called `compatibilityLevel`. */
export function configBody({ compatibilityLevel, ...rest }: Config): object {
  return { ...rest, ...(compatibilityLevel === undefined ? {} : { compatibilityLevel }) }
}

/** A change of the configuration, echoed: the level is called `compatibility`, as on the way in. */
export function configChangeBody({ compatibilityLevel, ...rest }: ConfigChange): object {
  return { ...rest, ...(compatibilityLevel === undefined ? {} : { compatibility: compatibilityLevel }) }
}

export interface VerdictOptions {
  readonly verbose: boolean
  /** Ours: every incompatibility with its path, a document that shows it and the edit that would mend it. */
  readonly explain: boolean
}

export function verdictBody({ messages, incompatibilities }: CompatibilityVerdict, options: VerdictOptions): object {
  return {
    is_compatible: incompatibilities.length === 0,
    ...(options.verbose ? { messages } : {}),
    ...(options.explain ? { incompatibilities: incompatibilities.map(explanation) } : {}),
  }
}

function explanation(incompatibility: Incompatibility): object {
  const { type, path, description, additional, direction, counterExample, fix } = incompatibility
  return { type, path, description, additional, direction, counterExample, fix }
}
