/** Protobuf trees without what some clients cannot read: extensions with their options, or Confluent's own metadata. */
import type { ProtoEnum, ProtoExtend, ProtoField, ProtoFile, ProtoMessage, ProtoOption } from './file.ts'

/** Without `extend` declarations and without options that extensions define. */
export function withoutExtensions(file: ProtoFile): ProtoFile {
  return strip(file, { keepsOption: ({ name }) => !name.startsWith('('), keepsExtends: false })
}

/** Without the options and the import that carry Confluent's metadata (tags, docs, params). */
export function withoutMeta(file: ProtoFile): ProtoFile {
  const stripped = strip(file, {
    keepsOption: ({ name }) => !/^\(\.?confluent\.\w*meta\)/.test(name),
    keepsExtends: true,
  })
  return { ...stripped, imports: stripped.imports.filter(({ path }) => path !== 'confluent/meta.proto') }
}

interface Rules {
  readonly keepsOption: (option: ProtoOption) => boolean
  readonly keepsExtends: boolean
}

function strip(file: ProtoFile, rules: Rules): ProtoFile {
  const options = (list: readonly ProtoOption[]): readonly ProtoOption[] => list.filter(rules.keepsOption)
  const field = (of: ProtoField): ProtoField => ({
    ...of,
    options: options(of.options),
    group: of.group === undefined ? undefined : message(of.group),
  })
  const extend = (list: readonly ProtoExtend[]): readonly ProtoExtend[] =>
    rules.keepsExtends ? list.map(({ type, fields }) => ({ type, fields: fields.map(field) })) : []
  const message = (of: ProtoMessage): ProtoMessage => ({
    ...of,
    options: options(of.options),
    fields: of.fields.map(field),
    oneofs: of.oneofs.map((oneof) => ({ ...oneof, options: options(oneof.options), fields: oneof.fields.map(field) })),
    extensions: of.extensions.map((extensions) => ({ ...extensions, options: options(extensions.options) })),
    extends: extend(of.extends),
    types: of.types.map(type),
  })
  const enumeration = (of: ProtoEnum): ProtoEnum => ({
    ...of,
    options: options(of.options),
    constants: of.constants.map((constant) => ({ ...constant, options: options(constant.options) })),
  })
  const type = (of: ProtoMessage | ProtoEnum): ProtoMessage | ProtoEnum =>
    of.kind === 'message' ? message(of) : enumeration(of)
  return {
    ...file,
    options: options(file.options),
    types: file.types.map(type),
    extends: extend(file.extends),
    services: file.services.map((service) => ({
      ...service,
      options: options(service.options),
      methods: service.methods.map((method) => ({ ...method, options: options(method.options) })),
    })),
  }
}
