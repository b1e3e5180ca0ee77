/**
 * A cluster, clients that write and read, and one fault after the other: each is injected while all replicas are in sync,
 * must be survived, and is over when all replicas are in sync again. In the end each client's history goes to the checker.
 *
 * Long campaigns come in slices of {@link FAULTS_PER_SLICE} faults: each has topics and clients of its own, so that a history
 * fits in memory and what is wrong shows early.
 */
import { loadavg } from 'node:os'
import { checkHistory, type HistoryReport } from '@braidlog/simulator/history'
import { eventually } from '../peers/process.ts'
import { ClusterView } from './cluster-view.ts'
import { FaultCluster, type Against } from './cluster.ts'
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
  readonly timeouts: Timeouts
  /** In this order. */
  readonly faults: readonly FaultName[]
  readonly loads: readonly LoadName[]
  /** By each load. */
  readonly recordsPerSecond: number
  readonly say: (line: string) => void
}

export interface FaultOutcome {
  readonly fault: FaultName
  readonly client: LoadName
  /** Longest time without an acknowledgement, of each partition that the victim led, and of each that it followed. */
  readonly ledMs: readonly number[]
  readonly followedMs: readonly number[]
}

export interface ClientOutcome {
  readonly client: LoadName
  readonly report: HistoryReport
}

/** Grows while the campaign runs. */
export class CampaignResult {
  readonly outcomes: FaultOutcome[] = []
  readonly clients: ClientOutcome[] = []
  /** From a fault to the next one, waiting for all replicas included. */
  readonly cycleMs: number[] = []
}

const NODE_IDS = [1, 2, 3]
const SMALL_DISK_NODE = 3
/** Enough for what a slice writes. */
const SMALL_DISK_SIZE_BYTES = 128 << 20
const PARTITION_COUNT = 6
const FAULTS_PER_SLICE = 25
/** Longer than any timeout of the cluster: worth a look. */
const SUSPICIOUS_MS = 15_000
const GOES_ON_TIMEOUT_MS = 90_000

const LOADS: Readonly<Record<LoadName, new (options: LoadOptions) => Load>> = {
  braidlog: BraidlogLoad,
  librdkafka: LibrdkafkaLoad,
  java: VerifiableLoad,
}

/** @param result is filled as far as it goes, when the campaign fails, too */
export async function runCampaign(options: CampaignOptions, result = new CampaignResult()): Promise<CampaignResult> {
  const network = await FaultNetwork.create(NODE_IDS)
  try {
    const { against, timeouts } = options
    const needsSmallDisk = options.faults.some((name) => FAULTS[name].victim === 'small-disk')
    const smallDisks = new Map(needsSmallDisk ? [[SMALL_DISK_NODE, SMALL_DISK_SIZE_BYTES]] : [])
    const cluster = await FaultCluster.start({ against, network, properties: timeouts.properties, smallDisks })
    const view = new ClusterView(cluster.nodeIds, cluster.bootstrapServers)
    try {
      for (let at = 0; at < options.faults.length; at += FAULTS_PER_SLICE) {
        const slice = new Slice(options, { cluster, network, timeouts }, view, at)
        await slice.run(options.faults.slice(at, at + FAULTS_PER_SLICE), result)
      }
    } finally {
      await view.close()
      await cluster.close()
    }
  } finally {
    network.close()
  }
  return result
}

class Slice {
  readonly #options: CampaignOptions
  readonly #scene: Scene
  readonly #view: ClusterView
  readonly #loads: readonly (readonly [LoadName, Load])[]
  readonly #first: number

  constructor(options: CampaignOptions, scene: Scene, view: ClusterView, first: number) {
    this.#options = options
    this.#scene = scene
    this.#view = view
    this.#first = first
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

  async run(faults: readonly FaultName[], result: CampaignResult): Promise<void> {
    const { say } = this.#options
    try {
      for (const topic of this.#topics) await this.#view.createTopic(topic, PARTITION_COUNT)
      await this.#view.inSync(this.#topics)
      await Promise.all(this.#loads.map(([, load]) => load.start()))
      for (const [at, name] of faults.entries()) {
        const startedMs = performance.now()
        const outcomes = await this.#cycle(name, this.#first + at)
        const cycleMs = performance.now() - startedMs
        result.cycleMs.push(cycleMs)
        result.outcomes.push(...outcomes)
        const gaps = outcomes.map(({ client, ledMs }) => `${client} ${seconds(Math.max(0, ...ledMs))}`).join(', ')
        say(
          `${this.#first + at + 1} ${name}: without a write for ${gaps}; over after ${seconds(cycleMs)}; load ${loadavg()[0]!.toFixed(0)}`,
        )
      }
    } catch (error) {
      const said = this.#loads.map(([name, load]) => `--- ${name}\n${load.tail()}`).join('\n')
      say(`${String(error)}\n${this.#scene.cluster.tail()}\n${said}`)
      throw error
    } finally {
      await Promise.all(this.#loads.map(([, load]) => load.stop()))
    }
    for (const [client, load] of this.#loads) {
      const final = await readAll(this.#scene.cluster.bootstrapServers, load.topic)
      const report = checkHistory(historyOf(load, final))
      result.clients.push({ client, report })
      const { acknowledgedCount, unknownCount, anomalies } = report
      say(`${client}: ${acknowledgedCount} acknowledged, ${unknownCount} unknown, ${anomalies.length} anomalies`)
    }
    await this.#view.deleteTopics(this.#topics)
  }

  async #cycle(name: FaultName, turn: number): Promise<FaultOutcome[]> {
    const fault: Fault = FAULTS[name]
    const leaders = new Map<LoadName, number[]>()
    for (const [client, load] of this.#loads) leaders.set(client, await this.#view.leaders(load.topic))
    const victim = await this.#victim(fault, [...leaders.values()][0]!, turn)
    const injectedMs = performance.now()
    await fault.inject(this.#scene, victim)
    if (fault.failsOver) await this.#goesOn(injectedMs, `${name} of node ${victim}`)
    await outlast(fault, this.#scene.timeouts, injectedMs)
    await fault.heal(this.#scene, victim)
    await this.#view.inSync(this.#topics)
    const healedMs = performance.now()
    await this.#goesOn(healedMs, `${name} of node ${victim} is over, and`)
    return this.#loads.map(([client, { acknowledgements }]) => {
      const gaps = { ledMs: [] as number[], followedMs: [] as number[] }
      for (const [partition, leader] of leaders.get(client)!.entries()) {
        const gapMs = acknowledgements.longestGapMs(partition, injectedMs, healedMs)
        gaps[leader === victim ? 'ledMs' : 'followedMs'].push(gapMs)
      }
      return { fault: name, client, ...gaps }
    })
  }

  /** Leaders of the partitions in turn: whoever leads much is hit often. */
  async #victim(fault: Fault, leaders: readonly number[], turn: number): Promise<number> {
    switch (fault.victim) {
      case 'controller':
        return await this.#view.controller()
      case 'leader':
        return leaders[turn % leaders.length]!
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
    }
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
