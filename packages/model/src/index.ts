/** Public face of `model`. */
export * from './nouns.ts'
export { Authorizer, hostOf, type AclEntry, type AuthorizerSettings, type Requester } from './authorizer.ts'
export { CLUSTER_DEFAULT_RESOURCE, ConfigOperation, ConfigResourceType, ConfigSource } from './config-resource.ts'
export {
  checkBrokerConfigs,
  checkClientMetricsConfigs,
  checkGroupConfigs,
  checkTopicConfigs,
  isListConfig,
  type ConfigFault,
} from './configs/alter.ts'
export { BRAIDLOG_CONFIGS, BRAIDLOG_PREFIX } from './configs/braidlog-configs.ts'
export { BROKER_CONFIGS, type BrokerConfigs } from './configs/broker-configs.ts'
export { CLIENT_METRICS_CONFIGS } from './configs/client-metrics-configs.ts'
export type {
  ConfigCheck,
  ConfigImportance,
  ConfigKey,
  ConfigMode,
  ConfigTable,
  ConfigType,
  ConfigValues,
} from './configs/definition.ts'
export {
  describeBrokerConfigs,
  describeClientMetricsConfigs,
  describeClusterConfigs,
  describeGroupConfigs,
  describeTopicConfigs,
  type DescribedConfig,
  type DescribedSynonym,
} from './configs/describe.ts'
export { RACK_AWARE_SELECTOR } from './configs/checks.ts'
export { GROUP_CONFIGS } from './configs/group-configs.ts'
export {
  formatConfigValue,
  nearestConfigName,
  parseConfigs,
  parseConfigValue,
  type ConfigProblem,
  type ParsedConfig,
  type ParsedConfigs,
  type UnknownConfig,
} from './configs/parse.ts'
export {
  resolveBrokerConfig,
  resolveBrokerConfigs,
  resolveTopicConfigs,
  type BrokerConfigLayers,
  type TopicConfigs,
} from './configs/resolve.ts'
export {
  SCHEMA_VALIDATION_BROKER_CONFIGS,
  SCHEMA_VALIDATION_TOPIC_CONFIGS,
  schemaRulesOf,
  type SchemaRule,
  type SchemaRules,
  type SubjectNameStrategy,
} from './configs/schema-validation-configs.ts'
export { brokerConfigSynonyms, TOPIC_CONFIG_SYNONYMS, type ConfigSynonym } from './configs/synonyms.ts'
export { TOPIC_CONFIGS } from './configs/topic-configs.ts'
export {
  defaultFeatureLevels,
  ELIGIBLE_LEADER_REPLICAS_FEATURE,
  GROUP_VERSION_FEATURE,
  KRAFT_VERSION_FEATURE,
  METADATA_VERSION_FEATURE,
  METADATA_VERSION_LATEST,
  METADATA_VERSION_LEVELS,
  METADATA_VERSION_MIN,
  metadataVersionName,
  parseMetadataVersion,
  partitionRecordVersion,
  replicaFetchVersion,
  replicaListOffsetsVersion,
  registerBrokerRecordVersion,
  SHARE_VERSION_FEATURE,
  STREAMS_VERSION_FEATURE,
  SUPPORTED_FEATURES,
  TRANSACTION_VERSION_FEATURE,
  type FeatureRange,
  type MetadataVersionLevel,
} from './features.ts'
