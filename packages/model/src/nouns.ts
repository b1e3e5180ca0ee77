/**
 * `@braidlog/model/nouns`: error codes, uuids, names and access rules without the configuration keys, for who is not to
 * load all those: clients, and the packages below them.
 */
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
export {
  ACL_WILDCARD,
  AclOperation,
  AclPatternType,
  AclPermission,
  AclResourceType,
  ANONYMOUS_PRINCIPAL,
  CLUSTER_RESOURCE_NAME,
  IMPLIES_DESCRIBE,
  IMPLIES_DESCRIBE_CONFIGS,
} from './acl.ts'
