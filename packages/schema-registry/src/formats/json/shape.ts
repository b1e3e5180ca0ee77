/**
 * What a JSON Schema says, apart from how it is written: every schema becomes one of a few shapes, which are what gets compared.
 *
 * One object may say several things at once (`type`, `enum` and `oneOf` together): that is a `product` of shapes. A list of types is a
 * sum of one shape per type, each with the keywords that speak of it. Keywords without `type` bind values of their own type only:
 * such a shape is `loose`. Singleton combinations are unwrapped. References are followed, so recursive schemas give cyclic shapes;
 * children are schemas (`JsonValue`), turned into shapes one step at a time.
 */
import { isJsonArray, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../json-text.ts'
import type { JsonSchemaDocument } from './document.ts'
import { PATTERN_STEPS_MAX, patternMatches, type PatternBudget } from './pattern.ts'

export type Criterion = 'allOf' | 'anyOf' | 'oneOf'
export type ScalarKind = 'null' | 'boolean'

export interface StringShape {
  readonly kind: 'string'
  readonly loose: boolean
  readonly maxLength: number | undefined
  readonly minLength: number | undefined
  readonly pattern: string | undefined
}

export interface NumberShape {
  readonly kind: 'number'
  readonly loose: boolean
  readonly integer: boolean
  readonly maximum: number | undefined
  readonly minimum: number | undefined
  readonly exclusiveMaximum: number | undefined
  readonly exclusiveMinimum: number | undefined
  readonly multipleOf: number | undefined
}

export interface ObjectShape {
  readonly kind: 'object'
  readonly loose: boolean
  readonly properties: ReadonlyMap<string, JsonValue>
  readonly patternProperties: ReadonlyMap<string, JsonValue>
  /** True where the schema does not say. */
  readonly additionalProperties: JsonValue
  readonly unevaluatedProperties: JsonValue
  readonly propertyNames: JsonValue | undefined
  readonly required: ReadonlySet<string>
  readonly maxProperties: number | undefined
  readonly minProperties: number | undefined
  readonly dependentRequired: ReadonlyMap<string, readonly string[]>
  readonly dependentSchemas: ReadonlyMap<string, JsonValue>
}

export interface ArrayShape {
  readonly kind: 'array'
  readonly loose: boolean
  /** The schema of each of the first items. */
  readonly prefix: readonly JsonValue[]
  /** The schema of the items after `prefix`; undefined where the schema does not say. */
  readonly rest: JsonValue | undefined
  readonly unevaluatedItems: JsonValue
  readonly contains: JsonValue | undefined
  readonly maxContains: number | undefined
  readonly minContains: number | undefined
  readonly maxItems: number | undefined
  readonly minItems: number | undefined
  readonly uniqueItems: boolean
}

export type TypedShape =
  | StringShape
  | NumberShape
  | ObjectShape
  | ArrayShape
  | { readonly kind: ScalarKind; readonly loose: false }

export interface EnumShape {
  readonly kind: 'enum'
  readonly values: readonly JsonValue[]
  readonly keyword: 'enum' | 'const'
}

export interface CombinedShape {
  readonly kind: 'combined'
  readonly criterion: Criterion
  readonly branches: readonly Branch[]
  /** Made from a list of types. */
  readonly fromTypes: boolean
}

export interface Branch {
  /** Where the branch stands: `/oneOf/1`, or nothing for one of several types. */
  readonly step: string
  readonly shape: Shape | JsonValue
}

export type Shape =
  | { readonly kind: 'true' | 'false' }
  | TypedShape
  | EnumShape
  | CombinedShape
  | { readonly kind: 'not'; readonly inner: JsonValue }
  | {
      readonly kind: 'conditional'
      readonly test: JsonValue
      readonly whenTrue: JsonValue | undefined
      readonly whenFalse: JsonValue | undefined
    }
  | { readonly kind: 'product'; readonly aspects: readonly Aspect[] }

/** One of the things an object says. Aspects of two schemas are compared where their keys are equal. */
export interface Aspect {
  readonly key: string
  readonly shape: Exclude<Shape, { kind: 'product' }>
}

export const TRUE: Shape = { kind: 'true' }
export const FALSE: Shape = { kind: 'false' }

export function isShape(value: Shape | JsonValue): value is Shape {
  return typeof value === 'object' && value !== null && 'kind' in value
}

const MODERN: ReadonlySet<string> = new Set(['2019-09', '2020-12'])

/** Shapes of one document; the same schema always gives the same object, so that pairs can be remembered. */
export class Shapes {
  readonly document: JsonSchemaDocument
  readonly #known = new Map<JsonObject, Shape>()
  readonly #patterns: PatternBudget

  /** @param patterns what matching may cost in all; the caller may fill it up again */
  constructor(document: JsonSchemaDocument, patterns: PatternBudget = { left: PATTERN_STEPS_MAX }) {
    this.document = document
    this.#patterns = patterns
  }

  of(node: Shape | JsonValue): Shape {
    if (isShape(node)) return node
    if (!isJsonObject(node)) return node === false ? FALSE : TRUE
    let shape = this.#known.get(node)
    if (shape === undefined) {
      shape = this.#read(node)
      this.#known.set(node, shape)
    }
    return shape
  }

  /** Whether a pattern of the schema matches; undefined where that cannot be told within the bounds. */
  matches(pattern: string, text: string): boolean | undefined {
    return patternMatches(pattern, text, this.#patterns)
  }

  /** The object whose annotations (title, default …) count: the end of a chain of references, where nothing stands beside them. */
  annotated(node: JsonValue): JsonObject | undefined {
    let at: JsonValue | undefined = node
    while (isJsonObject(at)) {
      const target = this.document.target(at)
      if (target === undefined) return at
      at = target
    }
    return undefined
  }

  #read(node: JsonObject): Shape {
    const draft = this.document.draftOf(node)
    const modern = draft === '2019-09' || draft === '2020-12'
    const target = this.document.target(node)
    if (target !== undefined && !modern) {
      // Chains are followed in a loop: they may be longer than the stack is deep.
      let end: JsonValue = target
      while (isJsonObject(end) && !MODERN.has(this.document.draftOf(end))) {
        const next = this.document.target(end)
        if (next === undefined) break
        end = next
      }
      return this.of(end)
    }
    const aspects = aspectsOf(node, { modern, tuplesByPrefix: draft === '2020-12', draft4: draft === 'draft-04' })
    if (target !== undefined) {
      if (aspects.length === 0) return this.of(target)
      aspects.push({
        key: 'ref',
        shape: { kind: 'combined', criterion: 'allOf', fromTypes: false, branches: [{ step: '', shape: target }] },
      })
    }
    return this.#unwrapped(aspects)
  }

  #unwrapped(aspects: readonly Aspect[]): Shape {
    const [only] = aspects
    if (only === undefined) return TRUE
    if (aspects.length > 1) return { kind: 'product', aspects }
    const { shape } = only
    const [branch] = shape.kind === 'combined' && shape.branches.length === 1 ? shape.branches : []
    return branch === undefined ? shape : this.of(branch.shape)
  }
}

interface Dialect {
  readonly modern: boolean
  readonly tuplesByPrefix: boolean
  readonly draft4: boolean
}

function aspectsOf(node: JsonObject, dialect: Dialect): Aspect[] {
  const aspects: Aspect[] = []
  const type = node.get('type')
  const types = [...new Set(isJsonArray(type) ? type : type === undefined ? [] : [type])].map(String)
  if (types.length === 0) {
    for (const [kind, keywords] of KEYWORDS) {
      if (keywords.some((keyword) => speaks(node, keyword))) {
        aspects.push({ key: `loose ${kind}`, shape: typedShape(kind, node, true, dialect) })
      }
    }
  } else {
    // "number" includes the integers.
    const distinct = types.filter((name) => name !== 'integer' || !types.includes('number'))
    const shapes = distinct.map((name) => typedShape(name, node, false, dialect))
    const [only] = shapes
    if (only !== undefined && shapes.length === 1) aspects.push({ key: 'type', shape: only })
    else {
      const branches = shapes.map((shape) => ({ step: '', shape }))
      aspects.push({ key: 'type', shape: { kind: 'combined', criterion: 'anyOf', fromTypes: true, branches } })
    }
  }
  const values = node.get('enum')
  if (isJsonArray(values)) aspects.push({ key: 'enum', shape: { kind: 'enum', values, keyword: 'enum' } })
  const constant = node.get('const')
  if (constant !== undefined && !dialect.draft4) {
    aspects.push({
      key: isJsonArray(values) ? 'const' : 'enum',
      shape: { kind: 'enum', values: [constant], keyword: 'const' },
    })
  }
  for (const criterion of ['allOf', 'anyOf', 'oneOf'] as const) {
    const list = node.get(criterion)
    if (!isJsonArray(list)) continue
    const branches = list.map((shape, i) => ({ step: `/${criterion}/${i}`, shape }))
    aspects.push({ key: criterion, shape: { kind: 'combined', criterion, fromTypes: false, branches } })
  }
  const inner = node.get('not')
  if (inner !== undefined) aspects.push({ key: 'not', shape: { kind: 'not', inner } })
  const test = dialect.draft4 ? undefined : node.get('if')
  if (test !== undefined && (node.has('then') || node.has('else'))) {
    aspects.push({
      key: 'if',
      shape: { kind: 'conditional', test, whenTrue: node.get('then'), whenFalse: node.get('else') },
    })
  }
  return aspects
}

const KEYWORDS: readonly (readonly [kind: string, keywords: readonly string[]])[] = [
  ['string', ['maxLength', 'minLength', 'pattern']],
  ['number', ['exclusiveMaximum', 'exclusiveMinimum', 'maximum', 'minimum', 'multipleOf']],
  [
    'object',
    [
      'additionalProperties',
      'dependencies',
      'dependentRequired',
      'dependentSchemas',
      'maxProperties',
      'minProperties',
      'patternProperties',
      'properties',
      'propertyNames',
      'required',
      'unevaluatedProperties',
    ],
  ],
  ['array', ['contains', 'items', 'maxItems', 'minItems', 'prefixItems', 'unevaluatedItems', 'uniqueItems']],
]

function speaks(node: JsonObject, keyword: string): boolean {
  const value = node.get(keyword)
  return value !== undefined && !(keyword === 'required' && typeof value === 'boolean')
}

function typedShape(kind: string, node: JsonObject, loose: boolean, dialect: Dialect): TypedShape {
  switch (kind) {
    case 'string':
      return {
        kind: 'string',
        loose,
        maxLength: numberAt(node, 'maxLength'),
        minLength: numberAt(node, 'minLength') || undefined,
        pattern: textAt(node, 'pattern'),
      }
    case 'number':
    case 'integer':
      return {
        kind: 'number',
        loose,
        integer: kind === 'integer',
        ...bounds(node),
        multipleOf: numberAt(node, 'multipleOf'),
      }
    case 'object':
      return objectShape(node, loose, dialect)
    case 'array':
      return arrayShape(node, loose, dialect)
    default:
      return { kind: kind === 'boolean' ? 'boolean' : 'null', loose: false }
  }
}

/** Draft 4 marks `maximum` as exclusive by a boolean; later drafts have a number of its own. */
function bounds(node: JsonObject) {
  const maximum = numberAt(node, 'maximum')
  const minimum = numberAt(node, 'minimum')
  const above = node.get('exclusiveMaximum') === true
  const below = node.get('exclusiveMinimum') === true
  return {
    maximum: above ? undefined : maximum,
    minimum: below ? undefined : minimum,
    exclusiveMaximum: above ? maximum : numberAt(node, 'exclusiveMaximum'),
    exclusiveMinimum: below ? minimum : numberAt(node, 'exclusiveMinimum'),
  }
}

function objectShape(node: JsonObject, loose: boolean, { modern }: Dialect): ObjectShape {
  const dependentRequired = new Map<string, readonly string[]>()
  const dependentSchemas = new Map<string, JsonValue>()
  for (const keyword of ['dependencies', 'dependentRequired', 'dependentSchemas']) {
    const dependencies = node.get(keyword)
    if (!isJsonObject(dependencies)) continue
    for (const [name, value] of dependencies) {
      if (isJsonArray(value)) dependentRequired.set(name, texts(value))
      else if (typeof value === 'string') dependentRequired.set(name, [value])
      else dependentSchemas.set(name, value)
    }
  }
  const required = node.get('required')
  return {
    kind: 'object',
    loose,
    properties: mapAt(node, 'properties'),
    patternProperties: mapAt(node, 'patternProperties'),
    additionalProperties: node.get('additionalProperties') ?? true,
    unevaluatedProperties: (modern ? node.get('unevaluatedProperties') : undefined) ?? true,
    propertyNames: node.get('propertyNames'),
    required: new Set(isJsonArray(required) ? texts(required) : []),
    maxProperties: numberAt(node, 'maxProperties'),
    minProperties: numberAt(node, 'minProperties') || undefined,
    dependentRequired,
    dependentSchemas,
  }
}

function arrayShape(node: JsonObject, loose: boolean, { modern, tuplesByPrefix }: Dialect): ArrayShape {
  const items = node.get('items')
  const prefixItems = node.get('prefixItems')
  let prefix: readonly JsonValue[] = []
  let rest: JsonValue | undefined
  if (tuplesByPrefix) {
    prefix = isJsonArray(prefixItems) ? prefixItems : []
    rest = isJsonArray(items) ? undefined : items
  } else if (isJsonArray(items)) {
    prefix = items
    rest = node.get('additionalItems')
  } else {
    rest = items
  }
  return {
    kind: 'array',
    loose,
    prefix,
    rest,
    unevaluatedItems: (modern ? node.get('unevaluatedItems') : undefined) ?? true,
    contains: node.get('contains'),
    maxContains: modern ? numberAt(node, 'maxContains') : undefined,
    minContains: modern ? numberAt(node, 'minContains') : undefined,
    maxItems: numberAt(node, 'maxItems'),
    minItems: numberAt(node, 'minItems') || undefined,
    uniqueItems: node.get('uniqueItems') === true,
  }
}

function numberAt(node: JsonObject, keyword: string): number | undefined {
  const value = node.get(keyword)
  return value instanceof JsonNumber ? value.value : undefined
}

function textAt(node: JsonObject, keyword: string): string | undefined {
  const value = node.get(keyword)
  return typeof value === 'string' ? value : undefined
}

function mapAt(node: JsonObject, keyword: string): ReadonlyMap<string, JsonValue> {
  const value = node.get(keyword)
  return isJsonObject(value) ? value : new Map()
}

function texts(list: readonly JsonValue[]): readonly string[] {
  return list.filter((item) => typeof item === 'string')
}
