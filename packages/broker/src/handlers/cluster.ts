/**
 * APIs that the controller serves whole: AlterConfigs (33), IncrementalAlterConfigs (44), ElectLeaders (43),
 * ListPartitionReassignments (46), UpdateFeatures (57) and UnregisterBroker (64).
 */
import {
  AlterConfigsRequest,
  AlterConfigsResponse,
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
    api(AlterConfigsRequest, AlterConfigsResponse, (request) => controller.submit('alterConfigs', request)),
    api(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, (request) =>
      controller.submit('incrementalAlterConfigs', request),
    ),
    api(ElectLeadersRequest, ElectLeadersResponse, (request) => controller.submit('electLeaders', request)),
    api(ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, (request) =>
      controller.submit('listPartitionReassignments', request),
    ),
    api(UpdateFeaturesRequest, UpdateFeaturesResponse, (request) => controller.submit('updateFeatures', request)),
    api(UnregisterBrokerRequest, UnregisterBrokerResponse, (request) => controller.submit('unregisterBroker', request)),
  ]
}
