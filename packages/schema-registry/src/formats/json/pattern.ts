/**
 * Regular expressions of schemas (`pattern`, `patternProperties`), matched with a bound on steps.
 *
 * The host's RegExp backtracks without one: `(a+)+$` against thirty letters is minutes of work that anyone who may register a schema
 * could order. This matcher backtracks too, but counts. What it does not know (look-behind, back-references, `\p`) or does not
 * finish is answered with undefined, and the callers take the careful side.
 * Source: ECMA-262, "Patterns"; JSON Schema patterns are not anchored.
 */

/** Steps of one match. */
const STEPS_MAX = 20_000
/** Steps of all matches of one comparison. */
export const PATTERN_STEPS_MAX = 1_000_000
const DEPTH_MAX = 100
/** Nested calls of one match: about the characters a repetition may take. */
const MATCH_DEPTH_MAX = 1000
const PATTERN_SIZE_MAX = 2000
/** A counted quantifier is unrolled while matching; its bounds end here. */
const REPEAT_MAX = 1000

type Node =
  | {
      readonly kind: 'set'
      readonly negated: boolean
      readonly ranges: readonly (readonly [from: number, to: number])[]
    }
  | { readonly kind: 'start' | 'end' | 'boundary' | 'not-boundary' }
  | { readonly kind: 'sequence'; readonly nodes: readonly Node[] }
  | { readonly kind: 'choice'; readonly options: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number }
  | { readonly kind: 'ahead'; readonly negated: boolean; readonly node: Node }

/** @returns why the host would refuse the pattern; undefined when it would not */
export function patternError(pattern: string): string | undefined {
  if (pattern.length > PATTERN_SIZE_MAX) return `has a regular expression of more than ${PATTERN_SIZE_MAX} characters`
  try {
    // Compiling is linear; only matching is not.
    void new RegExp(pattern)
    return undefined
  } catch {
    // Java and PCRE spellings (`(?i)`, possessive quantifiers) are common and legal where schemas come from.
    return balanced(pattern) ? undefined : 'is not a regular expression'
  }
}

function balanced(pattern: string): boolean {
  let depth = 0
  let inClass = false
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]
    if (c === '\\') i++
    else if (inClass) inClass = c !== ']'
    else if (c === '[') inClass = true
    else if (c === '(') depth++
    else if (c === ')' && --depth < 0) return false
    if (i >= pattern.length) return false
  }
  return depth === 0 && !inClass
}

const compiled = new Map<string, Node | undefined>()
const COMPILED_MAX = 500

export interface PatternBudget {
  left: number
}

/** @returns undefined where the matcher cannot say, or the budget is spent */
export function patternMatches(
  pattern: string,
  text: string,
  budget: PatternBudget = { left: STEPS_MAX },
): boolean | undefined {
  if (!compiled.has(pattern)) {
    if (compiled.size >= COMPILED_MAX) compiled.clear()
    compiled.set(pattern, new PatternParser(pattern).parse())
  }
  const node = compiled.get(pattern)
  if (node === undefined) return undefined
  if (budget.left <= 0) return undefined
  const matcher = new Matcher(text, Math.min(budget.left, STEPS_MAX))
  let matched: boolean | undefined = false
  for (let start = 0; start <= text.length && matched === false; start++) matched = matcher.from(node, start)
  budget.left -= matcher.steps
  return matched
}

/** @returns a short text that matches, if one is found without searching */
export function patternSample(pattern: string): string | undefined {
  if (patternMatches(pattern, '') === true) return ''
  const node = compiled.get(pattern)
  const text = node === undefined ? undefined : sampleOf(node)
  return text !== undefined && patternMatches(pattern, text) === true ? text : undefined
}

function sampleOf(node: Node): string {
  switch (node.kind) {
    case 'set':
      if (!node.negated) return String.fromCharCode(node.ranges[0]?.[0] ?? 0x61)
      return (
        ['a', '0', '-', 'Z'].find(
          (c) => !node.ranges.some(([from, to]) => c.charCodeAt(0) >= from && c.charCodeAt(0) <= to),
        ) ?? '~'
      )
    case 'sequence':
      return node.nodes.map(sampleOf).join('')
    case 'choice':
      return node.options[0] === undefined ? '' : sampleOf(node.options[0])
    case 'repeat':
      return node.min > 50 ? '' : sampleOf(node.node).repeat(node.min).slice(0, 1000)
    default:
      return ''
  }
}

class Matcher {
  readonly #text: string
  readonly #stepsMax: number
  steps = 0
  #depth = 0

  constructor(text: string, stepsMax: number) {
    this.#text = text
    this.#stepsMax = stepsMax
  }

  from(node: Node, start: number): boolean | undefined {
    this.#depth = 0
    const matched = this.#match(node, start, () => true)
    return this.steps > this.#stepsMax ? undefined : matched
  }

  #match(node: Node, at: number, then: (at: number) => boolean): boolean {
    // Past either bound everything fails fast, and `from` answers undefined.
    if (++this.steps > this.#stepsMax) return false
    if (this.#depth > MATCH_DEPTH_MAX) {
      this.steps = this.#stepsMax + 1
      return false
    }
    this.#depth++
    const matched = this.#matchNode(node, at, then)
    this.#depth--
    return matched
  }

  #matchNode(node: Node, at: number, then: (at: number) => boolean): boolean {
    switch (node.kind) {
      case 'set': {
        if (at >= this.#text.length) return false
        const code = this.#text.charCodeAt(at)
        return node.ranges.some(([from, to]) => code >= from && code <= to) !== node.negated && then(at + 1)
      }
      case 'start':
        return at === 0 && then(at)
      case 'end':
        return at === this.#text.length && then(at)
      case 'boundary':
        return this.#isBoundary(at) && then(at)
      case 'not-boundary':
        return !this.#isBoundary(at) && then(at)
      case 'sequence':
        return this.#sequence(node.nodes, 0, at, then)
      case 'choice':
        return node.options.some((option) => this.#match(option, at, then))
      case 'repeat':
        return this.#repeat(node.node, node.min, node.max, at, then)
      case 'ahead':
        return this.#match(node.node, at, () => true) !== node.negated && then(at)
      default:
        return node satisfies never
    }
  }

  #sequence(nodes: readonly Node[], index: number, at: number, then: (at: number) => boolean): boolean {
    const node = nodes[index]
    return node === undefined ? then(at) : this.#match(node, at, (next) => this.#sequence(nodes, index + 1, next, then))
  }

  #repeat(node: Node, min: number, max: number, at: number, then: (at: number) => boolean): boolean {
    const more =
      max > 0 &&
      this.#match(node, at, (next) => {
        // An empty round would repeat for ever.
        if (next === at && min <= 0) return false
        return this.#repeat(node, min - 1, max - 1, next, then)
      })
    return more || (min <= 0 && then(at))
  }

  #isBoundary(at: number): boolean {
    const isWord = (i: number): boolean => /^\w$/.test(this.#text[i] ?? '')
    return isWord(at - 1) !== isWord(at)
  }
}

const ANY_LINE_END: readonly (readonly [number, number])[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]
const CLASSES: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  d: [[0x30, 0x39]],
  w: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x5f, 0x5f],
    [0x61, 0x7a],
  ],
  s: [
    [0x09, 0x0d],
    [0x20, 0x20],
    [0xa0, 0xa0],
    [0x1680, 0x1680],
    [0x2000, 0x200a],
    [0x2028, 0x2029],
    [0x202f, 0x202f],
    [0x205f, 0x205f],
    [0x3000, 0x3000],
    [0xfeff, 0xfeff],
  ],
}
const CONTROL: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 }

/** Thrown inside the parser only: the pattern uses what the matcher does not know. */
class Unsupported extends Error {
  override readonly name = 'Unsupported'
}

class PatternParser {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): Node | undefined {
    if (this.#text.length > PATTERN_SIZE_MAX) return undefined
    try {
      const node = this.#choice()
      return this.#at === this.#text.length ? node : undefined
    } catch (error) {
      if (error instanceof Unsupported) return undefined
      throw error
    }
  }

  #choice(): Node {
    if (++this.#depth > DEPTH_MAX) throw new Unsupported()
    const options = [this.#sequence()]
    while (this.#taken('|')) options.push(this.#sequence())
    this.#depth--
    return options.length === 1 ? (options[0] as Node) : { kind: 'choice', options }
  }

  #sequence(): Node {
    const nodes: Node[] = []
    while (this.#at < this.#text.length && this.#text[this.#at] !== '|' && this.#text[this.#at] !== ')') {
      nodes.push(this.#quantified(this.#atom()))
    }
    return nodes.length === 1 ? (nodes[0] as Node) : { kind: 'sequence', nodes }
  }

  #quantified(node: Node): Node {
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.#text.slice(this.#at, this.#at + 20))
    let bounds: readonly [number, number] | undefined
    if (this.#taken('*')) bounds = [0, Infinity]
    else if (this.#taken('+')) bounds = [1, Infinity]
    else if (this.#taken('?')) bounds = [0, 1]
    else if (counted !== null) {
      this.#at += counted[0].length
      const min = Number(counted[1])
      const max = counted[2] === undefined ? min : counted[3] === '' ? Infinity : Number(counted[3])
      if (min > REPEAT_MAX || (max !== Infinity && max > REPEAT_MAX)) throw new Unsupported()
      bounds = [min, max]
    }
    if (bounds === undefined) return node
    // Lazy or not, whether it matches is the same.
    this.#taken('?')
    if (this.#text[this.#at] === '+' || this.#text[this.#at] === '*') throw new Unsupported()
    return { kind: 'repeat', node, min: bounds[0], max: bounds[1] }
  }

  #atom(): Node {
    const c = this.#text[this.#at++] ?? ''
    switch (c) {
      case '^':
        return { kind: 'start' }
      case '$':
        return { kind: 'end' }
      case '.':
        return { kind: 'set', negated: true, ranges: ANY_LINE_END }
      case '[':
        return this.#class()
      case '(':
        return this.#group()
      case '\\':
        return this.#escape()
      case '*':
      case '+':
      case '?':
        throw new Unsupported()
      default:
        return literal(c.charCodeAt(0))
    }
  }

  #group(): Node {
    let ahead: boolean | undefined
    if (this.#taken('?')) {
      if (this.#taken('=')) ahead = false
      else if (this.#taken('!')) ahead = true
      else if (this.#taken('<')) {
        const name = /^[A-Za-z_$][\w$]*>/.exec(this.#text.slice(this.#at))
        if (name === null) throw new Unsupported()
        this.#at += name[0].length
      } else if (!this.#taken(':')) throw new Unsupported()
    }
    const node = this.#choice()
    if (!this.#taken(')')) throw new Unsupported()
    return ahead === undefined ? node : { kind: 'ahead', negated: ahead, node }
  }

  #escape(): Node {
    const c = this.#text[this.#at]
    if (c === 'b' || c === 'B') {
      this.#at++
      return { kind: c === 'b' ? 'boundary' : 'not-boundary' }
    }
    if (c !== undefined && /[DWS]/.test(c)) {
      this.#at++
      return { kind: 'set', negated: true, ranges: CLASSES[c.toLowerCase()] ?? [] }
    }
    const set = this.#escapedSet()
    return { kind: 'set', negated: false, ranges: set }
  }

  /** After a backslash: a class or one character. */
  #escapedSet(): readonly (readonly [number, number])[] {
    const c = this.#text[this.#at++]
    if (c === undefined) throw new Unsupported()
    const known = CLASSES[c]
    if (known !== undefined) return known
    if (c === 'x' || c === 'u') {
      const size = c === 'x' ? 2 : 4
      const digits = this.#text.slice(this.#at, this.#at + size)
      if (!new RegExp(`^[0-9a-fA-F]{${size}}$`).test(digits)) throw new Unsupported()
      this.#at += size
      const code = Number.parseInt(digits, 16)
      return [[code, code]]
    }
    const control = CONTROL[c]
    if (control !== undefined) return [[control, control]]
    // Letters and digits are back-references, `\p` and the like.
    if (/[A-Za-z0-9]/.test(c)) throw new Unsupported()
    return [[c.charCodeAt(0), c.charCodeAt(0)]]
  }

  #class(): Node {
    const negated = this.#taken('^')
    const ranges: (readonly [number, number])[] = []
    while (!this.#taken(']')) {
      const from = this.#classMember()
      const start = from.length === 1 && from[0]?.[0] === from[0]?.[1] ? from[0]?.[0] : undefined
      if (start !== undefined && this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']') {
        this.#at++
        const to = this.#classMember()
        if (to.length !== 1 || to[0]?.[0] !== to[0]?.[1]) throw new Unsupported()
        ranges.push([start, to[0]?.[0] ?? start])
      } else {
        ranges.push(...from)
      }
    }
    return { kind: 'set', negated, ranges }
  }

  #classMember(): readonly (readonly [number, number])[] {
    const c = this.#text[this.#at++]
    if (c === undefined) throw new Unsupported()
    if (c !== '\\') return [[c.charCodeAt(0), c.charCodeAt(0)]]
    if (this.#text[this.#at] === 'b') {
      this.#at++
      return [[8, 8]]
    }
    return this.#escapedSet()
  }

  #taken(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }
}

function literal(code: number): Node {
  return { kind: 'set', negated: false, ranges: [[code, code]] }
}
