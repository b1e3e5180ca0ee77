/**
 * Where the replicas of new partitions go: in stripes over the racks, so that each partition has its replicas on as many
 * racks as there are, every broker leads about as often, and two brokers do not share all their partitions.
 *
 * - Brokers without a rack form one of their own.
 * - Fenced brokers come last and never first: a partition is never born without a leader. Brokers that are shutting down
 *   take nothing.
 *
 * Source: the goals of `StripedReplicaPlacer` of Apache Kafka (KIP-36, KIP-631).
 */
import { below, type Random } from '@braidlog/base'
import type { ControllerState } from './state.ts'

interface Rack {
  readonly active: number[]
  readonly fenced: number[]
  /** The next broker to take, counted on and on. */
  cursor: number
}

/** @returns one list of broker ids per partition, or what is wrong */
export function placeReplicas(
  state: ControllerState,
  partitionCount: number,
  replicationFactor: number,
  random: Random,
): number[][] | string {
  const racks = racksOf(state, random)
  const activeCount = racks.reduce((count, rack) => count + rack.active.length, 0)
  const brokerCount = racks.reduce((count, rack) => count + rack.fenced.length, activeCount)
  if (activeCount === 0 && brokerCount === [...state.image.brokers()].length && brokerCount > 0) {
    return 'no broker is able to take a replica: all are fenced or shutting down'
  }
  if (replicationFactor > brokerCount) {
    return `a replication factor of ${replicationFactor} needs as many brokers, but ${brokerCount} are registered`
  }
  if (activeCount === 0) return 'no broker is able to take a replica: all are fenced or shutting down'
  const leading = racks.filter((rack) => rack.active.length > 0)
  const start = below(random, leading.length)
  return Array.from({ length: partitionCount }, (_, partition) => {
    // After a round, in which every broker has led, followers are dealt anew.
    if (partition > 0 && partition % activeCount === 0) for (const rack of racks) shuffle(rack.active, random)
    return place(racks, leading[(start + partition) % leading.length]!, replicationFactor)
  })
}

function racksOf(state: ControllerState, random: Random): Rack[] {
  const byName = new Map<string, Rack>()
  for (const broker of [...state.image.brokers()].toSorted((a, b) => a.id - b.id)) {
    if (broker.inControlledShutdown && !broker.fenced) continue
    const name = broker.rack ?? ''
    const rack = byName.get(name) ?? { active: [], fenced: [], cursor: 0 }
    byName.set(name, rack)
    ;(broker.fenced ? rack.fenced : rack.active).push(broker.id)
  }
  const racks = [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, rack]) => rack)
  for (const rack of racks) {
    shuffle(rack.active, random)
    rack.cursor = 0
  }
  return racks
}

/** One partition: its leader from `first`, then one replica from each rack in turn. */
function place(racks: readonly Rack[], first: Rack, replicationFactor: number): number[] {
  const replicas = [first.active[first.cursor++ % first.active.length]!]
  const at = racks.indexOf(first)
  for (const kind of ['active', 'fenced'] as const) {
    for (let round = 0; replicas.length < replicationFactor; round++) {
      const before = replicas.length
      // The first rack has given one already: in the first round it comes last.
      for (let step = 1; step <= racks.length && replicas.length < replicationFactor; step++) {
        const rack = racks[(at + step) % racks.length]!
        const next = nextOf(rack[kind], rack.cursor, replicas)
        if (next !== undefined) replicas.push(next)
      }
      if (replicas.length === before) break
    }
  }
  return replicas
}

function nextOf(brokers: readonly number[], cursor: number, taken: readonly number[]): number | undefined {
  for (let i = 0; i < brokers.length; i++) {
    const broker = brokers[(cursor + i) % brokers.length]!
    if (!taken.includes(broker)) return broker
  }
  return undefined
}

function shuffle(values: number[], random: Random): void {
  for (let last = values.length - 1; last > 0; last--) {
    const other = below(random, last + 1)
    const value = values[last]!
    values[last] = values[other]!
    values[other] = value
  }
}
