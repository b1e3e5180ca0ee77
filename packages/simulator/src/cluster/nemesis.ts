/**
 * Faults, drawn before the run begins, so that a failing run can be shortened by leaving some of them out.
 */
import { below, type SeededRandom } from '@braidlog/base'
import type { SimulatedNetwork } from '../world/network.ts'
import type { World } from '../world/world.ts'
import type { SimulatedNode } from './node.ts'

export type FaultKind =
  | 'break-connection'
  | 'clock-jump'
  | 'cut-both'
  | 'cut-one-way'
  | 'disk-stall'
  | 'isolate'
  | 'kill'
  | 'pause'
  | 'power-cut'
  | 'power-cut-all'
  | 'stop'

export interface Fault {
  readonly atMs: number
  readonly kind: FaultKind
  /** Index of the node, and of another one for cut links. */
  readonly node: number
  readonly other: number
  readonly durationMs: number
}

/** How often each kind is drawn, compared with the others. */
const WEIGHTS: Readonly<Record<FaultKind, number>> = {
  'break-connection': 6,
  'clock-jump': 2,
  'cut-both': 3,
  'cut-one-way': 3,
  'disk-stall': 2,
  isolate: 4,
  kill: 6,
  pause: 4,
  'power-cut': 4,
  'power-cut-all': 1,
  stop: 3,
}

/** @returns faults in the order of their times */
export function drawFaults(random: SeededRandom, nodeCount: number, count: number, untilMs: number): Fault[] {
  const kinds = (Object.keys(WEIGHTS) as FaultKind[]).filter(() => below(random, 4) > 0)
  const bag = (kinds.length === 0 ? (['kill'] as FaultKind[]) : kinds).flatMap((kind) =>
    Array.from({ length: WEIGHTS[kind] }, () => kind),
  )
  return Array.from({ length: count }, (): Fault => {
    const node = below(random, nodeCount)
    return {
      atMs: below(random, untilMs),
      kind: bag[below(random, bag.length)]!,
      node,
      other: (node + 1 + below(random, Math.max(1, nodeCount - 1))) % nodeCount,
      // Half of them short, some longer than any session.
      durationMs: below(random, 2) === 0 ? 50 + below(random, 1_000) : 500 + below(random, 14_000),
    }
  }).toSorted((a, b) => a.atMs - b.atMs)
}

export class Nemesis {
  readonly #world: World
  readonly #network: SimulatedNetwork
  readonly #nodes: readonly SimulatedNode[]
  #isOver = false
  count = 0

  constructor(world: World, network: SimulatedNetwork, nodes: readonly SimulatedNode[]) {
    this.#world = world
    this.#network = network
    this.#nodes = nodes
  }

  schedule(faults: readonly Fault[]): void {
    const startMs = this.#world.nowMs
    for (const fault of faults) this.#world.after(startMs + fault.atMs - this.#world.nowMs, () => this.#inflict(fault))
  }

  /** No more faults: links heal, processes go on or start again, clocks and disks are right. */
  heal(): void {
    this.#isOver = true
    this.#world.trace('everything heals')
    this.#network.healAll()
    for (const node of this.#nodes) {
      node.disk.shape = { ...node.disk.shape, stallsPerThousand: 0 }
      node.setClockOffset(0)
      node.resume()
      node.start()
    }
  }

  #inflict({ kind, node: index, other, durationMs }: Fault): void {
    if (this.#isOver) return
    this.count++
    const node = this.#nodes[index]!
    const host = node.host
    const otherHost = this.#nodes[other]!.host
    this.#world.trace(`fault ${kind} at ${node.nodeId} for ${durationMs} ms`)
    const later = (callback: () => void) => {
      this.#world.after(durationMs, () => {
        if (!this.#isOver) callback()
      })
    }
    switch (kind) {
      case 'kill':
      case 'power-cut':
        node.crash(kind)
        later(() => node.start())
        return
      case 'power-cut-all':
        for (const each of this.#nodes) each.crash('power-cut')
        later(() => {
          for (const each of this.#nodes) each.start()
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
      case 'disk-stall': {
        const before = node.disk.shape
        node.disk.shape = { ...before, stallsPerThousand: 200, stallMs: durationMs }
        later(() => (node.disk.shape = before))
        return
      }
      case 'break-connection':
        this.#network.breakOne()
        return
      case 'cut-one-way':
        this.#network.cut(host, otherHost)
        later(() => this.#network.healAll())
        return
      case 'cut-both':
        this.#network.cut(host, otherHost)
        this.#network.cut(otherHost, host)
        later(() => this.#network.healAll())
        return
      case 'isolate':
        for (const each of this.#nodes) {
          if (each === node) continue
          this.#network.cut(host, each.host)
          this.#network.cut(each.host, host)
        }
        later(() => this.#network.healAll())
        return
      default:
        kind satisfies never
    }
  }
}
