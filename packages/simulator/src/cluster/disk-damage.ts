/**
 * Damages what lies on the disks of a cluster: bits of records turn over, sectors of small files read as zeros.
 *
 * Within an atlas, as nobody can make good what no disk has: what is damaged is durable and checkpointed, at least one other
 * replica in sync has it as it was written, and no partition has damaged records on two disks, nor a disk damaged records
 * and damaged checkpoints.
 */
import type { SimulatedNode } from './node.ts'
import { batchesAt, storedEndOffset } from './stored-batches.ts'

export interface DiskDamageOptions {
  readonly topic: string
  readonly inSync: (partition: number) => readonly SimulatedNode[]
  readonly onDamage: (what: string) => void
}

/** A batch that is not what was written, as long as it lies where it lay. */
interface DamagedBatch {
  readonly node: SimulatedNode
  readonly partition: number
  readonly path: string
  readonly position: number
  readonly bytes: Uint8Array
}

const HEADER_SIZE_BYTES = 61
const RECOVERY_POINTS = 'data/recovery-point-offset-checkpoint'
/** Not of log starts: without it deleted records are there again, as nobody else knows. */
const CHECKPOINTS = [RECOVERY_POINTS, 'data/replication-offset-checkpoint']
const SMALL_FILE = /(leader-epoch-checkpoint|partition\.metadata|\.index|\.timeindex|\.snapshot)$/

export class DiskDamage {
  readonly #options: DiskDamageOptions
  #batches: DamagedBatch[] = []
  readonly #taken = new Set<number>()
  count = 0

  constructor(options: DiskDamageOptions) {
    this.#options = options
  }

  /** @param draw decides what */
  inflict(node: SimulatedNode, partition: number, draw: number): void {
    if (draw % 4 === 0) this.#zeroSmallFile(node, partition, draw >>> 2)
    else this.#flipRecord(node, partition, draw >>> 2)
  }

  /** A disk has damaged records of the partition: until they are made again there is a copy less. */
  hasTaken(partition: number): boolean {
    return this.#taken.has(partition)
  }

  /** Nodes with records that are damaged still. */
  nodes(): ReadonlySet<SimulatedNode> {
    return new Set(this.#left().map(({ node }) => node))
  }

  #left(): readonly DamagedBatch[] {
    this.#batches = this.#batches.filter(({ node: { disk }, path, position, bytes }) => {
      if (!disk.memory.exists(path)) return false
      const now = disk.memory.readFile(path).subarray(position, position + bytes.length)
      return now.length === bytes.length && now.every((byte, i) => byte === bytes[i])
    })
    return this.#batches
  }

  #flipRecord(node: SimulatedNode, partition: number, draw: number): void {
    const { topic, inSync, onDamage } = this.#options
    const { memory } = node.disk
    const directory = `data/${topic}-${partition}`
    if (!memory.exists(directory) || this.#left().some((each) => each.partition === partition)) return
    const others = inSync(partition).filter((each) => each !== node)
    if (others.length === 0) return
    const ends = others.map(({ disk }) => storedEndOffset(disk.memory.durableFiles(directory)))
    const checkpoint = memory.exists(RECOVERY_POINTS) ? memory.readFile(RECOVERY_POINTS) : new Uint8Array(0)
    const end = Math.min(recoveryPoint(checkpoint, topic, partition), ...ends)
    const candidates = [...memory.durableFiles(directory)]
      .filter(([name]) => name.endsWith('.log'))
      .flatMap(([name, bytes]) => batchesAt(bytes).map((batch) => ({ path: `${directory}/${name}`, ...batch })))
      .filter(({ nextOffset }) => nextOffset <= end)
    const chosen = candidates[draw % Math.max(1, candidates.length)]
    if (chosen === undefined) return
    const { path, position, sizeBytes } = chosen
    memory.damage(path, position + HEADER_SIZE_BYTES + (draw % (sizeBytes - HEADER_SIZE_BYTES)), 1 << (draw % 8))
    const bytes = memory.readFile(path).slice(position, position + sizeBytes)
    this.#taken.add(partition)
    this.#batches.push({ node, partition, path, position, bytes })
    this.count++
    onDamage(`node ${node.nodeId}: the batch at ${position} of ${path}, offset ${chosen.baseOffset}`)
  }

  #zeroSmallFile(node: SimulatedNode, partition: number, draw: number): void {
    const { topic, onDamage } = this.#options
    const { memory } = node.disk
    const directory = `data/${topic}-${partition}`
    if (!memory.exists(directory)) return
    const isSound = !this.nodes().has(node)
    const checkpoints = isSound ? CHECKPOINTS.filter((path) => memory.exists(path)) : []
    const small = memory.list(directory).filter(({ name }) => SMALL_FILE.test(name))
    const paths = [...checkpoints, ...small.map(({ name }) => `${directory}/${name}`)]
    const path = paths[draw % Math.max(1, paths.length)]
    if (path === undefined) return
    memory.readFile(path).forEach((byte, position) => memory.damage(path, position, byte))
    this.count++
    onDamage(`node ${node.nodeId}: all of ${path}`)
  }
}

/** 0 where the file does not say. */
function recoveryPoint(bytes: Uint8Array, topic: string, partition: number): number {
  const line = new TextDecoder().decode(bytes).match(new RegExp(`^${topic} ${partition} (\\d+)$`, 'm'))
  return Number(line?.[1] ?? 0)
}
