/**
 * Keys that stand for each other: a topic key takes the broker key's value as its default, and some broker keys have
 * coarser-grained older forms. The first that is set wins.
 *
 * Source: `ServerTopicConfigSynonyms` and `DynamicBrokerConfig` of Apache Kafka 4.3.
 */

export interface ConfigSynonym {
  /** Key of the broker. */
  readonly name: string
  /** What its number is multiplied with to get the unit of the key it stands for. */
  readonly factor: number
}

const MINUTES = 60_000
const HOURS = 3_600_000

function same(name: string): readonly ConfigSynonym[] {
  return [{ name, factor: 1 }]
}

const RETENTION: readonly ConfigSynonym[] = [
  { name: 'log.retention.ms', factor: 1 },
  { name: 'log.retention.minutes', factor: MINUTES },
  { name: 'log.retention.hours', factor: HOURS },
]
const ROLL: readonly ConfigSynonym[] = [
  { name: 'log.roll.ms', factor: 1 },
  { name: 'log.roll.hours', factor: HOURS },
]
const ROLL_JITTER: readonly ConfigSynonym[] = [
  { name: 'log.roll.jitter.ms', factor: 1 },
  { name: 'log.roll.jitter.hours', factor: HOURS },
]
const FLUSH: readonly ConfigSynonym[] = [
  { name: 'log.flush.interval.ms', factor: 1 },
  { name: 'log.flush.scheduler.interval.ms', factor: 1 },
]

/** Topic key → broker keys, strongest first. Topic keys that are not here have no default on the broker. */
export const TOPIC_CONFIG_SYNONYMS: Readonly<Record<string, readonly ConfigSynonym[]>> = {
  'cleanup.policy': same('log.cleanup.policy'),
  'compression.gzip.level': same('compression.gzip.level'),
  'compression.lz4.level': same('compression.lz4.level'),
  'compression.type': same('compression.type'),
  'compression.zstd.level': same('compression.zstd.level'),
  'delete.retention.ms': same('log.cleaner.delete.retention.ms'),
  'file.delete.delay.ms': same('log.segment.delete.delay.ms'),
  'flush.messages': same('log.flush.interval.messages'),
  'flush.ms': FLUSH,
  'index.interval.bytes': same('log.index.interval.bytes'),
  'local.retention.bytes': same('log.local.retention.bytes'),
  'local.retention.ms': same('log.local.retention.ms'),
  'max.compaction.lag.ms': same('log.cleaner.max.compaction.lag.ms'),
  'max.message.bytes': same('message.max.bytes'),
  'message.timestamp.after.max.ms': same('log.message.timestamp.after.max.ms'),
  'message.timestamp.before.max.ms': same('log.message.timestamp.before.max.ms'),
  'message.timestamp.type': same('log.message.timestamp.type'),
  'min.cleanable.dirty.ratio': same('log.cleaner.min.cleanable.ratio'),
  'min.compaction.lag.ms': same('log.cleaner.min.compaction.lag.ms'),
  'min.insync.replicas': same('min.insync.replicas'),
  preallocate: same('log.preallocate'),
  'retention.bytes': same('log.retention.bytes'),
  'retention.ms': RETENTION,
  'segment.bytes': same('log.segment.bytes'),
  'segment.index.bytes': same('log.index.size.max.bytes'),
  'segment.jitter.ms': ROLL_JITTER,
  'segment.ms': ROLL,
  'unclean.leader.election.enable': same('unclean.leader.election.enable'),
}

/** Broker keys that read each other's values, strongest first. */
export function brokerConfigSynonyms(name: string): readonly string[] {
  // The scheduler's interval is the default of the flush interval, but not the other way round.
  if (name === 'log.flush.scheduler.interval.ms') return [name]
  const group = [RETENTION, ROLL, ROLL_JITTER, FLUSH].find((each) => each.some((synonym) => synonym.name === name))
  return group?.map((synonym) => synonym.name) ?? [name]
}

/** Group key → the broker key that is its default. */
export function groupConfigSynonym(name: string): string {
  return `group.${name}`
}
