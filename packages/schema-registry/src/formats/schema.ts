/**
 * What every format has in common: a schema parsed once, together with the schemas it refers to, immutable from then on.
 *
 * Invariant: `parseSchema(s.canonical, same references)` has the same `canonical` as `s`; likewise for `normalized()`.
 */
import type { AvroType } from './avro/type.ts'
import type { JsonSchemaDocument } from './json/document.ts'
import type { ProtoFile } from './protobuf/file.ts'

export type SchemaType = 'AVRO' | 'JSON' | 'PROTOBUF'
export const SCHEMA_TYPES: readonly SchemaType[] = ['JSON', 'PROTOBUF', 'AVRO']

/** A reference as it stands in a register request and in `_schemas`. */
export interface SchemaReference {
  /** Avro: a full type name; JSON Schema: a `$ref` URI; Protobuf: an import path. */
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** A reference with the text it stands for; the registry looks these up, transitively, before it parses. */
export interface ResolvedReference extends SchemaReference {
  readonly schema: string
  /** What `schema` itself refers to. */
  readonly references?: readonly ResolvedReference[]
}

export interface SchemaText {
  readonly schemaType: SchemaType
  readonly schema: string
  readonly references?: readonly ResolvedReference[]
}

export interface ParseOptions {
  /**
   * Refuse what Confluent refuses only when it validates new schemas (`schema.validate.new.schemas`, on by default there):
   * Avro defaults that do not fit their type. Leave off for schemas read back from `_schemas`. Default: false.
   */
  readonly validate?: boolean
}

/** A named thing inside a schema: what tags are attached to and data contracts address. */
export interface SchemaEntity {
  readonly kind: 'record' | 'field' | 'message' | 'enum'
  /** Dotted path from the root: `ns.Record.field`, `.pkg.Message.field`, `object.properties`. */
  readonly path: string
  /** Tags in the schema itself: `confluent:tags` in Avro and JSON Schema, the option `(confluent.field_meta).tags` and its like. */
  readonly tags: readonly string[]
}

interface ParsedSchemaCommon {
  /** The text as handed in (for Protobuf descriptors: the base64). */
  readonly source: string
  /** Direct references only. */
  readonly references: readonly SchemaReference[]
  /** The name record-name strategies use: an Avro full name, a JSON Schema `title`, a Protobuf message's full name. */
  readonly name: string | undefined
  /** What the registry stores and returns. */
  readonly canonical: string
  /** What the registry stores when `normalize` is on; the order of things that carry no meaning no longer matters. */
  normalized(): string
  /**
   * The text for a `format` query parameter: AVRO and JSON know `resolved` (references inlined); PROTOBUF knows `serialized`
   * (base64 of a FileDescriptorProto), `ignore_extensions` and `no_meta`. Empty and unknown kinds give `canonical`.
   */
  format(kind: string): string
  /** Named things in order of appearance. */
  entities(): readonly SchemaEntity[]
}

export interface ParsedAvro extends ParsedSchemaCommon {
  readonly schemaType: 'AVRO'
  readonly type: AvroType
}

export interface ParsedJson extends ParsedSchemaCommon {
  readonly schemaType: 'JSON'
  readonly document: JsonSchemaDocument
}

export interface ParsedProtobuf extends ParsedSchemaCommon {
  readonly schemaType: 'PROTOBUF'
  readonly file: ProtoFile
  /** Every file referred to, by import path. */
  readonly imports: ReadonlyMap<string, ProtoFile>
}

export type ParsedSchema = ParsedAvro | ParsedJson | ParsedProtobuf
