/** Compatibility of JSON Schemas. */
import type { CompatibilityPolicy, Difference } from '../compatibility.ts'
import type { ParsedJson } from '../schema.ts'

export function checkJson(
  _reader: ParsedJson,
  _writer: ParsedJson,
  _policy: CompatibilityPolicy,
  _editable: 'reader' | 'writer',
): readonly Difference[] {
  throw new Error('not built yet')
}
