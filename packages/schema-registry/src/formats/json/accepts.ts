/**
 * Whether a schema accepts a document: the small validator behind counter-examples. It works on shapes, so drafts differ only in how
 * those are made. Formats are annotations. What it cannot tell (`unevaluated…`, patterns past their bound) is undefined, never a guess.
 */
import {
  equalJson,
  isJsonArray,
  isJsonObject,
  JsonNumber,
  printJson,
  type JsonArray,
  type JsonObject,
  type JsonValue,
} from '../json-text.ts'
import type { ArrayShape, NumberShape, ObjectShape, Shape, Shapes, StringShape } from './shape.ts'

/** Three-valued, undefined for "cannot tell". */
export type Verdict = boolean | undefined

export interface Steps {
  left: number
  /** Schemas being tried inside each other. */
  depth?: number
}

const DEPTH_MAX = 100

export function accepts(shapes: Shapes, schema: Shape | JsonValue, value: JsonValue, steps: Steps): Verdict {
  const depth = steps.depth ?? 0
  if (--steps.left < 0 || depth > DEPTH_MAX) return undefined
  steps.depth = depth + 1
  const verdict = acceptsAt(shapes, schema, value, steps)
  steps.depth = depth
  return verdict
}

function acceptsAt(shapes: Shapes, schema: Shape | JsonValue, value: JsonValue, steps: Steps): Verdict {
  const shape = shapes.of(schema)
  const test = (inner: Shape | JsonValue, at: JsonValue): Verdict => accepts(shapes, inner, at, steps)
  switch (shape.kind) {
    case 'true':
      return true
    case 'false':
      return false
    case 'null':
      return value === null
    case 'boolean':
      return typeof value === 'boolean'
    case 'string':
      return typeof value === 'string' ? acceptsString(shapes, shape, value) : shape.loose
    case 'number':
      return value instanceof JsonNumber ? acceptsNumber(shape, value.value) : shape.loose
    case 'object':
      return isJsonObject(value) ? acceptsObject(shapes, shape, value, test) : shape.loose
    case 'array':
      return isJsonArray(value) ? acceptsArray(shape, value, test) : shape.loose
    case 'enum':
      return shape.values.some((listed) => equalJson(listed, value))
    case 'combined': {
      const verdicts = shape.branches.map((branch) => test(branch.shape, value))
      if (shape.criterion === 'allOf') return all(verdicts)
      if (shape.criterion === 'anyOf') return not(all(verdicts.map(not)))
      return verdicts.includes(undefined) ? undefined : verdicts.filter((verdict) => verdict === true).length === 1
    }
    case 'not':
      return not(test(shape.inner, value))
    case 'conditional': {
      const holds = test(shape.test, value)
      if (holds === undefined) return undefined
      const branch = holds ? shape.whenTrue : shape.whenFalse
      return branch === undefined ? true : test(branch, value)
    }
    case 'product':
      return all(shape.aspects.map((aspect) => test(aspect.shape, value)))
    default:
      return shape satisfies never
  }
}

type Test = (schema: JsonValue, value: JsonValue) => Verdict

function acceptsString(shapes: Shapes, shape: StringShape, text: string): Verdict {
  // Lengths count characters, not UTF-16 units.
  const size = Array.from(text).length
  if (size > (shape.maxLength ?? Infinity) || size < (shape.minLength ?? 0)) return false
  return shape.pattern === undefined ? true : shapes.matches(shape.pattern, text)
}

function acceptsNumber(shape: NumberShape, value: number): boolean {
  if (shape.integer && !Number.isInteger(value)) return false
  if (value > (shape.maximum ?? Infinity) || value < (shape.minimum ?? -Infinity)) return false
  if (shape.exclusiveMaximum !== undefined && value >= shape.exclusiveMaximum) return false
  if (shape.exclusiveMinimum !== undefined && value <= shape.exclusiveMinimum) return false
  return shape.multipleOf === undefined || Number.isInteger(value / shape.multipleOf)
}

function acceptsObject(shapes: Shapes, shape: ObjectShape, object: JsonObject, test: Test): Verdict {
  if (object.size > (shape.maxProperties ?? Infinity) || object.size < (shape.minProperties ?? 0)) return false
  for (const name of shape.required) if (!object.has(name)) return false
  const verdicts: Verdict[] = []
  for (const [name, value] of object) {
    const declared = shape.properties.get(name)
    let isKnown = declared !== undefined
    if (declared !== undefined) verdicts.push(test(declared, value))
    for (const [pattern, schema] of shape.patternProperties) {
      const matches = shapes.matches(pattern, name)
      if (matches === undefined) verdicts.push(undefined)
      if (matches !== true) continue
      isKnown = true
      verdicts.push(test(schema, value))
    }
    if (!isKnown) verdicts.push(test(shape.additionalProperties, value))
    if (!isKnown && shape.additionalProperties === true && shape.unevaluatedProperties !== true)
      verdicts.push(undefined)
    if (shape.propertyNames !== undefined) verdicts.push(test(shape.propertyNames, name))
    for (const other of shape.dependentRequired.get(name) ?? []) verdicts.push(object.has(other))
    const dependent = shape.dependentSchemas.get(name)
    if (dependent !== undefined) verdicts.push(test(dependent, object))
  }
  return all(verdicts)
}

function acceptsArray(shape: ArrayShape, items: JsonArray, test: Test): Verdict {
  if (items.length > (shape.maxItems ?? Infinity) || items.length < (shape.minItems ?? 0)) return false
  if (shape.uniqueItems && new Set(items.map((item) => printJson(item, { sorted: true }))).size < items.length)
    return false
  const verdicts: Verdict[] = items.map((item, i) => test(shape.prefix[i] ?? shape.rest ?? true, item))
  if (shape.unevaluatedItems !== true && shape.rest === undefined && items.length > shape.prefix.length)
    verdicts.push(undefined)
  if (shape.contains !== undefined) {
    const found = items.map((item) => test(shape.contains as JsonValue, item))
    if (found.includes(undefined)) verdicts.push(undefined)
    const count = found.filter((verdict) => verdict === true).length
    verdicts.push(count >= (shape.minContains ?? 1) && count <= (shape.maxContains ?? Infinity))
  }
  return all(verdicts)
}

function all(verdicts: readonly Verdict[]): Verdict {
  return verdicts.includes(false) ? false : !verdicts.includes(undefined) ? true : undefined
}

function not(verdict: Verdict): Verdict {
  return verdict === undefined ? undefined : !verdict
}
