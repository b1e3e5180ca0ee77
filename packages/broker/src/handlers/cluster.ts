/**
 * APIs that the controller serves whole: DescribeConfigs (32), AlterConfigs (33), ElectLeaders (43),
 * IncrementalAlterConfigs (44), AlterPartitionReassignments (45), ListPartitionReassignments (46), UpdateFeatures (57)
 * and UnregisterBroker (64).
 */
import { AclOperation, ErrorCode } from '@braidlog/model'
import {
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
  UnregisterBrokerRequest,
  UnregisterBrokerResponse,
  UpdateFeaturesRequest,
  UpdateFeaturesResponse,
} from '@braidlog/protocol'
import { clusterGuard, servePartly, type Access } from '../access.ts'
import { configRefusal, type ConfigResource } from '../config-guard.ts'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

const { ALTER, ALTER_CONFIGS, DESCRIBE, DESCRIBE_CONFIGS } = AclOperation
const FORBIDDEN = { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }

export function clusterHandlers({ controller }: BrokerContext): ApiHandler[] {
  return [
    api(DescribeConfigsRequest, DescribeConfigsResponse, (request) => controller.describeConfigs(request), {
      guard: async (request, access, serve) => ({
        results: await servePartly(
          request.resources,
          (resource) => configRefusal(access, DESCRIBE_CONFIGS, resource) === ErrorCode.NONE,
          async (resources) => (await serve({ ...request, resources })).results,
          (resource) => refusedResource(access, DESCRIBE_CONFIGS, resource),
        ),
      }),
    }),
    api(AlterConfigsRequest, AlterConfigsResponse, (request) => controller.submit('alterConfigs', request), {
      guard: async (request, access, serve) => ({
        responses: await servePartly(
          request.resources,
          (resource) => configRefusal(access, ALTER_CONFIGS, resource) === ErrorCode.NONE,
          async (resources) => (await serve({ ...request, resources })).responses,
          (resource) => refusedResource(access, ALTER_CONFIGS, resource),
        ),
      }),
    }),
    api(
      IncrementalAlterConfigsRequest,
      IncrementalAlterConfigsResponse,
      (request) => controller.submit('incrementalAlterConfigs', request),
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
    api(ElectLeadersRequest, ElectLeadersResponse, (request) => controller.submit('electLeaders', request), {
      guard: clusterGuard(ALTER, () => FORBIDDEN),
    }),
    api(
      AlterPartitionReassignmentsRequest,
      AlterPartitionReassignmentsResponse,
      (request) => controller.submit('alterPartitionReassignments', request),
      { guard: clusterGuard(ALTER, () => FORBIDDEN) },
    ),
    api(
      ListPartitionReassignmentsRequest,
      ListPartitionReassignmentsResponse,
      (request) => controller.submit('listPartitionReassignments', request),
      { guard: clusterGuard(DESCRIBE, () => FORBIDDEN) },
    ),
    api(UpdateFeaturesRequest, UpdateFeaturesResponse, (request) => controller.submit('updateFeatures', request), {
      guard: clusterGuard(ALTER, () => FORBIDDEN),
    }),
    api(
      UnregisterBrokerRequest,
      UnregisterBrokerResponse,
      (request) => controller.submit('unregisterBroker', request),
      { guard: clusterGuard(ALTER, () => FORBIDDEN) },
    ),
  ]
}

function refusedResource(access: Access, operation: AclOperation, resource: ConfigResource) {
  const { resourceType, resourceName } = resource
  const errorCode = configRefusal(access, operation, resource)
  return { errorCode, errorMessage: 'not authorized', resourceType, resourceName }
}
