/**
 * Tags that stand in a schema: what data contracts and field-level encryption choose fields by.
 *
 * Avro and JSON Schema carry them as an attribute, `"confluent:tags": ["PII"]`; Protobuf as an option of a message, a field or an enum,
 * `[(confluent.field_meta).tags = "PII"]` or `[(confluent.field_meta) = { tags: ["PII"] }]`.
 */
import type { JsonValue } from './json-text.ts'
import type { OptionValue, ProtoOption } from './protobuf/file.ts'

export const TAGS_ATTRIBUTE = 'confluent:tags'

export function tagsOf(attributes: ReadonlyMap<string, JsonValue>): readonly string[] {
  const value = attributes.get(TAGS_ATTRIBUTE)
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []
}

/** Confluent's option as a whole, or one of its parts. */
export const META_OPTION = /^\(\.?confluent\.(?:message|field|enum)_meta\)(\.\w+)?$/

export function tagsOfOptions(options: readonly ProtoOption[]): readonly string[] {
  return options.flatMap(({ name, value }) => {
    const match = META_OPTION.exec(name)
    if (match === null) return []
    if (match[1] === undefined) return tagsWithin(value)
    return match[1] === '.tags' ? texts(value) : []
  })
}

function tagsWithin(value: OptionValue): readonly string[] {
  if (value.kind !== 'map') return []
  return value.entries.filter(([name]) => name === 'tags').flatMap(([, tags]) => texts(tags))
}

function texts(value: OptionValue): readonly string[] {
  if (value.kind === 'list') return value.items.flatMap(texts)
  return value.kind === 'string' ? [value.text] : []
}
