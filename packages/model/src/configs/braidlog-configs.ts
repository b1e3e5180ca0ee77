/** Braidlog's own keys. Few, and all under one prefix, so that a server.properties can go back to Apache Kafka. */
import { oneOf } from './checks.ts'
import { boolean, string } from './definition.ts'

export const BRAIDLOG_PREFIX = 'braidlog.'

export const BRAIDLOG_CONFIGS = {
  'braidlog.allow.open.listeners': boolean({
    default: false,
    importance: 'high',
    doc:
      'Start although a listener without authentication can be reached from other machines. Without it, a node that ' +
      'would listen on more than the loopback addresses refuses to start.',
  }),
  'braidlog.durability': string({
    default: 'durable',
    importance: 'high',
    check: oneOf('durable', 'page-cache'),
    doc:
      'When a record is acknowledged: durable, after a group commit has brought it to the disk; page-cache, as soon as ' +
      'the operating system has it, which a power failure can undo.',
  }),
  'braidlog.metrics.listener': string({
    default: '',
    importance: 'medium',
    doc:
      'Where metrics are served by HTTP for Prometheus, as host:port, path /metrics; empty: nowhere. Whoever reaches it ' +
      'may read them, so that an address other than loopback needs braidlog.allow.open.listeners=true.',
  }),
  'braidlog.record.validation': string({
    default: 'header',
    importance: 'low',
    check: oneOf('header', 'strict'),
    doc:
      'How far a produced batch is looked into: header, its header and checksum, and its records only where a rule of ' +
      'the topic needs it (compaction, message.timestamp.before.max.ms); strict, every record of every batch.',
  }),
} as const
