/**
 * Who may do what and how much: access control entries, SCRAM credentials, delegation tokens, client quotas.
 * All are kept as their records, so that nothing of an Apache Kafka cluster is lost in our hands.
 */
import type {
  AccessControlEntryRecord,
  ClientQuotaRecord,
  DelegationTokenRecord,
  RemoveUserScramCredentialRecord,
  UserScramCredentialRecord,
} from '@braidlog/protocol'
import type { Uuid } from '@braidlog/model'
import type { DeltaBuilder } from './delta.ts'
import { metadataRecord, type MetadataRecord } from './record.ts'

/** One part of a quota entity; a `null` name stands for the default of its type. */
export interface QuotaEntityPart {
  readonly entityType: string
  readonly entityName: string | null
}

export interface ClientQuota {
  readonly entity: readonly QuotaEntityPart[]
  /** By quota key, such as `producer_byte_rate`. */
  readonly values: ReadonlyMap<string, number>
}

/** metadata.version from which SCRAM credentials and delegation tokens are in the log. */
const SCRAM_LEVEL = 11
const DELEGATION_TOKEN_LEVEL = 14

/** The principals' part of an image. */
export class Principals {
  readonly #acls = new Map<Uuid, AccessControlEntryRecord>()
  readonly #scram = new Map<string, UserScramCredentialRecord>()
  readonly #tokens = new Map<string, DelegationTokenRecord>()
  readonly #quotas = new Map<
    string,
    { readonly entity: readonly QuotaEntityPart[]; readonly values: Map<string, number> }
  >()

  acls(): Iterable<AccessControlEntryRecord> {
    return this.#acls.values()
  }

  scramCredential(user: string, mechanism: number): UserScramCredentialRecord | undefined {
    return this.#scram.get(scramKey(user, mechanism))
  }

  scramCredentials(): Iterable<UserScramCredentialRecord> {
    return this.#scram.values()
  }

  delegationTokens(): Iterable<DelegationTokenRecord> {
    return this.#tokens.values()
  }

  clientQuotas(): Iterable<ClientQuota> {
    return this.#quotas.values()
  }

  putAcl(record: AccessControlEntryRecord, delta: DeltaBuilder): void {
    this.#acls.set(record.id, record)
    delta.other('acls')
  }

  removeAcl(id: Uuid, delta: DeltaBuilder): void {
    this.#acls.delete(id)
    delta.other('acls')
  }

  putScram(record: UserScramCredentialRecord, delta: DeltaBuilder): void {
    // The byte fields may be views of a read buffer that is about to be reused.
    const { salt, storedKey, serverKey } = record
    const owned = { ...record, salt: salt.slice(), storedKey: storedKey.slice(), serverKey: serverKey.slice() }
    this.#scram.set(scramKey(record.name, record.mechanism), owned)
    delta.other('scram-credentials')
  }

  removeScram(record: RemoveUserScramCredentialRecord, delta: DeltaBuilder): void {
    this.#scram.delete(scramKey(record.name, record.mechanism))
    delta.other('scram-credentials')
  }

  putToken(record: DelegationTokenRecord, delta: DeltaBuilder): void {
    this.#tokens.set(record.tokenId, record)
    delta.other('delegation-tokens')
  }

  removeToken(tokenId: string, delta: DeltaBuilder): void {
    this.#tokens.delete(tokenId)
    delta.other('delegation-tokens')
  }

  applyQuota(record: ClientQuotaRecord, delta: DeltaBuilder): void {
    const entity = record.entity.toSorted((a, b) => (a.entityType < b.entityType ? -1 : 1))
    const key = JSON.stringify(entity.map((part) => [part.entityType, part.entityName]))
    const quota = this.#quotas.get(key) ?? { entity, values: new Map<string, number>() }
    if (record.remove) quota.values.delete(record.key)
    else quota.values.set(record.key, record.value)
    if (quota.values.size === 0) this.#quotas.delete(key)
    else this.#quotas.set(key, quota)
    delta.other('client-quotas')
  }

  *quotaRecords(): Iterable<MetadataRecord> {
    for (const { entity, values } of this.#quotas.values()) {
      for (const [key, value] of values) yield metadataRecord('ClientQuota', { entity, key, value, remove: false })
    }
  }

  *aclRecords(): Iterable<MetadataRecord> {
    for (const acl of this.#acls.values()) yield metadataRecord('AccessControlEntry', acl)
  }

  *scramRecords(metadataVersion: number): Iterable<MetadataRecord> {
    if (metadataVersion < SCRAM_LEVEL) return
    for (const credential of this.#scram.values()) yield metadataRecord('UserScramCredential', credential)
  }

  *tokenRecords(metadataVersion: number): Iterable<MetadataRecord> {
    if (metadataVersion < DELEGATION_TOKEN_LEVEL) return
    for (const token of this.#tokens.values()) yield metadataRecord('DelegationToken', token)
  }
}

function scramKey(user: string, mechanism: number): string {
  return `${mechanism}:${user}`
}
