/** A JSON Schema with its references, as the registry handles it. */
import { isJsonObject, pointerStep, printJson, type JsonValue } from '../json-text.ts'
import { tagsOf } from '../tags.ts'
import type { ParsedJson, ResolvedReference, SchemaEntity } from '../schema.ts'
import { parseDocument, type JsonSchemaDocument } from './document.ts'
import { inlineReferences } from './resolved.ts'

export function parseJson(
  schema: string,
  references: readonly ResolvedReference[],
  flat: readonly ResolvedReference[],
): ParsedJson {
  const document = parseDocument(schema, flat)
  const canonical = printJson(document.root)
  return {
    schemaType: 'JSON',
    source: schema,
    references: references.map(({ name, subject, version }) => ({ name, subject, version })),
    document,
    name: titleOf(document.root),
    canonical,
    // What `$ref`s name stays by name: only the order of members loses its meaning.
    normalized: () => printJson(document.root, { sorted: true }),
    format: (kind) => (kind === 'resolved' ? printJson(inlineReferences(document)) : canonical),
    entities: () => entitiesOf(document),
  }
}

function titleOf(root: JsonValue): string | undefined {
  const title = isJsonObject(root) ? root.get('title') : undefined
  return typeof title === 'string' ? title : undefined
}

function entitiesOf({ root }: JsonSchemaDocument): readonly SchemaEntity[] {
  const entities: SchemaEntity[] = []
  const visit = (node: JsonValue | undefined, path: string): void => {
    if (!isJsonObject(node)) return
    const properties = node.get('properties')
    if (isJsonObject(properties)) {
      entities.push({ kind: 'record', path, tags: tagsOf(node) })
      for (const [name, property] of properties) {
        const below = `${path}${pointerStep(name)}`
        entities.push({ kind: 'field', path: below, tags: isJsonObject(property) ? tagsOf(property) : [] })
        visit(property, below)
      }
    }
    const items = node.get('items')
    if (isJsonObject(items)) visit(items, `${path}/[]`)
  }
  visit(root, '#')
  return entities
}
