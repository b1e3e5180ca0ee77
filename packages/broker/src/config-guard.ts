/** Who may see and change the configuration of a resource: the error code with which it is refused, if it is. */
import { ConfigResourceType, ErrorCode, type AclOperation } from '@braidlog/model'
import type { Access } from './access.ts'

export interface ConfigResource {
  readonly resourceType: number
  readonly resourceName: string
}

/** @returns NONE when it is allowed; brokers, their loggers and client metrics belong to the cluster */
export function configRefusal(access: Access, operation: AclOperation, resource: ConfigResource): ErrorCode {
  const { resourceType, resourceName } = resource
  switch (resourceType) {
    case ConfigResourceType.TOPIC:
      return access.mayOnTopic(operation, resourceName) ? ErrorCode.NONE : ErrorCode.TOPIC_AUTHORIZATION_FAILED
    case ConfigResourceType.GROUP:
      return access.mayOnGroup(operation, resourceName) ? ErrorCode.NONE : ErrorCode.GROUP_AUTHORIZATION_FAILED
    default:
      return access.mayOnCluster(operation) ? ErrorCode.NONE : ErrorCode.CLUSTER_AUTHORIZATION_FAILED
  }
}
