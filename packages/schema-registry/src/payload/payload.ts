/**
 * Does a payload decode with its schema? Without decoding it: nothing is built, only walked.
 *
 * For brokers that refuse what does not, and for `braidlog schema check --against-data`. Work and depth are bounded by
 * the bytes that are there, whatever schema and payload say; regular expressions are matched with a bound of their own.
 * What cannot be told within the bounds passes.
 */
import {
  parseSchema,
  SCHEMA_TYPES,
  type ParsedSchema,
  type ResolvedReference,
  type SchemaType,
} from '../formats/index.ts'
import { avroPayload } from './avro-payload.ts'
import { jsonPayload } from './json-payload.ts'
import { protobufPayload } from './protobuf-payload.ts'

/** A schema made ready to look at payloads: what stands behind the schema's id. */
export interface CompiledPayload {
  /** The full name of what `bytes[start, end)` holds; `undefined`: the schema gives it none. */
  recordName(bytes: Uint8Array, start: number, end: number): string | undefined
  /** Where and why `bytes[start, end)` does not decode, as `path: reason`; `undefined`: it does. */
  fault(bytes: Uint8Array, start: number, end: number): string | undefined
}

export interface PayloadSchema {
  /** One of Confluent's names of types. */
  readonly schemaType: string
  readonly schema: string
  readonly references: readonly ResolvedReference[]
}

export function compilePayload(schema: ParsedSchema): CompiledPayload {
  switch (schema.schemaType) {
    case 'AVRO':
      return avroPayload(schema)
    case 'JSON':
      return jsonPayload(schema)
    case 'PROTOBUF':
      return protobufPayload(schema)
    default:
      return schema satisfies never
  }
}

/** What a server takes as `schemaFormats`. */
export const schemaFormats = {
  /** @throws SchemaError */
  compile({ schemaType, schema, references }: PayloadSchema): CompiledPayload {
    if (!SCHEMA_TYPES.includes(schemaType as SchemaType)) throw new Error(`schemas of type ${schemaType} are not known`)
    return compilePayload(parseSchema({ schemaType: schemaType as SchemaType, schema, references }))
  },
}
