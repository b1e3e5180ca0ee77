/**
 * The keys of groups, each bounded by the keys of the broker of the same name. They take effect with the group types they belong to.
 *
 * Source: names, types, defaults and bounds of Apache Kafka 4.3.
 */
import { atLeast, oneOf, shareAutoOffsetReset } from './checks.ts'
import { boolean, int, string } from './definition.ts'

export const GROUP_CONFIGS = {
  'consumer.assignment.interval.ms': int({
    default: 1000,
    importance: 'medium',
    check: atLeast(0),
    applies: false,
    doc: 'Shortest time between new assignments.',
  }),
  'consumer.heartbeat.interval.ms': int({
    default: 5000,
    importance: 'medium',
    check: atLeast(1),
    applies: false,
    doc: 'Time between heartbeats of members.',
  }),
  'consumer.session.timeout.ms': int({
    default: 45_000,
    importance: 'medium',
    check: atLeast(1),
    applies: false,
    doc: 'A member silent for longer is removed.',
  }),
  'share.assignment.interval.ms': int({
    default: 1000,
    importance: 'medium',
    check: atLeast(0),
    applies: false,
    doc: 'Shortest time between new assignments.',
  }),
  'share.auto.offset.reset': string({
    default: 'latest',
    importance: 'medium',
    check: shareAutoOffsetReset,
    applies: false,
    doc: 'Where a new share group begins: latest, earliest, or by_duration: and an ISO 8601 duration.',
  }),
  'share.delivery.count.limit': int({
    default: 5,
    importance: 'medium',
    check: atLeast(2),
    applies: false,
    doc: 'Deliveries of a record after which it is given up.',
  }),
  'share.heartbeat.interval.ms': int({
    default: 5000,
    importance: 'medium',
    check: atLeast(1),
    applies: false,
    doc: 'Time between heartbeats of members.',
  }),
  'share.isolation.level': string({
    default: 'read_uncommitted',
    importance: 'medium',
    check: oneOf('read_committed', 'read_uncommitted'),
    applies: false,
    doc: 'Whether records of open and aborted transactions are delivered.',
  }),
  'share.partition.max.record.locks': int({
    default: 2000,
    importance: 'medium',
    check: atLeast(100),
    applies: false,
    doc: 'Records of one partition that members may hold at a time.',
  }),
  'share.record.lock.duration.ms': int({
    default: 30_000,
    importance: 'medium',
    check: atLeast(1000),
    applies: false,
    doc: 'How long a member holds a record it has not acknowledged.',
  }),
  'share.renew.acknowledge.enable': boolean({
    default: true,
    importance: 'medium',
    applies: false,
    doc: 'Allow members to prolong their hold on a record.',
  }),
  'share.session.timeout.ms': int({
    default: 45_000,
    importance: 'medium',
    check: atLeast(1),
    applies: false,
    doc: 'A member silent for longer is removed.',
  }),
  'streams.assignment.interval.ms': int({
    default: 1000,
    importance: 'medium',
    check: atLeast(0),
    applies: false,
    doc: 'Shortest time between new assignments.',
  }),
  'streams.heartbeat.interval.ms': int({
    default: 5000,
    importance: 'medium',
    check: atLeast(1),
    applies: false,
    doc: 'Time between heartbeats of members.',
  }),
  'streams.initial.rebalance.delay.ms': int({
    default: 3000,
    importance: 'medium',
    check: atLeast(0),
    applies: false,
    doc: 'How long the first assignment waits for more members.',
  }),
  'streams.num.standby.replicas': int({
    default: 0,
    importance: 'medium',
    check: atLeast(0),
    applies: false,
    doc: "Standby copies of each task's state.",
  }),
  'streams.session.timeout.ms': int({
    default: 45_000,
    importance: 'medium',
    check: atLeast(1),
    applies: false,
    doc: 'A member silent for longer is removed.',
  }),
} as const
