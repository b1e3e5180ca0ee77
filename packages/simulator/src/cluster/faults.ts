/**
 * Which faults a run has: drawn before it begins, so that a failing run can be shortened by leaving some out. A fault names
 * a role, not a node; who has the role is looked up when its time has come. It may also wait for a moment: the next
 * acknowledgement, the next change of the in-sync replicas.
 *
 * A seed belongs to one profile. Chance alone rarely meets the short windows in which rules matter, so most profiles play
 * scenarios: sequences known to have broken systems of this kind.
 */
import { below, type SeededRandom } from '@braidlog/base'
import type { Moment, Role } from './audit.ts'

export type FaultKind =
  | 'break-connection'
  | 'clock-jump'
  | 'cut-both'
  | 'cut-from-brokers'
  | 'cut-one-way'
  | 'damage'
  | 'deafen'
  | 'disk-stall'
  | 'failed-sync'
  | 'failed-write'
  | 'full-disk'
  | 'isolate'
  | 'kill'
  | 'mute'
  | 'pause'
  | 'power-cut'
  | 'power-cut-all'
  | 'slow-disk'
  | 'stop'

export interface Fault {
  readonly atMs: number
  readonly kind: FaultKind
  readonly role: Role
  /** Waits for this from its time on. */
  readonly on?: Moment
  /** Chooses among those that have the role, and the partition that the role is about. */
  readonly choice: number
  readonly durationMs: number
}

/** How often each kind is drawn, compared with the others. */
type Weights = Readonly<Partial<Record<FaultKind, number>>>

const ANYTHING: Weights = {
  'break-connection': 6,
  'clock-jump': 2,
  'cut-both': 3,
  'cut-one-way': 3,
  'cut-from-brokers': 2,
  'disk-stall': 2,
  deafen: 1,
  isolate: 4,
  kill: 6,
  mute: 1,
  pause: 4,
  'power-cut': 4,
  'power-cut-all': 1,
  'slow-disk': 1,
  stop: 3,
}

interface Step {
  /** After the step before. */
  readonly afterMs: number
  readonly kind: FaultKind
  readonly role: Role
  readonly durationMs: number
  readonly on?: Moment
}

export interface Profile {
  readonly name: string
  /** Of faults drawn one by one. */
  readonly weights: Weights
  readonly roles: readonly Role[]
  readonly moments: readonly Moment[]
  /** Of ten faults, so many begin a scenario. */
  readonly scenariosPerTen: number
  readonly scenarios: readonly (readonly Step[])[]
  /** Clients send so many times as often as they would. */
  readonly haste: number
  /** Members of the consumer group at least. */
  readonly memberCountMin: number
  /** Of nodes: see `NodeOptions`. */
  readonly readsCold: boolean
}

const step = (afterMs: number, kind: FaultKind, role: Role, durationMs: number, on?: Moment): Step => {
  return on === undefined ? { afterMs, kind, role, durationMs } : { afterMs, kind, role, durationMs, on }
}

/** The leader gets records that nobody else has, and then others lead: logs part. */
const DIVERGENCE = [
  [step(0, 'cut-from-brokers', 'leader', 1_500), step(700, 'kill', 'leader', 2_500)],
  [step(0, 'mute', 'leader', 3_000), step(1_000, 'power-cut', 'leader', 4_000)],
  [step(0, 'slow-disk', 'follower', 4_000), step(500, 'kill', 'leader', 500), step(1_500, 'kill', 'leader', 500)],
  [step(0, 'deafen', 'leader', 2_000), step(300, 'kill', 'follower', 800), step(1_500, 'kill', 'leader', 3_000)],
]

/** A leader that does not know that it is none any more. */
const ZOMBIES = [
  [step(0, 'cut-from-brokers', 'leader', 12_000)],
  [step(0, 'isolate', 'leader', 12_000), step(8_000, 'kill', 'leader', 2_000)],
  [step(0, 'pause', 'leader', 11_000), step(9_000, 'power-cut', 'leader', 4_000)],
  [step(0, 'mute', 'leader', 9_000), step(6_000, 'pause', 'leader', 7_000)],
  [step(0, 'deafen', 'leader', 10_000)],
]

/** One replica after the other falls behind or away, and they come back in another order. */
const LAST_ONE = [
  [step(0, 'power-cut', 'follower', 9_000), step(5_000, 'power-cut', 'leader', 2_000, 'isr-shrunk')],
  [step(0, 'pause', 'follower', 14_000), step(11_000, 'power-cut', 'leader', 9_000)],
  [step(0, 'slow-disk', 'follower', 12_000), step(1_000, 'power-cut', 'leader', 6_000, 'isr-shrunk')],
  [step(0, 'slow-disk', 'follower', 8_000), step(100, 'power-cut', 'leader', 5_000, 'isr-expanded')],
  [step(0, 'kill', 'follower', 1_000), step(100, 'power-cut', 'leader', 5_000, 'isr-proposed')],
  [step(0, 'pause', 'follower', 4_000), step(100, 'cut-from-brokers', 'leader', 6_000, 'isr-proposed')],
  [step(0, 'stop', 'follower', 3_000), step(4_000, 'stop', 'leader', 3_000), step(100, 'kill', 'any', 2_000)],
]

const CONTROLLERS = [
  [step(0, 'kill', 'controller', 500), step(0, 'kill', 'controller', 800, 'controller-changed')],
  [step(0, 'isolate', 'controller', 6_000), step(2_000, 'kill', 'leader', 3_000)],
  [step(0, 'pause', 'controller', 5_000), step(500, 'kill', 'leader', 2_000)],
  [step(0, 'power-cut', 'controller', 2_000, 'isr-proposed')],
  [step(0, 'deafen', 'controller', 5_000), step(500, 'power-cut', 'any', 2_000)],
  [step(0, 'power-cut', 'controller', 700), step(200, 'power-cut-all', 'any', 300, 'controller-changed')],
]

const GROUPS = [
  [step(0, 'kill', 'coordinator', 2_000, 'acknowledged'), step(2_500, 'stop', 'coordinator', 1_000)],
  [step(0, 'cut-from-brokers', 'coordinator', 8_000)],
  [step(0, 'pause', 'coordinator', 9_000)],
  [step(0, 'power-cut', 'coordinator', 3_000), step(400, 'power-cut', 'coordinator', 1_000, 'leader-changed')],
]

/** Retries whose first attempt was stored. */
const RETRIES = [
  [
    step(0, 'deafen', 'follower', 800),
    step(200, 'break-connection', 'any', 0),
    step(200, 'break-connection', 'any', 0),
  ],
  [step(0, 'slow-disk', 'leader', 5_000), step(2_500, 'kill', 'leader', 700), step(100, 'break-connection', 'any', 0)],
  [step(0, 'pause', 'leader', 2_500), step(2_700, 'pause', 'leader', 2_500), step(2_700, 'kill', 'leader', 500)],
]

const EVERY_MOMENT: readonly Moment[] = [
  'acknowledged',
  'controller-changed',
  'isr-expanded',
  'isr-proposed',
  'isr-shrunk',
  'leader-changed',
]

const PROFILES: readonly Profile[] = [
  profile('mixed', {}),
  profile('divergence', { scenarios: DIVERGENCE, haste: 4 }),
  profile('zombies', { scenarios: ZOMBIES, haste: 3 }),
  profile('last-one', { scenarios: LAST_ONE, haste: 2 }),
  profile('moments', {
    weights: { kill: 4, 'power-cut': 4, pause: 3, 'cut-from-brokers': 2, isolate: 2, 'power-cut-all': 1 },
    roles: ['leader', 'follower', 'controller', 'leader'],
    moments: EVERY_MOMENT,
    scenariosPerTen: 0,
    haste: 2,
  }),
  profile('controllers', { scenarios: CONTROLLERS }),
  profile('groups', { scenarios: GROUPS, haste: 2, memberCountMin: 2 }),
  profile('retries', { scenarios: RETRIES, haste: 4 }),
  profile('everything', {
    roles: ['any', 'leader', 'follower', 'controller', 'coordinator'],
    moments: EVERY_MOMENT,
    scenarios: [...DIVERGENCE, ...ZOMBIES, ...LAST_ONE, ...CONTROLLERS, ...GROUPS, ...RETRIES],
    scenariosPerTen: 5,
    haste: 2,
    memberCountMin: 1,
  }),
]

/** The disk refuses: it is full for a while, a write stops half-way, a sync fails and says nothing of what it has lost. */
const DISKS = profile('disks', {
  weights: {
    'disk-stall': 2,
    'failed-sync': 4,
    'failed-write': 4,
    'full-disk': 5,
    isolate: 1,
    kill: 3,
    pause: 1,
    'power-cut': 3,
    'power-cut-all': 1,
    'slow-disk': 2,
  },
  roles: ['any', 'leader', 'follower', 'controller'],
  haste: 2,
  memberCountMin: 1,
})

/** What was written is not what can be read. At any time one replica in sync has of each batch what was written. */
const DAMAGE = profile('damage', {
  weights: {
    'cut-from-brokers': 1,
    damage: 14,
    isolate: 1,
    kill: 4,
    pause: 1,
    'power-cut': 4,
    'power-cut-all': 1,
    stop: 4,
  },
  roles: ['leader', 'follower', 'any'],
  readsCold: true,
  haste: 2,
  memberCountMin: 1,
})

function profile(name: string, differences: Partial<Profile>): Profile {
  const scenarios = differences.scenarios ?? []
  return {
    name,
    weights: ANYTHING,
    roles: ['any', 'any', 'leader'],
    moments: [],
    scenarios,
    scenariosPerTen: scenarios.length > 0 ? 8 : 0,
    haste: 1,
    memberCountMin: 0,
    readsCold: false,
    ...differences,
  }
}

export function profileOf(seed: number): Profile {
  if (seed % 20 === 19) return DISKS
  if (seed % 20 === 14) return DAMAGE
  return PROFILES[seed % PROFILES.length]!
}

/** @returns faults in the order of their times */
export function drawFaults(random: SeededRandom, profile: Profile, count: number, untilMs: number): Fault[] {
  const faults: Fault[] = []
  const bag = bagOf(random, profile.weights)
  while (faults.length < count) {
    const scenario = profile.scenarios[below(random, Math.max(1, profile.scenarios.length))]
    const atMs = below(random, untilMs)
    const choice = below(random, 1_000)
    if (scenario !== undefined && below(random, 10) < profile.scenariosPerTen) {
      // Stretched or hurried, so that the steps meet timeouts of any length.
      const pace = 0.4 + below(random, 1_000) / 700
      let stepMs = atMs
      for (const { afterMs, durationMs, ...each } of scenario) {
        stepMs += Math.round(afterMs * pace)
        faults.push({ ...each, atMs: stepMs, choice, durationMs: 1 + Math.round(durationMs * pace) })
      }
      continue
    }
    const moment = below(random, 2) === 0 ? undefined : profile.moments[below(random, profile.moments.length)]
    faults.push({
      atMs,
      kind: bag[below(random, bag.length)]!,
      role: profile.roles[below(random, profile.roles.length)]!,
      choice,
      // Half of them short, some longer than any session.
      durationMs: below(random, 2) === 0 ? 50 + below(random, 1_000) : 500 + below(random, 14_000),
      ...(moment === undefined ? {} : { on: moment }),
    })
  }
  return faults.slice(0, count).toSorted((a, b) => a.atMs - b.atMs)
}

/** Not every run has every kind. */
function bagOf(random: SeededRandom, weights: Weights): FaultKind[] {
  const all = Object.keys(weights) as FaultKind[]
  const kinds = all.filter(() => below(random, 4) > 0)
  return (kinds.length === 0 ? all : kinds).flatMap((kind) => Array.from({ length: weights[kind] ?? 0 }, () => kind))
}
