/**
 * The keys of subscriptions to client metrics (KIP-714). Known and stored; clients are not asked for metrics yet.
 *
 * Source: names, types, defaults and bounds of Apache Kafka 4.3.
 */
import { distinct } from './checks.ts'
import { int, list } from './definition.ts'

export const CLIENT_METRICS_CONFIGS = {
  'interval.ms': int({
    default: 300_000,
    importance: 'medium',
    applies: false,
    doc: "Time between pushes of a client's metrics.",
  }),
  match: list({
    default: [],
    importance: 'medium',
    check: distinct,
    applies: false,
    doc: 'Which clients push: selector=pattern, comma-separated.',
  }),
  metrics: list({
    default: [],
    importance: 'medium',
    check: distinct,
    applies: false,
    doc: 'Prefixes of the metrics pushed; empty: none, *: all.',
  }),
} as const
