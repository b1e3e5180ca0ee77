/**
 * Tells the controller in which directory this node's replicas lie (AssignReplicasToDirs, KIP-858), wherever the metadata
 * say another: after a disk was replaced, or for partitions from before directories had ids. A replica in a directory that
 * its broker does not have counts as offline.
 *
 * One request is in flight at a time. Bound: {@link PARTITIONS_PER_REQUEST}, and a pause when it fails; what is wanted is
 * found anew in the metadata each time.
 */
import type { Logger, Timer, Timers } from '@braidlog/base'
import type { ImageView, MetadataDelta, MetadataListener } from '@braidlog/metadata'
import { ErrorCode, errorName, type Uuid } from '@braidlog/model'
import type { AssignReplicasToDirsRequest, AssignReplicasToDirsResponse } from '@braidlog/protocol'

const PARTITIONS_PER_REQUEST = 2_000
const PAUSE_MS = 1_000
/** metadata.version from which replicas have directories. */
const DIRECTORIES_LEVEL = 17

type AskedTopic = AssignReplicasToDirsRequest['directories'][number]['topics'][number]

export interface DirectoryAssignmentsOptions {
  readonly nodeId: number
  readonly directoryId: Uuid
  readonly brokerEpoch: () => number
  readonly image: ImageView
  readonly submit: (request: AssignReplicasToDirsRequest) => Promise<AssignReplicasToDirsResponse>
  readonly timers: Timers
  readonly logger: Logger
}

export class DirectoryAssignments implements MetadataListener {
  readonly #options: DirectoryAssignmentsOptions
  /** Partitions whose directory may be another, by topic. */
  readonly #suspected = new Map<Uuid, Set<number>>()
  #isAsking = false
  #timer: Timer | undefined
  #isClosed = false

  constructor(options: DirectoryAssignmentsOptions) {
    this.#options = options
  }

  onImage(_image: ImageView, { partitions }: MetadataDelta): void {
    for (const { topicId, partition } of partitions) {
      if (this.#isElsewhere(topicId, partition)) this.#suspect(topicId, partition)
    }
    this.#look()
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  #suspect(topicId: Uuid, partition: number): void {
    const known = this.#suspected.get(topicId)
    if (known === undefined) this.#suspected.set(topicId, new Set([partition]))
    else known.add(partition)
  }

  #look(): void {
    if (this.#isClosed || this.#isAsking || this.#timer !== undefined) return
    const topics = this.#take()
    if (topics.length === 0) return
    this.#isAsking = true
    void this.#ask(topics).then((isDone) => {
      this.#isAsking = false
      if (isDone) return this.#look()
      if (this.#isClosed) return
      this.#timer = this.#options.timers.after(PAUSE_MS, () => {
        this.#timer = undefined
        this.#look()
      })
    })
  }

  /** What is still wanted, as far as it fits into a request. */
  #take(): AskedTopic[] {
    const topics: AskedTopic[] = []
    let count = 0
    for (const [topicId, numbers] of this.#suspected) {
      const partitions: { partitionIndex: number }[] = []
      for (const partition of numbers) {
        if (count === PARTITIONS_PER_REQUEST) break
        numbers.delete(partition)
        if (!this.#isElsewhere(topicId, partition)) continue
        partitions.push({ partitionIndex: partition })
        count++
      }
      if (numbers.size === 0) this.#suspected.delete(topicId)
      if (partitions.length > 0) topics.push({ topicId, partitions })
    }
    return topics
  }

  /** @returns false: something is left to be asked again, after a pause */
  async #ask(topics: AskedTopic[]): Promise<boolean> {
    const { nodeId, directoryId, brokerEpoch, submit, logger } = this.#options
    const directories = [{ id: directoryId, topics }]
    try {
      const response = await submit({ brokerId: nodeId, brokerEpoch: brokerEpoch(), directories })
      if (response.errorCode === ErrorCode.NONE) return !this.#suspectRefused(response)
      logger.debug('the controller did not take directories of replicas', { error: errorName(response.errorCode) })
    } catch (error) {
      logger.debug('the controller did not answer about directories of replicas', { error })
    }
    for (const { topicId, partitions } of topics) {
      for (const { partitionIndex } of partitions) this.#suspect(topicId, partitionIndex)
    }
    return false
  }

  /** @returns whether there were any */
  #suspectRefused({ directories }: AssignReplicasToDirsResponse): boolean {
    let isAny = false
    for (const { topicId, partitions } of directories.flatMap(({ topics }) => topics)) {
      for (const { partitionIndex, errorCode } of partitions) {
        if (errorCode === ErrorCode.NONE) continue
        this.#suspect(topicId, partitionIndex)
        isAny = true
      }
    }
    return isAny
  }

  /** This node holds a replica that the metadata place in another directory. */
  #isElsewhere(topicId: Uuid, partition: number): boolean {
    const { nodeId, directoryId, image } = this.#options
    const registration = image.topicById(topicId)?.partitions.get(partition)
    const at = registration?.replicas.indexOf(nodeId) ?? -1
    return at >= 0 && image.metadataVersion >= DIRECTORIES_LEVEL && registration!.directories[at] !== directoryId
  }
}
