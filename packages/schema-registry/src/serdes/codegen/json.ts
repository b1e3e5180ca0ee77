/** TypeScript of a JSON Schema: a type per schema that is referred to, the rest inline. What goes further than types is `unknown`. */
import type { JsonSchemaDocument } from '../../formats/json/document.ts'
import { isJsonArray, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../../formats/json-text.ts'
import type { Generated } from './generated.ts'
import { arrayOf, docComment, literal, member, Names, typeName, union } from './text.ts'

export function generateJson(document: JsonSchemaDocument, fallbackName: string): Generated {
  const names = new Names<JsonValue>(['RegistryClient', 'RegistrySerde'])
  const waiting: JsonValue[] = []
  const declarations: string[] = []

  const named = (schema: JsonValue, wanted: string): string => {
    if (!names.has(schema)) waiting.push(schema)
    return names.of(schema, typeName(wanted))
  }

  function text(schema: JsonValue | undefined, depth: number): string {
    if (schema === false) return 'never'
    if (!isJsonObject(schema)) return 'unknown'
    const target = document.target(schema)
    if (target !== undefined) return isJsonObject(target) ? named(target, nameFor(schema, target)) : text(target, depth)
    const options = (schema.get('anyOf') ?? schema.get('oneOf')) as JsonValue | undefined
    const all = schema.get('allOf')
    if (schema.has('const')) return literalOf(schema.get('const'))
    const values = schema.get('enum')
    if (isJsonArray(values)) return union(values.map(literalOf))
    const own = ofType(schema, depth)
    const parts = [
      ...(own === 'unknown' ? [] : [own]),
      ...(isJsonArray(options) ? [union(options.map((each) => text(each, depth)))] : []),
      ...(isJsonArray(all) ? all.map((each) => text(each, depth)) : []),
    ].filter((part) => part !== 'unknown')
    if (parts.length < 2) return parts[0] ?? 'unknown'
    return parts.map((part) => (part.includes(' | ') ? `(${part})` : part)).join(' & ')
  }

  function ofType(schema: JsonObject, depth: number): string {
    const type = schema.get('type')
    if (isJsonArray(type)) return union(type.map((each) => ofOneType(schema, each, depth)))
    return ofOneType(schema, type ?? (schema.has('properties') ? 'object' : undefined), depth)
  }

  function ofOneType(schema: JsonObject, type: JsonValue | undefined, depth: number): string {
    switch (type) {
      case 'string':
      case 'boolean':
      case 'null':
      case 'number':
        return type
      case 'integer':
        return 'number'
      case 'array': {
        const items = schema.get('items')
        const prefix = schema.get('prefixItems') ?? (isJsonArray(items) ? items : undefined)
        const rest = isJsonArray(items) ? schema.get('additionalItems') : items
        if (!isJsonArray(prefix)) return arrayOf(text(rest, depth))
        return `[${[...prefix.map((each) => `${text(each, depth)}?`), ...(rest === false ? [] : [`...${arrayOf(text(rest, depth))}`])].join(', ')}]`
      }
      case 'object':
        return object(schema, depth)
      default:
        return 'unknown'
    }
  }

  function object(schema: JsonObject, depth: number): string {
    const properties = schema.get('properties')
    const additional = schema.get('additionalProperties')
    if (!isJsonObject(properties) || properties.size === 0) return `{ [name: string]: ${text(additional, depth)} }`
    const required = schema.get('required')
    const isRequired = (name: string): boolean => isJsonArray(required) && required.includes(name)
    const indent = '  '.repeat(depth + 1)
    const members = [...properties].map(([name, property]) => {
      const doc = isJsonObject(property) ? property.get('description') : undefined
      const comment = docComment(typeof doc === 'string' ? doc : undefined, indent)
      return `${comment}${indent}${member(name)}${isRequired(name) ? '' : '?'}: ${text(property, depth + 1)}\n`
    })
    return `{\n${members.join('')}${'  '.repeat(depth)}}`
  }

  const title = titleOf(document.root)
  const root = named(document.root, title ?? fallbackName)
  for (let schema = waiting.shift(); schema !== undefined; schema = waiting.shift()) {
    const name = names.of(schema)
    const doc = isJsonObject(schema) ? schema.get('description') : undefined
    const body = text(schema, 0)
    const comment = docComment(typeof doc === 'string' ? doc : undefined, '')
    declarations.push(
      `${comment}export ${body.startsWith('{\n') && body.endsWith('\n}') && !body.includes('\n} & ') ? `interface ${name} ${body}` : `type ${name} = ${body}`}`,
    )
  }
  return { declarations, imports: new Set(), roots: [{ type: root }] }
}

/** Its title, else the last part of the reference that leads to it. */
function nameFor(referring: JsonObject, target: JsonObject): string {
  const title = titleOf(target)
  if (title !== undefined) return title
  const reference = referring.get('$ref') ?? referring.get('$dynamicRef') ?? ''
  const last = String(typeof reference === 'string' ? reference : '')
    .split(/[/#]/)
    .findLast((part) => part !== '')
  return (last ?? 'Root').replace(/(?:\.schema)?\.json$/, '')
}

function titleOf(schema: JsonValue): string | undefined {
  const title = isJsonObject(schema) ? schema.get('title') : undefined
  return typeof title === 'string' && title !== '' ? title : undefined
}

function literalOf(value: JsonValue | undefined): string {
  if (typeof value === 'string') return literal(value)
  if (value === null || typeof value === 'boolean') return String(value)
  return value instanceof JsonNumber ? String(value.value) : 'unknown'
}
