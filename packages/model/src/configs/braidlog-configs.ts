/** Braidlog's own keys. Few, and all under one prefix, so that a server.properties can go back to Apache Kafka. */
import { oneOf } from './checks.ts'
import { string } from './definition.ts'

export const BRAIDLOG_PREFIX = 'braidlog.'

export const BRAIDLOG_CONFIGS = {
  'braidlog.durability': string({
    default: 'durable',
    importance: 'high',
    check: oneOf('durable', 'page-cache'),
    doc:
      'When a record is acknowledged: durable, after a group commit has brought it to the disk; page-cache, as soon as ' +
      'the operating system has it, which a power failure can undo.',
  }),
} as const
