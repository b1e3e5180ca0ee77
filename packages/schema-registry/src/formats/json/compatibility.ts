/**
 * Whether one JSON Schema reads what another wrote, by the rules of `compare.ts`, and everything that keeps it from doing so.
 *
 * Recursive schemas: a pair of schemas is compatible unless something refutes it (the greatest fixpoint). A decision is repeated until no
 * further pair is refuted; then all pairs it rested on are proven. Every pair is remembered, so oneOf inside oneOf stays polynomial.
 */
import type { CompatibilityPolicy, Difference } from '../compatibility.ts'
import { isJsonObject, type JsonValue } from '../json-text.ts'
import { INCOMPATIBILITY_COUNT_MAX, StepBudget } from '../limits.ts'
import type { ParsedJson } from '../schema.ts'
import { isCompatibleChange } from './changes.ts'
import { compareSchemas, type ChangeDetail, type Comparison, type Embedding, type Schema } from './compare.ts'
import { describeChange } from './describe.ts'
import { isShape, Shapes, type Shape } from './shape.ts'
import { findWitness } from './witness.ts'

export function checkJson(
  reader: ParsedJson,
  writer: ParsedJson,
  policy: CompatibilityPolicy,
  editable: 'reader' | 'writer',
  budget = new StepBudget(),
): readonly Difference[] {
  const [original, update] = [new Shapes(writer.document), new Shapes(reader.document)]
  const pairs = new CompatiblePairs(original, update, { policy, budget })
  const [from, to] = [writer.document.root, reader.document.root]
  if (pairs.decide(from, to)) return []
  const found: Difference[] = []
  if (!pairs.exhausted) new Explainer(pairs, editable, found).explain(from, to, '#', (value) => value)
  if (pairs.exhausted && found.length === 0) {
    return [
      {
        type: 'BUDGET_EXHAUSTED',
        path: '#/',
        description: 'comparing the schemas takes more steps than are allowed',
      },
    ]
  }
  return found
}

/** Decides pairs of schemas, and remembers every pair. */
class CompatiblePairs {
  readonly original: Shapes
  readonly update: Shapes
  readonly policy: CompatibilityPolicy
  readonly #budget: StepBudget
  readonly #refuted = new PairSet()
  readonly #proven = new PairSet()
  #assumed = new PairSet()
  #depth = 0
  #deciding = false
  /** The same for the exchanged documents, for `not`; shares nothing but the budget. */
  #reversed: CompatiblePairs | undefined

  constructor(
    original: Shapes,
    update: Shapes,
    rules: { readonly policy: CompatibilityPolicy; readonly budget: StepBudget },
  ) {
    this.original = original
    this.update = update
    this.policy = rules.policy
    this.#budget = rules.budget
  }

  get exhausted(): boolean {
    return this.#budget.isExhausted
  }

  decide(original: Schema, update: Schema): boolean {
    // Asked from inside a decision: part of it.
    if (this.#deciding) return this.#holds(original, update)
    this.#deciding = true
    try {
      for (;;) {
        const before = this.#refuted.size
        this.#assumed = new PairSet()
        const verdict = this.#holds(original, update)
        for (let pair = this.#pending.pop(); pair !== undefined; pair = this.#pending.pop()) this.#holds(...pair)
        if (this.exhausted) return false
        if (this.#refuted.size > before) continue
        this.#assumed.forEach((a, b) => this.#proven.add(a, b))
        return verdict
      }
    } finally {
      this.#deciding = false
    }
  }

  decideReversed(update: Schema, original: Schema): boolean {
    // Under `not` nothing may rest on an assumption of the other direction: it is decided whole, on its own.
    this.#reversed ??= new CompatiblePairs(this.update, this.original, { policy: this.policy, budget: this.#budget })
    this.#reversed.#depth = this.#depth + 1
    if (this.#depth > NOT_DEPTH_MAX) return false
    const verdict = this.#reversed.decide(update, original)
    return verdict
  }

  #holds(original: Schema, update: Schema): boolean {
    if (original === undefined && update === undefined) return true
    if (update === undefined) return true
    if (original === undefined) return false
    const [o, u] = [this.original.of(original), this.update.of(update)]
    if (o.kind === 'false' || u.kind === 'true') return true
    if (!this.#budget.take()) return false
    if (this.#refuted.has(o, u)) return false
    if (this.#proven.has(o, u) || this.#assumed.has(o, u)) return true
    if (this.#stack > COMPARE_DEPTH_MAX) {
      // Assumed to hold, and decided later in the same pass, from an empty stack.
      this.#pending.push([original, update])
      return true
    }
    this.#assumed.add(o, u)
    this.#stack++
    let holds = true
    const comparison: Comparison = {
      original: this.original,
      update: this.update,
      report: (type) => {
        if (!isCompatibleChange(type, this.policy)) holds = false
      },
      child: (a, b) => {
        if (holds) holds = this.#holds(a, b)
      },
      holds: (a, b) => this.#holds(a, b),
      holdsReversed: (b, a) => this.decideReversed(b, a),
    }
    // Schemas, not shapes: annotations that exempt a schema (`connect.type`) stand on the object.
    compareSchemas(original, update, comparison)
    this.#stack--
    if (!holds && !this.exhausted) this.#refuted.add(o, u)
    return holds
  }

  #stack = 0
  readonly #pending: [Schema, Schema][] = []
}

/** `not` inside `not`, alternating between the documents. */
const NOT_DEPTH_MAX = 50
/** Pairs decided inside each other: recursion through two schemas nests as deep as there are pairs of their parts. */
const COMPARE_DEPTH_MAX = 100
/** Witnesses looked for in one check; the further ones are left out. */
const WITNESS_COUNT_MAX = 20

class Explainer {
  readonly #pairs: CompatiblePairs
  readonly #editable: 'reader' | 'writer'
  readonly #found: Difference[]
  readonly #seen = new PairSet()
  #witnesses = 0
  #depth = 0

  constructor(pairs: CompatiblePairs, editable: 'reader' | 'writer', found: Difference[]) {
    this.#pairs = pairs
    this.#editable = editable
    this.#found = found
  }

  explain(original: Schema, update: Schema, path: string, embedding: Embedding): void {
    if (this.#depth >= COMPARE_DEPTH_MAX) return
    this.#depth++
    this.#explain(original, update, path, embedding)
    this.#depth--
  }

  #explain(original: Schema, update: Schema, path: string, embedding: Embedding): void {
    const pairs = this.#pairs
    if (pairs.decide(original, update) || this.#found.length >= INCOMPATIBILITY_COUNT_MAX) return
    const [o, u] = [shapeOf(pairs.original, original), shapeOf(pairs.update, update)]
    if (o !== undefined && u !== undefined) {
      if (this.#seen.has(o, u)) return
      this.#seen.add(o, u)
    }
    compareSchemas(original, update, {
      original: pairs.original,
      update: pairs.update,
      report: (type, step, detail) => {
        if (!isCompatibleChange(type, pairs.policy))
          this.#report({ type, path: path + step, detail, original, update, embedding })
      },
      child: (a, b, step, wrap) => {
        this.explain(a, b, path + step, (value) => {
          const wrapped = wrap === undefined ? value : wrap(value)
          return wrapped === undefined ? undefined : embedding(wrapped)
        })
      },
      holds: (a, b) => pairs.decide(a, b),
      holdsReversed: (b, a) => pairs.decideReversed(b, a),
    })
  }

  #report(change: {
    readonly type: string
    readonly path: string
    readonly detail: ChangeDetail | undefined
    readonly original: Schema
    readonly update: Schema
    readonly embedding: Embedding
  }): void {
    const path = change.path === '#' ? '#/' : change.path
    if (this.#found.some((other) => other.type === change.type && other.path === path)) return
    const witness =
      ++this.#witnesses > WITNESS_COUNT_MAX
        ? undefined
        : findWitness({
            writer: this.#pairs.original,
            reader: this.#pairs.update,
            writerSchema: change.original,
            readerSchema: change.update,
            candidates: change.detail?.candidates ?? [],
            embedding: change.embedding,
          })
    this.#found.push({
      type: change.type,
      path,
      ...describeChange({ type: change.type, path, detail: change.detail ?? {}, editable: this.#editable }),
      ...(witness === undefined ? {} : { witness }),
    })
  }
}

function shapeOf(shapes: Shapes, schema: Schema): Shape | undefined {
  return schema === undefined
    ? undefined
    : isShape(schema) || isJsonObject(schema)
      ? shapes.of(schema as Shape | JsonValue)
      : undefined
}

class PairSet {
  readonly #pairs = new Map<Shape, Set<Shape>>()
  size = 0

  has(a: Shape, b: Shape): boolean {
    return this.#pairs.get(a)?.has(b) ?? false
  }

  forEach(visit: (a: Shape, b: Shape) => void): void {
    for (const [a, others] of this.#pairs) for (const b of others) visit(a, b)
  }

  add(a: Shape, b: Shape): void {
    const others = this.#pairs.get(a)
    if (others === undefined) this.#pairs.set(a, new Set([b]))
    else if (others.has(b)) return
    else others.add(b)
    this.size++
  }
}
