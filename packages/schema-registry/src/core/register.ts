/**
 * Registration, in Confluent's order: mode, contract, text, the same schema under the subject, compatibility, context, version, id,
 * leftovers.
 *
 * Invariants: an id never stands for two schemas of a context; a version number is never given to two live schemas unless an import
 * says so; importing the same again changes nothing.
 */
import { contextOf, canonicalSubject, DEFAULT_CONTEXT, isValidSubject } from './subject.ts'
import { checkAgainst } from './compatibility.ts'
import { filled, ruleSetProblem } from './contract.ts'
import { refused, type Core, type Decision } from './core.ts'
import type { SchemaVersion } from './entities.ts'
import { done, notPermitted, refuse, RegistryErrorCode, type Outcome } from './errors.ts'
import { guidText, md5Of } from './identity.ts'
import { findVersion } from './lookup.ts'
import { prepare, type Prepared, type PrepareOptions, type SchemaRequest } from './prepare.ts'
import { encodeRecord, type RegistryRecord, type StoredSchema } from './record.ts'
import type { Entry } from './state.ts'
import { retagged } from './tagging.ts'
import { effectiveConfig, effectiveMode, isReadOnly, readOnly, tombstones } from './settings.ts'

export interface RegisterRequest {
  readonly kind: 'register'
  readonly subject: string
  readonly body: SchemaRequest
  readonly normalize: boolean
}

export function decideRegister(core: Core, request: RegisterRequest): Decision<SchemaVersion> {
  const subject = canonicalSubject(request.subject)
  if (!isValidSubject(subject)) {
    return refused(
      refuse(RegistryErrorCode.INVALID_SUBJECT, `The specified subject '${subject}' is not a valid subject`),
    )
  }
  const mode = effectiveMode(core, subject)
  if (isReadOnly(mode)) return refused(readOnly(subject))
  const isImport = mode === 'IMPORT' || mode === 'FORWARD'
  const hasId = (request.body.id ?? -1) >= 0
  if (hasId && !isImport) return refused(notPermitted(`Subject ${subject} is not in import mode`))
  if (!hasId && isImport) return refused(notPermitted(`Subject ${subject} is not in read-write mode`))

  const config = effectiveConfig(core, subject)
  const body = isImport ? request.body : filled(request.body, config, core.state.latest(subject))
  const problem = ruleSetProblem(body.ruleSet ?? null)
  if (problem !== undefined) return refused(refuse(RegistryErrorCode.INVALID_RULESET, problem))
  const normalize = !isImport && (request.normalize || config.normalize === true)
  const validate = !isImport && config.validateNewSchemas !== false
  const latest = core.state.latest(subject)
  const prepared = prepareTagged(core, subject, body, { normalize, validate, latest })
  if (!prepared.ok) return refused(prepared)
  return isImport
    ? decideImport(core, subject, body, prepared.value)
    : decideNewVersion(core, subject, body, prepared.value)
}

/** Prepared once as it came, and, if that changes its tags, a second time as it will be. */
function prepareTagged(
  core: Core,
  subject: string,
  body: SchemaRequest,
  { latest, ...options }: PrepareOptions & { readonly latest: Entry | undefined },
): Outcome<Prepared> {
  const prepared = prepare(core, subject, body, options)
  if (!prepared.ok) return prepared
  const schema = retagged(core, prepared.value.parsed, body, latest)
  if (!schema.ok) return schema
  return schema.value === undefined ? prepared : prepare(core, subject, { ...body, schema: schema.value }, options)
}

function decideNewVersion(
  core: Core,
  subject: string,
  body: SchemaRequest,
  prepared: Prepared,
): Decision<SchemaVersion> {
  const { state } = core
  const same = findVersion(core, subject, prepared, { deleted: false })
  if (same !== undefined) return { records: [], response: done(same) }
  const { parsed, content } = prepared
  const live = state
    .versions(subject)
    .filter((entry) => !entry.deleted)
    .reverse()
  const verdict = checkAgainst(core, { subject, parsed, metadata: content.metadata }, live)
  if (verdict.messages.length > 0) {
    return refused(
      refuse(
        core.settings.incompatibleCode,
        `Schema being registered is incompatible with an earlier schema for subject "${subject}", ` +
          `details: [${verdict.messages.join(', ')}]`,
      ),
    )
  }
  const version = state.versionMax(subject) + 1
  if (body.version !== undefined && body.version > 0 && body.version !== version) {
    return refused(
      refuse(
        RegistryErrorCode.INVALID_SCHEMA,
        `Version is not one more than previous version: the next version of subject '${subject}' is ${version}`,
      ),
    )
  }
  const context = contextOf(subject)
  const stored = storedOf(core, prepared)
  const id = state.idOf(context, stored.guid) ?? nextId(core, context)
  const leftovers = state
    .versions(subject)
    .filter((entry) => entry.deleted && entry.id === id && state.referrers(subject, entry.version).length === 0)
    .flatMap(tombstones)
  return written(core, subject, version, id, stored, leftovers)
}

function decideImport(core: Core, subject: string, body: SchemaRequest, prepared: Prepared): Decision<SchemaVersion> {
  const { state } = core
  const id = body.id!
  const context = contextOf(subject)
  const stored = storedOf(core, prepared)
  const same = findVersion(core, subject, prepared, { deleted: false })
  const asksVersion = body.version !== undefined && body.version > 0
  if (same !== undefined && (!asksVersion || same.version === body.version)) {
    return same.id === id
      ? { records: [], response: done(same) }
      : refused(idMismatch(`Schema already registered with id ${same.id} instead of input id ${id}`))
  }
  if (state.withId(context, id).some((entry) => entry.guid !== stored.guid)) {
    return refused(idMismatch(`Overwrite of the schema with id ${id} is not permitted`))
  }
  const version = asksVersion ? body.version! : state.versionMax(subject) + 1
  return written(core, subject, version, id, stored, [])
}

const idMismatch = (message: string) => refuse(RegistryErrorCode.ID_DOES_NOT_MATCH, message)

interface Stored extends Prepared {
  readonly guid: string
  readonly md5: string
}

function storedOf(core: Core, prepared: Prepared): Stored {
  const bytes = md5Of(prepared.content, core.md5)
  return { ...prepared, guid: guidText(bytes), md5: base64(bytes) }
}

function nextId(core: Core, context: string): number {
  let id = core.state.idMax(context) + 1
  while (core.state.withId(context, id).length > 0) id++
  return id
}

function written(
  core: Core,
  subject: string,
  version: number,
  id: number,
  { content, guid, md5 }: Stored,
  leftovers: readonly RegistryRecord[],
): Decision<SchemaVersion> {
  const context = contextOf(subject)
  const isNew = context !== DEFAULT_CONTEXT && !core.state.isNamedContext(context)
  const value: StoredSchema = { id, md5, ...content, deleted: false }
  const record: RegistryRecord = { kind: 'SCHEMA', subject, version, value }
  const sizeBytes = encoder.encode(encodeRecord(record).value ?? '').length
  if (sizeBytes > core.settings.schemaSizeMaxBytes) {
    return refused(
      refuse(
        RegistryErrorCode.SCHEMA_TOO_LARGE,
        `The schema takes ${sizeBytes} bytes to store, at most ${core.settings.schemaSizeMaxBytes} are allowed`,
      ),
    )
  }
  const records: RegistryRecord[] = [
    ...(isNew ? [{ kind: 'CONTEXT', tenant: 'default', context, isSet: true } as const] : []),
    record,
    ...leftovers,
  ]
  return { records, response: done({ subject, version, id, guid, ...content, deleted: false }) }
}

const encoder = new TextEncoder()

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Base64 with padding. */
function base64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const digits = [18, 12, 6, 0].map((shift) => ALPHABET[(group >> shift) & 63]!)
    text += digits
      .slice(0, Math.min(3, bytes.length - i) + 1)
      .join('')
      .padEnd(4, '=')
  }
  return text
}
