/**
 * The smallest document, in Protobuf's JSON mapping, that sets given fields of a message to something that is written: no default, since
 * proto3 leaves those out.
 *
 * Source: protobuf.dev, "ProtoJSON Format".
 */
import type { ProtoField } from './file.ts'

/** What a field holds: a scalar, an enum with the constant to use, or a message. */
export type Held =
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'enum'; readonly constant: string }
  | { readonly kind: 'message' }

/** @param holds what a field of that type name holds */
export function documentWith(fields: readonly ProtoField[], holds: (typeName: string) => Held): string {
  return JSON.stringify(Object.fromEntries(fields.map((field) => [jsonName(field), valueOf(field, holds)])))
}

function valueOf({ type, label }: ProtoField, holds: (typeName: string) => Held): unknown {
  if (type.kind === 'map') {
    return { [String(sample(holds(type.key)))]: sample(holds(type.value)) }
  }
  const value = sample(holds(type.name))
  return label === 'repeated' ? [value] : value
}

function sample(held: Held): unknown {
  switch (held.kind) {
    case 'message':
      return {}
    case 'enum':
      return held.constant
    case 'scalar':
      return scalar(held.name)
    default:
      return held satisfies never
  }
}

function scalar(name: string): unknown {
  if (name === 'string') return 'a'
  if (name === 'bytes') return 'YQ=='
  if (name === 'bool') return true
  return name.endsWith('64') ? '1' : 1
}

/** The name in JSON: what the option says, else the field's in lower camel case. */
function jsonName({ name, options }: ProtoField): string {
  const option = options.find((each) => each.name === 'json_name')?.value
  if (option?.kind === 'string') return option.text
  return name.replaceAll(/_+([a-z0-9]?)/gi, (_, letter: string) => letter.toUpperCase())
}
