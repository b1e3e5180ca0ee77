/**
 * A schema's text with other tags: what a register request adds, takes away or takes over from the version before.
 *
 * Entities go by the paths that `entities()` gives them. Only tags change; everything else is printed as it was.
 */
import { isJsonArray, isJsonObject, parseJsonText, pointerStep, printJson, type JsonValue } from './json-text.ts'
import type { OptionValue, ProtoEnum, ProtoField, ProtoFile, ProtoMessage, ProtoOption } from './protobuf/file.ts'
import { printProto } from './protobuf/print.ts'
import type { ParsedSchema } from './schema.ts'
import { META_OPTION, TAGS_ATTRIBUTE } from './tags.ts'

/** Path of an entity → all the tags it is to have. Entities that are not named keep theirs. */
export type NewTags = ReadonlyMap<string, readonly string[]>

export function withTags(parsed: ParsedSchema, tags: NewTags): string {
  switch (parsed.schemaType) {
    case 'AVRO':
      return printJson(avroNode(parseJsonText(parsed.canonical), '', tags))
    case 'JSON':
      return printJson(jsonNode(parsed.document.root, '#', tags))
    case 'PROTOBUF':
      return printProto(protoFile(parsed.file, tags))
    default:
      return parsed satisfies never
  }
}

function avroNode(node: JsonValue, namespace: string, tags: NewTags): JsonValue {
  if (isJsonArray(node)) return node.map((branch) => avroNode(branch, namespace, tags))
  if (!isJsonObject(node)) return node
  const name = node.get('name')
  if (typeof name !== 'string' || !NAMED.has(node.get('type') as string)) {
    return mapped(node, ['type', 'items', 'values'], (inner) => avroNode(inner, namespace, tags))
  }
  const own = node.get('namespace')
  const scope = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : typeof own === 'string' ? own : namespace
  const fullName = name.includes('.') || scope === '' ? name : `${scope}.${name}`
  const field = (each: JsonValue): JsonValue => {
    if (!isJsonObject(each)) return each
    const typed = mapped(each, ['type'], (type) => avroNode(type, scope, tags))
    return attributed(typed, tags.get(`${fullName}.${String(each.get('name') as string)}`))
  }
  const inner = mapped(node, ['fields'], (fields) => (isJsonArray(fields) ? fields.map(field) : fields))
  return attributed(inner, tags.get(fullName))
}

const NAMED: ReadonlySet<string> = new Set(['record', 'error', 'enum'])

function jsonNode(node: JsonValue, path: string, tags: NewTags): JsonValue {
  if (!isJsonObject(node)) return node
  const below = mapped(node, ['items'], (items) => jsonNode(items, `${path}/[]`, tags))
  const inner = mapped(below, ['properties'], (properties) =>
    isJsonObject(properties)
      ? new Map([...properties].map(([name, each]) => [name, jsonNode(each, `${path}${pointerStep(name)}`, tags)]))
      : properties,
  )
  return attributed(inner, tags.get(path))
}

/** With some members changed, in their places. */
function mapped(
  node: ReadonlyMap<string, JsonValue>,
  names: readonly string[],
  change: (value: JsonValue) => JsonValue,
): ReadonlyMap<string, JsonValue> {
  return new Map([...node].map(([name, value]) => [name, names.includes(name) ? change(value) : value]))
}

function attributed(node: ReadonlyMap<string, JsonValue>, tags: readonly string[] | undefined): JsonValue {
  if (tags === undefined) return node
  const changed = new Map(node)
  if (tags.length === 0) changed.delete(TAGS_ATTRIBUTE)
  else changed.set(TAGS_ATTRIBUTE, [...tags])
  return changed
}

const META_FILE = 'confluent/meta.proto'

function protoFile(file: ProtoFile, tags: NewTags): ProtoFile {
  const root = file.package === '' ? '' : `.${file.package}`
  const types = file.types.map((type) => protoType(type, root, tags))
  const isNeeded = [...tags.values()].some((each) => each.length > 0)
  const isThere = file.imports.some(({ path }) => path === META_FILE)
  const imports = isNeeded && !isThere ? [...file.imports, { path: META_FILE, modifier: undefined }] : file.imports
  return { ...file, imports, types }
}

function protoType(type: ProtoMessage | ProtoEnum, scope: string, tags: NewTags): ProtoMessage | ProtoEnum {
  const path = `${scope}.${type.name}`
  if (type.kind === 'enum') return { ...type, options: optioned(type.options, 'enum', tags.get(path)) }
  const field = (each: ProtoField): ProtoField => ({
    ...each,
    options: optioned(each.options, 'field', tags.get(`${path}.${each.name}`)),
  })
  return {
    ...type,
    options: optioned(type.options, 'message', tags.get(path)),
    fields: type.fields.map(field),
    oneofs: type.oneofs.map((oneof) => ({ ...oneof, fields: oneof.fields.map(field) })),
    types: type.types.map((inner) => protoType(inner, path, tags)),
  }
}

/** One option holds them all: an option may not be set as a whole and by its parts. */
function optioned(
  options: readonly ProtoOption[],
  kind: 'message' | 'field' | 'enum',
  tags: readonly string[] | undefined,
): readonly ProtoOption[] {
  if (tags === undefined) return options
  const entries: (readonly [string, OptionValue])[] = []
  const others: ProtoOption[] = []
  for (const option of options) {
    const match = META_OPTION.exec(option.name)
    const part = match?.[1]
    if (match === null) others.push(option)
    else if (part !== undefined) {
      if (part !== '.tags') entries.push([part.slice(1), option.value])
    } else if (option.value.kind === 'map') entries.push(...option.value.entries.filter(([name]) => name !== 'tags'))
  }
  if (tags.length > 0) {
    const items = tags.map((text) => ({ kind: 'string', text }) as const)
    entries.push(['tags', { kind: 'list', items }])
  }
  if (entries.length === 0) return others
  return [...others, { name: `(confluent.${kind}_meta)`, value: { kind: 'map', entries } }]
}
