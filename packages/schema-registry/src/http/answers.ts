/** Bodies of answers, in the order of members that Confluent's registry writes. */
import type { Config, Metadata, RuleSet, SchemaReference } from '../core/entities.ts'
import type { CompatibilityVerdict } from '../core/compatibility.ts'
import type { Incompatibility } from '../core/formats.ts'
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

const contentBody = ({ schemaType, references, metadata, ruleSet }: Described, schema: string): object => ({
  schemaType,
  ...(references.length === 0 ? {} : { references }),
  ...(metadata === null ? {} : { metadata }),
  ...(ruleSet === null ? {} : { ruleSet }),
  schema,
})

/** A version of a subject. */
export const versionBody = (entry: Described, schema: string): object => ({
  subject: entry.subject,
  version: entry.version,
  id: entry.id,
  guid: entry.guid,
  ...contentBody(entry, schema),
  ...(entry.deleted ? { deleted: true } : {}),
})

/**
 * What registering answers: the content only when a rendering of it was asked for. Clients take a schema that they are given here
 * for their own, and one that sent a Protobuf descriptor cannot read the text that it is stored as.
 */
export const registeredBody = (entry: Described, schema: string | undefined): object => ({
  id: entry.id,
  version: entry.version,
  guid: entry.guid,
  ...(schema === undefined ? {} : contentBody(entry, schema)),
})

/** A schema by its id or GUID; whose version it is does not matter. */
export const schemaBody = (entry: Described, schema: string, idMax?: number): object => ({
  guid: entry.guid,
  ...contentBody(entry, schema),
  ...(idMax === undefined ? {} : { maxId: idMax }),
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
