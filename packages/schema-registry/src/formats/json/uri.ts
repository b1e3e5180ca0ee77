/** As much of RFC 3986 as `$id` and `$ref` need; nothing is ever fetched. */

const SCHEME = /^[a-zA-Z][a-zA-Z0-9+.-]*:/

/** @returns the reference resolved against the base; a base without scheme (a bare file name) counts as a path */
export function resolveUri(base: string, reference: string): string {
  const [baseDocument] = splitFragment(base)
  if (reference === '') return baseDocument
  if (SCHEME.test(reference)) return reference
  if (reference.startsWith('#')) return baseDocument + reference
  // urn: and the like have no hierarchy to resolve in.
  const parts = /^([a-zA-Z][a-zA-Z0-9+.-]*:)?(\/\/[^/]*)?([^?]*)/.exec(baseDocument)
  const [, scheme = '', authority = '', path = ''] = parts ?? []
  if (scheme !== '' && authority === '' && !path.startsWith('/')) return reference
  if (reference.startsWith('//')) return scheme + reference
  if (reference.startsWith('/')) return scheme + authority + withoutDots(reference)
  const directory = path.slice(0, path.lastIndexOf('/') + 1)
  return scheme + authority + withoutDots((authority !== '' && directory === '' ? '/' : directory) + reference)
}

/** @returns the document's URI, and the fragment without `#` */
export function splitFragment(uri: string): readonly [document: string, fragment: string] {
  const at = uri.indexOf('#')
  return at < 0 ? [uri, ''] : [uri.slice(0, at), uri.slice(at + 1)]
}

function withoutDots(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') {
      if (kept.length > 1 || (kept.length === 1 && kept[0] !== '')) kept.pop()
    } else if (segment !== '.') {
      kept.push(segment)
    }
  }
  return kept.join('/')
}

/** Percent-decoding as JSON pointers in fragments need it; text that is not encoded well stays as it is. */
export function decodeFragment(fragment: string): string {
  if (!fragment.includes('%')) return fragment
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}
