/** Whether a schema may follow the versions of a subject. */
import type { Incompatibility, ParsedSchema } from './formats.ts'
import type { Core } from './core.ts'
import { effectiveConfig, type EffectiveConfig } from './settings.ts'
import type { Metadata } from './entities.ts'
import { parsedOf } from './prepare.ts'
import type { Entry } from './state.ts'

export interface CompatibilityVerdict {
  readonly incompatibilities: readonly Incompatibility[]
  /** As `verbose` answers and refusals carry them; empty when compatible. */
  readonly messages: readonly string[]
}

export interface Candidate {
  readonly subject: string
  readonly parsed: ParsedSchema
  readonly metadata: Metadata | null
}

/** Compares with the given versions, newest first, at the level in force for the subject. */
export function checkAgainst(core: Core, candidate: Candidate, entries: readonly Entry[]): CompatibilityVerdict {
  const config = effectiveConfig(core, candidate.subject)
  const { compatibilityLevel: level, compatibilityPolicy: policy = 'STRICT' } = config
  if (level === 'NONE') return { incompatibilities: [], messages: [] }
  const compared: { readonly entry: Entry; readonly parsed: ParsedSchema }[] = []
  for (const entry of sameGroup(config, candidate.metadata, entries)) {
    const parsed = parsedOf(core, entry)
    // A stored schema that cannot be read any more can neither be broken: nobody decodes with it.
    if (parsed !== undefined) compared.push({ entry, parsed })
    if (!level.endsWith('_TRANSITIVE') && compared.length === 1) break
  }
  const previous = compared.map(({ parsed }) => parsed)
  const incompatibilities = core.formats.check({ schema: candidate.parsed, previous, level, policy })
  const first = incompatibilities[0]
  if (first === undefined) return { incompatibilities, messages: [] }
  const { entry } = compared[first.previousIndex]!
  return {
    incompatibilities,
    messages: [
      ...incompatibilities.map(({ message }) => message),
      `{oldSchemaVersion: ${entry.version}}`,
      `{oldSchema: '${entry.schema}'}`,
      `{validateFields: '${config.validateFields ?? false}', compatibility: '${level}'}`,
    ],
  }
}

/** With a compatibility group configured, only versions with the same value of that metadata property are compared. */
function sameGroup(config: EffectiveConfig, metadata: Metadata | null, entries: readonly Entry[]): readonly Entry[] {
  const { compatibilityGroup } = config
  if (compatibilityGroup === undefined) return entries
  const group = metadata?.properties?.[compatibilityGroup]
  return entries.filter((entry) => entry.metadata?.properties?.[compatibilityGroup] === group)
}
