/** Public face of `model`. */
export { ErrorCode, type ErrorName } from './error-code.ts'
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
