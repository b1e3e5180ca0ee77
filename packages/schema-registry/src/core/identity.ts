/**
 * What identifies a schema: an MD5, read as a UUID, over text, references, metadata and rule set.
 *
 * ```
 * text in UTF-8 │ per reference: name, subject, version (int32) │ 1, metadata │ 1, rule set
 * ```
 * Metadata is its tags (key, then each tag), properties (key, value) and sensitive names, all sorted as Java's sorted maps are; a
 * rule is name, doc, kind, mode, type, tags, params, expr, onSuccess, onFailure and the byte 1 when it is disabled. There are no
 * separators, so this is an identity among well-meaning schemas, not a defence against forged ones; equality of what is stored is
 * compared text by text where it matters.
 */
import { identityBytes } from '../formats/identity.ts'
import type { Metadata, Rule, RuleSet, SchemaContent } from './entities.ts'
import type { Md5 } from './formats.ts'

export function guidOf(content: Omit<SchemaContent, 'schemaType'>, md5: Md5): string {
  return guidText(md5Of(content, md5))
}

export function md5Of(content: Omit<SchemaContent, 'schemaType'>, md5: Md5): Uint8Array {
  const { schema, references, metadata, ruleSet } = content
  return md5(
    identityBytes({
      schema,
      references,
      ...(metadata === null ? {} : { metadata: utf8(metadataText(metadata)) }),
      ...(ruleSet === null ? {} : { ruleSet: ruleSetBytes(ruleSet) }),
    }),
  )
}

/** `00112233-4455-6677-8899-aabbccddeeff` */
export function guidText(bytes: Uint8Array): string {
  let hex = ''
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) hex += '-'
    hex += HEX[bytes[i]!]!
  }
  return hex
}

/** Inverse of {@link guidText}. */
export function guidBytes(guid: string): Uint8Array {
  const hex = guid.replaceAll('-', '')
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const encoder = new TextEncoder()
const utf8 = (text: string): Uint8Array => encoder.encode(text)

function metadataText({ tags = {}, properties = {}, sensitive = [] }: Metadata): string {
  let text = ''
  for (const key of Object.keys(tags).sort()) text += key + [...tags[key]!].sort().join('')
  for (const key of Object.keys(properties).sort()) text += key + properties[key]!
  return text + [...sensitive].sort().join('')
}

function ruleSetBytes({
  migrationRules = [],
  domainRules = [],
  encodingRules = [],
  enableAt = '',
}: RuleSet): Uint8Array {
  // A character of one byte stands for the byte 1 of a disabled rule: U+0001 in UTF-8 is that byte.
  return utf8([...migrationRules, ...domainRules, ...encodingRules].map(ruleText).join('') + enableAt)
}

function ruleText(rule: Rule): string {
  const params = rule.params ?? {}
  return [
    rule.name,
    rule.doc,
    rule.kind,
    rule.mode,
    rule.type,
    ...[...(rule.tags ?? [])].sort(),
    ...Object.keys(params)
      .sort()
      .flatMap((key) => [key, params[key]]),
    rule.expr,
    rule.onSuccess,
    rule.onFailure,
    rule.disabled === true ? '\u0001' : '',
  ]
    .map((part) => part ?? '')
    .join('')
}
