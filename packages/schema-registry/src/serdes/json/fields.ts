/** JSON as rules see it: whole numbers as bigint, as other languages have them; fields by the schema's `properties`. */
import type { JsonSchemaDocument } from '../../formats/json/document.ts'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../formats/json-text.ts'
import type { ContractField, ContractFields, FieldTypeName } from '../rules/fields.ts'

export function jsonFields(
  document: JsonSchemaDocument,
  tagsOf: (fullName: string) => readonly string[],
): ContractFields {
  return {
    toRules: (value) =>
      convert(value, (each) => (typeof each === 'number' && Number.isSafeInteger(each) ? BigInt(each) : each)),
    fromRules: (value) =>
      convert(value, (each) => (typeof each === 'bigint' && Number.isSafeInteger(Number(each)) ? Number(each) : each)),
    mapFields: (value, change) => mapFields(value, document.root, document, [], tagsOf, change),
  }
}

function convert(value: unknown, scalar: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => convert(item, scalar))
  if (typeof value !== 'object' || value === null) return scalar(value)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, convert(item, scalar)]))
}

function mapFields(
  value: unknown,
  schema: JsonValue | undefined,
  document: JsonSchemaDocument,
  path: readonly string[],
  tagsOf: (fullName: string) => readonly string[],
  change: (field: ContractField, value: unknown) => unknown,
): unknown {
  const node = resolved(schema, document)
  if (node === undefined) return value
  if (Array.isArray(value)) {
    const items = node.get('items')
    return value.map((item: unknown) => mapFields(item, items, document, path, tagsOf, change))
  }
  if (typeof value !== 'object' || value === null) return value
  const properties = propertiesOf(node, document)
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => {
      const property = resolved(properties.get(name), document)
      if (property === undefined) return [name, member]
      const inside = [...path, name]
      const typeName = typeNameOf(member)
      if (typeName === undefined) return [name, mapFields(member, property, document, inside, tagsOf, change)]
      const fullName = inside.join('.')
      const tags = new Set([...inlineTags(property), ...tagsOf(fullName)])
      return [name, change({ name, fullName, typeName, tags, message: value }, member)]
    }),
  )
}

function resolved(schema: JsonValue | undefined, document: JsonSchemaDocument): JsonObject | undefined {
  if (!isJsonObject(schema)) return undefined
  const target = document.target(schema)
  return isJsonObject(target) ? target : schema
}

/** Those of the schema itself and of what it is combined from, one level. */
function propertiesOf(node: JsonObject, document: JsonSchemaDocument): ReadonlyMap<string, JsonValue> {
  const all = new Map<string, JsonValue>()
  const parts = [
    node,
    ...['allOf', 'anyOf', 'oneOf'].flatMap((keyword) => {
      const list = node.get(keyword)
      return isJsonArray(list) ? list.map((each) => resolved(each, document)) : []
    }),
  ]
  for (const part of parts.reverse()) {
    const properties = part?.get('properties')
    if (isJsonObject(properties)) for (const [name, property] of properties) all.set(name, property)
  }
  return all
}

function inlineTags(property: JsonObject): readonly string[] {
  const tags = property.get('confluent:tags')
  return isJsonArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
}

function typeNameOf(value: unknown): FieldTypeName | undefined {
  switch (typeof value) {
    case 'string':
      return 'STRING'
    case 'boolean':
      return 'BOOLEAN'
    case 'bigint':
      return 'LONG'
    case 'number':
      return 'DOUBLE'
    default:
      return undefined
  }
}
