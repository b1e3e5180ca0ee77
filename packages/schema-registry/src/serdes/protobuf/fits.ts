/**
 * Whether a reader's message can take what a writer's message holds. Protobuf itself would read fields of another kind as unknown
 * ones and give defaults in their place; here that is an error, found once per pair of messages.
 *
 * Kinds that may stand for each other are those that the registry's compatibility check takes for compatible.
 */
import { SerdeError } from '../errors.ts'
import type { FieldType, MessageField, MessageType } from './message.ts'

/** @throws SerdeError SCHEMA_MISMATCH with the path of the first field that does not fit */
export function assertFits(writer: MessageType, reader: MessageType): void {
  const seen = new Map<MessageType, Set<MessageType>>()
  const visit = (from: MessageType, to: MessageType, path: string): void => {
    const known = seen.get(from) ?? new Set<MessageType>()
    seen.set(from, known)
    if (known.has(to)) return
    known.add(to)
    for (const field of to.fields) {
      const at = `${path}/${field.protoName}`
      const written = from.fields.find(({ tag }) => tag === field.tag)
      if (written === undefined) {
        if (field.isRequired)
          throw mismatch(at, `the reader's required field ${field.tag} is not in the writer's ${from.fullName}`)
        continue
      }
      const [was, is] = [kindOf(written), kindOf(field)]
      if (was !== is)
        throw mismatch(at, `field ${field.tag} is written as ${described(written)} and read as ${described(field)}`)
      if (written.type.kind === 'message' && field.type.kind === 'message')
        visit(written.type.message, field.type.message, at)
    }
  }
  visit(writer, reader, '')
}

function mismatch(path: string, reason: string): SerdeError {
  return new SerdeError('SCHEMA_MISMATCH', `at ${path}: ${reason}`, { path })
}

function kindOf({ type, cardinality, key }: MessageField): string {
  // One number where a list was written would be read as the list's last; texts and messages likewise, but that is common practice.
  const isCounted = cardinality === 'repeated' && type.kind !== 'message' && groupOf(type) !== 'text'
  const many = cardinality === 'map' ? `map<${key!}> ` : isCounted ? 'repeated ' : ''
  return many + groupOf(type)
}

function groupOf(type: FieldType): string {
  if (type.kind === 'message') return type.isGroup ? 'group' : 'message'
  if (type.kind === 'enum') return 'varint'
  switch (type.scalar) {
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
    case 'bool':
      return 'varint'
    case 'sint32':
    case 'sint64':
      return 'zigzag'
    case 'string':
    case 'bytes':
      return 'text'
    case 'fixed32':
    case 'sfixed32':
      return 'fixed32'
    case 'fixed64':
    case 'sfixed64':
      return 'fixed64'
    default:
      return type.scalar
  }
}

function described({ type, cardinality }: MessageField): string {
  const name = type.kind === 'message' ? type.message.fullName : type.kind === 'enum' ? type.enum.fullName : type.scalar
  return cardinality === 'single' ? name : `${cardinality === 'map' ? 'map of' : 'repeated'} ${name}`
}
