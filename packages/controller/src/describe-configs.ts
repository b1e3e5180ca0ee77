/**
 * DescribeConfigs: effective configurations of topics, brokers, groups and client metrics, from the committed image.
 * Values of other nodes' server.properties are not known here: only this node's broker resource is complete.
 * Source: KIP-133, KIP-226, KIP-569 (types and documentation).
 */
import type { ImageView } from '@braidlog/metadata'
import {
  CLUSTER_DEFAULT_RESOURCE,
  ConfigResourceType,
  describeBrokerConfigs,
  describeClientMetricsConfigs,
  describeClusterConfigs,
  describeGroupConfigs,
  describeTopicConfigs,
  topicNameProblem,
  type BrokerConfigLayers,
  type DescribedConfig,
} from '@braidlog/model'
import type { DescribeConfigsRequest, DescribeConfigsResponse } from '@braidlog/protocol'
import { fault, NO_FAULT, type Fault } from './fault.ts'
import type { ControllerSettings } from './state.ts'

type Resource = DescribeConfigsRequest['resources'][number]

export function describeConfigs(
  request: DescribeConfigsRequest,
  image: ImageView,
  settings: Pick<ControllerSettings, 'nodeId' | 'staticConfigs'>,
): DescribeConfigsResponse {
  const layers: BrokerConfigLayers = {
    dynamicBroker: image.configs(ConfigResourceType.BROKER, String(settings.nodeId)),
    dynamicDefault: image.configs(ConfigResourceType.BROKER, CLUSTER_DEFAULT_RESOURCE),
    staticBroker: settings.staticConfigs,
  }
  const results = request.resources.map((resource) => {
    const { resourceType, resourceName, configurationKeys } = resource
    const found = describeResource(resource, image, layers, settings.nodeId)
    const isFault = 'errorCode' in found
    const described = isFault ? [] : found
    const configs = described
      // No names ask for all, as null does.
      .filter(
        ({ name }) => configurationKeys === null || configurationKeys.length === 0 || configurationKeys.includes(name),
      )
      .map((config) => ({
        name: config.name,
        value: config.value,
        readOnly: config.readOnly,
        configSource: config.source,
        isSensitive: config.isSensitive,
        synonyms: request.includeSynonyms ? config.synonyms.map((synonym) => ({ ...synonym })) : [],
        configType: config.type,
        documentation: request.includeDocumentation ? config.doc : null,
      }))
    return { ...(isFault ? found : NO_FAULT), resourceType, resourceName, configs }
  })
  return { throttleTimeMs: 0, results }
}

function describeResource(
  { resourceType, resourceName }: Resource,
  image: ImageView,
  layers: BrokerConfigLayers,
  nodeId: number,
): readonly DescribedConfig[] | Fault {
  switch (resourceType) {
    case ConfigResourceType.TOPIC: {
      const problem = topicNameProblem(resourceName)
      if (problem !== undefined) return fault('INVALID_TOPIC_EXCEPTION', problem)
      if (image.topic(resourceName) === undefined) {
        return fault('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${resourceName}`)
      }
      return describeTopicConfigs(image.configs(resourceType, resourceName), layers)
    }
    case ConfigResourceType.BROKER:
      if (resourceName === CLUSTER_DEFAULT_RESOURCE) return describeClusterConfigs(layers.dynamicDefault)
      if (resourceName === String(nodeId)) return describeBrokerConfigs(layers)
      return fault('INVALID_REQUEST', `this is broker ${nodeId}; ask broker ${resourceName} for its own configuration`)
    case ConfigResourceType.CLIENT_METRICS:
      if (resourceName === '') return fault('INVALID_REQUEST', 'name a client metrics subscription')
      return describeClientMetricsConfigs(image.configs(resourceType, resourceName))
    case ConfigResourceType.GROUP:
      if (resourceName === '') return fault('INVALID_REQUEST', 'name a group')
      return describeGroupConfigs(image.configs(resourceType, resourceName), layers)
    default:
      return fault('INVALID_REQUEST', `resources of type ${resourceType} have no configurations here`)
  }
}
