/**
 * Access control entries: CreateAcls, DeleteAcls, DescribeAcls.
 *
 * An entry that exists already is created again without effect. A filter matches names in one of three ways: as they
 * stand (LITERAL, PREFIXED, ANY), or as all patterns that would apply to the resource of that name (MATCH).
 * Source: KIP-140, KIP-290.
 */
import { metadataRecord, type ImageView, type MetadataRecord } from '@braidlog/metadata'
import {
  ACL_WILDCARD,
  AclOperation,
  AclPatternType,
  AclPermission,
  AclResourceType,
  CLUSTER_RESOURCE_NAME,
  ErrorCode,
  randomUuid,
  type Uuid,
} from '@braidlog/model'
import type {
  AccessControlEntryRecord,
  CreateAclsRequest,
  CreateAclsResponse,
  DeleteAclsRequest,
  DeleteAclsResponse,
  DescribeAclsRequest,
  DescribeAclsResponse,
} from '@braidlog/protocol'
import { fault, NO_FAULT } from './fault.ts'
import type { ControllerState, Decision, DecisionContext } from './state.ts'

type AclCreation = CreateAclsRequest['creations'][number]
type AclFilter = DeleteAclsRequest['filters'][number]
type AclEntry = Omit<AccessControlEntryRecord, 'id'>

/** The types of resources that entries can be about. */
const RESOURCE_TYPES: ReadonlySet<number> = new Set(
  Object.values(AclResourceType).filter((type) => type !== AclResourceType.ANY),
)
const OPERATIONS: ReadonlySet<number> = new Set(
  Object.values(AclOperation).filter((operation) => operation !== AclOperation.ANY),
)

export function decideCreateAcls(
  state: ControllerState,
  request: CreateAclsRequest,
  context: DecisionContext,
): Decision<CreateAclsResponse> {
  const records: MetadataRecord[] = []
  const known = new Set<string>()
  for (const entry of state.image.principals.acls()) known.add(keyOf(entry))
  const results = request.creations.map((creation) => {
    const problem = creationProblem(creation)
    if (problem !== undefined) return fault('INVALID_REQUEST', problem)
    const entry = entryOf(creation)
    const key = keyOf(entry)
    if (!known.has(key)) {
      known.add(key)
      records.push(metadataRecord('AccessControlEntry', { id: randomUuid(context.random), ...entry }))
    }
    return NO_FAULT
  })
  return { records, response: { throttleTimeMs: 0, results } }
}

export function decideDeleteAcls(state: ControllerState, request: DeleteAclsRequest): Decision<DeleteAclsResponse> {
  const removed = new Set<Uuid>()
  const filterResults = request.filters.map((filter) => {
    const problem = filterProblem(filter)
    if (problem !== undefined) return { ...fault('INVALID_REQUEST', problem), matchingAcls: [] }
    const matchingAcls = []
    for (const entry of state.image.principals.acls()) {
      if (!matches(filter, entry)) continue
      removed.add(entry.id)
      matchingAcls.push({ ...NO_FAULT, ...described(entry), ...patternOf(entry) })
    }
    return { ...NO_FAULT, matchingAcls }
  })
  const records = [...removed].map((id) => metadataRecord('RemoveAccessControlEntry', { id }))
  return { records, response: { throttleTimeMs: 0, filterResults } }
}

/** DescribeAcls from an image, grouped by resource. */
export function describeAcls(request: DescribeAclsRequest, image: Pick<ImageView, 'principals'>): DescribeAclsResponse {
  const problem = filterProblem(request)
  if (problem !== undefined) return { throttleTimeMs: 0, ...fault('INVALID_REQUEST', problem), resources: [] }
  const resources = new Map<string, DescribeAclsResponse['resources'][number]>()
  for (const entry of image.principals.acls()) {
    if (!matches(request, entry)) continue
    const key = `${entry.resourceType} ${entry.patternType} ${entry.resourceName}`
    const known = resources.get(key)
    if (known === undefined) resources.set(key, { ...patternOf(entry), acls: [described(entry)] })
    else known.acls.push(described(entry))
  }
  return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: null, resources: [...resources.values()] }
}

function entryOf(creation: AclCreation): AclEntry {
  const { resourceType, resourceName, resourcePatternType, principal, host, operation, permissionType } = creation
  return { resourceType, resourceName, patternType: resourcePatternType, principal, host, operation, permissionType }
}

function patternOf({ resourceType, resourceName, patternType }: AclEntry) {
  return { resourceType, resourceName, patternType }
}

function described({ principal, host, operation, permissionType }: AclEntry) {
  return { principal, host, operation, permissionType }
}

function keyOf(entry: AclEntry): string {
  const { resourceType, patternType, operation, permissionType, resourceName, principal, host } = entry
  return JSON.stringify([resourceType, patternType, operation, permissionType, resourceName, principal, host])
}

/** @returns what is wrong, as a sentence without its end */
function creationProblem(creation: AclCreation): string | undefined {
  const { resourceType, resourceName, resourcePatternType, principal, operation, permissionType } = creation
  if (resourceType === AclResourceType.CLUSTER && resourceName !== CLUSTER_RESOURCE_NAME) {
    return `the only resource of type CLUSTER is ${CLUSTER_RESOURCE_NAME}, not ${resourceName}`
  }
  if (resourceName === '') return 'the name of the resource is empty'
  if (!RESOURCE_TYPES.has(resourceType)) return `resource type ${resourceType} cannot have entries`
  if (resourcePatternType !== AclPatternType.LITERAL && resourcePatternType !== AclPatternType.PREFIXED) {
    return `an entry is about a literal name or a prefix, not pattern type ${resourcePatternType}`
  }
  if (!OPERATIONS.has(operation)) return `operation ${operation} cannot be allowed or denied`
  if (permissionType !== AclPermission.DENY && permissionType !== AclPermission.ALLOW) {
    return `an entry allows or denies, permission ${permissionType} is neither`
  }
  if (!principal.includes(':')) return `principal ${principal} has no type; write it as User:name`
  return undefined
}

/** @returns what is wrong, as a sentence without its end */
function filterProblem(filter: AclFilter): string | undefined {
  const { resourceTypeFilter, patternTypeFilter, operation, permissionType } = filter
  if (resourceTypeFilter !== AclResourceType.ANY && !RESOURCE_TYPES.has(resourceTypeFilter)) {
    return `the filter has the unknown resource type ${resourceTypeFilter}`
  }
  if (!(Object.values(AclPatternType) as number[]).includes(patternTypeFilter)) {
    return `the filter has the unknown pattern type ${patternTypeFilter}`
  }
  if (operation !== AclOperation.ANY && !OPERATIONS.has(operation)) {
    return `the filter has the unknown operation ${operation}`
  }
  if (!(Object.values(AclPermission) as number[]).includes(permissionType)) {
    return `the filter has the unknown permission ${permissionType}`
  }
  return undefined
}

function matches(filter: AclFilter, entry: AclEntry): boolean {
  const { resourceTypeFilter, operation, permissionType, principalFilter, hostFilter } = filter
  return (
    (resourceTypeFilter === AclResourceType.ANY || resourceTypeFilter === entry.resourceType) &&
    (operation === AclOperation.ANY || operation === entry.operation) &&
    (permissionType === AclPermission.ANY || permissionType === entry.permissionType) &&
    (principalFilter === null || principalFilter === entry.principal) &&
    (hostFilter === null || hostFilter === entry.host) &&
    matchesName(filter, entry)
  )
}

function matchesName({ patternTypeFilter, resourceNameFilter: name }: AclFilter, entry: AclEntry): boolean {
  const { patternType, resourceName } = entry
  if (patternTypeFilter === AclPatternType.MATCH) {
    if (name === null || name === resourceName) return true
    if (patternType === AclPatternType.PREFIXED) return name.startsWith(resourceName)
    return resourceName === ACL_WILDCARD
  }
  if (patternTypeFilter !== AclPatternType.ANY && patternTypeFilter !== patternType) return false
  return name === null || name === resourceName
}
