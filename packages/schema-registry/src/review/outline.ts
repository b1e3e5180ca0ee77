/**
 * A schema as a list of named parts with attributes: what a person would point at. Two schemas are told apart part by
 * part, and a finding names a part.
 */
import type { ParsedSchema } from '../formats/index.ts'
import { avroOutline } from './avro-outline.ts'
import { jsonOutline } from './json-outline.ts'
import type { SchemaPart } from './outline-part.ts'
import { protobufOutline } from './protobuf-outline.ts'

/** Parts that cannot be told apart by name are left out; outer before inner. */
export function outlineOf(schema: ParsedSchema): SchemaPart[] {
  switch (schema.schemaType) {
    case 'AVRO':
      return avroOutline(schema.type)
    case 'JSON':
      return jsonOutline(schema.document.root)
    case 'PROTOBUF':
      return protobufOutline(schema.file)
    default:
      return schema satisfies never
  }
}
