/**
 * APIs that the controller serves whole: DescribeConfigs (32), AlterConfigs (33), ElectLeaders (43),
 * IncrementalAlterConfigs (44), AlterPartitionReassignments (45), ListPartitionReassignments (46), UpdateFeatures (57),
 * UnregisterBroker (64), AddRaftVoter (80) and RemoveRaftVoter (81).
 */
import { AclOperation, ErrorCode } from '@braidlog/model'
import {
  AddRaftVoterRequest,
  AddRaftVoterResponse,
  AlterConfigsRequest,
  AlterConfigsResponse,
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
  DescribeConfigsRequest,
  DescribeConfigsResponse,
  ElectLeadersRequest,
  ElectLeadersResponse,
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
  RemoveRaftVoterRequest,
  RemoveRaftVoterResponse,
  UnregisterBrokerRequest,
  UnregisterBrokerResponse,
  UpdateFeaturesRequest,
  UpdateFeaturesResponse,
} from '@braidlog/protocol'
import { clusterGuard, servePartly, type Access } from '../access.ts'
import { configRefusal, type ConfigResource } from '../config-guard.ts'
import type { ClusterContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

const { ALTER, ALTER_CONFIGS, DESCRIBE, DESCRIBE_CONFIGS } = AclOperation
const FORBIDDEN = { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }

export function clusterHandlers({ cluster }: Pick<ClusterContext, 'cluster'>): ApiHandler[] {
  return [
    api(DescribeConfigsRequest, DescribeConfigsResponse, (request) => cluster.describeConfigs(request), {
      guard: async (request, access, serve) => ({
        results: await servePartly(
          request.resources,
          (resource) => configRefusal(access, DESCRIBE_CONFIGS, resource) === ErrorCode.NONE,
          async (resources) => (await serve({ ...request, resources })).results,
          (resource) => refusedResource(access, DESCRIBE_CONFIGS, resource),
        ),
      }),
    }),
    api(
      AlterConfigsRequest,
      AlterConfigsResponse,
      (request, from) => cluster.submit('alterConfigs', request, { from }),
      {
        guard: async (request, access, serve) => ({
          responses: await servePartly(
            request.resources,
            (resource) => configRefusal(access, ALTER_CONFIGS, resource) === ErrorCode.NONE,
            async (resources) => (await serve({ ...request, resources })).responses,
            (resource) => refusedResource(access, ALTER_CONFIGS, resource),
          ),
        }),
      },
    ),
    api(
      IncrementalAlterConfigsRequest,
      IncrementalAlterConfigsResponse,
      (request, from) => cluster.submit('incrementalAlterConfigs', request, { from }),
      {
        guard: async (request, access, serve) => ({
          responses: await servePartly(
            request.resources,
            (resource) => configRefusal(access, ALTER_CONFIGS, resource) === ErrorCode.NONE,
            async (resources) => (await serve({ ...request, resources })).responses,
            (resource) => refusedResource(access, ALTER_CONFIGS, resource),
          ),
        }),
      },
    ),
    api(
      ElectLeadersRequest,
      ElectLeadersResponse,
      (request, from) => cluster.submit('electLeaders', request, { from }),
      {
        guard: clusterGuard(ALTER, () => FORBIDDEN),
      },
    ),
    api(
      AlterPartitionReassignmentsRequest,
      AlterPartitionReassignmentsResponse,
      (request, from) => cluster.submit('alterPartitionReassignments', request, { from }),
      { guard: clusterGuard(ALTER, () => FORBIDDEN) },
    ),
    api(
      ListPartitionReassignmentsRequest,
      ListPartitionReassignmentsResponse,
      (request, from) => cluster.submit('listPartitionReassignments', request, { from }),
      { guard: clusterGuard(DESCRIBE, () => FORBIDDEN) },
    ),
    api(
      UpdateFeaturesRequest,
      UpdateFeaturesResponse,
      (request, from) => cluster.submit('updateFeatures', request, { from }),
      {
        guard: clusterGuard(ALTER, () => FORBIDDEN),
      },
    ),
    api(
      UnregisterBrokerRequest,
      UnregisterBrokerResponse,
      (request, from) => cluster.submit('unregisterBroker', request, { from }),
      { guard: clusterGuard(ALTER, () => FORBIDDEN) },
    ),
    api(
      AddRaftVoterRequest,
      AddRaftVoterResponse,
      (request, from) => cluster.submit('addRaftVoter', request, { from }),
      {
        guard: clusterGuard(ALTER, () => FORBIDDEN),
      },
    ),
    api(
      RemoveRaftVoterRequest,
      RemoveRaftVoterResponse,
      (request, from) => cluster.submit('removeRaftVoter', request, { from }),
      { guard: clusterGuard(ALTER, () => FORBIDDEN) },
    ),
  ]
}

function refusedResource(access: Access, operation: AclOperation, resource: ConfigResource) {
  const { resourceType, resourceName } = resource
  const errorCode = configRefusal(access, operation, resource)
  return { errorCode, errorMessage: 'not authorized', resourceType, resourceName }
}
