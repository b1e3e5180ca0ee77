/** The parts of an Avro schema: named types by full name, fields and symbols below them. */
import type { AvroField, AvroNamed, AvroProperties, AvroType } from '../formats/avro/type.ts'
import { printJson } from '../formats/json-text.ts'
import { attributes, type SchemaPart } from './outline-part.ts'

export function avroOutline(root: AvroType): SchemaPart[] {
  const parts: SchemaPart[] = []
  const seen = new Set<AvroNamed>()
  const named = (type: AvroNamed, pointer: string): boolean => {
    if (seen.has(type)) return false
    seen.add(type)
    parts.push({
      path: type.fullName,
      kind: type.kind,
      pointer,
      attributes: attributes({
        doc: type.doc,
        aliases: listOf(type.aliases),
        size: type.kind === 'fixed' ? String(type.sizeBytes) : undefined,
        default: type.kind === 'enum' ? type.default : undefined,
        ...propertiesOf(type.properties),
      }),
    })
    return true
  }
  const walk = (type: AvroType, pointer: string): void => {
    switch (type.kind) {
      case 'record':
        if (!named(type, pointer)) return
        for (const [i, field] of type.fields.entries()) {
          const at = `${pointer}/fields/${i}`
          parts.push(fieldPart(type.fullName, field, at))
          walk(field.type, `${at}/type`)
        }
        return
      case 'enum':
        if (!named(type, pointer)) return
        for (const symbol of type.symbols) {
          const path = `${type.fullName}.${symbol}`
          parts.push({ path, kind: 'symbol', pointer: `${pointer}/symbols/${symbol}`, attributes: new Map() })
        }
        return
      case 'fixed':
        named(type, pointer)
        return
      case 'union':
        for (const [i, branch] of type.branches.entries()) walk(branch, `${pointer}/${i}`)
        return
      case 'array':
        return walk(type.items, `${pointer}/items`)
      case 'map':
        return walk(type.values, `${pointer}/values`)
      default:
        return
    }
  }
  if (root.kind !== 'record' && root.kind !== 'enum' && root.kind !== 'fixed') {
    parts.push({ path: '/', kind: 'type', pointer: '', attributes: attributes({ type: describeType(root) }) })
  }
  walk(root, '')
  return parts
}

function fieldPart(record: string, field: AvroField, pointer: string): SchemaPart {
  return {
    path: `${record}.${field.name}`,
    kind: 'field',
    pointer,
    attributes: attributes({
      type: describeType(field.type),
      default: field.default === undefined ? undefined : printJson(field.default),
      doc: field.doc,
      order: field.order === 'ascending' ? undefined : field.order,
      aliases: listOf(field.aliases),
      ...propertiesOf(field.properties),
    }),
  }
}

export function describeType(type: AvroType): string {
  switch (type.kind) {
    case 'record':
    case 'enum':
    case 'fixed':
      return type.fullName
    case 'union':
      return `union(${type.branches.map(describeType).join(', ')})`
    case 'array':
      return `array(${describeType(type.items)})`
    case 'map':
      return `map(${describeType(type.values)})`
    default: {
      const logical = type.properties.get('logicalType')
      return typeof logical === 'string' ? `${type.kind}(${logical})` : type.kind
    }
  }
}

const listOf = (items: readonly string[]): string | undefined => (items.length === 0 ? undefined : items.join(', '))

const propertiesOf = (properties: AvroProperties): Record<string, string> =>
  Object.fromEntries([...properties].map(([name, value]) => [name, printJson(value)]))
