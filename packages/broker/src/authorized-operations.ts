/**
 * Which operations a client may perform, as bit fields: bit n stands for `AclOperation` n. Without an authorizer every
 * operation that makes sense for the kind of resource is allowed.
 * Source: KIP-430.
 */
import { AclOperation, AclResourceType, CLUSTER_RESOURCE_NAME } from '@braidlog/model'
import type { Access } from './access.ts'

/** Of an answer to which the question was not put. */
export const NOT_ASKED = -2_147_483_648

const { READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE } = AclOperation
const { CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE } = AclOperation

const OF_TOPICS = [READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS]
const OF_GROUPS = [READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS]
const OF_CLUSTER = [CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE]

export function topicOperations(access: Access | undefined, name: string): number {
  return allowed(access, OF_TOPICS, AclResourceType.TOPIC, name)
}

export function groupOperations(access: Access | undefined, groupId: string): number {
  return allowed(access, OF_GROUPS, AclResourceType.GROUP, groupId)
}

/** Nothing for those who may not describe the cluster. */
export function clusterOperations(access: Access | undefined): number {
  if (access !== undefined && !access.mayOnCluster(DESCRIBE)) return 0
  return allowed(access, OF_CLUSTER, AclResourceType.CLUSTER, CLUSTER_RESOURCE_NAME)
}

function allowed(
  access: Access | undefined,
  operations: readonly AclOperation[],
  resourceType: AclResourceType,
  name: string,
): number {
  let field = 0
  for (const operation of operations) {
    if (access === undefined || access.may(operation, resourceType, name)) field |= 1 << operation
  }
  return field
}
