/** Public face of `metadata`. */
export {
  SecurityProtocol,
  type BrokerRegistration,
  type ControllerRegistration,
  type EndpointRegistration,
  type FeatureSupport,
} from './cluster-image.ts'
export type {
  BrokerChange,
  ConfigChange,
  ControllerChange,
  FeatureChange,
  MetadataDelta,
  OtherChange,
  PartitionChange,
  TopicChange,
} from './delta.ts'
export type { FormatOptions, FormatResult, StorageInspection, VoterEndpoint } from './format.ts'
export type { ImageView } from './image.ts'
export type { MetadataListener } from './listener.ts'
export { METADATA_RECORDS, type MetadataRecord, type MetadataRecordOf, type MetadataRecordType } from './record.ts'
export { LeaderRecoveryState, NO_LEADER, type PartitionRegistration, type TopicImage } from './topics-image.ts'
