/**
 * Validates values of a JSON Schema, by ajv. References are inlined before, so that nothing is looked up; patterns are matched with
 * the host's RegExp only where it cannot go astray, else with the matcher that counts its steps.
 */
import { Ajv, type AnySchema, type ErrorObject, type Options } from 'ajv'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import Ajv4 from 'ajv-draft-04'
import type { JsonSchemaDraft } from '../../formats/json/keywords.ts'
import { patternMatches } from '../../formats/json/pattern.ts'
import type { ParsedJson } from '../../formats/schema.ts'
import { SerdeError } from '../errors.ts'

/** @throws SerdeError with the path of what does not fit */
export type Validate = (value: unknown, code: 'INVALID_VALUE' | 'MALFORMED') => void

/** @throws SerdeError WRONG_SCHEMA where ajv cannot use the schema */
export function validatorOf(parsed: ParsedJson): Validate {
  const schema = JSON.parse(parsed.format('resolved')) as AnySchema
  let validate: ReturnType<Ajv['compile']>
  try {
    validate = ajvFor(parsed.document.draft).compile(withoutMeta(schema))
  } catch (cause) {
    if (cause instanceof EvalError)
      throw new SerdeError(
        'INVALID_OPTION',
        'validating compiles code, which this process forbids; use validate: false',
        { cause },
      )
    throw new SerdeError('WRONG_SCHEMA', `the schema cannot be used: ${(cause as Error).message}`, { cause })
  }
  return (value, code) => {
    if (validate(value) as boolean) return
    const [first] = validate.errors ?? []
    const path = first?.instancePath ?? ''
    throw new SerdeError(code, `${path === '' ? '' : `at ${path}: `}${reasonOf(first)}`, { path })
  }
}

/** The draft is known already; a meta-schema of another host would not be. */
function withoutMeta(schema: AnySchema): AnySchema {
  if (typeof schema === 'boolean') return schema
  const { $schema: _, ...rest } = schema as { readonly $schema?: unknown }
  return rest
}

function ajvFor(draft: JsonSchemaDraft): Ajv {
  const options: Options = {
    strict: false,
    logger: false,
    // Formats are annotations, as the drafts have it.
    validateFormats: false,
    validateSchema: false,
    addUsedSchema: false,
    code: { regExp: Object.assign(boundedRegExp, { code: 'boundedRegExp' }) },
  }
  switch (draft) {
    case 'draft-04':
      return new (Ajv4 as unknown as typeof Ajv)(options)
    case '2019-09':
      return new Ajv2019(options) as unknown as Ajv
    case '2020-12':
      return new Ajv2020(options) as unknown as Ajv
    case 'draft-06':
    case 'draft-07':
      return new Ajv(options)
    default:
      return draft satisfies never
  }
}

function reasonOf(error: ErrorObject | undefined): string {
  if (error === undefined) return 'it does not fit the schema'
  const { keyword, message = 'does not fit', params } = error
  const detail =
    keyword === 'additionalProperties'
      ? `: ${String((params as { additionalProperty?: unknown }).additionalProperty)}`
      : ''
  return `${message}${detail} (${error.schemaPath})`
}

/** What ajv needs of a regular expression. */
export function boundedRegExp(pattern: string, flags: string): { readonly test: (text: string) => boolean } {
  const host = isLinear(pattern) ? hostRegExp(pattern, flags) : undefined
  return {
    test(text) {
      if (host !== undefined && text.length <= HOST_TEXT_SIZE_MAX) return host.test(text)
      const verdict = patternMatches(pattern, text)
      if (verdict !== undefined) return verdict
      throw new SerdeError(
        'WRONG_SCHEMA',
        `the pattern ${JSON.stringify(pattern)} takes too long, or is not one that can be bounded`,
      )
    },
  }
}

/** A search from every place of a text costs at most its size squared with a pattern that has one open end. */
export const HOST_TEXT_SIZE_MAX = 4_096

function hostRegExp(pattern: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(pattern, flags)
  } catch {
    return undefined
  }
}

/**
 * Whether matching takes time in proportion to the text from each place it starts: at most one quantifier that leaves the count
 * open, none inside a group that is repeated, no back-reference, no look-around.
 */
export function isLinear(pattern: string): boolean {
  let openEnds = 0
  let inClass = false
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!
    if (c === '\\') {
      if (/[1-9k]/.test(pattern[i + 1] ?? '')) return false
      i++
    } else if (inClass) {
      if (c === ']') inClass = false
    } else if (c === '[') inClass = true
    else if (c === '(' && /^\(\?(?!:)/.test(pattern.slice(i, i + 3))) return false
    else if (c === ')' && /^[*+?{]/.test(pattern.slice(i + 1))) return false
    else if (c === '*' || c === '+') openEnds++
    else if (c === '{' && /^\{\d+(?:,\d*)?\}/.test(pattern.slice(i))) {
      if (/^\{\d+,/.test(pattern.slice(i))) openEnds++
    }
  }
  return openEnds <= 1
}
