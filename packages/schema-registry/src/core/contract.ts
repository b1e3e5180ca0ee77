/** Data contracts: metadata and rule sets of a version, merged from configuration, request and the version before. */
import type { Config, Metadata, Rule, RuleSet } from './entities.ts'
import type { SchemaRequest } from './prepare.ts'
import type { Entry } from './state.ts'

/** Marks a version in its metadata; no part of a schema's identity. */
export const VERSION_PROPERTY = 'confluent:version'

/** What a request leaves out comes from the version before; the configuration's defaults stand below, its overrides above. */
export function filled(body: SchemaRequest, config: Config, previous: Entry | undefined): SchemaRequest {
  const isContractOnly =
    (body.schema ?? '') === '' &&
    (body.metadata ?? body.ruleSet ?? body.tagsToAdd ?? body.tagsToRemove ?? null) !== null
  const text =
    isContractOnly && previous !== undefined
      ? { schema: previous.schema, schemaType: previous.schemaType, references: previous.references }
      : {}
  const metadata = body.metadata ?? previous?.metadata ?? null
  const ruleSet = body.ruleSet ?? previous?.ruleSet ?? null
  return {
    ...body,
    ...text,
    metadata: mergeMetadata(mergeMetadata(config.defaultMetadata ?? null, metadata), config.overrideMetadata ?? null),
    ruleSet: mergeRuleSets(mergeRuleSets(config.defaultRuleSet ?? null, ruleSet), config.overrideRuleSet ?? null),
  }
}

function mergeMetadata(below: Metadata | null, above: Metadata | null): Metadata | null {
  if (below === null || above === null) return above ?? below
  const sensitive = [...new Set([...(below.sensitive ?? []), ...(above.sensitive ?? [])])].sort()
  const tags = { ...below.tags, ...above.tags }
  const properties = { ...below.properties, ...above.properties }
  return {
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(sensitive.length === 0 ? {} : { sensitive }),
  }
}

function mergeRuleSets(below: RuleSet | null, above: RuleSet | null): RuleSet | null {
  if (below === null || above === null) return above ?? below
  const enableAt = above.enableAt ?? below.enableAt
  return {
    ...mergedRules('migrationRules', below, above),
    ...mergedRules('domainRules', below, above),
    ...mergedRules('encodingRules', below, above),
    ...(enableAt === undefined ? {} : { enableAt }),
  }
}

/** A rule of the same name above replaces the one below. */
function mergedRules(
  kind: 'migrationRules' | 'domainRules' | 'encodingRules',
  below: RuleSet,
  above: RuleSet,
): RuleSet {
  const later = above[kind] ?? []
  const rules = [...(below[kind] ?? []).filter(({ name }) => !later.some((rule) => rule.name === name)), ...later]
  return rules.length === 0 ? {} : { [kind]: rules }
}

/** Equal but for the version that metadata may carry. */
export function isSameContract(
  a: { readonly metadata: Metadata | null; readonly ruleSet: RuleSet | null },
  b: { readonly metadata: Metadata | null; readonly ruleSet: RuleSet | null },
): boolean {
  return contractText(a.metadata, a.ruleSet) === contractText(b.metadata, b.ruleSet)
}

function contractText(metadata: Metadata | null, ruleSet: RuleSet | null): string {
  const { [VERSION_PROPERTY]: _, ...properties } = metadata?.properties ?? {}
  const sorted = (record: object): [string, unknown][] => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([
    sorted(metadata?.tags ?? {}),
    sorted(properties),
    metadata?.sensitive ?? [],
    ruleSet?.migrationRules ?? [],
    ruleSet?.domainRules ?? [],
    ruleSet?.encodingRules ?? [],
    ruleSet?.enableAt ?? null,
  ])
}

const MIGRATION_MODES = new Set(['UPGRADE', 'DOWNGRADE', 'UPDOWN'])
const DOMAIN_MODES = new Set(['WRITE', 'READ', 'WRITEREAD'])
const RULE_NAME = /^[\p{L}_][\p{L}\p{N}_-]{0,63}$/u

/** @returns what is wrong with a rule set */
export function ruleSetProblem(ruleSet: RuleSet | null): string | undefined {
  if (ruleSet === null) return undefined
  const { migrationRules = [], domainRules = [], encodingRules = [] } = ruleSet
  return (
    rulesProblem(migrationRules, MIGRATION_MODES, 'migration') ??
    rulesProblem(domainRules, DOMAIN_MODES, 'domain') ??
    rulesProblem(encodingRules, DOMAIN_MODES, 'encoding')
  )
}

function rulesProblem(rules: readonly Rule[], modes: ReadonlySet<string>, what: string): string | undefined {
  const names = new Set<string>()
  for (const { name, mode, kind, type } of rules) {
    if (typeof name !== 'string' || !RULE_NAME.test(name)) return `Invalid rule name ${JSON.stringify(name)}`
    if (names.has(name)) return `Found rule with duplicate name '${name}'`
    names.add(name)
    if (type === undefined || type === '') return `Rule '${name}' has no type`
    if (kind !== undefined && kind !== 'TRANSFORM' && kind !== 'CONDITION') return `Rule '${name}' has the kind ${kind}`
    if (mode !== undefined && !modes.has(mode)) return `The ${what} rule '${name}' has the mode ${mode}`
  }
  return undefined
}
