/** The options Protobuf itself defines, with the field each has in its options message. Source: the documentation of descriptor.proto. */

export type OptionsOf =
  | 'file'
  | 'message'
  | 'field'
  | 'enum'
  | 'enumValue'
  | 'service'
  | 'method'
  | 'oneof'
  | 'extensionRange'

export interface OptionField {
  readonly field: number
  readonly type: 'bool' | 'string' | readonly string[]
}

const bool = (field: number): OptionField => ({ field, type: 'bool' })
const string = (field: number): OptionField => ({ field, type: 'string' })
/** @param names the constants, numbered from `first` */
const constants = (field: number, names: readonly string[], first = 0): OptionField => ({
  field,
  type: [...Array.from({ length: first }, () => ''), ...names],
})

export const OPTION_FIELDS: Readonly<Record<OptionsOf, Readonly<Record<string, OptionField>>>> = {
  file: {
    java_package: string(1),
    java_outer_classname: string(8),
    optimize_for: constants(9, ['SPEED', 'CODE_SIZE', 'LITE_RUNTIME'], 1),
    java_multiple_files: bool(10),
    go_package: string(11),
    cc_generic_services: bool(16),
    java_generic_services: bool(17),
    py_generic_services: bool(18),
    java_generate_equals_and_hash: bool(20),
    deprecated: bool(23),
    java_string_check_utf8: bool(27),
    cc_enable_arenas: bool(31),
    objc_class_prefix: string(36),
    csharp_namespace: string(37),
    swift_prefix: string(39),
    php_class_prefix: string(40),
    php_namespace: string(41),
    php_metadata_namespace: string(44),
    ruby_package: string(45),
  },
  message: {
    message_set_wire_format: bool(1),
    no_standard_descriptor_accessor: bool(2),
    deprecated: bool(3),
    map_entry: bool(7),
  },
  field: {
    ctype: constants(1, ['STRING', 'CORD', 'STRING_PIECE']),
    packed: bool(2),
    deprecated: bool(3),
    lazy: bool(5),
    jstype: constants(6, ['JS_NORMAL', 'JS_STRING', 'JS_NUMBER']),
    weak: bool(10),
    unverified_lazy: bool(15),
    debug_redact: bool(16),
  },
  enum: { allow_alias: bool(2), deprecated: bool(3) },
  enumValue: { deprecated: bool(1), debug_redact: bool(3) },
  service: { deprecated: bool(33) },
  method: {
    deprecated: bool(33),
    idempotency_level: constants(34, ['IDEMPOTENCY_UNKNOWN', 'NO_SIDE_EFFECTS', 'IDEMPOTENT']),
  },
  oneof: {},
  extensionRange: {},
}

/** All other options: kept by name, as a compiler does that does not know their extension. */
export const UNINTERPRETED_OPTION = 999
