/** The parts of a Protobuf file: messages and enums by full name, fields by number (a name is free to change). */
import {
  allFields,
  type OptionValue,
  type ProtoEnum,
  type ProtoFile,
  type ProtoMessage,
  type ProtoOption,
  type ProtoReserved,
  type ProtoType,
} from '../formats/protobuf/file.ts'
import { attributes, type SchemaPart } from './outline-part.ts'

export function protobufOutline(file: ProtoFile): SchemaPart[] {
  const parts: SchemaPart[] = [
    {
      path: '/',
      kind: 'file',
      pointer: '#',
      attributes: attributes({
        syntax: file.syntax ?? file.edition,
        package: file.package === '' ? undefined : file.package,
        imports: file.imports.length === 0 ? undefined : file.imports.map(({ path }) => path).join(', '),
        ...optionsOf(file.options),
      }),
    },
  ]
  const visit = (type: ProtoMessage | ProtoEnum, scope: string, above: string): void => {
    const path = scope === '' ? type.name : `${scope}.${type.name}`
    const pointer = `${above}/${type.name}`
    if (type.kind === 'message') {
      parts.push(messagePart(type, path, pointer))
      for (const [field, oneof] of allFields(type)) {
        parts.push({
          path: `${path}.${field.tag}`,
          kind: 'field',
          pointer: `${pointer}/${field.tag}`,
          attributes: attributes({
            name: field.name,
            type: typeText(field.type),
            label: field.label,
            oneof: oneof?.name,
            ...optionsOf(field.options),
          }),
        })
        if (field.group !== undefined) visit(field.group, path, pointer)
      }
      for (const nested of type.types) visit(nested, path, pointer)
      return
    }
    const described = attributes({ reserved: reservedText(type.reserved), ...optionsOf(type.options) })
    parts.push({ path, kind: 'enum', pointer, attributes: described })
    for (const constant of type.constants) {
      parts.push({
        path: `${path}.${constant.name}`,
        kind: 'constant',
        pointer: `${pointer}/${constant.number}`,
        attributes: attributes({ number: String(constant.number), ...optionsOf(constant.options) }),
      })
    }
  }
  for (const type of file.types) visit(type, file.package, '#')
  return parts
}

function messagePart(message: ProtoMessage, path: string, pointer: string): SchemaPart {
  const described = attributes({ reserved: reservedText(message.reserved), ...optionsOf(message.options) })
  return { path, kind: 'message', pointer, attributes: described }
}

function typeText(type: ProtoType): string {
  return type.kind === 'map' ? `map<${type.key}, ${type.value}>` : type.name
}

function reservedText(reserved: readonly ProtoReserved[]): string | undefined {
  const texts = reserved.flat().map((each) => {
    if (typeof each === 'string') return `"${each}"`
    return each.from === each.to ? String(each.from) : `${each.from} to ${each.to}`
  })
  return texts.length === 0 ? undefined : texts.join(', ')
}

const optionsOf = (options: readonly ProtoOption[]): Record<string, string> =>
  Object.fromEntries(options.map(({ name, value }) => [name, valueText(value)]))

function valueText(value: OptionValue): string {
  switch (value.kind) {
    case 'map':
      return `{${value.entries.map(([name, inner]) => `${name}: ${valueText(inner)}`).join(', ')}}`
    case 'list':
      return `[${value.items.map(valueText).join(', ')}]`
    case 'string':
      return `"${value.text}"`
    case 'word':
    case 'number':
      return value.text
    default:
      return value satisfies never
  }
}
