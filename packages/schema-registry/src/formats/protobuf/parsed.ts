/** A Protobuf schema with its references, as the registry handles it. */
import { SchemaError } from '../errors.ts'
import type { ParsedProtobuf, ResolvedReference } from '../schema.ts'

export function parseProtobuf(
  _schema: string,
  _references: readonly ResolvedReference[],
  _flat: readonly ResolvedReference[],
): ParsedProtobuf {
  throw new SchemaError('Protobuf is not parsed yet')
}
