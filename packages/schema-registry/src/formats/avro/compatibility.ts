/**
 * Whether one Avro schema reads what another wrote, and everything that keeps it from doing so.
 *
 * The rules and the names of the problems are those of Avro's schema resolution as Apache Avro's `SchemaCompatibility` applies them:
 * names compare without namespace, aliases of the reader count, promotions are int → long → float → double and string ↔ bytes.
 *
 * Recursive schemas: a pair of records is compatible unless something proves otherwise (the greatest fixpoint). `CompatiblePairs` repeats
 * the decision until no further pair of records is refuted, so that a union branch never rests on an assumption that failed later.
 */
import type { Difference } from '../compatibility.ts'
import { pointerStep, quote } from '../json-text.ts'
import { StepBudget, INCOMPATIBILITY_COUNT_MAX } from '../limits.ts'
import type { ParsedAvro } from '../schema.ts'
import { embed, smallestValue, type Embedding } from './witness.ts'
import {
  isNamed,
  type AvroEnum,
  type AvroField,
  type AvroNamed,
  type AvroRecord,
  type AvroType,
  type AvroUnion,
} from './type.ts'

export function checkAvro(
  reader: ParsedAvro,
  writer: ParsedAvro,
  editable: 'reader' | 'writer',
  budget = new StepBudget(),
): readonly Difference[] {
  const pairs = new CompatiblePairs(budget)
  if (pairs.decide(reader.type, writer.type)) return []
  if (pairs.exhausted) {
    return [
      {
        type: 'BUDGET_EXHAUSTED',
        path: '/',
        description: 'comparing the schemas takes more steps than are allowed',
      },
    ]
  }
  const found: Difference[] = []
  const explainer: Explainer = { pairs, editable, found, seen: new PairSet(), depth: 0 }
  explain(reader.type, writer.type, { path: '', embedding: (value) => value }, explainer)
  return found
}

const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  long: ['int'],
  float: ['int', 'long'],
  double: ['int', 'long', 'float'],
  bytes: ['string'],
  string: ['bytes'],
}

/** Records decided inside each other. */
const COMPARE_DEPTH_MAX = 200

/** Decides pairs of types, and remembers of every pair of records met whether it is compatible. */
class CompatiblePairs {
  readonly #refuted = new PairSet()
  /** Pairs of records that rest on nothing refuted. */
  readonly #proven = new PairSet()
  #assumed = new PairSet()
  readonly #pending: [AvroRecord, AvroRecord][] = []
  #depth = 0
  readonly #budget: StepBudget

  constructor(budget: StepBudget) {
    this.#budget = budget
  }

  get exhausted(): boolean {
    return this.#budget.isExhausted
  }

  /** The verdict once nothing more is refuted. Past the budget: not compatible. */
  decide(reader: AvroType, writer: AvroType): boolean {
    for (;;) {
      const before = this.#refuted.size
      this.#assumed = new PairSet()
      const verdict = this.#holds(reader, writer)
      for (let pair = this.#pending.pop(); pair !== undefined; pair = this.#pending.pop()) this.#recordHolds(...pair)
      if (this.exhausted) return false
      if (this.#refuted.size > before) continue
      // A whole pass without a refutation: what it assumed is consistent.
      this.#assumed.forEach((a, b) => this.#proven.add(a, b))
      return verdict
    }
  }

  #holds(reader: AvroType, writer: AvroType): boolean {
    if (!this.#budget.take()) return false
    if (writer.kind === 'union') return writer.branches.every((branch) => this.#holds(reader, branch))
    if (reader.kind === 'union') return reader.branches.some((branch) => this.#holds(branch, writer))
    switch (reader.kind) {
      case 'array':
        return writer.kind === 'array' && this.#holds(reader.items, writer.items)
      case 'map':
        return writer.kind === 'map' && this.#holds(reader.values, writer.values)
      case 'fixed':
        return writer.kind === 'fixed' && sameName(reader, writer) && reader.sizeBytes === writer.sizeBytes
      case 'enum':
        return writer.kind === 'enum' && sameName(reader, writer) && missingSymbols(reader, writer).length === 0
      case 'record':
        return writer.kind === 'record' && sameName(reader, writer) && this.#recordHolds(reader, writer)
      default:
        return isPromoted(reader, writer)
    }
  }

  #recordHolds(reader: AvroRecord, writer: AvroRecord): boolean {
    if (this.#refuted.has(reader, writer)) return false
    if (this.#proven.has(reader, writer) || this.#assumed.has(reader, writer)) return true
    if (this.#depth > COMPARE_DEPTH_MAX) {
      // Assumed to hold, and decided later in the same pass, from an empty stack.
      this.#pending.push([reader, writer])
      return true
    }
    this.#assumed.add(reader, writer)
    this.#depth++
    const holds = reader.fields.every((field) => {
      const written = writerField(field, writer)
      return written === undefined ? field.default !== undefined : this.#holds(field.type, written.type)
    })
    this.#depth--
    if (!holds && !this.exhausted) this.#refuted.add(reader, writer)
    return holds
  }
}

interface Place {
  /** Without the leading slash of an empty path. */
  readonly path: string
  /** Makes a value at this place a whole document of the writer's. */
  readonly embedding: Embedding
}

interface Explainer {
  readonly pairs: CompatiblePairs
  readonly editable: 'reader' | 'writer'
  readonly found: Difference[]
  /** Record pairs already explained. */
  readonly seen: PairSet
  /** Records explained inside each other. */
  depth: number
}

function explain(reader: AvroType, writer: AvroType, place: Place, explainer: Explainer): void {
  if (explainer.pairs.decide(reader, writer) || explainer.found.length >= INCOMPATIBILITY_COUNT_MAX) return
  if (writer.kind === 'union') return explainBranches(reader, writer, place, explainer)
  if (reader.kind === 'union') return explainMissingBranch(reader, writer, place, explainer)
  if (reader.kind === 'array' && writer.kind === 'array') {
    return explain(reader.items, writer.items, below(place, '/items', embed.item), explainer)
  }
  if (reader.kind === 'map' && writer.kind === 'map') {
    return explain(reader.values, writer.values, below(place, '/values', embed.value), explainer)
  }
  if (isNamed(reader) && isNamed(writer) && reader.kind === writer.kind) {
    if (!sameName(reader, writer)) explainName(reader, writer, place, explainer)
    if (reader.kind === 'fixed' && writer.kind === 'fixed' && reader.sizeBytes !== writer.sizeBytes) {
      report(explainer, below(place, '/size'), {
        type: 'FIXED_SIZE_MISMATCH',
        says: "The size of FIXED type field at path '%' in the % schema does not match with the % schema",
        additional: `expected: ${writer.sizeBytes}, found: ${reader.sizeBytes}`,
        witness: smallestValue(writer),
        fix: { reader: `set the size back to ${writer.sizeBytes}`, writer: `set the size back to ${reader.sizeBytes}` },
      })
    }
    if (reader.kind === 'enum' && writer.kind === 'enum') explainSymbols(reader, writer, place, explainer)
    if (reader.kind === 'record' && writer.kind === 'record') explainFields(reader, writer, place, explainer)
    return
  }
  report(explainer, place, {
    type: 'TYPE_MISMATCH',
    says: "The type (path '%') of a field in the % schema does not match with the % schema",
    additional: `reader type: ${upper(reader)} not compatible with writer type: ${upper(writer)}`,
    witness: smallestValue(writer),
    fix: {
      reader: `make the type a union that keeps the old type: [${label(writer)},${label(reader)}]`,
      writer: `keep the type ${label(reader)}`,
    },
  })
}

function explainBranches(reader: AvroType, writer: AvroUnion, place: Place, explainer: Explainer): void {
  for (const [i, branch] of writer.branches.entries()) {
    const inner: Place = { path: place.path, embedding: (value) => place.embedding(embed.branch(branch, value)) }
    if (explainer.pairs.decide(reader, branch)) continue
    if (reader.kind === 'union')
      explainMissingBranch(reader, branch, { ...inner, path: place.path + pointerStep(i) }, explainer)
    else explain(reader, branch, inner, explainer)
  }
}

function explainMissingBranch(reader: AvroUnion, writer: AvroType, place: Place, explainer: Explainer): void {
  // Where the reader has a branch of that name, what is wrong inside it says more than that the branch does not fit.
  const namesake = reader.branches.find(
    (branch) => isNamed(branch) && isNamed(writer) && branch.kind === writer.kind && sameName(branch, writer),
  )
  report(explainer, place, {
    type: 'MISSING_UNION_BRANCH',
    says: "The % schema is missing a type inside a union field at path '%' in the % schema",
    order: 'path-second',
    additional: `reader union lacking writer type: ${upper(writer)}`,
    witness: namesake === undefined ? smallestValue(writer) : undefined,
    fix: {
      reader: `add the branch ${label(writer)} to the union`,
      writer: `remove the branch ${label(writer)} from the union`,
    },
  })
  if (namesake !== undefined) explain(namesake, writer, place, explainer)
}

function explainName(reader: AvroNamed, writer: AvroNamed, place: Place, explainer: Explainer): void {
  report(explainer, below(place, '/name'), {
    type: 'NAME_MISMATCH',
    says: "The name of the schema has changed (path '%')",
    additional: `expected: ${writer.fullName}`,
    witness: smallestValue(writer),
    fix: {
      reader: `name it ${writer.fullName} again, or add "aliases": [${quote(writer.fullName)}]`,
      writer: `name it ${reader.fullName} again`,
    },
  })
}

function explainSymbols(reader: AvroEnum, writer: AvroEnum, place: Place, explainer: Explainer): void {
  const missing = missingSymbols(reader, writer)
  if (missing.length === 0) return
  report(explainer, below(place, '/symbols'), {
    type: 'MISSING_ENUM_SYMBOLS',
    says: "The % schema is missing enum symbols at path '%' in the % schema",
    order: 'path-second',
    additional: `[${missing.join(', ')}]`,
    witness: quote(missing[0] ?? ''),
    fix: {
      reader: `put the symbols ${missing.join(', ')} back, or give the enum a "default": ${quote(reader.symbols[0] ?? '')}`,
      writer: `remove the symbols ${missing.join(', ')}`,
    },
  })
}

function explainFields(reader: AvroRecord, writer: AvroRecord, place: Place, explainer: Explainer): void {
  if (explainer.seen.has(reader, writer) || explainer.depth > COMPARE_DEPTH_MAX) return
  explainer.seen.add(reader, writer)
  explainer.depth++
  for (const [i, field] of reader.fields.entries()) {
    const written = writerField(field, writer)
    if (written !== undefined) {
      explain(
        field.type,
        written.type,
        below(place, `/fields/${i}/type`, (value) => embed.field(writer, written, value)),
        explainer,
      )
    } else if (field.default === undefined) {
      const suggested = suggestedDefault(field)
      report(explainer, below(place, `/fields/${i}`), {
        type: 'READER_FIELD_MISSING_DEFAULT_VALUE',
        says: `The field '${field.name}' at path '%' in the % schema has no default value and is missing in the % schema`,
        additional: field.name,
        witness: smallestValue(writer),
        fix: {
          reader:
            suggested === undefined
              ? `give the field "${field.name}" a default`
              : `give the field "${field.name}" a default: "default": ${suggested}`,
          writer: `keep the field "${field.name}"`,
        },
      })
    }
  }
  explainer.depth--
}

interface Problem {
  readonly type: string
  /** `%` stands for the path and for which schema is the reader ("new" or "old") and which the writer. */
  readonly says: string
  readonly order?: 'path-second'
  readonly additional: string
  readonly witness: string | undefined
  readonly fix: { readonly reader: string; readonly writer: string }
}

function report({ editable, found }: Explainer, place: Place, problem: Problem): void {
  const path = place.path === '' ? '/' : place.path
  const [readerIs, writerIs] = editable === 'reader' ? ['new', 'old'] : ['old', 'new']
  const words = problem.order === 'path-second' ? [readerIs, path, writerIs] : [path, readerIs, writerIs]
  const witness = problem.witness === undefined ? undefined : place.embedding(problem.witness)
  found.push({
    type: problem.type,
    path,
    description: problem.says.replace(/%/g, () => words.shift() ?? ''),
    additional: problem.additional,
    ...(witness === undefined ? {} : { witness }),
    fix: problem.fix[editable],
  })
}

function below(place: Place, step: string, wrap: Embedding = (value) => value): Place {
  return {
    path: place.path + step,
    embedding: (value) => {
      const wrapped = wrap(value)
      return wrapped === undefined ? undefined : place.embedding(wrapped)
    },
  }
}

/** A default the field could have: null if it may be null, else the smallest value its (first) type has. */
function suggestedDefault({ type }: AvroField): string | undefined {
  if (type.kind !== 'union') return smallestValue(type, { unwrapped: true })
  if (type.branches.some((branch) => branch.kind === 'null')) return 'null'
  const [first] = type.branches
  return first === undefined ? undefined : smallestValue(first, { unwrapped: true })
}

/** The writer's field a reader's field is filled from: its own name first, then its aliases in order. */
function writerField(field: AvroField, writer: AvroRecord): AvroField | undefined {
  const byName = writer.fields.find(({ name }) => name === field.name)
  if (byName !== undefined || field.aliases.length === 0) return byName
  for (const alias of field.aliases) {
    const aliased = writer.fields.find(({ name }) => name === alias)
    if (aliased !== undefined) return aliased
  }
  return undefined
}

function sameName(reader: AvroNamed, writer: AvroNamed): boolean {
  return reader.name === writer.name || reader.aliases.includes(writer.fullName)
}

function missingSymbols(reader: AvroEnum, writer: AvroEnum): readonly string[] {
  if (reader.default !== undefined) return []
  const known = new Set(reader.symbols)
  return writer.symbols.filter((symbol) => !known.has(symbol))
}

function isPromoted(reader: AvroType, writer: AvroType): boolean {
  return reader.kind === writer.kind || (PROMOTIONS[reader.kind]?.includes(writer.kind) ?? false)
}

function upper(type: AvroType): string {
  return type.kind.toUpperCase()
}

/** A type in a sentence: its name, or its kind. */
function label(type: AvroType): string {
  return type.kind === 'union' ? 'union' : quote(isNamed(type) ? type.fullName : type.kind)
}

/** A set of pairs of types, by identity. */
class PairSet {
  readonly #pairs = new Map<AvroType, Set<AvroType>>()
  size = 0

  has(a: AvroType, b: AvroType): boolean {
    return this.#pairs.get(a)?.has(b) ?? false
  }

  forEach(visit: (a: AvroType, b: AvroType) => void): void {
    for (const [a, others] of this.#pairs) for (const b of others) visit(a, b)
  }

  add(a: AvroType, b: AvroType): void {
    const others = this.#pairs.get(a)
    if (others === undefined) this.#pairs.set(a, new Set([b]))
    else if (others.has(b)) return
    else others.add(b)
    this.size++
  }
}
