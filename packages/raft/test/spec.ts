/** The table of `SPEC.md`, computed: each event put to a replica in each role. */
import { SeededRandom } from '@braidlog/base'
import { ErrorCode, ZERO_UUID, type Uuid } from '@braidlog/model'
import { DEFAULT_RAFT_TIMEOUTS } from '../src/index.ts'
import type { RaftEffect, RaftInput } from '../src/machine/effects.ts'
import { RaftMachine } from '../src/machine/machine.ts'
import type { InboundRequest, OutboundRequest, Received } from '../src/machine/messages.ts'
import type { RaftRole } from '../src/machine/roles.ts'

/** Every replica of the table is in this epoch and has a log that ends at 10 in epoch 3. */
const EPOCH = 5
const END = 10
const LAST_EPOCH = 3

const endpointsOf = (id: number) => [{ name: 'CONTROLLER', host: `n${id}`, port: 9093 }]
const replica = (id: number) => ({ id, directoryId: ZERO_UUID })
const voters = [1, 2, 3].map((id) => ({ ...replica(id), endpoints: endpointsOf(id) }))

/** One machine with its clock. */
export class Driver {
  readonly machine: RaftMachine
  nowMs = 0
  effects: RaftEffect[] = []

  constructor(id: number) {
    this.machine = new RaftMachine({
      local: { id, directoryId: `directory-${id}-1` as Uuid, endpoints: endpointsOf(id), canVote: true },
      bootstrap: [],
      timeouts: DEFAULT_RAFT_TIMEOUTS,
      random: new SeededRandom(1),
    })
  }

  step(input: RaftInput): RaftEffect[] {
    this.effects = []
    this.machine.step(input, this.nowMs, this.effects)
    this.machine.invariants()
    return this.effects
  }

  start(leaderId: number, epoch = EPOCH): void {
    const log = {
      start: { endOffset: 0, epoch: 0 },
      endOffset: END,
      durableOffset: END,
      epochs: [{ epoch: LAST_EPOCH, startOffset: 0 }],
      latestSnapshot: undefined,
    }
    const election = { leaderEpoch: epoch, leaderId, votedId: -1, votedDirectoryId: ZERO_UUID }
    const quorum = { kraftVersion: 0, voters, votersOffset: -1 }
    this.step({ type: 'start', election, log, quorum, quorumBatches: [] })
  }

  /** Lets the time of the role run out. */
  expire(): RaftEffect[] {
    const { role } = this.machine
    for (let tick = 0; tick < 100 && this.machine.role === role; tick++) {
      this.nowMs = Math.min(Math.max(this.machine.nextDeadlineMs(), this.nowMs + 1), this.nowMs + 5000)
      this.step({ type: 'tick' })
    }
    return this.effects
  }

  /** Answers what is under way to node `id`. */
  answer(id: number, type: OutboundRequest['type'], response: Received, among = this.effects): void {
    const sent = among.find((effect) => effect.type === 'send' && effect.to.id === id && effect.request.type === type)
    if (sent?.type !== 'send') throw new Error(`nothing of ${type} was sent to ${id}`)
    this.step({ type: 'response', token: sent.token, response })
  }
}

export const ROLES = ['unattached', 'follower', 'prospective', 'candidate', 'leader', 'resigned', 'observer'] as const

/** @returns a replica in that role, in epoch {@link EPOCH}; node 1, or 9 which is no voter */
export function inRole(role: (typeof ROLES)[number]): Driver {
  const driver = new Driver(role === 'observer' ? 9 : 1)
  const grant = (epoch: number, among?: RaftEffect[]) =>
    driver.answer(2, 'vote', { type: 'vote', granted: true, error: 0, epoch, leaderId: -1, leaderEndpoints: [] }, among)
  switch (role) {
    case 'unattached':
      driver.start(-1)
      break
    case 'follower':
    case 'observer':
      driver.start(2)
      break
    case 'prospective':
      driver.start(-1)
      driver.expire()
      break
    case 'candidate':
    case 'leader':
    case 'resigned':
      driver.start(-1, EPOCH - 1)
      driver.expire()
      grant(EPOCH - 1)
      if (role === 'candidate') break
      grant(EPOCH)
      driver.step({ type: 'appended', batch: { baseOffset: END, lastOffset: END, epoch: EPOCH, controls: [] } })
      if (role === 'resigned') driver.step({ type: 'resign' })
      break
    default:
      role satisfies never
  }
  const { machine } = driver
  const expected: RaftRole = role === 'observer' ? 'follower' : role
  if (machine.role !== expected || machine.epoch !== EPOCH)
    throw new Error(`${role} is ${machine.role} ${machine.epoch}`)
  return driver
}

const vote = (epoch: number, more: { preVote?: boolean; lastOffset?: number } = {}): InboundRequest => ({
  type: 'vote',
  candidate: replica(3),
  voter: undefined,
  epoch,
  lastEpoch: LAST_EPOCH,
  lastOffset: more.lastOffset ?? END + 1,
  preVote: more.preVote ?? false,
})
const begin = (epoch: number, leaderId = 2): InboundRequest => ({
  type: 'beginEpoch',
  leaderId,
  epoch,
  voter: undefined,
  endpoints: endpointsOf(leaderId),
})
const end = (epoch: number): InboundRequest => ({
  type: 'endEpoch',
  leaderId: 2,
  epoch,
  candidates: [replica(1), replica(3)],
  endpoints: endpointsOf(2),
})
const fetch = (epoch: number): InboundRequest => ({
  type: 'fetch',
  replica: replica(3),
  epoch,
  offset: END,
  lastEpoch: LAST_EPOCH,
  highWatermark: 0,
  maxWaitMs: 500,
  maxBytes: 1,
})

const directoryOf = (id: number, disk = 1) => `directory-${id}-${disk}` as Uuid
const update = (id: number, max = 1): InboundRequest => ({
  type: 'updateVoter',
  epoch: EPOCH,
  voter: { id, directoryId: directoryOf(id) },
  endpoints: endpointsOf(id),
  kraftVersions: { min: 0, max },
})

const requests: Readonly<Record<string, InboundRequest>> = {
  'Vote, e+1, complete log': vote(EPOCH + 1),
  'Vote, e+1, log too short': vote(EPOCH + 1, { lastOffset: END - 1 }),
  'Vote, e, complete log': vote(EPOCH),
  'Vote, e-1': vote(EPOCH - 1),
  'Pre-vote, e, complete log': vote(EPOCH, { preVote: true }),
  'Pre-vote, e, log too short': vote(EPOCH, { preVote: true, lastOffset: END - 1 }),
  'BeginQuorumEpoch, e, of 2': begin(EPOCH),
  'BeginQuorumEpoch, e+1, of 2': begin(EPOCH + 1),
  'BeginQuorumEpoch, e-1': begin(EPOCH - 1),
  'EndQuorumEpoch, e, of 2': end(EPOCH),
  'EndQuorumEpoch, e-1': end(EPOCH - 1),
  'Fetch, e': fetch(EPOCH),
  'Fetch, e-1': fetch(EPOCH - 1),
  'Fetch, e+1': fetch(EPOCH + 1),
  'UpdateRaftVoter, e, of 3': update(3),
}

const NAMES = new Map(Object.entries(ErrorCode).map(([name, code]) => [code, name] as const))

/** One cell: what is answered, and what the replica is then. */
function cell(driver: Driver, effects: readonly RaftEffect[]): string {
  const { epoch, role } = driver.machine
  const then = `${role} e${epoch === EPOCH ? '' : `+${epoch - EPOCH}`}`
  const answered = effects.find((effect) => effect.type === 'answer')
  if (answered?.type !== 'answer') return then
  const { answer } = answered
  const error = answer.error === ErrorCode.NONE ? undefined : NAMES.get(answer.error)!
  const text =
    error ??
    (answer.type === 'vote' ? (answer.granted ? 'granted' : 'refused') : answer.type === 'fetch' ? 'records' : 'ok')
  return `${text}; ${then}`
}

/** Rows of the table, header first. */
export function specTable(): string[][] {
  const rows = [['event', ...ROLES]]
  const row = (name: string, event: (driver: Driver) => RaftEffect[]) =>
    rows.push([
      name,
      ...ROLES.map((role) => {
        const driver = inRole(role)
        return cell(driver, event(driver))
      }),
    ])
  for (const [name, request] of Object.entries(requests))
    row(name, (driver) => driver.step({ type: 'request', token: 1, request }))
  row('time is up', (driver) => driver.expire())
  row('resign', (driver) => driver.step({ type: 'resign' }))
  row('answer of e+1, nobody leads', (driver) => answered(driver, EPOCH + 1, -1))
  row('answer of e+1, led by 3', (driver) => answered(driver, EPOCH + 1, 3))
  return rows
}

/** Rows of the second table: what a leader of a static quorum has been told, and whether it raises kraft.version. */
export function upgradeTable(): string[][] {
  const row = (name: string, prepare: (leader: Driver) => void): string[] => {
    const leader = inRole('leader')
    prepare(leader)
    const problem = leader.machine.upgradeProblem(1)
    if (problem !== undefined) return [name, `refused: ${problem}`]
    const appended = leader
      .step({ type: 'upgrade-version', kraftVersion: 1 })
      .flatMap((effect) => (effect.type === 'append-voters' ? [effect] : []))
    const keys = appended[0]!.voters.map((voter) => `${voter.id} ${voter.directoryId}`)
    return [name, `kraft.version ${appended[0]!.kraftVersion}, voters ${keys.join(', ')}`]
  }
  const hear = (leader: Driver, ...asked: InboundRequest[]) => {
    for (const request of asked) leader.step({ type: 'request', token: 1, request })
  }
  const fetchOf = (id: number, disk = 1): InboundRequest => ({
    type: 'fetch',
    replica: { id, directoryId: directoryOf(id, disk) },
    epoch: EPOCH,
    offset: END + 1,
    lastEpoch: EPOCH,
    highWatermark: 0,
    maxWaitMs: 0,
    maxBytes: 1,
  })
  const begun = (leader: Driver, ...more: InboundRequest[]) => hear(leader, fetchOf(2), fetchOf(3), ...more)
  return [
    ['what the leader has heard', 'asked to raise kraft.version to 1'],
    row('nothing', () => {}),
    row('its epoch is committed', (leader) => begun(leader)),
    row('… and 2 has told of itself', (leader) => begun(leader, update(2))),
    row('… and 3, which supports only 0', (leader) => begun(leader, update(2), update(3, 0))),
    row('… and 3, which supports 1', (leader) => begun(leader, update(2), update(3))),
    row('… and 3, and then fetches with another disk', (leader) => {
      begun(leader, update(2), update(3))
      leader.nowMs++
      hear(leader, fetchOf(3, 2))
    }),
    row('… and it was asked before', (leader) => {
      begun(leader, update(2), update(3))
      leader.step({ type: 'upgrade-version', kraftVersion: 1 })
    }),
  ]
}

/** Whatever the replica has under way is answered by a node that is ahead. */
function answered(driver: Driver, epoch: number, leaderId: number): RaftEffect[] {
  for (let tries = 0; tries < 50; tries++) {
    const sent = driver.effects.find((effect) => effect.type === 'send')
    if (sent?.type === 'send') {
      const error = ErrorCode.FENCED_LEADER_EPOCH
      const view = { error, epoch, leaderId, leaderEndpoints: leaderId < 0 ? [] : endpointsOf(leaderId) }
      return driver.step({ type: 'response', token: sent.token, response: { type: 'beginEpoch', ...view } })
    }
    driver.nowMs += 100
    driver.step({ type: 'tick' })
  }
  throw new Error('it asks nobody anything')
}

/** As Markdown; oxfmt pads the columns. */
export function cellsOf(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[\s:|-]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((text) => text.trim()),
    )
}
