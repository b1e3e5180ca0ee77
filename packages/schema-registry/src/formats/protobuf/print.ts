/**
 * Protobuf trees to text, laid out as Confluent's registry stores them: two blanks of indentation, one blank line between kinds of
 * things, no comments. Order inside a message: reserved, options, fields, oneofs, extensions, extends, types.
 *
 * normalized: imports, options, fields and constants sorted, type names in full (`resolve` gives them).
 */
import type {
  OptionValue,
  ProtoEnum,
  ProtoExtend,
  ProtoField,
  ProtoFile,
  ProtoMessage,
  ProtoMethod,
  ProtoOneof,
  ProtoOption,
  ProtoRange,
  ProtoReserved,
  ProtoService,
} from './file.ts'
import { allFields, isScalar } from './file.ts'

export interface ProtoPrintOptions {
  readonly sorted?: boolean
  /** A type's name as it is to be printed. @param scope the full name of what it is used in */
  readonly typeName?: (scope: string, name: string) => string
}

export function printProto(file: ProtoFile, options: ProtoPrintOptions = {}): string {
  return new Printer(options).file(file)
}

class Printer {
  readonly #sorted: boolean
  readonly #typeName: (scope: string, name: string) => string

  constructor({ sorted = false, typeName = (_, name) => name }: ProtoPrintOptions) {
    this.#sorted = sorted
    this.#typeName = (scope, name) => (isScalar(name) ? name : typeName(scope, name))
  }

  file(file: ProtoFile): string {
    const head: string[] = []
    if (file.edition !== undefined) head.push(`edition = "${file.edition}";\n`)
    else if (file.syntax !== undefined) head.push(`syntax = "${file.syntax}";\n`)
    if (file.package !== '') head.push(`package ${file.package};\n`)
    const imports = this.#sort(file.imports, ({ path }) => path).map(
      ({ path, modifier }) => `import ${modifier === undefined ? '' : `${modifier} `}${quoteProto(path)};\n`,
    )
    const scope = file.package
    return blocks([
      head,
      imports,
      this.#options(file.options),
      ...file.types.map((type) => [this.#type(type, scope)]),
      ...file.extends.map((extend) => [this.#extend(extend, scope)]),
      ...file.services.map((service) => [this.#service(service, scope)]),
    ])
  }

  #type(type: ProtoMessage | ProtoEnum, scope: string): string {
    return type.kind === 'message' ? this.#message(type, scope) : this.#enum(type)
  }

  #message(message: ProtoMessage, outer: string): string {
    return `message ${message.name} ${this.#messageBody(message, inScope(outer, message.name))}\n`
  }

  #messageBody(message: ProtoMessage, scope: string): string {
    const groups = new Set([...allFields(message)].flatMap(([{ group }]) => (group === undefined ? [] : [group])))
    return body([
      this.#reserved(message.reserved),
      this.#options(message.options),
      this.#fields(message.fields, scope),
      ...this.#sort(message.oneofs, ({ name }) => name).map((oneof) => [this.#oneof(oneof, scope)]),
      message.extensions.map(
        ({ ranges, options }) => `extensions ${ranges.map(rangeText).join(', ')}${this.#optionList(options)};\n`,
      ),
      ...message.extends.map((extend) => [this.#extend(extend, scope)]),
      ...message.types.filter((type) => !groups.has(type as ProtoMessage)).map((type) => [this.#type(type, scope)]),
    ])
  }

  #fields(fields: readonly ProtoField[], scope: string): string[] {
    const ordered = this.#sorted ? [...fields].sort((a, b) => a.tag - b.tag) : fields
    return ordered.map((field) => this.#field(field, scope))
  }

  #field(field: ProtoField, scope: string): string {
    const label = field.label === undefined ? '' : `${field.label} `
    if (field.group !== undefined) {
      const { group } = field
      return `${label}group ${group.name} = ${field.tag}${this.#optionList(field.options)} ${this.#messageBody(group, inScope(scope, group.name))}\n`
    }
    const type =
      field.type.kind === 'map'
        ? `map<${field.type.key}, ${this.#typeName(scope, field.type.value)}>`
        : this.#typeName(scope, field.type.name)
    return `${label}${type} ${field.name} = ${field.tag}${this.#optionList(field.options)};\n`
  }

  #oneof(oneof: ProtoOneof, scope: string): string {
    return `oneof ${oneof.name} ${body([this.#options(oneof.options), this.#fields(oneof.fields, scope)])}\n`
  }

  #enum(type: ProtoEnum): string {
    const constants = this.#sorted
      ? [...type.constants].sort((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1))
      : type.constants
    // In proto3 the constant 0 comes first, wherever negative numbers sort.
    const zero = this.#sorted ? constants.find(({ number }) => number === 0) : undefined
    const ordered = zero === undefined ? constants : [zero, ...constants.filter((constant) => constant !== zero)]
    return `enum ${type.name} ${body([
      this.#reserved(type.reserved),
      this.#options(type.options),
      ordered.map(({ name, number, options }) => `${name} = ${number}${this.#optionList(options)};\n`),
    ])}\n`
  }

  #extend({ type, fields }: ProtoExtend, scope: string): string {
    return `extend ${this.#typeName(scope, type)} ${body([this.#fields(fields, scope)])}\n`
  }

  #service(service: ProtoService, outer: string): string {
    const scope = inScope(outer, service.name)
    return `service ${service.name} ${body([this.#options(service.options), service.methods.map((method) => this.#method(method, scope))])}\n`
  }

  #method(method: ProtoMethod, scope: string): string {
    const side = (name: string, streams: boolean): string =>
      `(${streams ? 'stream ' : ''}${this.#typeName(scope, name)})`
    const signature = `rpc ${method.name} ${side(method.input, method.inputStreams)} returns ${side(method.output, method.outputStreams)}`
    return method.options.length === 0
      ? `${signature};\n`
      : `${signature} ${body([this.#options(method.options)])};\n`.replace(/;\n$/, '\n')
  }

  #reserved(reserved: readonly ProtoReserved[]): string[] {
    const lists = this.#sorted ? sortedReservations(reserved) : reserved
    return lists.map(
      (list) =>
        `reserved ${list.map((entry) => (typeof entry === 'string' ? quoteProto(entry) : rangeText(entry))).join(', ')};\n`,
    )
  }

  #options(options: readonly ProtoOption[]): string[] {
    return this.#sort(options, ({ name }) => name).map((option) => `option ${optionText(option)};\n`)
  }

  #optionList(options: readonly ProtoOption[]): string {
    const texts = this.#sort(options, ({ name }) => name).map(optionText)
    if (texts.length === 0) return ''
    if (texts.length === 1) return ` [${texts[0]}]`
    return ` [\n${indented(texts.join(',\n'))}\n]`
  }

  #sort<T>(list: readonly T[], key: (item: T) => string): readonly T[] {
    if (!this.#sorted) return list
    return [...list].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
  }
}

function sortedReservations(lists: readonly ProtoReserved[]): readonly ProtoReserved[] {
  const all = lists.flat()
  const ranges = all.filter((entry) => typeof entry !== 'string').sort((a, b) => a.from - b.from)
  const names = all.filter((entry) => typeof entry === 'string').sort()
  return [ranges, names].filter((list) => list.length > 0)
}

function optionText({ name, value }: ProtoOption): string {
  return `${name} = ${valueText(value)}`
}

function valueText(value: OptionValue): string {
  switch (value.kind) {
    case 'string':
      return quoteProto(value.text)
    case 'word':
    case 'number':
      return value.text
    case 'list':
      return value.items.length === 0 ? '[]' : `[\n${indented(value.items.map(valueText).join(',\n'))}\n]`
    case 'map':
      return value.entries.length === 0
        ? '{}'
        : `{\n${indented(value.entries.map(([name, entry]) => `${name}: ${valueText(entry)}`).join(',\n'))}\n}`
    default:
      return value satisfies never
  }
}

function rangeText({ from, to }: ProtoRange): string {
  return to === from ? String(from) : `${from} to ${to}`
}

export function quoteProto(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what must be escaped
  const escaped = text.replace(/[\\"\u0000-\u001f\u007f]/g, (c) => {
    const short: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
    return short[c] ?? `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`
  })
  return `"${escaped}"`
}

function inScope(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`
}

/** Groups of lines, a blank line between them. */
function blocks(groups: readonly (readonly string[])[]): string {
  return groups
    .filter((group) => group.length > 0)
    .map((group) => group.join(''))
    .join('\n')
}

function body(groups: readonly (readonly string[])[]): string {
  const inner = blocks(groups)
  return inner === '' ? '{}' : `{\n${indented(inner)}}`
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}
