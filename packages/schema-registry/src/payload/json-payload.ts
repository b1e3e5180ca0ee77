/** Validates JSON documents with the validator behind the registry's counter-examples; finds the innermost part at fault. */
import { accepts, type Steps } from '../formats/json/accepts.ts'
import type { PatternBudget } from '../formats/json/pattern.ts'
import { Shapes, type Shape } from '../formats/json/shape.ts'
import { isJsonArray, isJsonObject, parseJsonText, pointerStep, type JsonValue } from '../formats/json-text.ts'
import { SchemaError, type ParsedJson } from '../formats/index.ts'
import type { CompiledPayload } from './payload.ts'

const STEPS_MIN = 10_000
/** Of all patterns matched against one document: some milliseconds at worst. */
const PATTERN_STEPS_MAX = 100_000
const utf8 = new TextDecoder('utf-8', { fatal: true })

export function jsonPayload({ document, name }: ParsedJson): CompiledPayload {
  const patterns: PatternBudget = { left: 0 }
  const shapes = new Shapes(document, patterns)
  return {
    recordName: () => name,
    fault(bytes, start, end) {
      let value: JsonValue
      try {
        value = parseJsonText(utf8.decode(bytes.subarray(start, end)))
      } catch (error) {
        return `/: it is not JSON: ${error instanceof SchemaError ? error.message : 'it is not UTF-8'}`
      }
      // In proportion to the document, so that a large one is looked at as closely as a small one.
      const budget = (): Steps => ({ left: STEPS_MIN + 10 * (end - start) })
      patterns.left = PATTERN_STEPS_MAX
      if (accepts(shapes, document.root, value, budget()) !== false) return undefined
      return reasonOf(shapes, document.root, value, budget(), '')
    },
  }
}

/** The part is refused: which part of it is, and for what? */
function reasonOf(shapes: Shapes, schema: Shape | JsonValue, value: JsonValue, steps: Steps, path: string): string {
  const at = path === '' ? '/' : path
  const shape = shapes.of(schema)
  const refuses = (inner: Shape | JsonValue, part: JsonValue): boolean => accepts(shapes, inner, part, steps) === false
  switch (shape.kind) {
    case 'product': {
      const aspect = shape.aspects.find((each) => refuses(each.shape, value))
      return aspect === undefined ? `${at}: it is not accepted` : reasonOf(shapes, aspect.shape, value, steps, path)
    }
    case 'combined': {
      if (shape.criterion === 'allOf') {
        const branch = shape.branches.find((each) => refuses(each.shape, value))
        if (branch !== undefined) return reasonOf(shapes, branch.shape, value, steps, path)
      }
      const fitting = shape.branches.filter((branch) => !refuses(branch.shape, value))
      if (shape.criterion === 'oneOf' && fitting.length > 1) return `${at}: more than one of oneOf accepts it`
      return shape.fromTypes ? `${at}: it is ${kindOf(value)}` : `${at}: none of ${shape.criterion} accepts it`
    }
    case 'object': {
      if (!isJsonObject(value)) return `${at}: it is ${kindOf(value)}, not an object`
      for (const name of shape.required) if (!value.has(name)) return `${at}: the property "${name}" is missing`
      for (const [name, part] of value) {
        const below = `${path}${pointerStep(name)}`
        const declared = shape.properties.get(name)
        if (declared !== undefined && refuses(declared, part)) return reasonOf(shapes, declared, part, steps, below)
        if (declared !== undefined) continue
        const patterned = [...shape.patternProperties].filter(([pattern]) => shapes.matches(pattern, name) === true)
        for (const [, inner] of patterned) if (refuses(inner, part)) return reasonOf(shapes, inner, part, steps, below)
        if (patterned.length > 0 || !refuses(shape.additionalProperties, part)) continue
        if (shape.additionalProperties === false) return `${at}: the property "${name}" is not allowed`
        return reasonOf(shapes, shape.additionalProperties, part, steps, below)
      }
      return `${at}: the object is not accepted`
    }
    case 'array': {
      if (!isJsonArray(value)) return `${at}: it is ${kindOf(value)}, not an array`
      for (const [i, item] of value.entries()) {
        const inner = shape.prefix[i] ?? shape.rest ?? true
        if (refuses(inner, item)) return reasonOf(shapes, inner, item, steps, `${path}/${i}`)
      }
      return `${at}: the array is not accepted`
    }
    case 'enum':
      return `${at}: it is none of the ${shape.values.length} values of ${shape.keyword}`
    case 'string':
      return `${at}: ${typeof value === 'string' ? 'the string is not accepted' : `it is ${kindOf(value)}, not a string`}`
    case 'number':
      if (kindOf(value) !== 'a number') return `${at}: it is ${kindOf(value)}, not a number`
      return `${at}: the number is not accepted${shape.integer ? ' as an integer' : ''}`
    case 'null':
    case 'boolean':
      return `${at}: it is ${kindOf(value)}, not ${shape.kind === 'null' ? 'null' : 'a boolean'}`
    case 'true':
    case 'false':
    case 'not':
    case 'conditional':
      return `${at}: it is not allowed`
    default:
      return shape satisfies never
  }
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'null'
  if (isJsonObject(value)) return 'an object'
  if (isJsonArray(value)) return 'an array'
  return typeof value === 'object' ? 'a number' : `a ${typeof value}`
}
