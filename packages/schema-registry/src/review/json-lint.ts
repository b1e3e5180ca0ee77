/** The rules for JSON Schema. */
import { isJsonArray, isJsonObject, pointerStep, type JsonValue } from '../formats/json-text.ts'
import { subschemas } from '../formats/json/keywords.ts'
import type { ParsedJson } from '../formats/index.ts'
import { lintFieldNames, type Report } from './lint-rules.ts'

/** Any of these says what a value may be. */
const TYPE_KEYWORDS = [
  'type',
  '$ref',
  '$dynamicRef',
  '$recursiveRef',
  'enum',
  'const',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
]

export function lintJson({ document, name }: ParsedJson, report: Report): void {
  if (name === undefined) report('missing-title', '#', 'the schema has no title, so that its records have no name')
  const walk = (node: JsonValue, path: string): void => {
    if (!isJsonObject(node)) return
    const properties = node.get('properties')
    if (isJsonObject(properties)) {
      const fields: { path: string; name: string }[] = []
      for (const [property, schema] of properties) {
        const at = `${path}/properties${pointerStep(property)}`
        fields.push({ path: at, name: property })
        if (!isJsonObject(schema)) continue
        if (!TYPE_KEYWORDS.some((keyword) => schema.has(keyword))) report('missing-type', at, `${property} has no type`)
        if (!schema.has('description') && !schema.has('$ref')) {
          report('missing-doc', at, `${property} has no description`)
        }
      }
      lintFieldNames(fields, report)
    }
    const required = node.get('required')
    if (isJsonArray(required) && isJsonObject(properties)) {
      for (const each of required) {
        if (typeof each === 'string' && !properties.has(each)) {
          report('required-undeclared', path, `${each} is required, and no property`)
        }
      }
    }
    for (const [step, schema] of subschemas(node)) walk(schema, path + step)
  }
  walk(document.root, '#')
}
