/** A JSON Schema with its references, as the registry handles it. */
import { SchemaError } from '../errors.ts'
import type { ParsedJson, ResolvedReference } from '../schema.ts'

export function parseJson(
  _schema: string,
  _references: readonly ResolvedReference[],
  _flat: readonly ResolvedReference[],
): ParsedJson {
  throw new SchemaError('JSON Schema is not parsed yet')
}
