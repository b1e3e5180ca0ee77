/** TypeScript of a Protobuf file: an interface per message, a union per enum. It follows the table in `../protobuf/message.ts`. */
import { protobufMessages } from '../../formats/protobuf/parsed.ts'
import type { ParsedProtobuf } from '../../formats/schema.ts'
import { messagesOf, type EnumType, type FieldType, type MessageField, type MessageType } from '../protobuf/message.ts'
import { isLong, type Longs } from '../protobuf/slow-codec.ts'
import type { Generated, GeneratedRoot } from './generated.ts'
import { arrayOf, block, literal, member, Names, typeName, union } from './text.ts'

export function generateProtobuf(parsed: ParsedProtobuf, longs: Longs): Generated {
  const set = messagesOf(parsed)
  const names = new Names<MessageType | EnumType>(['Date', 'Uint8Array', 'RegistryClient', 'RegistrySerde'])
  const declarations: string[] = []
  const waiting: (MessageType | EnumType)[] = []
  const prefix = parsed.file.package === '' ? '' : `${parsed.file.package}.`

  const nameOf = (type: MessageType | EnumType): string => {
    const { fullName } = type
    if (!names.has(type)) waiting.push(type)
    const local = prefix !== '' && fullName.startsWith(prefix) ? fullName.slice(prefix.length) : fullName
    return names.of(
      type,
      typeName(local.startsWith('google.') ? local.slice(local.lastIndexOf('.') + 1) : local),
      typeName(fullName),
    )
  }

  function text(type: FieldType): string {
    if (type.kind === 'enum') return nameOf(type.enum)
    if (type.kind === 'scalar') {
      switch (type.scalar) {
        case 'string':
          return 'string'
        case 'bytes':
          return 'Uint8Array'
        case 'bool':
          return 'boolean'
        default:
          return isLong(type.scalar) ? longs : 'number'
      }
    }
    switch (type.message.form) {
      case 'wrapper':
        return text(type.message.fields[0]!.type)
      case 'struct':
        return '{ [name: string]: unknown }'
      case 'list':
        return 'unknown[]'
      case 'value':
        return 'unknown'
      default:
        return nameOf(type.message)
    }
  }

  const fieldText = (field: MessageField): string => {
    const name = member(field.name)
    if (field.cardinality === 'repeated') return `  ${name}: ${arrayOf(text(field.type))}\n`
    if (field.cardinality === 'map') return `  ${name}: { [name: string]: ${text(field.type)} }\n`
    return field.hasPresence && !field.isRequired
      ? `  ${name}?: ${text(field.type)} | undefined\n`
      : `  ${name}: ${text(field.type)}\n`
  }

  const roots: GeneratedRoot[] = protobufMessages(parsed.file).map(({ fullName }, i) => ({
    type: nameOf(set.byName(fullName).message),
    message: i === 0 ? undefined : fullName,
  }))
  for (let type = waiting.shift(); type !== undefined; type = waiting.shift()) {
    if ('numbers' in type) {
      // Constants that a reader does not know come as numbers.
      declarations.push(`export type ${nameOf(type)} = ${union([...[...type.numbers.keys()].map(literal), 'number'])}`)
    } else declarations.push(`export interface ${nameOf(type)} ${block(type.fields.map(fieldText))}`)
  }
  return { declarations, imports: new Set(), roots }
}
