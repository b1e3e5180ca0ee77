/**
 * What one log needs to know of its topic's configuration: plain numbers, already parsed and with broker defaults
 * applied. The names are Apache Kafka's topic keys in camelCase; the declarations (types, ranges, documentation) live in
 * `model/configs`.
 */
import type { SchemaRules } from '@braidlog/model'
import type { CompressionType } from '@braidlog/records'

export interface LogConfig {
  /** `segment.bytes` */
  readonly segmentBytes: number
  /** `segment.ms` */
  readonly segmentMs: number
  /** `segment.jitter.ms`: a random part of this is taken off `segmentMs`, so that not all partitions roll at once. */
  readonly segmentJitterMs: number
  /** `segment.index.bytes`: an index that reaches it makes its segment roll. */
  readonly segmentIndexBytes: number
  /** `index.interval.bytes` */
  readonly indexIntervalBytes: number
  /** `retention.ms`; -1: no limit */
  readonly retentionMs: number
  /** `retention.bytes`; -1: no limit */
  readonly retentionBytes: number
  /** `file.delete.delay.ms` */
  readonly fileDeleteDelayMs: number
  /** `flush.messages`: unflushed records that force an fdatasync. Only meaningful with page-cache durability. */
  readonly flushMessages: number
  /** `flush.ms`: age of the oldest unflushed record that forces an fdatasync. Only meaningful with page-cache durability. */
  readonly flushMs: number
  /** `cleanup.policy` contains `delete` */
  readonly cleanupDelete: boolean
  /** `cleanup.policy` contains `compact` */
  readonly cleanupCompact: boolean
  /** `min.cleanable.dirty.ratio` */
  readonly minCleanableDirtyRatio: number
  /** `min.compaction.lag.ms` */
  readonly minCompactionLagMs: number
  /** `max.compaction.lag.ms` */
  readonly maxCompactionLagMs: number
  /** `delete.retention.ms` */
  readonly deleteRetentionMs: number
  /** `max.message.bytes` */
  readonly maxMessageBytes: number
  /** `message.timestamp.type` */
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime'
  /** `message.timestamp.before.max.ms`; `Infinity`: unlimited */
  readonly messageTimestampBeforeMaxMs: number
  /** `message.timestamp.after.max.ms`; `Infinity`: unlimited */
  readonly messageTimestampAfterMaxMs: number
  /** `compression.type`; `producer` keeps the batch as it came. */
  readonly compressionType: 'producer' | CompressionType
  /** `compression.<type>.level` of the configured type, when recompression happens. */
  readonly compressionLevel: number | undefined
  /** `min.insync.replicas` */
  readonly minInsyncReplicas: number
  /** What the broker asks of records before they get here; `undefined`: nothing. See `schema-validation-configs.ts`. */
  readonly schemaRules: SchemaRules | undefined
}

/** Apache Kafka's defaults. */
export const defaultLogConfig: LogConfig = {
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 7 * 24 * 3600 * 1000,
  segmentJitterMs: 0,
  segmentIndexBytes: 10 * 1024 * 1024,
  indexIntervalBytes: 4096,
  retentionMs: 7 * 24 * 3600 * 1000,
  retentionBytes: -1,
  fileDeleteDelayMs: 60_000,
  flushMessages: Infinity,
  flushMs: Infinity,
  cleanupDelete: true,
  cleanupCompact: false,
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Infinity,
  deleteRetentionMs: 24 * 3600 * 1000,
  maxMessageBytes: 1_048_588,
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: Infinity,
  messageTimestampAfterMaxMs: 3_600_000,
  compressionType: 'producer',
  compressionLevel: undefined,
  minInsyncReplicas: 1,
  schemaRules: undefined,
}
