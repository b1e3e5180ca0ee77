/**
 * Records of the `_schemas` topic and their JSON texts, byte for byte as Confluent's registry writes them.
 *
 * | key                                                                  | value                                          |
 * |----------------------------------------------------------------------|------------------------------------------------|
 * | `{"keytype":"SCHEMA","subject":S,"version":V,"magic":1}`             | the schema; null: permanently deleted          |
 * | `{"keytype":"CONFIG","subject":S or null,"magic":0}`                 | the configuration; null: back to the inherited |
 * | `{"keytype":"MODE","subject":S or null,"magic":0}`                   | `{"subject":S,"mode":M}`; null: inherited      |
 * | `{"keytype":"DELETE_SUBJECT","subject":S,"magic":0}`                 | `{"subject":S,"version":V}`                    |
 * | `{"keytype":"CLEAR_SUBJECT","subject":S,"magic":0}`                  | `{"subject":S}`                                |
 * | `{"keytype":"CONTEXT","tenant":T,"context":C,"magic":0}`             | `{"tenant":T,"context":C}`                     |
 * | `{"keytype":"NOOP","magic":0}`                                       | null                                           |
 *
 * One is ours, and passed over by others: `{"keytype":"ACL","resourceType":…,"resource":…,"patternType":…,"principal":…,"host":…,
 * "operation":…,"permission":…,"magic":0}` with the value `{}`.
 *
 * Keys are compared by meaning but compacted by bytes: `keyText` keeps the bytes a record was found under, so that a tombstone can be
 * written that compaction matches with it. Members of a value that this version does not know are kept in `extra`.
 */
import { canonicalAcl, type Acl } from './acl.ts'
import type { Config, Metadata, Mode, RuleSet, SchemaReference, SchemaType } from './entities.ts'

/** What stands in the value of a SCHEMA record. */
export interface StoredSchema {
  readonly id: number
  /** Base64, as stored; absent in records of older registries. */
  readonly md5?: string
  readonly schema: string
  readonly schemaType: SchemaType
  readonly references: readonly SchemaReference[]
  readonly metadata: Metadata | null
  readonly ruleSet: RuleSet | null
  readonly deleted: boolean
  readonly extra?: Readonly<Record<string, unknown>>
}

export type RegistryRecord = RecordBody & {
  /** The key's text where it is not the one that {@link encodeRecord} would write. */
  readonly keyText?: string
}

type RecordBody =
  | {
      readonly kind: 'SCHEMA'
      readonly subject: string
      readonly version: number
      readonly value: StoredSchema | null
    }
  | { readonly kind: 'CONFIG'; readonly subject: string | null; readonly value: Config | null }
  | { readonly kind: 'MODE'; readonly subject: string | null; readonly value: Mode | null }
  | { readonly kind: 'DELETE_SUBJECT'; readonly subject: string; readonly version: number | null }
  | { readonly kind: 'CLEAR_SUBJECT'; readonly subject: string | null; readonly isSet: boolean }
  | { readonly kind: 'CONTEXT'; readonly tenant: string; readonly context: string; readonly isSet: boolean }
  | { readonly kind: 'NOOP' }
  | { readonly kind: 'ACL'; readonly acl: Acl; readonly isSet: boolean }

export interface RecordText {
  readonly key: string
  /** Null is a tombstone. */
  readonly value: string | null
}

export function encodeRecord(record: RegistryRecord): RecordText {
  return { key: record.keyText ?? keyOf(record), value: valueOf(record) }
}

/** The key in our order of members. */
export function keyOf(record: RecordBody): string {
  const { kind: keytype } = record
  switch (record.kind) {
    case 'SCHEMA':
      return schemaKeyText(record.subject, record.version)
    case 'CONFIG':
    case 'MODE':
    case 'DELETE_SUBJECT':
    case 'CLEAR_SUBJECT':
      return JSON.stringify({ keytype, subject: record.subject, magic: 0 })
    case 'CONTEXT':
      return JSON.stringify({ keytype, tenant: record.tenant, context: record.context, magic: 0 })
    case 'NOOP':
      return JSON.stringify({ keytype, magic: 0 })
    case 'ACL':
      return JSON.stringify({ keytype, ...record.acl, magic: 0 })
    default:
      return record satisfies never
  }
}

function valueOf(record: RecordBody): string | null {
  switch (record.kind) {
    case 'SCHEMA':
      return schemaValueText(record)
    case 'CONFIG':
      return record.value === null ? null : JSON.stringify(record.value)
    case 'MODE':
      return record.value === null ? null : JSON.stringify({ subject: record.subject, mode: record.value })
    case 'DELETE_SUBJECT':
      return record.version === null ? null : JSON.stringify({ subject: record.subject, version: record.version })
    case 'CLEAR_SUBJECT':
      return record.isSet ? JSON.stringify({ subject: record.subject }) : null
    case 'CONTEXT':
      return record.isSet ? JSON.stringify({ tenant: record.tenant, context: record.context }) : null
    case 'NOOP':
      return null
    case 'ACL':
      return record.isSet ? '{}' : null
    default:
      return record satisfies never
  }
}

export const schemaKeyText = (subject: string, version: number): string =>
  JSON.stringify({ keytype: 'SCHEMA', subject, version, magic: 1 })

function schemaValueText(record: RecordBody & { readonly kind: 'SCHEMA' }): string | null {
  const { subject, version, value } = record
  if (value === null) return null
  const { id, md5, schema, schemaType, references, metadata, ruleSet, deleted, extra } = value
  return JSON.stringify({
    subject,
    version,
    id,
    ...(md5 === undefined ? {} : { md5 }),
    schema,
    ...(schemaType === 'AVRO' ? {} : { schemaType }),
    ...(references.length === 0 ? {} : { references }),
    ...(metadata === null ? {} : { metadata }),
    ...(ruleSet === null ? {} : { ruleSet }),
    ...extra,
    deleted,
  })
}

export type DecodedRecord =
  | { readonly ok: true; readonly record: RegistryRecord }
  /** Not one of ours, or of a kind that a later registry writes: to be passed over, and left in the topic. */
  | { readonly ok: false; readonly reason: string }

/** Never throws: what cannot be understood is reported, so that one bad record does not keep a registry from starting. */
export function decodeRecord(key: string, value: string | null): DecodedRecord {
  const keyed = parseObject(key)
  if (keyed === undefined) return { ok: false, reason: 'the key is not a JSON object' }
  let valued: Fields | null = null
  if (value !== null) {
    const parsed = parseObject(value)
    if (parsed === undefined)
      return value === 'null' ? decodeAs(keyed, null, key) : { ok: false, reason: 'the value is not a JSON object' }
    valued = parsed
  }
  return decodeAs(keyed, valued, key)
}

/** With the key's text, where it is another than ours. */
function decodeAs(key: Fields, value: Fields | null, text: string): DecodedRecord {
  const decoded = decode(key, value)
  if (!decoded.ok || keyOf(decoded.record) === text) return decoded
  return { ok: true, record: { ...decoded.record, keyText: text } }
}

type Fields = Readonly<Record<string, unknown>>

function decode(key: Fields, value: Fields | null): DecodedRecord {
  const { keytype } = key
  const subject = typeof key['subject'] === 'string' ? key['subject'] : null
  switch (keytype) {
    case 'SCHEMA':
      return decodeSchema(key, value)
    case 'CONFIG':
      return { ok: true, record: { kind: 'CONFIG', subject, value: value === null ? null : configOf(value) } }
    case 'MODE': {
      const mode = value?.['mode']
      if (value !== null && typeof mode !== 'string') return { ok: false, reason: 'a MODE without a mode' }
      return { ok: true, record: { kind: 'MODE', subject, value: value === null ? null : (mode as Mode) } }
    }
    case 'DELETE_SUBJECT': {
      if (subject === null) return { ok: false, reason: 'a DELETE_SUBJECT without a subject' }
      const version = value?.['version']
      return {
        ok: true,
        record: { kind: 'DELETE_SUBJECT', subject, version: typeof version === 'number' ? version : null },
      }
    }
    case 'CLEAR_SUBJECT':
      return { ok: true, record: { kind: 'CLEAR_SUBJECT', subject, isSet: value !== null } }
    case 'CONTEXT': {
      const { context, tenant } = key
      if (typeof context !== 'string') return { ok: false, reason: 'a CONTEXT without a context' }
      return {
        ok: true,
        record: {
          kind: 'CONTEXT',
          tenant: typeof tenant === 'string' ? tenant : 'default',
          context,
          isSet: value !== null,
        },
      }
    }
    case 'NOOP':
      return { ok: true, record: { kind: 'NOOP' } }
    case 'ACL': {
      const acl = aclOf(key)
      if (acl === undefined) return { ok: false, reason: 'an ACL that is not complete' }
      return { ok: true, record: { kind: 'ACL', acl, isSet: value !== null } }
    }
    default:
      return { ok: false, reason: `key type ${JSON.stringify(keytype)}` }
  }
}

const ACL_MEMBERS = ['resourceType', 'resource', 'patternType', 'principal', 'host', 'operation', 'permission'] as const

function aclOf(key: Fields): Acl | undefined {
  return ACL_MEMBERS.every((name) => typeof key[name] === 'string') ? canonicalAcl(key as unknown as Acl) : undefined
}

const KNOWN = new Set([
  'subject',
  'version',
  'id',
  'md5',
  'schema',
  'schemaType',
  'references',
  'metadata',
  'ruleSet',
  'deleted',
])

function decodeSchema(key: Fields, value: Fields | null): DecodedRecord {
  const { subject, version } = key
  if (typeof subject !== 'string' || !Number.isInteger(version)) {
    return { ok: false, reason: 'a SCHEMA without subject or version' }
  }
  const at = { kind: 'SCHEMA' as const, subject, version: version as number }
  if (value === null) return { ok: true, record: { ...at, value: null } }
  const { id, md5, schema, schemaType } = value
  if (!Number.isInteger(id) || typeof schema !== 'string') return { ok: false, reason: 'a SCHEMA without id or schema' }
  if (schemaType !== undefined && schemaType !== null && !TYPES.has(schemaType)) {
    return { ok: false, reason: `schema type ${JSON.stringify(schemaType)}` }
  }
  let extra: Record<string, unknown> | undefined
  for (const name in value) if (!KNOWN.has(name)) (extra ??= {})[name] = value[name]
  return {
    ok: true,
    record: {
      ...at,
      value: {
        id: id as number,
        ...(typeof md5 === 'string' ? { md5 } : {}),
        schema,
        schemaType: (schemaType ?? 'AVRO') as SchemaType,
        references: (value['references'] ?? []) as readonly SchemaReference[],
        metadata: (value['metadata'] ?? null) as Metadata | null,
        ruleSet: (value['ruleSet'] ?? null) as RuleSet | null,
        deleted: value['deleted'] === true,
        ...(extra === undefined ? {} : { extra }),
      },
    },
  }
}

const TYPES = new Set<unknown>(['AVRO', 'JSON', 'PROTOBUF'])

/** Confluent's later registries put the subject into the value too; it is the key's. Nulls are what is not set. */
function configOf(value: Fields): Config {
  return Object.fromEntries(
    Object.entries(value).filter(([name, member]) => name !== 'subject' && member !== null),
  ) as Config
}

function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
  } catch {
    return undefined
  }
}
