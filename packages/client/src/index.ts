/** Public face of `client`. */
export type { Admin } from './admin/admin.ts'
export type * from './admin/types.ts'
export type {
  CommittedOffset,
  Consumer,
  HandlerContext,
  OffsetToCommit,
  PartitionLag,
  PartitionStream,
  Reader,
  Reading,
  SeekTarget,
} from './consumer.ts'
export { murmur2, partitionOfKey, type Partitioner, type PartitionerInput } from './core/partitioner.ts'
export type { AssignorName } from './core/assignors/index.ts'
export { KafkaError, type ClientErrorCode, type ErrorDetail, type KafkaErrorCode } from './errors.ts'
export type { ConnectionEvent, FetchedEvent, Hooks, ProducedEvent, RebalanceEvent, RequestEvent } from './hooks.ts'
export { Kafka } from './kafka.ts'
export type {
  AutoOffsetReset,
  Compression,
  ConsumerOptions,
  FetchOptions,
  KafkaOptions,
  OnDeserializationError,
  Order,
  ProducerOptions,
  ReaderOptions,
  ReaderStart,
  ReadOptions,
  RebalanceContext,
  RebalanceHook,
  RunOptions,
  Subscription,
} from './options.ts'
export type { DeliveryCallback, Producer, SendAllOptions } from './producer.ts'
export type {
  CallOptions,
  ConsumerBatch,
  ConsumerRecord,
  HeadersInput,
  HeaderValue,
  OffsetInput,
  OutgoingRecord,
  OutgoingValue,
  RecordHeaders,
  RecordMetadata,
  TopicPartition,
} from './record.ts'
export {
  bytes,
  float32,
  float64,
  int16,
  int32,
  int64,
  json,
  string,
  uuid,
  validated,
  type Deserializer,
  type Serde,
  type SerdeContext,
  type Serializer,
  type StandardSchema,
} from './serde.ts'
export { topic, type Topic } from './topic.ts'
