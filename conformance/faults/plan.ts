/**
 * The runs behind docs/reference/failover.md, each with a name of its own. Together they are the campaign: every kind of fault,
 * hundreds of them, beside Apache Kafka under the same script.
 */
import type { Against, Topology } from './cluster.ts'
import type { FaultName } from './nemesis.ts'
import type { Timeouts } from './timeouts.ts'

export interface Run {
  readonly name: string
  readonly against: Against
  readonly topology: Topology
  readonly timeouts: Timeouts['name']
  /** By each client. */
  readonly recordsPerSecond: number
  readonly faults: readonly FaultName[]
  /** On two cores that do nothing else. */
  readonly minutes: number
}

export const RECORDS_PER_SECOND = 300
/** Three clients together come to more than 5,000 records a second. */
const RECORDS_PER_SECOND_LOADED = 2_000

const ours = {
  against: 'braidlog',
  topology: 'combined',
  timeouts: 'tuned',
  recordsPerSecond: RECORDS_PER_SECOND,
} as const
const apacheKafka = { ...ours, against: 'kafka' } as const

export const RUNS: readonly Run[] = [
  { ...ours, name: 'kills', minutes: 17, faults: mixed({ kill: 200, 'kill-controller': 20 }) },
  {
    ...ours,
    name: 'hangs',
    minutes: 24,
    faults: mixed({
      pause: 50,
      'pause-kill': 20,
      minority: 30,
      'minority-kill': 20,
      mute: 20,
      deaf: 20,
      unplug: 15,
      'no-controllers': 15,
      'no-followers': 10,
    }),
  },
  {
    ...ours,
    name: 'others',
    minutes: 5,
    faults: [...repeated('restart', 15), ...mixed({ wipe: 10, 'full-disk': 10 })],
  },
  {
    ...ours,
    name: 'separate',
    topology: 'separate',
    minutes: 8,
    faults: [
      ...mixed({ kill: 20, 'kill-controller': 20, 'pause-controller': 5, 'minority-controller': 5 }),
      ...mixed({ pause: 10, minority: 5, 'no-controllers': 5 }),
      ...repeated('restart', 12),
    ],
  },
  {
    ...ours,
    name: 'loaded',
    recordsPerSecond: RECORDS_PER_SECOND_LOADED,
    minutes: 3,
    faults: mixed({ kill: 15, pause: 5, minority: 5 }),
  },
  {
    ...apacheKafka,
    name: 'kafka',
    minutes: 16,
    faults: [
      ...mixed({ kill: 40, 'kill-controller': 5 }),
      ...mixed({ pause: 10, minority: 5, mute: 5, deaf: 5 }),
      ...repeated('restart', 3),
    ],
  },
  { ...ours, name: 'default', timeouts: 'default', minutes: 5, faults: repeated('kill', 12) },
  { ...apacheKafka, name: 'kafka-default', timeouts: 'default', minutes: 6, faults: repeated('kill', 12) },
]

function repeated(name: FaultName, count: number): FaultName[] {
  return Array.from({ length: count }, () => name)
}

/** So many of each kind, spread evenly: the n-th of a kind comes when the same part of every other kind has been. */
function mixed(counts: Partial<Record<FaultName, number>>): FaultName[] {
  const places = (Object.entries(counts) as [FaultName, number][]).flatMap(([name, count]) =>
    Array.from({ length: count }, (_, at) => ({ name, part: (at + 0.5) / count })),
  )
  return places.toSorted((a, b) => a.part - b.part).map(({ name }) => name)
}
