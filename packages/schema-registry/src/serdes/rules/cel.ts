/**
 * Rules in the Common Expression Language: CEL looks at a whole value (`message`), CEL_FIELD at one scalar field after another
 * (`value`, `name`, `fullName`, `typeName`, `tags`, `message`). `guard ; expression` evaluates the second only where the first holds.
 *
 * Bounds: an expression has at most `EXPRESSION_SIZE_MAX` characters, its loops nest at most `LOOP_DEPTH_MAX` deep, nested loops see
 * lists of at most `NESTED_LIST_SIZE_MAX` items; regular expressions are matched with a bound on steps instead of the host's.
 */
import { Environment, type ParseResult } from '@marcbachmann/cel-js'
import type { Rule } from '../../core/entities.ts'
import { patternMatches } from '../../formats/json/pattern.ts'
import { SerdeError } from '../errors.ts'
import type { RuleExecutor, RunRule } from './executor.ts'
import type { ContractField } from './fields.ts'

export const EXPRESSION_SIZE_MAX = 10_000
export const LOOP_DEPTH_MAX = 2
export const NESTED_LIST_SIZE_MAX = 1_000

const base = new Environment({
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 2_000, maxDepth: 100, maxListElements: 1_000, maxMapEntries: 1_000, maxCallArguments: 16 },
})
  .registerVariable('message', 'dyn')
  .registerFunction('string.matchesWithinBounds(string): bool', (text: string, pattern: string) => {
    const verdict = patternMatches(pattern, text)
    if (verdict === undefined)
      throw new Error(`the pattern ${JSON.stringify(pattern)} takes too long, or is not one that can be bounded`)
    return verdict
  })

const ofField = base
  .clone()
  .registerVariable('value', 'dyn')
  .registerVariable('name', 'string')
  .registerVariable('fullName', 'string')
  .registerVariable('typeName', 'string')
  .registerVariable('tags', 'list<string>')

type Evaluate = (variables: Readonly<Record<string, unknown>>) => unknown

export const cel: RuleExecutor = {
  type: 'CEL',
  compile(rule) {
    const evaluate = guarded(rule, base.clone())
    return (value, { fields }) => {
      const result = evaluate({ message: fields.toRules(value) })
      if (result === SKIPPED) return rule.kind === 'CONDITION' ? true : value
      return rule.kind === 'CONDITION' ? result : fields.fromRules(result)
    }
  },
}

export const celField: RuleExecutor = {
  type: 'CEL_FIELD',
  compile(rule): RunRule {
    const evaluate = guarded(rule, ofField.clone())
    const wanted = new Set(rule.tags ?? [])
    const applies = (field: ContractField): boolean =>
      wanted.size === 0 || [...field.tags].some((tag) => wanted.has(tag))
    const variables = ({ name, fullName, typeName, tags, message }: ContractField, value: unknown) => ({
      value,
      name,
      fullName,
      typeName,
      tags: [...tags],
      message,
    })
    return (whole, { fields }) => {
      if (rule.kind === 'CONDITION') {
        let holds = true
        fields.mapFields(fields.toRules(whole), (field, value) => {
          if (holds && applies(field)) holds = [true, SKIPPED].includes(evaluate(variables(field, value)) as true)
          return value
        })
        return holds
      }
      const changed = fields.mapFields(fields.toRules(whole), (field, value) => {
        if (!applies(field)) return value
        const result = evaluate(variables(field, value))
        return result === SKIPPED ? value : result
      })
      return fields.fromRules(changed)
    }
  },
}

const SKIPPED = Symbol('the guard does not hold')

function guarded(rule: Rule, environment: Environment): Evaluate {
  const text = rule.expr ?? ''
  if (text.length > EXPRESSION_SIZE_MAX)
    throw new SerdeError('RULE_FAILED', `the expression has more than ${EXPRESSION_SIZE_MAX} characters`)
  const semicolon = outsideOfText(text, ';')
  const guard = semicolon < 0 ? '' : text.slice(0, semicolon).trim()
  const run = compiled(text.slice(semicolon + 1), environment)
  if (guard === '') return run
  const holds = compiled(guard, environment)
  return (variables) => (holds(variables) === true ? run(variables) : SKIPPED)
}

/** The first place of a character that is not inside a string; -1 for none. */
function outsideOfText(text: string, wanted: string): number {
  let quote: string | undefined
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (quote !== undefined) {
      if (c === '\\') i++
      else if (c === quote) quote = undefined
    } else if (c === '"' || c === "'") quote = c
    else if (c === wanted) return i
  }
  return -1
}

/** As the parser describes an expression. */
interface Node {
  readonly op: string
  readonly args: unknown
  readonly start: number
  readonly end: number
}

function compiled(text: string, environment: Environment): Evaluate {
  const bounded = withBoundedMatches(text, environment.parse(text).ast as unknown as Node)
  const program: ParseResult = environment.parse(bounded)
  const depth = loopDepth(program.ast as unknown as Node)
  if (depth > LOOP_DEPTH_MAX)
    throw new SerdeError('RULE_FAILED', `loops nest ${depth} deep, at most ${LOOP_DEPTH_MAX} are allowed`)
  return (variables) => {
    if (depth > 1) assertShortLists(variables, 0)
    return program(variables)
  }
}

/** The library matches with the host's RegExp, which has no bound. */
function withBoundedMatches(text: string, ast: Node): string {
  const places: number[] = []
  visit(ast, (node) => {
    if ((node.op !== 'rcall' && node.op !== 'call') || !Array.isArray(node.args) || node.args[0] !== 'matches') return
    if (node.op === 'call')
      throw new SerdeError('RULE_FAILED', 'write text.matches(pattern), not matches(text, pattern)')
    places.push(text.indexOf('matches', (node.args[1] as Node).end))
  })
  let result = text
  for (const place of places.sort((a, b) => b - a))
    result = `${result.slice(0, place)}matchesWithinBounds${result.slice(place + 'matches'.length)}`
  return result
}

const LOOPS = new Set(['all', 'exists', 'exists_one', 'map', 'filter', 'transformList', 'transformMap'])

function loopDepth(value: unknown): number {
  if (Array.isArray(value)) return Math.max(0, ...value.map(loopDepth))
  if (!isNode(value)) return 0
  const isLoop = value.op === 'rcall' && Array.isArray(value.args) && LOOPS.has(value.args[0] as string)
  return loopDepth(value.args) + (isLoop ? 1 : 0)
}

function visit(value: unknown, look: (node: Node) => void): void {
  if (Array.isArray(value)) for (const each of value) visit(each, look)
  else if (isNode(value)) {
    look(value)
    visit(value.args, look)
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}

function assertShortLists(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || depth > 100) return
  const items = Array.isArray(value) ? (value as unknown[]) : Object.values(value)
  if (items.length > NESTED_LIST_SIZE_MAX)
    throw new SerdeError(
      'RULE_FAILED',
      `a rule with loops inside loops sees at most ${NESTED_LIST_SIZE_MAX} items, not ${items.length}`,
    )
  for (const item of items) assertShortLists(item, depth + 1)
}
