/**
 * ListConfigResources (API key 74): what has a configuration. Version 0 knows client metrics only.
 * Source: KIP-1000, KIP-1142.
 */
import { AclOperation, ConfigResourceType, ErrorCode } from '@braidlog/model'
import { ListConfigResourcesRequest, ListConfigResourcesResponse } from '@braidlog/protocol'
import { clusterGuard } from '../access.ts'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

const { TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP } = ConfigResourceType
const ALL_TYPES: readonly number[] = [TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP]

export function listConfigResourcesHandler(broker: BrokerContext): ApiHandler {
  const namesOf = (type: number): Iterable<string> => {
    switch (type) {
      case TOPIC:
        return [...broker.image.topics()].map((topic) => topic.name)
      case BROKER:
      case BROKER_LOGGER:
        return [...broker.image.brokers()].map((node) => String(node.id))
      default:
        return broker.image.configResources(type)
    }
  }
  return api(
    ListConfigResourcesRequest,
    ListConfigResourcesResponse,
    (request, { apiVersion }) => {
      const asked = apiVersion === 0 ? [CLIENT_METRICS] : request.resourceTypes
      const types = asked.length === 0 ? ALL_TYPES : asked
      if (types.some((type) => !ALL_TYPES.includes(type))) return { errorCode: ErrorCode.UNSUPPORTED_VERSION }
      const configResources = [...new Set(types)].flatMap((resourceType) =>
        [...namesOf(resourceType)].sort().map((resourceName) => ({ resourceName, resourceType })),
      )
      return { configResources }
    },
    {
      guard: clusterGuard(AclOperation.DESCRIBE_CONFIGS, () => ({ errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED })),
    },
  )
}
