/** The parts of a JSON Schema: every subschema, by its pointer, with the keywords that hold no schemas. */
import { isJsonObject, printJson, type JsonValue } from '../formats/json-text.ts'
import { subschemas } from '../formats/json/keywords.ts'
import type { SchemaPart } from './outline-part.ts'

export function jsonOutline(root: JsonValue): SchemaPart[] {
  const parts: SchemaPart[] = []
  const walk = (node: JsonValue, path: string): void => {
    const kind = /\/properties\/[^/]*$/.test(path) ? 'property' : 'schema'
    if (!isJsonObject(node)) {
      parts.push({ path, kind, pointer: path, attributes: new Map([['schema', printJson(node)]]) })
      return
    }
    const below = [...subschemas(node)]
    const containers = new Set(below.map(([step]) => step.split('/')[1]!))
    const attributes = new Map<string, string>()
    for (const [keyword, value] of node) if (!containers.has(keyword)) attributes.set(keyword, printJson(value))
    parts.push({ path, kind, pointer: path, attributes })
    for (const [step, schema] of below) walk(schema, path + step)
  }
  walk(root, '#')
  return parts
}
