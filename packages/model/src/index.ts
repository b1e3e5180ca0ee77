/** Public face of `model`. */
export { ErrorCode, type ErrorName } from './error-code.ts'
export { errorFacts, errorName, ERRORS, isRetriable, type ErrorFacts } from './error-facts.ts'
export { internalPartitionFor, javaAbs, javaStringHash } from './java-hash.ts'
export {
  METADATA_TOPIC_ID,
  parseUuid,
  randomUuid,
  UUID_SIZE_BYTES,
  uuidFromBytes,
  uuidToBytes,
  ZERO_UUID,
  type Uuid,
} from './uuid.ts'
export { CLUSTER_DEFAULT_RESOURCE, ConfigOperation, ConfigResourceType, ConfigSource } from './config-resource.ts'
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
  brokerRegistrationChangeRecordVersion,
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
  registerBrokerRecordVersion,
  SHARE_VERSION_FEATURE,
  STREAMS_VERSION_FEATURE,
  SUPPORTED_FEATURES,
  TRANSACTION_VERSION_FEATURE,
  type FeatureRange,
  type MetadataVersionLevel,
} from './features.ts'
export {
  CLUSTER_METADATA_TOPIC,
  CONSUMER_OFFSETS_TOPIC,
  hasCollisionCharacters,
  isInternalTopic,
  SHARE_GROUP_STATE_TOPIC,
  topicCollisionKey,
  topicNameProblem,
  TRANSACTION_STATE_TOPIC,
} from './topic-name.ts'
