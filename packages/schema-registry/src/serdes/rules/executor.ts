/** What runs the rules of one type. */
import type { Rule } from '../../core/entities.ts'
import type { ContractFields } from './fields.ts'

export interface RuleContext {
  readonly topic: string
  readonly isKey: boolean
  readonly subject: string | undefined
  /** The schema that the value is one of. */
  readonly fields: ContractFields
}

/** @returns for a CONDITION whether it holds, for a TRANSFORM the new value @throws what keeps it from being evaluated */
export type RunRule = (value: unknown, context: RuleContext) => unknown

/** Synchronous, as serdes are, and bounded: it sees values that others wrote. */
export interface RuleExecutor {
  /** `CEL`, `CEL_FIELD`, `JSONATA`. */
  readonly type: string
  /** Called once per rule. @throws when the expression is wrong */
  compile(rule: Rule): RunRule
}
