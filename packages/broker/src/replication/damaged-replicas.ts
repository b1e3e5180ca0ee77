/**
 * What becomes of a replica on this node whose disk does not hold what was written.
 *
 *     damaged, others in sync     it leaves: its directory is called lost (KIP-858), so that it neither leads nor counts
 *     damaged, has left           what is damaged and all behind it is cut off, and fetched again from the leader
 *     incomplete                  cut off, and maybe still eligible to lead (KIP-966): its directory stays lost
 *     whole                       in sync again, or not eligible: its directory is what it was
 *     damaged, and the last copy  it stays as it is: all but the damaged records can be read
 *
 * Works under controllers of Apache Kafka as well: nothing is said to them but where a replica lies.
 * Invariant: nothing is cut off while this replica is in sync or may become the leader.
 * Bound: {@link REPAIRS_MAX} repairs of a replica, then it stays away until the node starts again.
 */
import type { Logger, Timer, Timers } from '@braidlog/base'
import type { ImageView, MetadataDelta, MetadataListener } from '@braidlog/metadata'
import type { Uuid } from '@braidlog/model'
import type { Partition } from '@braidlog/partition'

const REPAIRS_MAX = 5
const PAUSE_MS = 1_000

/** A partition as far as it matters here. */
export interface ReplicaView {
  readonly leader: number
  readonly isr: readonly number[]
  readonly eligibleLeaderReplicas: readonly number[]
  /** The metadata call the directory of this node's replica lost; `undefined`: replicas have no directories. */
  readonly isLost: boolean | undefined
}

export type DamageStep = 'keep' | 'leave' | 'repair' | 'rejoin' | 'whole'

/** Pure. @param isDamaged otherwise it is incomplete */
export function damageStep(nodeId: number, isDamaged: boolean, view: ReplicaView): DamageStep {
  const { leader, isr, eligibleLeaderReplicas, isLost } = view
  const isInSync = isr.includes(nodeId)
  if (!isDamaged) return isInSync || !eligibleLeaderReplicas.includes(nodeId) ? 'whole' : 'rejoin'
  // Nobody has more than this one, or nobody can be asked for it.
  if (leader < 0 || (isInSync && isr.length === 1)) return 'keep'
  if (isLost === undefined) return leader === nodeId ? 'keep' : isInSync ? 'leave' : 'repair'
  return isInSync || leader === nodeId || !isLost ? 'leave' : 'repair'
}

export interface DamagedReplicasOptions {
  readonly nodeId: number
  readonly image: ImageView
  /** Where replicas lie; `undefined`: no partition has other replicas. */
  readonly directories: { look(topicId: Uuid, partition: number): void } | undefined
  readonly isLost: (topicId: Uuid, partition: number) => boolean | undefined
  /** Fetches nothing more for it; resolves when nothing that was asked before is under way. */
  readonly stopFollowing: (partition: Partition) => Promise<void>
  readonly follow: (partition: Partition, leaderId: number) => void
  readonly timers: Timers
  readonly logger: Logger
}

interface Damaged {
  readonly partition: Partition
  /** What was last said about it. */
  told: string
  repairs: number
  isBusy: boolean
  timer: Timer | undefined
}

export class DamagedReplicas implements MetadataListener {
  readonly #options: DamagedReplicasOptions
  /** By `topic id partition`. */
  readonly #damaged = new Map<string, Damaged>()
  #isClosed = false

  constructor(options: DamagedReplicasOptions) {
    this.#options = options
  }

  /** Replicas that are damaged, or being made whole again. */
  get count(): number {
    return this.#damaged.size
  }

  /** The replica has found itself damaged, or was found incomplete. */
  found(partition: Partition): void {
    const key = keyOf(partition.log)
    const known = this.#damaged.get(key)
    if (known?.partition === partition) return this.#look(key)
    this.#damaged.set(key, { partition, told: '', repairs: 0, isBusy: false, timer: undefined })
    this.#look(key)
  }

  onImage(_image: ImageView, { partitions }: MetadataDelta): void {
    if (this.#damaged.size === 0) return
    for (const { topicId, partition } of partitions) this.#look(keyOf({ topicId, partition }))
  }

  /** The replica must not fetch: it is about to be cut off, or its answers would say that it is in sync. */
  holds(partition: Partition): boolean {
    return partition.isDamaged && this.#damaged.get(keyOf(partition.log))?.partition === partition
  }

  /** The replica is not to be taken for one that may lead. */
  isAway(topicId: Uuid, partition: number): boolean {
    const damaged = this.#damaged.get(keyOf({ topicId, partition }))
    const view = damaged && this.#view(damaged)
    if (damaged === undefined || view === undefined) return false
    const step = damageStep(this.#options.nodeId, damaged.partition.isDamaged, view)
    return step === 'leave' || step === 'repair' || step === 'rejoin'
  }

  close(): void {
    this.#isClosed = true
    for (const { timer } of this.#damaged.values()) timer?.cancel()
  }

  #look(key: string): void {
    const damaged = this.#damaged.get(key)
    if (damaged === undefined || damaged.isBusy || damaged.timer !== undefined || this.#isClosed) return
    const { partition } = damaged
    const view = this.#view(damaged)
    if (view === undefined || partition.log.closed) return void this.#damaged.delete(key)
    const step = damageStep(this.#options.nodeId, partition.isDamaged, view)
    this.#tell(damaged, step)
    const { topicId, partition: number } = partition.log
    this.#options.directories?.look(topicId, number)
    switch (step) {
      case 'keep':
        if (partition.offline) void this.#work(key, damaged, () => partition.recover())
        return
      case 'leave':
        void this.#options.stopFollowing(partition)
        return
      case 'repair':
        void this.#work(key, damaged, () => this.#repair(damaged))
        return
      case 'rejoin':
        return
      case 'whole':
        void this.#work(key, damaged, () => partition.log.markIncomplete(false))
        return
      default:
        step satisfies never
    }
  }

  async #repair(damaged: Damaged): Promise<void> {
    const { nodeId, stopFollowing, follow } = this.#options
    const { partition } = damaged
    await stopFollowing(partition)
    const view = this.#view(damaged)
    if (view === undefined || damageStep(nodeId, partition.isDamaged, view) !== 'repair') return
    await partition.log.markIncomplete(true)
    await partition.repairFollower(partition.leaderEpoch, damaged.repairs > 1)
    if (!partition.isDamaged) follow(partition, view.leader)
  }

  async #work(key: string, damaged: Damaged, work: () => Promise<void>): Promise<void> {
    const { logger, timers } = this.#options
    const { topic, partition: number } = damaged.partition.log
    if (damaged.repairs >= REPAIRS_MAX) {
      const advice = 'replace the disk, or restart the node to have it tried again'
      return logger.error('a replica stays damaged', { topic, partition: number, advice })
    }
    damaged.isBusy = true
    try {
      damaged.repairs++
      await work()
      if (this.#isWhole(damaged)) this.#forget(key, damaged)
    } catch (error) {
      logger.warn('a damaged replica could not be repaired', { topic, partition: number, error })
    }
    damaged.isBusy = false
    if (this.#isClosed) return
    damaged.timer = timers.after(PAUSE_MS, () => {
      damaged.timer = undefined
      this.#look(key)
    })
  }

  #isWhole({ partition: { isDamaged, log } }: Damaged): boolean {
    return !isDamaged && !log.isIncomplete
  }

  #forget(key: string, { partition }: Damaged): void {
    const { nodeId, image, directories, follow, logger } = this.#options
    const { topic, topicId, partition: number, logEndOffset } = partition.log
    this.#damaged.delete(key)
    logger.info('a replica is whole again', { topic, partition: number, logEndOffset })
    directories?.look(topicId, number)
    const leader = image.topicById(topicId)?.partitions.get(number)?.leader ?? -1
    if (leader >= 0 && leader !== nodeId) follow(partition, leader)
  }

  /** Once for each step. */
  #tell(damaged: Damaged, step: DamageStep): void {
    if (damaged.told === step) return
    damaged.told = step
    const { topic, partition: number, damage, offline } = damaged.partition.log
    const what = { topic, partition: number, step, ...damage, ...(offline === undefined ? {} : { error: offline }) }
    if (step !== 'keep') return this.#options.logger.warn('a replica is damaged', what)
    const advice =
      'no other replica has these records: everything else is still served; to go on without them, let consumers seek ' +
      'behind the offset, or delete the records below the next one'
    this.#options.logger.error('the last replica in sync is damaged', { ...what, advice })
  }

  /** `undefined`: there is no such replica any more. */
  #view({ partition: { log } }: Damaged): ReplicaView | undefined {
    const { nodeId, image, isLost } = this.#options
    const registration = image.topicById(log.topicId)?.partitions.get(log.partition)
    if (registration === undefined || !registration.replicas.includes(nodeId)) return undefined
    const { leader, isr, eligibleLeaderReplicas } = registration
    return { leader, isr, eligibleLeaderReplicas, isLost: isLost(log.topicId, log.partition) }
  }
}

function keyOf({ topicId, partition }: { readonly topicId: Uuid; readonly partition: number }): string {
  return `${topicId} ${partition}`
}
