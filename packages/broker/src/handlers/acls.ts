/**
 * Access control entries: DescribeAcls (29), CreateAcls (30) and DeleteAcls (31). Without an authorizer there is nothing
 * that entries could do, and all three say so.
 */
import { describeAcls } from '@braidlog/controller'
import { AclOperation, ErrorCode } from '@braidlog/model'
import {
  CreateAclsRequest,
  CreateAclsResponse,
  DeleteAclsRequest,
  DeleteAclsResponse,
  DescribeAclsRequest,
  DescribeAclsResponse,
} from '@braidlog/protocol'
import { clusterGuard } from '../access.ts'
import type { ClusterContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

const DISABLED = {
  errorCode: ErrorCode.SECURITY_DISABLED,
  errorMessage: 'no authorizer is configured (authorizer.class.name)',
}
const FORBIDDEN = { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage: 'not authorized' }

export function aclHandlers(broker: ClusterContext): ApiHandler[] {
  const { cluster } = broker
  return [
    api(
      DescribeAclsRequest,
      DescribeAclsResponse,
      (request, { access }) => (access === undefined ? DISABLED : describeAcls(request, broker.image)),
      { guard: clusterGuard(AclOperation.DESCRIBE, () => FORBIDDEN) },
    ),
    api(
      CreateAclsRequest,
      CreateAclsResponse,
      (request, context) =>
        context.access === undefined
          ? { results: request.creations.map(() => DISABLED) }
          : cluster.submit('createAcls', request, { from: context }),
      { guard: clusterGuard(AclOperation.ALTER, (request) => ({ results: request.creations.map(() => FORBIDDEN) })) },
    ),
    api(
      DeleteAclsRequest,
      DeleteAclsResponse,
      (request, context) =>
        context.access === undefined
          ? { filterResults: request.filters.map(() => DISABLED) }
          : cluster.submit('deleteAcls', request, { from: context }),
      {
        guard: clusterGuard(AclOperation.ALTER, (request) => ({ filterResults: request.filters.map(() => FORBIDDEN) })),
      },
    ),
  ]
}
