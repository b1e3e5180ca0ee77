/**
 * Keeps the partitions on this node equal to what the metadata image says: opens those that it holds a copy of, to lead or
 * to follow, deletes what is gone, passes on new configuration, and tells the coordinators which of their partitions they
 * have won or lost.
 *
 * Opening takes I/O, so the work of a delta is queued behind that of the one before; `settled` says when all that was
 * known when it was called has been done.
 */
import type { Logger } from '@braidlog/base'
import type { LogConfig } from '@braidlog/log'
import type { ImageView, MetadataDelta, MetadataListener, TopicImage } from '@braidlog/metadata'
import { ConfigResourceType, ErrorCode, type Uuid } from '@braidlog/model'
import type { Partition, PartitionAssignment, PartitionSet } from '@braidlog/partition'

export interface ReplicaListener {
  /** This node leads the partition from now on. */
  onLead(topic: string, partition: number, replica: Partition): void
  /** It does no longer. */
  onResign(topic: string, partition: number, leaderEpoch: number): void
  /** This node follows, or nobody leads (-1), from now on. */
  onFollow(replica: Partition, leaderId: number): void
  /** It holds no copy any more, or leads. */
  onUnfollow(replica: Partition): void
}

export interface ReplicasOptions {
  readonly nodeId: number
  readonly partitions: PartitionSet
  readonly image: ImageView
  readonly logger: Logger
  readonly listener: ReplicaListener
  /** Effective configuration of a topic. */
  readonly logConfigOf: (topic: string) => LogConfig
  /** Opening a partition failed: the data directory is not to be trusted. */
  readonly onFailure: (error: Error) => void
}

interface Placed {
  readonly topic: string
  readonly topicId: Uuid
  readonly partition: number
}

interface Opening extends Placed {
  readonly kind: 'open'
  readonly assignment: PartitionAssignment
  /** This node begins to lead, or to lead in a new epoch. */
  readonly becomesLeader: boolean
  /** Epoch in which this node led and does no longer. */
  readonly resignedEpoch: number | undefined
}

interface Deleting extends Placed {
  readonly kind: 'delete'
  readonly leaderEpoch: number
}

type Work = Opening | Deleting

/** Partitions opened at a time: recovery is I/O, but each open log costs memory. */
const OPEN_CONCURRENCY = 16

export class Replicas implements MetadataListener {
  readonly #options: ReplicasOptions
  #chain: Promise<void> = Promise.resolve()

  constructor(options: ReplicasOptions) {
    this.#options = options
  }

  onImage(_image: ImageView, delta: MetadataDelta): void {
    this.#reconfigure(delta)
    if (delta.brokers.length > 0) this.#options.partitions.rooms.livenessChanged()
    const work = planOf(delta, this.#options.nodeId)
    if (work.length === 0) return
    this.#chain = this.#chain
      .then(() => this.#perform(work))
      .catch((error: unknown) => {
        const failure = error instanceof Error ? error : new Error(String(error))
        this.#options.logger.error('cannot bring the partitions in line with the metadata', { error: failure })
        this.#options.onFailure(failure)
      })
  }

  /** Resolves when all that the image asked for until now has been done. */
  settled(): Promise<void> {
    return this.#chain
  }

  /** The partition, if this node holds a copy and it is open. */
  get(topicId: Uuid, partition: number): Partition | undefined {
    return this.#options.partitions.get(topicId, partition)
  }

  /** Why `get` found nothing, for a topic that was asked for by name. */
  errorByName(topic: TopicImage | undefined, partition: number): ErrorCode {
    if (topic === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    return topic.partitions.has(partition) ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  }

  /** Why `get` found nothing, for a topic that was asked for by id. */
  errorById(topic: TopicImage | undefined, partition: number): ErrorCode {
    if (topic === undefined) return ErrorCode.UNKNOWN_TOPIC_ID
    return this.errorByName(topic, partition)
  }

  async #perform(work: readonly Work[]): Promise<void> {
    for (let at = 0; at < work.length; at += OPEN_CONCURRENCY) {
      await Promise.all(work.slice(at, at + OPEN_CONCURRENCY).map((each) => this.#performOne(each)))
    }
  }

  async #performOne(work: Work): Promise<void> {
    const { nodeId, partitions, listener, logConfigOf, image } = this.#options
    const { topic, topicId, partition } = work
    if (work.kind === 'delete') {
      const gone = partitions.get(topicId, partition)
      if (gone !== undefined) listener.onUnfollow(gone)
      listener.onResign(topic, partition, work.leaderEpoch)
      partitions.delete(topicId, partition)
      return
    }
    // Deleted again while it waited in the queue: its deletion is queued too and must find nothing.
    if (image.topicById(topicId) === undefined) return
    const { assignment, becomesLeader, resignedEpoch } = work
    if (resignedEpoch !== undefined) listener.onResign(topic, partition, resignedEpoch)
    const { leader, leaderEpoch, isr } = assignment
    this.#options.logger.debug('partition assigned', { topic, partition, leader, leaderEpoch, isr })
    const replica = await partitions.open({ topic, topicId, partition }, logConfigOf(topic), assignment)
    if (assignment.leader === nodeId) {
      listener.onUnfollow(replica)
      if (becomesLeader) listener.onLead(topic, partition, replica)
    } else listener.onFollow(replica, assignment.leader)
  }

  #reconfigure(delta: MetadataDelta): void {
    const topics = new Set<string>()
    let all = false
    for (const change of delta.configs) {
      if (change.resourceType === ConfigResourceType.TOPIC) topics.add(change.resourceName)
      else if (change.resourceType === ConfigResourceType.BROKER) all = true
    }
    if (!all && topics.size === 0) return
    const { partitions, logConfigOf } = this.#options
    for (const replica of partitions.all()) {
      const { topic } = replica.log
      if (all || topics.has(topic)) partitions.reconfigure(replica, logConfigOf(topic))
    }
  }
}

/** What a delta means for this node: deletions and openings in the order in which they happened. */
function planOf(delta: MetadataDelta, nodeId: number): Work[] {
  const work: Work[] = []
  for (const { topic, topicId, partition, before, after } of delta.partitions) {
    const hadCopy = before?.replicas.includes(nodeId) ?? false
    const placed = { topic, topicId, partition }
    if (after === undefined || !after.replicas.includes(nodeId)) {
      if (hadCopy) work.push({ kind: 'delete', ...placed, leaderEpoch: before!.leaderEpoch })
      continue
    }
    const led = before !== undefined && before.leader === nodeId
    const leads = after.leader === nodeId
    work.push({
      kind: 'open',
      ...placed,
      assignment: after,
      becomesLeader: leads && (!led || before.leaderEpoch !== after.leaderEpoch),
      resignedEpoch: led && !leads ? before.leaderEpoch : undefined,
    })
  }
  return work
}
