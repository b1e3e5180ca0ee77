/** Public face of `partition`. */
export type { AppendOptions, AppendOrigin, AppendResult, RecordError } from './append.ts'
export {
  EARLIEST_LOCAL_TIMESTAMP,
  EARLIEST_PENDING_UPLOAD_TIMESTAMP,
  EARLIEST_TIMESTAMP,
  LATEST_TIERED_TIMESTAMP,
  LATEST_TIMESTAMP,
  MAX_TIMESTAMP,
  type DeleteRecordsResult,
  type EpochEndResult,
  type FetchOptions,
  type FetchResult,
  type Isolation,
  type ListOffsetResult,
  type Partition,
  type PartitionMetrics,
} from './partition.ts'
export type { PartitionIdentity, PartitionSet, PartitionSetOptions, StoredPartition } from './partition-set.ts'
export type { DelayedFetch, DelayedProduce, WaitingRooms } from './waiting-room.ts'
