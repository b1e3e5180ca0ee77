/** DescribeCluster (API key 60): cluster id and nodes. Source: KIP-700, KIP-919 (endpoint type), KIP-1073 (fenced). */
import { ErrorCode } from '@braidlog/model'
import { DescribeClusterRequest, DescribeClusterResponse } from '@braidlog/protocol'
import { clusterOperations, NOT_ASKED } from '../authorized-operations.ts'
import type { ClusterContext } from '../context.ts'
import { endpointOf } from '../endpoints.ts'
import { api, type ApiHandler } from '../handler.ts'

const BROKERS = 1
const CONTROLLERS = 2

export function describeClusterHandler(broker: Pick<ClusterContext, 'clusterId' | 'image'>): ApiHandler {
  return api(
    DescribeClusterRequest,
    DescribeClusterResponse,
    (request, { listenerName, access }) => {
      const { image, clusterId } = broker
      if (request.endpointType !== BROKERS) {
        const isKnown = request.endpointType === CONTROLLERS
        return {
          errorCode: isKnown ? ErrorCode.MISMATCHED_ENDPOINT_TYPE : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
          errorMessage: isKnown
            ? 'this listener serves clients; ask a controller listener for the endpoints of controllers'
            : `endpoint type ${request.endpointType} is not known`,
          endpointType: BROKERS,
          clusterId,
        }
      }
      const brokers = [...image.brokers()]
        .filter((node) => request.includeFencedBrokers || !node.fenced)
        .sort((a, b) => a.id - b.id)
        .flatMap((node) => {
          const endpoint = endpointOf(node, listenerName)
          if (endpoint === undefined) return []
          const { host, port, rack } = endpoint
          return [{ brokerId: node.id, host, port, rack, isFenced: node.fenced }]
        })
      return {
        clusterId,
        controllerId: brokers.find((node) => !node.isFenced)?.brokerId ?? -1,
        brokers,
        clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations(access) : NOT_ASKED,
      }
    },
    { guard: 'in handler' },
  )
}

/** On a listener for controllers: the controllers, as they registered. */
export function describeControllersHandler(
  { image, clusterId }: Pick<ClusterContext, 'clusterId' | 'image'>,
  activeId: () => number,
): ApiHandler {
  return api(
    DescribeClusterRequest,
    DescribeClusterResponse,
    (request, { listenerName, access }) => {
      if (request.endpointType !== CONTROLLERS) {
        return {
          errorCode: ErrorCode.MISMATCHED_ENDPOINT_TYPE,
          errorMessage: 'this listener is for controllers; ask a listener for clients for the endpoints of brokers',
          endpointType: CONTROLLERS,
          clusterId,
        }
      }
      const controllers = [...image.controllers()]
        .sort((a, b) => a.id - b.id)
        .flatMap(({ id, endpoints }) => {
          const endpoint = endpoints.find(({ name }) => name === listenerName)
          return endpoint === undefined ? [] : [{ brokerId: id, host: endpoint.host, port: endpoint.port, rack: null }]
        })
      return {
        endpointType: CONTROLLERS,
        clusterId,
        controllerId: activeId(),
        brokers: controllers,
        clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations(access) : NOT_ASKED,
      }
    },
    { guard: 'in handler' },
  )
}
