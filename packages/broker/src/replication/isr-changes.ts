/**
 * Carries the wishes of partition leaders to the controller: which replicas are to count as in sync (AlterPartition).
 *
 * One request is in flight at a time and takes along all that is wanted when it leaves. What the controller has certainly
 * not done may be wanted again; where it knows of a newer state than the leader, the metadata will bring that, and until
 * then the leader assumes the worst of both (KIP-497).
 * Bound: one wish a partition, {@link PARTITIONS_PER_REQUEST} a request, one request every {@link PAUSE_MIN_MS} at most when
 * it fails.
 * Source: `AlterPartitionManager` and `Partition.handleAlterPartitionError` of Apache Kafka.
 */
import type { Logger, Timers } from '@braidlog/base'
import { ErrorCode, errorName, type Uuid } from '@braidlog/model'
import type { IsrProposal, Partition } from '@braidlog/partition'
import type { AlterPartitionRequest, AlterPartitionResponse } from '@braidlog/protocol'

const PARTITIONS_PER_REQUEST = 1_000
const PAUSE_MIN_MS = 50
const PAUSE_MAX_MS = 1_000
/** LeaderRecoveryState: a leader that proposes anything has done what recovery asks for. */
const RECOVERED = 0

export interface IsrChangesOptions {
  readonly nodeId: number
  readonly brokerEpoch: () => number
  /** Asks the active controller; rejects when there is no answer. */
  readonly submit: (request: AlterPartitionRequest) => Promise<AlterPartitionResponse>
  readonly timers: Timers
  readonly logger: Logger
}

type AskedPartition = AlterPartitionRequest['topics'][number]['partitions'][number]

type PartitionAnswer = AlterPartitionResponse['topics'][number]['partitions'][number]

/** What an answer means for the proposal. */
type Outcome = 'await-metadata' | 'committed' | 'refused' | 'retry'

export class IsrChanges {
  readonly #options: IsrChangesOptions
  readonly #wanted = new Map<Partition, IsrProposal>()
  #sending = false
  #pauseMs = PAUSE_MIN_MS
  #closed = false

  constructor(options: IsrChangesOptions) {
    this.#options = options
  }

  /** Replaces what the partition wanted before. */
  propose(partition: Partition, proposal: IsrProposal): void {
    this.#wanted.set(partition, proposal)
    if (!this.#sending && !this.#closed) void this.#sendAll()
  }

  close(): void {
    this.#closed = true
    this.#wanted.clear()
  }

  async #sendAll(): Promise<void> {
    this.#sending = true
    try {
      // All that is wanted in this turn shares a request.
      await Promise.resolve()
      while (this.#wanted.size > 0 && !this.#closed) {
        const isDone = await this.#sendSome()
        if (isDone) this.#pauseMs = PAUSE_MIN_MS
        else await this.#pause()
      }
    } finally {
      this.#sending = false
    }
  }

  /** @returns false: nothing came of it, try again after a pause */
  async #sendSome(): Promise<boolean> {
    const { nodeId, brokerEpoch, submit, logger } = this.#options
    const taken = new Map<string, readonly [Partition, IsrProposal]>()
    const topics = new Map<Uuid, AskedPartition[]>()
    for (const [partition, proposal] of this.#wanted) {
      if (taken.size === PARTITIONS_PER_REQUEST) break
      this.#wanted.delete(partition)
      if (partition.replicas?.pendingProposal !== proposal) continue
      const { topicId, partition: partitionIndex } = partition.log
      taken.set(`${topicId} ${partitionIndex}`, [partition, proposal])
      const { leaderEpoch, partitionEpoch, isr } = proposal
      const asked = {
        partitionIndex,
        leaderEpoch,
        partitionEpoch,
        // The older of two forms.
        newIsr: [],
        newIsrWithEpochs: [...isr],
        leaderRecoveryState: RECOVERED,
      }
      const group = topics.get(topicId)
      if (group === undefined) topics.set(topicId, [asked])
      else group.push(asked)
    }
    if (taken.size === 0) return true
    let failed = false
    try {
      const response = await submit({
        brokerId: nodeId,
        brokerEpoch: brokerEpoch(),
        topics: [...topics].map(([topicId, partitions]) => ({ topicId, partitions })),
      })
      if (response.errorCode === ErrorCode.NONE) {
        for (const topic of response.topics) {
          for (const answer of topic.partitions) {
            const key = `${topic.topicId} ${answer.partitionIndex}`
            const asked = taken.get(key)
            if (asked === undefined || !this.#answered(...asked, answer)) continue
            taken.delete(key)
          }
        }
      } else logger.warn('the controller refused to change in-sync replicas', { error: errorName(response.errorCode) })
    } catch (error) {
      logger.debug('the controller did not answer about in-sync replicas', { error })
      failed = true
    }
    // What is left has no answer that settles it.
    for (const [partition, proposal] of taken.values()) {
      if (!this.#wanted.has(partition)) this.#wanted.set(partition, proposal)
    }
    return !failed && taken.size === 0
  }

  /** @returns whether that settles it */
  #answered(partition: Partition, proposal: IsrProposal, answer: PartitionAnswer): boolean {
    const outcome = outcomeOf(answer.errorCode)
    const { topic, partition: number } = partition.log
    if (outcome === 'committed') {
      const { leaderEpoch, partitionEpoch, isr } = answer
      partition.isrAnswered(proposal, { leaderEpoch, partitionEpoch, isr })
      this.#options.logger.info('in-sync replicas changed', { topic, partition: number, isr })
      return true
    }
    this.#options.logger.debug('in-sync replicas not changed', {
      topic,
      partition: number,
      error: errorName(answer.errorCode),
      outcome,
    })
    if (outcome === 'refused') partition.isrAnswered(proposal, undefined)
    return outcome !== 'retry'
  }

  async #pause(): Promise<void> {
    const pauseMs = this.#pauseMs
    this.#pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)
    await new Promise<void>((resolve) => this.#options.timers.after(pauseMs, resolve))
  }
}

function outcomeOf(errorCode: number): Outcome {
  switch (errorCode) {
    case ErrorCode.NONE:
      return 'committed'
    case ErrorCode.INELIGIBLE_REPLICA:
    case ErrorCode.OPERATION_NOT_ATTEMPTED:
      return 'refused'
    case ErrorCode.FENCED_LEADER_EPOCH:
    case ErrorCode.INVALID_REQUEST:
    case ErrorCode.INVALID_UPDATE_VERSION:
    case ErrorCode.NEW_LEADER_ELECTED:
    case ErrorCode.UNKNOWN_TOPIC_ID:
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
      return 'await-metadata'
    default:
      return 'retry'
  }
}
