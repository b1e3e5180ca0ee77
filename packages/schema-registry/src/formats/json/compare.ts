/**
 * The comparison of two JSON Schemas, shape by shape: `original` wrote the documents, `update` is to read them.
 *
 * The rules only say what changed; whoever runs them decides what a change means (a verdict, or a list with witnesses).
 * Where a rule must know whether two schemas are compatible as a whole (branches, partially open content models) it asks `holds`,
 * and asks it in one direction only: more pairs that hold never make fewer changes. That is what makes the fixpoint of
 * `compatibility.ts` sound for recursive schemas.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../json-text.ts'
import { WITNESS_STEPS_MAX } from '../limits.ts'
import { accepts } from './accepts.ts'
import { compareArrays } from './compare-array.ts'
import { compareObjects } from './compare-object.ts'
import { compareEnums, compareNumbers, compareStrings } from './compare-value.ts'
import type { Aspect, CombinedShape, Shape, Shapes } from './shape.ts'

/** Anything that has a shape; undefined where one side has no schema. */
export type Schema = Shape | JsonValue | undefined

/** From a value at a place to a document of the original's that has it there; undefined if none is known. */
export type Embedding = (value: JsonValue) => JsonValue | undefined

export interface ChangeDetail {
  /** The keyword's value on both sides, as text, where a keyword changed. */
  readonly keyword?: string
  readonly from?: string | undefined
  readonly to?: string | undefined
  /** The property or item it is about. */
  readonly name?: string
  /** Values at this place that could show the change. */
  readonly candidates?: readonly JsonValue[]
}

/** What the rules work with: where they are, and whom they tell. */
export interface Comparison {
  readonly original: Shapes
  readonly update: Shapes
  report(type: string, step: string, detail?: ChangeDetail): void
  /** Compares two schemas below this place. */
  child(original: Schema, update: Schema, step: string, embedding?: Embedding): void
  /** Whether `update` reads all that `original` wrote. */
  holds(original: Schema, update: Schema): boolean
  /** The same question about two schemas of the update's document and the original's, exchanged: for `not`. */
  holdsReversed(update: Schema, original: Schema): boolean
}

/** Compares two schemas with their annotations. */
export function compareSchemas(original: Schema, update: Schema, comparison: Comparison): void {
  if (original === undefined && update === undefined) return
  if (original === undefined) return comparison.report('SCHEMA_ADDED', '')
  if (update === undefined) return comparison.report('SCHEMA_REMOVED', '')
  const [o, u] = [comparison.original.of(original), comparison.update.of(update)]
  if (o.kind === 'false' || u.kind === 'true') return
  if (areConnectBytes(original, update, comparison)) return
  compareShapes(o, u, comparison)
}

function areConnectBytes(original: Schema, update: Schema, comparison: Comparison): boolean {
  const isBytes = (node: Schema, shapes: Shapes): boolean => {
    const annotated = isJsonObject(node as JsonValue) ? shapes.annotated(node as JsonObject) : undefined
    return annotated?.get('connect.type') === 'bytes'
  }
  return isBytes(original, comparison.original) && isBytes(update, comparison.update)
}

function compareShapes(o: Shape, u: Shape, comparison: Comparison): void {
  if (o.kind === 'true') return comparison.report('TYPE_NARROWED', '')
  if (u.kind === 'false') return comparison.report('TYPE_NARROWED', '')
  if (o.kind === 'false' || u.kind === 'true') return
  if (o.kind === 'enum' && u.kind !== 'enum') {
    // Listed values are read where each of them is accepted.
    const misfit = o.values.find((value) => accepts(comparison.update, u, value, { left: WITNESS_STEPS_MAX }) !== true)
    return misfit === undefined ? undefined : comparison.report('TYPE_CHANGED', '', { candidates: [misfit] })
  }
  if (o.kind === 'product' || u.kind === 'product') return compareProducts(aspectsOf(o), aspectsOf(u), comparison)
  if (o.kind === 'combined' || u.kind === 'combined') return compareCombined(o, u, comparison)
  if (o.kind === 'not' && u.kind === 'not') {
    // What is forbidden may only shrink.
    if (comparison.holdsReversed(u.inner, o.inner)) return
    return comparison.report('NOT_TYPE_EXTENDED', '/not')
  }
  if (o.kind === 'conditional' && u.kind === 'conditional') {
    if (!comparison.holds(o.test, u.test) || !comparison.holdsReversed(u.test, o.test))
      return comparison.report('TYPE_CHANGED', '/if')
    comparison.child(o.whenTrue, u.whenTrue, '/then')
    return comparison.child(o.whenFalse, u.whenFalse, '/else')
  }
  if (u.kind === 'enum') {
    if (o.kind === 'enum') return compareEnums(o, u, comparison)
    return comparison.report('TYPE_NARROWED', '')
  }
  if (!isTyped(o) || !isTyped(u)) return comparison.report('TYPE_CHANGED', '')
  if (o.kind !== u.kind) {
    // Keywords without a type do not bind values of another type.
    if (u.loose && !o.loose) return
    return comparison.report('TYPE_CHANGED', '')
  }
  if (o.loose && !u.loose) comparison.report('TYPE_NARROWED', '')
  if (o.kind === 'string' && u.kind === 'string') compareStrings(o, u, comparison)
  else if (o.kind === 'number' && u.kind === 'number') compareNumbers(o, u, comparison)
  else if (o.kind === 'object' && u.kind === 'object') compareObjects(o, u, comparison)
  else if (o.kind === 'array' && u.kind === 'array') compareArrays(o, u, comparison)
}

function aspectsOf(shape: Shape): readonly Aspect[] {
  if (shape.kind === 'product') return shape.aspects
  const typed =
    shape.kind === 'combined'
      ? shape.fromTypes
        ? 'type'
        : shape.criterion
      : isTyped(shape)
        ? typeKey(shape)
        : shape.kind
  return [{ key: typed === 'conditional' ? 'if' : typed, shape }]
}

function isTyped(shape: Shape): shape is Extract<Shape, { loose: boolean }> {
  return 'loose' in shape
}

function typeKey(shape: Extract<Shape, { loose: boolean }>): string {
  return shape.loose ? `loose ${shape.kind}` : 'type'
}

/** Everything the update demands must be implied by something the original demanded. */
function compareProducts(original: readonly Aspect[], update: readonly Aspect[], comparison: Comparison): void {
  const used = new Set<Aspect>()
  for (const wanted of update) {
    const namesake =
      original.find(({ key }) => key === wanted.key) ?? original.find(({ shape }) => sameType(shape, wanted.shape))
    const given =
      namesake !== undefined && comparison.holds(namesake.shape, wanted.shape)
        ? namesake
        : original.find(({ shape }) => comparison.holds(shape, wanted.shape))
    if (given !== undefined) used.add(given)
    else if (namesake === undefined) comparison.report('PRODUCT_TYPE_EXTENDED', '')
    else {
      used.add(namesake)
      comparison.child(namesake.shape, wanted.shape, '')
    }
  }
  if (original.some((aspect) => !used.has(aspect))) comparison.report('PRODUCT_TYPE_NARROWED', '')
}

function sameType(a: Shape, b: Shape): boolean {
  return isTyped(a) && isTyped(b) && a.kind === b.kind
}

function compareCombined(o: Shape, u: Shape, comparison: Comparison): void {
  if (o.kind === 'combined' && u.kind === 'combined') return compareBothCombined(o, u, comparison)
  if (u.kind === 'combined') {
    if (u.criterion === 'allOf') {
      const missing = u.branches.filter(({ shape }) => !comparison.holds(o, shape))
      if (missing.length === 0) return
      comparison.report('PRODUCT_TYPE_EXTENDED', '')
      for (const { shape, step } of missing) comparison.child(o, shape, step)
      return
    }
    if (u.branches.some(({ shape }) => comparison.holds(o, shape))) return comparison.report('SUM_TYPE_EXTENDED', '')
    return comparison.report('TYPE_CHANGED', '')
  }
  if (o.kind !== 'combined') return
  if (o.criterion === 'allOf') {
    if (o.branches.some(({ shape }) => comparison.holds(shape, u))) return
    return comparison.report('TYPE_CHANGED', '')
  }
  const misfits = o.branches.filter(({ shape }) => !comparison.holds(shape, u))
  if (misfits.length === 0) return
  // Some branches are still read: the sum lost the others.
  comparison.report(misfits.length < o.branches.length ? 'SUM_TYPE_NARROWED' : 'TYPE_CHANGED', '')
}

function compareBothCombined(o: CombinedShape, u: CombinedShape, comparison: Comparison): void {
  if (o.criterion !== u.criterion) {
    if (u.criterion !== 'anyOf' && o.criterion !== 'allOf') return comparison.report('COMBINED_TYPE_CHANGED', '')
    comparison.report('COMBINED_TYPE_EXTENDED', '')
    if (o.criterion === 'allOf') {
      // One branch the update reads is enough: every document passed all of them.
      if (u.branches.some(({ shape }) => comparison.holds(o, shape))) return
      return comparison.report('COMBINED_TYPE_SUBSCHEMAS_CHANGED', '')
    }
  }
  const isProduct = u.criterion === 'allOf'
  const [oCount, uCount] = [o.branches.length, u.branches.length]
  if (uCount > oCount) comparison.report(isProduct ? 'PRODUCT_TYPE_EXTENDED' : 'SUM_TYPE_EXTENDED', '')
  if (uCount < oCount) comparison.report(isProduct ? 'PRODUCT_TYPE_NARROWED' : 'SUM_TYPE_NARROWED', '')
  const few = Math.min(oCount, uCount)
  if (matchCount(o, u, comparison) >= few) return
  if (oCount !== uCount || !explainInPlace(o, u, comparison)) comparison.report('COMBINED_TYPE_SUBSCHEMAS_CHANGED', '')
}

/**
 * Branches that stand in the same place are compared there, if that finds something to say: `#/oneOf/1/properties/a` tells more
 * than that some branch changed. Lists of types are one keyword and have no places.
 */
function explainInPlace(o: CombinedShape, u: CombinedShape, comparison: Comparison): boolean {
  if (o.fromTypes || u.fromTypes) return false
  const misfits = o.branches.filter(({ shape }, i) => !comparison.holds(shape, u.branches[i]?.shape))
  comparison.report('COMBINED_TYPE_SUBSCHEMAS_CHANGED', '')
  for (const branch of misfits)
    comparison.child(branch.shape, u.branches[o.branches.indexOf(branch)]?.shape, branch.step)
  return true
}

/** Branches of one schema above this many, times those of the other, are compared place by place only. */
const MATCHED_PAIRS_MAX = 10_000

/** How many branches of the one can be paired with a compatible branch of their own of the other (a largest bipartite matching). */
function matchCount(o: CombinedShape, u: CombinedShape, comparison: Comparison): number {
  const [oCount, uCount] = [o.branches.length, u.branches.length]
  if (oCount * uCount > MATCHED_PAIRS_MAX) {
    return o.branches.filter(({ shape }, i) => comparison.holds(shape, u.branches[i]?.shape)).length
  }
  const edges = o.branches.map(({ shape }) =>
    u.branches.flatMap((other, j) => (comparison.holds(shape, other.shape) ? [j] : [])),
  )
  const takenBy: (number | undefined)[] = Array.from({ length: uCount }, () => undefined)
  const augment = (i: number, tried: Set<number>): boolean => {
    for (const j of edges[i] ?? []) {
      if (tried.has(j)) continue
      tried.add(j)
      const taken = takenBy[j]
      if (taken === undefined || augment(taken, tried)) {
        takenBy[j] = i
        return true
      }
    }
    return false
  }
  return edges.filter((_, i) => augment(i, new Set())).length
}
