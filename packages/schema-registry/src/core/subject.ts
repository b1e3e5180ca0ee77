/**
 * Qualified subjects: `:.context:name`. The default context is `.` and leaves its subjects unqualified. `:.context:` alone stands for
 * the context, `:.__GLOBAL:` for everything; a wildcard `:*:` names every context.
 *
 * Invariant: `qualify(parse(s)) === canonical form of s`; `:.:name` and `name` are the same subject.
 */

export const DEFAULT_CONTEXT = '.'
export const GLOBAL_CONTEXT = '.__GLOBAL'
export const WILDCARD_CONTEXT = '*'
export const GLOBAL_SUBJECT = `:${GLOBAL_CONTEXT}:`
/** How a path names the empty subject. */
export const EMPTY_SUBJECT = '__EMPTY'

export interface QualifiedSubject {
  readonly context: string
  /** Empty when the whole context is meant. */
  readonly name: string
}

export function parseSubject(text: string): QualifiedSubject {
  if (text.startsWith(':.') || text.startsWith(`:${WILDCARD_CONTEXT}:`)) {
    const end = text.indexOf(':', 1)
    if (end > 0) return { context: text.slice(1, end), name: text.slice(end + 1) }
  }
  return { context: DEFAULT_CONTEXT, name: text }
}

export function qualify(context: string, name: string): string {
  return context === DEFAULT_CONTEXT ? name : `:${context}:${name}`
}

/** The one spelling of a subject under which it is stored. */
export function canonicalSubject(text: string): string {
  const { context, name } = parseSubject(text)
  return qualify(context, name)
}

/** How a scope stands in `_schemas`: null for everything, and for the default context as a whole; else its one spelling. */
export function scopeAsWritten(subject: string | null): string | null {
  const scope = canonicalSubject(subject ?? '')
  return scope === '' || scope === GLOBAL_SUBJECT ? null : scope
}

export const contextOf = (subject: string): string => parseSubject(subject).context

/** A reference's subject without a context belongs to the context of the schema that has it. */
export function referredSubject(parent: string, subject: string): string {
  if (subject.startsWith(':.')) return canonicalSubject(subject)
  return qualify(contextOf(parent), subject)
}

/** `prod` and `.prod` are the same context in a path. */
export const normalizedContext = (context: string): string => (context.startsWith('.') ? context : `.${context}`)

/** A subject that can be registered under: a name, no control characters, not the reserved global context. */
export function isValidSubject(subject: string): boolean {
  const { context, name } = parseSubject(subject)
  if (name === '' || name === GLOBAL_CONTEXT || context === GLOBAL_CONTEXT || context === WILDCARD_CONTEXT) return false
  // oxlint-disable-next-line no-control-regex
  return !/[\u0000-\u001f\u007f]/.test(subject) && isValidContext(context)
}

export const isValidContext = (context: string): boolean => context.startsWith('.') && !context.slice(1).includes(':')
