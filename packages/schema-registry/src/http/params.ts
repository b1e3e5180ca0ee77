/** Path and query parameters, read and checked. */
import { RegistryErrorCode } from '../core/errors.ts'
import type { Deleted } from '../core/queries.ts'
import { EMPTY_SUBJECT, isValidContext, normalizedContext, parseSubject, qualify } from '../core/subject.ts'
import { RequestFault } from './fault.ts'

/** What the readers need of a request. */
export interface Parameters {
  param(name: string): string | undefined
  query(name: string): string | undefined
}

export function flag(request: Parameters, name: string): boolean {
  const value = request.query(name)
  // `?deleted` alone counts as set, as it does where these parameters were defined.
  return value === '' || value?.toLowerCase() === 'true'
}

export function deletedOf(request: Parameters): Deleted {
  if (flag(request, 'deletedOnly')) return 'only'
  return flag(request, 'deleted') ? 'also' : 'no'
}

/** The context of a path under `/contexts/{context}`: `.prod`, `prod` and `:.prod:` are the same. */
export function contextParam(request: Parameters): string | undefined {
  const text = request.param('context')
  if (text === undefined) return undefined
  const context = normalizedContext(text.replaceAll(':', ''))
  if (!isValidContext(context)) throw new RequestFault(400, `Invalid context ${text}`)
  return context
}

/** The subject of the path, within the context of the path. */
export function subjectParam(request: Parameters): string {
  return inContext(request, request.param('subject') ?? '')
}

/** The scope of `/config` and `/mode`: a subject, a context, or null for everything. */
export function scopeParam(request: Parameters): string | null {
  const subject = request.param('subject')
  if (subject !== undefined) return inContext(request, subject)
  const context = contextParam(request)
  return context === undefined ? null : `:${context}:`
}

export function inContext(request: Parameters, text: string): string {
  const subject = text === EMPTY_SUBJECT ? '' : text
  const context = contextParam(request)
  if (context === undefined || subject.startsWith(':')) return subject
  return qualify(context, parseSubject(subject).name)
}

const VERSION_MAX = 2 ** 31 - 1

export function versionParam(request: Parameters): number | 'latest' {
  const text = request.param('version') ?? ''
  if (text === 'latest' || text === '-1') return 'latest'
  const version = /^\d{1,10}$/.test(text) ? Number(text) : 0
  if (version >= 1 && version <= VERSION_MAX) return version
  throw new RequestFault(
    RegistryErrorCode.INVALID_VERSION,
    `The specified version '${text}' is not a valid version id. ` +
      `Allowed values are between [1, 2^31-1] and the string "latest"`,
  )
}

export function idParam(request: Parameters): number {
  const text = request.param('id') ?? ''
  // What is no number is no resource.
  if (!/^\d{1,10}$/.test(text)) throw new RequestFault(404, 'HTTP 404 Not Found')
  return Number(text)
}

/** `offset` and `limit`; a negative limit is none. */
export function page<T>(request: Parameters, list: readonly T[]): readonly T[] {
  const offset = Math.max(0, integer(request, 'offset', 0))
  const limit = integer(request, 'limit', -1)
  return limit < 0 ? list.slice(offset) : list.slice(offset, offset + limit)
}

function integer(request: Parameters, name: string, otherwise: number): number {
  const text = request.query(name)
  if (text === undefined || text === '') return otherwise
  if (!/^-?\d{1,10}$/.test(text)) throw new RequestFault(404, 'HTTP 404 Not Found')
  return Number(text)
}
