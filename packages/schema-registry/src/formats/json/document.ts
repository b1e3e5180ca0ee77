/** A JSON Schema document: its text as a tree, its draft, and the documents its references name. */
import type { JsonValue } from '../json-text.ts'

export type JsonSchemaDraft = 'draft-04' | 'draft-06' | 'draft-07' | '2019-09' | '2020-12'

export interface JsonSchemaDocument {
  readonly root: JsonValue
  readonly draft: JsonSchemaDraft
  /** The documents referred to, by reference name. */
  readonly referenced: ReadonlyMap<string, JsonValue>
}
