/**
 * Which keywords hold schemas, and what values keywords may have. Unknown keywords are kept and mean nothing.
 * Source: JSON Schema drafts 4, 6, 7, 2019-09 and 2020-12, their meta-schemas.
 */
import { SchemaError } from '../errors.ts'
import { isJsonArray, isJsonObject, JsonNumber, pointerStep, type JsonObject, type JsonValue } from '../json-text.ts'
import { patternError } from './pattern.ts'

export type JsonSchemaDraft = 'draft-04' | 'draft-06' | 'draft-07' | '2019-09' | '2020-12'

const ONE_SCHEMA = new Set([
  'additionalItems',
  'additionalProperties',
  'contains',
  'contentSchema',
  'else',
  'if',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
])
const SCHEMA_LIST = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const SCHEMA_MAP = new Set(['$defs', 'definitions', 'dependentSchemas', 'patternProperties', 'properties'])

/** The schemas directly inside a schema, with the path to each. */
export function* subschemas(node: JsonObject): Generator<readonly [step: string, schema: JsonValue]> {
  for (const [keyword, value] of node) {
    if (ONE_SCHEMA.has(keyword)) {
      yield [`/${keyword}`, value]
    } else if (SCHEMA_LIST.has(keyword) && isJsonArray(value)) {
      for (const [i, item] of value.entries()) yield [`/${keyword}/${i}`, item]
    } else if (SCHEMA_MAP.has(keyword) && isJsonObject(value)) {
      for (const [name, item] of value) yield [`/${keyword}${pointerStep(name)}`, item]
    } else if (keyword === 'items') {
      if (isJsonArray(value)) for (const [i, item] of value.entries()) yield [`/items/${i}`, item]
      else yield ['/items', value]
    } else if (keyword === 'dependencies' && isJsonObject(value)) {
      for (const [name, item] of value) if (!isJsonArray(item)) yield [`/dependencies${pointerStep(name)}`, item]
    }
  }
}

const TYPES = new Set(['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'])
const COUNTS = new Set([
  'maxContains',
  'maxItems',
  'maxLength',
  'maxProperties',
  'minContains',
  'minItems',
  'minLength',
  'minProperties',
])
const TEXTS = new Set([
  '$anchor',
  '$comment',
  '$dynamicAnchor',
  '$dynamicRef',
  '$id',
  '$recursiveRef',
  '$ref',
  '$schema',
  'description',
  'format',
  'title',
])

/** @throws SchemaError where a keyword has a value it cannot have; what is inside subschemas is not looked at */
export function checkKeywords(node: JsonObject, draft: JsonSchemaDraft, path: string): void {
  for (const [keyword, value] of node) {
    const reason = keywordError(keyword, value, draft)
    if (reason !== undefined) throw new SchemaError(`"${keyword}" ${reason}`, `${path}/${keyword}`)
  }
}

function keywordError(keyword: string, value: JsonValue, draft: JsonSchemaDraft): string | undefined {
  if (TEXTS.has(keyword)) return typeof value === 'string' ? undefined : 'must be a string'
  if (COUNTS.has(keyword)) return isCount(value) ? undefined : 'must be a whole number, 0 or more'
  if (SCHEMA_MAP.has(keyword)) {
    if (!isJsonObject(value)) return 'must be an object of schemas'
    return keyword === 'patternProperties' ? firstError([...value.keys()], patternError) : undefined
  }
  if (SCHEMA_LIST.has(keyword))
    return isJsonArray(value) && value.length > 0 ? undefined : 'must be a list of at least one schema'
  switch (keyword) {
    case 'type':
      if (typeof value === 'string') return TYPES.has(value) ? undefined : `has the unknown type "${value}"`
      if (!isJsonArray(value) || value.length === 0) return 'must be a type or a list of types'
      return firstError(value, (type) =>
        typeof type === 'string' && TYPES.has(type) ? undefined : 'holds something that is no type',
      )
    case 'enum':
      return isJsonArray(value) && value.length > 0 ? undefined : 'must be a list of at least one value'
    case 'required':
      // Draft 3 put a boolean on the property; it is everywhere, and means nothing since.
      if (typeof value === 'boolean') return undefined
      return isJsonArray(value) && value.every((name) => typeof name === 'string')
        ? undefined
        : 'must be a list of property names'
    case 'maximum':
    case 'minimum':
      return value instanceof JsonNumber ? undefined : 'must be a number'
    case 'exclusiveMaximum':
    case 'exclusiveMinimum':
      if (draft === 'draft-04') return typeof value === 'boolean' ? undefined : 'must be true or false in draft 4'
      return value instanceof JsonNumber ? undefined : 'must be a number'
    case 'multipleOf':
      return value instanceof JsonNumber && value.value > 0 ? undefined : 'must be a number above 0'
    case 'uniqueItems':
      return typeof value === 'boolean' ? undefined : 'must be true or false'
    case 'pattern':
      return typeof value === 'string' ? patternError(value) : 'must be a string'
    case 'dependentRequired':
      if (!isJsonObject(value)) return 'must be an object of lists'
      return firstError([...value.values()], (names) =>
        isJsonArray(names) ? undefined : 'must hold lists of property names',
      )
    case 'dependencies':
      return isJsonObject(value) ? undefined : 'must be an object'
    default:
      return undefined
  }
}

function isCount(value: JsonValue): boolean {
  return value instanceof JsonNumber && value.value >= 0 && Number.isInteger(value.value)
}

function firstError<T>(list: readonly T[], check: (item: T) => string | undefined): string | undefined {
  for (const item of list) {
    const error = check(item)
    if (error !== undefined) return error
  }
  return undefined
}
