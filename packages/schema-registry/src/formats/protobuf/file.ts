/** The tree of a Protobuf file, as it is written: type names are not resolved here (see `link.ts`). */

/** An option's value: `word` is an identifier or a boolean, `map` a message in braces (aggregate). */
export type OptionValue =
  | { readonly kind: 'string' | 'word' | 'number'; readonly text: string }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [name: string, value: OptionValue])[] }
  | { readonly kind: 'list'; readonly items: readonly OptionValue[] }

export interface ProtoOption {
  /** As written: `java_package`, `(acme.tag)`, `(acme.tag).part`. */
  readonly name: string
  readonly value: OptionValue
}

/** Inclusive; `max` stands for the largest number there can be. */
export interface ProtoRange {
  readonly from: number
  readonly to: number | 'max'
}

export type ProtoType =
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'map'; readonly key: string; readonly value: string }

export interface ProtoField {
  readonly label: 'optional' | 'required' | 'repeated' | undefined
  readonly type: ProtoType
  readonly name: string
  readonly tag: number
  readonly options: readonly ProtoOption[]
  /** Proto2 groups declare their message along with the field. */
  readonly group: ProtoMessage | undefined
}

export interface ProtoOneof {
  readonly name: string
  readonly options: readonly ProtoOption[]
  readonly fields: readonly ProtoField[]
}

export interface ProtoExtensions {
  readonly ranges: readonly ProtoRange[]
  readonly options: readonly ProtoOption[]
}

/** Each entry is one `reserved` statement: numbers or names. */
export type ProtoReserved = readonly (ProtoRange | string)[]

export interface ProtoExtend {
  readonly type: string
  readonly fields: readonly ProtoField[]
}

export interface ProtoMessage {
  readonly kind: 'message'
  readonly name: string
  readonly options: readonly ProtoOption[]
  readonly reserved: readonly ProtoReserved[]
  /** Those outside oneofs. */
  readonly fields: readonly ProtoField[]
  readonly oneofs: readonly ProtoOneof[]
  readonly extensions: readonly ProtoExtensions[]
  readonly extends: readonly ProtoExtend[]
  readonly types: readonly (ProtoMessage | ProtoEnum)[]
}

export interface ProtoEnumConstant {
  readonly name: string
  readonly number: number
  readonly options: readonly ProtoOption[]
}

export interface ProtoEnum {
  readonly kind: 'enum'
  readonly name: string
  readonly options: readonly ProtoOption[]
  readonly reserved: readonly ProtoReserved[]
  readonly constants: readonly ProtoEnumConstant[]
}

export interface ProtoMethod {
  readonly name: string
  readonly input: string
  readonly inputStreams: boolean
  readonly output: string
  readonly outputStreams: boolean
  readonly options: readonly ProtoOption[]
}

export interface ProtoService {
  readonly name: string
  readonly options: readonly ProtoOption[]
  readonly methods: readonly ProtoMethod[]
}

export interface ProtoImport {
  readonly path: string
  readonly modifier: 'public' | 'weak' | undefined
}

export interface ProtoFile {
  /** Absent: proto2, without saying so. */
  readonly syntax: 'proto2' | 'proto3' | undefined
  readonly edition: string | undefined
  readonly package: string
  readonly imports: readonly ProtoImport[]
  readonly options: readonly ProtoOption[]
  /** In order of appearance. */
  readonly types: readonly (ProtoMessage | ProtoEnum)[]
  readonly extends: readonly ProtoExtend[]
  readonly services: readonly ProtoService[]
}

export const SCALARS = [
  'double',
  'float',
  'int64',
  'uint64',
  'int32',
  'fixed64',
  'fixed32',
  'bool',
  'string',
  'bytes',
  'uint32',
  'sfixed32',
  'sfixed64',
  'sint32',
  'sint64',
] as const
export type ProtoScalar = (typeof SCALARS)[number]

const SCALAR_SET: ReadonlySet<string> = new Set(SCALARS)

export function isScalar(name: string): name is ProtoScalar {
  return SCALAR_SET.has(name)
}

export const TAG_MAX = 2 ** 29 - 1

/** All fields of a message, those of oneofs too, with the oneof each is in. */
export function* allFields(
  message: ProtoMessage,
): Generator<readonly [field: ProtoField, oneof: ProtoOneof | undefined]> {
  for (const field of message.fields) yield [field, undefined]
  for (const oneof of message.oneofs) for (const field of oneof.fields) yield [field, oneof]
}
