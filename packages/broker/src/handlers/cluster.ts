/**
 * APIs that the controller serves whole: DescribeConfigs (32), AlterConfigs (33), ElectLeaders (43),
 * IncrementalAlterConfigs (44), AlterPartitionReassignments (45), ListPartitionReassignments (46), UpdateFeatures (57)
 * and UnregisterBroker (64).
 */
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
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

export function clusterHandlers({ controller }: BrokerContext): ApiHandler[] {
  return [
    api(DescribeConfigsRequest, DescribeConfigsResponse, (request) => controller.describeConfigs(request)),
    api(AlterConfigsRequest, AlterConfigsResponse, (request) => controller.submit('alterConfigs', request)),
    api(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, (request) =>
      controller.submit('incrementalAlterConfigs', request),
    ),
    api(ElectLeadersRequest, ElectLeadersResponse, (request) => controller.submit('electLeaders', request)),
    api(AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, (request) =>
      controller.submit('alterPartitionReassignments', request),
    ),
    api(ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, (request) =>
      controller.submit('listPartitionReassignments', request),
    ),
    api(UpdateFeaturesRequest, UpdateFeaturesResponse, (request) => controller.submit('updateFeatures', request)),
    api(UnregisterBrokerRequest, UnregisterBrokerResponse, (request) => controller.submit('unregisterBroker', request)),
  ]
}
