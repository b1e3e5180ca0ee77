/**
 * Looks at a running cluster from inside and holds it to what must be true at every moment, so that a broken rule shows
 * when it is broken, not only when a fault happens to make clients notice.
 *
 * - Two nodes never lead a partition in one epoch, and the high watermark of a leader does not go back.
 * - Whatever a client was told is stored, or has read, is durable on the disk of every replica that the controllers count
 *   as in sync, of `min.insync.replicas` nodes at least, and is the same batch on all of them.
 * - Images of one offset are equal on all nodes; in-sync replicas are replicas, a leader is in sync, epochs only grow, and
 *   another leader is another epoch.
 *
 * It also says when something happens that faults like to meet (`Moment`).
 */
import type { NodeParts } from '@braidlog/server'
import type { World } from '../world/world.ts'
import type { SimulatedNode } from './node.ts'
import { storedBatches, storedEndOffset, type StoredBatch } from './stored-batches.ts'

/** What a fault may wait for. */
export type Moment =
  | 'acknowledged'
  | 'controller-changed'
  | 'isr-expanded'
  | 'isr-proposed'
  | 'isr-shrunk'
  | 'leader-changed'

/** Whom a fault looks for. */
export type Role = 'any' | 'controller' | 'coordinator' | 'follower' | 'leader'

export interface AuditOptions {
  readonly world: World
  readonly nodes: readonly SimulatedNode[]
  readonly topic: string
  /** Disks that must have what is committed. */
  readonly copiesMin: (partition: number) => number
  /** Between two looks. */
  readonly sampleMs: number
  readonly onViolation: (message: string) => void
  readonly onMoment: (moment: Moment) => void
}

type Image = NodeParts['image']
type Partitions = NonNullable<NodeParts['partitions']>
type Replica = ReturnType<Partitions['all']> extends Iterable<infer T> ? T : never
type Topic = ReturnType<NodeParts['image']['topics']> extends Iterable<infer T> ? T : never
type Registration = Topic['partitions'] extends ReadonlyMap<number, infer T> ? T : never

/** Every so many samples all that is committed is compared, not only its end. */
const SAMPLES_PER_COMPARISON = 40
const OFFSETS_TOPIC = '__consumer_offsets'

export class Audit {
  readonly #options: AuditOptions
  /** The newest that any node has known of each partition, by its name. */
  readonly #registrations = new Map<string, Registration>()
  #newestOffset = -1
  readonly #leaderOf = new Map<string, number>()
  readonly #highWatermarks = new Map<string, number>()
  readonly #digests = new Map<number, string>()
  /** Of what each node knew when it was looked at last. */
  readonly #lastDigests = new Map<number, { image: Image; offset: number; digest: string }>()
  /** By partition of the topic: behind the last offset that a client knows to be committed. */
  readonly #committedEnd = new Map<number, number>()
  /** By partition and base offset. */
  readonly #committed = new Map<number, Map<number, StoredBatch>>()
  #controller = -1
  #proposals = new Set<string>()
  #samples = 0
  #isOver = false

  constructor(options: AuditOptions) {
    this.#options = options
  }

  start(): void {
    const { world } = this.#options
    const next = (): void => {
      if (this.#isOver) return
      this.look()
      if (++this.#samples % SAMPLES_PER_COMPARISON === 0) this.compare()
      world.after(this.#options.sampleMs, next)
    }
    next()
  }

  stop(): void {
    this.#isOver = true
  }

  /** A client knows of this offset. */
  committed(partition: number, offset: number, isAcknowledged: boolean): void {
    if (this.#isOver) return
    const end = Math.max(offset + 1, this.#committedEnd.get(partition) ?? 0)
    const isNews = end > (this.#committedEnd.get(partition) ?? 0)
    this.#committedEnd.set(partition, end)
    if (!isNews) return
    this.look()
    this.#checkEnds(partition)
    this.#checkCopies(partition, end)
    if (isAcknowledged) this.#options.onMoment('acknowledged')
  }

  /** Takes in what the nodes know now; before one of them dies, too, since it may be the only one that knows. */
  look(): void {
    if (this.#isOver) return
    // Who is in sync, before it is asked what they have; the newest first, as it is by that what is committed has to be.
    for (const { node, image } of this.#newestFirst()) this.#lookAtImage(node, image)
    for (const node of this.#options.nodes) {
      const { parts } = node
      if (parts === undefined) continue
      this.#lookAtReplicas(node, parts)
      if (parts.isActiveController && !node.isPaused && node.nodeId !== this.#controller) {
        this.#controller = node.nodeId
        this.#options.onMoment('controller-changed')
      }
    }
  }

  /** All that is committed, on the disks of all that are in sync. */
  compare(): void {
    for (const [partition, end] of this.#committedEnd) {
      this.#checkEnds(partition)
      const known = this.#committed.get(partition) ?? new Map<number, StoredBatch>()
      this.#committed.set(partition, known)
      for (const node of this.inSync(partition)) {
        let nextOffset: number | undefined
        for (const batch of storedBatches(node.disk.memory.durableFiles(this.#directory(partition), '.log'))) {
          if (batch.nextOffset > end) break
          const other = known.get(batch.baseOffset)
          if (other === undefined) known.set(batch.baseOffset, batch)
          else if (!isSame(batch, other)) {
            this.#violated(
              `node ${node.nodeId} holds ${show(batch)} in partition ${partition}, where ${show(other)} was committed`,
            )
          }
          if (nextOffset !== undefined && batch.baseOffset !== nextOffset) {
            this.#violated(`node ${node.nodeId} has a gap in partition ${partition}, from offset ${nextOffset}`)
          }
          nextOffset = batch.nextOffset
        }
      }
    }
  }

  /** @param partition of the topic, for roles that depend on it */
  nodesOf(role: Role, partition: number): SimulatedNode[] {
    const { nodes, topic } = this.#options
    const leader = this.#registrations.get(`${topic}-${partition}`)?.leader ?? -1
    const coordinator = this.#registrations.get(`${OFFSETS_TOPIC}-0`)?.leader ?? -1
    switch (role) {
      case 'any':
        return [...nodes]
      case 'controller':
        return nodes.filter(({ nodeId }) => nodeId === this.#controller)
      case 'coordinator':
        return nodes.filter(({ nodeId }) => nodeId === coordinator)
      case 'leader':
        return nodes.filter(({ nodeId }) => nodeId === leader)
      case 'follower':
        return nodes.filter(({ nodeId }) => nodeId !== leader)
      default:
        return role satisfies never
    }
  }

  /** Those that have the partition of the topic. */
  replicasOf(partition: number): SimulatedNode[] {
    const replicas = this.#registrations.get(`${this.#options.topic}-${partition}`)?.replicas ?? []
    return this.#options.nodes.filter(({ nodeId }) => replicas.includes(nodeId))
  }

  /**
   * What keeps a healed cluster from being quiet: images that differ, replicas that have not heard that all is committed.
   * @returns `undefined` when it is quiet
   */
  unrest(): string | undefined {
    const { nodes, topic } = this.#options
    const digests = new Set<string>()
    for (const node of nodes) {
      const { nodeId, parts } = node
      if (parts === undefined) return `node ${nodeId} does not serve`
      digests.add(this.#digestOf(node, parts.image))
      for (const replica of parts.partitions?.all() ?? []) {
        const { log, highWatermark } = replica
        if (log.topic === topic && highWatermark < log.logEndOffset) {
          return `node ${nodeId} has ${topic}-${log.partition} to ${log.logEndOffset}, committed to ${highWatermark}`
        }
      }
    }
    return digests.size === 1
      ? undefined
      : `the nodes know ${digests.size} different clusters: ${[...digests].join(' ')}`
  }

  /** In a quiet cluster: what each replica knows of epochs is what its batches say. */
  checkEpochs(): void {
    const { nodes, topic } = this.#options
    for (const { nodeId, parts, disk } of nodes) {
      for (const replica of parts?.partitions?.all() ?? []) {
        const { log } = replica
        if (log.topic !== topic || replica.offline) continue
        const { memory } = disk
        const directory = this.#directory(log.partition)
        const names = memory.list(directory).map(({ name }) => name)
        const files = new Map(names.map((name) => [name, memory.readFile(`${directory}/${name}`)]))
        const wrong = storedBatches(files).find(({ baseOffset, leaderEpoch }) => {
          return baseOffset >= log.logStartOffset && log.epochAt(baseOffset) !== leaderEpoch
        })
        if (wrong === undefined) continue
        this.#violated(
          `node ${nodeId} takes offset ${wrong.baseOffset} of partition ${log.partition} for one of epoch ` +
            `${log.epochAt(wrong.baseOffset)}; it is of ${wrong.leaderEpoch}`,
        )
      }
    }
  }

  /** With those that start: they may be the only ones that know, and act on it. */
  #newestFirst(): { readonly node: SimulatedNode; readonly image: Image }[] {
    return this.#options.nodes
      .flatMap((node) => (node.image === undefined ? [] : [{ node, image: node.image }]))
      .sort((a, b) => b.image.offset - a.image.offset)
  }

  #lookAtImage(node: SimulatedNode, image: Image): void {
    const { offset } = image
    const known = this.#digests.get(offset)
    const digest = this.#digestOf(node, image)
    if (known === undefined || offset > this.#newestOffset) {
      this.#digests.set(offset, digest)
    } else if (known !== digest) {
      this.#violated(`at offset ${offset} node ${node.nodeId} has another picture of the cluster: ${digest}, ${known}`)
    }
    if (offset <= this.#newestOffset) return
    this.#newestOffset = offset
    for (const topic of image.topics()) {
      for (const [partition, registration] of topic.partitions) this.#lookAtRegistration(topic, partition, registration)
    }
  }

  /** An image moves with its offset only. */
  #digestOf({ nodeId }: SimulatedNode, image: Image): string {
    const before = this.#lastDigests.get(nodeId)
    if (before !== undefined && before.image === image && before.offset === image.offset) return before.digest
    const digest = digestOf(image)
    this.#lastDigests.set(nodeId, { image, offset: image.offset, digest })
    return digest
  }

  #lookAtRegistration(topic: Topic, partition: number, now: Registration): void {
    const name = `${topic.name}-${partition}`
    const before = this.#registrations.get(name)
    // Nodes have objects of their own for the same thing.
    if (before === now || (before !== undefined && JSON.stringify(before) === JSON.stringify(now))) return
    this.#registrations.set(name, now)
    const { leader, leaderEpoch, partitionEpoch, isr, replicas } = now
    const what = `${name} at partition epoch ${partitionEpoch}`
    if (!isr.every((id) => replicas.includes(id)))
      this.#violated(`${what}: in sync are ${isr.join()}, replicas ${replicas.join()}`)
    if (leader >= 0 && !isr.includes(leader)) this.#violated(`${what}: ${leader} leads, in sync are ${isr.join()}`)
    if (before === undefined) return
    if (partitionEpoch <= before.partitionEpoch || leaderEpoch < before.leaderEpoch) {
      this.#violated(`${what}: epochs went from ${before.partitionEpoch} and ${before.leaderEpoch} to ${leaderEpoch}`)
    }
    if (leader !== before.leader && leaderEpoch === before.leaderEpoch) {
      this.#violated(`${what}: ${leader} leads in the epoch of ${before.leader}`)
    }
    if (topic.name !== this.#options.topic) return
    this.#checkEnds(partition)
    if (leader !== before.leader) this.#options.onMoment('leader-changed')
    else if (isr.length < before.isr.length) this.#options.onMoment('isr-shrunk')
    else if (isr.length > before.isr.length) this.#options.onMoment('isr-expanded')
  }

  #lookAtReplicas(node: SimulatedNode, { partitions }: NodeParts): void {
    for (const replica of partitions?.all() ?? []) {
      if (replica.offline) continue
      const { log, highWatermark, leads, leaderEpoch } = replica
      const name = `${log.topic}-${log.partition}`
      if (log.logStartOffset > highWatermark || highWatermark > log.logEndOffset) {
        this.#violated(
          `node ${node.nodeId}, ${name}: log from ${log.logStartOffset} to ${log.logEndOffset}, committed to ${highWatermark}`,
        )
      }
      const isInSync = this.#registrations.get(name)?.isr.includes(node.nodeId) === true
      const committedEnd = log.topic === this.#options.topic ? (this.#committedEnd.get(log.partition) ?? 0) : 0
      if (isInSync && log.logEndOffset < committedEnd) {
        this.#violated(`node ${node.nodeId}, in sync, has ${name} to ${log.logEndOffset}, committed is ${committedEnd}`)
      }
      if (leads) this.#lookAtLeader(node, replica, name, `${name} in epoch ${leaderEpoch}`)
    }
  }

  #lookAtLeader(node: SimulatedNode, replica: Replica, name: string, term: string): void {
    const other = this.#leaderOf.get(term)
    if (other !== undefined && other !== node.nodeId) {
      this.#violated(`nodes ${other} and ${node.nodeId} both lead ${term}`)
    }
    this.#leaderOf.set(term, node.nodeId)
    const life = `${term} ${node.incarnation}`
    const before = this.#highWatermarks.get(life) ?? 0
    if (replica.highWatermark < before) {
      this.#violated(`${term}: the high watermark went back from ${before} to ${replica.highWatermark}`)
    }
    this.#highWatermarks.set(life, replica.highWatermark)
    replica.replicas?.invariants()
    const proposal = replica.replicas?.pendingProposal
    if (proposal === undefined || name === `${OFFSETS_TOPIC}-0`) return
    const key = `${term} ${proposal.partitionEpoch}`
    if (this.#proposals.has(key)) return
    this.#proposals.add(key)
    this.#options.onMoment('isr-proposed')
  }

  #checkEnds(partition: number): void {
    const end = this.#committedEnd.get(partition) ?? 0
    for (const node of this.inSync(partition)) {
      const stored = storedEndOffset(node.disk.memory.durableFiles(this.#directory(partition), '.log'))
      if (stored >= end) continue
      this.#violated(
        `offset ${end - 1} of partition ${partition} is committed, and node ${node.nodeId}, in sync, has only ` +
          `${stored} records on its disk`,
      )
    }
  }

  /** What is committed survives the loss of all but one of `min.insync.replicas` disks. */
  #checkCopies(partition: number, end: number): void {
    const { nodes, copiesMin } = this.#options
    const copies = nodes.filter(({ disk }) => {
      return storedEndOffset(disk.memory.durableFiles(this.#directory(partition), '.log')) >= end
    })
    if (copies.length >= copiesMin(partition)) return
    this.#violated(
      `offset ${end - 1} of partition ${partition} is committed and on the disks of ${copies.length} nodes`,
    )
  }

  /** Those that the newest image has in sync. */
  inSync(partition: number): SimulatedNode[] {
    const { nodes, topic } = this.#options
    const isr = this.#registrations.get(`${topic}-${partition}`)?.isr ?? []
    return nodes.filter(({ nodeId }) => isr.includes(nodeId))
  }

  #directory(partition: number): string {
    return `data/${this.#options.topic}-${partition}`
  }

  #violated(message: string): void {
    this.#options.onViolation(message)
  }
}

/** What nodes must agree on, as text. */
function digestOf(image: Image): string {
  const topics = [...image.topics()].map(({ name, partitions }) => {
    const states = [...partitions].map(([partition, each]) => {
      const { leader, leaderEpoch, partitionEpoch, isr, replicas, eligibleLeaderReplicas: eligible } = each
      return `${partition}:${leader}/${leaderEpoch}/${partitionEpoch} isr ${isr.join()} of ${replicas.join()} elr ${eligible.join()}`
    })
    return `${name} ${states.toSorted().join(', ')}`
  })
  const brokers = [...image.brokers()].map(({ id, epoch, fenced }) => `${id}@${epoch}${fenced ? ' fenced' : ''}`)
  return `${topics.toSorted().join('; ')}; brokers ${brokers.toSorted().join(' ')}`
}

function isSame(a: StoredBatch, b: StoredBatch): boolean {
  return a.nextOffset === b.nextOffset && a.leaderEpoch === b.leaderEpoch && a.checksum === b.checksum
}

function show({ baseOffset, nextOffset, leaderEpoch, checksum }: StoredBatch): string {
  return `offsets ${baseOffset} to ${nextOffset - 1} of epoch ${leaderEpoch} (${checksum.toString(16)})`
}
