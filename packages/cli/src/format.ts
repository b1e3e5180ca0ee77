/**
 * How a record is printed: the `-f` language that kcat and rpk share, compiled once, and the JSON envelope of kcat's -J.
 *
 * Tokens: `%t` topic, `%p` partition, `%o` offset, `%k` key, `%s` or `%v` value, `%K` and `%S` (or `%V`) their sizes in
 * bytes (-1 for null), `%T` timestamp in milliseconds, `%h` headers as name=value,…, `%%`; `\n \t \r \\ \xHH` escapes.
 *
 * Output is bytes, not text: keys and values are written as they are.
 */
import type { ConsumerRecord } from '@braidlog/client'
import { CliError } from './exit.ts'
import { toJson } from './output.ts'

export type RawRecord = ConsumerRecord<Buffer, Buffer>
export type RecordPrinter = (record: RawRecord, out: ByteSink) => void

const INITIAL_SIZE_BYTES = 256 * 1024

/** A growing buffer that printers write into; `take` hands out what has gathered. */
export class ByteSink {
  #bytes = Buffer.allocUnsafe(INITIAL_SIZE_BYTES)
  #sizeBytes = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#sizeBytes)
    this.#sizeBytes += bytes.length
  }

  text(text: string): void {
    this.#reserve(text.length * 3)
    this.#sizeBytes += this.#bytes.write(text, this.#sizeBytes)
  }

  /** @returns what was written since the last call; the caller owns it. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#sizeBytes))
    this.#sizeBytes = 0
    return taken
  }

  #reserve(sizeBytes: number): void {
    if (this.#sizeBytes + sizeBytes <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#sizeBytes + sizeBytes))
    grown.set(this.#bytes.subarray(0, this.#sizeBytes))
    this.#bytes = grown
  }
}

/** Value and delimiter, with the key before it when `keyDelimiter` is given: kcat's default. */
export function plainPrinter(options: {
  keyDelimiter?: string | undefined
  delimiter: string
  nullText: string
}): RecordPrinter {
  const delimiter = Buffer.from(options.delimiter)
  const keyDelimiter = options.keyDelimiter === undefined ? undefined : Buffer.from(options.keyDelimiter)
  return (record, out) => {
    if (keyDelimiter) {
      const key = record.rawKey
      if (key) out.bytes(key)
      else out.text(options.nullText)
      out.bytes(keyDelimiter)
    }
    const value = record.rawValue
    if (value) out.bytes(value)
    else out.text(options.nullText)
    out.bytes(delimiter)
  }
}

export function compileFormat(format: string, nullText: string): RecordPrinter {
  const parts: RecordPrinter[] = []
  let literal = ''
  const flush = (): void => {
    if (literal === '') return
    const bytes = Buffer.from(literal, 'utf8')
    parts.push((_record, out) => out.bytes(bytes))
    literal = ''
  }
  for (let at = 0; at < format.length; at++) {
    const char = format[at]!
    if (char === '\\') {
      const [text, taken] = unescapeAt(format, at)
      literal += text
      at += taken - 1
    } else if (char === '%') {
      const token = format[++at]
      if (token === '%') {
        literal += '%'
        continue
      }
      flush()
      parts.push(tokenPrinter(token, nullText, format))
    } else {
      literal += char
    }
  }
  flush()
  return (record, out) => {
    for (const part of parts) part(record, out)
  }
}

function tokenPrinter(token: string | undefined, nullText: string, format: string): RecordPrinter {
  const bytesOrNull = (bytes: Buffer | null, out: ByteSink): void => (bytes ? out.bytes(bytes) : out.text(nullText))
  switch (token) {
    case 't':
      return (record, out) => out.text(record.topic)
    case 'p':
      return (record, out) => out.text(String(record.partition))
    case 'o':
      return (record, out) => out.text(String(record.offset))
    case 'T':
    case 'd':
      return (record, out) => out.text(String(record.timestamp))
    case 'k':
      return (record, out) => bytesOrNull(record.rawKey, out)
    case 's':
    case 'v':
      return (record, out) => bytesOrNull(record.rawValue, out)
    case 'K':
      return (record, out) => out.text(String(record.rawKey?.length ?? -1))
    case 'S':
    case 'V':
      return (record, out) => out.text(String(record.rawValue?.length ?? -1))
    case 'h':
      return (record, out) =>
        out.text([...record.headers].map(([name, value]) => `${name}=${value ? value.toString() : nullText}`).join(','))
    default:
      throw new CliError(
        `'%${token ?? ''}' in the format '${format}' is not known: %t %p %o %k %s %K %S %T %h and %% are`,
      )
  }
}

/** Reads `\n`, `\t`, `\xHH` and the like. @returns the text and how many characters it took */
function unescapeAt(text: string, at: number): [string, number] {
  const next = text[at + 1]
  switch (next) {
    case 'n':
      return ['\n', 2]
    case 't':
      return ['\t', 2]
    case 'r':
      return ['\r', 2]
    case '0':
      return ['\0', 2]
    case 'x': {
      const hex = /^[0-9a-fA-F]{2}/.exec(text.slice(at + 2))
      if (hex) return [String.fromCharCode(Number.parseInt(hex[0], 16)), 4]
      throw new CliError(`\\x takes two hexadecimal digits: '${text}'`)
    }
    case undefined:
      return ['\\', 1]
    default:
      return [next, 2]
  }
}

/** `\n` and friends in a delimiter given on the command line. */
export function unescape(text: string): string {
  let result = ''
  for (let at = 0; at < text.length;) {
    if (text[at] === '\\') {
      const [part, taken] = unescapeAt(text, at)
      result += part
      at += taken
    } else {
      result += text[at++]
    }
  }
  return result
}

/** One JSON object per line, with kcat's names. Bytes that are no UTF-8 are given as base64, and said to be. */
export const jsonPrinter: RecordPrinter = (record, out) => {
  const headers: (string | null)[] = []
  for (const [name, value] of record.headers) headers.push(name, value ? value.toString() : null)
  const envelope: Record<string, unknown> = {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    tstype: record.timestampType,
    ts: record.timestamp,
  }
  if (headers.length > 0) envelope['headers'] = headers
  assignText(envelope, 'key', record.rawKey)
  assignText(envelope, 'payload', record.rawValue)
  out.text(`${toJson(envelope)}\n`)
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

function assignText(envelope: Record<string, unknown>, name: string, bytes: Buffer | null): void {
  if (bytes === null) {
    envelope[name] = null
    return
  }
  try {
    envelope[name] = strictUtf8.decode(bytes)
  } catch {
    envelope[name] = bytes.toString('base64')
    envelope[`${name}_encoding`] = 'base64'
  }
}
