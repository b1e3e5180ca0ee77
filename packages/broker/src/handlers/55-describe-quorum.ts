/** DescribeQuorum (API key 55): the metadata quorum, as its leader sees it. Source: KIP-595, KIP-836, KIP-853. */
import { AclOperation, ErrorCode } from '@braidlog/model'
import { DescribeQuorumRequest, DescribeQuorumResponse } from '@braidlog/protocol'
import { clusterGuard } from '../access.ts'
import type { ClusterContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

export function describeQuorumHandler({ cluster }: Pick<ClusterContext, 'cluster'>): ApiHandler {
  return api(
    DescribeQuorumRequest,
    DescribeQuorumResponse,
    (request, from) => cluster.submit('describeQuorum', request, { from }),
    {
      guard: clusterGuard(AclOperation.DESCRIBE, () => ({ errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED })),
    },
  )
}
