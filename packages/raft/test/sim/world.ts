/**
 * A quorum under one seed: first a time of faults, then a time in which all is well and progress is demanded.
 */
import assert from 'node:assert/strict'
import { below, SeededRandom, type Random } from '@braidlog/base'
import { ZERO_UUID, type Uuid } from '@braidlog/model'
import { DEFAULT_RAFT_TIMEOUTS, type RaftTimeouts } from '../../src/index.ts'
import { RaftMachine } from '../../src/machine/machine.ts'
import type { InboundRequest } from '../../src/machine/messages.ts'
import type { Destination } from '../../src/machine/outbox.ts'
import type { Voter } from '../../src/voters.ts'
import { Checker } from './checker.ts'
import { Network } from './network.ts'
import { SimNode } from './node.ts'
import { Scheduler } from './scheduler.ts'

export interface WorldOptions {
  /** The machine under test, or one with a planted bug. */
  readonly Machine?: typeof RaftMachine
  /** An effect that the shell reports as done and does not do. */
  readonly skip?: 'flush' | 'persist' | 'truncate' | undefined
  readonly faultMs?: number
  readonly calmMs?: number
}

export interface Outcome {
  readonly hash: number
  readonly steps: number
  readonly faults: number
  readonly committed: number
  /** Whether a static quorum has become a dynamic one. */
  readonly upgraded: boolean
}

const FAULT_MS = 20_000
const CALM_MS = 20_000

export class World {
  readonly options: WorldOptions
  readonly Machine: typeof RaftMachine
  readonly scheduler = new Scheduler()
  readonly checker = new Checker(this)
  readonly network: Network
  readonly nodes: SimNode[] = []
  readonly bootstrap: readonly Destination[]
  readonly #random: Random
  readonly #diskRandom: Random
  readonly #operatorRandom: Random
  readonly timeouts: RaftTimeouts
  /** Batches in one answer to a fetch. */
  readonly fetchBatchesMax: number
  readonly #dynamic: boolean
  readonly #slowDisk: boolean
  /** Voters tend to crash right after they have given a vote. */
  readonly #crashesVoters: boolean
  #contents = 1
  #faults = 0
  #calm = false

  constructor(seed: number, options: WorldOptions = {}) {
    this.options = options
    this.Machine = options.Machine ?? RaftMachine
    // One stream per purpose: a new draw in one place does not change the others.
    const split = (stream: number) => new SeededRandom(seed * 64 + stream)
    this.#random = split(0)
    this.#diskRandom = split(1)
    this.#operatorRandom = split(40)
    const random = this.#random
    this.#dynamic = below(random, 2) === 0
    this.#slowDisk = below(random, 4) === 0
    this.#crashesVoters = below(random, 3) === 0
    this.fetchBatchesMax = [1, 2, 8][below(random, 3)]!
    // Short timeouts beside the same delays: more elections, more of them at once.
    this.timeouts = scaled([1, 0.3, 0.1][below(random, 3)]!)
    const voterCount = [1, 2, 3, 3, 3, 4, 5][below(random, 7)]!
    const count = voterCount + below(random, 3)
    this.network = new Network(this, split(2), {
      lost: [0, 10, 100][below(random, 3)]!,
      doubled: [0, 20][below(random, 2)]!,
      slow: [0, 20, 100][below(random, 3)]!,
    })
    const ids = Array.from({ length: count }, (_, i) => i + 1)
    this.bootstrap = this.#dynamic ? ids.map((id) => ({ id: -1 - id, host: `n${id}`, port: 9093 })) : []
    const voters = ids.slice(0, voterCount).map((id): Voter => {
      const directoryId = this.#dynamic ? (`directory-${id}` as Uuid) : ZERO_UUID
      return { id, directoryId, endpoints: this.endpointsOf(id) }
    })
    for (const id of ids) {
      // In a dynamic quorum only its first voters are formatted with the voter set.
      const known = !this.#dynamic || id <= voterCount
      const base = { kraftVersion: this.#dynamic && known ? 1 : 0, voters: known ? voters : [], votersOffset: -1 }
      this.nodes.push(new SimNode(this, id, base, split(2 + id)))
    }
  }

  endpointsOf(id: number) {
    return [{ name: 'CONTROLLER', host: `n${id}`, port: 9093 }]
  }

  nextContents(): number {
    return this.#contents++
  }

  diskDelayMs(): number {
    if (this.#slowDisk && !this.#calm && below(this.#diskRandom, 50) === 0) return below(this.#diskRandom, 3000)
    return below(this.#diskRandom, 50) / 10
  }

  /** A replica has given its vote, and says so. */
  voted(node: SimNode): void {
    if (!this.#crashesVoters || this.#calm || below(this.#random, 3) > 0) return
    this.#faults++
    this.scheduler.after(below(this.#random, 30) / 10, () => this.#crash(node, below(this.#random, 50)))
  }

  run(): Outcome {
    const { faultMs = FAULT_MS, calmMs = CALM_MS } = this.options
    for (const node of this.nodes) node.start()
    this.#work()
    this.#upgrade()
    this.#nemesis()
    while (this.scheduler.step(faultMs));
    this.#becomeCalm()
    const before = this.checker.committedEnd
    while (this.scheduler.step(faultMs + calmMs));
    this.#demandProgress(before)
    const { hash, steps, committedEnd: committed, kraftVersion } = this.checker
    const upgraded = !this.#dynamic && kraftVersion > 0
    return { hash, steps, faults: this.#faults, committed, upgraded }
  }

  /** Clients append wherever somebody leads, now and then in a burst. */
  #work(): void {
    for (const node of this.nodes) if (node.leads && node.pausedUntilMs <= this.scheduler.nowMs) node.append()
    this.scheduler.after(below(this.#random, this.#calm ? 1000 : 100), () => this.#work())
  }

  /** An operator wants a dynamic quorum, from whoever leads, until there is one. */
  #upgrade(): void {
    if (this.#calm || this.#dynamic) return
    for (const node of this.nodes)
      if (node.leads && node.machine!.upgradeProblem(1) === undefined)
        node.step({ type: 'upgrade-version', kraftVersion: 1 })
    this.scheduler.after(below(this.#operatorRandom, 5000), () => this.#upgrade())
  }

  #nemesis(): void {
    if (this.#calm) return
    this.#faults++
    this.#fault(below(this.#random, 14), this.#anyNode())
    this.scheduler.after(below(this.#random, 1500), () => this.#nemesis())
  }

  #fault(kind: number, node: SimNode): void {
    const random = this.#random
    const { nowMs } = this.scheduler
    switch (kind) {
      case 0:
      case 1:
        return this.#crash(node, below(random, 3000))
      case 2:
        // All at once, as when the power fails.
        for (const each of this.nodes) this.#crash(each, below(random, 500))
        return
      case 3:
        node.pausedUntilMs = Math.max(node.pausedUntilMs, nowMs + below(random, 5000))
        return
      case 4:
        for (const each of this.nodes) if (each !== node) this.#cut(node, each, 3)
        return
      case 5:
        for (const each of this.nodes) if (each !== node) this.#cut(node, each, 1 + below(random, 2))
        return
      case 6: {
        const side = this.nodes.filter(() => below(random, 2) === 0)
        for (const a of side) for (const b of this.nodes) if (!side.includes(b)) this.#cut(a, b, 3)
        return
      }
      case 7:
        return this.network.heal()
      case 8:
        if (node.alive) node.snapshot(below(random, 2) === 0)
        return
      case 9:
        if (node.machine?.role === 'leader') node.step({ type: 'resign' })
        return
      case 10: {
        const { id, directoryId } = node
        const voter = { id, directoryId }
        const endpoints = this.endpointsOf(id)
        return this.#ask({ type: 'addVoter', voter, endpoints, timeoutMs: 2000, ackWhenCommitted: true })
      }
      case 11: {
        // A leader that removes itself, and is gone before or soon after it is committed.
        const leader = this.nodes.find((each) => each.leads)
        if (leader === undefined) return
        const voter = { id: leader.id, directoryId: leader.directoryId }
        leader.request({ type: 'removeVoter', voter }, () => {})
        this.scheduler.after(below(random, 10), () => this.#crash(leader, below(random, 2000)))
        return
      }
      case 12: {
        // A leader that is cut off, and is asked to remove one voter after the other.
        const leader = this.nodes.find((each) => each.leads)
        if (leader === undefined) return
        for (const each of this.nodes) {
          if (each === leader) continue
          this.#cut(leader, each, 3)
          const voter = { id: each.id, directoryId: each.directoryId }
          if (leader.leads) leader.request({ type: 'removeVoter', voter }, () => {})
        }
        return
      }
      default:
        return this.#ask({ type: 'removeVoter', voter: { id: node.id, directoryId: node.directoryId } })
    }
  }

  #crash(node: SimNode, downMs: number): void {
    if (!node.alive) return
    node.crash()
    this.scheduler.after(downMs, () => {
      if (!node.alive) node.start()
    })
  }

  /** @param directions 1 from a, 2 from b, 3 both */
  #cut(a: SimNode, b: SimNode, directions: number): void {
    if ((directions & 1) !== 0) this.network.cut(a.id, b.id)
    if ((directions & 2) !== 0) this.network.cut(b.id, a.id)
  }

  /** An operator asks whoever leads. */
  #ask(request: InboundRequest): void {
    for (const node of this.nodes) if (node.leads) node.request(request, () => {})
  }

  #anyNode(): SimNode {
    return this.nodes[below(this.#random, this.nodes.length)]!
  }

  #becomeCalm(): void {
    this.#calm = true
    this.network.heal()
    Object.assign(this.network.faults, { lost: 0, doubled: 0, slow: 0 })
    for (const node of this.nodes) {
      node.pausedUntilMs = 0
      if (!node.alive) node.start()
    }
  }

  #demandProgress(before: number): void {
    const leaders = this.nodes.filter((node) => node.machine?.role === 'leader')
    const roles = this.nodes.map((node) => `${node.id} ${node.machine?.role} ${node.machine?.epoch}`).join(', ')
    assert.equal(leaders.length, 1, `liveness: ${leaders.length} leaders (${roles})`)
    assert.ok(this.checker.committedEnd > before, 'liveness: nothing was committed')
    for (const node of this.nodes)
      assert.ok(node.machine!.highWatermark > before, `liveness: node ${node.id} is behind (${roles})`)
  }
}

function scaled(factor: number): RaftTimeouts {
  const { electionBackoffMaxMs, electionTimeoutMs, fetchTimeoutMs, requestTimeoutMs, retryBackoffMs } =
    DEFAULT_RAFT_TIMEOUTS
  return {
    electionTimeoutMs: electionTimeoutMs * factor,
    fetchTimeoutMs: fetchTimeoutMs * factor,
    electionBackoffMaxMs: electionBackoffMaxMs * factor,
    requestTimeoutMs: Math.max(200, requestTimeoutMs * factor),
    retryBackoffMs,
  }
}

export function simulate(seed: number, options: WorldOptions = {}): Outcome {
  try {
    return new World(seed, options).run()
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
