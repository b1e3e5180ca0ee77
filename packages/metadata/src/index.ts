/** Public face of `metadata`. */
export { MetadataBatchWriter, readMetadataBatches, type BatchPosition, type MetadataBatch } from './batch.ts'
export { activationRecords, BOOTSTRAP_FILE, bootstrapRecords, readBootstrapFile } from './bootstrap.ts'
export {
  brokerRecord,
  controllerRecord,
  SecurityProtocol,
  type BrokerRegistration,
  type ControllerRegistration,
  type EndpointRegistration,
  type FeatureSupport,
} from './cluster-image.ts'
export {
  DeltaBuilder,
  type BrokerChange,
  type ConfigChange,
  type ControllerChange,
  type FeatureChange,
  type MetadataDelta,
  type OtherChange,
  type PartitionChange,
  type TopicChange,
} from './delta.ts'
export { DIRECTORY_LOST, DIRECTORY_MIGRATING, DIRECTORY_UNASSIGNED, isReservedDirectoryId } from './directory-id.ts'
export { MetadataError, type MetadataErrorCode } from './errors.ts'
export {
  formatStorage,
  inspectStorage,
  METADATA_LOG_DIRECTORY,
  type FormatOptions,
  type FormatResult,
  type InitialController,
  type StorageInspection,
  type VoterEndpoint,
} from './format.ts'
export { MetadataImage, type ImageView } from './image.ts'
export type { MetadataListener } from './listener.ts'
export { MetadataLoader, TransactionBuffer } from './loader.ts'
export {
  META_PROPERTIES_FILE,
  readMetaProperties,
  writeMetaProperties,
  type MetaProperties,
} from './meta-properties.ts'
export type { ClientQuota, QuotaEntityPart } from './principals-image.ts'
export {
  decodeMetadataRecord,
  encodeMetadataRecord,
  METADATA_RECORDS,
  metadataRecord,
  type MetadataRecord,
  type MetadataRecordInput,
  type MetadataRecordOf,
  type MetadataRecordType,
} from './record.ts'
export {
  BOOTSTRAP_SNAPSHOT_ID,
  decodeSnapshot,
  deleteSnapshot,
  listSnapshots,
  parseSnapshotFileName,
  readSnapshot,
  removeUnfinishedSnapshots,
  snapshotFileName,
  writeSnapshot,
  type LoadedSnapshot,
  type SnapshotContents,
  type SnapshotId,
  type SnapshotQuorum,
} from './snapshot-file.ts'
export {
  LeaderRecoveryState,
  mergeChange,
  NO_LEADER,
  NO_LEADER_CHANGE,
  partitionRecord,
  type PartitionRegistration,
  type TopicImage,
} from './topics-image.ts'
