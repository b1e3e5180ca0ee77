/**
 * Inflicts faults on a cluster, when their time or their moment has come, and in the end heals everything.
 */
import type { DiskShape } from '../world/disk.ts'
import type { SimulatedNetwork } from '../world/network.ts'
import type { World } from '../world/world.ts'
import type { Moment, Role } from './audit.ts'
import type { DiskDamage } from './disk-damage.ts'
import type { Fault, FaultKind } from './faults.ts'
import type { SimulatedNode } from './node.ts'

export interface NemesisOptions {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly nodes: readonly SimulatedNode[]
  readonly partitionCount: number
  readonly onFault: () => void
  readonly damage: DiskDamage
  /** Who has the role now, for that partition. */
  readonly nodesOf: (role: Role, partition: number) => readonly SimulatedNode[]
  /** Faults last so many times as long as they say. */
  readonly durationFactor: number
}

/** A fault that waits longer for its moment is not inflicted. */
const PATIENCE_MS = 15_000

export class Nemesis {
  readonly #options: NemesisOptions
  /** Faults that wait for a moment. */
  readonly #armed = new Set<Fault>()
  /** How many faults keep a direction cut. */
  readonly #cuts = new Map<string, number>()
  readonly #sound: ReadonlyMap<SimulatedNode, DiskShape>
  #isOver = false
  count = 0
  readonly countByKind = new Map<FaultKind, number>()

  constructor(options: NemesisOptions) {
    this.#options = options
    this.#sound = new Map(options.nodes.map((node) => [node, node.disk.shape]))
  }

  schedule(faults: readonly Fault[]): void {
    for (const fault of faults) this.#options.world.after(fault.atMs, () => this.#due(fault))
  }

  /** Something happened that a fault may have waited for. */
  happened(moment: Moment): void {
    for (const fault of this.#armed) {
      if (fault.on !== moment) continue
      this.#armed.delete(fault)
      // Whoever brought the news goes on first.
      this.#options.world.after(0, () => this.#inflict(fault))
      return
    }
  }

  /** No more faults: links heal, processes go on or start again, clocks and disks are right. */
  heal(): void {
    const { world, network, nodes } = this.#options
    this.#isOver = true
    world.trace('everything heals')
    network.healAll()
    for (const node of nodes) {
      node.disk.shape = { ...node.disk.shape, stallsPerThousand: 0 }
      node.setClockOffset(0)
      node.disk.repair()
      node.resume()
      node.start()
    }
  }

  #due(fault: Fault): void {
    if (fault.on === undefined) return this.#inflict(fault)
    this.#armed.add(fault)
    this.#options.world.after(PATIENCE_MS, () => this.#armed.delete(fault))
  }

  #inflict({ kind, role, choice, ...fault }: Fault): void {
    if (this.#isOver) return
    const { world, network, nodes, partitionCount, nodesOf, durationFactor } = this.#options
    const durationMs = fault.durationMs * durationFactor
    const candidates = nodesOf(role, choice % partitionCount)
    const node = candidates[choice % Math.max(1, candidates.length)]
    if (node === undefined) return
    this.count++
    this.countByKind.set(kind, (this.countByKind.get(kind) ?? 0) + 1)
    this.#options.onFault()
    world.trace(`fault ${kind} at ${role} ${node.nodeId} for ${durationMs} ms`)
    const others = nodes.filter((each) => each !== node)
    const later = (callback: () => void): void => {
      world.after(durationMs, () => {
        if (!this.#isOver) callback()
      })
    }
    const cut = (directions: readonly (readonly [from: SimulatedNode, to: SimulatedNode])[]): void => {
      for (const [from, to] of directions) this.#cut(from, to, 1)
      later(() => {
        for (const [from, to] of directions) this.#cut(from, to, -1)
      })
    }
    switch (kind) {
      case 'kill':
      case 'power-cut':
        node.crash(kind)
        later(() => node.start())
        return
      case 'power-cut-all':
        for (const each of nodes) each.crash('power-cut')
        later(() => {
          for (const each of nodes) each.start()
        })
        return
      case 'stop':
        // A stop that ends after everything has healed is followed by a start at once.
        void node.stop().then(() => (this.#isOver ? node.start() : later(() => node.start())))
        return
      case 'pause':
        node.pause()
        later(() => node.resume())
        return
      case 'clock-jump':
        node.setClockOffset((durationMs % 2 === 0 ? 1 : -1) * durationMs * 100)
        return
      case 'disk-stall':
      case 'slow-disk': {
        const sound = this.#sound.get(node)!
        const stallsPerThousand = kind === 'slow-disk' ? 1_000 : 200
        node.disk.shape = { ...sound, stallsPerThousand, stallMs: kind === 'slow-disk' ? 2_000 : durationMs }
        later(() => (node.disk.shape = sound))
        return
      }
      case 'full-disk':
        node.disk.fill(durationMs % 4_096)
        later(() => node.disk.repair())
        return
      case 'damage':
        this.#options.damage.inflict(node, choice % partitionCount, durationMs)
        return
      case 'failed-write':
        node.disk.memory.failNextWrite('EIO')
        return
      case 'failed-sync':
        node.disk.memory.failNextSync('EIO')
        return
      case 'break-connection':
        network.breakOne()
        return
      case 'cut-one-way':
        return cut([[node, others[choice % others.length]!]])
      case 'cut-both': {
        const other = others[choice % others.length]!
        return cut([
          [node, other],
          [other, node],
        ])
      }
      case 'deafen':
        return cut(others.map((each) => [each, node] as const))
      case 'mute':
        return cut(others.map((each) => [node, each] as const))
      case 'isolate':
        return cut(others.flatMap((each) => [[node, each] as const, [each, node] as const]))
      case 'cut-from-brokers': {
        // Controller and clients are still reached: the worst that a leader can be in.
        const controllers = nodesOf('controller', 0)
        const cutOff = others.filter((each) => !controllers.includes(each))
        return cut(cutOff.flatMap((each) => [[node, each] as const, [each, node] as const]))
      }
      default:
        kind satisfies never
    }
  }

  /** Faults overlap: a direction heals when no fault keeps it cut. */
  #cut(from: SimulatedNode, to: SimulatedNode, change: number): void {
    const { network } = this.#options
    const key = `${from.host}>${to.host}`
    const count = (this.#cuts.get(key) ?? 0) + change
    this.#cuts.set(key, count)
    if (count === 0) network.heal(from.host, to.host)
    else network.cut(from.host, to.host)
  }
}
