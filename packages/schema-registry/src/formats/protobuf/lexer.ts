/** Tokens of a `.proto` text. Source: Protobuf language specification, "Lexical Elements". */
import { SchemaError } from '../errors.ts'

export interface Token {
  readonly kind: 'word' | 'number' | 'string' | 'symbol' | 'end'
  /** The text; of a string its value. */
  readonly text: string
  readonly at: number
}

const WORD = /[A-Za-z_][A-Za-z0-9_]*/y
const NUMBER = /0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y

export class Lexer {
  readonly #text: string
  #at = 0
  #token: Token | undefined

  constructor(text: string) {
    this.#text = text
  }

  /** The next token, left in place. */
  peek(): Token {
    this.#token ??= this.#read()
    return this.#token
  }

  next(): Token {
    const token = this.peek()
    this.#token = undefined
    return token
  }

  fail(reason: string, at: number = this.peek().at): never {
    const before = this.#text.slice(0, at).split('\n')
    throw new SchemaError(reason, `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`)
  }

  #read(): Token {
    this.#skip()
    const at = this.#at
    const c = this.#text[at]
    if (c === undefined) return { kind: 'end', text: '', at }
    if (c === '"' || c === "'") return { kind: 'string', text: this.#string(c), at }
    for (const [kind, pattern] of [
      ['word', WORD],
      ['number', NUMBER],
    ] as const) {
      pattern.lastIndex = at
      const text = pattern.exec(this.#text)?.[0]
      if (text === undefined) continue
      this.#at += text.length
      return { kind, text, at }
    }
    this.#at++
    return { kind: 'symbol', text: c, at }
  }

  #skip(): void {
    const text = this.#text
    for (;;) {
      const c = text[this.#at]
      if (c === ' ' || c === '\n' || c === '\r' || c === '\t' || c === '\f' || c === '\v' || c === '\ufeff') {
        this.#at++
      } else if (c === '/' && text[this.#at + 1] === '/') {
        const end = text.indexOf('\n', this.#at)
        this.#at = end < 0 ? text.length : end + 1
      } else if (c === '/' && text[this.#at + 1] === '*') {
        const end = text.indexOf('*/', this.#at + 2)
        if (end < 0) this.fail('a comment is not closed', this.#at)
        this.#at = end + 2
      } else {
        return
      }
    }
  }

  /** Adjacent strings are one string; the parser joins them. Octal and hex escapes are bytes, given as characters up to U+00FF. */
  #string(quote: string): string {
    const text = this.#text
    const start = this.#at++
    let value = ''
    for (;;) {
      const c = text[this.#at++]
      if (c === undefined || c === '\n') this.fail('a string is not closed', start)
      if (c === quote) return value
      value += c === '\\' ? this.#escape(start) : c
    }
  }

  #escape(start: number): string {
    const rest = this.#text.slice(this.#at, this.#at + 9)
    const numeric = /^[xX]([0-9a-fA-F]{1,2})|^([0-7]{1,3})|^u([0-9a-fA-F]{4})|^U([0-9a-fA-F]{8})/.exec(rest)
    if (numeric !== null) {
      this.#at += numeric[0].length
      const [, hex, octal, short, long] = numeric
      const code = hex ?? short ?? long
      const point = code === undefined ? Number.parseInt(octal ?? '0', 8) & 0xff : Number.parseInt(code, 16)
      if (point > 0x10ffff) this.fail('an escape names no character', start)
      return String.fromCodePoint(point)
    }
    const c = this.#text[this.#at++] ?? ''
    const known: Readonly<Record<string, string>> = {
      n: '\n',
      r: '\r',
      t: '\t',
      a: '\u0007',
      b: '\b',
      f: '\f',
      v: '\v',
    }
    if (/[\\'"?]/.test(c)) return c
    return known[c] ?? this.fail('an unknown escape in a string', start)
  }
}
