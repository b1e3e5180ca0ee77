/**
 * What makes two schemas the same schema: the bytes whose MD5 is the identity (and, read as a UUID, the GUID),
 * and equality of schemas once every reference is resolved.
 */
import { printProto } from './protobuf/print.ts'
import type { ParsedSchema, SchemaReference } from './schema.ts'

const encoder = new TextEncoder()

/**
 * The bytes under the MD5, in order: the schema's text in UTF-8; per reference its name and subject in UTF-8 and its version
 * as a big-endian int32; then one byte 1 and the metadata, one byte 1 and the rule set, if there are any.
 * Metadata and rule sets come in as bytes: their serialization belongs to whoever stores them.
 */
export function identityBytes(identity: {
  readonly schema: string
  readonly references?: readonly SchemaReference[]
  readonly metadata?: Uint8Array
  readonly ruleSet?: Uint8Array
}): Uint8Array {
  const text = encoder.encode(identity.schema)
  const { references = [], metadata, ruleSet } = identity
  if (references.length === 0 && metadata === undefined && ruleSet === undefined) return text
  const parts: Uint8Array[] = [text]
  for (const { name, subject, version } of references) {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setInt32(0, version)
    parts.push(encoder.encode(name), encoder.encode(subject), bytes)
  }
  for (const extra of [metadata, ruleSet]) {
    if (extra !== undefined) parts.push(Uint8Array.of(1), extra)
  }
  const all = new Uint8Array(parts.reduce((sizeBytes, part) => sizeBytes + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Whether two schemas are one schema written with different references: equal when both are resolved inline. */
export function equalResolved(a: ParsedSchema, b: ParsedSchema): boolean {
  if (a.schemaType !== b.schemaType) return false
  return a.canonical === b.canonical && sameReferences(a.references, b.references)
    ? true
    : resolvedText(a) === resolvedText(b)
}

function resolvedText(schema: ParsedSchema): string {
  // Protobuf has no inline form: its files are compared with everything they import.
  if (schema.schemaType !== 'PROTOBUF') return schema.format('resolved')
  return JSON.stringify([
    schema.canonical,
    [...schema.imports].map(([path, file]) => `${path}\n${printProto(file)}`).sort((a, b) => (a < b ? -1 : 1)),
  ])
}

function sameReferences(a: readonly SchemaReference[], b: readonly SchemaReference[]): boolean {
  return (
    a.length === b.length &&
    a.every((reference, i) => {
      const other = b[i]
      return (
        reference.name === other?.name && reference.subject === other.subject && reference.version === other.version
      )
    })
  )
}
