/** Admin calls about access control entries (KIP-140, KIP-290). A broker without an authorizer says SECURITY_DISABLED. */
import { ACL_WILDCARD, AclPatternType, AclPermission, AclResourceType, ErrorCode } from '@braidlog/model/nouns'
import type { Cluster } from '../cluster.ts'
import { KafkaError } from '../errors.ts'
import type { CallOptions } from '../record.ts'
import { addItem, adminCall, checkCode, emptyOutcome, itemsCall, OPERATIONS } from './calls.ts'
import type { AclEntry, AclFilter } from './types.ts'

const RESOURCE_TYPES = {
  topic: AclResourceType.TOPIC,
  group: AclResourceType.GROUP,
  cluster: AclResourceType.CLUSTER,
  transactionalId: AclResourceType.TRANSACTIONAL_ID,
  delegationToken: AclResourceType.DELEGATION_TOKEN,
  user: AclResourceType.USER,
} as const
const PATTERN_TYPES = {
  literal: AclPatternType.LITERAL,
  prefixed: AclPatternType.PREFIXED,
  match: AclPatternType.MATCH,
} as const
const PERMISSIONS = { allow: AclPermission.ALLOW, deny: AclPermission.DENY } as const
/** In filters: whatever it is. */
const ANY = 1

/** Entries that a filter matches; every entry unless given. */
export async function describeAcls(
  cluster: Cluster,
  filter: AclFilter = {},
  options?: CallOptions,
): Promise<AclEntry[]> {
  const body = filterBody(filter)
  return await adminCall(cluster, 'describeAcls', options, async (call) => {
    const response = await cluster.request('any', 'DescribeAcls', body, call)
    checkCode(response.errorCode, 'describeAcls', response.errorMessage)
    return response.resources.flatMap(({ acls, ...resource }) => acls.map((acl) => entryOf({ ...resource, ...acl })))
  })
}

/** An entry that is there already is no error. */
export async function createAcls(cluster: Cluster, entries: readonly AclEntry[], options?: CallOptions): Promise<void> {
  const creations = entries.map((entry) => ({
    resourceType: numberOf('resourceType', RESOURCE_TYPES, entry.resourceType),
    resourceName: entry.resourceName,
    resourcePatternType: numberOf('patternType', PATTERN_TYPES, entry.patternType ?? 'literal'),
    principal: entry.principal,
    host: entry.host ?? ACL_WILDCARD,
    operation: operationNumber(entry.operation),
    permissionType: numberOf('permission', PERMISSIONS, entry.permission ?? 'allow'),
  }))
  await itemsCall(cluster, 'createAcls', options, async (call) => {
    const response = await cluster.request('controller', 'CreateAcls', { creations }, call)
    const outcome = emptyOutcome<void>()
    for (const [index, { errorCode, errorMessage }] of response.results.entries()) {
      addItem(outcome, textOf(entries[index]!), errorCode, errorMessage)
    }
    return outcome
  })
}

/** @returns the entries that are gone */
export async function deleteAcls(
  cluster: Cluster,
  filters: readonly AclFilter[],
  options?: CallOptions,
): Promise<AclEntry[]> {
  const body = { filters: filters.map(filterBody) }
  return await itemsCall(cluster, 'deleteAcls', options, async (call) => {
    const response = await cluster.request('controller', 'DeleteAcls', body, call)
    const outcome = emptyOutcome<AclEntry>()
    for (const [index, result] of response.filterResults.entries()) {
      if (!addItem(outcome, `filter ${index}`, result.errorCode, result.errorMessage)) continue
      for (const acl of result.matchingAcls) {
        const entry = entryOf(acl)
        if (acl.errorCode === ErrorCode.NONE) outcome.results.push(entry)
        else addItem(outcome, textOf(entry), acl.errorCode, acl.errorMessage)
      }
    }
    return outcome
  })
}

function filterBody(filter: AclFilter) {
  const { resourceType, patternType, operation, permission } = filter
  return {
    resourceTypeFilter: resourceType === undefined ? ANY : numberOf('resourceType', RESOURCE_TYPES, resourceType),
    resourceNameFilter: filter.resourceName ?? null,
    patternTypeFilter: patternType === undefined ? ANY : numberOf('patternType', PATTERN_TYPES, patternType),
    principalFilter: filter.principal ?? null,
    hostFilter: filter.host ?? null,
    operation: operation === undefined ? ANY : operationNumber(operation),
    permissionType: permission === undefined ? ANY : numberOf('permission', PERMISSIONS, permission),
  }
}

function entryOf(acl: {
  readonly resourceType: number
  readonly resourceName: string
  readonly patternType: number
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}): AclEntry {
  return {
    resourceType: nameOf(RESOURCE_TYPES, acl.resourceType),
    resourceName: acl.resourceName,
    patternType: nameOf(PATTERN_TYPES, acl.patternType) as 'literal' | 'prefixed',
    principal: acl.principal,
    host: acl.host,
    operation: OPERATIONS[acl.operation] ?? 'unknown',
    permission: nameOf(PERMISSIONS, acl.permissionType),
  }
}

function numberOf<N extends string>(option: string, numbers: Readonly<Record<N, number>>, name: N): number {
  const number: number | undefined = numbers[name]
  if (number !== undefined) return number
  throw new KafkaError('INVALID_OPTION', `${option} must be one of ${Object.keys(numbers).join(', ')}, not ${name}`)
}

function operationNumber(name: string): number {
  const number = OPERATIONS.indexOf(name)
  if (number > ANY) return number
  throw new KafkaError('INVALID_OPTION', `operation must be one of ${OPERATIONS.slice(2).join(', ')}, not ${name}`)
}

/** A number that only a newer broker knows is the caller's to see, not to fail on. */
function nameOf<N extends string>(numbers: Readonly<Record<N, number>>, number: number): N {
  const found = (Object.keys(numbers) as N[]).find((name) => numbers[name] === number)
  return found ?? (`unknown(${number})` as N)
}

function textOf({ permission, principal, operation, resourceType, resourceName }: AclEntry): string {
  return `${permission ?? 'allow'} ${principal} ${operation} ${resourceType} ${resourceName}`
}
