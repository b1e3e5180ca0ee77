/** From text to `ParsedSchema`, by schema type. */
import { parseAvro } from './avro/parsed.ts'
import { SchemaError } from './errors.ts'
import { parseJson } from './json/parsed.ts'
import { assertSchemaSize, DEPTH_MAX, REFERENCE_COUNT_MAX, REFERENCED_SIZE_MAX } from './limits.ts'
import { parseProtobuf } from './protobuf/parsed.ts'
import type { ParsedSchema, ParseOptions, ResolvedReference, SchemaText } from './schema.ts'

/**
 * Parses a schema together with the schemas it refers to.
 * @throws SchemaError INVALID_SCHEMA with the path of what is wrong, SCHEMA_TOO_LARGE past the limits of `limits.ts`
 */
export function parseSchema(
  { schemaType, schema, references = [] }: SchemaText,
  options: ParseOptions = {},
): ParsedSchema {
  assertSchemaSize(schema)
  const flat = flatten(references)
  switch (schemaType) {
    case 'AVRO':
      return parseAvro(schema, references, flat, options)
    case 'JSON':
      return parseJson(schema, references, flat)
    case 'PROTOBUF':
      return parseProtobuf(schema, references, flat)
    default:
      throw new SchemaError(`unknown schema type ${String(schemaType satisfies never)}`)
  }
}

/** @returns all references, each after those it depends on, the first of equal names only. */
function flatten(references: readonly ResolvedReference[]): readonly ResolvedReference[] {
  const byName = new Map<string, ResolvedReference>()
  let size = 0
  const visit = (reference: ResolvedReference, depth: number): void => {
    if (byName.has(reference.name)) return
    if (depth > DEPTH_MAX) {
      throw new SchemaError(`references nest deeper than ${DEPTH_MAX} levels`, reference.name, 'SCHEMA_TOO_LARGE')
    }
    for (const inner of reference.references ?? []) visit(inner, depth + 1)
    if (byName.has(reference.name)) return
    size += reference.schema.length
    if (size > REFERENCED_SIZE_MAX || byName.size >= REFERENCE_COUNT_MAX) {
      throw new SchemaError('the schema refers to more than the registry resolves', reference.name, 'SCHEMA_TOO_LARGE')
    }
    byName.set(reference.name, reference)
  }
  for (const reference of references) visit(reference, 0)
  return [...byName.values()]
}
