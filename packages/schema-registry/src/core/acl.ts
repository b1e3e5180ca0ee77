/**
 * Access control entries: the broker's policy language (principal, host, operation, permission, LITERAL or PREFIXED names; what denies
 * wins) with two types of resources of its own.
 *
 * | resource   | name                                        | what it is asked about                                            |
 * |------------|---------------------------------------------|-------------------------------------------------------------------|
 * | `SUBJECT`  | a subject; `:.context:` for a whole context | everything under `/subjects`, `/schemas`, `/config/{s}`, …        |
 * | `REGISTRY` | there is one, `*`                           | global configuration and mode, and the entries themselves         |
 *
 * They are records of `_schemas`, so that every instance has them and a write can be waited for. Registries that do not know the
 * record pass it over.
 */
import { AclOperation, AclPatternType, AclPermission, type AclEntry } from '@braidlog/model'
import { canonicalSubject } from './subject.ts'

/** Beside the brokers' numbers of `AclResourceType`; never on their wire. */
export const RegistryResource = { REGISTRY: 100, SUBJECT: 101 } as const
export type RegistryResource = (typeof RegistryResource)[keyof typeof RegistryResource]

export const ACL_OPERATIONS = [
  'ALL',
  'READ',
  'WRITE',
  'DELETE',
  'ALTER',
  'DESCRIBE',
  'DESCRIBE_CONFIGS',
  'ALTER_CONFIGS',
] as const
export type AclOperationName = (typeof ACL_OPERATIONS)[number]

export interface Acl {
  readonly resourceType: keyof typeof RegistryResource
  readonly resource: string
  readonly patternType: 'LITERAL' | 'PREFIXED'
  /** `User:ann`; `User:*` is everyone. */
  readonly principal: string
  /** An address; `*` is everywhere. */
  readonly host: string
  readonly operation: AclOperationName
  readonly permission: 'ALLOW' | 'DENY'
}

/** The one name of the registry itself. */
export const REGISTRY_RESOURCE = '*'

/** The one spelling of an entry under which it is kept. */
export function canonicalAcl(acl: Acl): Acl {
  const { resourceType, resource, patternType, principal, host, operation, permission } = acl
  const isRegistry = resourceType === 'REGISTRY'
  return {
    resourceType,
    resource: isRegistry ? REGISTRY_RESOURCE : canonicalSubject(resource),
    patternType: isRegistry ? 'LITERAL' : patternType,
    principal: principal === '*' ? 'User:*' : principal,
    host,
    operation,
    permission,
  }
}

/** As the authorizer that is the broker's too knows it. */
export const aclEntry = (acl: Acl): AclEntry => ({
  resourceType: RegistryResource[acl.resourceType],
  resourceName: acl.resource,
  patternType: AclPatternType[acl.patternType],
  principal: acl.principal,
  host: acl.host,
  operation: AclOperation[acl.operation],
  permissionType: AclPermission[acl.permission],
})
