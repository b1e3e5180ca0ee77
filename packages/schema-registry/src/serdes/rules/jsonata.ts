/**
 * Rules in JSONata, which data contracts use to lead values from one version of a schema to another.
 *
 * The library is asynchronous and serdes are synchronous, so it lives in a context of its own whose microtasks are run before the call
 * returns. Values go in and come out as JSON; what JSON has not (dates, bytes, decimals) can be moved about by an expression, not
 * looked into. Integers beyond 2^53 are refused: JSONata would round them.
 *
 * Bounds: time, depth and sizes of sequences are the library's own; regular expressions are refused where they could go astray.
 * It costs a tenth of a millisecond a value and more: it is for migrations.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createContext, Script, type Context } from 'node:vm'
import type jsonataLibrary from 'jsonata'
import { SerdeError } from '../errors.ts'
import { HOST_TEXT_SIZE_MAX, isLinear } from '../json/validate.ts'
import type { RuleExecutor } from './executor.ts'

/** Of one evaluation. */
export const EVALUATION_MS_MAX = 1_000
const BOUNDS = { timeout: EVALUATION_MS_MAX, stack: 500, sequence: 100_000 }
const EXPRESSION_SIZE_MAX = 100_000

export const jsonata: RuleExecutor = {
  type: 'JSONATA',
  compile(rule) {
    const text = rule.expr ?? ''
    if (text.length > EXPRESSION_SIZE_MAX)
      throw new SerdeError('RULE_FAILED', `the expression has more than ${EXPRESSION_SIZE_MAX} characters`)
    const expression = new Expression(text)
    return (value, { fields }) => {
      const opaque: unknown[] = []
      const input = JSON.stringify(toJson(fields.toRules(value), opaque))
      return fields.fromRules(fromJson(JSON.parse(expression.evaluate(input)), opaque))
    }
  },
}

let library: Script | undefined

/** What the context holds; `evaluate` leaves one of the last two. */
interface Globals {
  /** Left by the library, which finds no module system here. */
  readonly jsonata?: typeof jsonataLibrary
  readonly text: string
  readonly options: {
    readonly timeout: number
    readonly stack: number
    readonly sequence: number
    readonly RegexEngine: typeof BoundedRegExp
  }
  input: string
  output: string | undefined
  error: string | undefined
}

const COMPILE = new Script('var expression = jsonata(text, options)', { filename: 'jsonata-rule' })
const EVALUATE = new Script(
  `expression.evaluate(JSON.parse(input)).then(
    (value) => { output = JSON.stringify(value === undefined ? null : value) },
    (cause) => { error = String(cause && cause.message) },
  )`,
  { filename: 'jsonata-rule' },
)

class Expression {
  readonly #context: Context & Globals

  /** @throws Error where the expression is wrong */
  constructor(text: string) {
    library ??= new Script(readFileSync(createRequire(import.meta.url).resolve('jsonata'), 'utf8'), {
      filename: 'jsonata.js',
    })
    const globals: Globals = {
      text,
      options: { ...BOUNDS, RegexEngine: BoundedRegExp },
      input: '',
      output: undefined,
      error: undefined,
    }
    this.#context = createContext(globals, { microtaskMode: 'afterEvaluate' }) as Context & Globals
    library.runInContext(this.#context)
    try {
      COMPILE.runInContext(this.#context)
    } catch (cause) {
      // Errors of another context are no instances of ours.
      throw new SerdeError('RULE_FAILED', String((cause as { readonly message?: unknown }).message), { cause })
    }
  }

  evaluate(input: string): string {
    const context = this.#context
    context.input = input
    context.output = undefined
    context.error = undefined
    EVALUATE.runInContext(context)
    if (context.error !== undefined) throw new SerdeError('RULE_FAILED', context.error)
    if (context.output === undefined) throw new SerdeError('RULE_FAILED', 'it does not come to an end')
    return context.output
  }
}

/** What the library calls for a regular expression. */
class BoundedRegExp {
  readonly #host: RegExp

  constructor({ source, flags }: RegExp) {
    if (!isLinear(source)) throw new Error(`the pattern /${source}/ could take too long`)
    this.#host = new RegExp(source, flags)
  }

  get lastIndex(): number {
    return this.#host.lastIndex
  }

  set lastIndex(index: number) {
    this.#host.lastIndex = index
  }

  exec(text: string): RegExpExecArray | null {
    if (text.length > HOST_TEXT_SIZE_MAX)
      throw new Error(`a text of ${text.length} characters is too long for a pattern`)
    return this.#host.exec(text)
  }
}

/** Stands for a value that JSON has not; the character is in no text that anybody writes. */
const MARK = '\u0000braidlog:'

function toJson(value: unknown, opaque: unknown[]): unknown {
  if (typeof value === 'bigint') {
    if (Number.isSafeInteger(Number(value))) return Number(value)
    throw new SerdeError('RULE_FAILED', `${value} would be rounded; JSONata has numbers up to 2^53`)
  }
  if (Array.isArray(value)) return value.map((item: unknown) => toJson(item, opaque))
  if (typeof value !== 'object' || value === null) return value
  if (Object.getPrototypeOf(value) !== Object.prototype) return `${MARK}${opaque.push(value) - 1}`
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJson(member, opaque)]))
}

function fromJson(value: unknown, opaque: readonly unknown[]): unknown {
  if (typeof value === 'string' && value.startsWith(MARK)) return opaque[Number(value.slice(MARK.length))]
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  if (Array.isArray(value)) return value.map((item: unknown) => fromJson(item, opaque))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fromJson(member, opaque)]))
}
