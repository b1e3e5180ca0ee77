/** What a schema format brings to the serde that all share. */
import type { ParsedSchema, SchemaType } from '../formats/index.ts'
import type { ContractFields } from './rules/fields.ts'

/** A schema, ready to write with. */
export interface Writer {
  /** What strategies by record name use. */
  readonly recordName: string | undefined
  /** Between schema id and payload: Protobuf's message indexes. */
  readonly infix: Uint8Array
  /** @returns prefix and payload; the bytes are the caller's @throws SerdeError with the path of what does not fit */
  encode(value: unknown, prefix: Uint8Array): Uint8Array
}

/** @param start behind the schema id @throws SerdeError with the path of what does not fit */
export type Decode = (bytes: Uint8Array, start: number) => unknown

export interface SerdeFormat {
  readonly schemaType: SchemaType
  /** @throws SerdeError WRONG_SCHEMA */
  writer(schema: ParsedSchema): Writer
  /** @param reader the writer's own where there is no other @throws SerdeError WRONG_SCHEMA, SCHEMA_MISMATCH */
  decoder(writer: ParsedSchema, reader: ParsedSchema): Decode
  /**
   * The fields of values of a schema, for the rules of its data contract.
   * @param tags what the schema's metadata adds to the tags of a field, by its full name
   */
  fields(schema: ParsedSchema, tags: (fullName: string) => readonly string[]): ContractFields
}
