/**
 * The numbers of access control in protocol and records, the ways in which an operation implies another, and which
 * operations make sense for which kind of resource.
 *
 * Source: KIP-140 (protocol), KIP-290 (pattern types), KIP-373 (users), KIP-430 (authorized operations).
 */
export const AclResourceType = {
  ANY: 1,
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
  USER: 7,
} as const
export type AclResourceType = (typeof AclResourceType)[keyof typeof AclResourceType]

/** ANY and MATCH stand in filters only. */
export const AclPatternType = { ANY: 1, MATCH: 2, LITERAL: 3, PREFIXED: 4 } as const
export type AclPatternType = (typeof AclPatternType)[keyof typeof AclPatternType]

export const AclOperation = {
  ANY: 1,
  ALL: 2,
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
  CREATE_TOKENS: 13,
  DESCRIBE_TOKENS: 14,
  TWO_PHASE_COMMIT: 15,
} as const
export type AclOperation = (typeof AclOperation)[keyof typeof AclOperation]

export const AclPermission = { ANY: 1, DENY: 2, ALLOW: 3 } as const
export type AclPermission = (typeof AclPermission)[keyof typeof AclPermission]

/** Every name, every host; of principals `User:*`. */
export const ACL_WILDCARD = '*'
/** The one resource of type CLUSTER. */
export const CLUSTER_RESOURCE_NAME = 'kafka-cluster'
/** Who sends on a connection that did not authenticate. */
export const ANONYMOUS_PRINCIPAL = 'User:ANONYMOUS'

/** To whom one of these is allowed, DESCRIBE is allowed too. */
export const IMPLIES_DESCRIBE: ReadonlySet<number> = new Set([
  AclOperation.READ,
  AclOperation.WRITE,
  AclOperation.DELETE,
  AclOperation.ALTER,
])
/** To whom one of these is allowed, DESCRIBE_CONFIGS is allowed too. */
export const IMPLIES_DESCRIBE_CONFIGS: ReadonlySet<number> = new Set([AclOperation.ALTER_CONFIGS])
