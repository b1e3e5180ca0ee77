/** Public face of `partition`. */
export {
  refusedAppend,
  type AppendOptions,
  type AppendOrigin,
  type AppendResult,
  type AppendWaiter,
  type RecordError,
} from './append.ts'
export {
  openPartitionSet,
  type PartitionIdentity,
  type CleanerConfig,
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
  type DeleteRecordsResult,
  type Durability,
  type EpochEndResult,
  type FetchOptions,
  type FetchResult,
  type FollowerPosition,
  type Isolation,
  type IsrAnswer,
  type ListOffsetResult,
  type PartitionAssignment,
  type PartitionMetrics,
  type ReplicaFetchOptions,
} from './partition-api.ts'
export { Partition, type PartitionOptions } from './partition.ts'
export { afterOutOfRange, type FollowerDecision, type LeaderAnswer } from './follower.ts'
export { ReplicaSet, type IsrProposal, type PartitionState } from './replica-set.ts'
export type { DelayedDeleteRecords } from './delayed-delete-records.ts'
export { WaitingRooms, type DelayedFetch, type DelayedProduce } from './waiting-room.ts'
