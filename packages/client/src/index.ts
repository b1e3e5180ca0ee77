/** Public face of `client`. */
export type { Admin } from './admin/admin.ts'
export type * from './admin/types.ts'
export type { ApiName, RequestOf, ResponseOf } from './apis.ts'
export type { CommittedOffset, Consumer, OffsetToCommit, PartitionStream } from './consumer.ts'
export { murmur2, partitionOfKey, type Partitioner, type PartitionerInput } from './core/partitioner.ts'
export type { AssignorName } from './core/assignors/index.ts'
export { KafkaError, type ClientErrorCode, type ErrorDetail, type KafkaErrorCode } from './errors.ts'
export type {
  ConnectionEvent,
  FetchedEvent,
  Hooks,
  ProducedEvent,
  RebalanceEvent,
  RequestEvent,
  StalledEvent,
} from './hooks.ts'
export type { Environment } from './environment.ts'
export { Kafka } from './kafka.ts'
export type { ClientSocket, Network, SocketEvents } from './network.ts'
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
export type { DeliveryCallback, Producer, RecordOrValue, SendAllOptions } from './producer.ts'
export type { Reader } from './reader.ts'
export type { IterateOptions, PartitionLag, Reading, SeekTarget } from './reading.ts'
export type { Handler, HandlerContext } from './run.ts'
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
export { fromProperties, type OptionsFromProperties, type Properties } from './from-properties.ts'
