/**
 * `.proto` text to its tree: proto2, proto3, and editions as far as their syntax is that of proto3.
 * Comments are dropped. What a compiler finds only with all files at hand is in `link.ts`.
 * Source: Protobuf language specification.
 */
import { assertDepth } from '../limits.ts'
import { checkFile } from './check.ts'
import { isScalar, TAG_MAX } from './file.ts'
import type {
  OptionValue,
  ProtoEnum,
  ProtoEnumConstant,
  ProtoExtend,
  ProtoExtensions,
  ProtoField,
  ProtoFile,
  ProtoImport,
  ProtoMessage,
  ProtoMethod,
  ProtoOneof,
  ProtoOption,
  ProtoRange,
  ProtoReserved,
  ProtoService,
  ProtoType,
} from './file.ts'
import { Lexer } from './lexer.ts'

export function parseProtoText(text: string): ProtoFile {
  const file = new Parser(text).file()
  checkFile(file)
  return file
}

/** The value of an option in the text format, as descriptors keep it: the inside of a message's braces, or a list. */
export function parseOptionText(text: string): OptionValue {
  return new Parser(text.startsWith('[') ? text : `{${text}}`).optionValue()
}

/** Lists that grow while a block is read. */
type Growing<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] }

class Parser {
  readonly #lexer: Lexer
  #depth = 0

  constructor(text: string) {
    this.#lexer = new Lexer(text)
  }

  file(): ProtoFile {
    let syntax: ProtoFile['syntax']
    let edition: string | undefined
    let packageName: string | undefined
    const imports: ProtoImport[] = []
    const options: ProtoOption[] = []
    const types: (ProtoMessage | ProtoEnum)[] = []
    const extend: ProtoExtend[] = []
    const services: ProtoService[] = []
    for (let isFirst = true; ; isFirst = false) {
      const token = this.#lexer.next()
      if (token.kind === 'end') break
      switch (token.text) {
        case ';':
          break
        case 'syntax':
        case 'edition': {
          if (!isFirst) this.#lexer.fail(`"${token.text}" must come first`, token.at)
          this.#symbol('=')
          const version = this.#string()
          if (token.text === 'edition') edition = version
          else if (version === 'proto2' || version === 'proto3') syntax = version
          else this.#lexer.fail(`unknown syntax "${version}"`, token.at)
          this.#symbol(';')
          break
        }
        case 'package':
          if (packageName !== undefined) this.#lexer.fail('a second package', token.at)
          packageName = this.#dotted()
          this.#symbol(';')
          break
        case 'import': {
          const modifier = this.#takenWord('public') ? 'public' : this.#takenWord('weak') ? 'weak' : undefined
          imports.push({ path: this.#string(), modifier })
          this.#symbol(';')
          break
        }
        case 'option':
          options.push(this.#optionStatement())
          break
        case 'message':
          types.push(this.#message())
          break
        case 'enum':
          types.push(this.#enum())
          break
        case 'extend':
          extend.push(this.#extend())
          break
        case 'service':
          services.push(this.#service())
          break
        default:
          this.#lexer.fail(`"${token.text}" is not expected here`, token.at)
      }
    }
    return { syntax, edition, package: packageName ?? '', imports, options, types, extends: extend, services }
  }

  optionValue(): OptionValue {
    const value = this.#optionValue()
    if (this.#lexer.peek().kind !== 'end') this.#lexer.fail('content after the end of the value')
    return value
  }

  #message(name: string = this.#word()): ProtoMessage {
    assertDepth(++this.#depth, name)
    const message: Growing<ProtoMessage> = {
      kind: 'message',
      name,
      options: [],
      reserved: [],
      fields: [],
      oneofs: [],
      extensions: [],
      extends: [],
      types: [],
    }
    this.#symbol('{')
    while (!this.#takenSymbol('}')) {
      if (this.#takenSymbol(';')) continue
      // Every keyword may be a type's or a field's name too: what follows tells.
      const { text, at } = this.#lexer.next()
      const next = this.#lexer.peek()
      if (text === 'message' && next.kind === 'word') message.types.push(this.#message())
      else if (text === 'enum' && next.kind === 'word') message.types.push(this.#enum())
      else if (text === 'extend' && (next.kind === 'word' || next.text === '.')) message.extends.push(this.#extend())
      else if (text === 'oneof' && next.kind === 'word') message.oneofs.push(this.#oneof())
      else if (text === 'option' && (next.kind === 'word' || next.text === '('))
        message.options.push(this.#optionStatement())
      else if (text === 'reserved' && next.text !== '.') message.reserved.push(this.#reserved())
      else if (text === 'extensions' && next.kind === 'number') message.extensions.push(this.#extensions())
      else message.fields.push(this.#field(text, at))
    }
    this.#depth--
    return message
  }

  /** @param first the field's first token, already taken */
  #field(first: string, at: number): ProtoField {
    let label: ProtoField['label']
    let start = first
    if (first === 'optional' || first === 'required' || first === 'repeated') {
      const next = this.#lexer.peek()
      if (next.kind === 'word' || next.text === '.') {
        label = first
        start = this.#lexer.next().text
      }
    }
    const type = this.#type(start, at)
    const name = this.#word()
    this.#symbol('=')
    const tag = this.#tag()
    const options = this.#optionList()
    if (type.kind === 'named' && type.name === 'group') {
      const group = this.#message(name)
      this.#takenSymbol(';')
      return { label, type: { kind: 'named', name }, name: name.toLowerCase(), tag, options, group }
    }
    this.#symbol(';')
    return { label, type, name, tag, options, group: undefined }
  }

  #type(first: string, at: number): ProtoType {
    if (first === 'map' && this.#takenSymbol('<')) {
      const key = this.#word()
      if (!isScalar(key) || key === 'double' || key === 'float' || key === 'bytes')
        this.#lexer.fail(`"${key}" cannot be the key of a map`, at)
      this.#symbol(',')
      const value = this.#typeName()
      this.#symbol('>')
      return { kind: 'map', key, value }
    }
    return { kind: 'named', name: this.#typeName(first, at) }
  }

  #typeName(first: string = this.#lexer.next().text, at: number = this.#lexer.peek().at): string {
    let name = first
    if (name === '.') name += this.#word()
    if (!/^\.?[A-Za-z_]/.test(name)) this.#lexer.fail(`"${first}" is not a type`, at)
    while (this.#takenSymbol('.')) name += `.${this.#word()}`
    return name
  }

  #oneof(): ProtoOneof {
    const name = this.#word()
    const options: ProtoOption[] = []
    const fields: ProtoField[] = []
    this.#symbol('{')
    while (!this.#takenSymbol('}')) {
      if (this.#takenSymbol(';')) continue
      const { text, at } = this.#lexer.next()
      if (text === 'option' && (this.#lexer.peek().kind === 'word' || this.#lexer.peek().text === '('))
        options.push(this.#optionStatement())
      else fields.push(this.#field(text, at))
    }
    return { name, options, fields }
  }

  #enum(): ProtoEnum {
    const name = this.#word()
    const options: ProtoOption[] = []
    const reserved: ProtoReserved[] = []
    const constants: ProtoEnumConstant[] = []
    this.#symbol('{')
    while (!this.#takenSymbol('}')) {
      if (this.#takenSymbol(';')) continue
      const { text, kind, at } = this.#lexer.next()
      const isAssigned = this.#lexer.peek().text === '='
      if (text === 'option' && !isAssigned) options.push(this.#optionStatement())
      else if (text === 'reserved' && !isAssigned) reserved.push(this.#reserved())
      else {
        if (kind !== 'word') this.#lexer.fail(`"${text}" is not a constant`, at)
        this.#symbol('=')
        const number = this.#integer()
        constants.push({ name: text, number, options: this.#optionList() })
        this.#symbol(';')
      }
    }
    return { kind: 'enum', name, options, reserved, constants }
  }

  #reserved(): ProtoReserved {
    const list: (ProtoRange | string)[] = []
    do {
      const token = this.#lexer.peek()
      if (token.kind === 'string') list.push(this.#string())
      // Editions reserve names without quotes.
      else if (token.kind === 'word') list.push(this.#word())
      else list.push(this.#range())
    } while (this.#takenSymbol(','))
    this.#symbol(';')
    return list
  }

  #extensions(): ProtoExtensions {
    const ranges: ProtoRange[] = []
    do ranges.push(this.#range())
    while (this.#takenSymbol(','))
    const options = this.#optionList()
    this.#symbol(';')
    return { ranges, options }
  }

  #range(): ProtoRange {
    const from = this.#integer()
    if (!this.#takenWord('to')) return { from, to: from }
    return { from, to: this.#takenWord('max') ? 'max' : this.#integer() }
  }

  #extend(): ProtoExtend {
    const type = this.#typeName()
    const fields: ProtoField[] = []
    this.#symbol('{')
    while (!this.#takenSymbol('}')) {
      if (this.#takenSymbol(';')) continue
      const { text, at } = this.#lexer.next()
      fields.push(this.#field(text, at))
    }
    return { type, fields }
  }

  #service(): ProtoService {
    const name = this.#word()
    const options: ProtoOption[] = []
    const methods: ProtoMethod[] = []
    this.#symbol('{')
    while (!this.#takenSymbol('}')) {
      if (this.#takenSymbol(';')) continue
      const { text, at } = this.#lexer.next()
      if (text === 'option') options.push(this.#optionStatement())
      else if (text === 'rpc') methods.push(this.#method())
      else this.#lexer.fail(`"${text}" is not expected in a service`, at)
    }
    return { name, options, methods }
  }

  #method(): ProtoMethod {
    const name = this.#word()
    const [input, inputStreams] = this.#methodType()
    if (!this.#takenWord('returns')) this.#lexer.fail('"returns" was expected')
    const [output, outputStreams] = this.#methodType()
    const options: ProtoOption[] = []
    if (this.#takenSymbol('{')) {
      while (!this.#takenSymbol('}')) {
        if (this.#takenSymbol(';')) continue
        if (!this.#takenWord('option')) this.#lexer.fail('an option was expected')
        options.push(this.#optionStatement())
      }
    } else {
      this.#symbol(';')
    }
    return { name, input, inputStreams, output, outputStreams, options }
  }

  #methodType(): readonly [type: string, streams: boolean] {
    this.#symbol('(')
    const first = this.#lexer.next()
    const streams = first.text === 'stream' && this.#lexer.peek().text !== ')'
    const type = streams ? this.#typeName() : this.#typeName(first.text, first.at)
    this.#symbol(')')
    return [type, streams]
  }

  #optionStatement(): ProtoOption {
    const option = this.#option()
    this.#symbol(';')
    return option
  }

  #optionList(): readonly ProtoOption[] {
    const options: ProtoOption[] = []
    if (!this.#takenSymbol('[')) return options
    do options.push(this.#option())
    while (this.#takenSymbol(','))
    this.#symbol(']')
    return options
  }

  #option(): ProtoOption {
    let name = ''
    do {
      if (name !== '') name += '.'
      if (this.#takenSymbol('(')) {
        name += `(${this.#typeName()})`
        this.#symbol(')')
      } else {
        name += this.#word()
      }
    } while (this.#takenSymbol('.'))
    this.#symbol('=')
    return { name, value: this.#optionValue() }
  }

  #optionValue(): OptionValue {
    const token = this.#lexer.peek()
    if (token.kind === 'string') return { kind: 'string', text: this.#string() }
    if (token.text === '{' || token.text === '<') return this.#aggregate()
    if (token.text === '[') {
      assertDepth(++this.#depth, token.text)
      this.#lexer.next()
      const items: OptionValue[] = []
      while (!this.#takenSymbol(']')) {
        items.push(this.#optionValue())
        if (!this.#takenSymbol(',')) {
          this.#symbol(']')
          break
        }
      }
      this.#depth--
      return { kind: 'list', items }
    }
    let sign = ''
    if (this.#takenSymbol('-')) sign = '-'
    else this.#takenSymbol('+')
    const value = this.#lexer.next()
    if (value.kind === 'number') return { kind: 'number', text: sign + value.text }
    if (value.kind !== 'word') this.#lexer.fail('a value was expected', value.at)
    return { kind: 'word', text: sign + value.text }
  }

  /** The text format of a message. */
  #aggregate(): OptionValue {
    assertDepth(++this.#depth, 'option')
    const close = this.#lexer.next().text === '{' ? '}' : '>'
    const entries: (readonly [string, OptionValue])[] = []
    while (!this.#takenSymbol(close)) {
      if (this.#takenSymbol(',') || this.#takenSymbol(';')) continue
      let name: string
      if (this.#takenSymbol('[')) {
        name = `[${this.#typeName()}`
        while (this.#takenSymbol('/')) name += `/${this.#typeName()}`
        name += ']'
        this.#symbol(']')
      } else {
        name = this.#word()
      }
      const colon = this.#takenSymbol(':')
      const next = this.#lexer.peek().text
      if (!colon && next !== '{' && next !== '<') this.#lexer.fail('":" was expected')
      entries.push([name, this.#optionValue()])
    }
    this.#depth--
    return { kind: 'map', entries }
  }

  #tag(): number {
    const { at } = this.#lexer.peek()
    const tag = this.#integer()
    if (tag < 1 || tag > TAG_MAX || (tag >= 19000 && tag <= 19999))
      this.#lexer.fail(`${tag} cannot be a field's number`, at)
    return tag
  }

  #integer(): number {
    const negative = this.#takenSymbol('-')
    const { kind, text, at } = this.#lexer.next()
    const isOctal = /^0[0-7]+$/.test(text)
    const value = isOctal ? Number.parseInt(text, 8) : Number(text)
    if (
      kind !== 'number' ||
      !Number.isInteger(value) ||
      value > 0xffffffff ||
      /[.eE]/.test(text.replace(/^0[xX].*/, ''))
    ) {
      this.#lexer.fail('a whole number was expected', at)
    }
    return negative ? -value : value
  }

  #string(): string {
    let value = ''
    const first = this.#lexer.peek()
    if (first.kind !== 'string') this.#lexer.fail('a string was expected')
    while (this.#lexer.peek().kind === 'string') value += this.#lexer.next().text
    return value
  }

  #word(): string {
    const { kind, text, at } = this.#lexer.next()
    if (kind !== 'word')
      this.#lexer.fail(kind === 'end' ? 'the text ends too early' : `a name was expected, not "${text}"`, at)
    return text
  }

  #dotted(): string {
    let name = this.#word()
    while (this.#takenSymbol('.')) name += `.${this.#word()}`
    return name
  }

  #takenWord(word: string): boolean {
    const { kind, text } = this.#lexer.peek()
    if (kind !== 'word' || text !== word) return false
    this.#lexer.next()
    return true
  }

  #takenSymbol(symbol: string): boolean {
    const { kind, text } = this.#lexer.peek()
    if (kind !== 'symbol' || text !== symbol) {
      if (kind === 'end') this.#lexer.fail('the text ends too early')
      return false
    }
    this.#lexer.next()
    return true
  }

  #symbol(symbol: string): void {
    const { kind, text, at } = this.#lexer.next()
    if (kind !== 'symbol' || text !== symbol) {
      this.#lexer.fail(kind === 'end' ? 'the text ends too early' : `"${symbol}" was expected, not "${text}"`, at)
    }
  }
}

/** Whether a text could be the base64 of a descriptor: it has no character only `.proto` text has. */
export function looksLikeBase64(text: string): boolean {
  return /^[A-Za-z0-9+/_-]+=*\s*$/.test(text)
}
