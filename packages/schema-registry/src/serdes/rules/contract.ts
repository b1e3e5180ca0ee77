/**
 * The rules of a data contract, run where values are written and read.
 *
 * | kind      | result                  | success   | failure                       |
 * |-----------|-------------------------|-----------|-------------------------------|
 * | CONDITION | true or false           | onSuccess | onFailure, when it is false   |
 * | TRANSFORM | the value from there on | onSuccess | onFailure, when it throws     |
 *
 * Writing runs the rules of the modes WRITE and WRITEREAD in order, reading those of READ and WRITEREAD from the last to the first,
 * between two versions UPGRADE, DOWNGRADE and UPDOWN. Actions: NONE goes on, ERROR (the default on failure) refuses, DLQ hands the value
 * over and refuses. `a,b` in an action of a rule with two modes is one for each. Encryption (ENCRYPT, ENCRYPT_PAYLOAD) is not here:
 * a schema that asks for it is refused, so that nothing is written in the clear by mistake.
 *
 * Source: the public description of Confluent's data contracts.
 */
import type { SerdeContext } from '@braidlog/client'
import type { Rule } from '../../core/entities.ts'
import { SerdeError } from '../errors.ts'
import type { SerdeOptions } from '../options.ts'
import type { RegistryClient, RegistrySchema } from '../registry-client.ts'
import { cel, celField } from './cel.ts'
import type { RuleContext, RuleExecutor, RunRule } from './executor.ts'
import type { ContractFields } from './fields.ts'
import { jsonata } from './jsonata.ts'

export interface Contract {
  /** @throws SerdeError RULE_FAILED */
  write(value: unknown, context: SerdeContext): unknown
  /** @throws SerdeError RULE_FAILED */
  read(value: unknown, context: SerdeContext): unknown
}

type Direction = 'write' | 'read'

interface CompiledRule {
  readonly rule: Rule
  readonly run: RunRule
}

/** @returns undefined where the schema has no rules for values @throws SerdeError RULE_FAILED for rules that cannot be run */
export function contractOf(
  schema: RegistrySchema,
  fields: ContractFields,
  options: SerdeOptions,
): Contract | undefined {
  const { ruleSet, subject } = schema
  if (ruleSet === undefined || !isEnabled(ruleSet.enableAt)) return undefined
  const encoding = (ruleSet.encodingRules ?? []).find(({ disabled }) => disabled !== true)
  if (encoding !== undefined) throw unsupported(encoding)
  const rules = compile(ruleSet.domainRules ?? [], options)
  const writes = rules.filter(({ rule }) => rule.mode === 'WRITE' || rule.mode === 'WRITEREAD')
  const reads = rules.filter(({ rule }) => rule.mode === 'READ' || rule.mode === 'WRITEREAD').reverse()
  if (writes.length === 0 && reads.length === 0) return undefined
  const context = ({ topic, isKey }: SerdeContext): RuleContext => ({ topic, isKey, subject, fields })
  return {
    write: (value, at) => applyAll(writes, value, context(at), 'write', options),
    read: (value, at) => applyAll(reads, value, context(at), 'read', options),
  }
}

type Migrate = (value: unknown, context: RuleContext) => unknown

/** Versions that a migration goes through at most. */
const MIGRATION_VERSIONS_MAX = 1_000

/** The migration rules between two versions of a subject, on values as rules see them; undefined where there are none. */
export async function migrationsBetween(
  registry: RegistryClient,
  subject: string,
  writer: RegistrySchema,
  reader: RegistrySchema,
  options: SerdeOptions,
): Promise<Migrate | undefined> {
  const from = writer.version ?? (await registry.lookup(subject, writer)).version
  const to = reader.version
  if (from === undefined || to === undefined || from === to) return undefined
  const isUp = to > from
  const [low, high] = isUp ? [from, to] : [to, from]
  const between = (await registry.versions(subject)).filter((version) => version > low && version <= high)
  if (between.length > MIGRATION_VERSIONS_MAX)
    throw new SerdeError(
      'RULE_FAILED',
      `${subject}: versions ${from} and ${to} are more than ${MIGRATION_VERSIONS_MAX} apart`,
    )
  between.sort((a, b) => (isUp ? a - b : b - a))
  const steps: CompiledRule[] = []
  for (const version of between) {
    const { ruleSet } = await registry.version(subject, version)
    if (!isEnabled(ruleSet?.enableAt)) continue
    const modes = isUp ? ['UPGRADE', 'UPDOWN'] : ['DOWNGRADE', 'UPDOWN']
    const rules = compile(
      (ruleSet?.migrationRules ?? []).filter(({ mode }) => modes.includes(mode ?? '')),
      options,
    )
    steps.push(...(isUp ? rules : rules.reverse()))
  }
  if (steps.length === 0) return undefined
  // Between the versions values belong to no schema: they stay as rules see them until the last step is done.
  return (value, context) =>
    applyAll(steps, value, { ...context, fields: loose(context.fields) }, isUp ? 'write' : 'read', options)
}

function loose(fields: ContractFields): ContractFields {
  return {
    toRules: (value) => value,
    fromRules: (value) => value,
    mapFields: (value, change) => fields.mapFields(value, change),
  }
}

function compile(rules: readonly Rule[], options: SerdeOptions): CompiledRule[] {
  const executors: readonly RuleExecutor[] = [...(options.ruleExecutors ?? []), cel, celField, jsonata]
  return rules
    .filter(({ disabled }) => disabled !== true)
    .map((rule) => {
      const executor = executors.find(({ type }) => type === rule.type)
      if (executor === undefined) throw unsupported(rule)
      try {
        return { rule, run: executor.compile(rule) }
      } catch (cause) {
        throw failed(rule, `cannot be compiled: ${messageOf(cause)}`, cause)
      }
    })
}

function unsupported(rule: Rule): SerdeError {
  return failed(
    rule,
    `is of type ${rule.type ?? 'none'}, which nothing here runs; give the serde a rule executor for it, or rules: false`,
  )
}

function isEnabled(enableAt: string | undefined): boolean {
  if (enableAt === undefined) return true
  const atMs = Date.parse(enableAt)
  return Number.isNaN(atMs) || atMs <= Date.now()
}

function applyAll(
  rules: readonly CompiledRule[],
  value: unknown,
  context: RuleContext,
  direction: Direction,
  options: SerdeOptions,
): unknown {
  let current = value
  for (const { rule, run } of rules) {
    let result: unknown
    let problem: SerdeError | undefined
    try {
      result = run(current, context)
      if (rule.kind === 'CONDITION' && result !== true) problem = failed(rule, `does not hold${expressionOf(rule)}`)
    } catch (cause) {
      problem = failed(rule, `failed: ${messageOf(cause)}`, cause)
    }
    if (problem === undefined && rule.kind !== 'CONDITION') current = result
    act(rule, problem, current, context, direction, options)
  }
  return current
}

function act(
  rule: Rule,
  problem: SerdeError | undefined,
  value: unknown,
  context: RuleContext,
  direction: Direction,
  options: SerdeOptions,
): void {
  const action =
    actionOf(problem === undefined ? rule.onSuccess : rule.onFailure, direction) ??
    (problem === undefined ? 'NONE' : 'ERROR')
  switch (action.toUpperCase()) {
    case 'NONE':
      return
    case 'DLQ': {
      const error = problem ?? failed(rule, 'sends what satisfies it to the dead letters')
      options.onRuleDeadLetter?.({ topic: context.topic, isKey: context.isKey, rule: rule.name, value, error })
      throw error
    }
    case 'ERROR':
      throw problem ?? failed(rule, 'refuses what satisfies it')
    default:
      throw failed(rule, `has the unknown action ${action}`)
  }
}

/** `WRITE action,READ action` of a rule with two modes. */
function actionOf(action: string | undefined, direction: Direction): string | undefined {
  if (action === undefined || action === '') return undefined
  const [first, second] = action.split(',')
  return direction === 'read' && second !== undefined ? second.trim() : first!.trim()
}

function failed(rule: Rule, what: string, cause?: unknown): SerdeError {
  return new SerdeError('RULE_FAILED', `rule "${rule.name}" ${what}`, { cause, rule: rule.name })
}

function expressionOf({ doc, expr }: Rule): string {
  const text = doc ?? expr
  return text === undefined ? '' : `: ${text.slice(0, 200)}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.split('\n', 1)[0]! : String(error)
}
