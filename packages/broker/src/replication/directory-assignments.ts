/**
 * Tells the controller in which directory this node's replicas lie (AssignReplicasToDirs, KIP-858), wherever the metadata
 * say another: after a disk was replaced, or for partitions from before directories had ids. A replica in a directory that
 * its broker does not have counts as offline; so does one that is damaged, and called lost here until it is whole.
 *
 * One request is in flight at a time. Bound: {@link PARTITIONS_PER_REQUEST}, and a pause when it fails; what is wanted is
 * found anew in the metadata each time.
 */
import type { Logger, Timer, Timers } from '@braidlog/base'
import {
  DIRECTORY_LOST,
  isReservedDirectoryId,
  type ImageView,
  type MetadataDelta,
  type MetadataListener,
} from '@braidlog/metadata'
import { ErrorCode, errorName, type Uuid } from '@braidlog/model'
import type { AssignReplicasToDirsRequest, AssignReplicasToDirsResponse } from '@braidlog/protocol'

const PARTITIONS_PER_REQUEST = 2_000
const PAUSE_MS = 1_000
/** metadata.version from which replicas have directories. */
const DIRECTORIES_LEVEL = 17

type AskedDirectory = AssignReplicasToDirsRequest['directories'][number]
type AskedTopic = AskedDirectory['topics'][number]

export interface DirectoryAssignmentsOptions {
  readonly nodeId: number
  readonly directoryId: Uuid
  /** What is known of the replica here: as it should be, to be kept from leading, or (`undefined`) nothing yet. */
  readonly isSound: (topicId: Uuid, partition: number) => boolean | undefined
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
      if (this.#wanted(topicId, partition) !== undefined) this.#suspect(topicId, partition)
    }
    this.#look()
  }

  /** Whether the replica is sound may have changed. */
  look(topicId: Uuid, partition: number): void {
    if (this.#wanted(topicId, partition) !== undefined) this.#suspect(topicId, partition)
    this.#look()
  }

  /** The metadata call the directory of this node's replica lost; `undefined`: replicas have no directories. */
  isLost(topicId: Uuid, partition: number): boolean | undefined {
    const { nodeId, image } = this.#options
    if (image.metadataVersion < DIRECTORIES_LEVEL) return undefined
    const registration = image.topicById(topicId)?.partitions.get(partition)
    return registration?.directories[registration.replicas.indexOf(nodeId)] === DIRECTORY_LOST
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
    const directories = this.#take()
    if (directories.length === 0) return
    this.#isAsking = true
    void this.#ask(directories).then((isDone) => {
      this.#isAsking = false
      if (this.#isClosed) return
      if (isDone) return this.#look()
      this.#timer = this.#options.timers.after(PAUSE_MS, () => {
        this.#timer = undefined
        this.#look()
      })
    })
  }

  /** What is still wanted, as far as it fits into a request. */
  #take(): AskedDirectory[] {
    const directories = new Map<Uuid, AskedTopic[]>()
    let count = 0
    for (const [topicId, numbers] of this.#suspected) {
      for (const partition of numbers) {
        if (count === PARTITIONS_PER_REQUEST) break
        numbers.delete(partition)
        const id = this.#wanted(topicId, partition)
        if (id === undefined) continue
        let topics = directories.get(id)
        if (topics === undefined) directories.set(id, (topics = []))
        if (topics.at(-1)?.topicId !== topicId) topics.push({ topicId, partitions: [] })
        topics.at(-1)!.partitions.push({ partitionIndex: partition })
        count++
      }
      if (numbers.size === 0) this.#suspected.delete(topicId)
    }
    return [...directories].map(([id, topics]) => ({ id, topics }))
  }

  /** @returns false: something is left to be asked again, after a pause */
  async #ask(directories: AskedDirectory[]): Promise<boolean> {
    const { nodeId, brokerEpoch, submit, logger } = this.#options
    try {
      const response = await submit({ brokerId: nodeId, brokerEpoch: brokerEpoch(), directories })
      if (response.errorCode === ErrorCode.NONE) return !this.#suspectRefused(response)
      logger.debug('the controller did not take directories of replicas', { error: errorName(response.errorCode) })
    } catch (error) {
      logger.debug('the controller did not answer about directories of replicas', { error })
    }
    for (const { topicId, partitions } of directories.flatMap(({ topics }) => topics)) {
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

  /** The directory to be told of for a replica on this node; `undefined`: the metadata have it, or it is not known yet. */
  #wanted(topicId: Uuid, partition: number): Uuid | undefined {
    const { nodeId, directoryId, isSound, image } = this.#options
    const registration = image.topicById(topicId)?.partitions.get(partition)
    const at = registration?.replicas.indexOf(nodeId) ?? -1
    if (at < 0 || image.metadataVersion < DIRECTORIES_LEVEL) return undefined
    const { directories, isr, leader } = registration!
    const present = directories[at]
    switch (isSound(topicId, partition)) {
      case true: {
        // It was on another disk, and nobody has told this one what was there: an empty log must not be elected.
        const isBlank = leader < 0 && present !== undefined && !isReservedDirectoryId(present)
        return present === directoryId || isBlank ? undefined : directoryId
      }
      case false:
        // A leader may have taken it in meanwhile, which does not look at directories.
        return present === DIRECTORY_LOST && !isr.includes(nodeId) ? undefined : DIRECTORY_LOST
      default:
        // Asked again once it has been opened.
        return undefined
    }
  }
}
