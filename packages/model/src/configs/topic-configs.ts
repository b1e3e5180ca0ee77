/**
 * The keys of topics. Those with a broker key of their own take its value as default: see synonyms.ts.
 *
 * Source: names, types, defaults and bounds of Apache Kafka 4.3, and what validates records against schemas.
 */
import { atLeast, between, everyOf, gzipLevel, oneOf, throttledReplicas } from './checks.ts'
import { boolean, double, int, list, long, string } from './definition.ts'
import { SCHEMA_VALIDATION_TOPIC_CONFIGS } from './schema-validation-configs.ts'

export const TOPIC_CONFIGS = {
  'cleanup.policy': list({
    default: ['delete'],
    importance: 'medium',
    check: everyOf('compact', 'delete'),
    doc: 'What happens to old segments: delete, compact, or both.',
  }),
  'compression.type': string({
    default: 'producer',
    importance: 'medium',
    check: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
    doc: 'Codec of stored batches; producer keeps what came.',
  }),
  'compression.gzip.level': int({
    default: -1,
    importance: 'medium',
    check: gzipLevel,
    doc: 'Level when batches are compressed anew with gzip.',
  }),
  'compression.lz4.level': int({
    default: 9,
    importance: 'medium',
    check: between(1, 17),
    doc: 'Level when batches are compressed anew with lz4.',
  }),
  'compression.zstd.level': int({
    default: 3,
    importance: 'medium',
    check: between(-131072, 22),
    doc: 'Level when batches are compressed anew with zstd.',
  }),
  'delete.retention.ms': long({
    default: 86_400_000,
    importance: 'medium',
    check: atLeast(0),
    doc: 'How long tombstones stay readable in a compacted log.',
  }),
  'file.delete.delay.ms': long({
    default: 60_000,
    importance: 'medium',
    check: atLeast(0),
    doc: 'Time between taking a file out of use and deleting it.',
  }),
  'flush.messages': long({
    default: Infinity,
    importance: 'medium',
    check: atLeast(1),
    doc: 'Records that force a flush to disk.',
  }),
  'flush.ms': long({
    default: Infinity,
    importance: 'medium',
    check: atLeast(0),
    doc: 'Age of unflushed records that forces a flush to disk.',
  }),
  'follower.replication.throttled.replicas': list({
    default: [],
    importance: 'medium',
    check: throttledReplicas,
    doc: 'Replicas whose replication is throttled on the follower: partition:broker, comma-separated, or *.',
  }),
  'leader.replication.throttled.replicas': list({
    default: [],
    importance: 'medium',
    check: throttledReplicas,
    doc: 'Replicas whose replication is throttled on the leader: partition:broker, comma-separated, or *.',
  }),
  'index.interval.bytes': int({
    default: 4096,
    importance: 'medium',
    check: atLeast(0),
    doc: 'Bytes between entries of the offset index.',
  }),
  'internal.segment.bytes': int({
    default: null,
    importance: 'medium',
    applies: false,
    internal: true,
    doc: 'Segment size below the public minimum, for tests.',
  }),
  'local.retention.bytes': long({
    default: -2,
    importance: 'medium',
    check: atLeast(-2),
    applies: false,
    doc: 'Local size above which segments that are in remote storage go; -2: as retention.bytes.',
  }),
  'local.retention.ms': long({
    default: -2,
    importance: 'medium',
    check: atLeast(-2),
    applies: false,
    doc: 'Age at which segments that are in remote storage go locally; -2: as retention.ms.',
  }),
  'max.compaction.lag.ms': long({
    default: Infinity,
    importance: 'medium',
    check: atLeast(1),
    doc: 'Age at which a record is compacted at the latest.',
  }),
  'max.message.bytes': int({
    default: 1_048_588,
    importance: 'medium',
    check: atLeast(0),
    doc: 'Largest record batch accepted.',
  }),
  'message.timestamp.after.max.ms': long({
    default: 3_600_000,
    importance: 'medium',
    check: atLeast(0),
    doc: "How far a record's time may lie after the broker's.",
  }),
  'message.timestamp.before.max.ms': long({
    default: Infinity,
    importance: 'medium',
    check: atLeast(0),
    doc: "How far a record's time may lie before the broker's.",
  }),
  'message.timestamp.type': string({
    default: 'CreateTime',
    importance: 'medium',
    check: oneOf('CreateTime', 'LogAppendTime'),
    doc: 'Whether a record keeps its creation time or takes the time of its append.',
  }),
  'min.cleanable.dirty.ratio': double({
    default: 0.5,
    importance: 'medium',
    check: between(0, 1),
    doc: 'Share of the log not cleaned yet at which it is cleaned.',
  }),
  'min.compaction.lag.ms': long({
    default: 0,
    importance: 'medium',
    check: atLeast(0),
    doc: 'Age below which a record is not compacted.',
  }),
  'min.insync.replicas': int({
    default: 1,
    importance: 'medium',
    check: atLeast(1),
    doc: 'Replicas that must have a record before acks=all is answered.',
  }),
  preallocate: boolean({
    default: false,
    importance: 'medium',
    applies: false,
    doc: 'Reserve the space of a segment when it is created.',
  }),
  'remote.log.copy.disable': boolean({
    default: false,
    importance: 'medium',
    applies: false,
    doc: 'Stop copying to remote storage; what is there stays.',
  }),
  'remote.log.delete.on.disable': boolean({
    default: false,
    importance: 'medium',
    applies: false,
    doc: 'Delete what is in remote storage when that is switched off.',
  }),
  'remote.storage.enable': boolean({
    default: false,
    importance: 'medium',
    applies: false,
    doc: 'Keep older segments in remote storage.',
  }),
  'retention.bytes': long({
    default: -1,
    importance: 'medium',
    doc: 'Size of a partition above which its oldest segments are deleted; -1: no limit.',
  }),
  'retention.ms': long({
    default: 604_800_000,
    importance: 'medium',
    check: atLeast(-1),
    doc: 'Age at which closed segments are deleted; -1: never.',
  }),
  'segment.bytes': int({
    default: 1_073_741_824,
    importance: 'medium',
    check: atLeast(1_048_576),
    doc: 'Size at which a segment is closed.',
  }),
  'segment.index.bytes': int({
    default: 10_485_760,
    importance: 'medium',
    check: atLeast(4),
    doc: 'Largest offset index of a segment.',
  }),
  'segment.jitter.ms': long({
    default: 0,
    importance: 'medium',
    check: atLeast(0),
    doc: 'Most that is taken off segment.ms at random.',
  }),
  'segment.ms': long({
    default: 604_800_000,
    importance: 'medium',
    check: atLeast(1),
    doc: 'Age at which a segment is closed.',
  }),
  'unclean.leader.election.enable': boolean({
    default: false,
    importance: 'medium',
    doc: 'Allow a replica outside the in-sync set to lead as a last resort, at the price of lost records.',
  }),
  ...SCHEMA_VALIDATION_TOPIC_CONFIGS,
} as const
