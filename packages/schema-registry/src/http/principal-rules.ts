/**
 * From the name in a client certificate to a principal, by the rules of Apache Kafka's `ssl.principal.mapping.rules`: a list of
 * `DEFAULT` and `RULE:pattern/replacement/[L|U]`, separated by commas. The first rule whose pattern fits the whole name decides; `L` and
 * `U` make the result lower or upper case; `DEFAULT` takes the name as it is.
 *
 * Names come from outside, so patterns are matched by RE2's algorithm: no name can make one hang.
 */
import { RE2JS } from 're2js'
import { RegistryError } from '../errors.ts'

export type PrincipalRules = (distinguishedName: string) => string | undefined

interface Rule {
  readonly pattern: RE2JS
  readonly replacement: string
  readonly letters: string
}

/** Longer names are nobody's. */
const NAME_LENGTH_MAX = 4_096

/** @throws RegistryError INVALID_OPTION */
export function parsePrincipalRules(text: string): PrincipalRules {
  const rules: (Rule | 'DEFAULT')[] = []
  let rest = text.trim()
  while (rest !== '') {
    const [rule, sizeChars] = readRule(rest)
    rules.push(rule)
    rest = rest.slice(sizeChars).replace(/^\s*,?\s*/, '')
  }
  if (rules.length === 0) rules.push('DEFAULT')
  return (name) => {
    if (name.length > NAME_LENGTH_MAX) return undefined
    for (const rule of rules) {
      const mapped = rule === 'DEFAULT' ? name : applied(rule, name)
      if (mapped !== undefined) return mapped
    }
    return undefined
  }
}

function readRule(text: string): [Rule | 'DEFAULT', sizeChars: number] {
  const byDefault = /^DEFAULT(?=\s*(?:,|$))/.exec(text)
  if (byDefault !== null) return ['DEFAULT', byDefault[0].length]
  const match = /^RULE:((?:\\.|[^\\/])*)\/((?:\\.|[^\\/])*)\/([LU]?)(?=\s*(?:,|$))/.exec(text)
  if (match === null) {
    throw new RegistryError(
      'INVALID_OPTION',
      `auth.certificateRules: '${text}' is neither DEFAULT nor RULE:pattern/replacement/ with an optional L or U`,
    )
  }
  const [whole, pattern = '', replacement = '', letters = ''] = match
  try {
    return [{ pattern: RE2JS.compile(pattern), replacement, letters }, whole.length]
  } catch (error) {
    throw new RegistryError('INVALID_OPTION', `auth.certificateRules: ${pattern}: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function applied({ pattern, replacement, letters }: Rule, name: string): string | undefined {
  const matcher = pattern.matcher(name)
  if (!matcher.matches()) return undefined
  const mapped = replacement.replaceAll(/\$(\d)/g, (_, group: string) =>
    Number(group) <= matcher.groupCount() ? (matcher.group(Number(group)) ?? '') : '',
  )
  return letters === 'L' ? mapped.toLowerCase() : letters === 'U' ? mapped.toUpperCase() : mapped
}
