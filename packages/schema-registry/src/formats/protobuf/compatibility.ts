/** Compatibility of Protobuf schemas. */
import type { Difference } from '../compatibility.ts'
import type { ParsedProtobuf } from '../schema.ts'

export function checkProtobuf(
  _reader: ParsedProtobuf,
  _writer: ParsedProtobuf,
  _editable: 'reader' | 'writer',
): readonly Difference[] {
  throw new Error('not built yet')
}
