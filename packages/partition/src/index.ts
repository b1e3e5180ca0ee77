/** Public face of `partition`. */
export { refusedAppend, type AppendOptions, type AppendOrigin, type AppendResult, type RecordError } from './append.ts'
export {
  openPartitionSet,
  type PartitionIdentity,
  type PartitionSet,
  type PartitionSetOptions,
  type StoredPartition,
} from './partition-set.ts'
export {
  EARLIEST_LOCAL_TIMESTAMP,
  EARLIEST_PENDING_UPLOAD_TIMESTAMP,
  EARLIEST_TIMESTAMP,
  LATEST_TIERED_TIMESTAMP,
  LATEST_TIMESTAMP,
  MAX_TIMESTAMP,
  Partition,
  type DeleteRecordsResult,
  type Durability,
  type EpochEndResult,
  type FetchOptions,
  type FetchResult,
  type Isolation,
  type ListOffsetResult,
  type PartitionMetrics,
  type PartitionOptions,
} from './partition.ts'
export { WaitingRooms, type DelayedFetch, type DelayedProduce } from './waiting-room.ts'
