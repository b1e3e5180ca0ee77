/** Media types of the REST API: what is accepted, what is answered with. */

export const V1_JSON = 'application/vnd.schemaregistry.v1+json'

/** In order of preference where the client does not care. */
const ANSWERED = [V1_JSON, 'application/vnd.schemaregistry+json', 'application/json'] as const
const ACCEPTED = new Set<string>([...ANSWERED, 'application/octet-stream'])

/** @returns whether a body of that type is read; none at all counts as ours */
export function isReadable(contentType: string | undefined): boolean {
  if (contentType === undefined || contentType === '') return true
  return ACCEPTED.has(contentType.split(';')[0]!.trim().toLowerCase())
}

/** The type to answer with, or undefined when the client takes none of ours. */
export function answerType(accept: string | undefined): string | undefined {
  if (accept === undefined || accept.trim() === '') return V1_JSON
  let best: string | undefined
  let bestQuality = 0
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const quality = Number(parameters.find((each) => each.startsWith('q='))?.slice(2) ?? 1)
    // Not a number is no preference.
    if (!(quality > bestQuality)) continue
    const match = type === '*/*' || type === 'application/*' ? V1_JSON : ANSWERED.find((each) => each === type)
    if (match === undefined) continue
    best = match
    bestQuality = quality
  }
  return best
}
