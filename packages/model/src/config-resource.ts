/**
 * What a configuration belongs to, and where an effective value comes from.
 * Source: `ConfigResource.Type`, `DescribeConfigsResponse.ConfigSource` and `.ConfigType` of Apache Kafka 4.3.
 */

export const ConfigResourceType = {
  UNKNOWN: 0,
  TOPIC: 2,
  BROKER: 4,
  BROKER_LOGGER: 8,
  CLIENT_METRICS: 16,
  GROUP: 32,
} as const
export type ConfigResourceType = (typeof ConfigResourceType)[keyof typeof ConfigResourceType]

/** From weakest to strongest, a dynamic value beats a static one and a narrow one beats a wide one. */
export const ConfigSource = {
  UNKNOWN: 0,
  TOPIC_CONFIG: 1,
  DYNAMIC_BROKER_CONFIG: 2,
  DYNAMIC_DEFAULT_BROKER_CONFIG: 3,
  STATIC_BROKER_CONFIG: 4,
  DEFAULT_CONFIG: 5,
  DYNAMIC_BROKER_LOGGER_CONFIG: 6,
  CLIENT_METRICS_CONFIG: 7,
  GROUP_CONFIG: 8,
} as const
export type ConfigSource = (typeof ConfigSource)[keyof typeof ConfigSource]

/** Name of the broker resource whose values hold for all brokers. */
export const CLUSTER_DEFAULT_RESOURCE = ''

/** `AlterConfigOp.OpType` */
export const ConfigOperation = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const
export type ConfigOperation = (typeof ConfigOperation)[keyof typeof ConfigOperation]
