/** JSON Schema serdes. */
import type { ParsedJson, ParsedSchema } from '../../formats/index.ts'
import { SerdeError } from '../errors.ts'
import type { SerdeFormat } from '../format.ts'
import type { SerdeOptions } from '../options.ts'
import { writtenText } from '../output.ts'
import type { RegistryClient } from '../registry-client.ts'
import { RegistrySerde } from '../serde.ts'
import { jsonFields } from './fields.ts'
import type { InferJson } from './infer.ts'
import { validatorOf, type Validate } from './validate.ts'

export interface JsonSerdeOptions<S = unknown> extends SerdeOptions<S> {
  /** Hold values against the schema: what is written against the writer's, what is read against the reader's. Default true. */
  readonly validate?: boolean | undefined
}

interface JsonFactory {
  <const S>(
    registry: RegistryClient,
    options: JsonSerdeOptions<S> & { readonly schema: S },
  ): RegistrySerde<InferJson<S>>
  <T = unknown>(registry: RegistryClient, options?: JsonSerdeOptions): RegistrySerde<T>
}

/**
 * JSON with its schema's id. The type of values is that of the schema where it is a literal; else say it:
 * `jsonSchema<Order>(registry, …)`. The schema is text, or what its text stands for.
 */
export const jsonSchema = ((registry: RegistryClient, options: JsonSerdeOptions = {}): RegistrySerde<unknown> => {
  const { schema } = options
  const text = schema === undefined || typeof schema === 'string' ? schema : JSON.stringify(schema)
  return new RegistrySerde({ registry, format: jsonFormat(options.validate ?? true), options, text })
}) as unknown as JsonFactory

const NOTHING = new Uint8Array(0)

function jsonFormat(isValidated: boolean): SerdeFormat {
  const validators = new WeakMap<ParsedSchema, Validate>()
  const validator = (schema: ParsedSchema): Validate => {
    if (!isValidated) return () => {}
    let validate = validators.get(schema)
    if (validate === undefined) validators.set(schema, (validate = validatorOf(jsonOf(schema))))
    return validate
  }
  return {
    schemaType: 'JSON',
    writer(schema) {
      const validate = validator(schema)
      return {
        recordName: jsonOf(schema).name,
        infix: NOTHING,
        encode(value, prefix) {
          // What is validated is what is written: dates become text on the way, members that are undefined go.
          const text = textOf(value)
          if (isValidated) validate(isPlain(value) ? value : JSON.parse(text), 'INVALID_VALUE')
          return writtenText(prefix, text)
        },
      }
    },
    decoder(_writer, reader) {
      const validate = validator(reader)
      return (bytes, start) => {
        const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        const value = parsed(buffer, start)
        validate(value, 'MALFORMED')
        return value
      }
    },
    fields: (schema, tags) => jsonFields(jsonOf(schema).document, tags),
  }
}

/** @throws SerdeError rather than round a whole number */
function parsed(bytes: Buffer, start: number): unknown {
  const text = bytes.toString('utf8', start)
  try {
    return (hasManyDigits(bytes, start) ? JSON.parse(text, exact) : JSON.parse(text)) as unknown
  } catch (cause) {
    if (SerdeError.is(cause)) throw cause
    throw new SerdeError('MALFORMED', `the bytes are not JSON: ${(cause as Error).message}`, { cause })
  }
}

/** Sixteen digits in a row, which a number may not hold exactly. Such a row has a digit at every sixteenth place. */
function hasManyDigits(bytes: Buffer, start: number): boolean {
  for (let i = start + 15; i < bytes.length; i += 16) {
    if (!isDigit(bytes[i]!)) continue
    let [from, to] = [i, i + 1]
    while (from > start && isDigit(bytes[from - 1]!)) from--
    while (to < bytes.length && isDigit(bytes[to]!)) to++
    if (to - from >= 16) return true
  }
  return false
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57
}

function exact(key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? ''))
    throw new SerdeError(
      'INVALID_VALUE',
      `${key === '' ? '' : `at "${key}": `}${context!.source!} is not exact as a number`,
    )
  return value
}

function textOf(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value) as string | undefined
  } catch (cause) {
    throw new SerdeError('INVALID_VALUE', `the value has no JSON form: ${(cause as Error).message}`, { cause })
  }
  if (text === undefined) throw new SerdeError('INVALID_VALUE', 'the value has no JSON form: undefined or a function')
  return text
}

/** Whether a value is what `JSON.parse` would make of its text: no dates, no members that are undefined, no classes. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isPlainScalar(value)
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i]
      if (!(typeof item === 'object' && item !== null ? isPlain(item) : isPlainScalar(item))) return false
    }
    return true
  }
  if (value.constructor !== Object) return false
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key]
    if (!(typeof member === 'object' && member !== null ? isPlain(member) : isPlainScalar(member))) return false
  }
  return true
}

function isPlainScalar(value: unknown): boolean {
  return (
    typeof value === 'string' ||
    (typeof value === 'number' && value - value === 0) ||
    typeof value === 'boolean' ||
    value === null
  )
}

function jsonOf(schema: ParsedSchema): ParsedJson {
  if (schema.schemaType === 'JSON') return schema
  throw new SerdeError('WRONG_SCHEMA', `the schema is ${schema.schemaType}, not JSON`)
}
