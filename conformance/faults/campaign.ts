/**
 * A cluster, clients that write and read, and one fault after the other: each is injected while all replicas are in sync,
 * must be survived, and is over when all replicas are in sync again. In the end each client's history goes to the checker.
 *
 * Long campaigns come in slices of {@link FAULTS_PER_SLICE} faults: each has topics and clients of its own, so that a history
 * fits in memory and what is wrong shows early.
 *
 * Invariant: a fault that is not survived ends its slice, not the campaign: it is noted, what every node said is kept, the
 * history is checked all the same, and the other faults come upon a new cluster.
 */
import { loadavg } from 'node:os'
import { checkHistory, type HistoryReport } from '@braidlog/simulator/history'
import { eventually } from '../peers/process.ts'
import { ClusterView } from './cluster-view.ts'
import { FaultCluster, nodeIdsOf, type Against, type Topology } from './cluster.ts'
import { BraidlogLoad } from './loads/braidlog.ts'
import { LibrdkafkaLoad } from './loads/librdkafka.ts'
import { historyOf, readAll, type Load, type LoadOptions } from './loads/load.ts'
import { VerifiableLoad } from './loads/verifiable.ts'
import { FAULTS, outlast, type Fault, type FaultName, type Scene } from './nemesis.ts'
import { FaultNetwork } from './network.ts'
import type { Timeouts } from './timeouts.ts'

export type LoadName = 'braidlog' | 'java' | 'librdkafka'

export interface CampaignOptions {
  readonly against: Against
  readonly topology: Topology
  readonly timeouts: Timeouts
  /** In this order. */
  readonly faults: readonly FaultName[]
  readonly loads: readonly LoadName[]
  /** By each load. */
  readonly recordsPerSecond: number
  /** No fault is injected later than that, of `performance.now()`. */
  readonly untilMs?: number
  readonly say: (line: string) => void
}

export interface FaultOutcome {
  readonly fault: FaultName
  readonly client: LoadName
  /**
   * Longest time without an acknowledgement, of each partition that the victim led; of each partition at all when the victim
   * is no broker.
   */
  readonly gapsMs: readonly number[]
}

export interface ClientOutcome {
  readonly client: LoadName
  readonly report: HistoryReport
  /** How long it sent. */
  readonly sendingMs: number
}

/** A fault that was not survived in time, or another step of the campaign that failed. */
export interface CampaignFailure {
  readonly what: string
  readonly message: string
}

/** Grows while the campaign runs. */
export class CampaignResult {
  readonly outcomes: FaultOutcome[] = []
  readonly clients: ClientOutcome[] = []
  readonly failures: CampaignFailure[] = []
  /** Faults that were survived. */
  faultCount = 0

  get isSound(): boolean {
    return this.failures.length === 0 && this.clients.every(({ report }) => report.valid)
  }
}

const SMALL_DISK_NODE = 3
/** Enough for what a slice writes. */
const SMALL_DISK_SIZE_BYTES = 128 << 20
const PARTITION_COUNT = 6
const FAULTS_PER_SLICE = 25
/** After so many failures the rest would say nothing new. */
const FAILURES_MAX = 10
const ANOMALIES_SAID_MAX = 5
/** Longer than any timeout of the cluster: worth a look. */
const SUSPICIOUS_MS = 15_000
const GOES_ON_TIMEOUT_MS = 90_000

const LOADS: Readonly<Record<LoadName, new (options: LoadOptions) => Load>> = {
  braidlog: BraidlogLoad,
  librdkafka: LibrdkafkaLoad,
  java: VerifiableLoad,
}

/** @param result is filled as far as it goes @throws for what is wrong with the machine, not with the cluster */
export async function runCampaign(options: CampaignOptions, result = new CampaignResult()): Promise<CampaignResult> {
  const network = await FaultNetwork.create(nodeIdsOf(options.topology))
  try {
    for (let at = 0; at < options.faults.length && isTimeFor(options);) {
      if (result.failures.length >= FAILURES_MAX) {
        options.say(`given up after ${FAILURES_MAX} failures`)
        break
      }
      at += await runOnOneCluster(options, network, at, result)
    }
  } finally {
    network.close()
  }
  return result
}

/** Goes on with the faults from `first` on until one fails. @returns how many were tried */
async function runOnOneCluster(
  options: CampaignOptions,
  network: FaultNetwork,
  first: number,
  result: CampaignResult,
): Promise<number> {
  const { against, faults, say, timeouts, topology } = options
  const needsSmallDisk = faults.some((name) => FAULTS[name].victim === 'small-disk')
  const smallDisks = new Map(needsSmallDisk ? [[SMALL_DISK_NODE, SMALL_DISK_SIZE_BYTES]] : [])
  let cluster: FaultCluster
  try {
    cluster = await FaultCluster.start({ against, topology, network, properties: timeouts.properties, smallDisks })
  } catch (error) {
    result.failures.push({ what: 'the cluster starts', message: String(error) })
    say(`failed: the cluster starts: ${String(error)}`)
    return 0
  }
  const view = new ClusterView(cluster.brokerIds, cluster.bootstrapServers)
  try {
    let at = first
    for (let isSound = true; isSound && at < faults.length && isTimeFor(options);) {
      const slice = new Slice(options, { cluster, network, timeouts }, view, at, result)
      const tried = await slice.run(faults.slice(at, at + FAULTS_PER_SLICE))
      at += tried.faultCount
      isSound = tried.isSound
    }
    return at - first
  } finally {
    await view.close()
    await cluster.close()
  }
}

function isTimeFor({ untilMs = Infinity }: CampaignOptions): boolean {
  return performance.now() < untilMs
}

class Slice {
  readonly #options: CampaignOptions
  readonly #scene: Scene
  readonly #view: ClusterView
  readonly #loads: readonly (readonly [LoadName, Load])[]
  readonly #first: number
  readonly #result: CampaignResult

  constructor(options: CampaignOptions, scene: Scene, view: ClusterView, first: number, result: CampaignResult) {
    this.#options = options
    this.#scene = scene
    this.#view = view
    this.#first = first
    this.#result = result
    this.#loads = options.loads.map((name) => {
      const load = new LOADS[name]({
        bootstrapServers: scene.cluster.bootstrapServers,
        topic: `faults-${first}-${name}`,
        partitionCount: PARTITION_COUNT,
        recordsPerSecond: options.recordsPerSecond,
        requestTimeoutMs: scene.timeouts.requestTimeoutMs,
      })
      return [name, load]
    })
  }

  get #topics(): string[] {
    return this.#loads.map(([, { topic }]) => topic)
  }

  /** Ends with the first fault that fails. Never rejects: what is wrong goes into the result. */
  async run(faults: readonly FaultName[]): Promise<{ readonly faultCount: number; readonly isSound: boolean }> {
    let faultCount = 0
    let isSound = await this.#attempt('clients begin', async () => await this.#begin())
    const startedMs = performance.now()
    while (isSound && faultCount < faults.length && isTimeFor(this.#options)) {
      const turn = this.#first + faultCount
      const name = faults[faultCount++]!
      isSound = await this.#attempt(`${turn + 1} ${name}`, async () => await this.#cycle(name, turn))
    }
    if (!isSound) await this.#attempt('everything is undone', async () => await this.#undo())
    const sendingMs = performance.now() - startedMs
    const areOver = await this.#attempt('clients end', async () => await this.#end())
    isSound &&= areOver
    if (areOver) isSound = (await this.#attempt('histories', async () => await this.#check(sendingMs))) && isSound
    return { faultCount, isSound }
  }

  async #attempt(what: string, step: () => Promise<void>): Promise<boolean> {
    try {
      await step()
      return true
    } catch (error) {
      const message = String(error)
      this.#result.failures.push({ what, message })
      const said = this.#loads.map(([name, load]) => `--- ${name}\n${load.tail()}`).join('\n')
      this.#options.say(`failed: ${what}: ${message}\nlogs: ${this.#scene.cluster.keepLogs()}\n${said}`)
      return false
    }
  }

  async #begin(): Promise<void> {
    for (const topic of this.#topics) await this.#view.createTopic(topic, PARTITION_COUNT)
    await this.#view.inSync(this.#topics)
    await Promise.all(this.#loads.map(([, load]) => load.start()))
  }

  async #end(): Promise<void> {
    const ends = await Promise.allSettled(this.#loads.map(([, load]) => load.stop()))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  /** Whatever a fault has left behind. */
  async #undo(): Promise<void> {
    const { cluster, network } = this.#scene
    for (const id of cluster.nodeIds) await network.heal(id)
    await cluster.revive()
    await this.#view.inSync(this.#topics)
  }

  async #check(sendingMs: number): Promise<void> {
    const { say } = this.#options
    for (const [client, load] of this.#loads) {
      const final = await readAll(this.#scene.cluster.bootstrapServers, load.topic)
      const report = checkHistory(historyOf(load, final))
      this.#result.clients.push({ client, report, sendingMs })
      const { acknowledgedCount, unknownCount, anomalies } = report
      const perSecond = Math.round((acknowledgedCount / sendingMs) * 1000)
      say(
        `${client}: ${acknowledgedCount} acknowledged (${perSecond} a second), ${unknownCount} unknown, ${anomalies.length} anomalies`,
      )
      for (const { name, detail } of anomalies.slice(0, ANOMALIES_SAID_MAX)) say(`  ${name}: ${detail}`)
    }
    await this.#view.deleteTopics(this.#topics)
  }

  async #cycle(name: FaultName, turn: number): Promise<void> {
    const fault: Fault = FAULTS[name]
    const { cluster } = this.#scene
    const leaders = new Map<LoadName, number[]>()
    for (const [client, load] of this.#loads) leaders.set(client, await this.#view.leaders(load.topic))
    const controller = await this.#view.controller()
    const victim = this.#victim(fault, { leaders: [...leaders.values()][0]!, controller, turn })
    const who = `node ${victim}${victim === controller ? ', the active controller' : ''}`
    const injectedMs = performance.now()
    await fault.inject(this.#scene, victim)
    if (fault.failsOver) {
      await this.#goesOn(injectedMs, `${name} of ${who}`)
      if (fault.victim === 'controller') await this.#view.controller(victim)
    }
    await outlast(fault, this.#scene.timeouts, injectedMs)
    await fault.heal(this.#scene, victim)
    await this.#view.inSync(this.#topics)
    const healedMs = performance.now()
    await this.#goesOn(healedMs, `${name} of ${who} is over, and`)
    const outcomes = this.#loads.map(([client, { acknowledgements }]): FaultOutcome => {
      const hit = leaders.get(client)!.flatMap((leader, partition) => {
        return leader === victim || !cluster.brokerIds.includes(victim) ? [partition] : []
      })
      const gapsMs = hit.map((partition) => acknowledgements.longestGapMs(partition, injectedMs, healedMs))
      return { fault: name, client, gapsMs }
    })
    this.#result.outcomes.push(...outcomes)
    this.#result.faultCount++
    const longest = outcomes.map(({ client, gapsMs }) => `${client} ${seconds(Math.max(0, ...gapsMs))}`).join(', ')
    const cycleMs = performance.now() - injectedMs
    this.#options.say(
      `${turn + 1}/${this.#options.faults.length} ${name} of ${who}: without a write for ${longest}; ` +
        `over after ${seconds(cycleMs)}; load ${loadavg()[0]!.toFixed(0)}`,
    )
  }

  #victim(fault: Fault, now: { leaders: readonly number[]; controller: number; turn: number }): number {
    const { nodeIds } = this.#scene.cluster
    switch (fault.victim) {
      case 'controller':
        return now.controller
      case 'each':
        return nodeIds[now.turn % nodeIds.length]!
      case 'leader':
        // Leaders of the partitions in turn: whoever leads much is hit often.
        return now.leaders[now.turn % now.leaders.length]!
      case 'small-disk':
        return SMALL_DISK_NODE
      default:
        return fault.victim satisfies never
    }
  }

  /** Every partition acknowledges something that was sent by every client. */
  async #goesOn(sinceMs: number, after: string): Promise<void> {
    const silent = (): string[] =>
      this.#loads.flatMap(([name, { acknowledgements }]) =>
        acknowledgements.silentSince(sinceMs).map((partition) => `${name}'s partition ${partition}`),
      )
    const isMoving = (): true | undefined => (silent().length === 0 ? true : undefined)
    try {
      await eventually(isMoving, 'writes go on', SUSPICIOUS_MS)
    } catch {
      const { say } = this.#options
      say(`${after}: still waiting for ${silent().join(', ')}; ${await this.#view.describe(this.#topics)}`)
      const what = `${after}: an acknowledgement of ${silent().join(', ')}`
      await eventually(isMoving, what, GOES_ON_TIMEOUT_MS)
      say(`it goes on; logs: ${this.#scene.cluster.keepLogs()}`)
    }
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
