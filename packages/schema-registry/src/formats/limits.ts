/**
 * Bounds on what a schema may cost, so that parsing and checking end in time and memory proportional to the text.
 * All of them are refused as `SchemaError` with code SCHEMA_TOO_LARGE.
 */
import { SchemaError } from './errors.ts'

/** Characters of one schema text; its references are counted together against `REFERENCED_SIZE_MAX`. */
export const SCHEMA_SIZE_MAX = 4 * 1024 * 1024
/** Characters of all texts one schema refers to, directly or not. */
export const REFERENCED_SIZE_MAX = 16 * 1024 * 1024
/** How deep types, messages, JSON values and references may nest. */
export const DEPTH_MAX = 200
/** Schemas one schema may refer to, directly or not. */
export const REFERENCE_COUNT_MAX = 1000
/** Pairs of subschemas a compatibility check compares before it gives up and answers BUDGET_EXHAUSTED (well under a second of CPU). */
export const COMPARED_PAIRS_MAX = 1_000_000
/** Pairs of one check against all the versions it looks at, together (a few seconds of CPU). */
export const COMPARED_PAIRS_TOTAL_MAX = 4_000_000
/** Steps spent on one counter-example; past it the incompatibility is reported without one. */
export const WITNESS_STEPS_MAX = 10_000
/** Characters of a counter-example; longer ones explain nothing. */
export const WITNESS_SIZE_MAX = 16_384
/** Incompatibilities one check reports; more are cut. */
export const INCOMPATIBILITY_COUNT_MAX = 1000

/** Steps that one comparison may take, of those that the whole check may. */
export class StepBudget {
  readonly #check: { left: number }
  #left: number

  constructor(check: { left: number } = { left: COMPARED_PAIRS_TOTAL_MAX }) {
    this.#check = check
    this.#left = COMPARED_PAIRS_MAX
  }

  get isExhausted(): boolean {
    return this.#left < 0 || this.#check.left < 0
  }

  /** @returns whether there was one left */
  take(): boolean {
    this.#left--
    this.#check.left--
    return !this.isExhausted
  }
}

export function assertSchemaSize(text: string): void {
  if (text.length > SCHEMA_SIZE_MAX) {
    throw new SchemaError(
      `the schema has ${text.length} characters, at most ${SCHEMA_SIZE_MAX} are allowed`,
      '',
      'SCHEMA_TOO_LARGE',
    )
  }
}

export function assertDepth(depth: number, path: string): void {
  if (depth > DEPTH_MAX) throw new SchemaError(`nested deeper than ${DEPTH_MAX} levels`, path, 'SCHEMA_TOO_LARGE')
}
